import { corpus } from '#test/hostile/corpus.ts';
import type { Bench } from '#test/bench/bench.ts';
import type { Load, Loaded } from '#test/bench/client.ts';
import { openFileDatabase, ENTITIES } from '#test/bench/files/dataset.ts';
import { singles } from '#test/bench/files/operations.ts';
import { openBank } from '#test/bench/files/bank.ts';
import { startWorker, type Worker } from '#test/bench/processes.ts';
import { type Figure, noMore, verdict } from '#test/bench/results.ts';
import type { Attacked, Task } from './attacker.ts';

// Row 12: what one public client costs everybody else that sends the worst of the hostile requests, in throughput.

const WORST = 10;
const PER_SECOND = 20;
const ATTACK_MS = 60_000;
/** The others' throughput is measured by slices of about so long, before, during and after. */
const SLICE_SECONDS = 8;
const QUIET_SLICES = 3;
/** Each request is sent so often to learn what it costs: what PostgreSQL spends is counted in ticks of 10 ms. */
const TIMES = 10;

interface Dear {
  readonly index: number;
  /** µs of CPU of Node and PostgreSQL. */
  readonly cost: number;
}

export async function runHostile({ client, settings, say }: Bench): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await openFileDatabase(settings, say));
  const bank = stack.use(await openBank(database.url));
  const attacker = stack.use(await startWorker<null>('attacker', './hostile/attacker.ts'));
  const ask = <Result>(task: Task): Promise<Result> => attacker.call<Result>(task);
  const startGateway = (budgets: 'raised' | 'of the public'): Promise<Worker<string>> =>
    startWorker<string>('gateway', './files/ours.ts', { ...bank.given, url: database.url, guards: true, budgets });

  /** The dearest first. By a gateway whose budgets never end, which would hide what is dear behind a refusal. */
  const rank = async (): Promise<Dear[]> => {
    await using gateway = await startGateway('raised');
    const url = new URL(gateway.ready).origin;
    const spent = async (): Promise<number> =>
      (await Promise.all([gateway.cpu(), database.cpu()])).reduce((sum, part) => sum + part);
    const all: Dear[] = [];
    for (const index of corpus.keys()) {
      await ask({ task: 'repeat', url, index, times: 2 }); // plans and code are made once
      const before = await spent();
      await ask({ task: 'repeat', url, index, times: TIMES });
      all.push({ index, cost: ((await spent()) - before) / TIMES });
    }
    return all.toSorted((one, other) => other.cost - one.cost);
  };
  say(`row 12: what each of ${corpus.length} hostile requests costs`);
  const worst = (await rank()).slice(0, WORST);

  const gateway = stack.use(await startGateway('of the public'));
  const load: Omit<Load, 'operations'> = {
    url: gateway.ready,
    bodies: singles(ENTITIES[settings.scale]).scored,
    headers: bank.headers,
    inFlight: settings.inFlight,
  };
  let from = 0;
  /** @returns operations a second of the others */
  const run = async (operations: number): Promise<number> => {
    const { milliseconds, wrong } = await client.call<Loaded>({ ...load, operations, from });
    if (wrong.length > 0) throw new Error(`a bank that is not attacked failed: ${wrong.join('\n')}`);
    from += operations;
    return (operations * 1000) / milliseconds;
  };
  await run(settings.fileOperations);
  const slice = Math.ceil((await run(5 * settings.fileOperations)) * SLICE_SECONDS);
  const runSlices = async (goesOn: (slices: number) => boolean): Promise<number[]> => {
    const rates: number[] = [];
    while (goesOn(rates.length)) rates.push(await run(slice));
    return rates;
  };
  const isQuiet = (slices: number): boolean => slices < QUIET_SLICES;
  say(`row 12: a bank in the way of one who sends the worst ${WORST} at ${PER_SECOND} a second`);
  const before = await runSlices(isQuiet);
  await ask({
    task: 'begin',
    url: new URL(gateway.ready).origin,
    indices: worst.map(({ index }) => index),
    perSecond: PER_SECOND,
  });
  const begunAt = performance.now();
  const during = await runSlices(() => performance.now() - begunAt < ATTACK_MS);
  const attacked = await ask<Attacked>({ task: 'end' });
  const after = await runSlices(isQuiet);

  // Means: the dearest seconds are the first, before the budget is spent.
  const mean = (rates: readonly number[]): number => rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const lost = 1 - mean(during) / mean([...before, ...after]);
  const displayed = (rates: readonly number[]): string => rates.map((rate) => rate.toFixed(0)).join(' ');
  return [
    {
      row: '12',
      measure: `one public client with the worst ${WORST} hostile requests at ${PER_SECOND}/s: what others lose of their throughput`,
      figure: `${(100 * lost).toFixed(1)} %`,
      ...verdict(lost * 100, noMore(20, '%'), null),
      notes: [
        `files a second of a bank, ${settings.inFlight} in flight, by slices of about ${SLICE_SECONDS} s: before ${displayed(before)}; during ${displayed(during)}; after ${displayed(after)}`,
        `hostile requests answered: ${attacked.sent}, ${Object.entries(attacked.statuses)
          .map(([status, count]) => `${count} with ${status}`)
          .join(', ')}; p99 ${attacked.p99.toFixed(0)} ms`,
        ...worst.map(
          ({ index, cost }) => `${(cost / 1000).toFixed(1)} ms of CPU: ${corpus[index]?.group}: ${corpus[index]?.name}`,
        ),
      ],
    },
  ];
}
