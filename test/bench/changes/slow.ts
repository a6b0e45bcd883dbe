import { setTimeout as pause } from 'node:timers/promises';
import { median } from '#test/bench/measure.ts';
import type { Worker } from '#test/bench/processes.ts';
import { BULKY, LIVE } from './queries.ts';
import { allCome, ask, subscribings, follow, type Load, type Stage, watch } from './stage.ts';
import type { CameBack, Judged, Subscribing } from './subscribers.ts';

export interface SlowSize extends Load {
  readonly others: number;
  /** Runs with one that stops reading, and as many in which it reads. */
  readonly pairs: number;
}

export interface SlowMeasured {
  readonly size: SlowSize;
  /** p99 of the others from the commit on, of each run. */
  readonly reading: readonly number[];
  readonly stopped: readonly number[];
  readonly medians: { readonly reading: number; readonly stopped: number };
  /** Of those that stopped. */
  readonly closed: readonly CameBack[];
  readonly spent: string;
}

const WARM_UP_SECONDS = 3;
const STOPS_AFTER_MS = 1000;
const TOO_SLOW = 4413;

/** Row 11: one of many stops reading. Its own asks for everything, 9 KB a change, in all runs; in every other one it stops. */
export async function measureSlow(stage: Stage, size: SlowSize): Promise<SlowMeasured> {
  await using stack = new AsyncDisposableStack();
  stage.say(`${size.others} subscribers and one that stops reading: ${size.pairs} pairs of runs`);
  const audience = await openAudience(stage, size, stack);
  const { gateway, others } = audience;

  const p99s: { reading: number[]; stopped: number[] } = { reading: [], stopped: [] };
  const closed: CameBack[] = [];
  const { spent } = await watch(
    { gateway: gateway.cpu, postgres: stage.server.cpu, writer: stage.writer.cpu, subscribers: others.cpu },
    async () => {
      for (let run = 0; run < 2 * size.pairs; run += 1) {
        const stops = run % 2 === 1;
        const { p99, back } = await runOnce(stage, size, audience, stops);
        if (back) closed.push(back);
        p99s[stops ? 'stopped' : 'reading'].push(p99);
      }
    },
  );
  return { size, ...p99s, medians: { reading: median(p99s.reading), stopped: median(p99s.stopped) }, closed, spent };
}

type Audience = Awaited<ReturnType<typeof openAudience>>;

/** A gateway with the others, warmed up, and the one that will stop; all end with `owner`. */
export async function openAudience(stage: Stage, size: SlowSize, owner: AsyncDisposableStack) {
  const gateway = owner.use(await stage.startGateway());
  const others = owner.use(await stage.startSubscribers('subscribers'));
  const slow = owner.use(await stage.startSubscribers('the one that stops'));
  const streams = subscribings(stage, gateway, size.others, '1 %');
  await ask(others, { task: 'open', query: LIVE, streams });
  const stream: Subscribing = { ...stage.bearer(gateway, 'PUBLIC'), share: { of: 'everything' } };
  await follow(stage, others, streams, { ...size, seconds: WARM_UP_SECONDS });
  return { gateway, others, slow, streams, stream };
}

/** @returns the others' p99 from the commit on, and what became of the one that stopped */
async function runOnce(
  stage: Stage,
  size: SlowSize,
  { others, slow, streams, stream }: Audience,
  stops: boolean,
): Promise<{ readonly p99: number; readonly back: CameBack | null }> {
  await ask(slow, { task: 'open', query: BULKY, streams: [stream] });
  await ask(slow, { task: 'forget' });
  const [{ fromCommit, written }, back] = await Promise.all([
    follow(stage, others, streams, size),
    stops ? stopAndComeBack(slow, stream, size.seconds) : null,
  ]);
  await allCome(slow, [stream], written);
  await ask<Judged>(slow, { task: 'judge', written });
  await ask(slow, { task: 'close' });
  return { p99: fromCommit.p99, back };
}

/** @returns the others' p99 from the commit on while one stops reading, who leaves before it would be closed */
export async function followBesideStopped(
  stage: Stage,
  size: SlowSize,
  { others, slow, streams, stream }: Audience,
): Promise<number> {
  await ask(slow, { task: 'open', query: BULKY, streams: [stream] });
  const [{ fromCommit }] = await Promise.all([
    follow(stage, others, streams, size),
    pause(STOPS_AFTER_MS).then(() => ask(slow, { task: 'stop reading' })),
  ]);
  await ask(slow, { task: 'close' });
  return fromCommit.p99;
}

async function stopAndComeBack(slow: Worker<null>, stream: Subscribing, seconds: number): Promise<CameBack> {
  await pause(STOPS_AFTER_MS);
  await ask(slow, { task: 'stop reading' });
  // It is closed after some megabytes and ten seconds; then the gateway waits half a minute for the closing to be heard.
  await pause(seconds * 1000 - STOPS_AFTER_MS);
  const back = await ask<CameBack>(slow, { task: 'come back', query: BULKY, stream });
  if (back.code !== TOO_SLOW) throw new Error(`the one that stopped reading was closed with ${back.code}`);
  return back;
}
