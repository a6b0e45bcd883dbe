import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DocumentNode, Kind, parse } from 'graphql';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '#prisma/client.ts';
import { pageInfoFields } from '#kit/connection.ts';
import type { Pool } from '#kit/postgres/pool.ts';
import { recordStubs } from '#kit/schema/recordStubs.ts';
import { subgraphTypeDefs, wholeSdl, withExtensionsMerged } from '#kit/schema/typeDefs.ts';
import type { SubgraphDefinition } from '#records/subgraph.ts';
import { capability as changes } from './changes/index.ts';
import { capability as conflicts } from './conflicts/index.ts';
import { capability as consents } from './consents/index.ts';
import { capability as exports } from './exports/index.ts';
import { capability as filings } from './filings/index.ts';
import { capability as grants } from './grants/index.ts';
import { capability as records } from './records/index.ts';
import { capability as rules } from './rules/index.ts';
import { capability as sources } from './sources/index.ts';
import { capability as trustedDocuments } from './trustedDocuments/index.ts';
import { capability as units } from './units/index.ts';
import { capability as viewer } from './viewer/index.ts';
import { capability as watchlists } from './watchlists/index.ts';
import { capability as webhooks } from './webhooks/index.ts';

// The control subgraph: the gateway's own part of the graph, always in its process. Each capability is a folder with
// its SDL, its resolvers and its SQL.

/** By folder. A new capability needs a folder and a line here. */
const capabilities = {
  viewer,
  sources,
  records,
  filings,
  units,
  grants,
  rules,
  trustedDocuments,
  changes,
  watchlists,
  webhooks,
  exports,
  consents,
  conflicts,
};

type Capability = (typeof capabilities)[keyof typeof capabilities];
type Repositories = Readonly<Record<string, (prisma: PrismaClient, now: () => Date) => object>>;
type Intersection<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;
type PartsOf<Each> = Each extends { createResolvers: (parts: infer Parts) => object }
  ? unknown extends Parts
    ? never
    : Parts
  : never;
type RepositoriesOf<Each> = Each extends { repositories: infer Made extends Repositories }
  ? { readonly [Name in keyof Made]: ReturnType<Made[Name]> }
  : never;

/** The dependencies of the resolvers of all capabilities. */
export type ControlParts = Intersection<PartsOf<Capability>>;

type TypeResolvers = Readonly<Record<string, object>>;

export const controlSchemaFiles = Object.keys(capabilities).map((folder) =>
  join(import.meta.dirname, folder, 'schema.graphql'),
);

type Described = Pick<SubgraphDefinition, 'name' | 'schemaFile' | 'topics'>;

/** The SDL of the control subgraph: of each capability, and of the records and topics of the subgraphs. */
export function controlTypeDefs(subgraphs: readonly Described[]): DocumentNode {
  const own = controlSchemaFiles.map((file) => readFileSync(file, 'utf8'));
  const creditRecord = own
    .flatMap((sdl) => parse(sdl).definitions)
    .find((node) => node.kind === Kind.INTERFACE_TYPE_DEFINITION && node.name.value === 'CreditRecord');
  if (creditRecord?.kind !== Kind.INTERFACE_TYPE_DEFINITION)
    throw new Error('gateway/records/schema.graphql has no interface CreditRecord');
  const stubs = recordStubs(
    subgraphs.map(({ schemaFile }) => schemaFile),
    creditRecord,
  );
  const changeSdls = subgraphs.flatMap(({ topics = [] }) =>
    topics.map(({ schemaFile }) => readFileSync(schemaFile, 'utf8')),
  );
  return withExtensionsMerged(parse(wholeSdl([...own, stubs, ...changeSdls])));
}

/** What the graph is composed of: the subgraphs and the control subgraph, by name. */
export const graphParts = (
  subgraphs: readonly Described[],
): { readonly name: string; readonly typeDefs: DocumentNode }[] => [
  ...subgraphs.map(({ name, schemaFile }) => ({ name, typeDefs: subgraphTypeDefs(schemaFile) })),
  { name: 'control', typeDefs: controlTypeDefs(subgraphs) },
];

/** The repositories of the capabilities, in the gateway's own schema. They end with the pool. */
export function createRepositories(
  pool: Pool,
  now: () => Date,
): Intersection<RepositoriesOf<Capability>> & AsyncDisposable {
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { schema: 'gateway', disposeExternalPool: false }) });
  const made = Object.values(capabilities).flatMap((capability) =>
    'repositories' in capability
      ? Object.entries<Repositories[string]>(capability.repositories).map(([name, create]) => [
          name,
          create(prisma, now),
        ])
      : [],
  );
  return {
    ...Object.fromEntries(made),
    [Symbol.asyncDispose]: () => prisma.$disconnect(),
  };
}

/** @throws Error where two capabilities resolve the same field */
export function createControlResolvers(parts: ControlParts): TypeResolvers {
  const merged: Record<string, Record<string, unknown>> = { PageInfo: pageInfoFields };
  for (const [folder, { createResolvers }] of Object.entries(capabilities)) {
    for (const [type, fields] of Object.entries<object>(createResolvers(parts))) {
      const known = (merged[type] ??= {});
      const twice = Object.keys(fields).find((field) => Object.hasOwn(known, field));
      if (twice !== undefined)
        throw new Error(`gateway/${folder} answers ${type}.${twice}, which another folder answers`);
      Object.assign(known, fields);
    }
  }
  return merged;
}
