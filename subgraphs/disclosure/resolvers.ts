import { checkFirst, type Connection, connectionFields, edgeFields, pageInfoFields } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { createCoverage, type KeptKind } from '#kit/coverage.ts';
import { type CreditFile, creditFileRoots } from '#kit/creditFile.ts';
import { badInput } from '#kit/errors.ts';
import { historyFields } from '#kit/history.ts';
import { filed, organisation, provenanceFields, recordFields, recordReference, said } from '#kit/recordFields.ts';
import type { ResolverMap } from '#kit/resolverMap.ts';
import { ruleSetFields } from '#kit/ruleSetFields.ts';
import type { Workshop } from '#kit/subgraph.ts';
import { MAX_WORKING_DAYS, stateCouncilCalendar } from '#standards/calendar.ts';
import { penaltyCategories } from '#standards/penaltyCategory.ts';
import { type ActKind, actKinds } from './acts.ts';
import { catalogueEditionFields, catalogueItemFields, listedOn } from './catalogue.ts';
import { complaintFields } from './complaints.ts';
import { createHistories } from './histories.ts';
import { judicialRecordFields } from './judicial.ts';
import { createPublicationFields } from './publication.ts';
import { remark } from './remark.ts';
import { type ActRow, type AnyRow, type CommitmentRow, type ComplaintRow, createActs, createCommitments, createComplaints, createJudicialRecords, createVoluntaryItems, type JudicialRow, type Position, type Records, type TableName, type VoluntaryRow } from './repository.ts';
import type { CommitmentStatus, Resolvers, ResolversParentTypes } from './resolvers.generated.ts';
import { createRuleFields } from './rules.ts';
import { createTimeliness, timelinessFields } from './timeliness.ts';
import { authorisationFields, createVoluntaryMutations, verificationFields, voluntaryItemFields } from './voluntary.ts';
import { createWithdrawals, type Notice, noticeFields, withdrawnFields } from './withdrawal.ts';

interface PageArguments {
  readonly first: number;
  readonly after?: string | null;
  /** Kinds, or states of verification: what a list is narrowed by. */
  readonly kinds?: readonly string[] | null;
}

