import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { composeServices } from '@theguild/federation-composition';
import {
  buildASTSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  isScalarType,
  Kind,
  parse,
  printSchema,
  visit,
} from 'graphql';
import type {
  ConstDirectiveNode,
  DocumentNode,
  GraphQLOutputType,
  GraphQLSchema,
  SelectionSetNode,
  TypeNode,
} from 'graphql';
import { apiSchema } from '#gateway/graph/engine/apiSchema.ts';
import { definitions } from '#subgraphs/definitions.ts';
import { scalars } from '#kit/scalars.ts';
import { graphParts } from '#gateway/control.ts';
import { foreignGraphs } from './foreign.ts';

/**
 * A pool of entities: objects that several subgraphs know by their keys. Members are numbered; several types share the
 * pool of an interface with keys.
 */
export interface Family {
  readonly name: string;
  /** The concrete type of each member. */
  readonly members: readonly string[];
  readonly graphs: ReadonlySet<string>;
  /** The distinct key field sets of all subgraphs. */
  readonly keys: readonly SelectionSetNode[];
}

/** What a supergraph is made of, read from its SDL by code that shares nothing with the engine. */
export interface World {
  readonly name: string;
  readonly supergraph: string;
  /** The API schema as one plain schema, with objects of its own. */
  readonly api: GraphQLSchema;
  /**
   * The same without any non-null field: it reports every error, where the plain one stops at the first that reaches an
   * object.
   */
  readonly lenient: GraphQLSchema;
  readonly graphs: ReadonlyMap<string, GraphQLSchema>;
  /** The subgraphs that can give a field of an object type. */
  givers(typeName: string, fieldName: string): readonly string[];
  family(typeName: string): Family | undefined;
  /** Whether the field, or what it leads to, is part of any key. */
  isKey(typeName: string, fieldName: string): boolean;
  /** The index of a leaf field among the leaf fields of its composite key, and their number. */
  keyDigit(typeName: string, fieldName: string): { index: number; of: number } | undefined;
  requires(typeName: string, fieldName: string): SelectionSetNode | undefined;
  /** The coordinates of all that a field requires, and of what that requires in turn. */
  requirements(typeName: string, fieldName: string): readonly string[];
  /** Whether some field requires this one: then a non-null one cannot fail without taking its neighbours along. */
  isRequired(typeName: string, fieldName: string): boolean;
  /** The object types every giver of a field can answer with. */
  possible(typeName: string, fieldName: string): readonly string[];
  /** Whether a field may be null in all of its givers. */
  isNullable(typeName: string, fieldName: string): boolean;
  /** The values every subgraph knows of an enum. */
  enumValues(enumName: string): readonly string[];
}

const root = join(import.meta.dirname, '../..');

export const worldNames: readonly string[] = ['credit', ...Object.keys(foreignGraphs)];

const worlds = new Map<string, World>();

/** @param name `credit` for the real supergraph, or a name of `foreignGraphs` */
export function worldOf(name: string): World {
  let world = worlds.get(name);
  if (!world) worlds.set(name, (world = name === 'credit' ? creditWorld() : foreignWorld(name)));
  return world;
}

function creditWorld(): World {
  const typeDefs = new Map(graphParts(definitions).map((part) => [part.name, part.typeDefs]));
  return createWorld('credit', readFileSync(join(root, 'gateway/supergraph.graphql'), 'utf8'), typeDefs);
}

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
  "@key", "@shareable", "@requires", "@provides", "@external", "@inaccessible", "@override", "@interfaceObject"])\n`;

function foreignWorld(name: string): World {
  const graphs = foreignGraphs[name];
  if (!graphs) throw new Error(`There is no supergraph ${name}; there are ${worldNames.join(', ')}.`);
  const typeDefs = new Map(Object.entries(graphs).map(([graph, text]) => [graph, parse(LINK + text)]));
  const { supergraphSdl, errors } = composeServices(
    [...typeDefs].map(([graph, sdl]) => ({ name: graph, url: `http://${graph}.invalid/graphql`, typeDefs: sdl })),
  );
  if (!supergraphSdl) throw new AggregateError(errors ?? [], `${name} does not compose: ${String(errors)}`);
  return createWorld(name, supergraphSdl, typeDefs);
}

