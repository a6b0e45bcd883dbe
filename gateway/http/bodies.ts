import { networkOf } from '#kit/http/address.ts';

/** Bytes of bodies that are being read, of all requests together: each is held until it has arrived. */
const MAX_BYTES = 256 * 1024 * 1024;
/** The share of one address, so that a slow sender does not keep others from sending. */
const SHARE = 4;

export interface Bodies {
  /**
   * Reserves room for a body before any of it is read.
   * @param bytes its declared length, or its maximum
   * @returns a function that releases the room, safe to call twice; null: there is no room now
   */
  reserve(address: string | undefined, bytes: number): (() => void) | null;
}

export function createBodies(maxBytes: number = MAX_BYTES): Bodies {
  const held = new Map<string, number>(); // as many as are sending
  let inAll = 0;
  return {
    reserve(address, bytes) {
      const of = address === undefined ? '' : networkOf(address);
      const own = held.get(of) ?? 0;
      if (inAll + bytes > maxBytes || own + bytes > maxBytes / SHARE) return null;
      inAll += bytes;
      held.set(of, own + bytes);
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        inAll -= bytes;
        const left = (held.get(of) ?? 0) - bytes;
        if (left > 0) held.set(of, left);
        else held.delete(of);
      };
    },
  };
}
