import type { Viewer } from '#policy/viewer.ts';
import { networkOf } from '#kit/http/address.ts';

/** A caller with an unknown address, such as the gateway itself for a stream of the public. */
const UNKNOWN = 'public';

/**
 * The caller in queues and budgets: the organisation, whatever its users and addresses, and without an organisation the
 * address. Of IPv6 the first 64 bits, which is what one subscriber gets.
 */
export function callerOf(viewer: Pick<Viewer, 'organisation'>, address: string | undefined): string {
  if (viewer.organisation !== null) return `organisation ${viewer.organisation}`;
  return address === undefined ? UNKNOWN : `address ${networkOf(address)}`;
}
