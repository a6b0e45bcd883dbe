import {
  type FieldNode,
  getNamedType,
  type GraphQLInputType,
  type GraphQLNamedType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type ValueNode,
} from 'graphql';
import { classOfField, classOfInput } from './classes.ts';
import { type DataClass, outcomeFor } from './matrix.ts';
import type { Viewer } from './viewer.ts';

/** The code of a refused field. */
export type Refusal = 'UNAUTHORIZED_FIELD_OR_TYPE' | 'PURPOSE_REQUIRED';

/** Judges the fields of one operation for one viewer. */
export interface FieldJudge {
  /** Why the viewer may not have the field with these arguments; undefined when it may. */
  refusalOf(parent: GraphQLNamedType, node: FieldNode): Refusal | undefined;
  /** Whether one of the outcomes so far depended on the value of a variable. */
  dependsOnVariables(): boolean;
}

/**
 * Creates the judge of one operation. A field is refused for its own class, or for that of an argument or an input
 * field that the operation sets.
 * @param variables the coerced variable values
 */
export function createFieldJudge(viewer: Viewer, variables: Readonly<Record<string, unknown>>): FieldJudge {
  let dependsOnVariables = false;

  const refusal = (dataClass: DataClass | undefined): Refusal | undefined => {
    // A field without a class cannot reach this point (boot refuses it); if one does, it is denied.
    const outcome = dataClass ? outcomeFor(viewer, dataClass) : 'DENY';
    if (outcome === 'DENY') return 'UNAUTHORIZED_FIELD_OR_TYPE';
    return outcome === 'PURPOSE' ? 'PURPOSE_REQUIRED' : undefined;
  };

  const refusalOfValue = (type: GraphQLInputType, value: unknown): Refusal | undefined => {
    if (value === null || value === undefined) return undefined;
    if (isNonNullType(type)) return refusalOfValue(type.ofType, value);
    if (isListType(type))
      return first(Array.isArray(value) ? value : [value], (item) => refusalOfValue(type.ofType, item));
    if (!isInputObjectType(type) || typeof value !== 'object') return undefined;
    return first(Object.entries(value), ([name, item]) => {
      const field = type.getFields()[name];
      if (!field) return undefined;
      const dataClass = classOfInput(field);
      return (dataClass ? refusal(dataClass) : undefined) ?? refusalOfValue(field.type, item);
    });
  };

  const refusalOfLiteral = (type: GraphQLInputType, value: ValueNode): Refusal | undefined => {
    if (isNonNullType(type)) return refusalOfLiteral(type.ofType, value);
    if (value.kind === Kind.VARIABLE) {
      if (isInputObjectType(getNamedType(type))) dependsOnVariables = true;
      return refusalOfValue(type, variables[value.name.value]);
    }
    if (isListType(type))
      return first(value.kind === Kind.LIST ? value.values : [value], (item) => refusalOfLiteral(type.ofType, item));
    if (!isInputObjectType(type) || value.kind !== Kind.OBJECT) return undefined;
    return first(value.fields, (node) => {
      const field = type.getFields()[node.name.value];
      if (!field) return undefined;
      const dataClass = classOfInput(field);
      return (dataClass ? refusal(dataClass) : undefined) ?? refusalOfLiteral(field.type, node.value);
    });
  };

  const refusalOf = (parent: GraphQLNamedType, node: FieldNode): Refusal | undefined => {
    if (!isObjectType(parent) && !isInterfaceType(parent)) return undefined;
    const field = parent.getFields()[node.name.value];
    // `_entities` and `_service` are federation's own: only a subgraph has them, and their selections are judged field
    // by field.
    if (!field || field.name.startsWith('_')) return undefined;
    return (
      refusal(classOfField(parent, field)) ??
      first(node.arguments ?? [], (argument) => {
        const definition = field.args.find(({ name }) => name === argument.name.value);
        if (!definition) return undefined;
        const dataClass = classOfInput(definition);
        return (dataClass ? refusal(dataClass) : undefined) ?? refusalOfLiteral(definition.type, argument.value);
      })
    );
  };

  return { refusalOf, dependsOnVariables: () => dependsOnVariables };
}

function first<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
