import { mkdir, rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { createIssuer, organisationOf, type TestIssuer } from '#test/support/graph.ts';
import type { Settings } from '#test/bench/bench.ts';
import { type BenchServer, openServer } from '#test/bench/postgres.ts';
import { startWorker, type Worker } from '#test/bench/processes.ts';
import { type Follower, isInShare, load, PURPOSES, type Share, tidy } from './dataset.ts';
import type { Bearer, Judged, Subscribing, Task } from './subscribers.ts';
import type { Writing, Written } from './writer.ts';

// What all rows of changes are played on: a database with records, a writer, and for each row a gateway and subscribers of its own.

export interface Stage extends AsyncDisposable {
  readonly say: (line: string) => void;
  readonly server: BenchServer;
  readonly writer: Worker<null>;
  /** A gateway that has numbered nothing yet. */
  startGateway(): Promise<Worker<string>>;
  startSubscribers(name: string): Promise<Worker<null>>;
  /** With a token of its own. */
  bearer(gateway: Worker<string>, role: Follower): Bearer;
  /** Resolves when everything that was written has its number. */
  numbered(): Promise<void>;
}

export async function openStage({ dataDir }: Settings, say: (line: string) => void): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const directory = join(dataDir, 'changes');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const server = stack.use(await openServer(join(directory, 'postgres')));
  say('rows of changes: loading records');
  await load(server.url);
  const issuer = stack.use(await createIssuer());
  const start = (): Promise<Worker<string>> =>
    startWorker<string>('gateway', './changes/gateway.ts', { url: server.url, dataDir: issuer.dataDir });
  const stage = stack.use(await setStage({ server, issuer, start, say }));
  const owned = stack.move();
  return { ...stage, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The stage on a server that has the records. @param options.start starts a gateway that trusts the issuer */
export async function setStage({
  server,
  issuer,
  start,
  say,
}: {
  server: BenchServer;
  issuer: TestIssuer;
  start: () => Promise<Worker<string>>;
  say: (line: string) => void;
}): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const writer = stack.use(await startWorker<null>('writer', './changes/writer.ts', { url: server.url }));
  const client = stack.adopt(new pg.Client({ connectionString: server.url }), (each) => each.end());
  await client.connect();
  const owned = stack.move();
  return {
    say,
    server,
    writer,
    async startGateway() {
      await tidy(client);
      return start();
    },
    startSubscribers: (name) => startWorker<null>(name, './changes/subscribers.ts'),
    bearer({ ready: url }, role) {
      const purpose = PURPOSES[role];
      if (role === 'PUBLIC' || purpose === null) return { url, token: null, purpose: null };
      return {
        url,
        token: issuer.token({ role, organisation: organisationOf(role).organisation, purposes: [purpose] }),
        purpose,
      };
    },
    async numbered() {
      for (;;) {
        const { rows } = await client.query<{ waits: boolean }>('select exists (select from feed.outbox) as waits');
        if (rows[0]?.waits !== true) return;
        await pause(20);
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export const ask = <Result = void>(subscribers: Worker<null>, task: Task): Promise<Result> =>
  subscribers.call<Result>(task);
export const write = ({ writer }: Stage, writing: Writing): Promise<Written> => writer.call<Written>(writing);

/** Of ten who follow by one filter; of fewer the first. The bank follows its watchlists. */
const FOLLOWERS_IN_TURN: readonly Follower[] = [
  'PUBLIC',
  'FINANCIAL_INSTITUTION',
  'PROVINCIAL_PLATFORM',
  'SECTOR_REGULATOR',
  'PUBLIC',
  'FINANCIAL_INSTITUTION',
  'PUBLIC',
  'PROVINCIAL_PLATFORM',
  'FINANCIAL_INSTITUTION',
  'PUBLIC',
];

/** So many streams, in equal parts of a hundred filters of 1 % each, or of everything. */
export function subscribings(
  stage: Stage,
  gateway: Worker<string>,
  size: number,
  of: 'everything' | '1 %',
): Subscribing[] {
  return Array.from({ length: size }, (_, index) => {
    const role = FOLLOWERS_IN_TURN[Math.floor(index / 100) % FOLLOWERS_IN_TURN.length] as Follower; // within the list
    const share: Share =
      of === 'everything'
        ? { of }
        : { of: role === 'FINANCIAL_INSTITUTION' ? 'watchlist' : 'pair', number: index % 100 };
    return { ...stage.bearer(gateway, role), share };
  });
}

const POLL_MS = 100;
const SILENCE_MS = 20_000;

/** Resolves when so many changes have come since `forget` as were written for these streams, or none for a long time: then they are judged. */
export async function allCome(
  subscribers: Worker<null>,
  streams: readonly Subscribing[],
  { entities }: Written,
): Promise<void> {
  const expected = streams.reduce(
    (sum, { share }) => sum + entities.reduce((count, entity) => count + Number(isInShare(share, entity)), 0),
    0,
  );
  let last = -1;
  for (let heardAt = performance.now(); performance.now() - heardAt < SILENCE_MS;) {
    const count = await ask<number>(subscribers, { task: 'count' });
    if (count >= expected) return;
    if (count !== last) heardAt = performance.now();
    last = count;
    await pause(POLL_MS);
  }
}

export interface Load {
  readonly rate: number;
  readonly perTransaction: number;
  readonly seconds: number;
}

/** Writes so many changes a second for so long, and judges what the streams received of them. */
export async function follow(
  stage: Stage,
  subscribers: Worker<null>,
  streams: readonly Subscribing[],
  { rate, perTransaction, seconds }: Load,
): Promise<Judged & { readonly written: Written }> {
  await ask(subscribers, { task: 'forget' });
  const written = await write(stage, { changes: rate * seconds, perTransaction, rate });
  await allCome(subscribers, streams, written);
  return { ...(await ask<Judged>(subscribers, { task: 'judge', written })), written };
}

/**
 * What each part has taken of one core while something was done, in percent, or µs for each of so many operations: the latter hardly changes
 * with what else the machine does, whose load is said too.
 */
export async function watch<Result>(
  parts: Readonly<Record<string, () => Promise<number>>>,
  work: () => Promise<Result>,
  each?: { readonly count: number; readonly what: string },
): Promise<{ readonly result: Result; readonly spent: string }> {
  const read = (): Promise<number[]> => Promise.all(Object.values(parts).map((cpu) => cpu()));
  const [loadBefore = 0] = loadavg();
  const before = await read();
  const begun = performance.now();
  const result = await work();
  const passed = (performance.now() - begun) * 1000;
  const after = await read();
  const [loadAfter = 0] = loadavg();
  const spent = Object.keys(parts).map((name, index) => {
    const cpu = (after[index] ?? 0) - (before[index] ?? 0);
    return `${name} ${((100 * cpu) / passed).toFixed(0)} %${each ? ` (${(cpu / each.count).toFixed(0)})` : ''}`;
  });
  return {
    result,
    spent: `of a core${each ? ` (µs for each ${each.what})` : ''}: ${spent.join(', ')}; load average ${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after`,
  };
}
