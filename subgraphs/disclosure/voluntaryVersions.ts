import { canonicalJson } from '#kit/canonical.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { type Client, query, statement } from '#kit/postgres/pool.ts';
import { staleState, type Refusal } from '#kit/refusals.ts';
import { provinceOfCode } from '#standards/divisions.ts';
import { announceBatch, auditChange } from '#records/outbox.ts';
import { decodeId, recordIdOf } from '#records/record.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { endVersions, insertVersions } from '#records/versions.ts';
import { disclosureLevels, type DisclosureLevel } from '#policy/scope.ts';
import {
  NO_PROVINCE,
  rowParameters,
  rowPredicate,
  rowScope,
  rowValues,
  verifierOf,
  versionRight,
} from '#policy/rows.ts';
import { feed } from './ingest.ts';
import { readColumns, type VoluntaryRow } from './repository.ts';
import { isVerifier } from './voluntaryRights.ts';

// Versions of declared items, as SQL. Each version is written with its rights, its announcement and its audit record
// in the caller's transaction.

/** The key of an item. */
export interface VoluntaryKey {
  readonly uscc: string;
  readonly recordId: string;
}

/** What the subject permits. Days are 'YYYY-MM-DD'. */
export interface Authorisation {
  readonly disclosureLevel: DisclosureLevel;
  readonly purposes: readonly string[];
  readonly until: string;
}

/** The statements of a version, and the present rights that it sets on all versions of its record. */
export interface NextVersion {
  readonly content: Readonly<Record<string, unknown>>;
  readonly kind: string;
  readonly itemNo: string;
  readonly declaredOn: string;
  readonly verification: 'UNVERIFIED' | 'VERIFIED' | 'REFUTED';
  readonly verifiedBy: string | null;
  readonly verifiedOn: string | null;
  readonly authorisation: Authorisation;
  /** The unit that was asked to verify it. */
  readonly verifier: string | null;
  readonly sector: string | null;
  readonly withdrawnOn: string | null;
}

/** What a write leaves: the item's key, or why nothing was written. */
export type Written = { readonly done: VoluntaryKey } | { readonly refused: Refusal };

const CATALOGUE_ITEM = 'VOLUNTARY';

/** An item that nobody has verified is visible within government alone. */
export const UNVERIFIED_LEVEL: DisclosureLevel = 'GOV_SHARED';

const narrower = (one: DisclosureLevel, other: DisclosureLevel): DisclosureLevel =>
  disclosureLevels.indexOf(one) > disclosureLevels.indexOf(other) ? one : other;

/** The key of the item of a subject. */
export const voluntaryKey = (kind: string, itemNo: string, subject: string): VoluntaryKey => ({
  uscc: subject,
  recordId: recordIdOf(CATALOGUE_ITEM, kind, itemNo, subject),
});

/** The key in the id that a client sends; null for the id of something else. */
export function keyOfVoluntaryItem(id: string): VoluntaryKey | null {
  const key = decodeId(id);
  return key?.kind === 'VoluntaryItem' ? key : null;
}

/** The refusal of a declaration of an item that is declared already. */
export const alreadyDeclared = (version: number): { readonly refused: Refusal } =>
  staleState('EXISTS', `You have declared this item: to correct it name its version, ${version}.`, 'expectedVersion');

/** What the subject permitted for an item. The mutations of declarations.ts alone write it. */
export const authorisationOf = ({ content }: VoluntaryRow): Authorisation => content['authorisation'] as Authorisation;

/** The next version of an existing record. */
export const nextOf = (row: VoluntaryRow, change: Partial<NextVersion>): NextVersion => ({
  content: row.content,
  kind: row.kind,
  itemNo: row.item_no,
  declaredOn: row.day,
  verification: row.verification,
  verifiedBy: row.verified_by,
  verifiedOn: row.verified_on,
  authorisation: authorisationOf(row),
  verifier: row.determining_unit,
  sector: row.sector,
  withdrawnOn: row.withdrawn_on,
  ...change,
});

