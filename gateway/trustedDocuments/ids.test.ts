import { digestId, isFalse, readDocumentId } from './ids.ts';

// The grammar of the appendix on persisted documents, and the part of it that is accepted.

const DIGEST = '7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e';
const TEXT = 'query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}';

test.each([
  [`sha256:${DIGEST}`, `sha256:${DIGEST}`],
  [DIGEST, `sha256:${DIGEST}`],
  ['GetUser', 'GetUser'],
  ['~a.b-c_d', '~a.b-c_d'],
  ['0cc175b9c0f1b6a831c399e269772661', '0cc175b9c0f1b6a831c399e269772661'], // an MD5, as Relay's: a name like any other
  ['x-shop:menu.1', 'x-shop:menu.1'],
  ['__proto__', '__proto__'],
  ['a'.repeat(128), 'a'.repeat(128)],
])('%s is kept as %s', (given, kept) => expect(readDocumentId(given)).toBe(kept));

test.each([
  '',
  ' ',
  'a b',
  'a/b',
  'a%20b',
  '信用',
  'a\n',
  `sha256:${DIGEST.toUpperCase()}`,
  `sha256:${DIGEST.slice(1)}`,
  `sha512:${DIGEST}`,
  'md5:0cc175b9c0f1b6a831c399e269772661',
  'x-:a',
  'x-a:',
  'x-a:b:c',
  ':a',
  'a'.repeat(129),
  'a'.repeat(1024 * 1024),
  5,
  null,
  undefined,
  {},
  ['a'],
  Object.create(null),
])('%p is no id', (given) => expect(readDocumentId(given)).toBeNull());

test('an id that claims to be a digest is held to it; a name is not', () => {
  expect(digestId(TEXT)).toBe(`sha256:${DIGEST}`);
  expect([
    isFalse(`sha256:${DIGEST}`, TEXT),
    isFalse(`sha256:${DIGEST}`, `${TEXT}\n`),
    isFalse('GetUser', TEXT),
  ]).toEqual([false, true, false]);
});
