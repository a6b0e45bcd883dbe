import { createCipheriv, createDecipheriv, createSecretKey, timingSafeEqual } from 'node:crypto';
import { clientError } from './errors.ts';
import { createKeyedHash, deriveKey, type KeyRing } from './keys.ts';

/**
 * Cursors are encrypted and authenticated: a position may hold the sort value of a row the reader cannot see, and one made
 * for another field, filter or viewer must not work. SIV (RFC 5297, with HMAC-SHA-256 for its tag): the tag over scope and position is
 * the counter that the position is encrypted with, so that the same position always gives the same cursor and answers stay comparable
 * byte by byte.
 */
export interface CursorSealer {
  /** @param scope what the cursor is good for: field, arguments and whatever else must be the same when it comes back. */
  seal(scope: string, position: readonly string[]): string;
  /** @throws BAD_CURSOR when it was edited, made by an unknown key, or for another scope. */
  open(scope: string, cursor: string): string[];
  /** The same of an argument that may be left out; null then. An empty text is no cursor: who kept none leaves it out. */
  openGiven(scope: string, cursor: string | null | undefined): string[] | null;
}

const TAG = 16;
const CIPHER = 'aes-256-ctr';

export function createCursorSealer(ring: KeyRing): CursorSealer {
  const keys = ring.map((key) => {
    const keyed = createKeyedHash(deriveKey(key, 'cursor tag'));
    return {
      id: key.id,
      // A key object: of bytes one would be made for each cursor, which takes four times as long as sealing.
      content: createSecretKey(deriveKey(key, 'cursor content')),
      tagOf: (scope: string, plain: string): Buffer => Buffer.from(keyed(`${scope}\0${plain}`, 'binary').slice(0, TAG), 'binary'),
    };
  });
  const bad = () => clientError('BAD_CURSOR', 'This cursor was not given by this field with these arguments.', { argument: 'after', expected: 'an endCursor of the same query, unchanged' });
  const open = (scope: string, cursor: string): string[] => {
    const dot = cursor.indexOf('.');
    const key = keys.find(({ id }) => id === cursor.slice(0, dot));
    const sealed = Buffer.from(cursor.slice(dot + 1), 'base64url');
    if (!key || sealed.length <= TAG || cursor.length > 2048 || sealed.toString('base64url') !== cursor.slice(dot + 1)) throw bad();
    const tag = sealed.subarray(0, TAG);
    const bytes = createDecipheriv(CIPHER, key.content, tag).update(sealed.subarray(TAG));
    const plain = bytes.toString();
    // The tag is over text: bytes that are none could be read as the text of others.
    if (!Buffer.from(plain).equals(bytes) || !timingSafeEqual(key.tagOf(scope, plain), tag)) throw bad();
    return JSON.parse(plain) as string[];
  };
  return {
    seal(scope, position) {
      const [key] = keys;
      if (!key) throw new Error('no cursor key');
      const plain = JSON.stringify(position);
      const tag = key.tagOf(scope, plain);
      return `${key.id}.${Buffer.concat([tag, createCipheriv(CIPHER, key.content, tag).update(plain, 'utf8')]).toString('base64url')}`;
    },
    open,
    openGiven: (scope, cursor) => (cursor === null || cursor === undefined ? null : open(scope, cursor)),
  };
}
