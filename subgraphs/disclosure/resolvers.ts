import { checkFirst, type Connection, connectionFields, edgeFields, pageInfoFields } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { type CreditFile, creditFileRoots } from '#kit/creditFile.ts';
import { badInput } from '#kit/errors.ts';
import { filed, organisation, provenanceFields, recordFields, recordReference, restricted, said } from '#kit/recordFields.ts';
import type { ResolverMap } from '#kit/resolverMap.ts';
import type { Workshop } from '#kit/subgraph.ts';
import { MAX_WORKING_DAYS, stateCouncilCalendar } from '#standards/calendar.ts';
import { provinces, XPCC } from '#standards/divisions.ts';
import { penaltyCategories } from '#standards/penaltyCategory.ts';
import { publicationDueDate, ruleSetsOn } from '#standards/ruleSets.ts';
import { type ActKind, actKinds } from './acts.ts';
import { type ActRow, type CommitmentRow, createActs, createCommitments, type Position, type Records } from './repository.ts';
import type { CommitmentStatus, Resolvers, ResolversParentTypes } from './resolvers.generated.ts';

interface PageArguments {
  readonly first: number;
  readonly after?: string | null;
  readonly kinds?: readonly ActKind[] | null;
}

export function createResolvers({ pool, cursors, instants }: Workshop): ResolverMap<Resolvers, ResolversParentTypes> {
  const files = creditFileRoots(instants);
  const acts = createActs(pool);
  const commitments = createCommitments(pool);

  // A cursor is good for the list it came from alone: this file at these two times, these kinds, this viewer.
  const list = async <Row extends ActRow | CommitmentRow>(records: Records<Row>, field: string, file: CreditFile, { first, after, kinds }: PageArguments, context: SubgraphContext): Promise<Connection<Row>> => {
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

  const reference = <Row extends ActRow | CommitmentRow>(records: Records<Row>, type: string) =>
    recordReference(type, instants, async (context, { uscc, recordId }) => {
      const row = await records.find({ context, uscc, recordId });
      return row && typeOf(row) === type ? row : null;
    });

  const actType = (type: string) => ({ ...recordFields(actTypeOf), ...actFields, __resolveReference: reference(acts, type) });

  return {
    Query: {
      ...files.Query,
      penaltyCategories: () => penaltyCategories.map(({ code, name, item }) => ({ code, name, legalBasis: `中华人民共和国行政处罚法（2021年修订）第九条第${'一二三四五六'[item - 1] ?? ''}项` })),
      ruleSets: (_, { validAt, region }, { moment }) => ruleSetsOn(validAt ?? moment.validAt, checkRegion(region)),
      workingDayAfter: (_, { from, days }) => {
        checkCount(from, days);
        return stateCouncilCalendar.workingDayAfter(from, days);
      },
      publicationDueDate: (_, { decidedOn, duty }) => publicationDueDate(decidedOn, duty),
    },
    CreditFile: {
      ...files.CreditFile,
      administrativeActs: (file, args, context) => list(acts, 'CreditFile.administrativeActs', file, args, context),
      commitments: (file, args, context) => list(commitments, 'CreditFile.commitments', file, args, context),
    },
    AdministrativeActConnection: connectionFields<ActRow>(),
    AdministrativeActEdge: edgeFields<ActRow>(),
    CreditCommitmentConnection: connectionFields<CommitmentRow>(),
    CreditCommitmentEdge: edgeFields<CommitmentRow>(),
    PageInfo: pageInfoFields,
    CreditRecord: { __resolveType: typeOf },
    AdministrativeAct: { __resolveType: actTypeOf },
    AdministrativeLicence: {
      ...actType('AdministrativeLicence'),
      licenceCategory: said('licenceCategory'),
      certificateName: said('certificateName'),
      certificateNo: said('certificateNo'),
      longTerm: ({ content }) => content['longTerm'] === true,
      inForce: ({ content }) => (content['licenceStatus'] === undefined ? null : content['licenceStatus'] === 'VALID'),
    },
    AdministrativePenalty: {
      ...actType('AdministrativePenalty'),
      violation: said('violation'),
      facts: said('facts'),
      legalBasis: said('legalBasis'),
      categories: said<readonly string[]>('categories'),
      fine: said('fineFen'),
      fineAsFiled: said('fineText'),
      confiscated: said('confiscatedFen'),
      confiscatedAsFiled: said('confiscatedText'),
      suspendedOrRevokedLicence: said('affectedLicence'),
      effectiveUntil: said('validTo'),
    },
    AdministrativeCompulsion: { ...actType('AdministrativeCompulsion'), measure: said('method'), legalBasis: said('legalBasis') },
    AdministrativeConfirmation: { ...actType('AdministrativeConfirmation'), matter: said('matter') },
    AdministrativeLevy: { ...actType('AdministrativeLevy'), matter: said('matter'), amount: said('amountFen') },
    AdministrativePayment: { ...actType('AdministrativePayment'), matter: said('matter'), amount: said('amountFen') },
    AdministrativeAdjudication: { ...actType('AdministrativeAdjudication'), matter: said('matter') },
    AdministrativeCompensation: { ...actType('AdministrativeCompensation'), matter: said('matter'), amount: said('amountFen') },
    AdministrativeReward: { ...actType('AdministrativeReward'), matter: said('matter'), amount: said('amountFen') },
    AdministrativeInspection: { ...actType('AdministrativeInspection'), matter: said('matter'), result: said('result') },
    CreditCommitment: {
      ...recordFields(typeOf),
      commitmentNo: (row) => row.commitment_no,
      matter: said('matter'),
      madeOn: (row) => row.day,
      acceptedBy: (row) => organisation(filed(row, 'acceptedByName'), filed(row, 'acceptedByUscc')),
      status: said<CommitmentStatus>('performance'),
      __resolveReference: reference(commitments, 'CreditCommitment'),
    },
    Provenance: provenanceFields,
    Publication: {
      duty: ({ kind }) => actKinds[kind].duty,
      publishedOn: said('publicFrom'),
      publicUntil: said('publicUntil'),
      dueOn: (row) => dueOf(row)?.date ?? null,
      provisional: (row) => dueOf(row)?.provisional ?? null,
      ruleSet: (row) => dueOf(row)?.ruleSet ?? null,
    },
    RuleSet: {
      verified: ({ unverified }) => unverified !== true,
      values: ({ values }) => Object.entries(values).map(([code, [number, unit]]) => ({ code, number, unit })),
    },
  };
}

/** @throws BAD_USER_INPUT (UNKNOWN_CODE): under a misspelt province its pilots would look like none. */
function checkRegion(region: string | null | undefined): string | null {
  if (region && region !== XPCC.code && !provinces.some(({ code }) => code === region)) throw badInput('region', 'UNKNOWN_CODE', 'There is no such province.', 'two digits of GB/T 2260');
  return region ?? null;
}

/** @throws BAD_USER_INPUT (WORKING_DAYS, NO_CALENDAR). */
function checkCount(from: string, days: number): void {
  const { firstDay, lastDay } = stateCouncilCalendar;
  if (days < 0 || days > MAX_WORKING_DAYS) throw badInput('days', 'WORKING_DAYS', `Working days are counted from 0 to ${MAX_WORKING_DAYS}.`, `0 to ${MAX_WORKING_DAYS}`);
  if (from < firstDay || from > lastDay) throw badInput('from', 'NO_CALENDAR', 'The calendar of working days does not reach that day.', `${firstDay} to ${lastDay}`);
}

const positionOf = ([day = '', recordId = '']: readonly string[]): Position => ({ day, recordId });

const actTypeOf = ({ kind }: ActRow) => actKinds[kind].type;

const typeOf = (row: ActRow | CommitmentRow) => ('document_no' in row ? actTypeOf(row) : 'CreditCommitment');

const dueOf = ({ kind, day }: ActRow) => publicationDueDate(day, actKinds[kind].duty);

const actFields = {
  documentNo: (row: ActRow) => row.document_no,
  documentName: said('documentName'),
  authority: (row: ActRow) => organisation(row.authority_name, row.determining_unit),
  decidedOn: (row: ActRow) => row.day,
  content: said('content'),
  publication: (row: ActRow) => row,
  remark: restricted('REMARK', (row: ActRow) => filed(row, 'remark')),
};
