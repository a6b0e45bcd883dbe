import { Kind, isAbstractType, parse } from 'graphql';
import type { FragmentDefinitionNode, GraphQLSchema, SelectionSetNode } from 'graphql';
import type {
  BatchFetchNode, FetchNode, FetchRewrite, FlattenNodePathSegment, PlanNode, QueryPlan, RequiresSelection,
} from './queryPlan.ts';
import { isInherited } from './names.ts';
import type { PlannedOperation } from './transport.ts';

/** A response key of a planned operation. Type conditions are dropped: a key means the same wherever it occurs. */
export interface ShapeField {
  readonly key: string;
  readonly inherited: boolean;
  /** undefined: a leaf, whatever its value looks like. */
  fields: ShapeField[] | undefined;
}

export type Segment = { field: string; inherited: boolean } | { types: ReadonlySet<string> };

export type Requirement =
  | { kind: 'field'; from: string; inherited: boolean; to: string; fields: Requirement[] | undefined }
  | { kind: 'on'; types: ReadonlySet<string>; skipIf: string | undefined; includeIf: string | undefined; fields: Requirement[] };

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

/** Entities asked under one alias of an `_entities` request, for every object found at the paths. */
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

export type Step =
  | RootStep
  | EntityStep
  | { kind: 'sequence' | 'parallel'; steps: Step[] }
  | { kind: 'condition'; variable: string; whenTrue: Step | undefined; whenFalse: Step | undefined };

const compiled = new WeakMap<QueryPlan, { step: Step | undefined }>();

/** The plan in the form the executor runs, made once per plan. */
export function compilePlan(plan: QueryPlan, schema: GraphQLSchema): Step | undefined {
  let entry = compiled.get(plan);
  if (!entry) compiled.set(plan, (entry = { step: plan.node && compileNode(plan.node, [], schema) }));
  return entry.step;
}

function compileNode(node: PlanNode, path: FlattenNodePathSegment[], schema: GraphQLSchema): Step {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return { kind: node.kind === 'Sequence' ? 'sequence' : 'parallel', steps: node.nodes.map((one) => compileNode(one, path, schema)) };
    case 'Condition':
      return {
        kind: 'condition',
        variable: node.condition,
        whenTrue: node.ifClause ? compileNode(node.ifClause, path, schema) : undefined,
        whenFalse: node.elseClause ? compileNode(node.elseClause, path, schema) : undefined,
      };
    case 'Flatten':
      return compileNode(node.node, [...path, ...node.path], schema);
    case 'Fetch':
      return node.requires ? compileEntityFetch(node, node.requires, path, schema) : compileRootFetch(node, schema);
    case 'BatchFetch':
      return compileBatchFetch(node, schema);
    default:
      throw new Error(`The plan executor does not run ${node.kind} nodes.`);
  }
}

function fetchBase(node: FetchNode | BatchFetchNode): FetchBase {
  if (node.operationKind === 'subscription') throw new Error('The plan executor does not run subscription fetches.');
  return {
    service: node.serviceName,
    operation: { document: node.operation, name: node.operationName ?? undefined, kind: node.operationKind ?? 'query' },
    variables: node.variableUsages ?? [],
  };
}

function compileRootFetch(node: FetchNode, schema: GraphQLSchema): RootStep {
  const rewrites = compileRewrites(node.outputRewrites, schema);
  return { kind: 'root', ...fetchBase(node), shape: renamedShape(shapeOf(node.operation), rewrites), rewrites };
}

function compileEntityFetch(
  node: FetchNode, requires: RequiresSelection[], path: FlattenNodePathSegment[], schema: GraphQLSchema,
): EntityStep {
  const base = fetchBase(node);
  const root = shapeOf(node.operation);
  const rewrites = compileRewrites(node.outputRewrites, schema);
  // Rewrites of a single entity fetch start at the entity.
  const shape = renamedShape(root.find((field) => field.key === '_entities')?.fields ?? [], rewrites);
  return {
    kind: 'entities',
    ...base,
    targets: [{
      alias: '_entities',
      variable: 'representations',
      paths: [compilePath(path, schema)],
      requires: compileRequires(requires, schema),
      shape,
      hasObjects: shape.some((field) => field.fields),
      inputRewrites: compileRewrites(node.inputRewrites, schema),
      rewrites,
    }],
  };
}

