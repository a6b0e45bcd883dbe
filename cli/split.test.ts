import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { createRecordScanner, openFile, planFile, readPart } from './split.ts';

/** A file and its parts as they would be sent. */
async function split(bytes: Buffer, partBytes: number, format: 'CSV' | 'NDJSON' = 'CSV') {
  const directory = await mkdtemp(join(tmpdir(), 'credit-graph-split-'));
  const file = join(directory, 'file');
  try {
    await writeFile(file, bytes);
    const plan = await planFile(file, format, partBytes);
    await using handle = await openFile(file);
    return { plan, sent: await Promise.all(plan.parts.map((part) => readPart(handle, plan, part))) };
  } finally {
    await rm(directory, { recursive: true });
  }
}

const texts = (parts: readonly Buffer[]) => parts.map(String);

test('a file is cut behind whole rows, and every part has the header', async () => {
  const { plan, sent } = await split(Buffer.from('a,b\n1,2\n3,4\n5,6'), 12);
  expect(texts(sent)).toEqual(['a,b\n1,2\n3,4\n', 'a,b\n5,6']);
  expect(plan.parts).toEqual([
    { number: 1, start: 4, end: 12, rowOffset: 0, rows: 2 },
    { number: 2, start: 12, end: 15, rowOffset: 2, rows: 1 },
  ]);
  expect(plan.rows).toBe(3);
});

test('a line end, comma or doubled quote inside quotes is text', async () => {
  const { sent } = await split(Buffer.from('a,b\n"1\n""2"",\n",x\n3,"4\r\n"\n'), 18);
  expect(texts(sent)).toEqual(['a,b\n"1\n""2"",\n",x\n', 'a,b\n3,"4\r\n"\n']);
});

test('a quote inside an unquoted cell opens nothing', async () => {
  const { sent } = await split(Buffer.from('a,b\n5" pipe,2\n3,4\n'), 17);
  expect(texts(sent)).toEqual(['a,b\n5" pipe,2\n', 'a,b\n3,4\n']);
});

test('behind a header that ends in CR LF a lone LF is text', async () => {
  const { sent } = await split(Buffer.from('a,b\r\n1\n1,2\r\n3,4\r\n'), 14);
  expect(texts(sent)).toEqual(['a,b\r\n1\n1,2\r\n', 'a,b\r\n3,4\r\n']);
});

test('the byte order mark hides no quote behind it', async () => {
  const { sent } = await split(Buffer.from('\uFEFF"a\nb",c\n1,2\n3,4\n'), 16);
  expect(texts(sent)).toEqual(['\uFEFF"a\nb",c\n1,2\n', '\uFEFF"a\nb",c\n3,4\n']);
});

test('GB18030 is cut as it is, also where its characters have ASCII bytes in them', async () => {
  // 丂 is 81 40, 亅 is 81 7C, 㐀 is 81 39 EE 39.
  const rows = ['名称,备注', '丂亅㐀,"㐀\n亅"', '亅,丂'];
  const { sent } = await split(iconv.encode(`${rows.join('\n')}\n`, 'gb18030'), 30);
  expect(sent.map((part) => iconv.decode(part, 'gb18030'))).toEqual([
    `${rows[0]}\n${rows[1]}\n`,
    `${rows[0]}\n${rows[2]}\n`,
  ]);
});

test('NDJSON is cut behind lines, and has no header', async () => {
  const { plan, sent } = await split(Buffer.from('{"a":"\\"1"}\n\n{"a":2}\n'), 14, 'NDJSON');
  expect(texts(sent)).toEqual(['{"a":"\\"1"}\n\n', '{"a":2}\n']);
  expect(plan.parts.map(({ rows, rowOffset }) => ({ rows, rowOffset }))).toEqual([
    { rows: 1, rowOffset: 0 },
    { rows: 1, rowOffset: 2 },
  ]);
});

test('a file with a header alone is one part without rows', async () => {
  const { plan, sent } = await split(Buffer.from('a,b\n'), 100);
  expect({ parts: plan.parts, sent: texts(sent) }).toEqual({
    parts: [{ number: 1, start: 4, end: 4, rowOffset: 0, rows: 0 }],
    sent: ['a,b\n'],
  });
});

test('an empty file, and a quote that is never closed, are refused with the reason', async () => {
  await expect(split(Buffer.alloc(0), 100)).rejects.toThrow(/is empty\.$/);
  await expect(split(Buffer.from('a,b\n1,2\n"3,4\n5,6\n7,8\n'), 16)).rejects.toThrow(
    /^Row 2 under the header of .* is longer than a part of 16 bytes\.$/,
  );
});

test('a file that changed since it was planned is not sent', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'credit-graph-split-'));
  const file = join(directory, 'file');
  try {
    await writeFile(file, 'a\n1\n2\n');
    const plan = await planFile(file, 'CSV');
    await writeFile(file, 'a\n1\n2\n3\n');
    await using handle = await openFile(file);
    const [part] = plan.parts;
    if (!part) throw new Error('no part');
    await expect(readPart(handle, plan, part)).rejects.toThrow('The file was changed while it was being sent.');
  } finally {
    await rm(directory, { recursive: true });
  }
});

const csvLine = (cells: string[]) =>
  cells.map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(',');

test('however a file is cut, its parts have its rows, under the numbers that the gateway counts', async () => {
  const cell = fc.string({ unit: fc.constantFrom('1', '中', '"', ',', '\n', '\r\n', ' ', '㐀') });
  const rows = fc.array(
    fc.tuple(cell, cell).map((cells) => [...cells]),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom('\n', '\r\n'), fc.boolean(), async (body, lineEnd, isGb) => {
      const encode = (text: string) => (isGb ? iconv.encode(text, 'gb18030') : Buffer.from(text));
      const decode = (bytes: Buffer) => (isGb ? iconv.decode(bytes, 'gb18030') : String(bytes));
      const whole = [['名', 'b'], ...body].map((cells) => `${csvLine(cells)}${lineEnd}`).join('');
      const { plan, sent } = await split(encode(whole), 200);
      // As records/filing/rows.ts counts: every record, from 1.
      const numbered = sent.flatMap((bytes, index) =>
        (parse(decode(bytes), { relax_column_count: true, relax_quotes: true }) as string[][])
          .map((cells, at) => ({ row: at + 1 + (plan.parts[index]?.rowOffset ?? 0), cells }))
          .slice(1),
      );
      const expected = (parse(whole, { relax_column_count: true, relax_quotes: true }) as string[][])
        .map((cells, at) => ({ row: at + 1, cells }))
        .slice(1);
      expect(numbered).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

test('records are found wherever the bytes are cut into chunks', () => {
  const bytes = Buffer.from('a,"b\r\n""",c\r\n1,2\r\n"3","4"\r\n');
  const ends = (size: number) => {
    const found: number[] = [];
    const scanner = createRecordScanner('CSV', (end) => found.push(end));
    for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size));
    scanner.end();
    return found;
  };
  for (let size = 1; size <= bytes.length; size++) expect(ends(size)).toEqual([13, 18, 27]);
});
