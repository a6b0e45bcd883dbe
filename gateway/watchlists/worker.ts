import type { Log } from '#kit/log.ts';
import { createRuns, type RunMetrics } from '#kit/telemetry/runs.ts';
import { type Pool, query, statement, transaction } from '#kit/postgres/pool.ts';
import { systemViewer } from '#policy/viewer.ts';
import type { Source } from '#gateway/graph/sources.ts';
import { keeper } from '#gateway/exports/keeper.ts';
import { createRepeated, type Repeated } from '#kit/repeatedWorker.ts';
import type { Topics } from '#gateway/changes/topics.ts';

// The present state of a code that was added to a watchlist is delivered as a change: it goes into the log for the
// followers of that list alone, once the code is on the list. A change at that moment is delivered separately, or is in
// the state that is read here, or both.

const take = statement(
  'gateway.watchlist_item.take_untold',
  `select item.watchlist, item.uscc
   from gateway.watchlist_item item
   where item.told_at is null
   order by item.added_at
   limit $1
   for update skip locked`,
);
const delivered = statement(
  'gateway.watchlist_item.told',
  `update gateway.watchlist_item item
   set told_at = $3::timestamptz
   from unnest($1::uuid[], $2::text[]) as done(watchlist, uscc)
   where item.watchlist = done.watchlist
     and item.uscc = done.uscc`,
);
const announce = statement(
  'feed.outbox.present',
  `insert into feed.outbox
     (topic, kind, watchlist, uscc, record_id, version, recorded_at,
      disclosure_level, public_from, public_until, withdrawn_on, erased_at,
      province, sector, source_unit, determining_unit, type, category, basis)
   select state.topic, 'PRESENT', state.watchlist, state.uscc, state."recordId", state.version, state."recordedAt",
     state.disclosure_level, state.public_from, state.public_until, state.withdrawn_on, state.erased_at,
     state.province, state.sector, state.source_unit, state.determining_unit, state.type, state.category, state.basis
   from jsonb_to_recordset($1::jsonb) as state(
     topic text, watchlist uuid, uscc text, "recordId" uuid, version int, "recordedAt" timestamptz,
     disclosure_level text, public_from date, public_until date, withdrawn_on date, erased_at timestamptz,
     province text, sector text, source_unit text, determining_unit text, type text, category text, basis jsonb
   )`,
);

const CODES_AT_ONCE = 200;
const RECORDS_AT_ONCE = 5000;
const EVERY_MS = 5000;

export interface PresentOptions {
  readonly pool: Pool;
  readonly topics: Topics;
  readonly sources: readonly Source[];
  readonly log: Log;
  readonly now: () => Date;
  readonly runs?: RunMetrics;
  /** Called when states wait to be numbered. */
  readonly onDelivered: () => void;
}

/**
 * Delivers the present state of added codes to the followers of watchlists: at once when `wake` is called, and by
 * itself after a failure or restart.
 */
export function createPresentStates({
  pool,
  topics,
  sources,
  log,
  now,
  runs: metrics,
  onDelivered,
}: PresentOptions): Repeated {
  /** @returns whether there may be more */
  const announceNext = (): Promise<boolean> =>
    transaction(
      pool,
      'deliver present states',
      async (client) => {
        const items = await query<{ watchlist: string; uscc: string }>(client, take, [CODES_AT_ONCE]);
        if (items.length === 0) return false;
        const byCode = Map.groupBy(items, ({ uscc }) => uscc);
        for (const topic of topics.all) {
          const source = keeper(sources, topic);
          // Sealed after the codes were put on their lists: nothing that was committed before is missing.
          const { sealed } = await source.status();
          for (let after: { uscc: string; recordId: string } | null = null; ;) {
            const heads = await source.heads(systemViewer, topic.name, {
              codes: [...byCode.keys()],
              types: null,
              categories: null,
              provinces: null,
              sectors: null,
              knownAt: sealed,
              validAt: null,
              after,
              limit: RECORDS_AT_ONCE,
            });
            const states = heads.flatMap((head) =>
              (byCode.get(head.uscc) ?? []).map(({ watchlist }) => ({ ...head, topic: topic.name, watchlist })),
            );
            if (states.length > 0) await query(client, announce, [JSON.stringify(states)]);
            const last = heads.at(-1);
            if (heads.length < RECORDS_AT_ONCE || !last) break;
            after = { uscc: last.uscc, recordId: last.recordId };
          }
        }
        await query(client, delivered, [
          items.map(({ watchlist }) => watchlist),
          items.map(({ uscc }) => uscc),
          now().toISOString(),
        ]);
        return items.length === CODES_AT_ONCE;
      },
      { deadlineMs: 30_000 },
    );

  const runs = createRuns({
    work: 'watched_states',
    schema: 'gateway',
    log,
    metrics,
    began: 'the present state of watched codes could not be delivered; it is tried again',
    over: 'the present state of watched codes is delivered again',
  });
  return createRepeated({
    async step() {
      const mayBeMore = await announceNext();
      runs.succeeded();
      onDelivered();
      return mayBeMore;
    },
    failed: (error) => runs.failed(error),
    everyMs: EVERY_MS,
  });
}
