import { lookup, Resolver } from 'node:dns/promises';
import { BlockList, isIP, isIPv4 } from 'node:net';

// Where notices may be sent (docs/PROTOCOL.md P20). The creator of a webhook makes the gateway send requests to an
// address of its choice, from a network that others cannot reach: with its database, its Redis, the cloud's metadata
// service. So an address must be public. It is checked at each delivery, since a name can resolve to a public address
// when it is checked and to a private one an hour later. The connection is then made to the very address that was
// checked (exchange.ts): a name that is resolved twice can have two answers. Requests that must fail:
//
//   http://example.com/                        no TLS
//   https://user:secret@example.com/           credentials would be in the database and in logs of proxies
//   https://127.0.0.1/ https://2130706433/ https://0x7f.1/ https://[::1]/
//   https://[::ffff:7f00:1]/                   loopback in any notation
//   https://169.254.169.254/latest/meta-data/  metadata
//   https://rebind.example/                    a name that resolves to 10.0.0.1, or to that beside a public address

/** Which addresses a notice may go to. */
export interface WebhookTargets {
  /** Why no notice may be sent to this URL, as far as the URL alone shows; null: it may. */
  urlProblem(url: string): string | null;
  mayConnect(address: string): boolean;
  /** The addresses to which a name resolves now. @throws Error when there are none, or no server answers */
  resolve(name: string): Promise<readonly string[]>;
}

/** `public` in production; `any` lets a developer's own machine receive, over HTTP too. */
export type WebhookTargetKind = 'public' | 'any';

const MAX_URL = 2048;

export interface WebhookTargetOptions {
  readonly mayConnect?: (address: string) => boolean;
  readonly resolve?: (name: string) => Promise<readonly string[]>;
}

export function createWebhookTargets(
  kind: WebhookTargetKind,
  {
    mayConnect = kind === 'public' ? isPublicAddress : () => true,
    resolve = kind === 'public' ? createResolve() : resolveAsThisMachine,
  }: WebhookTargetOptions = {},
): WebhookTargets {
  return {
    mayConnect,
    resolve,
    urlProblem(text) {
      if (text.length > MAX_URL) return `A URL has at most ${MAX_URL} characters.`;
      const url = URL.canParse(text) ? new URL(text) : null;
      if (!url || !(url.protocol === 'https:' || (kind === 'any' && url.protocol === 'http:')))
        return 'Notices are sent to a URL that begins with https://.';
      if (url.username !== '' || url.password !== '')
        return 'The URL holds a user or a password: notices are known by their signature, leave them out.';
      const address = addressIn(url);
      return address !== null && !mayConnect(address)
        ? 'This address is private, or is no address of one receiver: notices are sent to public addresses alone.'
        : null;
    },
  };
}

/** The address in a URL; null when it has a name. The URL parser has normalised it, whatever its notation. */
export function addressIn({ hostname }: URL): string | null {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? null : bare;
}

// --- names --------------------------------------------------------------------------------------------------------

const DNS_TIMEOUT_MS = 2000;

/**
 * Queries the name servers, and uses nothing of this machine: neither its hosts file nor its search domains, which
 * would resolve a short name to one of the cluster's. Not `lookup`, which blocks one of the four threads that also read
 * files: four receivers whose name servers do not answer would stop this process.
 */
function createResolve(): (name: string) => Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: 2 });
  return async (name) => {
    const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const addresses = found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    if (addresses.length === 0) throw new Error(`${name} has no address`);
    return addresses;
  };
}

const resolveAsThisMachine = async (name: string): Promise<readonly string[]> =>
  (await lookup(name, { all: true })).map(({ address }) => address);

// --- addresses ----------------------------------------------------------------------------------------------------

// IANA's registries of special-purpose addresses, except those that can be one receiver on the public network.
const closed = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // carriers' own; a cloud's metadata too (100.100.100.200)
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local: metadata of most clouds
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments; a cloud's metadata too (192.0.0.192)
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // relays of 6to4
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, and broadcast
  ['168.63.129.16', 32], // public by its form, and the metadata service of a cloud
] as const)
  closed.addSubnet(network, bits, 'ipv4');
// Within 2000::/3, outside of which nothing is public.
for (const [network, bits] of [
  ['2001::', 23], // protocol assignments: Teredo, which holds an IPv4 address, benchmarks, ORCHID
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4: holds an IPv4 address
  ['3fff::', 20], // documentation
] as const)
  closed.addSubnet(network, bits, 'ipv6');

const unicast = new BlockList();
unicast.addSubnet('2000::', 3, 'ipv6');

/** Whether the address is that of one receiver on the public network. An address that is not known to be is not. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !closed.check(address, 'ipv4');
  if (isIP(address) !== 6 || address.includes('%')) return false;
  const mapped = mappedIn(address);
  if (mapped !== null) return isPublicAddress(mapped);
  return unicast.check(address, 'ipv6') && !closed.check(address, 'ipv6');
}

/** The IPv4 address in one of ::ffff:0:0/96; null for others. */
function mappedIn(address: string): string | null {
  const groups = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(new URL(`http://[${address}]`).hostname);
  if (!groups) return null;
  const [high, low] = [groups[1], groups[2]].map((digits) => Number.parseInt(digits ?? '', 16)) as [number, number];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
