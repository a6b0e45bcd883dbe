import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api, PartOutcome } from './api.ts';
import { Failure } from './failure.ts';
import { ingest, type Receipt } from './ingest.ts';

interface Kept {
  readonly id: string;
  readonly input: {
    readonly idempotencyKey: string;
    readonly kind: string;
    readonly format: string;
    readonly partsExpected: number;
    readonly mode?: string;
  };
  readonly parts: Map<number, PartOutcome>;
  receipt: Receipt | null;
  /** A full replacement of two rows or less would end too much. */
  status: string;
}

/** A gateway in memory: it keeps filings by their key and refuses every row that begins with "bad". */
function farEnd({ failsAt }: { failsAt?: number } = {}) {
  const filings = new Map<string, Kept>();
  const sent: { number: number; text: string }[] = [];
  const displayed = ({ id, input, parts, receipt, status }: Kept) => ({
    id,
    status,
    parts: [...parts].map(([number, outcome]) => ({ number, outcome })),
    receipt,
    replacement:
      input.mode === 'REPLACE' && receipt
        ? { standing: 9, missing: 9 - receipt.rows, ended: status === 'COMPLETED' ? 9 - receipt.rows : 0 }
        : null,
  });
  const state = { failsAt };
  const api: Api = {
    url: 'http://far.invalid',
    query: () => Promise.reject(new Error('not asked')),
    get: () => Promise.reject(new Error('not asked')),
    getPart: () => Promise.reject(new Error('not asked')),
    async ask<Field>(field: string, _document: string, variables?: Readonly<Record<string, unknown>>) {
      const input = variables?.['input'] as Kept['input'] & { id: string };
      if (field === 'createFiling') {
        const known = filings.get(input.idempotencyKey) ?? {
          id: `filing-${filings.size + 1}`,
          input,
          parts: new Map(),
          receipt: null,
          status: 'RUNNING',
        };
        filings.set(input.idempotencyKey, known);
        return { filing: displayed(known) } as Field;
      }
      const filing = [...filings.values()].find(({ id }) => id === input.id);
      if (!filing || filing.parts.size < filing.input.partsExpected)
        return { __typename: 'InvalidInput', code: 'PARTS_MISSING', message: 'missing' } as Field;
      const total = { rows: 0, added: 0, corrected: 0, unchanged: 0, rejected: 0, warned: 0, digest: 'all' };
      for (const part of filing.parts.values())
        for (const key of ['rows', 'added', 'rejected'] as const) total[key] += part[key];
      filing.receipt = total;
      filing.status = filing.input.mode === 'REPLACE' && total.rows <= 2 ? 'QUARANTINED' : 'COMPLETED';
      return { filing: displayed(filing) } as Field;
    },
    async putPart(id, number, bytes) {
      if (number === state.failsAt) throw new Failure('the line is down');
      const text = String(bytes);
      sent.push({ number, text });
      const records = text.trimEnd().split('\n');
      const rejectedRows = records.flatMap((row, index) =>
        row.startsWith('bad')
          ? [{ row: index + 1, problems: [{ column: 'a', code: 'BAD_FORM', message: 'It says "bad", so.' }] }]
          : [],
      );
      const rows = records.filter((record) => record !== '').length - 1;
      const outcome: PartOutcome = {
        rows,
        added: rows - rejectedRows.length,
        corrected: 0,
        unchanged: 0,
        rejected: rejectedRows.length,
        warned: 0,
        digest: '',
        rejectedRows,
      };
      [...filings.values()].find((filing) => filing.id === id)?.parts.set(number, outcome);
      return outcome;
    },
  };
  return { api, filings, sent, state };
}

