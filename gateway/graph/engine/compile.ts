import { Kind, isAbstractType, isInterfaceType, isObjectType, parse, print, visit } from 'graphql';
import type {
  DocumentNode,
  FragmentDefinitionNode,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import type { KeyPaths, Keys } from './supergraph.ts';
import type {
  BatchFetchNode,
  EntityBatchAlias,
  FetchNode,
  FetchRewrite,
  FlattenNodePathSegment,
  PlanNode,
  QueryPlan,
  RequiresSelection,
} from './queryPlan.ts';
import { TYPENAME, isInherited } from './names.ts';
import type { PlannedOperation } from './transport.ts';

/**
 * A response key of a planned operation. Types do not matter: at one place a key means one field, whatever its type.
 */
export interface ShapeField {
  readonly key: string;
  readonly inherited: boolean;
  /** undefined: a leaf, whatever its value looks like. */
  fields: ShapeField[] | undefined;
  /**
   * For the name of a type: names that are less specific than another, since a subgraph knows an interface as an
   * object.
   */
  vague?: ReadonlySet<string>;
}

export type Segment = { field: string; inherited: boolean } | { types: ReadonlySet<string> };

export type Requirement =
  | { kind: 'field'; from: string; inherited: boolean; to: string; fields: Requirement[] | undefined }
  /** `keys`: the subgraph must find the object by at least one of them. */
  | { kind: 'on'; types: ReadonlySet<string>; keys: readonly KeyPaths[]; fields: Requirement[] };

export type Rewrite = {
  path: ({ key: string } | { types: ReadonlySet<string> })[];
} & ({ renameTo: string } | { setTo: string });

interface FetchBase {
  service: string;
  operation: PlannedOperation;
  /** Names of the operation's variables that it uses. */
  variables: readonly string[];
}

export interface RootStep extends FetchBase {
  kind: 'root';
  shape: ShapeField[];
  rewrites: Rewrite[];
}

/** Entities requested under one alias of an `_entities` request, for every object found at the paths. */
export interface EntityTarget {
  alias: string;
  variable: string;
  paths: Segment[][];
  requires: Requirement[];
  shape: ShapeField[];
  hasObjects: boolean;
  inputRewrites: Rewrite[];
  rewrites: Rewrite[];
}

export interface EntityStep extends FetchBase {
  kind: 'entities';
  targets: EntityTarget[];
}

export type Step = RootStep | EntityStep | { kind: 'sequence' | 'parallel'; steps: Step[] };

interface Compiling {
  readonly schema: GraphQLSchema;
  readonly keys: Keys;
}

const compiled = new WeakMap<QueryPlan, { step: Step | undefined }>();

/** The plan in the form that the executor runs, made once per plan. */
export function compilePlan(plan: QueryPlan, schema: GraphQLSchema, keys: Keys): Step | undefined {
  let entry = compiled.get(plan);
  if (!entry) compiled.set(plan, (entry = { step: plan.node && compileNode(plan.node, [], { schema, keys }) }));
  return entry.step;
}

function compileNode(node: PlanNode, path: FlattenNodePathSegment[], compiling: Compiling): Step {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return {
        kind: node.kind === 'Sequence' ? 'sequence' : 'parallel',
        steps: node.nodes.map((one) => compileNode(one, path, compiling)),
      };
    case 'Flatten':
      return compileNode(node.node, [...path, ...node.path], compiling);
    case 'Fetch':
      return node.requires
        ? compileEntityFetch(node, node.requires, path, compiling)
        : compileRootFetch(node, compiling);
    case 'BatchFetch':
      return compileBatchFetch(node, compiling);
    default:
      throw new Error(`The plan executor does not run ${node.kind} nodes.`);
  }
}

function fetchBase(node: FetchNode | BatchFetchNode, { schema }: Compiling): FetchBase & { root: ShapeField[] } {
  if (node.operationKind === 'subscription') throw new Error('The plan executor does not run subscription fetches.');
  const { text, root } = readOperation(node.operation, schema);
  return {
    root,
    service: node.serviceName,
    operation: { document: text, name: node.operationName ?? undefined, kind: node.operationKind ?? 'query' },
    variables: node.variableUsages ?? [],
  };
}

function compileRootFetch(node: FetchNode, compiling: Compiling): RootStep {
  const rewrites = compileRewrites(node.outputRewrites, compiling.schema);
  const { root, ...base } = fetchBase(node, compiling);
  return { kind: 'root', ...base, shape: renamedShape(root, rewrites), rewrites };
}

function compileEntityFetch(
  node: FetchNode,
  requires: RequiresSelection[],
  path: FlattenNodePathSegment[],
  compiling: Compiling,
): EntityStep {
  const { root, ...base } = fetchBase(node, compiling);
  // Rewrites of a single entity fetch start at the entity.
  return {
    kind: 'entities',
    ...base,
    targets: [
      compileTarget(
        node.serviceName,
        { ...node, alias: '_entities', representationsVariableName: 'representations', paths: [path], requires },
        root,
        compiling,
      ),
    ],
  };
}

