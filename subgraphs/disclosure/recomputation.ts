import { hash } from 'node:crypto';
import { canonicalJson } from '#kit/canonical.ts';
import { type Client, query, statement, transaction } from '#kit/postgres/pool.ts';
import { versionRight } from '#policy/rows.ts';
import { createStager, type FiledRow, stagedColumns } from '#records/filing/record.ts';
import { announceBatch, auditChange } from '#records/outbox.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { endVersions, insertVersions, KEPT_COLUMNS, valuesOf } from '#records/versions.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { penaltyPublication } from '#standards/publicationTerms.ts';
import type { Rules } from '#standards/ruleSets.ts';
import { feed, NOT_PUBLISHED_LEVEL, recordTables } from './ingest.ts';
import { regionOf } from '#standards/divisions.ts';
import { penaltyFacts, publicationNames, sayOfPublication, STATED_END, statedEndOf, termBy } from './terms.ts';

// The end of publication of penalties is computed again when the rules become others: by a release, or by a decision
// that corrects a rule set. What changes becomes a new version of today, so that answers at earlier instants stay. A
// run only ever hides: it never reopens a publication that has ended and never lengthens one. Where the rules would
// publish longer than now, the record stays as it is and is counted, and its unit files it again.

/** Raised with each release that computes something else from the same rules. */
const COMPUTATION = 1;
const KINDS: ReadonlySet<string> = new Set(['PUBLICATION_TERM', 'SEVERITY', 'MARKET_REPAIR']);
const BATCH = 1000;
const DEADLINE_MS = 60_000;

/** What a run has done so far. */
export interface RecomputationRow {
  readonly rules_digest: string;
  readonly began_at: string;
  readonly finished_at: string | null;
  readonly examined: number;
  readonly shortened: number;
  readonly withheld: number;
  readonly left_as_stated: number;
}

type Content = Readonly<Record<string, unknown>>;
type PenaltyRow = FiledRow<(typeof recordTables.act)['columns'][number]> & {
  readonly version: number;
  readonly content: Content;
};

/**
 * The digest of all rules from which the end of publication follows, and of how. Those that go first for earlier acts
 * do so from their first day on, so which of them have begun is part of it.
 */
const digestOf = (rules: Rules, today: string): string =>
  hash(
    'sha256',
    canonicalJson([
      COMPUTATION,
      rules.sets.filter(({ kind }) => KINDS.has(kind)),
      rules.moreLenient('', today).map(({ id }) => id),
    ] as never),
    'hex',
  );

const table = recordTables.act;
const columns = stagedColumns(table);

const begin = statement(
  'disclosure.recomputation.begin',
  `insert into disclosure.recomputation (rules_digest, began_at) values ($1, $2::timestamptz)
   on conflict do nothing`,
);
const take = statement(
  'disclosure.recomputation.take',
  `select uscc, record_id from disclosure.recomputation
   where rules_digest = $1 and finished_at is null
   for update skip locked`,
);
const isOpen = statement(
  'disclosure.recomputation.is_open',
  `select not exists (
     select from disclosure.recomputation where rules_digest = $1 and finished_at is not null
   ) as open`,
);
// Walks down the index of current versions.
const nextRecords = statement(
  'disclosure.recomputation.next',
  `select record.version, ${columns.map((column) => `record.${column}`).join(', ')}
   from disclosure.act record
   where record.superseded_at = 'infinity'
     and record.erased_at is null
     and (record.uscc, record.record_id) > ($1::text, $2::uuid)
   order by record.uscc, record.record_id
   limit ${BATCH}`,
);
const changed = `unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::date[], $6::date[]) as
  changed(uscc, record_id, version, level, public_from, public_until)`;
