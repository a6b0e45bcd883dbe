import { readFileSync } from 'node:fs';
import { type InterfaceTypeDefinitionNode, Kind, type ObjectTypeDefinitionNode, parse, print } from 'graphql';

/** What names a record: its id, and the two times that it is described for. */
const KEY = 'id validAt knownAt';

/**
 * SDL: each type of record that subgraphs keep, as the control subgraph refers to it by `Query.record` and by changes.
 * Whatever else a record states lives in the subgraph that keeps it.
 * @param schemaFiles the paths of the subgraphs' `schema.graphql` files
 * @param creditRecord the interface `CreditRecord` of the control subgraph, with the fields of the key alone
 */
export function recordStubs(schemaFiles: readonly string[], creditRecord: InterfaceTypeDefinitionNode): string {
  const directives = parse(`type Stub @key(fields: "${KEY}", resolvable: false) @data(class: OPEN)`).definitions;
  const [stub] = directives as ObjectTypeDefinitionNode[];
  return schemaFiles
    .flatMap((file) => parse(readFileSync(file, 'utf8')).definitions)
    .filter((node) => node.kind === Kind.OBJECT_TYPE_DEFINITION)
    .filter(({ interfaces = [] }) => interfaces.some(({ name }) => name.value === creditRecord.name.value))
    .map((record) =>
      print({
        ...record,
        interfaces: (record.interfaces ?? []).filter(({ name }) => name.value === creditRecord.name.value),
        directives: stub?.directives ?? [],
        fields: creditRecord.fields ?? [],
      }),
    )
    .join('\n\n');
}