const current = statement(
  'disclosure.voluntary_item.current',
  `select ${readColumns('voluntary_item')}
   from disclosure.voluntary_item record
   where record.uscc = $${rowParameters + 1}
     and record.record_id = $${rowParameters + 2}::uuid
     and record.superseded_at = 'infinity'
     and (${rowPredicate('record', 1)} or ${isVerifier(rowParameters + 3)})
   limit 1`,
);
// The lock is on the first version, which stands for the record. A writer that waited for a lock on the current
// version would find it superseded and get no row, as if there were no item.
const hold = statement(
  'disclosure.voluntary_item.hold',
  'select version from disclosure.voluntary_item where uscc = $1 and record_id = $2::uuid and version = 1 for update',
);
const presentRights = {
  disclosure_level: '$4::text',
  public_from: '$5::date',
  public_until: '$6::date',
  withdrawn_on: '$7::date',
  withdrawal_reason: '$8::text',
  authorised_for: '$9::text[]',
  determining_unit: '$10::text',
  sector: '$11::text',
};
const supersede = statement(
  'disclosure.voluntary_item.supersede',
  endVersions({
    table: 'disclosure.voluntary_item',
    where: 'record.uscc = $1 and record.record_id = $2::uuid',
    at: '$3::timestamptz',
    rights: {
      ...presentRights,
      disclosure_level: versionRight('record', 'disclosure_level', presentRights.disclosure_level),
      sector: versionRight('record', 'sector', presentRights.sector),
      // A version is read for the purposes of now that it was authorised for itself.
      authorised_for: `array(
         select unnest(${presentRights.authorised_for})
         intersect
         select jsonb_array_elements_text(coalesce(record.content->'authorisation'->'purposes', '[]'))
       )`,
    },
  }),
);
const insert = statement(
  'disclosure.voluntary_item.insert',
  insertVersions({
    table: 'disclosure.voluntary_item',
    values: {
      uscc: '$1::text',
      record_id: '$2::uuid',
      recorded_at: '$3::timestamptz',
      ...presentRights,
      version: '$12::int',
      digest: "decode($13, 'hex')",
      source_unit: '$1::text',
      catalogue_code: `'${CATALOGUE_ITEM}'`,
      collected_at: '$14::timestamptz',
      province: '$15::text',
      under_objection: '$16::boolean',
      valid_from: '$17::date',
      content: '$18::jsonb',
      kind: '$19::text',
      item_no: '$20::text',
      declared_on: '$17::date',
      verification: '$21::text',
      verified_by: '$22::text',
      verified_on: '$23::date',
    },
    onConflict: 'do nothing',
    returning: 'version',
  }),
);

/** Reads and writes the versions of declared items. */
export interface VoluntaryVersions {
  /** The current version, cut to what the viewer may see; null when there is none. */
  find(context: SubgraphContext, key: VoluntaryKey): Promise<VoluntaryRow | null>;
  /** The same, locked against other writers of the record until the end of the transaction. */
  take(client: Client, context: SubgraphContext, key: VoluntaryKey): Promise<VoluntaryRow | null>;
  /**
   * Writes the version after `before`, or the first one.
   * @param action the mutation, for the audit record
   * @returns the key; EXISTS when another call has declared the item since it was read
   */
  write(
    client: Client,
    action: string,
    context: SubgraphContext,
    key: VoluntaryKey,
    before: VoluntaryRow | null,
    next: NextVersion,
  ): Promise<Written>;
}

export function createVoluntaryVersions({
  pool,
  instants,
  digest,
}: Pick<SubgraphRuntime, 'pool' | 'instants' | 'digest'>): VoluntaryVersions {
  const findOn = async (
    on: Client | typeof pool,
    { viewer, today }: SubgraphContext,
    { uscc, recordId }: VoluntaryKey,
  ): Promise<VoluntaryRow | null> => {
    const [row] = await query<VoluntaryRow>(on, current, [
      ...rowValues(rowScope(viewer), today),
      uscc,
      recordId,
      verifierOf(viewer),
    ]);
    return row ?? null;
  };

  return {
    find: (context, key) => findOn(pool, context, key),

    async take(client, context, key) {
      await query(client, hold, [key.uscc, key.recordId]);
      return findOn(client, context, key);
    },

    async write(client, action, context, key, before, next) {
      const { uscc, recordId } = key;
      const level = levelOf(next);
      const rights = rightsOf(next, level, context.today);
      const version = (before?.version ?? 0) + 1;
      const recordedAt = await instants.stamp(client);
      if (before) await query(client, supersede, [uscc, recordId, recordedAt, ...rights]);
      const inserted = await query(client, insert, [
        uscc,
        recordId,
        recordedAt,
        ...rights,
        version,
        digest(canonicalJson({ ...next, uscc, recordId, level })),
        before?.collected_at ?? recordedAt,
        provinceOfCode(uscc) ?? NO_PROVINCE,
        before?.under_objection ?? false,
        next.declaredOn,
        JSON.stringify(next.content),
        next.kind,
        next.itemNo,
        next.verification,
        next.verifiedBy,
        next.verifiedOn,
      ]);
      // Another call declared the item between our read and our write.
      if (inserted.length === 0) return alreadyDeclared(1);
      const stamp = { recordedAt, filingId: null };
      await announceBatch(client, feed.topic, stamp, 1);
      await auditChange(client, context.viewer, {
        ...stamp,
        schema: 'disclosure',
        action,
        record: { ...key, version },
        rows: 1,
      });
      return { done: key };
    },
  };
}

/** The level that the subject authorised or, as long as nobody has verified the item, a narrower one. */
const levelOf = ({ authorisation, verification }: NextVersion): DisclosureLevel =>
  verification === 'VERIFIED'
    ? authorisation.disclosureLevel
    : narrower(authorisation.disclosureLevel, UNVERIFIED_LEVEL);

/** The present rights of the record: the parameters 4 to 11 of both statements that write. */
const rightsOf = (
  { authorisation, withdrawnOn, verifier, sector }: NextVersion,
  level: DisclosureLevel,
  today: string,
): readonly unknown[] => [
  level,
  level === 'PUBLIC' ? today : null,
  authorisation.until,
  withdrawnOn,
  withdrawnOn === null ? null : 'AUTHORISATION_WITHDRAWN',
  authorisation.purposes,
  verifier,
  sector,
];
