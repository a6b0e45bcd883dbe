import type { DataClass } from '#policy/matrix.ts';
import type { DisclosureLevel, Reach } from '#policy/scope.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { readKey } from './creditFile.ts';
import { noteConflict, noteRead, noteSubject, visibleValue } from '#kit/fields.ts';
import type { Instants } from './instants.ts';
import { FACT_CONFLICT } from './conflicts.ts';
import { SUBJECT_NAME } from './filing/content.ts';
import { decodeId, encodeId, type RecordRow, type Times } from './record.ts';

/** A record's row as far as every table of records, and every reader of one, has it. */
export type RecordHead = Omit<RecordRow, 'digest' | 'content' | 'additional_fields'>;

/** The row behind a record's provenance. The states of the register have content of another shape. */
export type ProvenanceRow = RecordHead & { readonly content: object };

/** Whose record it is and where: what field-level rules check and the access log records. */
export const reachOf = (row: RecordHead): Reach & { id: string; version: number } => ({
  uscc: row.uscc,
  province: row.province,
  sector: row.sector,
  units: [row.source_unit, row.determining_unit],
  id: row.record_id,
  version: row.version,
});

const isPublished = (row: RecordRow, today: string): boolean =>
  row.disclosure_level === 'PUBLIC' &&
  row.withdrawn_on === null &&
  row.public_from !== null &&
  row.public_from <= today &&
  row.public_until !== null &&
  row.public_until >= today;

/**
 * Notes a record as read. Every record that is returned passes here: the entity that it is about is noted and, for the
 * access log, a read of what is not public.
 * @param at the two times it was requested for; left out: the operation's own
 */
export function recordRead<Row extends RecordRow>(context: SubgraphContext, row: Row, at?: Times): Row {
  if (at) row.at = at;
  noteSubject(context, row.uscc);
  noteConflict(context, row);
  if (!isPublished(row, context.today)) noteRead(context, 'RECORD', reachOf(row));
  return row;
}

/** A unit named in a record; null where neither name nor code was filed. */
export const organisation = (name: string | null, uscc: string | null) => (name || uscc ? { name, uscc } : null);

/**
 * A field of the official form, as filed with this version; null where it was not filed. The type is that of the field
 * in the form (standards/forms): a text unless the caller names another.
 */
export const contentField = <Value = string>({ content }: Pick<RecordRow, 'content'>, name: string) =>
  (content[name] ?? null) as NoInfer<Value> | null; // filings write what a form has parsed, and nothing else does

/**
 * Creates the resolver of a field that the official form has under the same name; null where it was not filed. It
 * applies no rule of the row: a field of a class that is decided row by row goes through `restricted`.
 */
export const formField =
  <Value = string>(name: string) =>
  (row: RecordRow) =>
    contentField<Value>(row, name);

/** Wraps the resolver of a field that is decided row by row (policy/rows.ts); a visible value is noted as read. */
export const restricted =
  <Row extends RecordHead, Value>(dataClass: DataClass, read: (row: Row) => Value) =>
  (row: Row, _: unknown, context: SubgraphContext) =>
    visibleValue(context, dataClass, reachOf(row), read(row));

/** The conflict that is open about a record or a state of the register, as the gateway resolves it; null: none is. */
export const factConflictOf = ({ uscc, fact_conflict: id }: Pick<RecordRow, 'uscc' | 'fact_conflict'>) =>
  id === null ? null : { id: encodeId(FACT_CONFLICT, uscc, id) };

/**
 * The resolvers of `CreditRecord`, the same for every type of record.
 * @param typeOf the row's GraphQL type, which its id carries
 */
export const recordFields = <Row extends RecordRow>(typeOf: (row: Row) => string) => ({
  id: (row: Row) => encodeId(typeOf(row), row.uscc, row.record_id),
  validAt: (row: Row, _: unknown, { moment }: SubgraphContext) => (row.at ?? moment).validAt,
  knownAt: (row: Row, _: unknown, { moment }: SubgraphContext) => (row.at ?? moment).knownAt,
  digest: restricted('PROVENANCE', (row: RecordRow) => row.digest),
  subject: ({ uscc }: Row) => ({ uscc }),
  provenance: (row: Row) => row,
  // The level filed with the version, where content has it. The column holds the level in force now.
  disclosureLevel: (row: Row) =>
    // A check constraint of every table holds `disclosure_level` to these values.
    contentField<DisclosureLevel>(row, 'disclosureLevel') ?? (row.disclosure_level as DisclosureLevel),
  // Columns have no resolver (kit/resolverMap.ts). These are read of every record, and one of their own is the faster.
  validFrom: (row: Row) => row.valid_from,
  validTo: (row: Row) => row.valid_to,
  recordedAt: (row: Row) => row.recorded_at,
  underObjection: (row: Row) => row.under_objection,
  factConflict: factConflictOf,
  additionalFields: restricted(
    'REMARK',
    (row: RecordRow) =>
      row.additional_fields && Object.entries(row.additional_fields).map(([column, value]) => ({ column, value })),
  ),
});

/** The resolvers of `Provenance`, whose parent is the record's row. */
export const provenanceFields = {
  sourceUnit: (row: RecordHead) => organisation(row.source_unit_name, row.source_unit),
  sourceRecordId: restricted('PROVENANCE', (row: RecordHead) => row.source_record_id),
  filedSubjectName: restricted(
    'PROVENANCE',
    // Filings write the content, and nothing but texts under these names. The register is filed by the name of each
    // entity itself.
    ({ content }: ProvenanceRow) => {
      const { [SUBJECT_NAME]: ofSubject, name = null } = content as { [SUBJECT_NAME]?: string; name?: string };
      return ofSubject ?? name;
    },
  ),
  catalogueCode: (row: RecordHead) => row.catalogue_code,
  collectedAt: (row: RecordHead) => row.collected_at,
};

/**
 * Creates the resolver of a record by its id and the two times, which are those of the operation where none are named.
 * It returns null for an id of another type, for a record that the viewer may not see, and for one that did not exist
 * at those times.
 */
export const recordReference =
  <Row extends RecordRow>(
    type: string,
    instants: Instants,
    find: (context: SubgraphContext, key: Times & { uscc: string; recordId: string }) => Promise<Row | null>,
  ) =>
  async (reference: Readonly<Record<string, unknown>>, context: SubgraphContext): Promise<Row | null> => {
    const key = typeof reference['id'] === 'string' ? decodeId(reference['id']) : null;
    if (key?.kind !== type) return null;
    const { validAt, knownAt } = context.moment;
    const at = {
      validAt: readKey(reference, 'validAt', 'Date', validAt),
      knownAt: readKey(reference, 'knownAt', 'DateTime', knownAt),
    };
    await instants.require(at.knownAt, knownAt);
    const row = await find(context, { uscc: key.uscc, recordId: key.recordId, ...at });
    return row && recordRead(context, row, at);
  };
