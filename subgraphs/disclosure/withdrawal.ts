import { canonicalJson } from '#kit/canonical.ts';
import { provinceOfCode, regionOf } from '#standards/divisions.ts';
import { readTexts } from '#records/filing/formInput.ts';
import { stagedColumns } from '#records/filing/record.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { clientError } from '#kit/errors.ts';
import { closeConflicts } from '#records/conflicts.ts';
import { announceBatch, auditChange } from '#records/outbox.ts';
import { createOnce } from '#kit/once.ts';
import { type Client, type Pool, query, statement } from '#kit/postgres/pool.ts';
import { recordRead } from '#records/recordFields.ts';
import { decodeId, NOT_IN_REPLACEMENT } from '#records/record.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { endVersions, insertVersions, KEPT_COLUMNS, valuesOf } from '#records/versions.ts';
import { may } from '#policy/actions.ts';
import { mayWithdraw } from '#policy/filings.ts';
import { outcomeFor } from '#policy/matrix.ts';
import { rowParameters, rowPredicate, rowScope, rowValues } from '#policy/rows.ts';
import { stateCouncilCalendar } from '#standards/calendar.ts';
import { withdrawalForm } from '#standards/forms/withdrawal.ts';
import { type RuleInput, type Rules, type RuleSet } from '#standards/ruleSets.ts';
import { actKinds } from './acts.ts';
import { feed, recordTables } from './ingest.ts';
import { staleState, type Refusal, refuse, refusedAs, sameKey } from '#kit/refusals.ts';
import { type AnyRow, readColumns } from './repository.ts';
import type { Resolvers, WithdrawRecordInput } from './resolvers.generated.ts';

// When a decision is changed, revoked or declared void, its publication is withdrawn within three working days, with a
// public reason (中华人民共和国行政处罚法 第四十八条、第八十五条).

type WithdrawableTable = keyof typeof recordTables;

/** The table of each type of record that is withdrawn here. Declared items are withdrawn in their own way. */
const tableOf: Readonly<Record<string, WithdrawableTable>> = {
  ...Object.fromEntries(Object.values(actKinds).map(({ type }) => [type, 'act' as const])),
  CreditCommitment: 'commitment',
  JudicialRecord: 'judicial_record',
  ConsumerComplaint: 'complaint',
};

/** The result of a withdrawal, as kept with its idempotency key. */
interface Done {
  readonly table: WithdrawableTable;
  readonly uscc: string;
  readonly recordId: string;
  readonly withdrawnOn: string;
  readonly due: {
    readonly date: string;
    readonly provisional: boolean;
    readonly ruleSet: string;
    readonly inputs: readonly RuleInput[];
  } | null;
}

export interface Withdrawn extends Done {
  readonly row: AnyRow | null;
  readonly ruleSet: RuleSet | null;
}

/** The transaction of a withdrawal. */
interface WithdrawalTransaction {
  readonly client: Client;
  readonly context: SubgraphContext;
  readonly input: WithdrawRecordInput;
}

/** A record that the viewer's unit may withdraw, at the version that it read. */
interface Withdrawable {
  readonly table: WithdrawableTable;
  readonly row: AnyRow;
}

type Refused = { readonly refused: Refusal };

/**
 * The last day for withdrawing a record, by the rule set in force on the day of the document that revoked it; null when
 * none was in force.
 */
function dueOf(rules: Rules, revokedOn: string, region: string | null): Done['due'] {
  const rule = rules.find('WITHDRAWAL', 'WITHDRAW_WITHIN', revokedOn, region);
  const { firstDay, lastDay } = stateCouncilCalendar;
  if (rule === null || revokedOn < firstDay || revokedOn > lastDay) return null;
  const inputs = [
    { name: 'revokedOn', value: revokedOn },
    ...(region === null ? [] : [{ name: 'region', value: region }]),
    { name: 'workingDays', value: String(rule.number) },
  ];
  return { ...stateCouncilCalendar.workingDayAfter(revokedOn, rule.number), ruleSet: rule.ruleSet.id, inputs };
}