function compileBatchFetch(node: BatchFetchNode, schema: GraphQLSchema): EntityStep {
  const root = shapeOf(node.operation);
  return {
    kind: 'entities',
    ...fetchBase(node),
    targets: node.entityBatch.aliases.map((one) => {
      const rewrites = compileRewrites(one.outputRewrites, schema);
      const shape = renamedShape(root.find((field) => field.key === one.alias)?.fields ?? [], rewrites);
      return {
        alias: one.alias,
        variable: one.representationsVariableName,
        paths: one.paths.map((path) => compilePath(path, schema)),
        requires: compileRequires(one.requires, schema),
        shape,
        hasObjects: shape.some((field) => field.fields),
        inputRewrites: compileRewrites(one.inputRewrites, schema),
        rewrites,
      };
    }),
  };
}

// '@' is left out: every list met on the way is walked, also a list in a list, for which the planner writes one '@'.
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

function compileRequires(selections: readonly RequiresSelection[], schema: GraphQLSchema): Requirement[] {
  return selections.map((selection): Requirement => {
    if (selection.kind === 'Field') {
      return {
        kind: 'field',
        from: selection.name,
        inherited: isInherited(selection.name),
        to: selection.alias ?? selection.name,
        fields: selection.selections?.length ? compileRequires(selection.selections, schema) : undefined,
      };
    }
    if (selection.kind === 'InlineFragment') {
      return {
        kind: 'on',
        types: typesOf([selection.typeCondition], schema),
        skipIf: selection.skipIf ?? undefined,
        includeIf: selection.includeIf ?? undefined,
        fields: compileRequires(selection.selections, schema),
      };
    }
    throw new Error('The plan executor does not know fragment spreads in representations.');
  });
}

function compileRewrites(rewrites: readonly FetchRewrite[] | null | undefined, schema: GraphQLSchema): Rewrite[] {
  return (rewrites ?? []).map((rewrite): Rewrite => {
    const given = 'KeyRenamer' in rewrite ? rewrite.KeyRenamer : 'ValueSetter' in rewrite ? rewrite.ValueSetter : rewrite;
    const path = given.path.map((segment) => ('Key' in segment ? { key: segment.Key } : { types: typesOf(segment.TypenameEquals, schema) }));
    return 'renameKeyTo' in given ? { path, renameTo: given.renameKeyTo } : { path, setTo: given.setValueTo };
  });
}

function shapeOf(text: string): ShapeField[] {
  const document = parse(text, { noLocation: true });
  const fragments = new Map<string, FragmentDefinitionNode>();
  let root: SelectionSetNode | undefined;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    else if (definition.kind === Kind.OPERATION_DEFINITION) root = definition.selectionSet;
  }
  const fields: ShapeField[] = [];
  if (root) addSelections(fields, root, fragments);
  return fields;
}

function addSelections(fields: ShapeField[], selectionSet: SelectionSetNode, fragments: Map<string, FragmentDefinitionNode>): void {
  for (const selection of selectionSet.selections) {
    if (selection.kind !== Kind.FIELD) {
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : fragments.get(selection.name.value)?.selectionSet;
      if (inner) addSelections(fields, inner, fragments);
      continue;
    }
    const field = shapeField(fields, selection.alias?.value ?? selection.name.value);
    if (selection.selectionSet) addSelections((field.fields ??= []), selection.selectionSet, fragments);
  }
}

function shapeField(fields: ShapeField[], key: string): ShapeField {
  let field = fields.find((one) => one.key === key);
  if (!field) fields.push((field = { key, inherited: isInherited(key), fields: undefined }));
  return field;
}

// A renamed key stands beside the old one: on other types of the same list the old one may be real.
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
