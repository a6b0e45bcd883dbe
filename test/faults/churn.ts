import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { followBySse, followByWebSocket } from '#test/support/streams.ts';
import { type Cluster, type Memory, startCluster } from './cluster.ts';
import { socketsOf } from './faults.ts';
import { codeOf, ENTITIES } from './fixtures.ts';
import { createLoad } from './load.ts';

// Coming and going: streams that are opened and left, texts that nobody sent before, requests that nobody waits for,
// and small faults now and then, for minutes. What a process holds afterwards has to be what it held in the middle.

const STREAMS = 12; // at once, over both gateways
const NEW_TEXTS_A_SECOND = 8;
const ABORTS_A_SECOND = 8;
const FAULT_EVERY_MS = 15_000;
/** More than a gateway remembers of texts: what it holds afterwards is not what it still learns. */
const TEXTS_TO_FILL = 2500;
const GROWTH = 1.1;
/** Pools let go of what they do not use after 60 s. */
const SETTLE_MS = 75_000;

export interface ChurnOptions {
  readonly seconds: number;
  readonly redisServer: string | null;
  readonly write: (line: string) => void;
}

interface Held {
  readonly memory: ReadonlyMap<string, Memory>;
  readonly sockets: ReadonlyMap<string, number>;
  readonly sessions: number;
}

/** @returns whether memory, sockets and sessions of PostgreSQL stayed flat */
export async function runChurn({ seconds, redisServer, write }: ChurnOptions): Promise<boolean> {
  await using cluster = await startCluster({ shape: 'federated', redisServer });
  const probe = createLoad(cluster, { mayLose: true, run: 1 });
  await untilWhole(probe);
  const idle = await held(cluster);
  const halves: Held[] = [];
  await fill(cluster);
  // A quarter to warm up: pools grow, code is compiled.
  for (const share of [0.25, 0.375, 0.375]) {
    await churn(cluster, seconds * 1000 * share, halves.length);
    await untilWhole(probe);
    halves.push(await held(cluster));
  }
  const [start, middle, end] = halves as [Held, Held, Held]; // as many as shares
  const problems: string[] = [];
  for (const name of end.memory.keys()) {
    // Every member has one.
    const [a, b, c] = [start, middle, end].map(({ memory }) => memory.get(name) as Memory) as [Memory, Memory, Memory];
    write(
      `churn  ${name.padEnd(11)} heap ${mb(a.heapUsed)}, ${mb(b.heapUsed)}, ${mb(c.heapUsed)} MB; ` +
        `resident ${mb(a.rss)}, ${mb(b.rss)}, ${mb(c.rss)} MB (start, middle, end)`,
    );
    if (c.heapUsed > b.heapUsed * GROWTH)
      problems.push(`${name}: the heap grew from ${mb(b.heapUsed)} to ${mb(c.heapUsed)} MB`);
    if (c.rss > b.rss * GROWTH) problems.push(`${name}: resident memory grew from ${mb(b.rss)} to ${mb(c.rss)} MB`);
  }
  let last = end;
  const isBack = (): boolean =>
    last.sessions <= allowed(idle.sessions) &&
    [...last.sockets].every(([name, count]) => count <= allowed(idle.sockets.get(name) ?? 0));
  for (const deadline = performance.now() + SETTLE_MS; !isBack() && performance.now() < deadline; await pause(1000))
    last = { ...(await counted(cluster)), memory: end.memory };
  const sockets = [...last.sockets].map(([name, count]) => `${name} ${idle.sockets.get(name)} → ${count}`).join(', ');
  write(`churn  sockets ${sockets}; sessions of PostgreSQL ${idle.sessions} → ${last.sessions} (before, after)`);
  if (!isBack()) problems.push('sockets or sessions are more than before, 75 s after the end');
  for (const member of [...cluster.gateways, ...cluster.subgraphs.values()])
    if (member.isMissing()) problems.push(`${member.name} ended by itself`);
  write(`churn ${problems.length === 0 ? 'passed' : 'FAILED'}  ${seconds} s of coming and going`);
  for (const problem of problems) write(`       ${problem}`);
  return problems.length === 0;
}

const mb = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0);
const allowed = (before: number): number => Math.max(before * GROWTH, before + 4);

async function untilWhole(probe: { isWhole(): Promise<boolean> }): Promise<void> {
  for (const deadline = performance.now() + 60_000; !(await probe.isWhole()); await pause(250))
    if (performance.now() > deadline) throw new Error('not whole after 60 s');
}

