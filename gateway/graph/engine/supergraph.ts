import { Kind, parse, visit } from 'graphql';
import type { ConstDirectiveNode, DirectiveNode, DocumentNode, FieldDefinitionNode, SelectionSetNode } from 'graphql';

/** Paths to the fields of a key: `organisation { id } sku` is `[['organisation', 'id'], ['sku']]`. */
export type KeyPaths = readonly (readonly string[])[];

/** The keys by which a subgraph, by the name that plans use, resolves a type. */
export type Keys = (service: string, typeName: string) => readonly KeyPaths[];

const argumentOf = (directive: DirectiveNode, name: string): string | undefined => {
  const value = directive.arguments?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.ENUM || value?.kind === Kind.STRING ? value.value : undefined;
};

const applied = (directives: readonly DirectiveNode[] | undefined, name: string): readonly DirectiveNode[] =>
  directives?.filter((directive) => directive.name.value === name) ?? [];

function fieldSet(text: string): SelectionSetNode {
  const [operation] = parse(`{ ${text} }`, { noLocation: true }).definitions;
  return operation?.kind === Kind.OPERATION_DEFINITION
    ? operation.selectionSet
    : { kind: Kind.SELECTION_SET, selections: [] };
}

function pathsOf({ selections }: SelectionSetNode): string[][] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    if (selection.kind === Kind.INLINE_FRAGMENT) return pathsOf(selection.selectionSet);
    const name = selection.name.value;
    return selection.selectionSet ? pathsOf(selection.selectionSet).map((path) => [name, ...path]) : [[name]];
  });
}

export function createKeys(supergraph: DocumentNode): Keys {
  const services = new Map<string, string>(); // DISCLOSURE → disclosure
  const keys = new Map<string, KeyPaths[]>();
  for (const definition of supergraph.definitions) {
    if (definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === 'join__Graph') {
      for (const value of definition.values ?? []) {
        for (const directive of applied(value.directives, 'join__graph'))
          services.set(value.name.value, argumentOf(directive, 'name') ?? value.name.value);
      }
    }
  }
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    for (const directive of applied(definition.directives, 'join__type')) {
      const key = argumentOf(directive, 'key');
      if (key === undefined) continue;
      const graph = argumentOf(directive, 'graph') ?? '';
      const of = `${services.get(graph) ?? graph} ${definition.name.value}`;
      keys.set(of, [...(keys.get(of) ?? []), pathsOf(fieldSet(key))]);
    }
  }
  return (service, typeName) => keys.get(`${service} ${typeName}`) ?? [];
}

const isInterfaceObject = (directive: DirectiveNode): boolean =>
  directive.arguments?.some(({ name }) => name.value === 'isInterfaceObject') === true;

/** Coordinates of interfaces with a field from a subgraph that knows the interface as an object (@interfaceObject). */
export function fieldsOfInterfaceObjects(supergraph: DocumentNode): ReadonlySet<string> {
  const found = new Set<string>();
  for (const type of supergraph.definitions) {
    if (type.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    const graphs = new Set(
      applied(type.directives, 'join__type')
        .filter(isInterfaceObject)
        .map((directive) => argumentOf(directive, 'graph')),
    );
    for (const field of type.fields ?? []) {
      if (applied(field.directives, 'join__field').some((directive) => graphs.has(argumentOf(directive, 'graph'))))
        found.add(`${type.name.value}.${field.name.value}`);
    }
  }
  return found;
}

/**
 * Names of fields with arguments or subfields that the planner requests by itself: what fields require, and keys in
 * objects.
 */
export function requiredFields(supergraph: DocumentNode): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (text: string | undefined, isKey: boolean): void => {
    if (text !== undefined)
      for (const path of pathsOf(fieldSet(text))) for (const name of isKey ? path.slice(0, -1) : path) found.add(name);
  };
  for (const type of supergraph.definitions) {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION && type.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    for (const directive of applied(type.directives, 'join__type')) add(argumentOf(directive, 'key'), true);
    for (const field of type.fields ?? [])
      for (const directive of applied(field.directives, 'join__field')) add(argumentOf(directive, 'requires'), false);
  }
  return found;
}

/**
 * Repairs what composition (@theguild/federation-composition 0.27) loses of interface objects: a field that a subgraph
 * requires is external to it. Without that mark the planner requests the field from the requiring subgraph itself, and
 * sends no value.
 */
export function mendSupergraph(supergraph: DocumentNode): DocumentNode {
  const joined = (
    field: FieldDefinitionNode,
    graphs: readonly string[],
    requiring: ReadonlySet<string>,
  ): FieldDefinitionNode => {
    const own = applied(field.directives, 'join__field');
    if (own.length > 0 || requiring.size === 0) return field;
    return {
      ...field,
      directives: [...(field.directives ?? []), ...graphs.map((graph) => joinField(graph, requiring.has(graph)))],
    };
  };
  return visit(supergraph, {
    InterfaceTypeDefinition(type) {
      if (!applied(type.directives, 'join__type').some(isInterfaceObject)) return undefined;
      const graphs = [
        ...new Set(applied(type.directives, 'join__type').flatMap((directive) => argumentOf(directive, 'graph') ?? [])),
      ];
      const keyFields = new Set(
        applied(type.directives, 'join__type').flatMap((directive) =>
          pathsOf(fieldSet(argumentOf(directive, 'key') ?? '__typename')).map(([first]) => first),
        ),
      );
      const requiring = new Map<string, Set<string>>(); // by the field that is required
      for (const field of type.fields ?? []) {
        for (const directive of applied(field.directives, 'join__field')) {
          const graph = argumentOf(directive, 'graph');
          const requires = argumentOf(directive, 'requires');
          if (graph === undefined || requires === undefined) continue;
          for (const [name] of pathsOf(fieldSet(requires)))
            if (name !== undefined && !keyFields.has(name))
              requiring.set(name, (requiring.get(name) ?? new Set()).add(graph));
        }
      }
      return {
        ...type,
        fields: type.fields?.map((field) => joined(field, graphs, requiring.get(field.name.value) ?? new Set())),
      };
    },
  });
}

const joinField = (graph: string, external: boolean): ConstDirectiveNode => ({
  kind: Kind.DIRECTIVE,
  name: { kind: Kind.NAME, value: 'join__field' },
  arguments: [
    { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'graph' }, value: { kind: Kind.ENUM, value: graph } },
    ...(external
      ? [
          {
            kind: Kind.ARGUMENT,
            name: { kind: Kind.NAME, value: 'external' },
            value: { kind: Kind.BOOLEAN, value: true },
          } as const,
        ]
      : []),
  ],
});
