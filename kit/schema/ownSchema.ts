import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, Kind } from 'graphql';
import { policyProblems } from '#policy/classes.ts';
import { scalars } from '../scalars.ts';
import { subgraphTypeDefs } from './typeDefs.ts';

/**
 * The schema of a subgraph, or of the gateway's desk: its SDL with what all share, its resolvers, and the scalars it declares.
 * @throws Error that names every field whose policy is missing or does not hold together.
 */
export function createOwnSchema(name: string, schemaFile: string, resolvers: object): GraphQLSchema {
  const typeDefs = subgraphTypeDefs(schemaFile);
  const declared = new Set(typeDefs.definitions.flatMap((node) => (node.kind === Kind.SCALAR_TYPE_DEFINITION ? [node.name.value] : [])));
  const used = Object.fromEntries(Object.entries(scalars).filter(([scalar]) => declared.has(scalar)));
  const schema = buildSubgraphSchema([{ typeDefs, resolvers: { ...used, ...resolvers } as never }]);
  const problems = policyProblems(schema);
  if (problems.length > 0) throw new Error(`${name} has no sound policy:\n  ${problems.join('\n  ')}`);
  return schema;
}
