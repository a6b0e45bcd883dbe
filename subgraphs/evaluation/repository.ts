import { createSharedLoader } from '#kit/batches.ts';
import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { query, statement, type Pool } from '#kit/postgres/pool.ts';
import {
  type Asked,
  byPosition,
  createRecordLoader,
  groupOf,
  type Positioned,
  sharedValues,
} from '#records/recordBatches.ts';
import { believedAt, recordColumns, type RecordRow, type Times } from '#records/record.ts';
import { anyLength, levelsSeen, rowParameters, rowPredicate } from '#policy/rows.ts';

/** A result of an evaluation, as stated by one version. */
export interface ResultRow extends RecordRow {
  readonly scheme: string;
  readonly scheme_version: string;
  readonly grade: string;
  /** Decimal text, as pg returns numeric. */
  readonly score: string | null;
  readonly score_max: string | null;
  readonly evaluated_on: string;
}

/** The position that a page begins after. Null for the newest result. */
export type Position = { readonly evaluatedOn: string; readonly recordId: string } | null;

export interface LatestAsk extends Times {
  readonly uscc: string;
  /** Codes of schemes. The results are returned in their order. */
  readonly schemes: readonly string[];
}

export interface HistoryAsk extends Times {
  readonly uscc: string;
  readonly scheme: string;
}

/**
 * Every function takes the context first and returns only rows that its viewer may see (policy/rows.ts). Requests of
 * the same turn are batched.
 */
export interface ResultRepository {
  /** The latest result of each scheme; of two on one day, the one with the greater id. */
  loadLatest(context: SubgraphContext, ask: LatestAsk): Promise<ResultRow[]>;
  /** Results of one scheme, newest first. */
  loadHistory(context: SubgraphContext, ask: HistoryAsk, first: number, after: Position): Promise<Page<ResultRow>>;
  /** The number of results, at most COUNT_LIMIT + 1. */
  countHistory(context: SubgraphContext, ask: HistoryAsk): Promise<number>;
  /** One result, or null when there is none that the viewer may see. */
  loadResult(
    context: SubgraphContext,
    ask: Times & { readonly uscc: string; readonly recordId: string },
  ): Promise<ResultRow | null>;
}

// The position before every result.
const START = { evaluatedOn: 'infinity', recordId: 'ffffffff-ffff-ffff-ffff-ffffffffffff' } as const;

/** `Query.evaluations` takes 1 000 codes, which one statement reads. */
const MAX_BATCH = 1000;

const columns = `${recordColumns('result')}, result.scheme, result.scheme_version, result.grade,
            result.score, result.score_max, result.evaluated_on`;

// $1 codes · $2 validAt · $3 knownAt · $4… the viewer's rows, in every statement about given entities at the same times
const RIGHTS = 4;
const NEXT = RIGHTS + rowParameters;
const ofEntity = `result.uscc = ask.uscc
      and result.evaluated_on <= $2::date
      and ${believedAt('result', '$3::timestamptz')}
      and ${rowPredicate('result', RIGHTS)}`;

const latestResults = statement(
  'evaluation.latest_results',
  `select ask.position, result.*
   from unnest(${anyLength('$1::text[]')}) with ordinality as ask(uscc, position)
   cross join unnest(${anyLength(`$${NEXT}::text[]`)}) with ordinality as wanted(scheme, place)
   cross join lateral (
     select seen.*
     from ${levelsSeen('ask.uscc', RIGHTS)} levels
     cross join lateral (
     select ${columns}
     from evaluation.result
     where ${ofEntity}
      and result.scheme = wanted.scheme
      and result.disclosure_level = levels.level
     order by result.evaluated_on desc, result.record_id desc
     limit 1
     ) seen
     order by seen.evaluated_on desc, seen.record_id desc
     limit 1
   ) result
   order by ask.position, wanted.place`,
);