export function createResolvers(workshop: Workshop): ResolverMap<Resolvers, ResolversParentTypes> {
  const { pool, cursors, instants } = workshop;
  const files = creditFileRoots(instants);
  const acts = createActs(pool);
  const commitments = createCommitments(pool);
  const judicialRecords = createJudicialRecords(pool);
  const complaints = createComplaints(pool);
  const voluntaryItems = createVoluntaryItems(pool);
  const { own: coverage, ...coverages } = createCoverage(workshop, 'disclosure', keptKinds);
  const rules = createRuleFields(workshop.rules);
  const timeliness = createTimeliness(workshop);
  const withdrawals = createWithdrawals(workshop);

  // A cursor is good for the list it came from alone: this file at these two times, these kinds, this viewer.
  const list = async <Row extends AnyRow>(records: Records<Row>, field: string, file: CreditFile, { first, after, kinds }: PageArguments, context: SubgraphContext): Promise<Connection<Row>> => {
    checkFirst(first);
    const wanted = kinds ? [...new Set(kinds)].toSorted() : null;
    const scope = JSON.stringify([field, file.uscc, file.validAt, file.knownAt, wanted, context.viewer.grant]);
    const ask = { context, file, kinds: wanted };
    const position = cursors.openGiven(scope, after);
    return {
      page: await records.page({ ...ask, first, after: position && positionOf(position) }),
      cursorOf: ({ day, record_id }) => cursors.seal(scope, [day, record_id]),
      count: () => records.count(ask),
    };
  };

  const histories = createHistories(workshop);

  /** What a type of record has from the table it is kept in. */
  const kept = <Row extends AnyRow>(table: TableName, records: Records<Row>, type: string) => ({
    history: histories[table],
    __resolveReference: recordReference(type, instants, async (context, key) => {
      const row = await records.find({ context, ...key });
      return row && typeOf(row) === type ? row : null;
    }),
  });

  const actType = (type: string) => ({ ...recordFields(actTypeOf), ...actFields, ...kept('act', acts, type) });

  return {
    ...coverages,
    Query: {
      ...files.Query,
      ...coverages.Query,
      penaltyCategories: () => penaltyCategories.map(({ code, name, item }) => ({ code, name, legalBasis: `中华人民共和国行政处罚法（2021年修订）第九条第${'一二三四五六'[item - 1] ?? ''}项` })),
      ...rules.Query,
      workingDayAfter: (_, { from, days }) => {
        checkCount(from, days);
        return stateCouncilCalendar.workingDayAfter(from, days);
      },
      collectionCatalogue: (_, { validAt }, { moment }) => listedOn(validAt ?? moment.validAt),
      publicationDuties: (_, args, context) => timeliness.owed(context, args),
      timelinessReport: (_, { unit, month }, context) => timeliness.report(context, unit, month),
      withdrawalNotices: (_, { authority, ...page }) => withdrawals.notices(authority, page),
    },
    Mutation: { ...createVoluntaryMutations(workshop), withdrawRecord: (_, { input }, context) => withdrawals.withdraw(context, input) },
    CreditFile: {
      ...files.CreditFile,
      administrativeActs: (file, args, context) => list(acts, 'CreditFile.administrativeActs', file, args, context),
      commitments: (file, args, context) => list(commitments, 'CreditFile.commitments', file, args, context),
      judicialRecords: (file, args, context) => list(judicialRecords, 'CreditFile.judicialRecords', file, args, context),
      complaints: (file, args, context) => list(complaints, 'CreditFile.complaints', file, args, context),
      voluntaryItems: (file, { includeUnverified, ...args }, context) => list(voluntaryItems, 'CreditFile.voluntaryItems', file, { ...args, kinds: includeUnverified === true ? null : ['VERIFIED'] }, context),
    },
    AdministrativeActConnection: connectionFields<ActRow>(),
    AdministrativeActEdge: edgeFields<ActRow>(),
    CreditCommitmentConnection: connectionFields<CommitmentRow>(),
    CreditCommitmentEdge: edgeFields<CommitmentRow>(),
    JudicialRecordConnection: connectionFields<JudicialRow>(),
    JudicialRecordEdge: edgeFields<JudicialRow>(),
    ConsumerComplaintConnection: connectionFields<ComplaintRow>(),
    ConsumerComplaintEdge: edgeFields<ComplaintRow>(),
    VoluntaryItemConnection: connectionFields<VoluntaryRow>(),
    VoluntaryItemEdge: edgeFields<VoluntaryRow>(),
    PageInfo: pageInfoFields,
    CreditRecord: { __resolveType: typeOf },
    AdministrativeAct: { __resolveType: actTypeOf },
    AdministrativeLicence: {
      ...actType('AdministrativeLicence'),
      licenceCategory: said('licenceCategory'),
      otherCategory: said('licenceCategoryText'),
      certificateName: said('certificateName'),
      certificateNo: said('certificateNo'),
      longTerm,
      inForce: ({ content }) => (content['licenceStatus'] === undefined ? null : content['licenceStatus'] === 'VALID'),
    },
    AdministrativePenalty: {
      ...actType('AdministrativePenalty'),
      violation: said('violation'),
      facts: said('facts'),
      legalBasis: said('legalBasis'),
      categories: said<readonly string[]>('categories'),
      otherCategory: said('categoryText'),
      fine: said('fineFen'),
      fineAsFiled: said('fineText'),
      confiscated: said('confiscatedFen'),
      confiscatedAsFiled: said('confiscatedText'),
      suspendedOrRevokedLicence: said('affectedLicence'),
      performedOn: said('performedOn'),
      effectiveUntil: said('validTo'),
      longTerm,
      ...rules.AdministrativePenalty,
    },
    AdministrativeCompulsion: { ...actType('AdministrativeCompulsion'), measure: said('method'), result: said('result'), legalBasis: said('legalBasis'), longTerm },
    AdministrativeConfirmation: { ...actType('AdministrativeConfirmation'), matter: said('matter'), result: said('result'), legalBasis: said('legalBasis'), longTerm },
    AdministrativeLevy: { ...actType('AdministrativeLevy'), matter: said('matter'), result: said('result'), legalBasis: said('legalBasis'), ...amountFields },
    AdministrativePayment: { ...actType('AdministrativePayment'), matter: said('matter'), result: said('result'), legalBasis: said('legalBasis'), ...amountFields },
    AdministrativeAdjudication: { ...actType('AdministrativeAdjudication'), matter: said('matter'), result: said('result'), legalBasis: said('legalBasis') },
    AdministrativeCompensation: { ...actType('AdministrativeCompensation'), matter: said('matter'), result: said('result'), legalBasis: said('legalBasis'), ...amountFields },
    AdministrativeReward: { ...actType('AdministrativeReward'), matter: said('matter'), method: said('method'), legalBasis: said('legalBasis'), ...amountFields },
    AdministrativeInspection: { ...actType('AdministrativeInspection'), matter: said('matter'), method: said('method'), result: said('result'), legalBasis: said('legalBasis') },
    CreditCommitment: {
      ...recordFields(typeOf),
      commitmentNo: (row) => row.commitment_no,
      matter: said('matter'),
      content: said('content'),
      madeOn: (row) => row.day,
      dueOn: said('dueOn'),
      acceptedBy: (row) => organisation(filed(row, 'acceptedByName'), filed(row, 'acceptedByUscc')),
      status: said<CommitmentStatus>('performance'),
      remark,
      ...kept('commitment', commitments, 'CreditCommitment'),
    },
    JudicialRecord: { ...judicialRecordFields, ...kept('judicial_record', judicialRecords, 'JudicialRecord') },
    ConsumerComplaint: { ...complaintFields, ...kept('complaint', complaints, 'ConsumerComplaint') },
    VoluntaryItem: { ...voluntaryItemFields, ...kept('voluntary_item', voluntaryItems, 'VoluntaryItem') },
    Verification: verificationFields,
    Authorisation: authorisationFields,
    CatalogueItem: catalogueItemFields,
    CatalogueEdition: catalogueEditionFields,
    CollectionCoverage: { ...coverages.CollectionCoverage, disclosure: coverage },
    Provenance: provenanceFields,
    ...historyFields,
    Publication: { ...createPublicationFields(workshop.rules), ...rules.Publication },
    TimelinessReport: { ...timelinessFields, acts: (report, args, context) => timeliness.acts(report, args, context) },
    RecordWithdrawn: withdrawnFields,
    WithdrawalNotice: noticeFields,
    WithdrawalNoticeConnection: connectionFields<Notice>(),
    WithdrawalNoticeEdge: edgeFields<Notice>(),
    RuleSet: ruleSetFields,
  };
}

