import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Pool } from '../postgres/pool.ts';

// Numbers in the text format of Prometheus: names, units and closed words, and never a code of anybody. A label's values are listed where the
// metric is made, so nobody outside can add a series.

/** The words that each label may have; what is none of them is counted as `other`. */
export type LabelWords<Label extends string> = Readonly<Record<Label, readonly string[]>>;
export type Labels<Label extends string> = Readonly<Record<Label, string>>;

export interface Metrics {
  /** What is read at each reading; null: there is no such number now, and its line is left out. */
  gauge(name: string, help: string, read: () => number | null): void;
  /** The same by labels, whose words are the process's own: names of pools and sources. */
  gauges<Label extends string>(name: string, help: string, labels: readonly Label[], read: () => Iterable<readonly [Labels<Label>, number]>): void;
  /** The same of what never falls, as long as this process runs. */
  total(name: string, help: string, read: () => number): void;
  /** Counts from 0 by itself. */
  counter(name: string, help: string): { add(count?: number): void };
  counters<Label extends string>(name: string, help: string, words: LabelWords<Label>): { add(labels: Labels<Label>): void };
  /** @param buckets upper bounds, in the unit that the name ends with */
  histogram<Label extends string>(name: string, help: string, words: LabelWords<Label>, buckets: readonly number[]): { observe(labels: Labels<Label>, value: number): void };
  /** What Node and the system say of this process. Once in a process, since it is measured all the time. */
  process(): void;
  /** Everything as text. */
  text(): Promise<string>;
  readonly contentType: string;
}

const PREFIX = 'credit_graph_';
export const OTHER = 'other';

/** 1 ms to 15 s, the deadline of an operation. */
export const OPERATION_SECONDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];

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
      registry.registerMetric(new Gauge({ name: PREFIX + name, help, labelNames: [...labels], registers: [], collect }));
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
      const counter = new Counter({ name: PREFIX + name, help, labelNames: Object.keys(words), registers: [registry] });
      const childOf = childrenOf(words, (labels) => counter.labels(labels));
      return { add: (labels) => childOf(labels).inc() };
    },
    histogram(name, help, words, buckets) {
      const histogram = new Histogram({ name: PREFIX + name, help, labelNames: Object.keys(words), buckets: [...buckets], registers: [registry] });
      const childOf = childrenOf(words, (labels) => histogram.labels(labels));
      return { observe: (labels, value) => childOf(labels).observe(value) };
    },
    process: () => collectDefaultMetrics({ register: registry }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** A metric's child for each combination of words, made once: prom-client sorts and joins the labels at each use. */
function childrenOf<Label extends string, Child>(words: LabelWords<Label>, make: (labels: Record<string, string>) => Child): (labels: Labels<Label>) => Child {
  const names = Object.keys(words) as Label[];
  const known = new Map(names.map((name) => [name, new Set(words[name])]));
  const children = new Map<string, Child>();
  return (labels) => {
    let key = '';
    for (const name of names) key += `${known.get(name)?.has(labels[name]) ? labels[name] : OTHER}\n`;
    let child = children.get(key);
    if (!child) {
      const values = key.split('\n');
      children.set(key, (child = make(Object.fromEntries(names.map((name, index) => [name, values[index] ?? OTHER])))));
    }
    return child;
  };
}

/** The connections of this process to its database, by the pool's name. */
export function measurePools(metrics: Metrics, pools: Readonly<Record<string, Pool>>): void {
  const each = Object.entries(pools);
  metrics.gauges('database_connections', 'Connections to the database that a pool holds.', ['pool', 'state'], () =>
    each.flatMap(([pool, { totalCount, idleCount }]) => [
      [{ pool, state: 'busy' }, totalCount - idleCount] as const,
      [{ pool, state: 'idle' }, idleCount] as const,
    ]));
  metrics.gauges('database_connections_max', 'Connections that a pool may hold.', ['pool'], () => each.map(([pool, { options }]) => [{ pool }, options.max]));
  metrics.gauges('database_queries_waiting', 'Queries that wait for a connection of a pool.', ['pool'], () => each.map(([pool, { waitingCount }]) => [{ pool }, waitingCount]));
}

/** What is let through a few at a time, by its name. */
export function measureBulkheads(metrics: Metrics, bulkheads: () => Iterable<readonly [name: string, { running(): number; waiting(): number }]>): void {
  metrics.gauges('bulkhead_running', 'Questions of a kind that are being answered, of which only some may be at once.', ['bulkhead'], () =>
    [...bulkheads()].map(([bulkhead, { running }]) => [{ bulkhead }, running()]));
  metrics.gauges('bulkhead_waiting', 'Questions of such a kind that wait for their turn.', ['bulkhead'], () =>
    [...bulkheads()].map(([bulkhead, { waiting }]) => [{ bulkhead }, waiting()]));
}
