import { createCipheriv, createDecipheriv, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { Viewer } from '#policy/viewer.ts';
import { clientError } from './errors.ts';
import { createKeyedHash, deriveKey, type KeyRing } from './keys.ts';

/**
 * Cursors are encrypted and authenticated: a position may hold the sort value of a row that the reader cannot see, and
 * a cursor made for another field, filter or viewer must not work. The scheme is SIV (RFC 5297, with HMAC-SHA-256 for
 * its tag): the tag over scope and position is the counter that the position is encrypted with. The same position
 * therefore always has the same cursor, and answers stay comparable byte by byte.
 */
export interface CursorSealer {
  /**
   * @param scope what the cursor is valid for: field, arguments and whatever else must be the same when it comes back
   */
  seal(scope: string, position: readonly string[]): string;
  /** @throws BAD_CURSOR when the cursor was edited, made with an unknown key, or made for another scope */
  open(scope: string, cursor: string): string[];
  /**
   * The cursors of one list.
   * @param field the coordinate of the list in the schema
   * @param question what decides which items it has and in which order: arguments without `first` and `after`, and
   *   the parent's key and times
   * @param viewer whose cursors they are: nobody with other rights continues with them. Null where `question` says
   * that, as in a list of what an organisation has in a role, whatever its purpose
   */
  pager(field: string, question: readonly unknown[], viewer: Pick<Viewer, 'grant'> | null): Pager;
}

/** The cursors of one list, for one viewer: a position is the values that its items are sorted by. */
export interface Pager {
  cursorOf(...position: readonly string[]): string;
  /**
   * The position of the argument `after`; null where it was left out. An empty text is not a cursor: a client without
   * one leaves it out.
   * @throws BAD_CURSOR unless it is a cursor of this list, for this viewer
   */
  position(after: string | null | undefined): string[] | null;
}

const TAG = 16;
const CIPHER = 'aes-256-ctr';

/** Creates the sealer of cursors: the first key of the ring seals, every key opens. */
export function createCursorSealer(ring: KeyRing): CursorSealer {
  const keys = ring.map((key) => {
    const keyed = createKeyedHash(deriveKey(key, 'cursor tag'));
    return {
      id: key.id,
      // A key object: with bytes, Node makes one for each cursor, which takes four times as long as sealing.
      content: createSecretKey(deriveKey(key, 'cursor content')),
      tagOf: (scope: string, plain: string): Buffer =>
        Buffer.from(keyed(`${scope}\0${plain}`, 'binary').slice(0, TAG), 'binary'),
    };
  });
  const bad = () =>
    clientError('BAD_CURSOR', 'This cursor was not given by this field with these arguments.', {
      argument: 'after',
      expected: 'an endCursor of the same query, unchanged',
    });
  const open = (scope: string, cursor: string): string[] => {
    const dot = cursor.indexOf('.');
    const key = keys.find(({ id }) => id === cursor.slice(0, dot));
    const sealed = Buffer.from(cursor.slice(dot + 1), 'base64url');
    if (!key || sealed.length <= TAG || cursor.length > 2048 || sealed.toString('base64url') !== cursor.slice(dot + 1))
      throw bad();
    const tag = sealed.subarray(0, TAG);
    const bytes = createDecipheriv(CIPHER, key.content, tag).update(sealed.subarray(TAG));
    const plain = bytes.toString();
    // The tag is over text: bytes that are not text could be read as the text of another cursor.
    if (!Buffer.from(plain).equals(bytes) || !timingSafeEqual(key.tagOf(scope, plain), tag)) throw bad();
    return JSON.parse(plain) as string[];
  };
  const seal = (scope: string, position: readonly string[]): string => {
    const [key] = keys;
    if (!key) throw new Error('no cursor key');
    const plain = JSON.stringify(position);
    const tag = key.tagOf(scope, plain);
    const encrypted = createCipheriv(CIPHER, key.content, tag).update(plain, 'utf8');
    return `${key.id}.${Buffer.concat([tag, encrypted]).toString('base64url')}`;
  };
  return {
    seal,
    open,
    pager(field, question, viewer) {
      const bound = viewer === null ? question : [...question, viewer.grant];
      const scope = bound.length === 0 ? field : JSON.stringify([field, ...bound]);
      return {
        cursorOf: (...position) => seal(scope, position),
        position: (after) => (after === null || after === undefined ? null : open(scope, after)),
      };
    },
  };
}
