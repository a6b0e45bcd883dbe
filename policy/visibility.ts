import {
  buildASTSchema,
  type DocumentNode,
  type GraphQLSchema,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  printSchema,
  type TypeNode,
  visit,
} from 'graphql';
import { classOfField, classOfInput } from './classes.ts';
import { type DataClass, matrix } from './matrix.ts';
import { purposesByRoleList } from './purposes.ts';
import { type Role, roles } from './roles.ts';

const sees = (role: Role, dataClass: DataClass | undefined): boolean =>
  dataClass === undefined || matrix[role][dataClass] !== 'DENY';

const nameOf = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type));

/**
 * The schema as a role sees it: without the fields, arguments and input fields that it is denied, and without what only
 * those reach. Introspection, `/sdl` and the explorer return this; documents are validated against the full schema,
 * whose names are not secret.
 */
export function roleView(schema: GraphQLSchema, role: Role): GraphQLSchema {
  const hidden = new Set<string>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        if (!sees(role, classOfField(type, field))) hidden.add(`${type.name}.${field.name}`);
        for (const argument of field.args)
          if (!sees(role, classOfInput(argument))) hidden.add(`${type.name}.${field.name}(${argument.name}:)`);
      }
    } else if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields()))
        if (!sees(role, classOfInput(field))) hidden.add(`${type.name}.${field.name}`);
    }
  }
  return buildASTSchema(withoutUnreachable(withoutHidden(parse(printSchema(schema)), hidden)), {
    assumeValidSDL: true,
  });
}

function withoutHidden(document: DocumentNode, hidden: ReadonlySet<string>): DocumentNode {
  const cut = visit(document, {
    DirectiveDefinition: (node) => (node.name.value === 'data' ? null : undefined),
    ObjectTypeDefinition: (node) => ({
      ...node,
      fields: node.fields
        ?.filter(({ name }) => !hidden.has(`${node.name.value}.${name.value}`))
        .map((field) => ({
          ...field,
          arguments: field.arguments?.filter(
            (argument) => !hidden.has(`${node.name.value}.${field.name.value}(${argument.name.value}:)`),
          ),
        })),
    }),
    InterfaceTypeDefinition: (node) => ({
      ...node,
      fields: node.fields?.filter(({ name }) => !hidden.has(`${node.name.value}.${name.value}`)),
    }),
    InputObjectTypeDefinition: (node) => ({
      ...node,
      fields: node.fields?.filter(({ name }) => !hidden.has(`${node.name.value}.${name.value}`)),
    }),
  });
  return withoutEmpty(cut);
}

/** Drops types that lost all their fields, and the fields that led to them, until nothing changes. */
function withoutEmpty(document: DocumentNode): DocumentNode {
  const empty = new Set<string>();
  for (const definition of document.definitions)
    if (
      'fields' in definition &&
      definition.kind !== Kind.INPUT_OBJECT_TYPE_EXTENSION &&
      definition.fields?.length === 0 &&
      'name' in definition
    )
      empty.add(definition.name.value);
  if (empty.size === 0) return document;
  return withoutEmpty(
    visit(document, {
      ObjectTypeDefinition: (node) =>
        empty.has(node.name.value)
          ? null
          : {
              ...node,
              interfaces: node.interfaces?.filter(({ name }) => !empty.has(name.value)),
              fields: node.fields?.filter(({ type }) => !empty.has(nameOf(type))),
            },
      InterfaceTypeDefinition: (node) =>
        empty.has(node.name.value)
          ? null
          : { ...node, fields: node.fields?.filter(({ type }) => !empty.has(nameOf(type))) },
      InputObjectTypeDefinition: (node) => (empty.has(node.name.value) ? null : undefined),
      UnionTypeDefinition: (node) => ({ ...node, types: node.types?.filter(({ name }) => !empty.has(name.value)) }),
    }),
  );
}

function withoutUnreachable(document: DocumentNode): DocumentNode {
  const definitions = new Map(
    document.definitions.flatMap((definition) =>
      'name' in definition && definition.name && definition.kind !== Kind.DIRECTIVE_DEFINITION
        ? [[definition.name.value, definition] as const]
        : [],
    ),
  );
  const reached = new Set<string>();
  const reach = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    const definition = definitions.get(name);
    if (!definition) return;
    visit(definition, { NamedType: (node) => reach(node.name.value) });
    for (const [other, candidate] of definitions)
      if ('interfaces' in candidate && candidate.interfaces?.some((parent) => parent.name.value === name)) reach(other);
  };
  for (const root of ['Query', 'Mutation', 'Subscription']) if (definitions.has(root)) reach(root);
  return {
    ...document,
    definitions: document.definitions.filter(
      (definition) =>
        definition.kind === Kind.DIRECTIVE_DEFINITION ||
        ('name' in definition && definition.name !== undefined && reached.has(definition.name.value)),
    ),
  };
}

/**
 * The text of docs/VISIBILITY.md: every field, argument and input field with a class, and what each role receives of
 * it.
 */
export function visibilityDocument(schema: GraphQLSchema): string {
  const rows: string[] = [];
  const add = (coordinate: string, dataClass: DataClass): void => {
    rows.push(`| \`${coordinate}\` | ${dataClass} | ${roles.map((role) => matrix[role][dataClass]).join(' | ')} |`);
  };
  for (const type of Object.values(schema.getTypeMap()).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (type.name.startsWith('__')) continue;
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        const dataClass = classOfField(type, field);
        if (dataClass) add(`${type.name}.${field.name}`, dataClass);
        for (const argument of field.args) {
          const ofArgument = classOfInput(argument);
          if (ofArgument) add(`${type.name}.${field.name}(${argument.name}:)`, ofArgument);
        }
      }
    } else if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        const dataClass = classOfInput(field);
        if (dataClass) add(`${type.name}.${field.name}`, dataClass);
      }
    }
  }
  return `${[
    "<!-- Generated by `npm run codegen` from the subgraphs' SDL and policy/matrix.ts. Do not edit. -->",
    '# Who sees what',
    '',
    'ALLOW: the value. MASK: the value, cut. DENY: `null` and an error. ROW: decided row by row (policy/rows.ts).',
    '',
    `| field | class | ${roles.join(' | ')} |`,
    `|---|---|${roles.map(() => '---').join('|')}|`,
    ...rows,
  ].join('\n')}\n\n${purposesByRoleList()}`;
}
