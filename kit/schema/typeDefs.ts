import { readFileSync } from 'node:fs';
import { type DocumentNode, Kind, parse, visit } from 'graphql';

const folder = import.meta.dirname;
const read = (path: string): string => readFileSync(path, 'utf8');

/** The SDL every subgraph shares: policy directive, federation link, scalars and what several answer with. */
export function sharedSdl(): string {
  return [`${folder}/../../policy/policy.graphql`, `${folder}/federation.graphql`, `${folder}/shared.graphql`].map(read).join('\n');
}

/** One subgraph's whole SDL: what all share, what those share that keep records, its own. `schemaFile` is the path of its own `schema.graphql`. */
export function subgraphTypeDefs(schemaFile: string): DocumentNode {
  const own = read(schemaFile);
  // The desk names records that others keep, and says itself what it knows of them.
  const keepsRecords = /^type \w+ implements .*\bCreditRecord\b/m.test(own) && !/^interface CreditRecord\b/m.test(own);
  return parse([sharedSdl(), ...(keepsRecords ? [read(`${folder}/records.graphql`)] : []), own].join('\n'));
}

/**
 * Moves each type's `@data` down to its fields that have none of their own. Composition merges types of one name, so a class
 * left on a type would come to cover the fields of other subgraphs too.
 */
export function withFieldClasses(typeDefs: DocumentNode): DocumentNode {
  return visit(typeDefs, {
    enter(node) {
      if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.INTERFACE_TYPE_DEFINITION) return undefined;
      const ofType = node.directives?.find((directive) => directive.name.value === 'data');
      if (!ofType) return undefined;
      return {
        ...node,
        directives: node.directives?.filter((directive) => directive !== ofType),
        fields: node.fields?.map((field) =>
          field.directives?.some((directive) => directive.name.value === 'data') ? field : { ...field, directives: [...(field.directives ?? []), ofType] },
        ),
      };
    },
  });
}