const end = statement(
  'disclosure.recomputation.end',
  endVersions({
    table: 'disclosure.act',
    from: changed,
    where: 'record.uscc = changed.uscc and record.record_id = changed.record_id',
    at: '$7::timestamptz',
    rights: {
      disclosure_level: versionRight('record', 'disclosure_level', 'changed.level'),
      public_from: 'changed.public_from',
      public_until: 'changed.public_until',
    },
    returning: 'record.uscc, record.record_id, record.version',
  }),
);
const insert = statement(
  'disclosure.recomputation.insert',
  insertVersions({
    table: 'disclosure.act',
    values: {
      ...valuesOf('record', [...columns, ...KEPT_COLUMNS, 'fact_conflict']),
      version: 'record.version + 1',
      digest: "decode(made.digest, 'hex')",
      recorded_at: '$6::timestamptz',
      disclosure_level: 'made.level',
      content: 'made.content',
    },
    from: `unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::jsonb[], $7::text[]) as
        made(uscc, record_id, version, digest, content, level)
      join disclosure.act record using (uscc, record_id, version)`,
  }),
);
const note = statement(
  'disclosure.recomputation.note',
  `update disclosure.recomputation
   set uscc = $2, record_id = $3::uuid, examined = examined + $4, shortened = shortened + $5, withheld = withheld + $6,
       left_as_stated = left_as_stated + $7, finished_at = $8::timestamptz
   where rules_digest = $1`,
);
const keep = statement(
  'disclosure.recomputation.keep',
  `insert into disclosure.recomputed (uscc, record_id, unit, decided_on, outcome, version, at)
   select act.uscc, act.record_id, act.unit, act.decided_on, act.outcome, act.version, $7::timestamptz
   from unnest($1::text[], $2::uuid[], $3::text[], $4::date[], $5::text[], $6::int[]) as
     act(uscc, record_id, unit, decided_on, outcome, version)
   on conflict (uscc, record_id) do update
   set outcome = excluded.outcome, version = excluded.version, at = excluded.at`,
);
const latest = statement(
  'disclosure.recomputation.latest',
  'select * from disclosure.recomputation order by began_at desc limit 100',
);

/** What the rules make of a penalty that is published now: null where it stays. */
interface Outcome {
  readonly outcome: 'SHORTENED' | 'WITHHELD' | 'LEFT_AS_STATED';
  /** As it is from now on; as it was, where it is left. */
  readonly row: PenaltyRow;
}

/**
 * Computes the publication of a recorded penalty again.
 * @param today 'YYYY-MM-DD'
 * @returns null where nothing changes, or it is not published any more
 */
function recomputed(row: PenaltyRow, rules: Rules, today: string): Outcome | null {
  const { content, public_from: from, public_until: until, decided_on: decidedOn } = row;
  if (row.kind !== 'PENALTY' || row.disclosure_level !== 'PUBLIC' || row.withdrawn_on || !from || !until || !decidedOn)
    return null;
  if (until < today) return null;
  const facts = penaltyFacts(content, decidedOn, regionOf(row.determining_unit, row.uscc), row.authority_name);
  const stated = statedEndOf(content);
  const found = penaltyPublication(rules, facts, from, stated, today);
  const performedOn = content['performedOn'];
  const term = termBy(found, from, typeof performedOn === 'string' ? performedOn : null);
  const isWithheld = term.isWithheld === true && typeof content['publicationNeed'] !== 'string';
  if (!isWithheld && term.until >= until) return term.until === until ? null : { outcome: 'LEFT_AS_STATED', row };
  const kept = Object.fromEntries(Object.entries(content).filter(([name]) => !publicationNames.includes(name)));
  const level = isWithheld ? NOT_PUBLISHED_LEVEL : 'PUBLIC';
  const statements = { ...sayOfPublication(isWithheld ? null : term, isWithheld), [STATED_END]: stated };
  const next = Object.fromEntries(Object.entries(statements).filter(([, value]) => value !== null));
  return {
    outcome: isWithheld ? 'WITHHELD' : 'SHORTENED',
    row: {
      ...row,
      disclosure_level: level,
      public_from: isWithheld ? null : from,
      public_until: isWithheld ? null : term.until,
      content: { ...kept, ...next, disclosureLevel: level },
    },
  };
}

/** A version that a run makes. */
interface Made {
  readonly row: PenaltyRow;
  readonly digest: string;
}

