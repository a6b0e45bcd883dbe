import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { deriveKey, type KeyRing } from '#kit/keys.ts';

// The secrets that sign notices (Standard Webhooks 1.0: 24 to 64 random bytes). A signature needs the secret itself, so
// that it is kept encrypted and not as a digest: a reader of the table, or of a backup, cannot sign.

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new secret, in the form that its owner receives. */
export const newSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString('base64');

/** One entry of the header `webhook-signature`. */
export const signatureOf = (secret: string, id: string, timestamp: string, body: string): string =>
  `v1,${createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64'))
    .update(`${id}.${timestamp}.${body}`)
    .digest('base64')}`;

export interface WebhookSecrets {
  /** Bound to this webhook: it cannot be opened in the row of another. */
  seal(webhook: string, secret: string): Buffer;
  /** Null when its key is no longer in the ring, or it was tampered with. */
  open(webhook: string, sealed: Uint8Array): string | null;
}

const NONCE = 12;
const TAG = 16;

/** Sealed: the length of the key's name, its name, a nonce, the ciphertext, the tag. */
export function createWebhookSecrets(ring: KeyRing): WebhookSecrets {
  const keys = ring.map((key) => ({ id: Buffer.from(key.id), key: deriveKey(key, 'webhook secret') })) as [
    { id: Buffer; key: Buffer },
    ...{ id: Buffer; key: Buffer }[],
  ]; // a ring is never empty
  return {
    seal(webhook, secret) {
      const [{ id, key }] = keys;
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(webhook));
      return Buffer.concat([
        Buffer.of(id.length),
        id,
        nonce,
        cipher.update(secret, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
    },
    open(webhook, bytes) {
      const sealed = Buffer.from(bytes);
      const start = 1 + (sealed[0] ?? 0);
      const known = keys.find(({ id }) => id.equals(sealed.subarray(1, start)));
      if (!known || sealed.length <= start + NONCE + TAG) return null;
      const decipher = createDecipheriv('aes-256-gcm', known.key, sealed.subarray(start, start + NONCE))
        .setAAD(Buffer.from(webhook))
        .setAuthTag(sealed.subarray(-TAG));
      try {
        return decipher.update(sealed.subarray(start + NONCE, -TAG), undefined, 'utf8') + decipher.final('utf8');
      } catch {
        return null; // the webhook is paused, which the log and its owner learn (webhooks.ts)
      }
    },
  };
}
