import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether the `authorization` header of a request lets it read `/metrics`. */
export type ScrapeCheck = (authorization: string | undefined) => boolean;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Creates the check of the scraper's token. It compares in constant time, whatever the length.
 * @param token METRICS_TOKEN; null: no token is accepted
 */
export function createScrapeCheck(token: string | null): ScrapeCheck {
  if (token === null) return () => false;
  const expected = digest(`Bearer ${token}`);
  return (authorization) =>
    authorization !== undefined && timingSafeEqual(digest(authorization.replace(/^bearer /i, 'Bearer ')), expected);
}

/**
 * Whether the remote address of a socket is of this machine: 127.0.0.0/8, also as IPv6 maps it, or ::1. Undefined for a
 * socket that is closed, which is not.
 */
export const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address);
