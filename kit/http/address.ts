import { BlockList, isIP, isIPv6 } from 'node:net';

/** The parts of a request that show where it comes from. */
export interface Origin {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

export interface ClientAddresses {
  /** The client's address, which only trusted proxies may state; undefined once the connection has gone. */
  of(origin: Origin): string | undefined;
  /** Whether an address is one of a trusted proxy. */
  isProxy(address: string | undefined): boolean;
}

/** More hops than any chain of proxies has. What is further left in the header is the client's own invention. */
const MAX_HOPS = 16;

/**
 * Parses addresses and networks (CIDR).
 * @throws Error that names the entry which is neither an address nor a network
 */
export function parseNetworks(entries: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix, ...rest] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const bits = prefix === undefined ? null : Number(prefix);
    const isNetwork =
      isIP(address) !== 0 &&
      rest.length === 0 &&
      (bits === null || (/^\d{1,3}$/.test(prefix ?? '') && bits <= (family === 'ipv6' ? 128 : 32)));
    if (!isNetwork) throw new Error(`"${entry}": expected an address or a network such as 10.0.0.0/8`);
    if (bits === null) networks.addAddress(address, family);
    else networks.addSubnet(address, bits, family);
  }
  return networks;
}

/**
 * Finds the address of the client behind proxies. `x-forwarded-for` is read from its right end, for as long as the
 * writer of the next entry is trusted: what a client writes into it itself is further left.
 * @param trusted addresses and networks of proxies; none: the header is never read
 */
export function createClientAddresses(trusted: readonly string[]): ClientAddresses {
  const networks = parseNetworks(trusted);
  const isProxy = (address: string | undefined): boolean => {
    if (trusted.length === 0 || address === undefined) return false;
    const bare = plainAddress(address);
    return networks.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4');
  };
  return {
    isProxy,
    of({ headers, socket: { remoteAddress } }) {
      if (!isProxy(remoteAddress)) return remoteAddress;
      const hops = String(headers['x-forwarded-for'] ?? '')
        .slice(-1024)
        .split(',')
        .slice(-MAX_HOPS);
      let client = remoteAddress;
      for (const hop of hops.toReversed()) {
        const address = hop.trim();
        if (isIP(address) === 0) break;
        client = address;
        if (!isProxy(address)) break;
      }
      return client;
    },
  };
}

/** An IPv4 address that a dual-stack socket wrote as IPv6, as IPv4. */
export const plainAddress = (address: string): string => (address.includes(':') ? unmapped(address) : address);

const unmapped = (address: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;

/** The network of one subscriber: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  return plain.includes(':') && isIPv6(plain) ? prefixOf(plain) : plain;
}

function prefixOf(address: string): string {
  const [bare = ''] = address.toLowerCase().split('%');
  const [head = '', tail = ''] = bare.split('::');
  const first = head.split(':').filter(Boolean);
  const last = bare.includes('::') ? tail.split(':').filter(Boolean) : [];
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0');
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
