import { createHash } from 'node:crypto';

// The ids of documents (GraphQL over HTTP, appendix on persisted documents): `sha256:` and the digest of the text, or a
// name chosen by its makers. 64 hexadecimal digits alone, as in Apollo's and codegen's manifests, are equivalent to the
// form with the prefix.

/** Longer than any scheme in use. */
const MAX_ID = 128;

export const ID_RULE =
  `\`sha256:\` and 64 lower-case hexadecimal digits, or at most ${MAX_ID} letters, digits and -._~ ` +
  '(with a prefix of your own: x-name:…)';

const DIGEST = /^(?:sha256:)?([0-9a-f]{64})$/;
const CUSTOM = /^(?:x-[\w.~-]+:)?[\w.~-]+$/;

/** The one form of an id under which it is stored and found; null when it is invalid. */
export function readDocumentId(given: unknown): string | null {
  if (typeof given !== 'string' || given.length > MAX_ID) return null;
  const digest = DIGEST.exec(given)?.[1];
  if (digest !== undefined) return `sha256:${digest}`;
  return CUSTOM.test(given) ? given : null;
}

export const digestId = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** Whether an id, as `readDocumentId` returns it, claims to be a digest and is not that of the text. */
export const isFalse = (id: string, text: string): boolean => id.startsWith('sha256:') && id !== digestId(text);