function createWorld(name: string, supergraph: string, typeDefs: ReadonlyMap<string, DocumentNode>): World {
  const plain = parse(printSchema(apiSchema(parse(supergraph, { noLocation: true }))), { noLocation: true });
  const api = withScalars(buildASTSchema(plain));
  const lenient = withScalars(
    buildASTSchema(visit(plain, { FieldDefinition: (field) => ({ ...field, type: nullableType(field.type) }) })),
  );
  const graphs = new Map(
    [...typeDefs].map(([graph, sdl]) => [graph, withScalars(buildSubgraphSchema([{ typeDefs: sdl }]))]),
  );
  const joins = readJoins(parse(supergraph, { noLocation: true }));
  const givers = (typeName: string, fieldName: string): readonly string[] => {
    const known = joins.fields.get(`${typeName}.${fieldName}`) ?? [];
    if (known.length > 0 || joins.fields.has(`${typeName}.${fieldName}`)) {
      if (known.length > 0) return known;
      // A field that a concrete type has from an interface object: its givers stand at the interface.
      const type = api.getType(typeName);
      const above = isObjectType(type) ? type.getInterfaces() : [];
      return above.flatMap((one) => joins.fields.get(`${one.name}.${fieldName}`) ?? []);
    }
    return joins.types.get(typeName) ?? [];
  };

  const families = familiesOf(api, joins);
  const keyed = keyCoordinates(api, families);
  const requires = (typeName: string, fieldName: string): SelectionSetNode | undefined => {
    const type = api.getType(typeName);
    const above = isObjectType(type) ? type.getInterfaces().map((one) => one.name) : [];
    return [typeName, ...above]
      .map((one) => joins.requires.get(`${one}.${fieldName}`))
      .find((one) => one !== undefined);
  };
  const requirements = cached((typeName, fieldName): readonly string[] => {
    const selection = requires(typeName, fieldName);
    const found = new Set<string>();
    if (selection) walkSelection(api, typeName, selection, (coordinate) => void found.add(coordinate));
    for (const coordinate of found) {
      const [type = '', field = ''] = coordinate.split('.');
      for (const further of requirements(type, field)) found.add(further);
    }
    return [...found];
  });
  const required = new Set<string>();
  for (const coordinate of joins.requires.keys()) {
    const [typeName = '', fieldName = ''] = coordinate.split('.');
    for (const one of requirements(typeName, fieldName)) required.add(one);
  }
  return {
    name,
    supergraph,
    api,
    lenient,
    graphs,
    givers,
    family: (typeName) => families.get(typeName),
    isKey: (typeName, fieldName) => keyed.has(`${typeName}.${fieldName}`),
    keyDigit: (typeName, fieldName) => keyed.get(`${typeName}.${fieldName}`) ?? undefined,
    requires,
    requirements,
    isRequired: (typeName, fieldName) => required.has(`${typeName}.${fieldName}`),
    possible: cached((typeName, fieldName) =>
      possibleTypes(api, graphs, givers(typeName, fieldName), typeName, fieldName),
    ),
    isNullable: cached((typeName, fieldName) => {
      const types = [
        fieldType(api, typeName, fieldName),
        ...givers(typeName, fieldName).map((graph) => fieldType(graphs.get(graph), typeName, fieldName)),
      ];
      return types.every((type) => type === undefined || !isNonNullType(type));
    }),
    enumValues(enumName) {
      const known = [...graphs.values(), api].flatMap((schema) => {
        const type = schema.getType(enumName);
        return type && 'getValues' in type ? [new Set(type.getValues().map((value) => value.name))] : [];
      });
      return [...(known[0] ?? [])].filter((value) => known.every((values) => values.has(value)));
    },
  };
}

