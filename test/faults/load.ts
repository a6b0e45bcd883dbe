import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { createFindings, type Findings } from './findings.ts';
import { type Follower, followAll } from './followers.ts';
import { createLoadClient, type LoadClient } from './loadClient.ts';
import { judge } from './oracle.ts';
import { batch, file, list, MIX, type Question, search } from './questions.ts';
import { type Write, writeUntilStopped } from './writer.ts';

// Sixty seconds of everything that clients do, at a fixed rate whatever is answered, and a judgement of each answer.
// Bounded: so many requests under way, so many seconds, 127.0.0.1 alone.

const RATE = 15; // requests a second, over all gateways
const MAX_UNDER_WAY = 400;
const DRAIN_MS = 20_000;

export interface LoadReport {
  readonly right: number;
  readonly partial: number;
  readonly refused: number;
  /** Requests whose connection broke off, or that found nobody: allowed while a gateway is what is broken. */
  readonly lost: number;
  /** Not sent, because too many were under way. */
  readonly skipped: number;
  readonly slowestMs: number;
  /** 99 of 100 answers before the fault, and in the last quarter. ms */
  readonly p99Ms: number;
  readonly writes: { readonly acknowledged: number; readonly uncertain: number };
  readonly events: number;
  /** What was wrong, how often, and with what for example. */
  readonly violations: ReadonlyMap<string, { count: number; readonly example: string }>;
}

export interface Load {
  start(): void;
  /** Ends it, waits for what is under way and for the last change to arrive, and compares with the database. */
  stop(): Promise<LoadReport>;
  /** Whether both gateways answer everything, and rightly, now. */
  isWhole(): Promise<boolean>;
  /** Answers so far. */
  readonly answered: () => number;
}

export interface LoadOptions {
  /** Whether connections to the gateways may break: a gateway is what is broken. */
  readonly mayLose?: boolean | undefined;
  /** Whether an answer may be that the text was not planned: the planner is what is broken. */
  readonly mayFailPlanning?: boolean | undefined;
  /** A number that no other load on the same database has. */
  readonly run: number;
}

/** The load on all gateways of the cluster; it begins with `start`. */
export function createLoad(cluster: Cluster, { mayLose = false, mayFailPlanning = false, run }: LoadOptions): Load {
  const client = createLoadClient(cluster);
  const findings = createFindings(mayLose);
  const ending = new AbortController();
  const following = new AbortController();
  const writes: Write[] = [];
  let working: readonly Promise<void>[] = [];
  let listening: ReturnType<typeof followAll> | null = null;
  return {
    start() {
      working = [
        sendUntilStopped({ client, findings, run, mayFailPlanning, signal: ending.signal }),
        writeUntilStopped(writes, { client, findings, run, signal: ending.signal }),
      ];
      listening = followAll({ client, findings, signal: following.signal });
    },
    answered: () => findings.answered(),
    isWhole: () => isWhole(client),
    async stop() {
      ending.abort();
      await Promise.all(working);
      const acknowledged = writes.filter((each) => each.acknowledged);
      const followers = listening?.followers ?? [];
      await untilAllSeen(followers, acknowledged);
      following.abort();
      await listening?.ended;
      compareWithFollowers(followers, acknowledged, findings);
      await compareWithDatabase(cluster, writes, findings);
      await client[Symbol.asyncDispose]();
      return {
        ...findings.counts,
        slowestMs: findings.slowestMs(),
        p99Ms: findings.p99Ms(),
        writes: { acknowledged: acknowledged.length, uncertain: writes.length - acknowledged.length },
        violations: findings.violations,
      };
    },
  };
}

interface Sender {
  readonly client: LoadClient;
  readonly findings: Findings;
  readonly run: number;
  readonly mayFailPlanning: boolean;
  readonly signal: AbortSignal;
}