function createStatements(table: WithdrawableTable) {
  const name = `disclosure.${table}`;
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
    supersede: statement(
      `disclosure.withdraw.${table}.supersede`,
      endVersions({
        table: name,
        where: 'record.uscc = $1 and record.record_id = $2::uuid',
        at: '$3::timestamptz',
        rights: { withdrawn_on: '$4::date', withdrawal_reason: '$5' },
        returning: 'record.version',
      }),
    ),
    insert: statement(
      `disclosure.withdraw.${table}.insert`,
      insertVersions({
        table: name,
        values: {
          ...valuesOf('record', [...stagedColumns(recordTables[table]), ...KEPT_COLUMNS]),
          version: 'record.version + 1',
          digest: "decode($4, 'hex')",
          recorded_at: '$5::timestamptz',
          content: 'record.content || $6::jsonb',
        },
        from: `${name} record where record.uscc = $1 and record.record_id = $2::uuid and record.version = $3`,
      }),
    ),
  };
}

const statements = Object.fromEntries(
  (Object.keys(recordTables) as WithdrawableTable[]).map((table) => [table, createStatements(table)]),
) as Record<WithdrawableTable, ReturnType<typeof createStatements>>;

const find = async (
  on: Client | Pool,
  { viewer, today }: SubgraphContext,
  { table, uscc, recordId }: Pick<Done, 'table' | 'uscc' | 'recordId'>,
): Promise<AnyRow | null> => {
  const [row] = await query<AnyRow>(on, statements[table].current, [
    ...rowValues(rowScope(viewer), today),
    uscc,
    recordId,
  ]);
  return row ?? null;
};

/** Creates the resolver of `Mutation.withdrawRecord`. */
export function createWithdrawal(runtime: SubgraphRuntime) {
  const { pool, rules, now } = runtime;
  const once = createOnce(pool, 'disclosure');
  /**
   * @throws UNAUTHORIZED_FIELD_OR_TYPE for a role that may not do it, or a viewer that acts for no organisation;
   * PURPOSE_REQUIRED
   */
  return async (context: SubgraphContext, input: WithdrawRecordInput) => {
    const { viewer } = context;
    if (!may(viewer, 'record:withdraw') || viewer.organisation === null)
      throw clientError('UNAUTHORIZED_FIELD_OR_TYPE', 'Your role may not withdraw records.');
    // This reads the current record, so the rules of reading apply.
    if (outcomeFor(viewer, 'RECORD') === 'PURPOSE')
      throw clientError(
        'PURPOSE_REQUIRED',
        'A record is read and withdrawn for a purpose only: name one that your token allows in the header x-purpose.',
      );
    const answer = await once<Done, Refusal>(
      { organisation: viewer.organisation, mutation: 'withdrawRecord', key: input.idempotencyKey, input, at: now() },
      (client) => withdraw(runtime, { client, context, input }),
    );
    if (answer.outcome === 'conflict') return refusedAs(sameKey);
    if (answer.outcome === 'refused') return refusedAs(answer.refusal);
    const done = answer.result;
    const [row, { sets }] = await Promise.all([find(pool, context, done), rules.fresh()]);
    return {
      __typename: 'RecordWithdrawn' as const,
      ...done,
      row: row && recordRead(context, row),
      ruleSet: sets.find(({ id }) => id === done.due?.ruleSet) ?? null,
    } satisfies Withdrawn & { __typename: string };
  };
}

async function withdraw(
  { instants, rules, digest }: SubgraphRuntime,
  transaction: WithdrawalTransaction,
): Promise<{ readonly done: Done } | Refused> {
  const { client, context, input } = transaction;
  const found = await findWithdrawable(transaction);
  if ('refused' in found) return found;
  const { table, row } = found;
  const { uscc, record_id: recordId } = row;
  const stated = readStatement(row, input);
  if ('refused' in stated) return stated;
  const { documentNo, reason } = stated;

  const due = dueOf(await rules.fresh(), input.revokedOn, regionOf(row.determining_unit, uscc));
  const recordedAt = await instants.stamp(client);
  const superseded = await query<{ version: number }>(client, statements[table].supersede, [
    uscc,
    recordId,
    recordedAt,
    context.today,
    reason,
  ]);
  // Writers wait for each other at the stamp. An earlier writer has committed by now, so what was read before may be
  // outdated.
  const newest = Math.max(...superseded.map(({ version }) => version));
  if (newest !== row.version) return otherVersion(newest);
  const withdrawal = {
    withdrawal: { by: context.viewer.organisation, documentNo, reason, revokedOn: input.revokedOn },
  };
  await query(client, statements[table].insert, [
    uscc,
    recordId,
    row.version,
    digest(canonicalJson({ ...withdrawal, digest: row.digest, withdrawnOn: context.today })),
    recordedAt,
    JSON.stringify(withdrawal),
  ]);
  // A withdrawal prevails at once, whatever another source states.
  await closeConflicts(client, recordedAt, 'AUTHORITY', [{ uscc, recordId }]);
  await announce(transaction, recordedAt, { uscc, recordId, version: row.version + 1 });
  return { done: { table, uscc, recordId, withdrawnOn: context.today, due } };
}

