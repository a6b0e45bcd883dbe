import { answerBytes } from './answerBytes.ts';

test.each([
  ['nothing', ''],
  ['Latin', '{"data":{"name":"x"}}'],
  ['Chinese', '行政处罚'.repeat(1000)],
  ['beyond the basic plane', '𠮷'.repeat(1000)],
  ['half a pair, which UTF-8 has no bytes for', `a\ud800b${'行'.repeat(4000)}`],
  ['just within the room', '行'.repeat(349_525 - 1)],
  ['beyond the room', '行'.repeat(400_000)],
])('%s: the bytes that Node gives, and a newline', (_, text) => {
  expect(Buffer.from(answerBytes(text)).equals(Buffer.from(`${text}\n`))).toBe(true);
});

test('what was given stays as it is when the next is made', () => {
  const [first, other] = ['一'.repeat(3000), '二'.repeat(3000)];
  const bytes = answerBytes(first);
  answerBytes(other);
  expect(bytes.toString()).toBe(`${first}\n`);
});
