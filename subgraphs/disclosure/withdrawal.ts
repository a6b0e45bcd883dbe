import { canonicalJson } from '#kit/filing/canonical.ts';
import { provinceOfCode } from '#kit/filing/admission.ts';
import { stagedColumns } from '#kit/filing/record.ts';
import { checkFirst, type Connection, COUNT_LIMIT, type Edge, pageOf } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { clientError } from '#kit/errors.ts';
import { announceBatch, auditChange } from '#kit/feed.ts';
import { createOnce, type Work } from '#kit/once.ts';
import { type Client, query, statement } from '#kit/postgres/pool.ts';
import { give } from '#kit/recordFields.ts';
import { decodeId, NOT_IN_REPLACEMENT } from '#kit/records.ts';
import type { Workshop } from '#kit/subgraph.ts';
import { may } from '#policy/actions.ts';
import { mayWithdraw } from '#policy/filings.ts';
import { outcomeFor } from '#policy/matrix.ts';
import { keepOwnRights, rowParameters, rowPredicate, rowScope, rowValues } from '#policy/rows.ts';
import { stateCouncilCalendar } from '#standards/calendar.ts';
import { parseRow } from '#standards/forms/parse.ts';
import { withdrawalForm } from '#standards/forms/withdrawal.ts';
import { type RuleInput, type Rules, type RuleSet } from '#standards/ruleSets.ts';
import { actKinds, type ActKind } from './acts.ts';
import { feed, recordTables } from './ingest.ts';
import { moved, type Refusal, refuse, refusedAs, sameKey } from '#kit/refusals.ts';
import { type AnyRow, readColumns } from './repository.ts';
import type { Resolvers, WithdrawRecordInput } from './resolvers.generated.ts';
import { regionOf } from './rules.ts';

// A decision that is changed, revoked or declared void: what was published of it is withdrawn within three working days, with a
// public reason (中华人民共和国行政处罚法 第四十八条、第八十五条).

type WithdrawableTable = keyof typeof recordTables;

/** The table of each type of record that is withdrawn here; what an entity declared has a way of its own. */
const tableOf: Readonly<Record<string, WithdrawableTable>> = {
  ...Object.fromEntries(Object.values(actKinds).map(({ type }) => [type, 'act' as const])),
  CreditCommitment: 'commitment',
  JudicialRecord: 'judicial_record',
  ConsumerComplaint: 'complaint',
};

/** What was done, as it is kept with its key. */
interface Done {
  readonly table: WithdrawableTable;
  readonly uscc: string;
  readonly recordId: string;
  readonly withdrawnOn: string;
  readonly due: { readonly date: string; readonly provisional: boolean; readonly ruleSet: string; readonly inputs: readonly RuleInput[] } | null;
}

export interface Withdrawn extends Done {
  readonly row: AnyRow | null;
  readonly ruleSet: RuleSet | null;
}

/** A published act that was withdrawn, without its subject. */
export interface Notice {
  readonly record_id: string;
  readonly kind: ActKind;
  readonly document_no: string;
  readonly authority: string;
  readonly authority_name: string | null;
  readonly withdrawn_on: string;
  readonly reason: string;
  readonly revoked_by: string;
  readonly revoked_on: string;
}

export type NoticePage = Connection<Notice>;
export type NoticeEdge = Edge<Notice>;

/** By when a record has to be withdrawn, by the rule set in force on the day of the document that revoked it; null when none was. */
function dueOf(rules: Rules, revokedOn: string, region: string | null): Done['due'] {
  const rule = rules.find('WITHDRAWAL', 'WITHDRAW_WITHIN', revokedOn, region);
  const { firstDay, lastDay } = stateCouncilCalendar;
  if (rule === null || revokedOn < firstDay || revokedOn > lastDay) return null;
  const inputs = [{ name: 'revokedOn', value: revokedOn }, ...(region === null ? [] : [{ name: 'region', value: region }]), { name: 'workingDays', value: String(rule.number) }];
  return { ...stateCouncilCalendar.workingDayAfter(revokedOn, rule.number), ruleSet: rule.ruleSet.id, inputs };
}

