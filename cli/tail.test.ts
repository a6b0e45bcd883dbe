import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Delivered } from '#client/follow.ts';
import {
  type AskedChanges,
  changeOf,
  createPlayedLog,
  createTestClock,
  serveChanges,
} from '#test/support/changeServer.ts';
import { exitCodes } from './failure.ts';
import { EARLIEST, lineOf, tail, type TailedChange, type TailOptions, wordsOf } from './tail.ts';

const line = (n: number): string => `${JSON.stringify(changeOf(n))}\n`;
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const linesOf = (from: number, to: number): string => numbers(from, to).map(line).join('');

/** A directory with the name of a file in it, and a simulated gateway. */
async function begin(play: (request: AskedChanges) => void) {
  const path = await mkdtemp(join(tmpdir(), 'credit-graph-tail-'));
  const server = await serveChanges(play);
  const file = join(path, 'changes.ndjson');
  const printed: string[] = [];
  const noted: string[] = [];
  const clock = createTestClock();
  return {
    path,
    file,
    printed,
    noted,
    text: () => readFile(file, 'utf8'),
    position: async () => (JSON.parse(await readFile(`${file}.cursor`, 'utf8')) as { cursor: string }).cursor,
    run: (options: Partial<TailOptions> = {}) =>
      tail(
        {
          url: server.url,
          token: () => 'secret',
          followed: { topic: 'NAME_LIST', filter: {} },
          from: null,
          save: file,
          json: false,
          untilCaughtUp: false,
          signal: new AbortController().signal,
          print: (text) => void printed.push(text),
          note: (text) => noted.push(text),
          ...options,
        },
        clock,
      ),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(path, { recursive: true });
    },
  };
}

/** Resolves when a file has grown to this many bytes, which is when its lines are on the disk. */
async function grown(file: string, bytes: number): Promise<void> {
  while (((await stat(file).catch(() => null))?.size ?? 0) < bytes)
    await new Promise((resolve) => setImmediate(resolve));
}

test('from the beginning it reads pages, goes on with a stream, and saves each change and its position', async () => {
  const log = createPlayedLog(numbers(1, 1200).map((n) => changeOf(n)));
  await using there = await begin(log.answer);
  const abort = new AbortController();
  const running = there.run({ from: EARLIEST, signal: abort.signal });
  await grown(there.file, Buffer.byteLength(linesOf(1, 1200)));
  while (log.asked.length < 4) await new Promise((resolve) => setImmediate(resolve));
  log.add(changeOf(1201));
  await grown(there.file, Buffer.byteLength(linesOf(1, 1201)));
  abort.abort();
  await running;
  expect(log.asked).toEqual([
    ['page', null],
    ['page', 'cursor-500'],
    ['page', 'cursor-1000'],
    ['stream', 'cursor-1200'],
  ]);
  expect([await there.text(), await there.position(), there.printed, there.noted]).toEqual([
    linesOf(1, 1201),
    'cursor-1201',
    [],
    [],
  ]);
});

test('without a position it begins at the end of the log, and that is kept before any change arrives', async () => {
  const log = createPlayedLog(numbers(1, 3).map((n) => changeOf(n)));
  await using there = await begin(log.answer);
  const abort = new AbortController();
  const running = there.run({ signal: abort.signal });
  await grown(`${there.file}.cursor`, 1);
  abort.abort();
  await running;
  expect([await there.text(), await there.position()]).toEqual(['', 'cursor-3']);
  log.add(changeOf(4));
  await there.run({ untilCaughtUp: true });
  expect([await there.text(), await there.position()]).toEqual([line(4), 'cursor-4']);
  expect(log.asked).toEqual([
    ['stream', null],
    ['page', 'cursor-3'],
  ]);
});

test('run again it goes on after its last line, whatever position was kept, and repeats nothing', async () => {
  const log = createPlayedLog(numbers(1, 9).map((n) => changeOf(n)));
  await using there = await begin(log.answer);
  const whole = linesOf(1, 5);
  // A killed run: its position was kept after two lines, and then three more lines and a part of the sixth were
  // written.
  await writeFile(there.file, `${whole}${line(6).slice(0, 30)}`);
  await writeFile(
    `${there.file}.cursor`,
    JSON.stringify({ cursor: 'cursor-2', bytes: Buffer.byteLength(linesOf(1, 2)) }),
  );
  await there.run({ untilCaughtUp: true, from: 'cursor-1' });
  expect([await there.text(), await there.position(), log.asked]).toEqual([
    linesOf(1, 9),
    'cursor-9',
    [['page', 'cursor-5']],
  ]);
  expect(there.noted).toEqual([`${there.file} goes on from its own place; --from is for a new file.`]);
});

test('what the gateway tells again directly after coming back is not in the file twice', async () => {
  const delivered = [2, 3, 4, 3];
  await using there = await begin((request) =>
    request.answer({
      data: { changes: { events: delivered.map((n) => changeOf(n)), endCursor: 'cursor-4', hasMore: false } },
    }),
  );
  await writeFile(there.file, linesOf(1, 3));
  await there.run({ untilCaughtUp: true });
  // The last one is not a repetition, because it does not come directly after a reconnection.
  expect(await there.text()).toBe(linesOf(1, 4) + line(3));
});

test('caught up without ever having been anywhere, it keeps the end of the log', async () => {
  const log = createPlayedLog([changeOf(1)]);
  await using there = await begin(log.answer);
  await there.run({ untilCaughtUp: true });
  expect([await there.text(), await there.position()]).toEqual(['', 'cursor-1']);
});

