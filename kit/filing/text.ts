import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';

const LOOK_AT = 64 * 1024;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** UTF-8 when it starts with its mark or is valid as far as it was read; else GB18030, which GBK and GB2312 are part of. */
export function encodingOf(beginning: Buffer, isWhole: boolean): 'utf-8' | 'gb18030' {
  if (beginning.subarray(0, 3).equals(BOM)) return 'utf-8';
  // Where more follows, the last character may be cut: at most three bytes of it are there.
  const mostCut = isWhole ? 0 : 3;
  for (let cut = 0; cut <= mostCut; cut++) if (isUtf8(beginning.subarray(0, beginning.length - cut))) return 'utf-8';
  return 'gb18030';
}

/**
 * The text of a file, piece by piece, without a byte order mark. Bytes that are no character become U+FFFD: the row they
 * stand in is refused later, the others are not.
 */
export async function* decode(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let beginning: Buffer[] = [];
  let decoder: TextDecoder | null = null;
  let read = 0;
  for await (const chunk of bytes) {
    if (decoder) {
      yield decoder.decode(chunk, { stream: true });
      continue;
    }
    beginning.push(chunk);
    read += chunk.length;
    if (read < LOOK_AT) continue;
    const start = Buffer.concat(beginning);
    beginning = [];
    decoder = new TextDecoder(encodingOf(start, false));
    yield decoder.decode(start, { stream: true });
  }
  const rest = Buffer.concat(beginning);
  decoder ??= new TextDecoder(encodingOf(rest, true));
  yield decoder.decode(rest);
}
