import { checkFirst, type Page, totalCount } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { type CreditFile, creditFileRoots } from '#kit/creditFile.ts';
import { shown } from '#kit/fields.ts';
import { decodeId, encodeId, type RecordRow } from '#kit/records.ts';
import type { Workshop } from '#kit/subgraph.ts';
import type { DataClass } from '#policy/matrix.ts';
import { penaltyCategories } from '#standards/penaltyCategory.ts';
import { type ActKind, actKinds } from './acts.ts';
import { type ActRow, type CommitmentRow, createActs, createCommitments, type Position, type Records } from './repository.ts';

/** A connection whose parts are made when they are selected: a cursor costs 15 µs, and most readers take `nodes` alone. */
export interface Listed<Row> {
  readonly page: Page<Row>;
  readonly cursorOf: (row: Row) => string;
  readonly count: () => Promise<number>;
}

export interface ListedEdge<Row> {
  readonly node: Row;
  readonly cursorOf: (row: Row) => string;
}

interface PageArguments {
  readonly first: number;
  readonly after?: string | null;
  readonly kinds?: readonly ActKind[] | null;
}

export function createResolvers({ pool, cursors, instants }: Workshop) {
  const files = creditFileRoots(instants);
  const acts = createActs(pool);
  const commitments = createCommitments(pool);

  // A cursor is good for the list it came from alone: this file at these two times, these kinds, this viewer.
  const list = async <Row extends ActRow | CommitmentRow>(records: Records<Row>, field: string, file: CreditFile, { first, after, kinds }: PageArguments, context: SubgraphContext): Promise<Listed<Row>> => {
    checkFirst(first);
    const wanted = kinds ? [...new Set(kinds)].toSorted() : null;
    const scope = JSON.stringify([field, file.uscc, file.validAt, file.knownAt, wanted, context.viewer.grant]);
    const ask = { context, file, kinds: wanted };
    return {
      page: await records.page({ ...ask, first, after: after ? positionOf(cursors.open(scope, after)) : null }),
      cursorOf: ({ day, record_id }) => cursors.seal(scope, [day, record_id]),
      count: () => records.count(ask),
    };
  };

  const reference = <Row extends ActRow | CommitmentRow>(records: Records<Row>, type: string) => async ({ id }: { id: string }, context: SubgraphContext) => {
    const key = decodeId(id);
    if (key?.kind !== type) return null;
    await instants.require(context.moment.knownAt);
    const row = await records.find({ context, uscc: key.uscc, recordId: key.recordId });
    return row && typeOf(row) === type ? row : null;
  };

  const actType = (type: string, fields: object) => ({ ...recordFields, ...actFields, ...fields, __resolveReference: reference(acts, type) });

  return {
    Query: {
      ...files.Query,
      penaltyCategories: () => penaltyCategories.map(({ code, name, item }) => ({ code, name, legalBasis: `中华人民共和国行政处罚法（2021年修订）第九条第${'一二三四五六'[item - 1] ?? ''}项` })),
    },
    CreditFile: {
      ...files.CreditFile,
      administrativeActs: (file: CreditFile, args: PageArguments, context: SubgraphContext) => list(acts, 'CreditFile.administrativeActs', file, args, context),
      commitments: (file: CreditFile, args: PageArguments, context: SubgraphContext) => list(commitments, 'CreditFile.commitments', file, args, context),
    },
    AdministrativeActConnection: listedFields<ActRow>(),
    AdministrativeActEdge: edgeFields<ActRow>(),
    CreditCommitmentConnection: listedFields<CommitmentRow>(),
    CreditCommitmentEdge: edgeFields<CommitmentRow>(),
    PageInfo: { endCursor: (page: { endCursor: () => string | null }) => page.endCursor() },
    CreditRecord: { __resolveType: typeOf },
    AdministrativeAct: { __resolveType: typeOf },
    AdministrativeLicence: actType('AdministrativeLicence', {
      licenceCategory: said('licenceCategory'),
      certificateName: said('certificateName'),
      certificateNo: said('certificateNo'),
      longTerm: ({ content }: ActRow) => content['longTerm'] === true,
      inForce: ({ content }: ActRow) => (content['licenceStatus'] === undefined ? null : content['licenceStatus'] === 'VALID'),
    }),
    AdministrativePenalty: actType('AdministrativePenalty', {
      violation: said('violation'),
      facts: said('facts'),
      legalBasis: said('legalBasis'),
      categories: said('categories'),
      fine: said('fineFen'),
      fineAsFiled: said('fineText'),
      confiscated: said('confiscatedFen'),
      confiscatedAsFiled: said('confiscatedText'),
      suspendedOrRevokedLicence: said('affectedLicence'),
      effectiveUntil: said('validTo'),
    }),
    AdministrativeCompulsion: actType('AdministrativeCompulsion', { measure: said('method'), legalBasis: said('legalBasis') }),
    AdministrativeConfirmation: actType('AdministrativeConfirmation', { matter: said('matter') }),
    AdministrativeLevy: actType('AdministrativeLevy', { matter: said('matter'), amount: said('amountFen') }),
    AdministrativePayment: actType('AdministrativePayment', { matter: said('matter'), amount: said('amountFen') }),
    AdministrativeAdjudication: actType('AdministrativeAdjudication', { matter: said('matter') }),
    AdministrativeCompensation: actType('AdministrativeCompensation', { matter: said('matter'), amount: said('amountFen') }),
    AdministrativeReward: actType('AdministrativeReward', { matter: said('matter'), amount: said('amountFen') }),
    AdministrativeInspection: actType('AdministrativeInspection', { matter: said('matter'), result: said('result') }),
    CreditCommitment: {
      ...recordFields,
      commitmentNo: (row: CommitmentRow) => row.commitment_no,
      matter: said('matter'),
      madeOn: (row: CommitmentRow) => row.day,
      acceptedBy: ({ content }: CommitmentRow) => organisation(content['acceptedByName'], content['acceptedByUscc']),
      status: said('performance'),
      __resolveReference: reference(commitments, 'CreditCommitment'),
    },
    Provenance: {
      sourceUnit: (row: RecordRow) => organisation(row.source_unit_name, row.source_unit),
      sourceRecordId: restricted('PROVENANCE', (row) => row.source_record_id),
      catalogueCode: (row: RecordRow) => row.catalogue_code,
      collectedAt: (row: RecordRow) => row.collected_at,
    },
  };
}

