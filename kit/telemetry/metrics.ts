import { collectDefaultMetrics, Counter, Gauge, type Histogram, Registry } from 'prom-client';
import type { Pool } from '#kit/postgres/pool.ts';

// Numbers in the text format of Prometheus: names, units and closed sets of words, and never a code of anybody. A
// label's values are listed where the metric is made, so that nobody outside can add a series.

/**
 * The words that each label may have; any other word is counted as `other`. The code that passes a set may add to it,
 * and bounds it.
 */
export type LabelWords<Label extends string> = Readonly<Record<Label, readonly string[] | ReadonlySet<string>>>;
export type Labels<Label extends string> = Readonly<Record<Label, string>>;

export interface Metrics {
  /** A number that is read at each scrape; null: there is no such number now, and its line is left out. */
  gauge(name: string, help: string, read: () => number | null): void;
  /** As `gauge`, by labels whose words are the process's own: names of pools and sources. */
  gauges<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    read: () => Iterable<readonly [Labels<Label>, number]>,
  ): void;
  /** As `gauge`, for a number that never falls as long as this process runs. */
  total(name: string, help: string, read: () => number): void;
  /** A counter that starts at 0. */
  counter(name: string, help: string): { add(count?: number): void };
  counters<Label extends string>(
    name: string,
    help: string,
    words: LabelWords<Label>,
  ): { add(labels: Labels<Label>): void };
  /** @param buckets upper bounds, in the unit that the name ends with */
  histogram<Label extends string>(
    name: string,
    help: string,
    words: LabelWords<Label>,
    buckets: readonly number[],
  ): { observe(labels: Labels<Label>, value: number): void };
  /** What Node and the system report about this process. Call it once in a process, since it measures all the time. */
  process(): void;
  /** Everything as text. */
  text(): Promise<string>;
  readonly contentType: string;
}

const PREFIX = 'credit_graph_';
export const OTHER = 'other';

/** 1 ms to 15 s, the deadline of an operation. */
export const OPERATION_SECONDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15,
];

/**
 * Creates the metrics of one process, which has none yet. Each name that is added begins with `credit_graph_` and ends
 * with its unit; the same name twice is an error of prom-client.
 */
