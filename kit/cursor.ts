import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { clientError } from './errors.ts';
import { deriveKey, type KeyRing } from './keys.ts';

/**
 * Cursors are encrypted and authenticated: a position may hold the sort value of a row the reader cannot see, and one made
 * for another field, filter or viewer must not work. The nonce is derived from the content (as in SIV), so that the same
 * position always gives the same cursor: answers stay comparable byte by byte.
 */
export interface CursorSealer {
  /** @param scope what the cursor is good for: field, arguments and whatever else must be the same when it comes back. */
  seal(scope: string, position: readonly string[]): string;
  /** @throws BAD_CURSOR when it was edited, made by an unknown key, or for another scope. */
  open(scope: string, cursor: string): string[];
}

const NONCE = 12;
const TAG = 16;

export function createCursorSealer(ring: KeyRing): CursorSealer {
  const keys = ring.map((key) => ({ id: key.id, content: deriveKey(key, 'cursor content'), nonce: deriveKey(key, 'cursor nonce') }));
  const bad = () => clientError('BAD_CURSOR', 'This cursor was not given by this field with these arguments.', { argument: 'after', expected: 'an endCursor of the same query, unchanged' });
  return {
    seal(scope, position) {
      const [key] = keys;
      if (!key) throw new Error('no cursor key');
      const plain = JSON.stringify(position);
      const nonce = createHmac('sha256', key.nonce).update(scope).update('\0').update(plain).digest().subarray(0, NONCE);
      const cipher = createCipheriv('aes-256-gcm', key.content, nonce).setAAD(Buffer.from(scope));
      const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${key.id}.${sealed.toString('base64url')}`;
    },
    open(scope, cursor) {
      const dot = cursor.indexOf('.');
      const key = keys.find(({ id }) => id === cursor.slice(0, dot));
      const sealed = Buffer.from(cursor.slice(dot + 1), 'base64url');
      if (!key || sealed.length <= NONCE + TAG || cursor.length > 2048 || sealed.toString('base64url') !== cursor.slice(dot + 1)) throw bad();
      const nonce = sealed.subarray(0, NONCE);
      try {
        const decipher = createDecipheriv('aes-256-gcm', key.content, nonce).setAAD(Buffer.from(scope)).setAuthTag(sealed.subarray(-TAG));
        const plain = decipher.update(sealed.subarray(NONCE, -TAG), undefined, 'utf8') + decipher.final('utf8');
        const expected = createHmac('sha256', key.nonce).update(scope).update('\0').update(plain).digest().subarray(0, NONCE);
        if (!timingSafeEqual(expected, nonce)) throw bad();
        return JSON.parse(plain) as string[];
      } catch {
        throw bad();
      }
    },
  };
}
