import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { buildSchema, type GraphQLSchema, isObjectType } from 'graphql';
import { scalars } from '#kit/scalars.ts';
import { subgraphTypeDefs } from '#kit/schema/typeDefs.ts';
import { subgraphNames } from '#subgraphs/definitions.ts';
import { composeUscc } from '#standards/uscc.ts';

// The four subgraphs' own SDL over data in memory, the same for every side: what is measured is the gateway between client and data.

/** The reference operation of the engine comparison: ten entities through four subgraphs, about 17 KB. */
export const QUERY = `query Files($codes: [String!]!) {
  entities(codes: $codes) {
    input
    status
    entity {
      uscc
      name
      status
      kind
      industry { code name }
      registeredDivision { code name }
      creditFile {
        validAt
        administrativeActs(first: 20) {
          nodes {
            __typename
            id
            documentNo
            decidedOn
            authority { name uscc }
            ... on AdministrativeLicence { certificateName certificateNo }
            ... on AdministrativePenalty { violation fine categories }
          }
          pageInfo { hasNextPage }
        }
        nameListEntries(first: 20) {
          nodes { id listType { code name } category state listedOn authority { name } }
        }
        evaluations { id scheme { code version } grade evaluatedOn }
      }
    }
  }
}`;

const ENTITIES = 1000;
const ASKED = 10;

const division = { code: '330106', name: '浙江省杭州市西湖区' };
const authority = { name: '示例市市场监督管理局', uscc: '11330100MB1234567X' };
const two = (value: number): string => String(value).padStart(2, '0');

interface Row {
  readonly entity: Readonly<Record<string, unknown>> & { readonly uscc: string };
  readonly acts: readonly (Readonly<Record<string, unknown>> & { readonly __typename: string })[];
  readonly entries: readonly unknown[];
  readonly evaluations: readonly unknown[];
}

const rowOf = (number: number): Row => {
  const uscc = composeUscc('91330106', `MAB${String(number).padStart(5, '0')}`);
  const id = (kind: string, part: number): string =>
    Buffer.from(`${kind}:${uscc}:00000000-0000-4000-8000-${String(part).padStart(12, '0')}`).toString('base64url');
  return {
    entity: {
      uscc,
      name: `示例${number}号信息科技有限公司`,
      status: 'ACTIVE',
      kind: 'ENTERPRISE',
      industry: { code: 'I65', name: '软件和信息技术服务业' },
      registeredDivision: division,
    },
    acts: [0, 1, 2].map((part) => ({
      __typename: part === 2 ? 'AdministrativePenalty' : 'AdministrativeLicence',
      id: id('ACT', part),
      documentNo: `杭西市监许〔2025〕${number}-${part}号`,
      decidedOn: `2025-0${part + 1}-${two((number % 28) + 1)}`,
      authority,
      ...(part === 2
        ? { violation: '虚假宣传', fine: '5000000', categories: ['WARNING', 'FINE'] }
        : { certificateName: '食品经营许可证', certificateNo: `JY133010${number}` }),
    })),
    entries: [
      {
        id: id('ENTRY', 0),
        listType: { code: 'JYYC', name: '经营异常名录' },
        category: 'ABNORMAL',
        state: 'LISTED',
        listedOn: '2025-04-01',
        authority,
      },
    ],
    evaluations: [
      { id: id('EVALUATION', 0), scheme: { code: 'GGXY', version: '2024' }, grade: 'B', evaluatedOn: '2025-06-30' },
    ],
  };
};

const rows = new Map(
  Array.from({ length: ENTITIES }, (_, number) => rowOf(number)).map((row) => [row.entity.uscc, row]),
);
const known = (uscc: string): Row => rows.get(uscc) as Row; // the operations ask for these alone

const codes = [...rows.keys()];

/** Request bodies: ten other entities in each. */
export const bodies: readonly string[] = Array.from({ length: ENTITIES / ASKED }, (_, number) =>
  JSON.stringify({ query: QUERY, variables: { codes: codes.slice(number * ASKED, (number + 1) * ASKED) } }),
);

interface FileKey {
  readonly uscc: string;
  readonly validAt: string;
  readonly knownAt: string;
}

const fileOf = ({ uscc }: { uscc: string }): FileKey => ({
  uscc,
  validAt: '2026-11-20',
  knownAt: '2026-11-20T08:00:00.000Z',
});
const typeOf = ({ __typename }: { __typename: string }): string => __typename;
const page = (nodes: readonly unknown[]) => ({ nodes, pageInfo: { hasNextPage: false, endCursor: null } });

type Resolvers = Record<string, Record<string, unknown>>;

const reference = {
  __resolveReference: ({ uscc, validAt, knownAt }: FileKey): FileKey => ({ uscc, validAt, knownAt }),
};

/**
 * Root and joining fields of each subgraph that the query asks; the rest is read from the rows as it is. Promises, as a
 * database would give.
 */
const resolvers: Record<string, Resolvers> = {
  entity: {
    Query: {
      entities: (_: unknown, asked: { codes: string[] }) =>
        Promise.resolve(asked.codes.map((input) => ({ input, status: 'FOUND', entity: known(input).entity }))),
    },
    Entity: { creditFile: fileOf },
    CreditFile: reference,
  },
  disclosure: {
    CreditFile: { ...reference, administrativeActs: ({ uscc }: FileKey) => Promise.resolve(page(known(uscc).acts)) },
    AdministrativeAct: { __resolveType: typeOf },
    CreditRecord: { __resolveType: typeOf },
  },
  namelist: {
    CreditFile: { ...reference, nameListEntries: ({ uscc }: FileKey) => Promise.resolve(page(known(uscc).entries)) },
    CreditRecord: { __resolveType: () => 'NameListEntry' },
  },
  evaluation: {
    CreditFile: { ...reference, evaluations: ({ uscc }: FileKey) => Promise.resolve(known(uscc).evaluations) },
    CreditRecord: { __resolveType: () => 'Evaluation' },
  },
};

export function stubSchema(name: string): GraphQLSchema {
  const typeDefs = subgraphTypeDefs(join(import.meta.dirname, `../../../subgraphs/${name}/schema.graphql`));
  return buildSubgraphSchema([{ typeDefs, resolvers: { ...scalars, ...resolvers[name] } as never }]);
}

/** All of them in one schema, as somebody would write it who has no federation. @param apiSdl the graph's API schema */
export function monolithSchema(apiSdl: string): GraphQLSchema {
  const schema = buildSchema(apiSdl);
  for (const type of Object.values(schema.getTypeMap())) {
    const scalar = scalars[type.name];
    if (scalar)
      Object.assign(type, {
        serialize: scalar.serialize,
        parseValue: scalar.parseValue,
        parseLiteral: scalar.parseLiteral,
      });
    for (const name of subgraphNames) {
      for (const [field, resolve] of Object.entries(resolvers[name]?.[type.name] ?? {})) {
        if (field === '__resolveType') Object.assign(type, { resolveType: resolve });
        else if (isObjectType(type) && !field.startsWith('__'))
          Object.assign(type.getFields()[field] ?? {}, { resolve });
      }
    }
    // Each subgraph knows its own kind of record; here one schema has them all.
    if (type.name === 'CreditRecord') Object.assign(type, { resolveType: typeOf });
  }
  return schema;
}
