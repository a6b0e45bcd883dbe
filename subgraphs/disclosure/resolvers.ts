import { connectionFields, edgeFields, pageInfoFields } from '#kit/connection.ts';
import { createCoverage } from '#records/coverage.ts';
import type { KeptKind } from '#records/coverageItems.ts';
import { creditFileRoots } from '#records/creditFile.ts';
import { historyFields } from '#records/history.ts';
import { provenanceFields, recordReference } from '#records/recordFields.ts';
import type { ResolverMap } from '#kit/resolverMap.ts';
import { ruleSetFields } from '#records/ruleSetFields.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { penaltyCategories } from '#standards/penaltyCategory.ts';
import { actTypeFields, actTypeOf } from './actFields.ts';
import { type ActKind, actKinds } from './acts.ts';
import { catalogueEditionFields, catalogueItemFields } from './catalogue.ts';
import { commitmentFields } from './commitments.ts';
import { complaintFields } from './complaints.ts';
import { createHistories } from './histories.ts';
import { judicialRecordFields } from './judicial.ts';
import { createPublicationFields } from './publication.ts';
import type { Recomputation } from './recomputation.ts';
import { recomputedActs } from './recomputedActs.ts';
import { createCreditFileLists } from './recordLists.ts';
import {
  type ActRow,
  type AnyRow,
  type CommitmentRow,
  type ComplaintRow,
  createTables,
  type JudicialRow,
  type Records,
  type TableName,
  type VoluntaryRow,
} from './repository.ts';
import type { Resolvers, ResolversParentTypes } from './resolvers.generated.ts';
import { createRuleFields } from './rules.ts';
import { createTimeliness, timelinessFields } from './timeliness.ts';
import { authorisationFields, createVoluntaryMutations, verificationFields, voluntaryItemFields } from './voluntary.ts';
import { createWithdrawal, withdrawnFields } from './withdrawal.ts';
import { createWithdrawalNotices, type Notice } from './withdrawalNotices.ts';
import { workingDayAfter } from './workingDays.ts';

const keptKinds: Readonly<Record<string, KeptKind>> = {
  ...Object.fromEntries(
    Object.values(actKinds).map(({ form }) => [
      form,
      { table: 'act', hasKinds: true, typeOf: (row) => actKinds[row.kind as ActKind].type } satisfies KeptKind,
    ]),
  ), // the table's own kinds
  commitment: { table: 'commitment', typeOf: () => 'CreditCommitment' },
  'judicial-record': { table: 'judicial_record', typeOf: () => 'JudicialRecord' },
  complaint: { table: 'complaint', typeOf: () => 'ConsumerComplaint' },
};

/** The resolvers of all connections, which differ in their rows alone. */
const connections = {
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
  WithdrawalNoticeConnection: connectionFields<Notice>(),
  WithdrawalNoticeEdge: edgeFields<Notice>(),
  PageInfo: pageInfoFields,
};

export function createResolvers(
  runtime: SubgraphRuntime,
  recomputation: Recomputation,
): ResolverMap<Resolvers, ResolversParentTypes> {
  const { pool, cursors, instants } = runtime;
  const files = creditFileRoots(runtime);
  const tables = createTables(pool);
  const histories = createHistories(runtime);
  const { own: coverage, ...coverages } = createCoverage(runtime, 'disclosure', keptKinds);
  const rules = createRuleFields(runtime.rules);
  const timeliness = createTimeliness(runtime);
  const withdraw = createWithdrawal(runtime);
  const withdrawalNotices = createWithdrawalNotices(runtime);

  /** The fields that a type of record takes from its table. */
  const kept = <Row extends AnyRow>(table: TableName, records: Records<Row>, type: string) => ({
    history: histories[table],
    __resolveReference: recordReference(type, instants, async (context, key) => {
      const row = await records.find({ context, ...key });
      return row && typeOf(row) === type ? row : null;
    }),
  });
  const actType = <Type extends keyof typeof actTypeFields>(type: Type) => ({
    ...actTypeFields[type],
    ...kept('act', tables.act, type),
  });

  return {
    ...coverages,
    Query: {
      ...files.Query,
      ...coverages.Query,
      penaltyCategories: () => listedPenaltyCategories,
      recomputations: () => recomputation.runs(),
      recomputedActs: (_, args, context) => recomputedActs(runtime, context, args),
      ...rules.Query,
      workingDayAfter: (_, { from, days }) => workingDayAfter(from, days),
      publicationDuties: (_, args, context) => timeliness.owed(context, args),
      timelinessReport: (_, { unit, month }, context) => timeliness.report(context, unit, month),
      withdrawalNotices: (_, args, { viewer }) => withdrawalNotices(args, viewer),
    },
    Mutation: {
      ...createVoluntaryMutations(runtime),
      withdrawRecord: (_, { input }, context) => withdraw(context, input),
    },
    CreditFile: { ...files.CreditFile, ...createCreditFileLists(cursors, tables) },
    ...connections,
    CreditRecord: { __resolveType: typeOf },
    AdministrativeAct: { __resolveType: actTypeOf },
    AdministrativeLicence: actType('AdministrativeLicence'),
    AdministrativePenalty: { ...actType('AdministrativePenalty'), ...rules.AdministrativePenalty },
    AdministrativeCompulsion: actType('AdministrativeCompulsion'),
    AdministrativeConfirmation: actType('AdministrativeConfirmation'),
    AdministrativeLevy: actType('AdministrativeLevy'),
    AdministrativePayment: actType('AdministrativePayment'),
    AdministrativeAdjudication: actType('AdministrativeAdjudication'),
    AdministrativeCompensation: actType('AdministrativeCompensation'),
    AdministrativeReward: actType('AdministrativeReward'),
    AdministrativeInspection: actType('AdministrativeInspection'),
    CreditCommitment: { ...commitmentFields, ...kept('commitment', tables.commitment, 'CreditCommitment') },
    JudicialRecord: { ...judicialRecordFields, ...kept('judicial_record', tables.judicial_record, 'JudicialRecord') },
    ConsumerComplaint: { ...complaintFields, ...kept('complaint', tables.complaint, 'ConsumerComplaint') },
    VoluntaryItem: { ...voluntaryItemFields, ...kept('voluntary_item', tables.voluntary_item, 'VoluntaryItem') },
    Verification: verificationFields,
    Authorisation: authorisationFields,
    CatalogueItem: catalogueItemFields,
    CatalogueEdition: catalogueEditionFields,
    CollectionCoverage: { ...coverages.CollectionCoverage, disclosure: coverage },
    Provenance: provenanceFields,
    ...historyFields,
    Publication: { ...createPublicationFields(runtime.rules, pool), ...rules.Publication },
    TimelinessReport: { ...timelinessFields, acts: (report, args, context) => timeliness.acts(report, args, context) },
    RecordWithdrawn: withdrawnFields,
    RuleSet: ruleSetFields,
  };
}

function typeOf(row: AnyRow) {
  if ('document_no' in row) return actTypeOf(row);
  if ('commitment_no' in row) return 'CreditCommitment';
  if ('case_no' in row) return 'JudicialRecord';
  return 'complaint_no' in row ? 'ConsumerComplaint' : 'VoluntaryItem';
}

const listedPenaltyCategories = penaltyCategories.map(({ code, name, item }) => ({
  code,
  name,
  legalBasis: `中华人民共和国行政处罚法（2021年修订）第九条第${'一二三四五六'[item - 1] ?? ''}项`,
}));
