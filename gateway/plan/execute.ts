import { GraphQLError } from 'graphql';
import type { FieldNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { compilePlan } from './compile.ts';
import type { EntityStep, EntityTarget, RootStep, Segment, ShapeField, Step } from './compile.ts';
import { answerIntrospection } from './document.ts';
import type { Fragments } from './document.ts';
import {
  causeError, clientPath, createErrorNode, createMissingNode, markPath, missingChild, publicError, sortedErrors,
} from './errors.ts';
import type { Cause, ErrorNode, MissingNode, Path } from './errors.ts';
import { collectPaths, collectPlaces, isObject, mergeObject, nullify, representationsOf, rewritten } from './merge.ts';
import { createBag, readOwn } from './names.ts';
import type { Bag } from './names.ts';
import type { QueryPlan } from './queryPlan.ts';
import { project } from './projection.ts';
import { projectionOf } from './selection.ts';
import type { AbsentRule } from './selection.ts';
import { SubgraphUnavailable } from './transport.ts';
import type { PlannedOperation, SubgraphError, SubgraphResult, Transport } from './transport.ts';

export type { AbsentRule } from './selection.ts';

export interface ExecuteArgs {
  plan: QueryPlan;
  /** The planner's schema: the projection must agree with the plan on names. */
  schema: GraphQLSchema;
  /** The client's own operation: it shapes the answer, whatever was planned. */
  operation: OperationDefinitionNode;
  fragments: Fragments;
  /** Coerced, for @skip and @include. */
  variables: Readonly<Record<string, unknown>>;
  /** As given, defaults applied: what subgraphs are sent. */
  rawVariables: Readonly<Record<string, unknown>>;
  /** By the service names in the plan. */
  transports: Readonly<Record<string, Transport>>;
  /** Handed to transports as it is. */
  context: unknown;
  signal?: AbortSignal | undefined;
  /** Codes whose errors may reach the client as the subgraph wrote them. */
  publicCodes: ReadonlySet<string>;
  /** Fields answered with null without looking at data; keep the same set for the same role, the projection is cached by it. */
  denied?: ReadonlySet<FieldNode> | undefined;
  absent?: AbsentRule | undefined;
  /** Answers of `__schema` and `__type`; taken from `schema` when not given. */
  introspection?: Bag | undefined;
  /** Hears what the client is not told: errors that were masked, and why a source counts as unavailable. */
  onSubgraphError?: ((source: string, error: unknown) => void) | undefined;
}

export interface PlanResult {
  data: Bag | null;
  /** Sorted by path, then code; left out when there is none. */
  errors?: GraphQLError[];
  /** Per source that gave no answer, the paths it left empty, `@` for list positions. */
  unavailable: { source: string; paths: string[] }[];
  /** What subgraphs sent as extensions, in order of arrival. */
  extensions: { service: string; extensions: Record<string, unknown> }[];
}

interface Run extends ExecuteArgs {
  root: Bag;
  errors: GraphQLError[];
  reported: ErrorNode | undefined;
  missing: MissingNode | undefined;
  extensions: PlanResult['extensions'];
  aborted: Promise<typeof ABORTED> | undefined;
}

const ABORTED = Symbol('aborted');

/**
 * Runs a plan and gives the client's answer. It rejects for faults of the program alone: whatever subgraphs do becomes
 * part of the answer. When the signal aborts, what is not there yet is null with code DEADLINE.
 */
export async function executePlan(args: ExecuteArgs): Promise<PlanResult> {
  if (args.operation.operation === 'subscription') throw new Error('executePlan does not run subscriptions.');
  const projection = projectionOf(args.schema, args.operation, args.fragments, args.variables, args.denied);
  const run: Run = {
    ...args, root: createBag(), errors: [], reported: undefined, missing: undefined, extensions: [], aborted: undefined,
  };
  const step = compilePlan(args.plan, args.schema);
  if (step) await withAbort(run, () => runStep(run, step));

  const introspection = projection.fields.some((field) => field.local === 'introspection')
    ? (args.introspection ?? answerIntrospection(args.schema, args.operation, args.fragments, args.variables))
    : undefined;
  const unavailable = new Map<string, string[]>();
  const data = project(projection, run.root, {
    errors: run.errors,
    reported: run.reported,
    missing: run.missing,
    absent: args.absent,
    introspection,
    onUnavailable(source, path) {
      const paths = unavailable.get(source);
      if (paths) paths.push(path);
      else unavailable.set(source, [path]);
    },
  });
  const result: PlanResult = {
    data,
    unavailable: [...unavailable].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([source, paths]) => ({ source, paths: paths.toSorted() })),
    extensions: run.extensions,
  };
  if (run.errors.length > 0) result.errors = sortedErrors(run.errors);
  return result;
}

