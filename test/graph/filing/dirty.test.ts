import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { composeUscc } from '#standards/uscc.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { register } from '#test/support/registered.ts';
import expected from './dirty/expected.json' with { type: 'json' };

// dirty/penalties.csv: one fault a row, as files of real authorities have them; dirty/expected.json says what becomes
// of each. Both are made by hand.

const UNIT = composeUscc('11330000', 'MB1EEE95');
const read = (name: string): Promise<Buffer> => readFile(join(import.meta.dirname, 'dirty', name));

let graph: TestGraph;
beforeEach(async () => {
  graph = await startGraph();
});
afterEach(() => graph[Symbol.asyncDispose]());

const countOf = (outcome: string, rows: typeof expected): number =>
  rows.filter((row) => row.outcome === outcome).length;
const countsOf = (rows: typeof expected) => ({
  rows: rows.length,
  added: countOf('ADDED', rows),
  corrected: 0,
  unchanged: countOf('UNCHANGED', rows),
  rejected: countOf('REJECTED', rows),
  warned: rows.filter(({ outcome, problems }) => outcome !== 'REJECTED' && problems.length > 0).length,
});
const named = (problems: readonly { column: string; code: string }[]): string[] =>
  problems.map(({ column, code }) => `${column} ${code}`);

/** Everything in the database as text. */
async function dump(): Promise<string> {
  const tables = await graph.sql(
    `select format('%I.%I', schemaname, tablename) as name
      from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema')
      order by 1`,
  );
  const texts: string[] = [];
  for (const { name } of tables)
    texts.push(
      ...(await graph.sql(`select record::text from ${String(name)} record`)).map(({ record }) => String(record)),
    );
  return texts.join('\n');
}

test('the file has at least sixty rows, numbered, with outcomes that differ', () => {
  expect(expected.map(({ row }) => row)).toEqual(expected.map((_, index) => index + 1));
  expect(expected.length).toBeGreaterThanOrEqual(60);
  expect(countsOf(expected)).toMatchObject({ unchanged: 1 });
});

test.each(['penalties.csv', 'penalties.gb18030.csv'])(
  '%s gives just the outcome that is expected of each row',
  async (name) => {
    await register(graph, 'disclosure', UNIT, ['penalty']);
    const outcome = await graph.file('penalty', await read(name));
    expect(outcome).toMatchObject(countsOf(expected));
    const rejected = outcome['rejectedRows'] as { row: number; problems: { column: string; code: string }[] }[];
    // Row 1 of a file is its header.
    expect(rejected.map(({ row, problems }) => ({ row: row - 1, problems: named(problems) }))).toEqual(
      expected.filter((row) => row.outcome === 'REJECTED').map(({ row, problems }) => ({ row, problems })),
    );
  },
);

test('the same rows over the API are reported one by one, and the file after them adds nothing', async () => {
  await register(graph, 'disclosure', UNIT, ['penalty']);
  const [columns = [], ...cells] = parse(await read('penalties.csv'), { bom: true, relax_column_count: true });
  const overApi = expected.filter((row) => !('inFilesAlone' in row));
  const rows = overApi.map(({ row }) =>
    Object.fromEntries(columns.map((column, index) => [column, cells[row - 1]?.[index] ?? ''])),
  );
  const FILE = `mutation ($input: FileRecordsInput!) {
    fileRecords(input: $input) {
      __typename
      ... on RecordsFiled {
        filing { receipt { rows added corrected unchanged rejected warned } }
        rows { outcome recordId problems { column code } }
      }
      ... on DomainError { code message }
    }
  }`;
  const { body } = await graph.query('NATIONAL_CENTRE', FILE, {
    input: { idempotencyKey: randomUUID(), kind: 'penalty', rows },
  });
  const answer = body.data?.['fileRecords'] as {
    filing: { receipt: unknown };
    rows: { outcome: string; recordId: string | null; problems: { column: string; code: string }[] }[];
  };
  if (!answer) throw new Error(JSON.stringify(body).slice(0, 500));
  expect(answer).toMatchObject({ __typename: 'RecordsFiled' });
  expect(
    answer.rows.map(({ outcome, problems }, index) => ({
      row: overApi[index]?.row,
      fault: overApi[index]?.fault,
      outcome,
      problems: named(problems),
    })),
  ).toEqual(overApi);
  expect(answer.filing.receipt).toEqual(countsOf(overApi));
  expect(answer.rows.filter(({ outcome, recordId }) => (outcome === 'REJECTED') !== (recordId === null))).toEqual([]);

  // A text that no record can hold is refused with the whole call.
  const withNul = await graph.query('NATIONAL_CENTRE', FILE, {
    input: { idempotencyKey: randomUUID(), kind: 'penalty', rows: [{ ...rows[0], BZ: 'a\u0000' }] },
  });
  expect(withNul.body.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', reason: 'CHARACTER' });

  const again = countsOf(expected);
  const alone = countsOf(expected.filter((row) => 'inFilesAlone' in row));
  expect(await graph.file('penalty', await read('penalties.csv'))).toMatchObject({
    ...again,
    added: alone.added,
    unchanged: again.added + again.unchanged - alone.added,
  });
});

test('no natural person’s row, identity number or telephone number is anywhere in the database', async () => {
  await register(graph, 'disclosure', UNIT, ['penalty']);
  await graph.file('penalty', await read('penalties.csv'));
  const text = await dump();
  expect(text.includes('更正后的处罚内容')).toBe(true);
  expect(text.includes('金丝雀')).toBe(false);
  // However it was written: in full width, in groups, with hyphens.
  const digits = text.normalize('NFKC').replaceAll(/[\s-]/g, '');
  expect(
    ['11010519491231002', '440524188001010014', '110105491231002', '13800138000', '87654321'].filter((number) =>
      digits.includes(number),
    ),
  ).toEqual([]);
});