/** The current record, or why it may not be withdrawn. */
async function findWithdrawable({ client, context, input }: WithdrawalTransaction): Promise<Withdrawable | Refused> {
  const key = decodeId(input.recordId);
  const table = key ? tableOf[key.kind] : undefined;
  const row = key && table && (await find(client, context, { ...key, table }));
  if (!row || (table === 'act' && 'document_no' in row && actKinds[row.kind].type !== key.kind))
    return refuse('NOT_FOUND', 'No record with this id is known to you.', 'recordId');
  const { determining_unit, source_unit, sector } = row;
  const owner = {
    sector,
    sourceUnit: source_unit,
    sourceProvince: provinceOfCode(source_unit),
    determiningUnit: determining_unit,
    determiningProvince: determining_unit && provinceOfCode(determining_unit),
  };
  if (!mayWithdraw(context.viewer, owner))
    return refuse(
      'NOT_YOURS',
      'Your organisation may not withdraw this record: another unit decided and filed it.',
      'recordId',
    );
  if (row.withdrawn_on !== null)
    return staleState('WITHDRAWN', `The record was withdrawn on ${row.withdrawn_on}.`, 'recordId');
  if (row.version !== input.expectedVersion) return otherVersion(row.version);
  if (input.revokedOn < row.day || input.revokedOn > context.today)
    return refuse(
      'BAD_PERIOD',
      `A record of ${row.day} can have been revoked from that day to today, not on ${input.revokedOn}.`,
      'revokedOn',
    );
  return { table, row };
}

/** The document that revoked the record, and the public reason. */
function readStatement(
  { uscc }: AnyRow,
  input: WithdrawRecordInput,
): { readonly documentNo: string; readonly reason: string } | Refused {
  const read = readTexts(withdrawalForm, { subjectUscc: uscc, documentNo: input.documentNo, reason: input.reason });
  if ('refused' in read) return read;
  const { documentNo, reason } = read.texts as { documentNo: string; reason: string }; // no row without them
  // A full replacement writes this reason, and the next filing of the record undoes such a withdrawal.
  if (reason === NOT_IN_REPLACEMENT) return refuse('MISSING', 'Say why the record is withdrawn.', 'reason');
  return { documentNo, reason };
}

/** Announces the new version to the followers of the stream and writes its audit record. */
async function announce(
  { client, context }: WithdrawalTransaction,
  recordedAt: string,
  record: { readonly uscc: string; readonly recordId: string; readonly version: number },
): Promise<void> {
  const stamp = { recordedAt, filingId: null };
  await announceBatch(client, feed.topic, stamp, 1);
  await auditChange(client, context.viewer, {
    ...stamp,
    schema: 'disclosure',
    action: 'withdrawRecord',
    record,
    rows: 1,
  });
}

const otherVersion = (version: number) =>
  staleState('VERSION', `The record is at version ${version} now: read it again.`, 'expectedVersion');

export const withdrawnFields = {
  record: ({ row }) => row,
  dueOn: ({ due }) => due?.date ?? null,
  provisional: ({ due }) => due?.provisional ?? null,
  onTime: ({ due, withdrawnOn }) => (due ? withdrawnOn <= due.date : null),
  inputs: ({ due }) => due?.inputs ?? null,
} satisfies Resolvers['RecordWithdrawn'];
