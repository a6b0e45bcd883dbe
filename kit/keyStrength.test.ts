import { randomBytes } from 'node:crypto';
import { parseKeyRing } from './keys.ts';
import { keyProblems } from './keyStrength.ts';

const ring = (...secrets: readonly Buffer[]) =>
  parseKeyRing(secrets.map((secret, index) => `k${index + 1}:${secret.toString('base64')}`).join());

test('keys out of a random generator are good, however many there are', () => {
  for (let tries = 0; tries < 2000; tries += 1)
    expect(keyProblems({ A: ring(randomBytes(32), randomBytes(48)), B: ring(randomBytes(64)) })).toEqual([]);
});

test.each<[string, Buffer]>([
  ['is all zeros', Buffer.alloc(32)],
  ['is all zeros', Buffer.alloc(64)],
  ['is a pattern that repeats', Buffer.alloc(32, 7)],
  ['is a pattern that repeats', Buffer.alloc(48, 'credit')],
  ['is a pattern that repeats', Buffer.alloc(40, randomBytes(16))],
  ['is a pattern that repeats', Buffer.from(Array.from({ length: 32 }, (_, at) => at))],
  ['is a pattern that repeats', Buffer.from(Array.from({ length: 32 }, (_, at) => 255 - 3 * at))],
  ['is text, not random bytes', Buffer.from('correct horse battery staple, and more')],
  ['is text, not random bytes', Buffer.from(randomBytes(32).toString('hex'))],
  [
    'has too few different bytes',
    Buffer.from(Array.from({ length: 32 }, (_, at) => 50 * (Math.floor(Math.sqrt(7 * at)) % 5))),
  ],
  ['has too few different bytes', Buffer.concat([randomBytes(16), Buffer.alloc(24)])],
])('a key that %s is named, and not shown', (why, secret) => {
  const [problem = '', ...others] = keyProblems({ CURSOR_KEYS: ring(randomBytes(32), secret) });
  expect([problem, others]).toEqual([`CURSOR_KEYS: key "k2" ${why}: make one with \`openssl rand -base64 32\``, []]);
  expect(problem).not.toContain(secret.toString('base64').slice(0, 8));
});

test('a key stands for one use, and once', () => {
  const [one, two] = [randomBytes(32), randomBytes(32)];
  expect(
    keyProblems({ PASSPORT_KEYS: ring(one, two), CURSOR_KEYS: ring(two), DIGEST_KEYS: ring(randomBytes(32), one) }),
  ).toEqual([
    'CURSOR_KEYS: key "k1" is the same as key "k2" of PASSPORT_KEYS: each use has a key of its own',
    'DIGEST_KEYS: key "k2" is the same as key "k1" of PASSPORT_KEYS: each use has a key of its own',
  ]);
  expect(keyProblems({ A: ring(one, one) })).toHaveLength(1);
});

test('a key of development is known by its name and by itself', () => {
  const made = randomBytes(32);
  expect(keyProblems({ A: parseKeyRing(`dev:${randomBytes(32).toString('base64')}`) })).toEqual([
    expect.stringContaining('is a key of development'),
  ]);
  expect(keyProblems({ A: ring(made) }, [parseKeyRing(`dev:${made.toString('base64')}`)])).toEqual([
    expect.stringContaining('A: key "k1" is a key of development'),
  ]);
});

test.each([
  'k1:$(openssl rand -base64 32 | head -c 44 and more text)',
  'k1:replace-me',
  'k1:',
  `k1:${'A'.repeat(44)}!`,
  `k1:${randomBytes(32).toString('base64')},k1:${randomBytes(32).toString('base64')}`,
])('%s is no ring', (text) => {
  expect(() => parseKeyRing(text)).toThrow(/^expected /);
});
