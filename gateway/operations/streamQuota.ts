import { networkOf } from '#kit/http/address.ts';

/**
 * The maximum of connections and streams that one caller may hold at once. WebSockets and streams of events are counted
 * together.
 */
export interface StreamLimits {
  readonly perToken: number;
  readonly perOrganisation: number;
  /** All clients behind one proxy count as one address. */
  readonly perAddress: number;
}

export const standardStreamLimits: StreamLimits = { perToken: 100, perOrganisation: 500, perAddress: 2000 };

/** The holder of a connection, as far as it is known: for a WebSocket that is not initialised, only the address. */
export interface StreamHolder {
  readonly address?: string | undefined;
  readonly token?: string | null;
  readonly organisation?: string | null;
}

export interface StreamQuota {
  /**
   * Takes a share for each name of the holder.
   * @returns a function that returns the shares, safe to call twice; or a sentence that names the limit that is
   * reached, and nothing is taken
   */
  take(holder: StreamHolder): (() => void) | string;
}

/** Counts by name; a name without connections costs nothing. */
export function createStreamQuota(limits: StreamLimits): StreamQuota {
  const held = new Map<string, number>();
  const boundsOf = ({ address, token, organisation }: StreamHolder) =>
    [
      {
        key: `address ${address === undefined ? '' : networkOf(address)}`,
        name: address,
        limit: limits.perAddress,
        of: 'address',
      },
      { key: `organisation ${organisation}`, name: organisation, limit: limits.perOrganisation, of: 'organisation' },
      { key: `token ${organisation} ${token}`, name: token, limit: limits.perToken, of: 'token' },
    ].filter(({ name }) => name !== undefined && name !== null);

  return {
    take(holder) {
      const bounds = boundsOf(holder);
      for (const { key, limit, of } of bounds) {
        if ((held.get(key) ?? 0) >= limit)
          return `At most ${limit} connections and streams at once for one ${of}: end one, or come back later.`;
      }
      for (const { key } of bounds) held.set(key, (held.get(key) ?? 0) + 1);
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        for (const { key } of bounds) {
          const left = (held.get(key) ?? 0) - 1;
          if (left > 0) held.set(key, left);
          else held.delete(key);
        }
      };
    },
  };
}
