import { median } from '#test/bench/measure.ts';
import type { Worker } from '#test/bench/processes.ts';
import type { Around } from './fanOut.ts';
import { catchUps } from './queries.ts';
import { ask, type Stage, watch, write } from './stage.ts';
import type { Bearer, CaughtUp, Task } from './subscribers.ts';

export interface CatchUpMeasured {
  readonly fields: keyof typeof catchUps;
  readonly transport: 'stream' | 'page';
  readonly events: number;
  /** Events a second, of each run. */
  readonly rates: readonly number[];
  readonly median: number;
  readonly bytesEach: number;
  readonly spent: string;
}

const RUNS = 3;
const WARM_UP = 5000;
const PER_TRANSACTION = 500;

/** Who catches up. */
export const catchesUp = (stage: Stage, gateway: Worker<string>): Bearer =>
  stage.bearer(gateway, 'PROVINCIAL_PLATFORM');

/** Writes so many changes. @returns the cursor of one who was there before them */
export async function fallBehind(
  stage: Stage,
  gateway: Worker<string>,
  client: Worker<null>,
  events: number,
): Promise<string> {
  // From a stream's own checkpoint: it was there, and has lost its connection.
  await ask(client, {
    task: 'open',
    query: catchUps.own.stream,
    streams: [{ ...catchesUp(stage, gateway), share: { of: 'everything' } }],
  });
  const after = await ask<string>(client, { task: 'cursor' });
  await ask(client, { task: 'close' });
  stage.say(`catching up with ${events} changes: writing them`);
  await write(stage, { changes: events, perTransaction: PER_TRANSACTION, rate: null });
  await stage.numbered();
  return after;
}

/**
 * Row 10: one connection that comes back after so many changes, alone on the machine's gateway. `only`: the one that is
 * profiled.
 */
export async function measureCatchUp(
  stage: Stage,
  events: number,
  around: Around,
  only: { fields: keyof typeof catchUps; transport: 'stream' | 'page' } | null,
): Promise<CatchUpMeasured[]> {
  await using gateway = await stage.startGateway();
  await using client = await stage.startSubscribers('client');
  const bearer = catchesUp(stage, gateway);
  const after = await fallBehind(stage, gateway, client, events);

  const measured: CatchUpMeasured[] = [];
  for (const fields of ['own', 'others'] as const) {
    for (const transport of ['stream', 'page'] as const) {
      if (only && (only.fields !== fields || only.transport !== transport)) continue;
      const task = (changes: number): Task => ({
        task: 'catch up',
        transport,
        query: catchUps[fields][transport],
        bearer,
        after,
        changes,
      });
      if (transport === 'stream') await ask(client, task(Math.min(events, WARM_UP)));
      const runs: CaughtUp[] = [];
      stage.say(`catching up, ${fields}, ${transport}`);
      await around(gateway, RUNS * events, async () => {
        const { spent } = await watch(
          { gateway: gateway.cpu, postgres: stage.server.cpu, client: client.cpu },
          async () => {
            for (let run = 0; run < RUNS; run += 1) runs.push(await ask<CaughtUp>(client, task(events)));
          },
          { count: RUNS * events, what: 'change' },
        );
        const rates = runs.map(({ seconds }) => events / seconds);
        measured.push({
          fields,
          transport,
          events,
          rates,
          median: median(rates),
          bytesEach: median(runs.map(({ bytes }) => bytes / events)),
          spent,
        });
      });
    }
  }
  return measured;
}
