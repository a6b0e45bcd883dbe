import { readFileSync } from 'node:fs';
import {
  type DefinitionNode,
  type DocumentNode,
  Kind,
  parse,
  type StringValueNode,
  type TypeDefinitionNode,
  type TypeExtensionNode,
  visit,
} from 'graphql';

const folder = import.meta.dirname;
const read = (path: string): string => readFileSync(path, 'utf8');

/** The SDL of a subgraph: what all share, what subgraphs with records share, and its own texts. */
export function wholeSdl(own: readonly string[]): string {
  // The control subgraph refers to records of other subgraphs and declares what it needs of them itself.
  const keepsRecords =
    own.some((sdl) => /^type \w+ implements .*\bCreditRecord\b/m.test(sdl)) &&
    !own.some((sdl) => /^interface CreditRecord\b/m.test(sdl));
  return [
    read(`${folder}/../../policy/policy.graphql`),
    read(`${folder}/federation.graphql`),
    read(`${folder}/shared.graphql`),
    ...(keepsRecords ? [read(`${folder}/records.graphql`)] : []),
    ...own,
  ].join('\n');
}

/**
 * One subgraph's whole SDL as a document.
 * @param schemaFiles the paths of its own `schema.graphql` files
 */
export const subgraphTypeDefs = (...schemaFiles: readonly string[]): DocumentNode =>
  withExtensionsMerged(parse(wholeSdl(schemaFiles.map(read))));

/** Definitions that an SDL may extend, by the kind of the extension. */
const definitionKinds: Readonly<Record<string, Kind>> = {
  [Kind.OBJECT_TYPE_EXTENSION]: Kind.OBJECT_TYPE_DEFINITION,
  [Kind.INPUT_OBJECT_TYPE_EXTENSION]: Kind.INPUT_OBJECT_TYPE_DEFINITION,
  [Kind.ENUM_TYPE_EXTENSION]: Kind.ENUM_TYPE_DEFINITION,
  [Kind.UNION_TYPE_EXTENSION]: Kind.UNION_TYPE_DEFINITION,
};
/** What a definition and its extensions have lists of. */
const parts = ['interfaces', 'directives', 'fields', 'values', 'types'] as const;

type ExtensibleNode = TypeDefinitionNode | TypeExtensionNode;
const isExtensible = (node: DefinitionNode): node is ExtensibleNode =>
  Object.entries(definitionKinds)
    .flat()
    .some((kind) => kind === node.kind);

type Lists = Partial<Record<(typeof parts)[number], readonly unknown[]>> & {
  readonly description?: StringValueNode | undefined;
};

/**
 * Merges each type's definition and extensions into one definition, so that a class on the definition covers all its
 * fields.
 */
export function withExtensionsMerged(document: DocumentNode): DocumentNode {
  const merged = new Map<string, ExtensibleNode>();
  for (const node of document.definitions) {
    if (!isExtensible(node)) continue;
    const kind = definitionKinds[node.kind] ?? node.kind;
    const known = (merged.get(node.name.value) ?? {}) as Lists;
    const more = node as Lists;
    const lists = parts.filter((part) => known[part] !== undefined || more[part] !== undefined);
    const description = known.description ?? more.description;
    merged.set(node.name.value, {
      kind,
      name: node.name,
      ...(description ? { description } : null),
      ...Object.fromEntries(lists.map((part) => [part, [...(known[part] ?? []), ...(more[part] ?? [])]])),
    } as unknown as ExtensibleNode); // of the same kind as its extensions, with the lists of all of them
  }
  const unmerged = document.definitions.filter((node) => !isExtensible(node));
  return { ...document, definitions: [...unmerged, ...merged.values()] };
}

/**
 * Moves each type's `@data` down to its fields that have none of their own. Composition merges types of one name, so a
 * class left on a type would come to cover the fields of other subgraphs too.
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
          field.directives?.some((directive) => directive.name.value === 'data')
            ? field
            : { ...field, directives: [...(field.directives ?? []), ofType] },
        ),
      };
    },
  });
}
