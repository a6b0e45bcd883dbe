import { createHash, createHmac } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { createViewer, publicViewer, type Viewer } from '#policy/viewer.ts';
import { deriveKey, type KeyRing } from './keys.ts';
import { createPassportVerifier, createPassportIssuer, type Question } from './passport.ts';

const ring: KeyRing = [{ id: 'a', secret: Buffer.alloc(32, 1) }];
const at = new Date('2026-11-23T08:00:00Z');
const viewer = createViewer({
  ...publicViewer,
  role: 'AUDITOR',
  organisation: '91110105MA0EEE1197',
  purposes: ['AUDIT'],
  purpose: 'AUDIT',
  tokenId: 't1',
});
const question: Question = { method: 'POST', path: '/graphql', body: '{"query":"{ __typename }"}' };
const issuer = createPassportIssuer(ring, () => at);
const later = (seconds: number): Date => new Date(at.getTime() + seconds * 1000);
/** The viewer that a verifier reads from the passport of a request; null when it is refused. */
const reads = (
  displayed: string,
  {
    asked = question,
    subgraph = 'namelist',
    keys = ring,
    now = at,
  }: { asked?: Question; subgraph?: string; keys?: KeyRing; now?: Date } = {},
): Viewer | null => {
  const opened = createPassportVerifier(keys, subgraph, () => now).open(displayed);
  return opened?.isFor(asked) ? opened.viewer : null;
};

test('a passport brings the whole viewer to the subgraph and the question that it was made for', () => {
  expect(reads(issuer(viewer, 'namelist', question))).toEqual(viewer);
});

test('a passport for another subgraph or of another key is none', () => {
  const passport = issuer(viewer, 'namelist', question);
  expect(reads(passport, { subgraph: 'entity' })).toBeNull();
  expect(reads(passport, { keys: [{ id: 'a', secret: Buffer.alloc(32, 9) }] })).toBeNull();
});

test.each<[string, Question]>([
  ['another body', { ...question, body: '{"query":"{ x }"}' }],
  ['no body', { ...question, body: '' }],
  ['another method', { ...question, method: 'PUT' }],
  ['another path', { ...question, path: '/status' }],
  ['more in the path', { ...question, path: '/graphql?x=1' }],
])('a captured passport is none for %s', (_, asked) => {
  expect(reads(issuer(viewer, 'namelist', question), { asked })).toBeNull();
});

test('the same question as text and as bytes is the same', () => {
  const body = '{"query":"{ 云帆 }"}';
  expect(
    reads(issuer(viewer, 'namelist', { ...question, body }), { asked: { ...question, body: Buffer.from(body) } }),
  ).toEqual(viewer);
});

test('the seal of one viewer does not go with the passport of another', () => {
  const [mine, theirs] = [
    issuer(publicViewer, 'namelist', question).split('~'),
    issuer(viewer, 'namelist', question).split('~'),
  ];
  expect(reads(`${theirs[0]}~${mine[1]}`)).toBeNull();
  for (const seal of ['', '~', `${theirs[1]}~`, theirs[1]?.slice(0, -1), theirs[1]?.toUpperCase(), 'é'.repeat(64)])
    expect(reads(`${theirs[0]}~${seal}`)).toBeNull();
  expect(reads(theirs[0] ?? '')).toBeNull();
});

test('the seal is HMAC-SHA-256 (RFC 2104) of what is written down, by Node’s own', () => {
  const [passport, seal] = issuer(viewer, 'namelist', question).split('~');
  const digest = createHash('sha256').update(question.body).digest('hex');
  const key = deriveKey(ring[0], 'passport seal');
  expect(seal).toBe(createHmac('sha256', key).update(`POST\n/graphql\n${passport}\n${digest}`).digest('hex'));
});

test('it is good for half a minute, and five seconds for clocks that differ, in either direction', () => {
  const passport = issuer(viewer, 'namelist', question);
  expect([34, 36, -5, -6].map((seconds) => reads(passport, { now: later(seconds) }) !== null)).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

test('what was issued while the clock of the gateway was early is not shown once it is right', () => {
  let now = later(600);
  const early = createPassportIssuer(ring, () => now);
  expect(reads(early(viewer, 'namelist', question))).toBeNull();
  now = at;
  expect(reads(early(viewer, 'namelist', question))).toEqual(viewer);
});

test('a passport that was good is refused once it is over, also by a control that has seen it', () => {
  let now = at;
  const verifier = createPassportVerifier(ring, 'namelist', () => now);
  const passport = issuer(viewer, 'namelist', question);
  expect(verifier.open(passport)?.viewer).toEqual(viewer);
  now = later(36);
  expect(verifier.open(passport)).toBeNull();
});

test("an unsigned passport, one that lives too long, a client's token and plain text are none", () => {
  const verifier = createPassportVerifier(ring, 'namelist', () => new Date());
  const made = (claims: object, key: Buffer | string, options: jwt.SignOptions = {}): string =>
    jwt.sign(claims, key, {
      algorithm: 'HS256',
      keyid: 'a',
      issuer: 'credit-graph-gateway',
      audience: 'namelist',
      expiresIn: 30,
      ...options,
    });
  const good = made({ viewer }, deriveKey(ring[0], 'passport'));
  expect(verifier.open(`${good}~x`)).not.toBeNull();
  const unsigned = made({ viewer }, '', { algorithm: 'none' });
  const outsider = made({ viewer }, Buffer.alloc(32, 1));
  const roleless = made({ viewer: { role: 'ROOT' } }, deriveKey(ring[0], 'passport'));
  const endless = made({ viewer }, deriveKey(ring[0], 'passport'), { expiresIn: 3600 });
  for (const nonsense of [unsigned, outsider, roleless, endless, '', 'x', 'a.b.c', '~', `${good}~x~y`])
    expect(verifier.open(nonsense.includes('~') ? nonsense : `${nonsense}~x`)).toBeNull();
});

test('a passport is signed once for many questions of a viewer, and two viewers never share one', () => {
  const passportOf = (who: Viewer, asked = question): string => issuer(who, 'namelist', asked).split('~')[0] ?? '';
  expect(passportOf(viewer)).toBe(passportOf(viewer, { ...question, body: 'x' }));
  expect(passportOf(viewer)).not.toBe(passportOf(publicViewer));
  expect(passportOf(viewer)).not.toBe(passportOf(createViewer({ ...viewer, purpose: null })));
});
