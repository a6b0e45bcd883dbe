import parse from 'parse-prometheus-text-format';

// The text of /metrics as an independent parser reads it.

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'COUNTER' | 'GAUGE' | 'HISTOGRAM' | 'SUMMARY' | 'UNTYPED';
  readonly metrics: readonly {
    readonly labels?: Readonly<Record<string, string>>;
    readonly value?: string;
    readonly buckets?: Readonly<Record<string, string>>;
    readonly count?: string;
  }[];
}

export const familiesOf = (text: string): Family[] => parse(text) as Family[];

/** The series that a text has, by name and labels; a histogram's buckets are each one. */
export const seriesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')))
    .toSorted();

/**
 * The sum of the series that have these labels; of a histogram name its `_count`. Read from the lines: the parser drops
 * the labels of histograms.
 */
export function valueOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const values = text.split('\n').flatMap((line) => {
    const [, found, given = '', value] = /^credit_graph_(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    return found === name && wanted.every((pair) => given.split(',').includes(pair)) ? [Number(value)] : [];
  });
  return values.reduce((sum, value) => sum + value, 0);
}

/** Base units of Prometheus, what is counted, and states: https://prometheus.io/docs/practices/naming/ */
const UNITS = /_(?:seconds|bytes|ratio|points|info|timestamp_seconds)(?:_total)?$/;
const NOT_BASE = /_(?:ms|milliseconds|minutes|hours|days|kilobytes|kb|mb|percent|micros?|nanos?)(?:_|$)/;

/** What `promtool check metrics` complains of, and what the naming rules say beside. */
export function namingProblems(families: readonly Family[]): string[] {
  return families.flatMap(({ name, help, type, metrics }) => {
    const labels = new Set(metrics.flatMap(({ labels: own = {} }) => Object.keys(own)));
    const problems = [
      help === '' && 'has no help text',
      !/^[a-z][a-z0-9_]*$/.test(name) && 'is not in lower snake case',
      type === 'COUNTER' && !name.endsWith('_total') && 'is a counter without _total',
      type !== 'COUNTER' && name.endsWith('_total') && 'is no counter and ends with _total',
      type === 'HISTOGRAM' && !UNITS.test(name) && 'is a histogram without a unit',
      /_(?:count|sum|bucket)$/.test(name) && 'ends as the parts of a histogram do',
      NOT_BASE.test(name) && 'is not in a base unit',
      /(?:^|_)(?:counter|gauge|histogram)(?:_|$)/.test(name) && 'names its type',
      ...[...labels].map((label) =>
        name.includes(`_by_${label}`)
          ? `names its label ${label}`
          : !/^[a-z][a-z0-9_]*$/.test(label) && `has the label ${label}`,
      ),
    ];
    return problems.filter((problem) => problem !== false).map((problem) => `${name} ${problem}`);
  });
}