async function counted(cluster: Cluster): Promise<Omit<Held, 'memory'>> {
  const members = [...cluster.gateways, ...cluster.subgraphs.values()];
  const [row] = await cluster.sql(
    "select count(*)::int as sessions from pg_stat_activity where application_name <> ''",
  );
  return {
    sessions: Number(row?.['sessions']),
    sockets: new Map(
      await Promise.all(members.map(async (member) => [member.name, await socketsOf(member.process().pid)] as const)),
    ),
  };
}

async function held(cluster: Cluster): Promise<Held> {
  const members = [...cluster.gateways, ...cluster.subgraphs.values()];
  return {
    ...(await counted(cluster)),
    memory: new Map(await Promise.all(members.map(async (member) => [member.name, await member.memory()] as const))),
  };
}

const query = (round: number | string, number: number): string =>
  `query Q${round}_${number} {
    f${number}: creditFile(uscc: "${codeOf(number % ENTITIES)}") {
      uscc n${number}: entity { name }
      administrativeActs(first: ${1 + (number % 20)}) { nodes { documentNo } }
      evaluations { grade }
    }
  }`;
const post = async (url: string, dispatcher: Agent, text: string, signal: AbortSignal): Promise<void> => {
  const response = await request(`${url}/graphql`, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: text }),
    signal,
  });
  await response.body.dump();
};

/** Every gateway is sent so many texts that each cache by text is full. */
async function fill({ gateways }: Cluster): Promise<void> {
  const agent = new Agent({ connections: 8 });
  let next = 0;
  const work = async (): Promise<void> => {
    for (let number = next++; number < TEXTS_TO_FILL; number = next++) {
      for (const { url } of gateways) await post(url, agent, query('fill', number), AbortSignal.timeout(20_000));
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  await agent.destroy();
}

async function churn(cluster: Cluster, ms: number, round: number): Promise<void> {
  const ending = AbortSignal.timeout(ms);
  const urls = cluster.gateways.map(({ url }) => url);
  const urlOf = (number: number): string => urls[number % urls.length] as string; // there is one
  const agent = new Agent({ connections: 32 });
  const at = async (perSecond: number, work: (number: number) => Promise<void>): Promise<void> => {
    const running = new Set<Promise<void>>();
    for (let number = 0; !ending.aborted; number += 1) {
      if (running.size < 50) {
        const one: Promise<void> = work(number)
          .catch(() => {})
          .finally(() => running.delete(one));
        running.add(one);
      }
      await pause(1000 / perSecond);
    }
    await Promise.all(running);
  };
  const stream = async (index: number): Promise<void> => {
    for (let turn = index; !ending.aborted; turn += 1) {
      const open = turn % 2 === 0 ? followByWebSocket : followBySse;
      try {
        await using following = await open(
          urlOf(turn),
          null,
          `subscription {
            nameListChanges(filter: {}) {
              __typename
              ... on NameListChange { entry { grounds subject { name } } }
            }
          }`,
        );
        await following.next();
        await pause(200 + ((turn * 331) % 2000));
      } catch {
        await pause(500);
      }
    }
  };
  const disturb = async (): Promise<void> => {
    for (let turn = 0; !ending.aborted; turn += 1) {
      await pause(Math.min(FAULT_EVERY_MS, ms / 3), undefined, { signal: ending }).catch(() => {});
      if (ending.aborted) return;
      const kinds: (() => Promise<unknown> | void)[] = [
        () =>
          cluster.sql(
            `select pg_terminate_backend(pid)
              from pg_stat_activity
              where application_name <> '' and pid <> pg_backend_pid()`,
          ),
        () => cluster.proxy('namelist').reset(),
        () => cluster.redis?.crash(),
        async () => {
          cluster.proxy('disclosure').set({ kind: 'blackhole' });
          await pause(3000);
          cluster.proxy('disclosure').set({ kind: 'pass' });
        },
      ];
      await kinds[turn % kinds.length]?.();
    }
  };
  await Promise.all([
    at(NEW_TEXTS_A_SECOND, (number) => post(urlOf(number), agent, query(round, number), AbortSignal.timeout(20_000))),
    at(ABORTS_A_SECOND, (number) =>
      post(urlOf(number), agent, query(round, number % 50), AbortSignal.timeout(1 + (number % 40))),
    ),
    ...Array.from({ length: STREAMS }, (_, index) => stream(index)),
    disturb(),
  ]);
  await agent.destroy();
}
