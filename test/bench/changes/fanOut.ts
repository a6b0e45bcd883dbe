import type { Worker } from '#test/bench/processes.ts';
import type { Spread } from './subscribers.ts';
import { LIVE } from './queries.ts';
import { ask, subscribings, follow, type Load, type Stage, watch } from './stage.ts';

export interface FanOut extends Load {
  readonly subscribers: number;
  readonly of: 'everything' | '1 %';
  readonly warmUpSeconds: number;
}

/** How a row is measured, or profiled in place of it. */
export type Around = (gateway: Worker<string>, operations: number, work: () => Promise<void>) => Promise<void>;

export interface FanOutMeasured {
  readonly size: FanOut;
  /** Changes a second that were written. */
  readonly rate: number;
  readonly messages: number;
  readonly fromCommit: Spread;
  readonly fromDue: Spread;
  readonly spent: string;
}

/** A gateway and its subscribers, warmed up; both end with `owner`. */
export async function openFanOut(stage: Stage, size: FanOut, owner: AsyncDisposableStack) {
  const gateway = owner.use(await stage.startGateway());
  const subscribers = owner.use(await stage.startSubscribers('subscribers'));
  const streams = subscribings(stage, gateway, size.subscribers, size.of);
  await ask(subscribers, { task: 'open', query: LIVE, streams });
  await follow(stage, subscribers, streams, { ...size, seconds: size.warmUpSeconds });
  return { gateway, subscribers, streams };
}

/** Rows 7 and 8: from the commit of a change until it is with all who follow it. */
export async function measureFanOut(stage: Stage, size: FanOut, around: Around): Promise<FanOutMeasured> {
  await using stack = new AsyncDisposableStack();
  stage.say(`${size.subscribers} subscribers of ${size.of}, ${size.rate} changes/s for ${size.seconds} s`);
  const { gateway, subscribers, streams } = await openFanOut(stage, size, stack);
  let measured: FanOutMeasured | undefined;
  await around(gateway, size.rate * size.seconds, async () => {
    const { result, spent } = await watch(
      { gateway: gateway.cpu, postgres: stage.server.cpu, writer: stage.writer.cpu, subscribers: subscribers.cpu },
      () => follow(stage, subscribers, streams, size),
      { count: size.rate * size.seconds, what: 'change' },
    );
    measured = {
      size,
      rate: result.written.rate,
      messages: result.messages,
      fromCommit: result.fromCommit,
      fromDue: result.fromDue,
      spent,
    };
  });
  await ask(subscribers, { task: 'close' });
  return measured as FanOutMeasured; // `around` has done the work
}
