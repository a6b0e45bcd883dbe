import type { Log } from '#kit/log.ts';
import { createOutage } from '#kit/outage.ts';
import { query, statement, type Pool } from '#kit/postgres/pool.ts';
import { bigrams } from './names.ts';

/** The filter of a search. A null field does not filter. */
export interface SearchFilter {
  readonly province: string | null;
  readonly kinds: readonly string[] | null;
  readonly statuses: readonly string[] | null;
}

/** A name of the register with the fields of the filter. */
export interface SampledName {
  readonly name: string;
  readonly kind: string;
  readonly province: string;
  readonly status: string;
}

/** An order in which names can be walked: all names, or those of one province, status or kind after another. */
export type Walk = 'all' | 'province' | 'status' | 'kind';

/**
 * The frequency of texts in the names of the register. It decides which way of searching is cheaper, never which names
 * are found.
 */
export interface NameSample {
  /** An estimate of the number of names that contain the text. */
  matches(text: string): number;
  /**
   * The walk that passes the fewest names, in order from `after` on, until it has met `wanted` names that contain the
   * text and are in the filter, with an estimate of the number of names passed. When hardly any name is in the filter,
   * the walk is one through the names of a filter field.
   */
  shortestWalk(
    text: string,
    after: string,
    wanted: number,
    filter: SearchFilter,
  ): { readonly walk: Walk; readonly rows: number };
  /**
   * An estimate of the number of names that contain these two characters; 0 when they are too rare to be in the sample.
   */
  bearers(bigram: string): number;
}

const SAMPLE = 20_000;
/** `matches` and `shortestWalk` read at most this many names at each call: 0.1 ms. */
const SCANNED = 4000;
/** In multiples of the mean distance. By chance (e⁻⁴), a first match comes later than this for one text in 55. */
const BY_CHANCE = 4;
const FRESH_MS = 10 * 60_000;

// Pages are sampled instead of rows, because a sample of rows would read the whole table. A small table is read whole.
const drawSample = statement(
  'entity.name.sample',
  `with extent as (select greatest(pg_relation_size('entity.name'), 1) as bytes)
   select name.name, name.kind, name.province, name.status, least(1, $1 * 130.0 / extent.bytes)::float8 as fraction
   from extent, lateral (
     select name, kind, province, status
     from entity.name tablesample system (least(100, $1 * 13000.0 / (select bytes from extent)))
     where kind <> 'SELF_EMPLOYED'
     limit $1::int
   ) name`,
);

/**
 * Draws the sample at the first search (0.3 s on 2 000 000 names). When it is ten minutes old, a search draws it again
 * in the background.
 */
export function createNameSampler(pool: Pool, now: () => Date, log: Log): () => Promise<NameSample> {
  const stale = createOutage({
    log,
    began: 'the sample of names could not be drawn anew; searches are planned by the old one',
    over: 'the sample of names is drawn again',
    quietMs: 0,
  });
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
    // The old sample still serves. After a failure the next search tries again.
    drawing.then(
      () => stale.succeeded(),
      (error: unknown) => stale.failed(error),
    );
    return Promise.resolve(latest.sample);
  };
}

const walks: Record<Walk, (row: SampledName, filter: SearchFilter) => boolean> = {
  all: () => true,
  province: ({ province }, filter) => province === filter.province,
  status: ({ status }, { statuses }) => statuses === null || statuses.includes(status),
  kind: ({ kind }, { kinds }) => kinds === null || kinds.includes(kind),
};
const isGiven: Record<Walk, (filter: SearchFilter) => boolean> = {
  all: () => true,
  province: ({ province }) => province !== null,
  status: ({ statuses }) => statuses !== null,
  kind: ({ kinds }) => kinds !== null,
};
const inFilter = (row: SampledName, filter: SearchFilter): boolean =>
  (filter.province === null || walks.province(row, filter)) && walks.status(row, filter) && walks.kind(row, filter);

/** @param fraction the sampled share of the names of the register */
export function sampleOf(rows: readonly SampledName[], fraction: number): NameSample {
  const names = rows.map(({ name }) => name);
  const counts = new Map<string, number>();
  for (const name of names) for (const bigram of bigrams(name)) counts.set(bigram, (counts.get(bigram) ?? 0) + 1);
  const scannedRows = rows.slice(0, SCANNED);
  const scanned = names.slice(0, SCANNED).toSorted((a, b) => (a < b ? -1 : 1));
  const each = names.length / Math.max(1, scanned.length) / fraction;
  /**
   * Without a filter: an estimate of the number of names that are passed until `wanted` names with the text are met.
   */
  const rowsPassed = (text: string, after: string, wanted: number): number => {
    const share = Math.max(1, scanned.filter((name) => name.includes(text)).length) / scanned.length;
    let passed = 0;
    for (const name of scanned) {
      if (name <= after) continue;
      if (name.includes(text)) break;
      passed += 1;
    }
    // Names of one place are neighbours in the order. A first match much later than by chance means that the text
    // belongs to such a place.
    return wanted / share + Math.max(0, passed - BY_CHANCE / share) * each;
  };
  return {
    matches: (text) => scanned.filter((name) => name.includes(text)).length * each,
    shortestWalk(text, after, wanted, filter) {
      const rowsOf = (walk: Walk): number => {
        const walked = scannedRows.filter((row) => walks[walk](row, filter));
        const met = walked.filter((row) => row.name.includes(text) && inFilter(row, filter)).length;
        // Without a match the walk goes to the end. A walk too rare to be in the sample counts as half a sampled name.
        const end = Math.max(walked.length, 0.5) * each;
        return met === 0 ? end : Math.min(end, (wanted * walked.length) / met);
      };
      const [first, ...others] = (Object.keys(walks) as Walk[])
        .filter((walk) => isGiven[walk](filter))
        .map((walk) => ({ walk, rows: rowsOf(walk) }));
      const all = first as { walk: Walk; rows: number }; // `all` is always given
      if (others.length === 0) return { walk: 'all', rows: rowsPassed(text, after, wanted) };
      return others.reduce((best, other) => (other.rows < best.rows ? other : best), all);
    },
    bearers: (bigram) => (counts.get(bigram) ?? 0) / fraction,
  };
}