/** @throws BAD_USER_INPUT (WORKING_DAYS, NO_CALENDAR). */
function checkCount(from: string, days: number): void {
  const { firstDay, lastDay } = stateCouncilCalendar;
  if (days < 0 || days > MAX_WORKING_DAYS) throw badInput('days', 'WORKING_DAYS', `Working days are counted from 0 to ${MAX_WORKING_DAYS}.`, `0 to ${MAX_WORKING_DAYS}`);
  if (from < firstDay || from > lastDay) throw badInput('from', 'NO_CALENDAR', 'The calendar of working days does not reach that day.', `${firstDay} to ${lastDay}`);
}

const keptKinds: Readonly<Record<string, KeptKind>> = {
  ...Object.fromEntries(Object.values(actKinds).map(({ form }) => [form, { table: 'act', hasKinds: true, typeOf: (row) => actKinds[row.kind as ActKind].type } satisfies KeptKind])), // the table's own kinds
  commitment: { table: 'commitment', typeOf: () => 'CreditCommitment' },
  'judicial-record': { table: 'judicial_record', typeOf: () => 'JudicialRecord' },
  complaint: { table: 'complaint', typeOf: () => 'ConsumerComplaint' },
};

const positionOf = ([day = '', recordId = '']: readonly string[]): Position => ({ day, recordId });

const actTypeOf = ({ kind }: ActRow) => actKinds[kind].type;

function typeOf(row: AnyRow) {
  if ('document_no' in row) return actTypeOf(row);
  if ('commitment_no' in row) return 'CreditCommitment';
  if ('case_no' in row) return 'JudicialRecord';
  return 'complaint_no' in row ? 'ConsumerComplaint' : 'VoluntaryItem';
}

const actFields = {
  documentNo: (row: ActRow) => row.document_no || null, // blank once erased
  documentName: said('documentName'),
  authority: (row: ActRow) => organisation(row.authority_name, row.determining_unit),
  decidedOn: (row: ActRow) => row.day,
  content: said('content'),
  publication: (row: ActRow) => row,
  remark,
};

/** Null where no end was filed, which is neither an end nor none. */
const longTerm = ({ content }: ActRow) => content['longTerm'] === true || (content['validTo'] === undefined ? null : false);

const amountFields = { amount: said('amountFen'), amountAsFiled: said('amountText') };
