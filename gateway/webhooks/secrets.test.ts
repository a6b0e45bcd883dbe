import { type Key, type KeyRing } from '#kit/keys.ts';
import { createWebhookSecrets, newSecret, signatureOf } from './secrets.ts';

const key = (id: string, byte: number): Key => ({ id, secret: Buffer.alloc(32, byte) });
const [old, young] = [key('old', 1), key('young', 2)];
const secretsOf = (...ring: KeyRing) => createWebhookSecrets(ring);
const [one, other] = ['5d1b7c7e-4b0e-4f2e-9f0a-0d7f5f0c0001', '5d1b7c7e-4b0e-4f2e-9f0a-0d7f5f0c0002'];

test('a secret is 32 random bytes in the form of Standard Webhooks', () => {
  expect(newSecret()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(newSecret()).not.toBe(newSecret());
});

test('a signature is the one that the specification’s own libraries make', () => {
  // The example of the reference libraries' tests.
  expect(
    signatureOf(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      '1614265330',
      '{"test": 2432232314}',
    ),
  ).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('a sealed secret opens for its webhook, also under a key that no longer seals, and for nothing else', () => {
  const secret = newSecret();
  const sealed = secretsOf(old).seal(one, secret);
  expect(sealed.includes(secret)).toBe(false);
  expect(secretsOf(young, old).open(one, sealed)).toBe(secret);
  expect(secretsOf(old).open(other, sealed)).toBeNull();
  expect(secretsOf(young).open(one, sealed)).toBeNull();
  expect(secretsOf(old).seal(one, secret).equals(sealed)).toBe(false);
});

test('what was tampered with, or is none, opens to nothing', () => {
  const secrets = secretsOf(old);
  const sealed = secrets.seal(one, newSecret());
  for (let index = 0; index < sealed.length; index++) {
    const edited = Buffer.from(sealed);
    edited[index] = (edited[index] ?? 0) ^ 1;
    expect(secrets.open(one, edited)).toBeNull();
  }
  for (const length of [0, 1, 4, 31, 32]) expect(secrets.open(one, sealed.subarray(0, length))).toBeNull();
});