test('evaluations are followed with their own filter', async () => {
  const asked: unknown[] = [];
  await using there = await begin((request) => {
    asked.push([/evaluationChanges/.test(request.query), request.variables]);
    request.answer({ data: { changes: { events: [], endCursor: 'cursor-1', hasMore: false } } });
  });
  await there.run({
    untilCaughtUp: true,
    from: 'place',
    followed: { topic: 'EVALUATION', filter: { schemes: ['PUBLIC_CREDIT'], provinces: undefined } },
  });
  expect(asked).toEqual([[true, { filter: { schemes: ['PUBLIC_CREDIT'] }, after: 'place', first: 500 }]]);
});

test('without a file changes are printed, for people or for machines', async () => {
  const entry = { category: 'SERIOUS', listType: { code: 'SAMR_SERIOUS', name: '严重违法' } };
  const given = {
    at: '2026-11-26T14:02:03.123Z',
    subject: { uscc: '91330106MA0000001X' },
    reason: null,
    documentNo: '示监〔2026〕1号',
    entry,
  };
  const log = createPlayedLog([
    changeOf(1, given),
    changeOf(2, { ...given, kind: 'REMOVED', reason: 'REPAIRED', documentNo: null, entry: null }),
  ]);
  await using there = await begin(log.answer);
  await there.run({ save: null, from: EARLIEST, untilCaughtUp: true });
  await there.run({ save: null, from: 'cursor-1', untilCaughtUp: true, json: true });
  expect(there.printed).toEqual([
    '2026-11-26T14:02:03.123Z  ADDED      91330106MA0000001X  SERIOUS SAMR_SERIOUS  示监〔2026〕1号',
    '2026-11-26T14:02:03.123Z  REMOVED    91330106MA0000001X  REPAIRED',
    JSON.stringify(changeOf(2, { ...given, kind: 'REMOVED', reason: 'REPAIRED', documentNo: null, entry: null })),
  ]);
});

test('what was not answered is said with the change', () => {
  const change = {
    ...changeOf(1),
    __typename: 'EvaluationChange',
    at: null,
    reason: null,
    subject: null,
    evaluation: { scheme: { code: 'PUBLIC_CREDIT', version: '2026' }, grade: 'A' },
  };
  const delivered = {
    change,
    cursor: 'cursor-1',
    errors: [{ message: 'down', path: ['subject', 'uscc'], extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }],
  } as unknown as Delivered<TailedChange>;
  expect(wordsOf(delivered)).toBe('  ADDED        PUBLIC_CREDIT 2026  A  in part: subject.uscc SUBGRAPH_UNAVAILABLE');
  expect(JSON.parse(lineOf(delivered))).toEqual({ ...change, errors: delivered.errors });
});

test('a lost connection is noted and made again', async () => {
  const log = createPlayedLog([changeOf(1), changeOf(2)]);
  let lost = 0;
  await using there = await begin((request) =>
    lost++ === 0 ? request.answer('', 503, 'text/plain') : log.answer(request),
  );
  await there.run({ from: EARLIEST, untilCaughtUp: true });
  expect(there.noted).toEqual([expect.stringMatching(/HTTP status 503 and no GraphQL answer\. Again in 0\.5 s\.$/)]);
  expect(await there.text()).toBe(linesOf(1, 2));
});

const refusal = (code: string, more: object = {}) => ({
  data: { changes: null },
  errors: [{ message: `It is ${code}.`, extensions: { code, ...more } }],
});

test.each([
  [
    'CURSOR_EXPIRED',
    { oldest: 'cursor-7' },
    exitCodes.changesMissing,
    /kept in .*changes\.ndjson\.cursor is older than what the gateway keeps.*changes since then are missing/,
    /snapshot.*--from PLACE.*--from cursor-7/,
  ],
  ['BAD_CURSOR', {}, exitCodes.failed, /BAD_CURSOR/, /same options as before/],
  ['PURPOSE_REQUIRED', {}, exitCodes.failed, /PURPOSE_REQUIRED/, /--purpose/],
  [
    'BAD_USER_INPUT',
    { argument: 'filter.types', reason: 'UNKNOWN_CODE' },
    exitCodes.failed,
    /BAD_USER_INPUT filter\.types UNKNOWN_CODE/,
    null,
  ],
])('%s ends it, and what was saved stays', async (code, more, exitCode, message, advice) => {
  await using there = await begin((request) => request.answer(refusal(code, more)));
  await writeFile(there.file, linesOf(1, 2));
  await expect(there.run({ untilCaughtUp: true })).rejects.toMatchObject({
    name: 'Failure',
    exitCode,
    message: expect.stringMatching(message),
    advice: advice === null ? null : expect.stringMatching(advice),
  });
  expect([await there.text(), await there.position()]).toEqual([linesOf(1, 2), 'cursor-2']);
});

test('a refused token says how to get another', async () => {
  await using there = await begin((request) => request.answer(refusal('UNAUTHENTICATED', { reason: 'EXPIRED' }), 401));
  await expect(there.run()).rejects.toMatchObject({
    name: 'Failure',
    exitCode: exitCodes.failed,
    advice: expect.stringMatching(/credit-graph token/),
  });
});

test('a disk that fails while nothing comes ends it', async () => {
  const log = createPlayedLog([]);
  await using there = await begin(log.answer);
  await writeFile(there.file, line(1));
  await writeFile(`${there.file}.cursor`, JSON.stringify({ cursor: 'cursor-1', bytes: Buffer.byteLength(line(1)) }));
  const running = there.run();
  while (log.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await mkdir(`${there.file}.cursor.new`);
  log.add(changeOf(2));
  await expect(running).rejects.toMatchObject({
    name: 'Failure',
    message: `${there.file} cannot be written (EISDIR).`,
  });
  expect(await there.text()).toBe(linesOf(1, 2));
});
