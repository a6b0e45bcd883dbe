import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether a request may read `/metrics` by what it shows itself, whoever else may. */
export type ScrapeCheck = (authorization: string | undefined) => boolean;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** @param token METRICS_TOKEN; null: nobody may by a token. Compared in constant time, whatever the length. */
export function createScrapeCheck(token: string | null): ScrapeCheck {
  if (token === null) return () => false;
  const expected = digest(`Bearer ${token}`);
  return (authorization) => authorization !== undefined && timingSafeEqual(digest(authorization.replace(/^bearer /i, 'Bearer ')), expected);
}

/** An address of this machine. */
export const isLoopback = (address: string | undefined): boolean => address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address);
