import { createHmac } from 'node:crypto';

/** A key and the name it is known by; the first of a ring signs, every one of it verifies, so that keys can be rotated. */
export interface Key {
  readonly id: string;
  readonly secret: Buffer;
}

export type KeyRing = readonly [Key, ...Key[]];

/** @throws Error unless `text` is `kid:base64,…` with keys of at least 32 bytes. */
export function parseKeyRing(text: string): KeyRing {
  const keys = text.split(',').map((entry): Key => {
    const [id, secret, ...rest] = entry.split(':');
    const bytes = Buffer.from(secret ?? '', 'base64');
    if (!id || !/^[\w.-]{1,32}$/.test(id) || rest.length > 0 || bytes.length < 32) throw new Error('expected kid:base64[,kid:base64…] with keys of at least 32 bytes');
    return { id, secret: bytes };
  });
  const [first, ...others] = keys;
  if (!first) throw new Error('expected at least one key');
  return [first, ...others];
}

/** A key for one use out of a key for all, so that no two uses share one. */
export const deriveKey = (key: Key, use: string): Buffer => createHmac('sha256', key.secret).update(use).digest();
