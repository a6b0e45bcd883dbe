import {
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { classOfField } from '#policy/classes.ts';
import type { ReadDocument } from '#gateway/graph/documents.ts';

/**
 * How long caches keep a response: a decision about rules, in effect here within a second, is seen everywhere a minute
 * later at the latest.
 */
export const MAX_AGE_SECONDS = 60;

/**
 * Whether caches may keep a response: a query whose root fields are catalogues and rules and whose other fields are of
 * these or OPEN, by the data classes of the schema, so that it says nothing about anybody. OPEN at the root is not
 * enough: the state of the sources is OPEN, and changes.
 */
export function createCacheRule(schema: GraphQLSchema): (read: ReadDocument) => boolean {
  const known = new WeakMap<OperationDefinitionNode, boolean>();
  return ({ document, operation }) => {
    let answer = known.get(operation);
    if (answer === undefined)
      known.set(operation, (answer = operation.operation === 'query' && readsCatalogues(schema, document)));
    return answer;
  };
}

/** Of the whole document, so that it does not matter whether this operation uses a fragment. */
function readsCatalogues(schema: GraphQLSchema, document: ReadDocument['document']): boolean {
  const types = new TypeInfo(schema);
  let catalogues = 0;
  let others = 0;
  const Field = (): void => {
    const parent = types.getParentType();
    const field = types.getFieldDef();
    if (field?.name === '__typename') return;
    const dataClass =
      field && (isObjectType(parent) || isInterfaceType(parent)) ? classOfField(parent, field) : undefined;
    if (dataClass === 'CATALOGUE') catalogues += 1;
    else if (dataClass !== 'OPEN' || parent === schema.getQueryType()) others += 1;
  };
  visit(document, visitWithTypeInfo(types, { Field }));
  return catalogues > 0 && others === 0;
}
