import type { EngineCosts } from './engine/rows.ts';
import type { FileCosts } from './files/rows.ts';
import type { IngestCosts } from './ingest/rows.ts';
import { type Cost, median } from './measure.ts';

/** One row of design §9. */
export interface Result {
  readonly row: string;
  readonly measure: string;
  readonly parts: readonly Cost[];
  /**
   * As the design's table has it: cost against the peer's cost, or the share of the peer's speed. The median over pairs of
   * neighbouring rounds, so that a machine that slows down meanwhile slows both; the parts are medians of their own.
   */
  readonly ratio: number;
  /** The least and the greatest of the pairs. */
  readonly spread: readonly [number, number];
  readonly must: Bound;
  readonly goal: Bound;
}

export interface Bound {
  readonly kind: 'at most' | 'at least';
  readonly value: number;
  readonly text: string;
}

const atMost = (value: number, text: string): Bound => ({ kind: 'at most', value, text: `≤ ${text}` });
const atLeast = (percent: number): Bound => ({ kind: 'at least', value: percent / 100, text: `≥ ${percent} %` });
const isMet = (ratio: number, { kind, value }: Bound): boolean =>
  kind === 'at most' ? ratio <= value : ratio >= value;

export function compare(
  row: string,
  measure: string,
  over: Cost,
  under: Cost,
  must: Bound,
  goal: Bound,
  ratioOf: (over: number, under: number) => number = (one, other) => one / other,
): Result {
  const pairs = over.rounds.map((total, round) => ratioOf(total, under.rounds[round] ?? Number.NaN));
  return {
    row,
    measure,
    parts: [over, under],
    ratio: median(pairs),
    spread: [Math.min(...pairs), Math.max(...pairs)],
    must,
    goal,
  };
}

export const engineResults = ({ ours, apolloGateway, inProcess, monolith }: EngineCosts): Result[] => [
  compare(
    '1',
    'gateway, four HTTP subgraphs, against @apollo/gateway; guards off',
    ours,
    apolloGateway,
    atMost(1 / 3, '1/3'),
    atMost(1 / 4, '1/4'),
  ),
  compare(
    '2',
    'in process, subgraphs included, against @apollo/gateway alone',
    inProcess,
    apolloGateway,
    atMost(1 / 6, '1/6'),
    atMost(1 / 8, '1/8'),
  ),
  compare(
    '3',
    'in process against one Apollo Server with all resolvers',
    inProcess,
    monolith,
    atMost(1 / 2, '1/2'),
    atMost(1 / 3, '1/3'),
  ),
];

/** Rows 4: how much of the bare statement's speed is left, in CPU of Node and PostgreSQL together. Row 5: what all guards add. */
export function fileResults({ one, hundred, guards }: FileCosts): Result[] {
  return [
    compare(
      '4',
      'one credit file, in process, guards off: speed of one SQL',
      one.sql,
      one.unguarded,
      atLeast(40),
      atLeast(50),
    ),
    compare('4', 'one credit file, in process, guards on', one.sql, one.guarded, atLeast(40), atLeast(50)),
    compare('4', '100 credit files at once, guards off', hundred.sql, hundred.unguarded, atLeast(60), atLeast(70)),
    compare('4', '100 credit files at once, guards on', hundred.sql, hundred.guarded, atLeast(60), atLeast(70)),
    compare(
      '5',
      'all guards: token, policy, cost, budget, audit; what they add',
      guards.on,
      guards.off,
      atMost(0.2, '20 %'),
      atMost(0.1, '10 %'),
      (on, off) => on / off - 1,
    ),
  ];
}

/** Row 6: how much of COPY's rows in a second is left, by the clock. */
export const ingestResults = (sizes: readonly IngestCosts[]): Result[] =>
  sizes.map(({ ingest, copied, rows }) =>
    compare(
      '6',
      `ingest of ${rows.toLocaleString('en')} licences, all checks: rows/s of a bare COPY`,
      copied,
      ingest,
      atLeast(40),
      atLeast(60),
    ),
  );

export const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)} %`;

/** An operation of row 6 is one row of the file. */
export function table(results: readonly Result[]): string {
  const lines: string[][] = [['row', 'measure and its parts', 'µs CPU/op', 'ratio', '(rounds)', 'must', 'goal', 'met']];
  for (const { row, measure, parts, ratio, spread, must, goal } of results) {
    const met = isMet(ratio, goal) ? 'goal' : isMet(ratio, must) ? 'must' : 'NO';
    lines.push([
      row,
      measure,
      '',
      percent(ratio),
      `${percent(spread[0])} … ${percent(spread[1])}`,
      must.text,
      goal.text,
      met,
    ]);
    for (const { name, parts: costs, total, note } of parts) {
      const split =
        Object.keys(costs).length > 1
          ? ` = ${Object.entries(costs)
              .map(([part, cost]) => `${part} ${cost.toFixed(0)}`)
              .join(' + ')}`
          : '';
      lines.push(['', `  ${name}${split}; ${note}`, total.toFixed(0), '', '', '', '', '']);
    }
  }
  return aligned(lines);
}

/** A row of design §9 that has no peer: what was measured against a number. */
export interface Figure extends Verdict {
  readonly row: string;
  readonly measure: string;
  readonly figure: string;
  /** What else was seen in the run. */
  readonly notes: readonly string[];
}

interface Verdict {
  readonly must: string;
  readonly goal: string;
  readonly met: string;
}

const grouped = (value: number): string => value.toLocaleString('en').replaceAll(',', ' ');
export const noMore = (value: number, unit: string): Bound => ({
  kind: 'at most',
  value,
  text: `≤ ${grouped(value)} ${unit}`,
});
export const noLess = (value: number, unit: string): Bound => ({
  kind: 'at least',
  value,
  text: `≥ ${grouped(value)}${unit}`,
});

/** Without bounds: the design names none. */
export function verdict(value: number, must: Bound | null, goal: Bound | null): Verdict {
  const met = goal && isMet(value, goal) ? 'goal' : must && isMet(value, must) ? 'must' : must ? 'NO' : '';
  return { must: must?.text ?? '', goal: goal?.text ?? '', met };
}

export function figureTable(figures: readonly Figure[]): string {
  const lines = [
    ['row', 'measure', 'measured', 'must', 'goal', 'met'],
    ...figures.map(({ row, measure, figure, must, goal, met }) => [row, measure, figure, must, goal, met]),
  ];
  // What is said beside a figure stands under its row and widens no column.
  return aligned(lines)
    .split('\n')
    .flatMap((line, index) => [line, ...(figures[index - 1]?.notes ?? []).map((note) => `       ${note}`)])
    .join('\n');
}

export function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => [...(line[column] ?? '')].length)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
