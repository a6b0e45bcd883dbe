import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { readNameListChanges } from '#client/changes.ts';
import { exitCodes } from '#cli/failure.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered } from '#test/support/listings.ts';
import { until } from '#test/support/until.ts';

// `credit-graph tail` as people run it, in a process of its own, against a gateway. TAIL_SEED repeats a run.

const CLI = join(import.meta.dirname, '../../../cli/main.ts');
const KILLS = 20;
const CHANGES = 10_000;
const LONG = 300_000;

let graph: TestGraph;
let directory: string;
beforeAll(async () => {
  graph = await startGraph();
  directory = await mkdtemp(join(tmpdir(), 'credit-graph-tail-'));
});
afterAll(async () => {
  await graph[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

interface Tail {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; printed: string; noted: string }>;
}

/** As the public, which needs no token. */
function runTail(file: string, ...args: readonly string[]): Tail {
  const child = spawn(process.execPath, ['--no-warnings', CLI, 'tail', '--url', graph.url, '--save', file, ...args], {
    env: { PATH: process.env['PATH'] ?? '', DATA_DIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [printed, noted] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (noted += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    printed,
    noted,
  }));
  return { child, ended };
}

const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(() => null))?.size ?? 0;
const changesIn = async (file: string) =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { id: string; documentNo: string | null });
const kept = async (file: string): Promise<string> =>
  (JSON.parse(await readFile(`${file}.cursor`, 'utf8')) as { cursor: string }).cursor;
const clean = { code: exitCodes.done, signal: null, printed: '', noted: '' };

/** The numbers of a seed (mulberry32), at least 0 and less than 1. */
function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test(
  'killed with -9 twenty times in 10 000 changes it has them all, each once and in order',
  async () => {
    const seed = Number(process.env['TAIL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    const chance = chanceOf(seed);
    const file = join(directory, 'changes.ndjson');
    const entities = Array.from({ length: 50 }, () => newEntity());
    const perRound = CHANGES / KILLS;
    const killedAt: number[] = [];

    for (let round = 0; round < KILLS; round++) {
      const before = await sizeOf(file);
      const { child, ended } = runTail(file, '--from', 'beginning');
      const listings = Array.from({ length: perRound }, (_, index) => ({
        uscc: entities[index % entities.length] as string,
        documentNo: `示监〔2026〕${round * perRound + index}号`,
      })); // within the list
      const filing = (async () => {
        for (let at = 0; at < perRound; at += 100) await list(graph, ...listings.slice(at, at + 100));
      })();
      // In every fourth round at any moment of its start; else when it writes, some moments after its first lines.
      if (round % 4 !== 3)
        await until('lines in the file', async () => child.exitCode !== null || (await sizeOf(file)) > before, 60_000);
      await wait(chance() * (round % 4 === 3 ? 1000 : 400));
      child.kill('SIGKILL');
      expect(await ended).toMatchObject({ signal: 'SIGKILL', printed: '' });
      killedAt.push((await readFile(file, 'utf8').catch(() => '')).split('\n').length - 1);
      await filing;
    }

    await numbered(graph);
    const { code, printed } = await runTail(file, '--until-caught-up').ended;
    expect({ seed, code, printed }).toEqual({ seed, code: exitCodes.done, printed: '' });
    const saved = await changesIn(file);
    const delivered = (await Array.fromAsync(readNameListChanges({ url: graph.url, pageSize: 1000 }))).flatMap(
      ({ changes }) => changes.map(({ change }) => change),
    );
    console.log(
      `seed ${seed}: killed after ${killedAt.join(', ')} of ${CHANGES} changes; ${saved.length} lines, ` +
        `${new Set(saved.map(({ id }) => id)).size} of them different`,
    );
    expect({ seed, lines: saved.length, documents: new Set(saved.map(({ documentNo }) => documentNo)).size }).toEqual({
      seed,
      lines: CHANGES,
      documents: CHANGES,
    });
    expect({ seed, order: saved.map(({ id }) => id) }).toEqual({ seed, order: delivered.map(({ id }) => id) });
  },
  LONG,
);

test(
  'Ctrl-C ends it cleanly with its place, and it goes on from there',
  async () => {
    const file = join(directory, 'interrupted.ndjson');
    const first = runTail(file);
    await until('a place', async () => (await sizeOf(`${file}.cursor`)) > 0, 60_000);
    await list(graph, { uscc: newEntity(), documentNo: '中断一号' });
    await until('a line', async () => (await sizeOf(file)) > 0);
    first.child.kill('SIGINT');
    first.child.kill('SIGINT'); // as npm passes it on
    expect(await first.ended).toEqual(clean);
    expect((await changesIn(file)).map(({ documentNo }) => documentNo)).toEqual(['中断一号']);
    await list(graph, { uscc: newEntity(), documentNo: '中断二号' });
    await numbered(graph);
    expect(await runTail(file, '--until-caught-up').ended).toEqual(clean);
    expect((await changesIn(file)).map(({ documentNo }) => documentNo)).toEqual(['中断一号', '中断二号']);
  },
  LONG,
);

test(
  'a place that is older than what is kept ends it with a code of its own, and says how to go on',
  async () => {
    const file = join(directory, 'late.ndjson');
    const pages = readNameListChanges({ url: graph.url, pageSize: 1 });
    const first = (await pages.next()).value;
    await writeFile(`${file}.cursor`, `${JSON.stringify({ cursor: first?.cursor, bytes: 0 })}\n`);
    await graph.sql(
      'with purged as (delete from feed.log where seq <= 100) update feed.sequencer set purged_through = 100',
    );
    const { code, printed, noted } = await runTail(file).ended;
    expect({ code, printed }).toEqual({ code: exitCodes.changesMissing, printed: '' });
    expect(noted).toMatch(
      new RegExp(
        /^The place kept in .*late\.ndjson\.cursor is older than what the gateway keeps, /.source +
          /or not of its log: changes since then are missing\.\n/.source +
          /Take a snapshot \(credit-graph export\) .*--from PLACE.*--from \S{40,}\)\.\n$/.source,
      ),
    );
    const oldest = /--from (\S{40,})\)\.\n$/.exec(noted)?.[1] ?? '';
    const fresh = join(directory, 'fresh.ndjson');
    expect(await runTail(fresh, '--from', oldest, '--until-caught-up').ended).toEqual(clean);
    expect((await changesIn(fresh)).length).toBe(CHANGES + 2 - 100);
    expect(await kept(fresh)).toMatch(/\S{40,}/);
  },
  LONG,
);
