import { transformSupergraphToPublicSchema } from '@theguild/federation-composition';
import { buildASTSchema, isScalarType, Kind } from 'graphql';
import type { DocumentNode, GraphQLScalarType, GraphQLSchema } from 'graphql';

/** A subgraph by the name plans use, and where it is. */
export interface SubgraphAddress {
  readonly name: string;
  readonly url: string;
}

/**
 * The schema of a supergraph that clients see: without the join directives and what is inaccessible, with applied
 * directives such as `@data` on its `astNode`s.
 * @param scalars the real scalars by name, attached in place of pass-through ones
 */
export function apiSchema(
  supergraph: DocumentNode,
  scalars: Readonly<Record<string, GraphQLScalarType>> = {},
): GraphQLSchema {
  const schema = buildASTSchema(transformSupergraphToPublicSchema(supergraph), { assumeValidSDL: true });
  for (const type of Object.values(schema.getTypeMap())) {
    const real = scalars[type.name];
    if (isScalarType(type) && real) {
      type.serialize = real.serialize;
      type.parseValue = real.parseValue;
      type.parseLiteral = real.parseLiteral;
    }
  }
  return schema;
}

/** Sorted by name. */
export function subgraphsOf(supergraph: DocumentNode): SubgraphAddress[] {
  const found: SubgraphAddress[] = [];
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.ENUM_TYPE_DEFINITION || definition.name.value !== 'join__Graph') continue;
    for (const value of definition.values ?? []) {
      const given = new Map(
        value.directives
          ?.find((directive) => directive.name.value === 'join__graph')
          ?.arguments?.map((argument) => [
            argument.name.value,
            argument.value.kind === Kind.STRING ? argument.value.value : '',
          ]),
      );
      found.push({ name: given.get('name') ?? value.name.value, url: given.get('url') ?? '' });
    }
  }
  return found.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}