const positionOf = ([day = '', recordId = '']: readonly string[]): Position => ({ day, recordId });

const typeOf = (row: ActRow | CommitmentRow): string => ('document_no' in row ? actKinds[row.kind].type : 'CreditCommitment');

const organisation = (name: unknown, uscc: unknown) => (name || uscc ? { name: name ?? null, uscc: uscc ?? null } : null);

/** A field of the official form, as filed with this version. */
const said = (name: string) => (row: RecordRow) => row.content[name] ?? null;

/** A field that is shown row by row (policy/rows.ts), and noted as read where it is. */
const restricted = (dataClass: DataClass, read: (row: RecordRow) => unknown) => (row: RecordRow, _: unknown, context: SubgraphContext) =>
  shown(context, dataClass, { uscc: row.uscc, province: row.province, sector: row.sector, units: [row.source_unit, row.determining_unit], id: row.record_id, version: row.version }, read(row));

const recordFields = {
  id: (row: ActRow | CommitmentRow) => encodeId(typeOf(row), row.uscc, row.record_id),
  digest: restricted('PROVENANCE', (row) => row.digest.toString('hex')),
  subject: ({ uscc }: RecordRow) => ({ uscc }),
  provenance: (row: RecordRow) => row,
  // As filed with the version; the column holds what is in force now.
  disclosureLevel: said('disclosureLevel'),
  validFrom: (row: RecordRow) => row.valid_from,
  validTo: (row: RecordRow) => row.valid_to,
  recordedAt: (row: RecordRow) => row.recorded_at,
  underObjection: (row: RecordRow) => row.under_objection,
  additionalFields: restricted('REMARK', (row) => row.additional_fields && Object.entries(row.additional_fields).map(([column, value]) => ({ column, value }))),
};

const actFields = {
  documentNo: (row: ActRow) => row.document_no,
  documentName: said('documentName'),
  authority: (row: ActRow) => organisation(row.authority_name, row.determining_unit),
  decidedOn: (row: ActRow) => row.day,
  content: said('content'),
  publication: ({ kind, content }: ActRow) => ({ duty: actKinds[kind].duty, publishedOn: content['publicFrom'] ?? null, publicUntil: content['publicUntil'] ?? null }),
  remark: restricted('REMARK', (row) => row.content['remark'] ?? null),
};

const listedFields = <Row>() => ({
  edges: ({ page, cursorOf }: Listed<Row>): ListedEdge<Row>[] => page.items.map((node) => ({ node, cursorOf })),
  nodes: ({ page }: Listed<Row>) => page.items,
  pageInfo({ page, cursorOf }: Listed<Row>) {
    const last = page.items.at(-1);
    return { hasNextPage: page.hasNextPage, endCursor: () => (last ? cursorOf(last) : null) };
  },
  totalCount: async ({ count }: Listed<Row>) => totalCount(await count()),
});

const edgeFields = <Row>() => ({ cursor: ({ node, cursorOf }: ListedEdge<Row>): string => cursorOf(node) });