/** Asks at the fixed rate until it is stopped, and waits for what is under way then. */
async function sendUntilStopped(sender: Sender): Promise<void> {
  const { client, findings, run, signal } = sender;
  const underWay = new Set<Promise<void>>();
  const startedAt = performance.now();
  for (let number = 0; !signal.aborted; number += 1) {
    const due = startedAt + (number * 1000) / RATE;
    await pause(Math.max(0, due - performance.now()));
    if (underWay.size >= MAX_UNDER_WAY) {
      findings.counts.skipped += 1;
      continue;
    }
    const question = (MIX[number % MIX.length] as (typeof MIX)[number])(number, run);
    const url = client.urlOf(Math.floor(number / MIX.length));
    const sending: Promise<void> = send(sender, url, question).finally(() => underWay.delete(sending));
    underWay.add(sending);
  }
  await Promise.all(underWay);
}

/** Asks one question, and judges the answer. */
async function send({ client, findings, mayFailPlanning }: Sender, url: string, question: Question): Promise<void> {
  const { kind, who, query, variables, expected, asksUnknown } = question;
  const answer = await client.ask(url, who, query, variables);
  findings.addDuration(answer.ms);
  if ('lost' in answer) {
    findings.addLost(kind, answer.lost, query);
    return;
  }
  findings.addAnswer(answer.ms);
  const verdict = judge(answer, expected, who, { asksUnknown, mayFailPlanning });
  if (verdict.outcome === 'wrong') findings.addViolation(kind, verdict.what, `${who.name}: ${query} → ${answer.text}`);
  else findings.counts[verdict.outcome] += 1;
}

/** Whether every gateway answers everything, and rightly, now. */
async function isWhole(client: LoadClient): Promise<boolean> {
  for (const [index, url] of client.urls.entries()) {
    for (const { who, query, variables, expected, asksUnknown } of [
      file(index),
      batch(index + 1),
      search(index),
      list(index),
    ]) {
      const answer = await client.ask(url, who, query, variables);
      if ('lost' in answer || judge(answer, expected, who, { asksUnknown }).outcome !== 'right') return false;
    }
  }
  return true;
}

/** Waits until each follower has seen every write that was acknowledged, for a while at most. */
async function untilAllSeen(followers: readonly Follower[], acknowledged: readonly Write[]): Promise<void> {
  const deadline = performance.now() + DRAIN_MS;
  const hasAll = (seen: ReadonlySet<string>): boolean => acknowledged.every(({ token }) => seen.has(token));
  while (performance.now() < deadline && !followers.every(({ seen }) => hasAll(seen))) await pause(100);
}

function compareWithFollowers(
  followers: readonly Follower[],
  acknowledged: readonly Write[],
  findings: Findings,
): void {
  for (const { name, seen } of followers) {
    const missed = acknowledged.filter(({ token }) => !seen.has(token));
    if (missed.length > 0)
      findings.addViolation(
        name,
        'changes that never came',
        `${missed.length} of ${acknowledged.length}: ${missed
          .slice(0, 5)
          .map(({ token }) => token)
          .join(' ')}`,
      );
  }
}

async function compareWithDatabase(cluster: Cluster, writes: readonly Write[], findings: Findings): Promise<void> {
  const rows = await cluster.sql(
    `select uscc, count(distinct record_id)::int as records, max(version)::int as versions
      from namelist.entry
      where uscc = any($1)
      group by uscc`,
    [writes.map(({ uscc }) => uscc)],
  );
  const stored = new Map(
    rows.map(({ uscc, records, versions }) => [uscc, { records: Number(records), versions: Number(versions) }]),
  );
  for (const { uscc, token, acknowledged: done } of writes) {
    const there = stored.get(uscc);
    if (done && !there) findings.addViolation('write', 'acknowledged and not in the database', token);
    if (there && (there.records !== 1 || there.versions !== 1))
      findings.addViolation('write', 'recorded more than once', `${token}: ${JSON.stringify(there)}`);
  }
}
