import { isIPv6 } from 'node:net';
import type { Viewer } from '#policy/viewer.ts';

/** Who asks whose address nobody knows, such as the gateway itself for a stream of the public's. */
const UNKNOWN = 'public';

/**
 * Whose turn an operation takes where turns are taken: the organisation's, whoever asks for it and from where, and of those without one the
 * address's. Of IPv6 the first 64 bits, which is what one subscriber gets.
 */
export function callerOf(viewer: Pick<Viewer, 'organisation'>, address: string | undefined): string {
  if (viewer.organisation !== null) return `organisation ${viewer.organisation}`;
  if (address === undefined) return UNKNOWN;
  return `address ${isIPv6(address) ? subnetOf(address) : address}`;
}

function subnetOf(address: string): string {
  const [bare = ''] = address.toLowerCase().split('%');
  // An IPv4 address as a socket of both families writes it.
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped) return mapped;
  const [head = '', tail = ''] = bare.split('::');
  const first = head.split(':').filter(Boolean);
  const last = bare.includes('::') ? tail.split(':').filter(Boolean) : [];
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0');
  return [...first, ...zeros, ...last].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}
