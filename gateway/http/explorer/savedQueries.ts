import { demoOrganisations } from '#standards/demoOrganisations.ts';

export interface SavedQuery {
  readonly name: string;
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

const codeOf = (kind: string): string => demoOrganisations.find((each) => each.kind === kind)?.uscc ?? '';
const subject = codeOf('subject');

/** The queries the explorer offers; each answers on the demo data. */
export const savedQueries: SavedQuery[] = [
  {
    name: 'Who am I (当前用户)',
    query: `query WhoAmI {
  viewer { role organisation purposes purpose province sector }
  sourceStatus { source state knownThrough lateUnits }
}`,
  },
  {
    name: 'Credit file (信用档案)',
    query: `query CreditFile($uscc: USCC!) {
  creditFile(uscc: $uscc) {
    uscc validAt knownAt
    entity { name status registeredDivision { name } legalRepresentative { name masked } }
    administrativeActs(first: 10) {
      nodes { kind documentNo decidedOn authority { name } ... on AdministrativePenalty { categories fine } }
      totalCount { value exact }
      pageInfo { hasNextPage endCursor }
    }
    nameListEntries(first: 10) { nodes { category state listedOn listType { name legalBasis } } }
    hasActiveSeriousListing
    evaluations { grade gradeMeaning evaluatedOn scheme { code version name } }
    sources { source state knownThrough }
  }
}`,
    variables: { uscc: subject },
  },
  {
    name: 'Court records and complaints (司法信息与消费者投诉)',
    query: `query Heard($uscc: USCC!) {
  creditFile(uscc: $uscc) {
    judicialRecords(first: 10) { nodes { kind caseNo court { name } decidedOn cause result performance } }
    complaints(first: 10) { nodes { complaintNo handledOn handledBy { name } matter handling result } }
  }
}`,
    variables: { uscc: codeOf('heavy-subject') },
  },
  {
    name: 'Search by name (按名称检索)',
    query: `query Search($name: String!) {
  searchEntities(query: $name, first: 10) {
    nodes { uscc name status kind }
    totalCount { value exact }
  }
}`,
    variables: { name: '示例' },
  },
  {
    name: 'Many codes at once (批量查询)',
    query: `query Batch($codes: [String!]!) {
  entities(codes: $codes) { input status reason expected entity { name } }
}`,
    variables: { codes: [subject, '914403001922038217', '00000000000000000X'] },
  },
  {
    name: 'Evaluation results (评价结果)',
    query: `query Evaluations($codes: [String!]!) {
  evaluations(codes: $codes) {
    input
    evaluations { grade evaluatedOn scheme { code version } score indicators { name score scoreMax } }
  }
}`,
    variables: { codes: [subject, codeOf('sample')] },
  },
  {
    name: 'Serious listings (严重失信主体名单)',
    query: `query Listings {
  nameListEntries(filter: { categories: [SERIOUS], activeOnly: true }, first: 10) {
    nodes { subject { uscc name } listType { name } listedOn grounds publicUntil }
    pageInfo { hasNextPage endCursor }
  }
}`,
  },
];
