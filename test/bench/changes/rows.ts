import type { Bench } from '#test/bench/bench.ts';
import { profileWhile } from '#test/bench/profile.ts';
import { type Figure, noMore, noLess, verdict } from '#test/bench/results.ts';
import { type CatchUpMeasured, measureCatchUp } from './catchUp.ts';
import { type Around, type FanOut, type FanOutMeasured, measureFanOut } from './fanOut.ts';
import { type IdleMeasured, measureIdle } from './idle.ts';
import { measureSlow, type SlowMeasured, type SlowSize } from './slow.ts';
import { openStage } from './stage.ts';
import type { Spread } from './subscribers.ts';

/** `full` is what design §9 asks for. */
export const SIZES: Readonly<
  Record<
    'ci' | 'full',
    {
      readonly one: FanOut;
      readonly all: FanOut;
      readonly idle: number;
      readonly events: number;
      readonly slow: SlowSize;
    }
  >
> = {
  ci: {
    one: { of: '1 %', subscribers: 400, rate: 100, perTransaction: 10, seconds: 8, warmUpSeconds: 2 },
    all: { of: 'everything', subscribers: 200, rate: 10, perTransaction: 1, seconds: 8, warmUpSeconds: 2 },
    idle: 500,
    events: 10_000,
    slow: { others: 200, rate: 200, perTransaction: 10, seconds: 20, pairs: 2 },
  },
  full: {
    one: { of: '1 %', subscribers: 1000, rate: 500, perTransaction: 10, seconds: 30, warmUpSeconds: 6 },
    all: { of: 'everything', subscribers: 1000, rate: 20, perTransaction: 1, seconds: 30, warmUpSeconds: 5 },
    idle: 5000,
    events: 50_000,
    slow: { others: 1000, rate: 200, perTransaction: 10, seconds: 20, pairs: 5 },
  },
};

/** What can be profiled of the gateway: rows 7 and 8, and one of the four catch-ups of row 10. */
const PROFILES = ['7', '8', '10', '10-page', '10-others', '10-others-page'];

export const changeRows = ['7', '8', '9', '10', '11'] as const;

/** Rows 7 to 11, those that are wanted. With a profile of one of them nothing is measured. */
export async function runChanges(
  { settings, say }: Bench,
  wanted: ReadonlySet<string>,
  profile: { readonly name: string; readonly file: string } | null,
): Promise<Figure[]> {
  if (profile && !PROFILES.includes(profile.name))
    throw new Error(`--profile is "${profile.name}"; here there are ${PROFILES.join(', ')}`);
  await using stage = await openStage(settings, say);
  const size = SIZES[settings.scale];
  const around: Around = async (gateway, operations, work) => {
    if (!profile) return work();
    for (const line of await profileWhile(gateway, operations, profile.file, work)) process.stdout.write(`${line}\n`);
  };
  const figures: Figure[] = [];
  if (wanted.has('7')) figures.push(fanOutFigure('7', await measureFanOut(stage, size.one, around)));
  if (wanted.has('8')) figures.push(fanOutFigure('8', await measureFanOut(stage, size.all, around)));
  if (wanted.has('9')) figures.push(idleFigure(await measureIdle(stage, size.idle)));
  if (wanted.has('10'))
    figures.push(
      ...(await measureCatchUp(stage, size.events, around, profile && profiledCatchUp(profile.name))).map(
        catchUpFigure,
      ),
    );
  if (wanted.has('11')) figures.push(slowFigure(await measureSlow(stage, size.slow)));
  return profile ? [] : figures;
}

const profiledCatchUp = (name: string) =>
  ({
    fields: name.includes('others') ? 'others' : 'own',
    transport: name.includes('page') ? 'page' : 'stream',
  }) as const;

const many = (value: number): string => Math.round(value).toLocaleString('en');
const spread = ({ p50, p99, max }: Spread): string =>
  `p50 ${p50.toFixed(0)}, p99 ${p99.toFixed(0)}, max ${max.toFixed(0)} ms`;

function fanOutFigure(row: '7' | '8', { size, rate, messages, fromCommit, fromDue, spent }: FanOutMeasured): Figure {
  return {
    row,
    measure: `commit → client, p99: ${many(size.subscribers)} subscribers of ${size.of}, ${size.rate} changes/s for ${size.seconds} s`,
    figure: `${fromCommit.p99.toFixed(0)} ms`,
    ...(row === '7'
      ? verdict(fromCommit.p99, noMore(500, 'ms'), noMore(250, 'ms'))
      : verdict(fromCommit.p99, null, null)),
    notes: [
      `from the commit: ${spread(fromCommit)}; from when the change was due: ${spread(fromDue)}`,
      `${many(messages)} messages, each change once to each who follows it; ${many(messages / size.seconds)}/s; written at ${many(rate)}/s`,
      spent,
    ],
  };
}

function idleFigure({ subscribers, each, before, after, spent }: IdleMeasured): Figure {
  const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return {
    row: '9',
    measure: `resident memory of the gateway for each of ${many(subscribers)} idle subscribers`,
    figure: `${each.resident.toFixed(1)} KiB`,
    ...verdict(each.resident, noMore(50, 'KB'), noMore(30, 'KB')),
    notes: [
      `${mebibytes(before.resident)} before, ${mebibytes(after.resident)} after, both collected (as they stood: ${mebibytes(before.uncollected)} and ${mebibytes(after.uncollected)}, ${each.uncollected.toFixed(1)} KiB each); of each ${each.heap.toFixed(1)} KiB in the heap, whose pages grew by ${each.heapPages.toFixed(1)}, and ${each.external.toFixed(1)} KiB in buffers beside it`,
      spent,
    ],
  };
}

function catchUpFigure({ fields, transport, events, rates, median, bytesEach, spent }: CatchUpMeasured): Figure {
  const least = fields === 'own' ? 20_000 : 2000;
  return {
    row: '10',
    measure: `catch-up with ${many(events)} changes, ${fields === 'own' ? 'fields of the change itself' : 'with fields of three subgraphs'}, ${transport === 'stream' ? 'one WebSocket' : 'pages of 1,000'}`,
    figure: `${many(median)}/s`,
    ...verdict(median, noLess(least, '/s'), noLess(2 * least, '/s')),
    notes: [`runs: ${rates.map(many).join(', ')}/s; ${many(bytesEach)} bytes each`, spent],
  };
}

function slowFigure({ size, reading, stopped, medians, closed, spent }: SlowMeasured): Figure {
  const ratio = medians.stopped / medians.reading;
  const isMet = ratio <= 1.2 || medians.stopped - medians.reading <= 50;
  const list = (values: readonly number[]): string => values.map((value) => value.toFixed(0)).join(', ');
  return {
    row: '11',
    measure: `p99 of ${many(size.others)} others when one stops reading, against when it reads; ${size.rate} changes/s, ${size.pairs} pairs of runs of ${size.seconds} s`,
    figure: `${medians.stopped.toFixed(0)} : ${medians.reading.toFixed(0)} ms`,
    must: '≤ 1.2× or + 50 ms',
    goal: '',
    met: isMet ? 'must' : 'NO',
    notes: [
      `p99 with it stopped: ${list(stopped)} ms; with it reading: ${list(reading)} ms`,
      `closed with 4413 in each of ${closed.length} runs, after ${list(closed.map(({ before }) => before))} changes; from the cursor in the reason it had all that were left, each once`,
      spent,
    ],
  };
}
