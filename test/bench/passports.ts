import { randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { createPassportVerifier, createPassportIssuer } from '#kit/passport.ts';
import { createViewer, publicViewer } from '#policy/viewer.ts';

// What a passport costs each question to a subgraph over HTTP, beside a JWT signed and verified for each: node test/bench/passports.ts

const QUESTIONS = 20_000;
const DISTINCT = 64;
const ring = [{ id: 'a', secret: randomBytes(32) }] as const;
const now = (): Date => new Date();
const viewer = createViewer({
  ...publicViewer,
  role: 'PROVINCIAL_PLATFORM',
  organisation: '91110105MA0EEE1197',
  province: '33',
  purposes: ['SUPERVISION'],
  purpose: 'SUPERVISION',
  tokenId: 't1',
});
const issuer = createPassportIssuer(ring, now);
const verifier = createPassportVerifier(ring, 'entity', now);

/** Microseconds each, the second time. */
function measure(work: (number: number) => void): string {
  let each = 0;
  for (let round = 0; round < 2; round += 1) {
    const begun = performance.now();
    for (let number = 0; number < QUESTIONS; number += 1) work(number);
    each = ((performance.now() - begun) / QUESTIONS) * 1000;
  }
  return `${each.toFixed(1)} µs`;
}

for (const bytes of [500, 2000, 20_000]) {
  const questions = Array.from({ length: DISTINCT }, (_, number) => ({
    method: 'POST',
    path: '/graphql',
    body: String(number).padEnd(bytes, 'x'),
  }));
  const displayed = questions.map((question) => issuer(viewer, 'entity', question));
  const received = questions.map((question) => ({ ...question, body: Buffer.from(question.body) }));
  const make = measure(
    (number) => void issuer(viewer, 'entity', questions[number % DISTINCT] as (typeof questions)[number]),
  );
  const check = measure((number) => {
    const at = number % DISTINCT;
    if (!verifier.open(displayed[at] as string)?.isFor(received[at] as (typeof received)[number]))
      throw new Error('a good passport was refused');
  });
  process.stdout.write(`a question of ${bytes} bytes: ${make} to make, ${check} to check\n`);
}
const secret = randomBytes(32);
const signed = jwt.sign({ viewer }, secret, { expiresIn: 30 });
process.stdout.write(
  `a JWT: ${measure(() => void jwt.sign({ viewer }, secret, { expiresIn: 30 }))} to sign, ${measure(() => void jwt.verify(signed, secret))} to verify\n`,
);
