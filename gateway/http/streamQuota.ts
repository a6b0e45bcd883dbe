import { networkOf } from './address.ts';

/** How many connections and streams one caller may hold at once. WebSockets and streams of events are counted together. */
export interface StreamLimits {
  readonly perToken: number;
  readonly perOrganisation: number;
  /** Everybody behind one proxy counts as one address. */
  readonly perAddress: number;
}

export const standardStreamLimits: StreamLimits = { perToken: 100, perOrganisation: 500, perAddress: 2000 };

/** Who holds a connection, as far as is known: of a WebSocket that has not been initialised, the address alone. */
export interface StreamHolder {
  readonly address?: string | undefined;
  readonly token?: string | null;
  readonly organisation?: string | null;
}

export interface StreamQuota {
  /**
   * Takes a place for each name of the holder.
   * @returns what gives them back, safe to call twice; or a sentence that names the bound that is reached, and nothing is taken
   */
  take(holder: StreamHolder): (() => void) | string;
}

/** Counts by name; those that hold nothing cost nothing. */
export function createStreamQuota(limits: StreamLimits): StreamQuota {
  const held = new Map<string, number>();
  const boundsOf = ({ address, token, organisation }: StreamHolder) => [
    { key: `address ${address === undefined ? '' : networkOf(address)}`, name: address, most: limits.perAddress, of: 'address' },
    { key: `organisation ${organisation}`, name: organisation, most: limits.perOrganisation, of: 'organisation' },
    { key: `token ${organisation} ${token}`, name: token, most: limits.perToken, of: 'token' },
  ].filter(({ name }) => name !== undefined && name !== null);

  return {
    take(holder) {
      const bounds = boundsOf(holder);
      for (const { key, most, of } of bounds) {
        if ((held.get(key) ?? 0) >= most) return `At most ${most} connections and streams at once for one ${of}: end one, or come back later.`;
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
