import { hidden, shadow, sites } from './world.ts';

// What the operations of the corpus select: all that there is of a record, a profile, a change.

/** Whom the operations ask about. */
export const near = sites.near.uscc;
export const far = sites.far.uscc;
export const codes = [near, far, shadow, hidden];

export const RECORD = `id version digest
  subject { uscc name phone address { text masked } legalRepresentative { name masked } }
  provenance { sourceUnit { name uscc } sourceRecordId filedSubjectName catalogueCode collectedAt }
  disclosureLevel validFrom validTo recordedAt underObjection additionalFields { column value }`;
export const ACT = `__typename ${RECORD} kind documentNo documentName authority { name uscc } decidedOn content
  publication { duty publishedOn publicUntil } remark
  ... on AdministrativeLicence { licenceCategory otherCategory certificateName certificateNo }
  ... on AdministrativePenalty {
    violation facts legalBasis otherCategory fine fineAsFiled suspendedOrRevokedLicence
  }`;
export const EVALUATION = `${RECORD} scheme { code version } grade gradeMeaning evaluatedOn evaluator { name uscc }
  cause score scoreMax indicators { code name score scoreMax } topReasons`;
export const ENTRY = `${RECORD} listType { code } category state authority { name uscc } documentNo listedOn grounds
  legalBasis
  termUntil removedOn removalReason publicUntil`;
export const COMMITMENT = `${RECORD} kind commitmentNo matter content madeOn acceptedBy { name uscc } status remark`;
export const JUDICIAL = `${RECORD} kind caseNo court { name uscc } decidedOn cause result performance remark`;
export const COMPLAINT = `${RECORD} complaintNo handledOn handledBy { name uscc } matter handling result remark`;
export const PROFILE = `name status kind industry { code name } registeredDivision { code name } establishedOn
  address { text masked } phone identifiers { scheme value } formerNames { name until }
  legalRepresentative { name masked }`;
export const CHANGE = 'id cursor kind at recordId version entered reason subject { uscc name phone }';
export const NAME_LIST_CHANGE = `__typename
  ... on NameListChange { ${CHANGE} documentNo legalBasis entry { ${ENTRY} } }`;
export const EVALUATION_CHANGE = `__typename ... on EvaluationChange { ${CHANGE} evaluation { ${EVALUATION} } }`;
export const MARKS = '... on Checkpoint { cursor at lagSeconds } ... on CursorExpired { oldest message }';
/** What is followed: the field, its filter, all that there is of a change, and of the record alone. */
export const changes = {
  entry: {
    field: 'nameListChanges',
    filter: 'NameListChangeFilter',
    selection: NAME_LIST_CHANGE,
    record: `entry { ${ENTRY} }`,
  },
  evaluation: {
    field: 'evaluationChanges',
    filter: 'EvaluationChangeFilter',
    selection: EVALUATION_CHANGE,
    record: `evaluation { ${EVALUATION} }`,
  },
} as const;
/** A page of changes, and the stream of the same. */
export const pageOf = ({ field, filter, selection }: (typeof changes)[keyof typeof changes]): string =>
  `query ($filter: ${filter}!, $after: Cursor, $first: Int!) {
    ${field}(filter: $filter, after: $after, first: $first) { hasMore endCursor events { ${selection} } }
  }`;
export const streamOf = ({ field, filter, selection }: (typeof changes)[keyof typeof changes]): string =>
  `subscription ($filter: ${filter}!, $after: Cursor) {
    ${field}(filter: $filter, after: $after) { ${selection} ${MARKS} }
  }`;
export const WEBHOOK = 'id url state stateReason topic createdAt failingSince nextAttemptAt cursor';
export const EXPORT =
  'id status progress rows parts { no path digest bytes rows } manifest cursor knownAt expiresAt failure';
export const FILE = `query ($uscc: USCC!, $validAt: Date, $knownAt: DateTime) {
  creditFile(uscc: $uscc, validAt: $validAt, knownAt: $knownAt)`;