async function directoryWith(name: string, text: string) {
  const directory = await mkdtemp(join(tmpdir(), 'credit-graph-ingest-'));
  await writeFile(join(directory, name), text);
  return { directory, file: join(directory, name), [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

const receipt = (numbers: Partial<Receipt>): Receipt => ({
  rows: 0,
  added: 0,
  corrected: 0,
  unchanged: 0,
  rejected: 0,
  warned: 0,
  digest: 'all',
  ...numbers,
});

test('a file goes out in parts, each with its header, and a receipt comes back', async () => {
  await using files = await directoryWith('acts.csv', 'a,b\n1,2\n3,4\n5,6\n');
  const { api, filings, sent } = farEnd();
  const displayed: number[] = [];
  const result = await ingest({
    api,
    file: files.file,
    kind: 'licence',
    partBytes: 12,
    progress: (total) => ({
      begin: (rows) => displayed.push(rows, total),
      update: (rows) => displayed.push(rows, total),
      stop: () => displayed.push(-1),
    }),
  });
  expect(result).toEqual({
    filing: 'filing-1',
    receipt: receipt({ rows: 3, added: 3 }),
    status: 'COMPLETED',
    replacement: null,
    rejectedFile: null,
    rejectedListed: 0,
  });
  expect(sent.toSorted((one, other) => one.number - other.number)).toEqual([
    { number: 1, text: 'a,b\n1,2\n3,4\n' },
    { number: 2, text: 'a,b\n5,6\n' },
  ]);
  expect(
    [...filings.values()].map(({ input: { idempotencyKey, ...rest } }) => ({ ...rest, key: idempotencyKey.length })),
  ).toEqual([{ kind: 'licence', format: 'CSV', partsExpected: 2, key: 64 }]);
  expect(displayed.slice(0, 2)).toEqual([0, 3]);
  expect(displayed.slice(-3)).toEqual([3, 3, -1]);
  expect(await readdir(files.directory)).toEqual(['acts.csv']);
});

test('refused rows are kept unchanged in the order of the file, after their numbers and reasons', async () => {
  await using files = await directoryWith('acts.csv', 'a,b\n1,2\nbad,4\n\n5,6\nbad,8\n');
  const { api } = farEnd();
  const result = await ingest({ api, file: files.file, kind: 'licence', partBytes: 14 });
  expect(result.receipt).toEqual(receipt({ rows: 4, added: 2, rejected: 2 }));
  expect(result.rejectedListed).toBe(2);
  expect(await readFile(result.rejectedFile ?? '', 'utf8')).toBe(
    '\uFEFFREJECTED_ROW,REJECTED_BECAUSE,a,b\n3,"a BAD_FORM: It says ""bad"", so.",bad,4\n' +
      '6,"a BAD_FORM: It says ""bad"", so.",bad,8\n',
  );
});

test('run again, an interrupted filing sends the missing parts, and a completed one sends nothing', async () => {
  await using files = await directoryWith('acts.csv', 'a,b\n1,2\n3,4\n5,6\n');
  const { api, sent, state } = farEnd({ failsAt: 3 });
  const options = { api, file: files.file, kind: 'licence', partBytes: 8 };
  await expect(ingest(options)).rejects.toThrow('the line is down');
  expect(sent.map(({ number }) => number).toSorted()).toEqual([1, 2]);
  delete state.failsAt;
  expect((await ingest(options)).receipt).toEqual(receipt({ rows: 3, added: 3 }));
  expect(sent.map(({ number }) => number).toSorted()).toEqual([1, 2, 3]);
  expect((await ingest(options)).receipt).toEqual(receipt({ rows: 3, added: 3 }));
  expect(sent).toHaveLength(3);
});

test('run again, refused rows are listed again', async () => {
  await using files = await directoryWith('acts.csv', 'a,b\nbad,2\n3,4\n');
  const { api, sent } = farEnd();
  const options = { api, file: files.file, kind: 'licence', partBytes: 10 };
  const { rejectedFile } = await ingest(options);
  const listed = await readFile(rejectedFile ?? '', 'utf8');
  await rm(rejectedFile ?? '');
  await ingest(options);
  expect(await readFile(rejectedFile ?? '', 'utf8')).toBe(listed);
  // Two parts are in flight at once, in either order. Then the one with a refused row is sent again.
  const numbers = sent.map(({ number }) => number);
  expect([numbers.slice(0, 2).toSorted(), numbers.slice(2)]).toEqual([[1, 2], [1]]);
});

test('the same bytes under another kind are another filing, and NDJSON is known by its first character', async () => {
  await using files = await directoryWith('acts.txt', '{"a":1}\n{"a":2}\n');
  const { api, filings, sent } = farEnd();
  await ingest({ api, file: files.file, kind: 'licence' });
  await ingest({ api, file: files.file, kind: 'penalty' });
  expect([...filings.values()].map(({ input }) => [input.kind, input.format])).toEqual([
    ['licence', 'NDJSON'],
    ['penalty', 'NDJSON'],
  ]);
  expect(sent.map(({ text }) => text)).toEqual(['{"a":1}\n{"a":2}\n', '{"a":1}\n{"a":2}\n']);
});

test('a full replacement of a file is another filing, says what ends, and is filed anew when it is over', async () => {
  await using files = await directoryWith('acts.csv', 'a,b\n1,2\n3,4\n5,6\n');
  const { api, filings, sent } = farEnd();
  const options = { api, file: files.file, kind: 'licence' };
  expect(await ingest(options)).toMatchObject({ filing: 'filing-1', replacement: null });
  const replacing = {
    receipt: receipt({ rows: 3, added: 3 }),
    status: 'COMPLETED',
    replacement: { standing: 9, missing: 6, ended: 6 },
    rejectedFile: null,
    rejectedListed: 0,
  };
  for (const filing of ['filing-2', 'filing-3', 'filing-4'])
    expect(await ingest({ ...options, replace: true })).toEqual({ filing, ...replacing });
  expect([...filings.values()].map(({ input }) => input.mode)).toEqual([undefined, 'REPLACE', 'REPLACE', 'REPLACE']);
  expect(sent).toHaveLength(4);
});

test('a full replacement that waits is not filed a second time, until it was discarded', async () => {
  await using files = await directoryWith('acts.csv', 'a,b\n1,2\n3,4\n');
  const { api, filings, sent } = farEnd();
  const options = { api, file: files.file, kind: 'licence', replace: true };
  const waiting = {
    receipt: receipt({ rows: 2, added: 2 }),
    status: 'QUARANTINED',
    replacement: { standing: 9, missing: 7, ended: 0 },
    rejectedFile: null,
    rejectedListed: 0,
  };
  expect([await ingest(options), await ingest(options)]).toEqual([
    { filing: 'filing-1', ...waiting },
    { filing: 'filing-1', ...waiting },
  ]);
  expect(sent).toHaveLength(1);
  for (const filing of filings.values()) filing.status = 'CANCELLED';
  expect(await ingest(options)).toEqual({ filing: 'filing-2', ...waiting });
});
