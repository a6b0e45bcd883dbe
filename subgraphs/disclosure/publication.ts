import { createSharedLoader } from '#kit/batches.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { type Pool, query, statement } from '#kit/postgres/pool.ts';
import { contentField, formField } from '#records/recordFields.ts';
import type { RuleStore } from '#records/ruleStore.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { actKinds } from './acts.ts';
import type { ActRow } from './repository.ts';
import { dueDateOf } from './rules.ts';
import { termInputs } from './terms.ts';

// Publication has two steps (893 第四条, 发改办财金〔2018〕424号): on the unit's own site, and here.

const ownSiteOn = (row: ActRow): string | null => contentField(row, 'ownSiteOn');

/** The day in Shanghai on which a record that is to be published was collected. */
const creditChinaOn = ({ disclosure_level, collected_at }: ActRow): string | null =>
  disclosure_level === 'PUBLIC' ? shanghaiDay(new Date(collected_at)) : null;

const publishedOn = (row: ActRow): string | null => ownSiteOn(row) ?? creditChinaOn(row);

const firstReports = statement(
  'disclosure.act.first_reports',
  `select ask.position, record.content->>'ownSiteOn' as reported
   from unnest($1::text[], $2::uuid[]) with ordinality as ask(uscc, record_id, position)
   join disclosure.act record on record.uscc = ask.uscc and record.record_id = ask.record_id and record.version = 1`,
);

interface ReportAsked {
  readonly context: SubgraphContext;
  readonly row: ActRow;
}

/** The resolvers of `Publication` beside those of its due date (rules.ts). */
export function createPublicationFields(store: RuleStore, pool: Pool) {
  const loadFirstReport = createSharedLoader<ReportAsked, string | null>(
    ({ context }) => context.viewer.grant,
    async (asks) => {
      const rows = await query<{ position: bigint; reported: string | null }>(pool, firstReports, [
        asks.map(({ row }) => row.uscc),
        asks.map(({ row }) => row.record_id),
      ]);
      const reported = new Map(rows.map((row) => [Number(row.position), row.reported]));
      return asks.map((_, index) => reported.get(index + 1) ?? null);
    },
  );
  /** The day on the unit's own site that was reported with the act itself. */
  const reportedFirst = async (context: SubgraphContext, row: ActRow): Promise<string | null> =>
    row.version === 1 || ownSiteOn(row) === null ? ownSiteOn(row) : loadFirstReport({ context, row });

  return {
    duty: ({ kind }: ActRow) => actKinds[kind].duty,
    ownSiteOn,
    creditChinaOn,
    publishedOn,
    async onTime(row: ActRow, _: unknown, context: SubgraphContext) {
      const due = dueDateOf(await store.fresh(), row);
      const published = (await reportedFirst(context, row)) ?? creditChinaOn(row);
      // What the rules withhold owes nothing, as `timelinessReport` counts it.
      const owesNothing = due === null || row.content['withheld'] === true;
      return owesNothing || published === null ? null : published <= due.date;
    },
    publicUntil: formField('publicUntil'),
    termStartsOn: (row: ActRow) => contentField(row, 'termStartsOn') ?? contentField(row, 'publicFrom'),
    termEndsOn: (row: ActRow) => contentField(row, 'termEndsOn') ?? contentField(row, 'publicUntil'),
    endsWhenPerformed: ({ content }: ActRow) =>
      content['publicFrom'] === undefined ? null : content['endsWhenPerformed'] === true,
    async termRuleSet({ content }: ActRow) {
      const id = content['publicationRuleSet'];
      return id === undefined ? null : ((await store.fresh()).sets.find((set) => set.id === id) ?? null);
    },
    termInputs: async ({ content }: ActRow) =>
      content['publicFrom'] === undefined ? null : termInputs(await store.fresh(), content),
  };
}