function cached<Value>(
  find: (typeName: string, fieldName: string) => Value,
): (typeName: string, fieldName: string) => Value {
  const known = new Map<string, { value: Value }>();
  return (typeName, fieldName) => {
    const key = `${typeName}.${fieldName}`;
    let found = known.get(key);
    if (!found) known.set(key, (found = { value: find(typeName, fieldName) }));
    return found.value;
  };
}

function nullableType(type: TypeNode): TypeNode {
  if (type.kind === Kind.NON_NULL_TYPE) return nullableType(type.type);
  return type.kind === Kind.LIST_TYPE ? { ...type, type: nullableType(type.type) } : type;
}

function withScalars(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    const real = scalars[type.name];
    if (isScalarType(type) && real)
      Object.assign(type, { serialize: real.serialize, parseValue: real.parseValue, parseLiteral: real.parseLiteral });
  }
  return schema;
}

function fieldType(
  schema: GraphQLSchema | undefined,
  typeName: string,
  fieldName: string,
): GraphQLOutputType | undefined {
  const type = schema?.getType(typeName);
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[fieldName]?.type : undefined;
}

interface Joins {
  types: Map<string, string[]>;
  /** Graphs that give a field; absent when all of the type's do. */
  fields: Map<string, string[]>;
  keys: Map<string, SelectionSetNode[]>;
  requires: Map<string, SelectionSetNode>;
}

const fieldSet = (text: string): SelectionSetNode => {
  const [definition] = parse(`{ ${text} }`, { noLocation: true }).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`${text} is no field set.`);
  return definition.selectionSet;
};

function argumentsOf(directive: ConstDirectiveNode): Record<string, string | boolean> {
  return Object.fromEntries(
    (directive.arguments ?? []).flatMap(({ name, value }) => ('value' in value ? [[name.value, value.value]] : [])),
  );
}

function readJoins(document: DocumentNode): Joins {
  const joins: Joins = { types: new Map(), fields: new Map(), keys: new Map(), requires: new Map() };
  const names = new Map<string, string>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.ENUM_TYPE_DEFINITION || definition.name.value !== 'join__Graph') continue;
    for (const value of definition.values ?? []) {
      for (const directive of value.directives ?? [])
        names.set(value.name.value, String(argumentsOf(directive)['name']));
    }
  }
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    const typeName = definition.name.value;
    const graphs = new Set<string>();
    const keys = new Map<string, SelectionSetNode>();
    for (const directive of definition.directives ?? []) {
      if (directive.name.value !== 'join__type') continue;
      const { graph, key } = argumentsOf(directive);
      graphs.add(names.get(String(graph)) ?? String(graph));
      if (typeof key === 'string') keys.set(key, fieldSet(key));
    }
    joins.types.set(typeName, [...graphs]);
    if (keys.size > 0) joins.keys.set(typeName, [...keys.values()]);
    for (const field of definition.fields ?? []) {
      const applied = (field.directives ?? [])
        .filter((directive) => directive.name.value === 'join__field')
        .map(argumentsOf);
      if (applied.length === 0) continue;
      const coordinate = `${typeName}.${field.name.value}`;
      const giving = applied.filter(
        ({ graph, external, usedOverridden }) => graph !== undefined && external !== true && usedOverridden !== true,
      );
      joins.fields.set(
        coordinate,
        giving.map(({ graph }) => names.get(String(graph)) ?? String(graph)),
      );
      for (const { requires } of applied)
        if (typeof requires === 'string') joins.requires.set(coordinate, fieldSet(requires));
    }
  }
  return joins;
}