// One listener per operation, taken off at its end: a signal may outlive many operations.
async function withAbort(run: Run, work: () => Promise<void> | undefined): Promise<void> {
  const { signal } = run;
  if (!signal) return work();
  const aborted = Promise.withResolvers<typeof ABORTED>();
  const onAbort = (): void => aborted.resolve(ABORTED);
  run.aborted = aborted.promise;
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await work();
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function runStep(run: Run, step: Step): Promise<void> | undefined {
  switch (step.kind) {
    case 'sequence':
      return runSequence(run, step.steps);
    case 'parallel':
      return runParallel(run, step.steps);
    case 'condition': {
      const next = run.variables[step.variable] === true ? step.whenTrue : step.whenFalse;
      return next && runStep(run, next);
    }
    case 'root':
      return runRoot(run, step);
    case 'entities':
      return runEntities(run, step);
  }
}

async function runSequence(run: Run, steps: readonly Step[]): Promise<void> {
  for (const step of steps) await runStep(run, step);
}

async function runParallel(run: Run, steps: readonly Step[]): Promise<void> {
  const running: (Promise<void> | undefined)[] = [];
  for (const step of steps) running.push(runStep(run, step));
  await Promise.all(running);
}

async function runRoot(run: Run, step: RootStep): Promise<void> {
  const result = await call(run, step.service, step.operation, variablesFor(run, step.variables));
  if ('kind' in result) {
    lose(run, [], step.shape, [result]);
    return;
  }
  const data = rewritten(result.data ?? null, step.rewrites) as Bag | null;
  const renamed = renamesOf(step.rewrites);
  for (const error of result.errors ?? []) {
    const path = pathOf(error, renamed);
    if (!data && path.length === 0) lose(run, [], step.shape, [heard(run, step.service, error)]);
    else report(run, step.service, error, path, nullAt(data, path));
  }
  if (!data) return;
  for (const field of step.shape) {
    // Other sources of a shared root field may know more; what only this one would have given is null, not lost.
    if (field.fields && readOwn(data, field.key) === null && !run.reported?.children.has(field.key)) {
      lose(run, [field.key], field.fields, [{ kind: 'nothing' }]);
    }
  }
  mergeObject(step.shape, run.root, data, false);
}

async function runEntities(run: Run, step: EntityStep): Promise<void> {
  const variables = variablesFor(run, step.variables);
  const asked: { target: EntityTarget; places: Bag[]; of: Int32Array; count: number }[] = [];
  let count = 0;
  for (const target of step.targets) {
    const places: Bag[] = [];
    for (const path of target.paths) collectPlaces(run.root, path, 0, places);
    const representations = representationsOf(places, target.requires, target.inputRewrites, run.variables, (keys) =>
      target.paths.some((path) => causesAt(run, [...fieldsOf(path), ...keys]).length > 0));
    for (const keys of representations.absent) {
      for (const path of target.paths) lose(run, fieldsOf(path), target.shape, causesAt(run, [...fieldsOf(path), ...keys]));
    }
    count += representations.list.length;
    variables[target.variable] = representations.list;
    asked.push({ target, places, of: representations.of, count: representations.list.length });
  }
  if (count === 0) return;

  const result = await call(run, step.service, step.operation, variables);
  if ('kind' in result) {
    for (const { target } of asked) for (const path of target.paths) lose(run, fieldsOf(path), target.shape, [result]);
    return;
  }
  for (const { target, places, of, count: expected } of asked) {
    const entities = result.data ? readOwn(result.data, target.alias) : null;
    const errors = (result.errors ?? []).filter((error) => error.path?.[0] === target.alias || !error.path?.length || step.targets.length === 1);
    if (!Array.isArray(entities) || entities.length !== expected) {
      const causes = errors.map((error) => heard(run, step.service, error));
      if (causes.length === 0) causes.push(heard(run, step.service, { message: 'A list of entities is missing or of another length.' }));
      for (const path of target.paths) lose(run, fieldsOf(path), target.shape, causes);
      continue;
    }
    for (const entity of entities) rewritten(entity, target.rewrites);
    const failed = errors.length > 0 ? reportEntityErrors(run, step.service, target, errors, entities, of) : undefined;
    const taken = new Uint8Array(entities.length);
    for (let i = 0; i < places.length; i += 1) {
      const position = of[i] as number;
      if (position === -1) continue;
      const entity: unknown = entities[position];
      const place = places[i] as Bag;
      if (isObject(entity)) {
        mergeObject(target.shape, place, entity, target.hasObjects && taken[position] === 1);
        taken[position] = 1;
      } else if (!failed?.has(position)) {
        nullify(target.shape, place);
      }
    }
  }
}

// Errors of an entity belong to every place that used it. Returns the positions that have errors.
function reportEntityErrors(
  run: Run, service: string, target: EntityTarget, errors: readonly SubgraphError[], entities: readonly unknown[], of: Int32Array,
): Set<number> {
  const paths = new Map<Bag, (string | number)[]>();
  const placesAgain: Bag[] = [];
  for (const path of target.paths) {
    collectPaths(run.root, path, 0, [], paths);
    collectPlaces(run.root, path, 0, placesAgain);
  }
  const renamed = renamesOf(target.rewrites);
  const failed = new Set<number>();
  for (const error of errors) {
    const [, position, ...rest] = pathOf(error, renamed);
    if (typeof position !== 'number') {
      report(run, service, error, target.paths[0] ? fieldsOf(target.paths[0]) : [], undefined);
      continue;
    }
    failed.add(position);
    const nulled = nullAt(entities[position], rest);
    placesAgain.forEach((place, i) => {
      if (of[i] !== position) return;
      const here = paths.get(place) ?? [];
      report(run, service, error, [...here, ...rest], nulled === undefined ? undefined : here.length + nulled);
    });
  }
  return failed;
}

/** @returns what the subgraph said, or why it said nothing. */
async function call(
  run: Run, service: string, operation: PlannedOperation, variables: Record<string, unknown>,
): Promise<SubgraphResult | Cause> {
  const transport = run.transports[service];
  if (!transport) throw new Error(`No transport for the ${service} subgraph.`);
  if (run.signal?.aborted) return { kind: 'deadline', source: service };
  try {
    const answer = transport.execute({ operation, variables, operationKind: operation.kind, signal: run.signal, context: run.context });
    // A resolver in this process does not stop at a signal: the answer does not wait for it.
    const result = await (run.aborted ? Promise.race([answer, run.aborted]) : answer);
    if (result === ABORTED) {
      answer.catch(() => {});
      return { kind: 'deadline', source: service };
    }
    if (result.extensions) run.extensions.push({ service, extensions: result.extensions });
    return result;
  } catch (error) {
    if (run.signal?.aborted) return { kind: 'deadline', source: service };
    run.onSubgraphError?.(service, error);
    if (error instanceof SubgraphUnavailable) return { kind: 'unavailable', source: service };
    const { message, extensions } = publicError({ message: '' }, run.publicCodes);
    return { kind: 'error', message, extensions };
  }
}

function variablesFor(run: Run, names: readonly string[]): Bag {
  const variables = createBag();
  for (const name of names) {
    const value = readOwn(run.rawVariables, name);
    if (value !== undefined) variables[name] = value;
  }
  return variables;
}

const fieldsOf = (path: readonly Segment[]): string[] => path.flatMap((segment) => ('field' in segment ? [segment.field] : []));

// Remembers what a fetch would have given at a place; the projection tells what of it the answer really lacks.
function lose(run: Run, prefix: readonly string[], shape: readonly ShapeField[], causes: readonly Cause[]): void {
  run.missing ??= createMissingNode();
  let node = run.missing;
  for (const key of prefix) node = missingChild(node, key);
  loseShape(node, shape, causes);
}

function loseShape(node: MissingNode, shape: readonly ShapeField[], causes: readonly Cause[]): void {
  for (const field of shape) {
    const child = missingChild(node, field.key);
    for (const cause of causes) if (!child.causes.some((known) => sameCause(known, cause))) child.causes.push(cause);
    if (field.fields) loseShape(child, field.fields, causes);
  }
}

const sameCause = (one: Cause, other: Cause): boolean =>
  one === other || (one.kind === other.kind && 'source' in one && 'source' in other && one.source === other.source);

function causesAt(run: Run, keys: readonly string[]): readonly Cause[] {
  let node: MissingNode | undefined = run.missing;
  let causes: readonly Cause[] = [];
  for (const key of keys) {
    node = node?.children.get(key);
    if (!node) return causes;
    causes = node.causes;
  }
  return causes.filter((cause) => cause.kind !== 'nothing');
}

function heard(run: Run, service: string, error: SubgraphError): Cause {
  const { message, extensions, masked } = publicError(error, run.publicCodes);
  if (masked) run.onSubgraphError?.(service, error);
  return { kind: 'error', message, extensions };
}

/** @param nulled how many of the path's segments lead to the null the error made, if it made one above its end */
function report(run: Run, service: string, error: SubgraphError, path: Path, nulled: number | undefined): void {
  const cause = heard(run, service, error);
  if (cause.kind === 'error') run.errors.push(causeError(cause, clientPath(path)));
  run.reported ??= createErrorNode();
  markPath(run.reported, path);
  if (nulled !== undefined && nulled < path.length) markPath(run.reported, path.slice(0, nulled));
}

function pathOf(error: SubgraphError, renamed: ReadonlyMap<string, string> | undefined): Path {
  const path = Array.isArray(error.path) ? (error.path as Path) : [];
  return renamed ? path.map((segment) => renamed.get(segment as string) ?? segment) : path;
}

function renamesOf(rewrites: RootStep['rewrites']): ReadonlyMap<string, string> | undefined {
  let renames: Map<string, string> | undefined;
  for (const rewrite of rewrites) {
    const last = rewrite.path.at(-1);
    if ('renameTo' in rewrite && last && 'key' in last) (renames ??= new Map()).set(last.key, rewrite.renameTo);
  }
  return renames;
}

function nullAt(value: unknown, path: Path): number | undefined {
  let at = value;
  for (let i = 0; i <= path.length; i += 1) {
    if (at === null || at === undefined) return i;
    if (typeof at !== 'object') return undefined;
    at = readOwn(at as Bag, String(path[i]));
  }
  return undefined;
}
