import iconv from 'iconv-lite';
import { decode } from './text.ts';

test('a text is the same however its bytes arrive, and whatever character stands at a border', async () => {
  const text = `名称,备注\n${'a示例云帆㐀亅😀,"零售"\n'.repeat(12_000)}`;
  for (const encoding of ['utf8', 'gb18030']) {
    const bytes = iconv.encode(text, encoding);
    for (const size of [bytes.length, 65_537, 1000]) {
      let decoded = '';
      for await (const piece of decode(chunks(bytes, size))) decoded += piece;
      expect({ encoding, size, same: decoded === text }).toEqual({ encoding, size, same: true });
    }
  }
});

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