function familiesOf(api: GraphQLSchema, joins: Joins): Map<string, Family> {
  const families = new Map<string, Family>();
  const known = [...joins.keys.keys()].flatMap((name) => api.getType(name) ?? []);
  for (const type of known.filter((one) => isInterfaceType(one))) {
    const concrete = api.getPossibleTypes(type).map(({ name }) => name);
    const all = [type.name, ...concrete];
    const family: Family = {
      name: type.name,
      members: Array.from(
        { length: Math.max(8, 3 * concrete.length) },
        (_, n) => concrete[n % concrete.length] as string,
      ), // an interface with keys has types
      graphs: new Set(all.flatMap((name) => joins.types.get(name) ?? [])),
      keys: all.flatMap((name) => joins.keys.get(name) ?? []),
    };
    for (const name of all) families.set(name, family);
  }
  for (const type of known.filter((one) => isObjectType(one))) {
    if (families.has(type.name)) continue;
    families.set(type.name, {
      name: type.name,
      members: Array.from({ length: 8 }, () => type.name),
      graphs: new Set(joins.types.get(type.name)),
      keys: joins.keys.get(type.name) ?? [],
    });
  }
  return families;
}

function walkSelection(
  api: GraphQLSchema,
  typeName: string,
  selections: SelectionSetNode,
  found: (coordinate: string) => void,
): void {
  const type = api.getType(typeName);
  const concrete = isAbstractType(type)
    ? [typeName, ...api.getPossibleTypes(type).map(({ name }) => name)]
    : [typeName];
  for (const selection of selections.selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      walkSelection(api, selection.typeCondition?.name.value ?? typeName, selection.selectionSet, found);
      continue;
    }
    for (const one of concrete) found(`${one}.${selection.name.value}`);
    const of =
      fieldType(api, typeName, selection.name.value) ?? fieldType(api, concrete[1] ?? '', selection.name.value);
    if (of && selection.selectionSet) walkSelection(api, getNamedType(of).name, selection.selectionSet, found);
  }
}

// Every coordinate within a key; with a digit where the field is a leaf of the entity itself.
function keyCoordinates(
  api: GraphQLSchema,
  families: ReadonlyMap<string, Family>,
): Map<string, { index: number; of: number } | undefined> {
  const coordinates = new Map<string, { index: number; of: number } | undefined>();
  for (const [typeName, family] of families) {
    for (const key of family.keys)
      walkSelection(
        api,
        typeName,
        key,
        (coordinate) => void (coordinates.has(coordinate) || coordinates.set(coordinate, undefined)),
      );
  }
  for (const [typeName, family] of families) {
    for (const key of family.keys) {
      const leaves = key.selections.flatMap((selection) =>
        selection.kind === Kind.FIELD && !selection.selectionSet ? [selection.name.value] : [],
      );
      leaves.forEach((leaf, index) => {
        const old = coordinates.get(`${typeName}.${leaf}`);
        const of = key.selections.length === leaves.length ? leaves.length : 1;
        if (!old || of < old.of) coordinates.set(`${typeName}.${leaf}`, { index: of === 1 ? 0 : index, of });
      });
    }
  }
  return coordinates;
}

function possibleTypes(
  api: GraphQLSchema,
  graphs: ReadonlyMap<string, GraphQLSchema>,
  givers: readonly string[],
  typeName: string,
  fieldName: string,
): readonly string[] {
  const type = fieldType(api, typeName, fieldName);
  const named = type && getNamedType(type);
  if (isObjectType(named)) return [named.name];
  if (!isAbstractType(named)) return [];
  return api
    .getPossibleTypes(named)
    .map(({ name }) => name)
    .filter((name) =>
      givers.every((graph) => {
        const schema = graphs.get(graph);
        const local = schema?.getType(named.name);
        // Where the interface is an object (@interfaceObject) any of its entities can be answered with.
        return !isAbstractType(local) || schema?.getPossibleTypes(local).some((one) => one.name === name) === true;
      }),
    );
}
