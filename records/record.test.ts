import { createHmac } from 'node:crypto';
import { deriveKey } from '#kit/keys.ts';
import { createDigester } from './record.ts';

test('a digest is the HMAC-SHA-256 of the text under a key derived for it, for texts of any length', () => {
  const key = { id: 'test', secret: Buffer.alloc(32, 7) };
  const digest = createDigester([key]);
  for (const text of ['', 'a', '示例', '示例云帆'.repeat(40_000), 'b', 'x'.repeat(64 * 1024)])
    expect(digest(text)).toBe(createHmac('sha256', deriveKey(key, 'record digest')).update(text).digest('hex'));
});