/** Ends the versions and writes the next ones, in the transaction of the batch. */
async function write(client: Client, recordedAt: string, made: readonly Made[]): Promise<void> {
  const rows = made.map(({ row }) => row);
  const keys = [
    rows.map(({ uscc }) => uscc),
    rows.map(({ record_id }) => record_id),
    rows.map(({ version }) => version),
  ];
  const levels = rows.map(({ disclosure_level }) => disclosure_level);
  const ended = await query<Pick<PenaltyRow, 'uscc' | 'record_id' | 'version'>>(client, end, [
    ...keys,
    levels,
    rows.map(({ public_from }) => public_from),
    rows.map(({ public_until }) => public_until),
    recordedAt,
  ]);
  // Writers wait for each other at the stamp. One that was faster has made a newer version: the batch is done again.
  const newest = new Map<string, number>();
  for (const { uscc, record_id, version } of ended)
    newest.set(`${uscc} ${record_id}`, Math.max(version, newest.get(`${uscc} ${record_id}`) ?? 0));
  if (rows.some(({ uscc, record_id, version }) => newest.get(`${uscc} ${record_id}`) !== version))
    throw new Error('Records were corrected while their publication was computed again.');
  await query(client, insert, [
    ...keys,
    made.map(({ digest }) => digest),
    rows.map(({ content }) => JSON.stringify(content)),
    recordedAt,
    levels,
  ]);
  const stamp = { recordedAt, filingId: null };
  await announceBatch(client, feed.topic, stamp, rows.length);
  await auditChange(client, null, { ...stamp, schema: 'disclosure', action: 'recomputation', rows: rows.length });
}

/** Computes again what the rules of now make of the records, as far as that was not done yet. */
export interface Recomputation {
  /**
   * Goes on with the run of the rules of now until it is done; safe to run on several instances at once.
   * @returns how many records became others
   */
  run(): Promise<number>;
  /** The runs, the latest first. */
  runs(): Promise<readonly RecomputationRow[]>;
}

export function createRecomputation({ pool, rules, instants, digest, now }: SubgraphRuntime): Recomputation {
  const stage = createStager(table, digest, false);

  /** @returns how many records became others; null when the run is done, or another instance is at it */
  const step = (rulesNow: Rules, key: string): Promise<number | null> =>
    transaction(
      pool,
      'compute publication again',
      async (client) => {
        const [run] = await query<{ uscc: string; record_id: string }>(client, take, [key]);
        if (!run) return null;
        const rows = await query<PenaltyRow>(client, nextRecords, [run.uscc, run.record_id]);
        const today = shanghaiDay(now());
        const outcomes = rows.flatMap((row) => recomputed(row, rulesNow, today) ?? []);
        const others = outcomes.filter(({ outcome }) => outcome !== 'LEFT_AS_STATED');
        if (others.length > 0)
          await write(
            client,
            await instants.stamp(client),
            others.map(({ row }) => ({ row, digest: stage(1, row).digest })),
          );
        if (outcomes.length > 0)
          await query(client, keep, [
            outcomes.map(({ row }) => row.uscc),
            outcomes.map(({ row }) => row.record_id),
            outcomes.map(({ row }) => row.determining_unit ?? row.source_unit),
            outcomes.map(({ row }) => row.decided_on),
            outcomes.map(({ outcome }) => outcome),
            outcomes.map(({ outcome, row }) => (outcome === 'LEFT_AS_STATED' ? row.version : row.version + 1)),
            now().toISOString(),
          ]);
        const last = rows.at(-1) ?? run;
        await query(client, note, [
          key,
          last.uscc,
          last.record_id,
          rows.length,
          others.filter(({ outcome }) => outcome === 'SHORTENED').length,
          others.filter(({ outcome }) => outcome === 'WITHHELD').length,
          outcomes.length - others.length,
          rows.length < BATCH ? now().toISOString() : null,
        ]);
        return others.length;
      },
      { deadlineMs: DEADLINE_MS },
    );

  return {
    async run() {
      const rulesNow = await rules.fresh();
      const key = digestOf(rulesNow, shanghaiDay(now()));
      const [state] = await query<{ open: boolean }>(pool, isOpen, [key]);
      if (!state?.open) return 0;
      await query(pool, begin, [key, now().toISOString()]);
      let done = 0;
      for (;;) {
        const others = await step(rulesNow, key);
        if (others === null) return done;
        done += others;
      }
    },
    runs: () => query<RecomputationRow>(pool, latest, []),
  };
}
