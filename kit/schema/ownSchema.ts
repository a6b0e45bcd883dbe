import { buildSubgraphSchema } from '@apollo/subgraph';
import { type DocumentNode, type GraphQLSchema, isObjectType, Kind } from 'graphql';
import { policyProblems } from '#policy/classes.ts';
import { propertyOrColumn } from '#kit/resolverMap.ts';
import { subgraphScalars } from '#kit/scalars.ts';

/**
 * The schema of a subgraph, or of the gateway's control subgraph: its SDL with the shared one, its resolvers, and the
 * scalars that it declares.
 * @throws Error that names every field whose policy is missing or inconsistent
 */
export function createOwnSchema(name: string, typeDefs: DocumentNode, resolvers: object): GraphQLSchema {
  const declared = new Set(
    typeDefs.definitions.flatMap((node) => (node.kind === Kind.SCALAR_TYPE_DEFINITION ? [node.name.value] : [])),
  );
  const used = Object.fromEntries(Object.entries(subgraphScalars).filter(([scalar]) => declared.has(scalar)));
  const schema = buildSubgraphSchema([{ typeDefs, resolvers: { ...used, ...resolvers } as never }]);
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('_')) continue;
    for (const field of Object.values(type.getFields())) field.resolve ??= propertyOrColumn(field.name) ?? undefined;
  }
  const problems = policyProblems(schema);
  if (problems.length > 0) throw new Error(`${name} has no sound policy:\n  ${problems.join('\n  ')}`);
  return schema;
}
