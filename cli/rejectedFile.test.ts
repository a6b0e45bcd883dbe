import type { PartOutcome } from './api.ts';
import { rejectedLines } from './rejectedFile.ts';
import type { FilingFormat } from './split.ts';

const outcome = (...rejected: readonly (readonly [row: number, code: string])[]): PartOutcome => ({
  rows: 0,
  added: 0,
  corrected: 0,
  unchanged: 0,
  rejected: rejected.length,
  warned: 0,
  digest: '',
  rejectedRows: rejected.map(([row, code]) => ({
    row,
    problems: [{ column: code === 'OUT_OF_SCOPE_NATURAL_PERSON' ? '' : 'a', code, message: 'It is so.' }],
  })),
});

/** The file of refused rows for one part, after 100 rows of other parts. */
function rejectedOf(format: FilingFormat, header: Buffer | string, body: Buffer | string, given: PartOutcome) {
  const bytes = Buffer.concat([Buffer.from(header), Buffer.from(body)]);
  const part = { number: 2, start: 0, end: 0, rowOffset: 100, rows: 0 };
  const { header: first, lines } = rejectedLines(format, Buffer.from(header), bytes, part, given);
  return [...(first.line === null ? [] : [first.line]), ...lines].map((line) => line + first.end);
}

test('a refused row has its own cells, quoted as they were, and keeps the line ends of its file', () => {
  const rows = rejectedOf(
    'CSV',
    '\uFEFF\r\n"a",b\r\n',
    '1,2\r\n"x, ""y""\r\nz",4\r\n5\r\n',
    outcome([4, 'BAD_FORM'], [5, 'CELL_COUNT']),
  );
  expect(rows).toEqual([
    'REJECTED_ROW,REJECTED_BECAUSE,"a",b\r\n',
    '104,a BAD_FORM: It is so.,"x, ""y""\r\nz",4\r\n',
    '105,a CELL_COUNT: It is so.,5\r\n',
  ]);
});

test('a file in GB18030 gives its text', () => {
  const gb18030 = [...'中文'].map((character) => ({ 中: [0xd6, 0xd0], 文: [0xce, 0xc4] })[character] ?? []);
  const [middle = [], text = []] = gb18030;
  expect(
    rejectedOf('CSV', Buffer.from([...middle, 0x0a]), Buffer.from([...text, 0x0a]), outcome([2, 'BAD_FORM'])),
  ).toEqual(['REJECTED_ROW,REJECTED_BECAUSE,中\n', '102,a BAD_FORM: It is so.,文\n']);
});

test('of a row about a natural person the number and the reason are kept and no cell', () => {
  const given = outcome([2, 'OUT_OF_SCOPE_NATURAL_PERSON']);
  expect(rejectedOf('CSV', 'a,"b,c",d\n', 'Someone,1,2\n', given)).toEqual([
    'REJECTED_ROW,REJECTED_BECAUSE,a,"b,c",d\n',
    '102,OUT_OF_SCOPE_NATURAL_PERSON: It is so.,,,\n',
  ]);
  expect(rejectedOf('NDJSON', '', '{"a":"1"}\n{"a":"Someone"}\n', given)).toEqual([
    '{"REJECTED_ROW":102,"REJECTED_BECAUSE":"OUT_OF_SCOPE_NATURAL_PERSON: It is so."}\n',
  ]);
});

test('a refused line of NDJSON is an object with its number and reason first', () => {
  const lines = rejectedOf(
    'NDJSON',
    '',
    '{"a":1}\n\n { "a": "}" }\n{}\nnonsense\n',
    outcome([3, 'BAD_FORM'], [4, 'MISSING'], [5, 'BAD_FORM']),
  );
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { REJECTED_ROW: 103, REJECTED_BECAUSE: 'a BAD_FORM: It is so.', a: '}' },
    { REJECTED_ROW: 104, REJECTED_BECAUSE: 'a MISSING: It is so.' },
    { REJECTED_ROW: 105, REJECTED_BECAUSE: 'a BAD_FORM: It is so.' },
  ]);
});

test('a cell that a spreadsheet would take for a formula begins with an apostrophe, in rows and in the header', () => {
  const rows = rejectedOf(
    'CSV',
    'a,=b\n',
    '=1+2,"=HYPERLINK(""http://x"",""y"")"\n-5,ok\n',
    outcome([2, 'BAD_FORM'], [3, 'BAD_FORM']),
  );
  expect(rows).toEqual([
    "REJECTED_ROW,REJECTED_BECAUSE,a,'=b\n",
    `102,a BAD_FORM: It is so.,'=1+2,"'=HYPERLINK(""http://x"",""y"")"\n`,
    "103,a BAD_FORM: It is so.,'-5,ok\n",
  ]);
});