const histories = statement(
  'evaluation.histories',
  `select ask.position, result.*
   from unnest(${anyLength('$1::text[]')}, $${NEXT}::text[], $${NEXT + 1}::date[], $${NEXT + 2}::uuid[])
     with ordinality as ask(uscc, scheme, after_day, after_record, position)
   cross join lateral (
     select seen.*
     from ${levelsSeen('ask.uscc', RIGHTS)} levels
     cross join lateral (
     select ${columns}
     from evaluation.result
     where ${ofEntity}
      and result.scheme = ask.scheme
      and result.disclosure_level = levels.level
      and (result.evaluated_on, result.record_id) < (ask.after_day, ask.after_record)
     order by result.evaluated_on desc, result.record_id desc
     limit $${NEXT + 3}
     ) seen
     order by seen.evaluated_on desc, seen.record_id desc
     limit $${NEXT + 3}
   ) result
   order by ask.position, result.evaluated_on desc, result.record_id desc`,
);

const historyCounts = statement(
  'evaluation.history_counts',
  `select ask.position, counted.results
   from unnest($1::text[], $${NEXT}::text[]) with ordinality as ask(uscc, scheme, position)
   cross join lateral (
     select count(*)::integer as results
     from (
       select
       from evaluation.result
       where ${ofEntity}
         and result.scheme = ask.scheme
         and result.disclosure_level = any(array${levelsSeen('ask.uscc', RIGHTS)})
       limit ${COUNT_LIMIT + 1}
     ) visible
   ) counted
   order by ask.position`,
);

// Each record is read at its own times, since an event has an instant of its own. Readers of all histories also receive
// what is left of an erased record.
const resultsById = statement(
  'evaluation.results_by_id',
  `select ask.position, result.*
   from unnest($1::text[], $2::uuid[], $3::date[], $4::timestamptz[])
     with ordinality as ask(uscc, record_id, valid_at, known_at, position)
   cross join lateral (
     select ${columns}
     from evaluation.result
     where result.uscc = ask.uscc
      and result.record_id = ask.record_id
      and result.evaluated_on <= ask.valid_at
      and ${believedAt('result', 'ask.known_at')}
      and ${rowPredicate('result', 5, 5 + rowParameters)}
     limit 1
   ) result
   order by ask.position`,
);

export function createResultRepository(pool: Pool): ResultRepository {
  const latest = createSharedLoader<Asked<LatestAsk>, ResultRow[]>(
    (asked) => groupOf(asked, asked.ask.schemes),
    async (asks) => {
      const { schemes } = (asks[0] as Asked<LatestAsk>).ask; // a group has a member
      return byPosition(
        await query<Positioned<ResultRow>>(pool, latestResults, [...sharedValues(asks), schemes]),
        asks.length,
      );
    },
    MAX_BATCH,
  );

  interface PageAsk extends HistoryAsk {
    readonly first: number;
    readonly after: Position;
  }
  const pages = createSharedLoader<Asked<PageAsk>, Page<ResultRow>>(
    (asked) => groupOf(asked, asked.ask.first),
    async (asks) => {
      const { first } = (asks[0] as Asked<PageAsk>).ask; // a group has a member
      const starts = asks.map(({ ask }) => ask.after ?? START);
      const values = [
        ...sharedValues(asks),
        asks.map(({ ask }) => ask.scheme),
        starts.map(({ evaluatedOn }) => evaluatedOn),
        starts.map(({ recordId }) => recordId),
        first + 1,
      ];
      return byPosition(await query<Positioned<ResultRow>>(pool, histories, values), asks.length).map((list) =>
        pageOf(list, first),
      );
    },
  );

  const counts = createSharedLoader<Asked<HistoryAsk>, number>(
    (asked) => groupOf(asked),
    async (asks) => {
      const rows = await query<{ results: number }>(pool, historyCounts, [
        ...sharedValues(asks),
        asks.map(({ ask }) => ask.scheme),
      ]);
      return rows.map(({ results }) => results);
    },
  );

  const records = createRecordLoader<ResultRow>(pool, resultsById);

  return {
    loadLatest: (context, ask) => latest({ context, ask }),
    loadHistory: (context, ask, first, after) => pages({ context, ask: { ...ask, first, after } }),
    countHistory: (context, ask) => counts({ context, ask }),
    loadResult: (context, ask) => records({ context, ask }),
  };
}
