import type { Viewer } from '#policy/viewer.ts';
import { networkOf } from '../../http/address.ts';

/** Who asks whose address nobody knows, such as the gateway itself for a stream of the public's. */
const UNKNOWN = 'public';

/**
 * Whose turn an operation takes where turns are taken: the organisation's, whoever asks for it and from where, and of those without one the
 * address's. Of IPv6 the first 64 bits, which is what one subscriber gets.
 */
export function callerOf(viewer: Pick<Viewer, 'organisation'>, address: string | undefined): string {
  if (viewer.organisation !== null) return `organisation ${viewer.organisation}`;
  return address === undefined ? UNKNOWN : `address ${networkOf(address)}`;
}