function compileBatchFetch(node: BatchFetchNode, compiling: Compiling): EntityStep {
  const { root, ...base } = fetchBase(node, compiling);
  return {
    kind: 'entities',
    ...base,
    targets: node.entityBatch.aliases.map((one) => compileTarget(node.serviceName, one, root, compiling)),
  };
}

function compileTarget(
  service: string,
  given: EntityBatchAlias,
  root: readonly ShapeField[],
  { schema, keys }: Compiling,
): EntityTarget {
  const rewrites = compileRewrites(given.outputRewrites, schema);
  const shape = renamedShape(root.find((field) => field.key === given.alias)?.fields ?? [], rewrites);
  return {
    alias: given.alias,
    variable: given.representationsVariableName,
    paths: given.paths.map((path) => compilePath(path, schema)),
    requires: compileRequires(given.requires, schema, (typeName) => keys(service, typeName)),
    shape,
    hasObjects: shape.some((field) => field.fields),
    inputRewrites: compileRewrites(given.inputRewrites, schema),
    rewrites,
  };
}

// '@' is left out: every list on the way is walked, also a list in a list, for which the planner writes one '@'.
function compilePath(path: FlattenNodePathSegment[], schema: GraphQLSchema): Segment[] {
  const segments: Segment[] = [];
  for (const segment of path) {
    if (segment === '@') continue;
    if ('Field' in segment) segments.push({ field: segment.Field, inherited: isInherited(segment.Field) });
    else segments.push({ types: typesOf(segment.TypeCondition, schema) });
  }
  return segments;
}

function typesOf(names: readonly string[], schema: GraphQLSchema): ReadonlySet<string> {
  const types = new Set(names);
  for (const name of names) {
    const type = schema.getType(name);
    if (isAbstractType(type)) for (const possible of schema.getPossibleTypes(type)) types.add(possible.name);
  }
  return types;
}

function compileRequires(
  selections: readonly RequiresSelection[],
  schema: GraphQLSchema,
  keysOf: (typeName: string) => readonly KeyPaths[],
): Requirement[] {
  return selections.map((selection): Requirement => {
    if (selection.kind === 'Field') {
      return {
        kind: 'field',
        from: selection.name,
        inherited: isInherited(selection.name),
        to: selection.alias ?? selection.name,
        fields: selection.selections?.length ? compileRequires(selection.selections, schema, () => []) : undefined,
      };
    }
    if (selection.kind === 'InlineFragment') {
      const fields = compileRequires(selection.selections, schema, () => []);
      return {
        kind: 'on',
        types: typesOf([selection.typeCondition], schema),
        keys: keysOf(selection.typeCondition).filter((key) => key.every((path) => isRequired(fields, path, 0))),
        fields,
      };
    }
    throw new Error('The plan executor does not know fragment spreads in representations.');
  });
}

// The planner sends the fields of one key together with others that fields require.
const isRequired = (fields: readonly Requirement[], path: readonly string[], at: number): boolean =>
  fields.some(
    (one) =>
      one.kind === 'field' &&
      one.to === path[at] &&
      (at + 1 === path.length || isRequired(one.fields ?? [], path, at + 1)),
  );

function compileRewrites(rewrites: readonly FetchRewrite[] | null | undefined, schema: GraphQLSchema): Rewrite[] {
  return (rewrites ?? []).map((rewrite): Rewrite => {
    const given =
      'KeyRenamer' in rewrite ? rewrite.KeyRenamer : 'ValueSetter' in rewrite ? rewrite.ValueSetter : rewrite;
    const path = given.path.map((segment) =>
      'Key' in segment ? { key: segment.Key } : { types: typesOf(segment.TypenameEquals, schema) },
    );
    return 'renameKeyTo' in given ? { path, renameTo: given.renameKeyTo } : { path, setTo: given.setValueTo };
  });
}

// The planner (0.0.38) writes fragments on one object type into another's, which a subgraph refuses.
function readOperation(given: string, schema: GraphQLSchema): { text: string; root: ShapeField[] } {
  const document = parse(given, { noLocation: true });
  const fragments = new Map<string, FragmentDefinitionNode>();
  let operation: OperationDefinitionNode | undefined;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    else if (definition.kind === Kind.OPERATION_DEFINITION) operation = definition;
  }
  const root: ShapeField[] = [];
  if (operation) addSelections(root, operation.selectionSet, fragments, interfaceNames(schema));
  const possible = withoutImpossible(document, schema);
  return { text: possible === document ? given : print(possible), root };
}