function createStatements(table: WithdrawableTable) {
  const name = `disclosure.${table}`;
  const kept = [...stagedColumns(recordTables[table]).filter((column) => !['withdrawn_on', 'content'].includes(column)), 'collected_at', 'under_objection'];
  return {
    current: statement(
      `disclosure.withdraw.${table}.current`,
      `select ${readColumns(table)}
       from ${name} record
       where record.uscc = $${rowParameters + 1}
         and record.record_id = $${rowParameters + 2}::uuid
         and record.superseded_at = 'infinity'
         and ${rowPredicate('record', 1)}
       limit 1`,
    ),
    // Rights are those of now on every version.
    supersede: statement(
      `disclosure.withdraw.${table}.supersede`,
      `update ${name} record
       set superseded_at = least(superseded_at, $3::timestamptz),
           ${keepOwnRights('record')},
           withdrawn_on = $4::date,
           withdrawal_reason = $5
       where uscc = $1
         and record_id = $2::uuid
       returning version`,
    ),
    insert: statement(
      `disclosure.withdraw.${table}.insert`,
      `insert into ${name} (version, digest, recorded_at, withdrawn_on, withdrawal_reason, content, ${kept.join(', ')})
       select version + 1, decode($4, 'hex'), $5::timestamptz, withdrawn_on, withdrawal_reason, content || $6::jsonb, ${kept.join(', ')}
       from ${name}
       where uscc = $1
         and record_id = $2::uuid
         and version = $3`,
    ),
  };
}

