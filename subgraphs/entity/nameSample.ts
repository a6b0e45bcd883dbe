import { query, statement, type Pool } from '#kit/postgres/pool.ts';
import { bigrams } from './names.ts';

/** What narrows a search; null does not. */
export interface SearchFilter {
  readonly province: string | null;
  readonly kinds: readonly string[] | null;
  readonly statuses: readonly string[] | null;
}

/** A name of the register with what a search is narrowed by. */
export interface SampledName {
  readonly name: string;
  readonly kind: string;
  readonly province: string;
  readonly status: string;
}

/** An order in which names can be walked: all, or those of one province, status or kind after another. */
export type Walk = 'all' | 'province' | 'status' | 'kind';

/** How frequent texts are in the names of the register: which way of searching is cheaper depends on it, never what is found. */
export interface NameSample {
  /** About how many names contain the text. */
  matches(text: string): number;
  /**
   * The walk that passes the fewest names, in their order from `after` on, until `wanted` are met that contain the text and are in the
   * filter, and about how many it passes. Where hardly any is in the filter, it is one through what the filter leaves.
   */
  shortestWalk(text: string, after: string, wanted: number, filter: SearchFilter): { readonly walk: Walk; readonly rows: number };
  /** About how many names contain these two characters; 0 for those too rare to be in the sample. */
  bearers(bigram: string): number;
}

const SAMPLE = 20_000;
/** `matches` and `shortestWalk` read up to so many names at each call: 0.1 ms. */
const SCANNED = 4000;
/** In multiples of the mean distance: e⁻⁴, a later first match is chance once in 55 texts. */
const BY_CHANCE = 4;
const FRESH_MS = 10 * 60_000;

// Pages are sampled, not rows: a sample of rows would read the whole table. A small table is read whole.
const drawSample = statement(
  'entity.name.sample',
  `with extent as (select greatest(pg_relation_size('entity.name'), 1) as bytes)
   select name.name, name.kind, name.province, name.status, least(1, $1 * 130.0 / extent.bytes)::float8 as fraction
   from extent, lateral (select name, kind, province, status from entity.name tablesample system (least(100, $1 * 13000.0 / (select bytes from extent))) where kind <> 'SELF_EMPLOYED' limit $1::int) name`,
);

/** The sample is drawn at the first search (0.3 s on 2 000 000 names) and again, behind a search, when it is ten minutes old. */
export function createNameSampler(pool: Pool, now: () => Date): () => Promise<NameSample> {
  let drawing: Promise<NameSample> | null = null;
  let latest: { sample: NameSample; at: number } | null = null;
  const draw = async (): Promise<NameSample> => {
    try {
      const rows = await query<SampledName & { fraction: number }>(pool, drawSample, [SAMPLE]);
      const sample = sampleOf(rows, rows[0]?.fraction ?? 1);
      latest = { sample, at: now().getTime() };
      return sample;
    } finally {
      drawing = null;
    }
  };
  return () => {
    if (latest && now().getTime() - latest.at < FRESH_MS) return Promise.resolve(latest.sample);
    drawing ??= draw();
    if (!latest) return drawing;
    drawing.catch(() => {}); // the old sample still serves, and the next search tries again
    return Promise.resolve(latest.sample);
  };
}

const walks: Record<Walk, (row: SampledName, filter: SearchFilter) => boolean> = {
  all: () => true,
  province: ({ province }, filter) => province === filter.province,
  status: ({ status }, { statuses }) => statuses === null || statuses.includes(status),
  kind: ({ kind }, { kinds }) => kinds === null || kinds.includes(kind),
};
const isGiven: Record<Walk, (filter: SearchFilter) => boolean> = { all: () => true, province: ({ province }) => province !== null, status: ({ statuses }) => statuses !== null, kind: ({ kinds }) => kinds !== null };
const inFilter = (row: SampledName, filter: SearchFilter): boolean => (filter.province === null || walks.province(row, filter)) && walks.status(row, filter) && walks.kind(row, filter);

/** @param fraction how much of the register the sampled names are. */
export function sampleOf(rows: readonly SampledName[], fraction: number): NameSample {
  const names = rows.map(({ name }) => name);
  const counts = new Map<string, number>();
  for (const name of names) for (const bigram of bigrams(name)) counts.set(bigram, (counts.get(bigram) ?? 0) + 1);
  const scannedRows = rows.slice(0, SCANNED);
  const scanned = names.slice(0, SCANNED).toSorted((a, b) => (a < b ? -1 : 1));
  const each = names.length / Math.max(1, scanned.length) / fraction;
  /** Without a filter: about how many names are passed until `wanted` that contain the text are met. */
  const rowsPassed = (text: string, after: string, wanted: number): number => {
    const share = Math.max(1, scanned.filter((name) => name.includes(text)).length) / scanned.length;
    let passed = 0;
    for (const name of scanned) {
      if (name <= after) continue;
      if (name.includes(text)) break;
      passed += 1;
    }
    // The names of a place stand together: a first match much later than by chance says that the text is of such a place.
    return wanted / share + Math.max(0, passed - BY_CHANCE / share) * each;
  };
  return {
    matches: (text) => scanned.filter((name) => name.includes(text)).length * each,
    shortestWalk(text, after, wanted, filter) {
      const rowsOf = (walk: Walk): number => {
        const walked = scannedRows.filter((row) => walks[walk](row, filter));
        const met = walked.filter((row) => row.name.includes(text) && inFilter(row, filter)).length;
        // To the end where none was met; of what is too rare to be in the sample, half a name of it.
        const end = Math.max(walked.length, 0.5) * each;
        return met === 0 ? end : Math.min(end, (wanted * walked.length) / met);
      };
      const [first, ...others] = (Object.keys(walks) as Walk[]).filter((walk) => isGiven[walk](filter)).map((walk) => ({ walk, rows: rowsOf(walk) }));
      const all = first as { walk: Walk; rows: number }; // `all` is always given
      if (others.length === 0) return { walk: 'all', rows: rowsPassed(text, after, wanted) };
      return others.reduce((best, other) => (other.rows < best.rows ? other : best), all);
    },
    bearers: (bigram) => (counts.get(bigram) ?? 0) / fraction,
  };
}