function withoutImpossible(document: DocumentNode, schema: GraphQLSchema): DocumentNode {
  const within: string[] = []; // the type conditions above, '' for a field
  const impossible = (condition: string | undefined): boolean => {
    const above = within.at(-1);
    return (
      condition !== undefined &&
      above !== undefined &&
      above !== condition &&
      isObjectType(schema.getType(above)) &&
      isObjectType(schema.getType(condition))
    );
  };
  const spread = new Set<string>();
  let changed = false;
  const pruned = visit(document, {
    FragmentDefinition: {
      enter: ({ typeCondition }) => void within.push(typeCondition.name.value),
      leave: () => void within.pop(),
    },
    Field: { enter: () => void within.push(''), leave: () => void within.pop() },
    InlineFragment: {
      enter({ typeCondition }) {
        if (impossible(typeCondition?.name.value)) {
          changed = true;
          return null;
        }
        within.push(typeCondition?.name.value ?? within.at(-1) ?? '');
        return undefined;
      },
      leave: () => void within.pop(),
    },
    FragmentSpread: ({ name }) => void spread.add(name.value),
  });
  if (!changed) return document;
  return visit(pruned, { FragmentDefinition: ({ name }) => (spread.has(name.value) ? undefined : null) });
}

const interfaceNamesOf = new WeakMap<GraphQLSchema, ReadonlySet<string>>();

function interfaceNames(schema: GraphQLSchema): ReadonlySet<string> {
  let names = interfaceNamesOf.get(schema);
  if (!names)
    interfaceNamesOf.set(
      schema,
      (names = new Set(
        Object.values(schema.getTypeMap())
          .filter(isInterfaceType)
          .map(({ name }) => name),
      )),
    );
  return names;
}

function addSelections(
  fields: ShapeField[],
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  vague: ReadonlySet<string>,
): void {
  for (const selection of selectionSet.selections) {
    if (selection.kind !== Kind.FIELD) {
      const inner =
        selection.kind === Kind.INLINE_FRAGMENT
          ? selection.selectionSet
          : fragments.get(selection.name.value)?.selectionSet;
      if (inner) addSelections(fields, inner, fragments, vague);
      continue;
    }
    const field = shapeField(fields, selection.alias?.value ?? selection.name.value);
    if (selection.name.value === TYPENAME) field.vague = vague;
    if (selection.selectionSet) addSelections((field.fields ??= []), selection.selectionSet, fragments, vague);
  }
}

function shapeField(fields: ShapeField[], key: string): ShapeField {
  let field = fields.find((one) => one.key === key);
  if (!field) fields.push((field = { key, inherited: isInherited(key), fields: undefined }));
  return field;
}

// A renamed key is added to the old one: on other types of the same list the old one may be real.
function renamedShape(shape: ShapeField[], rewrites: readonly Rewrite[]): ShapeField[] {
  for (const rewrite of rewrites) {
    if (!('renameTo' in rewrite)) continue;
    const keys = rewrite.path.flatMap((segment) => ('key' in segment ? [segment.key] : []));
    const last = keys.pop();
    let fields: ShapeField[] | undefined = shape;
    for (const key of keys) fields = fields?.find((one) => one.key === key)?.fields;
    const renamed = fields?.find((one) => one.key === last);
    if (fields && renamed) mergeFields(shapeField(fields, rewrite.renameTo), renamed.fields);
  }
  return shape;
}

function mergeFields(into: ShapeField, fields: readonly ShapeField[] | undefined): void {
  for (const field of fields ?? []) mergeFields(shapeField((into.fields ??= []), field.key), field.fields);
}

/** The source whose fetch returns what is at a path of planned keys, if there is one. */
export function sourceOf(step: Step | undefined, keys: readonly string[]): string | undefined {
  if (!step) return undefined;
  if (step.kind === 'root') return hasPath(step.shape, keys, 0) ? step.service : undefined;
  if (step.kind === 'entities')
    return step.targets.some((target) => target.paths.some((path) => isGivenAt(path, target, keys)))
      ? step.service
      : undefined;
  for (const one of step.steps) {
    const source = sourceOf(one, keys);
    if (source !== undefined) return source;
  }
  return undefined;
}

function isGivenAt(path: readonly Segment[], target: EntityTarget, keys: readonly string[]): boolean {
  const fields = path.flatMap((segment) => ('field' in segment ? [segment.field] : []));
  return (
    keys.length > fields.length &&
    fields.every((field, i) => field === keys[i]) &&
    hasPath(target.shape, keys, fields.length)
  );
}

function hasPath(shape: readonly ShapeField[], keys: readonly string[], at: number): boolean {
  if (at === keys.length) return true;
  const field = shape.find((one) => one.key === keys[at]);
  return field !== undefined && hasPath(field.fields ?? [], keys, at + 1);
}

const byKey = new WeakMap<readonly ShapeField[], Map<string, ShapeField>>();

/** Looks a key up in a shape by an index that is built at the first look-up. */
export function fieldAt(fields: readonly ShapeField[], key: string): ShapeField | undefined {
  let index = byKey.get(fields);
  if (!index) byKey.set(fields, (index = new Map(fields.map((field) => [field.key, field]))));
  return index.get(key);
}