export function createWithdrawals({ pool, cursors, instants, rules, digest, now }: Workshop) {
  const once = createOnce(pool, 'disclosure');
  const statements = Object.fromEntries((Object.keys(recordTables) as WithdrawableTable[]).map((table) => [table, createStatements(table)])) as Record<WithdrawableTable, ReturnType<typeof createStatements>>;
  // What a version says of the withdrawal stays, whatever was filed after it; an act that was not published when it was withdrawn has no notice.
  const noticed = (authority: number): string => `
       from disclosure.act record
       cross join lateral (
         select version.content->'withdrawal' as withdrawal
         from disclosure.act version
         where version.uscc = record.uscc
           and version.record_id = record.record_id
           and version.content ? 'withdrawal'
         order by version.version desc
         limit 1
       ) said
       where record.determining_unit = $${authority}
         and record.superseded_at = 'infinity'
         and record.withdrawn_on is not null
         and record.disclosure_level = 'PUBLIC'
         and record.withdrawn_on between record.public_from and record.public_until`;
  const notices = statement(
    'disclosure.withdrawal.notices',
    `select record.record_id, record.kind, record.document_no, record.determining_unit as authority, record.authority_name, record.withdrawn_on,
            said.withdrawal->>'reason' as reason, said.withdrawal->>'documentNo' as revoked_by, said.withdrawal->>'revokedOn' as revoked_on
     ${noticed(1)}
       and (record.withdrawn_on, record.record_id) < ($2::date, $3::uuid)
     order by record.withdrawn_on desc, record.record_id desc
     limit $4`,
  );
  const countNotices = statement('disclosure.withdrawal.count', `select count(*)::int as value from (select ${noticed(1)} limit ${COUNT_LIMIT + 1}) capped`);

  const find = async (on: Client | typeof pool, { viewer, today }: SubgraphContext, { table, uscc, recordId }: Pick<Done, 'table' | 'uscc' | 'recordId'>): Promise<AnyRow | null> => {
    const [row] = await query<AnyRow>(on, statements[table].current, [...rowValues(rowScope(viewer), today), uscc, recordId]);
    return row ?? null;
  };

  async function withdraw(client: Client, context: SubgraphContext, input: WithdrawRecordInput): Promise<Work<Done, Refusal>> {
    const { viewer, today } = context;
    const key = decodeId(input.recordId);
    const table = key ? tableOf[key.kind] : undefined;
    const row = key && table && (await find(client, context, { ...key, table }));
    if (!row || (table === 'act' && 'document_no' in row && actKinds[row.kind].type !== key.kind)) return refuse('NOT_FOUND', 'No record with this id is known to you.', 'recordId');
    const { determining_unit, source_unit, sector, uscc } = row;
    const owner = { sector, sourceUnit: source_unit, sourceProvince: provinceOfCode(source_unit), determiningUnit: determining_unit, determiningProvince: determining_unit && provinceOfCode(determining_unit) };
    if (!mayWithdraw(viewer, owner)) return refuse('NOT_YOURS', 'Your organisation may not withdraw this record: another unit decided and filed it.', 'recordId');
    if (row.withdrawn_on !== null) return moved('WITHDRAWN', `The record was withdrawn on ${row.withdrawn_on}.`, 'recordId');
    if (row.version !== input.expectedVersion) return otherVersion(row.version);
    if (input.revokedOn < row.day || input.revokedOn > today) return refuse('BAD_PERIOD', `A record of ${row.day} can have been revoked from that day to today, not on ${input.revokedOn}.`, 'revokedOn');
    const parsed = parseRow(withdrawalForm, { subjectUscc: uscc, documentNo: input.documentNo, reason: input.reason });
    if (!parsed.ok) {
      const [problem] = parsed.problems;
      const field = withdrawalForm.fields.find(({ column }) => column === problem?.column);
      return refuse(problem?.code ?? 'BAD_FORM', problem?.message ?? 'The input is not in the form.', ...(field ? [field.name] : []));
    }
    const { documentNo, reason } = parsed.record as { documentNo: string; reason: string }; // no row without them
    // What a full replacement writes, and the next filing takes back.
    if (reason === NOT_IN_REPLACEMENT) return refuse('MISSING', 'Say why the record is withdrawn.', 'reason');

    const due = dueOf(await rules.fresh(), input.revokedOn, regionOf(determining_unit, uscc));
    const recordedAt = await instants.stamp(client);
    const superseded = await query<{ version: number }>(client, statements[table].supersede, [uscc, row.record_id, recordedAt, today, reason]);
    // Writers wait for each other at the stamp: whoever came before us has committed, and what we looked at may be outdated.
    const newest = Math.max(...superseded.map(({ version }) => version));
    if (newest !== row.version) return otherVersion(newest);
    const withdrawal = { withdrawal: { by: viewer.organisation, documentNo, reason, revokedOn: input.revokedOn } };
    const digested = digest(canonicalJson({ ...withdrawal, digest: row.digest, withdrawnOn: today }));
    await query(client, statements[table].insert, [uscc, row.record_id, row.version, digested, recordedAt, JSON.stringify(withdrawal)]);
    const stamp = { recordedAt, filingId: null };
    await announceBatch(client, feed.topic, stamp, 1);
    await auditChange(client, viewer, { ...stamp, schema: 'disclosure', action: 'withdrawRecord', record: { uscc, recordId: row.record_id, version: row.version + 1 }, rows: 1 });
    return { done: { table, uscc, recordId: row.record_id, withdrawnOn: today, due } };
  }

  return {
    /** @throws UNAUTHORIZED_FIELD_OR_TYPE for a role that may not do it, or a viewer who acts for nobody; PURPOSE_REQUIRED. */
    async withdraw(context: SubgraphContext, input: WithdrawRecordInput) {
      const { viewer } = context;
      if (!may(viewer, 'record:withdraw') || viewer.organisation === null) throw clientError('UNAUTHORIZED_FIELD_OR_TYPE', 'Your role may not withdraw records.');
      // It looks at the record as it stands, which is a read.
      if (outcomeFor(viewer, 'RECORD') === 'PURPOSE') throw clientError('PURPOSE_REQUIRED', 'A record is read and withdrawn for a purpose only: name one that your token allows in the header x-purpose.');
      const answer = await once<Done, Refusal>({ organisation: viewer.organisation, mutation: 'withdrawRecord', key: input.idempotencyKey, input, at: now() }, (client) => withdraw(client, context, input));
      if (answer.outcome === 'conflict') return refusedAs(sameKey);
      if (answer.outcome === 'refused') return refusedAs(answer.refusal);
      const done = answer.result;
      const [row, { sets }] = await Promise.all([find(pool, context, done), rules.fresh()]);
      return { __typename: 'RecordWithdrawn' as const, ...done, row: row && give(context, row), ruleSet: sets.find(({ id }) => id === done.due?.ruleSet) ?? null } satisfies Withdrawn & { __typename: string };
    },

    async notices(authority: string, { first, after }: { first: number; after?: string | null }): Promise<NoticePage> {
      checkFirst(first);
      const scope = JSON.stringify(['Query.withdrawalNotices', authority]);
      const [day, recordId] = cursors.openGiven(scope, after) ?? ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];
      return {
        page: pageOf(await query<Notice>(pool, notices, [authority, day, recordId, first + 1]), first),
        cursorOf: ({ withdrawn_on, record_id }) => cursors.seal(scope, [withdrawn_on, record_id]),
        count: async () => (await query<{ value: number }>(pool, countNotices, [authority]))[0]?.value ?? 0,
      };
    },
  };
}

const otherVersion = (version: number) => moved('VERSION', `The record is at version ${version} now: read it again.`, 'expectedVersion');

export const withdrawnFields = {
  record: ({ row }) => row,
  dueOn: ({ due }) => due?.date ?? null,
  provisional: ({ due }) => due?.provisional ?? null,
  onTime: ({ due, withdrawnOn }) => (due ? withdrawnOn <= due.date : null),
  inputs: ({ due }) => due?.inputs ?? null,
} satisfies Resolvers['RecordWithdrawn'];

export const noticeFields = {
  documentNo: ({ document_no }: Notice) => document_no,
  authorityName: ({ authority_name }: Notice) => authority_name,
  withdrawnOn: ({ withdrawn_on }: Notice) => withdrawn_on,
  revokedBy: ({ revoked_by }: Notice) => revoked_by,
  revokedOn: ({ revoked_on }: Notice) => revoked_on,
};
