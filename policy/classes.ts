import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  type ConstDirectiveNode,
} from 'graphql';
import { type DataClass, dataClasses, isRestricted } from './matrix.ts';

type Classed = GraphQLField<unknown, unknown> | GraphQLArgument | GraphQLInputField | GraphQLNamedType;

const directives = (node: Classed): readonly ConstDirectiveNode[] => [
  ...(node.astNode?.directives ?? []),
  ...('extensionASTNodes' in node
    ? (node.extensionASTNodes ?? []).flatMap((extension) => extension.directives ?? [])
    : []),
];

function ownClasses(node: Classed): DataClass[] {
  const found = new Set<DataClass>();
  for (const directive of directives(node)) {
    if (directive.name.value !== 'data') continue;
    const value = directive.arguments?.[0]?.value;
    const name = value?.kind === 'EnumValue' ? value.value : '';
    const known = dataClasses.find((dataClass) => dataClass === name);
    if (known) found.add(known);
  }
  return [...found];
}

/**
 * The class of a field: its own, else its type's. Undefined where there is none, which `policyProblems` makes a boot
 * error.
 */
export function classOfField(type: GraphQLNamedType, field: GraphQLField<unknown, unknown>): DataClass | undefined {
  return ownClasses(field)[0] ?? ownClasses(type)[0];
}

/** The class of an argument or input field; undefined: that of the field it belongs to. */
export const classOfInput = (input: GraphQLArgument | GraphQLInputField): DataClass | undefined => ownClasses(input)[0];

const keyFields = (directive: ConstDirectiveNode): string[] => {
  if (!['key', 'requires', 'join__type', 'join__field'].includes(directive.name.value)) return [];
  const argument = directive.arguments?.find(({ name }) => ['fields', 'key', 'requires'].includes(name.value));
  return argument?.value.kind === 'StringValue' ? argument.value.value.split(/[\s{}]+/).filter(Boolean) : [];
};

/**
 * Everything that is wrong with the policy of a schema, each with the coordinate that it is about. The gateway and each
 * subgraph refuse to boot unless this is empty.
 */
export function policyProblems(schema: GraphQLSchema): string[] {
  const problems: string[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (
      type.name.startsWith('__') ||
      type.name.startsWith('_') ||
      type.name.startsWith('join__') ||
      type.name.startsWith('link__')
    )
      continue;
    if (ownClasses(type).length > 1) problems.push(`${type.name} has two data classes: ${ownClasses(type).join(', ')}`);
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields()))
        if (ownClasses(field).length !== 1)
          problems.push(`${type.name}.${field.name} needs one data class, it has ${ownClasses(field).length}`);
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    const inKeys = new Set(directives(type).flatMap(keyFields));
    for (const field of Object.values(type.getFields())) {
      if (field.name.startsWith('_')) continue;
      const coordinate = `${type.name}.${field.name}`;
      if (ownClasses(field).length > 1)
        problems.push(`${coordinate} has two data classes: ${ownClasses(field).join(', ')}`);
      const dataClass = classOfField(type, field);
      if (!dataClass) {
        problems.push(`${coordinate} has no data class: give it @data(class: …), see policy/policy.graphql`);
        continue;
      }
      if (isRestricted(dataClass) && isNonNullType(field.type))
        problems.push(`${coordinate} is ${dataClass}, which some role may not see, so it cannot be non-null`);
      if (isRestricted(dataClass) && inKeys.has(field.name))
        problems.push(`${coordinate} is ${dataClass}, which some role may not see, so it cannot be in a @key`);
      for (const required of (field.astNode?.directives ?? []).flatMap(keyFields)) {
        const other = type.getFields()[required];
        const otherClass = other && classOfField(type, other);
        if (otherClass && isRestricted(otherClass))
          problems.push(
            `${coordinate} requires ${type.name}.${required}, which is ${otherClass}: it would be read through it`,
          );
      }
      for (const parent of type.getInterfaces()) {
        const declared = parent.getFields()[field.name];
        const theirs = declared && classOfField(parent, declared);
        if (theirs && theirs !== dataClass)
          problems.push(`${coordinate} is ${dataClass} but ${parent.name}.${field.name} is ${theirs}`);
      }
      if (['Query', 'Mutation', 'Subscription'].includes(type.name) && isNonNullType(field.type))
        problems.push(`${coordinate} is a root field, so it has to be nullable`);
    }
  }
  return problems;
}