export function createMetrics(): Metrics {
  const registry = new Registry();
  return {
    gauge(name, help, read) {
      const collect = function (this: Gauge): void {
        const value = read();
        if (value === null) this.remove();
        else this.set(value);
      };
      registry.registerMetric(new Gauge({ name: PREFIX + name, help, registers: [], collect }));
    },
    gauges(name, help, labels, read) {
      const collect = function (this: Gauge): void {
        this.reset();
        for (const [values, value] of read()) this.set(values, value);
      };
      registry.registerMetric(
        new Gauge({ name: PREFIX + name, help, labelNames: [...labels], registers: [], collect }),
      );
    },
    total(name, help, read) {
      const collect = function (this: Counter): void {
        this.reset();
        this.inc(read());
      };
      registry.registerMetric(new Counter({ name: PREFIX + name, help, registers: [], collect }));
    },
    counter(name, help) {
      const counter = new Counter({ name: PREFIX + name, help, registers: [registry] });
      return { add: (count = 1) => counter.inc(count) };
    },
    counters(name, help, words) {
      const cells = createCells(words, () => ({ count: 0 }));
      const collect = function (this: Counter): void {
        this.reset();
        for (const { labels, cell } of cells.all()) this.inc(labels, cell.count);
      };
      registry.registerMetric(
        new Counter({ name: PREFIX + name, help, labelNames: Object.keys(words), registers: [], collect }),
      );
      return { add: (labels) => void (cells.of(labels).count += 1) };
    },
    histogram(name, help, words, buckets) {
      const cells = createCells(words, (): Observed => ({
        sum: 0,
        counts: Array.from({ length: buckets.length + 1 }, () => 0),
      }));
      registry.registerMetric(asMetric(PREFIX + name, help, buckets, cells));
      return {
        observe(labels, value) {
          const cell = cells.of(labels);
          let at = 0;
          while (at < buckets.length && value > (buckets[at] as number)) at += 1; // within the list
          cell.counts[at] = (cell.counts[at] as number) + 1;
          cell.sum += value;
        },
      };
    },
    process() {
      collectDefaultMetrics({ register: registry });
      // Gauges with the name of a counter, and the sums of others that stay.
      for (const kind of ['handles', 'requests', 'resources'])
        registry.removeSingleMetric(`nodejs_active_${kind}_total`);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

interface Cells<Label extends string, Cell> {
  of(labels: Labels<Label>): Cell;
  all(): Iterable<{ readonly labels: Record<string, string>; readonly cell: Cell }>;
}

/**
 * A cell for each combination of words. prom-client sorts and joins the labels at each use, which takes 0.5 µs a
 * number. Here they are looked up, and prom-client receives them at a scrape.
 */
function createCells<Label extends string, Cell>(words: LabelWords<Label>, make: () => Cell): Cells<Label, Cell> {
  const names = Object.keys(words) as Label[];
  const known = names.map((name) =>
    Array.isArray(words[name]) ? new Set<string>(words[name]) : (words[name] as ReadonlySet<string>),
  );
  interface Entry {
    readonly labels: Record<string, string>;
    readonly cell: Cell;
  }
  type Branch = Map<string, Branch | Entry>;
  const root: Branch = new Map();
  const entries: Entry[] = [];
  /** One map lookup for each label: a key made of all would be made and hashed each time. */
  const find = (labels: Labels<Label>): Entry | undefined => {
    let at: Branch | Entry | undefined = root;
    for (const name of names) at = (at as Branch | undefined)?.get(labels[name]);
    return at as Entry | undefined;
  };
  const add = (entry: Entry): Entry => {
    let at = root;
    for (const name of names.slice(0, -1)) {
      let next = at.get(entry.labels[name] as string) as Branch | undefined;
      if (!next) at.set(entry.labels[name] as string, (next = new Map()));
      at = next;
    }
    at.set(entry.labels[names.at(-1) as Label] as string, entry);
    entries.push(entry);
    return entry;
  };
  return {
    of(labels) {
      const found = find(labels);
      if (found) return found.cell;
      const bounded = Object.fromEntries(
        names.map((name, at) => [name, known[at]?.has(labels[name]) ? labels[name] : OTHER]),
      ) as Record<Label, string>;
      return (find(bounded) ?? add({ labels: bounded, cell: make() })).cell;
    },
    all: () => entries,
  };
}

interface Observed {
  sum: number;
  /** By bucket, those beyond the last one at the end. */
  readonly counts: number[];
}

/** What a registry needs of a metric: its name and its present values. */
function asMetric(
  name: string,
  help: string,
  buckets: readonly number[],
  cells: Pick<Cells<string, Observed>, 'all'>,
): Histogram {
  const get = (): object => {
    const values = [...cells.all()].flatMap(({ labels, cell: { sum, counts } }) => {
      let below = 0;
      const series = [...buckets, '+Inf'].map((le, at) => ({
        metricName: `${name}_bucket`,
        labels: { le, ...labels },
        value: (below += counts[at] ?? 0),
      }));
      return [
        ...series,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: below },
      ];
    });
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  };
  return { name, get } as unknown as Histogram; // the two that a registry uses
}

/** Measures the connections of this process to its database, by the pool's name. */
export function measurePools(metrics: Metrics, pools: Readonly<Record<string, Pool>>): void {
  const each = Object.entries(pools);
  metrics.gauges('database_connections', 'Connections to the database that a pool holds.', ['pool', 'state'], () =>
    each.flatMap(([pool, { totalCount, idleCount }]) => [
      [{ pool, state: 'busy' }, totalCount - idleCount] as const,
      [{ pool, state: 'idle' }, idleCount] as const,
    ]),
  );
  metrics.gauges('database_connections_max', 'Connections that a pool may hold.', ['pool'], () =>
    each.map(([pool, { options }]) => [{ pool }, options.max]),
  );
  metrics.gauges('database_queries_waiting', 'Queries that wait for a connection of a pool.', ['pool'], () =>
    each.map(([pool, { waitingCount }]) => [{ pool }, waitingCount]),
  );
}

/** Measures what is let through a few at a time, by the bulkhead's name. */
export function measureBulkheads(
  metrics: Metrics,
  bulkheads: () => Iterable<readonly [name: string, { running(): number; waiting(): number }]>,
): void {
  metrics.gauges(
    'bulkhead_running',
    'Questions of a kind that are being answered, of which only some may be at once.',
    ['bulkhead'],
    () => [...bulkheads()].map(([bulkhead, { running }]) => [{ bulkhead }, running()]),
  );
  metrics.gauges('bulkhead_waiting', 'Questions of such a kind that wait for their turn.', ['bulkhead'], () =>
    [...bulkheads()].map(([bulkhead, { waiting }]) => [{ bulkhead }, waiting()]),
  );
}
