import type { GraphQLError, GraphQLSchema } from 'graphql';
import type { Keys } from './supergraph.ts';
import { AnswerTooLarge, type AnswerMeter, checkBytes, createMeter } from './answerSize.ts';
import { compilePlan, fieldAt, sourceOf } from './compile.ts';
import type { EntityStep, EntityTarget, RootStep, Segment, ShapeField, Step } from './compile.ts';
import {
  addCause,
  createMissingNode,
  createReportNode,
  deadlineCause,
  internalCause,
  missingAt,
  publicError,
  reportAt,
  sortedErrors,
  sweptCause,
  unavailableCause,
} from './errors.ts';
import type { Cause, MissingNode, Path, ReportNode } from './errors.ts';
import {
  collectPaths,
  collectPositions,
  isObject,
  mergeObject,
  nullify,
  representationsOf,
  rewritten,
} from './merge.ts';
import { createBag, readOwn } from './names.ts';
import type { Bag } from './names.ts';
import type { QueryPlan } from './queryPlan.ts';
import { project } from './projection.ts';
import type { AbsentRule, PreparedOperation } from './selection.ts';
import { SubgraphUnavailable } from './transport.ts';
import type { PlannedOperation, SubgraphError, SubgraphResult, Transport } from './transport.ts';

export type { AbsentRule } from './selection.ts';

export interface ExecuteArgs {
  plan: QueryPlan;
  /** What was planned, and what of it is returned. */
  prepared: PreparedOperation;
  /** The planner's schema. */
  schema: GraphQLSchema;
  /** The keys by which subgraphs find objects. */
  keys: Keys;
  /** By the client's names as given, with defaults applied: the values that subgraphs receive. */
  rawVariables: Readonly<Record<string, unknown>>;
  /** By the service names in the plan. */
  transports: Readonly<Record<string, Transport>>;
  /** Handed to transports unchanged. */
  context: unknown;
  signal?: AbortSignal | undefined;
  /** The maximum size of the answer in bytes of JSON; left out: no limit. */
  maxBytes?: number | undefined;
  /** Codes whose errors may reach the client as the subgraph wrote them. */
  publicCodes: ReadonlySet<string>;
  /** The rule with which the operation was prepared. */
  absent?: AbsentRule | undefined;
  /** Answers of `__schema` and `__type`, by response key. */
  introspection?: Bag | undefined;
  /**
   * Receives what the client does not see. For each call: the first of its errors that was masked and their number, or
   * why a source counts as unavailable. For each operation: what was wrong with the answers themselves.
   */
  onSubgraphError?: ((source: string, error: unknown, count: number) => void) | undefined;
  /** Called for each answer of a source that has no error. */
  onSubgraphAnswer?: ((source: string) => void) | undefined;
}

/** Where an answer is null because of an error, by the source that did not answer. */
export interface Missing {
  source: string;
  /** By the client's keys, `@` for list indexes. */
  paths: string[];
}

export interface PlanResult {
  data: Bag | null;
  /** Sorted by path, then code; left out when there is none. */
  errors?: GraphQLError[];
  /** Sorted by source. What a source reports as not existing (NOT_FOUND) is not missing. */
  missing: Missing[];
  /** The extensions that subgraphs sent, in order of arrival. */
  extensions: { service: string; extensions: Record<string, unknown> }[];
}

interface Run extends ExecuteArgs {
  /** By the planner's names. */
  variables: Bag;
  root: Bag;
  meter: AnswerMeter;
  reported: ReportNode | undefined;
  /** Errors at exact places so far. */
  reports: number;
  missing: MissingNode | undefined;
  extensions: PlanResult['extensions'];
  /** Ends the present waits when the signal aborts; undefined where there is no signal. */
  stops: (() => void)[] | undefined;
}

const ABORTED = Symbol('aborted');
/** For one call: beyond this, errors of the same field are reported once for all objects that have it. */
const MAX_ERRORS = 100;
/** For one operation, since an error of an entity belongs to every place that has it. */
const MAX_REPORTS = 1000;
/** The maximum of nested lists whose indexes a path may name. */
const MAX_NESTED_LISTS = 8;

/**
 * Runs a plan and returns the client's answer. It rejects only for faults of the program: whatever subgraphs do becomes
 * part of the answer, unless it is too large (AnswerTooLarge), in which case there is none. When the signal aborts,
 * what has not arrived is null with code DEADLINE.
 */
export async function executePlan(args: ExecuteArgs): Promise<PlanResult> {
  const { prepared } = args;
  if (prepared.operation.operation === 'subscription') throw new Error('executePlan does not run subscriptions.');
  const variables = createBag();
  for (const [given, name] of prepared.variables) {
    const value = readOwn(args.rawVariables as Bag, given);
    if (value !== undefined) variables[name] = value;
  }
  const run: Run = {
    ...args,
    variables,
    root: createBag(),
    meter: createMeter(args.maxBytes),
    reported: undefined,
    reports: 0,
    missing: undefined,
    extensions: [],
    stops: undefined,
  };
  const step = compilePlan(args.plan, args.schema, args.keys);
  if (step) await withAbort(run, () => runStep(run, step));

  const answer = project(prepared.projection, run.root, {
    reported: run.reported,
    missing: run.missing,
    absent: args.absent,
    introspection: args.introspection,
    meter: run.meter,
    sourceOf: (keys) => sourceOf(step, keys),
  });
  const { data, errors, findings } = answer;
  checkBytes(run.meter, data);
  if (findings[0]) run.onSubgraphError?.(findings[0].source, new Error(findings[0].message), findings.length);
  const missing = [...answer.lacking].map(([source, paths]) => ({ source, paths: [...paths].toSorted() }));
  const result: PlanResult = {
    data,
    missing: missing.toSorted((one, other) => (one.source < other.source ? -1 : 1)),
    extensions: run.extensions,
  };
  if (errors.length > 0) result.errors = sortedErrors(errors);
  return result;
}

// One listener per operation, removed at its end: a signal may outlive many operations.
async function withAbort(run: Run, work: () => Promise<void> | undefined): Promise<void> {
  const { signal } = run;
  if (!signal) return work();
  const stops: (() => void)[] = [];
  const onAbort = (): void => stops.forEach((stop) => stop());
  run.stops = stops;
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
  if ('cause' in result) {
    lose(run, [], step.shape, [result.cause]);
    return;
  }
  const data = rewritten(result.data ?? null, step.rewrites) as Bag | null;
  const faults: Cause[] = [];
  if (result.errors?.length) {
    const renamed = renamesOf(step.rewrites);
    const isExact = result.errors.length <= MAX_ERRORS;
    hear(run, step.service, result.errors).forEach((cause, i) => {
      const path = pathOf(result.errors?.[i], renamed);
      if (!isWithin(step.shape, data, path)) addCause(faults, cause);
      else if (isExact) report(run, path, cause);
      else reportAll(run, [], data, path, cause);
    });
  }
  if (!data) {
    // A field without an error of its own was lost because of the one that has an error.
    const causes = faults.length > 0 ? faults : [(result.errors?.length ? sweptCause : internalCause)(step.service)];
    for (const field of step.shape) if (!isReported(run, field.key)) lose(run, [], [field], causes);
    return;
  }
  if (faults.length > 0) suspect(run, [], step.shape, faults);
  mergeObject(step.shape, run.root, data, false);
}

const isReported = (run: Run, key: string): boolean =>
  run.reported?.children.has(key) === true || (run.missing?.children.get(key)?.causes.length ?? 0) > 0;

async function runEntities(run: Run, step: EntityStep): Promise<void> {
  const variables = variablesFor(run, step.variables);
  const asked: Asked[] = [];
  let count = 0;
  for (const target of step.targets) {
    const fieldPositions: Bag[] = [];
    for (const path of target.paths) collectPositions(run.root, path, 0, fieldPositions);
    const paths = lazyPaths(run, target);
    const { list, of, unknown } = representationsOf(
      fieldPositions,
      target.requires,
      target.inputRewrites,
      (fieldPosition, keys, isAbsent) => losesRequirement(run, target, paths, fieldPosition, keys, isAbsent),
    );
    for (const fieldPosition of unknown) nullify(target.shape, fieldPositions[fieldPosition] as Bag);
    count += list.length;
    variables[target.variable] = list;
    asked.push({ target, fieldPositions, paths, of, count: list.length });
  }
  if (count === 0) return;

  const result = await call(run, step.service, step.operation, variables);
  if ('cause' in result) {
    for (const { target } of asked)
      for (const path of target.paths) lose(run, fieldsOf(path), target.shape, [result.cause]);
    return;
  }
  const errors = errorsByTarget(run, step, result.errors ?? []);
  for (const one of asked) mergeEntities(run, step.service, one, result.data ?? null, errors.get(one.target.alias));
}

interface Asked {
  target: EntityTarget;
  fieldPositions: Bag[];
  /** The places' paths. */
  paths: () => readonly Path[];
  /** The index of the representation for each place, -1: none. */
  of: Int32Array;
  count: number;
}

function lazyPaths(run: Run, target: EntityTarget): () => readonly Path[] {
  let found: Path[] | undefined;
  return () => {
    if (!found) {
      found = [];
      for (const path of target.paths) collectPaths(run.root, path, 0, [], found);
    }
    return found;
  };
}

// A field cannot be requested with a requirement that was lost: it is lost for the same reason.
function losesRequirement(
  run: Run,
  target: EntityTarget,
  paths: () => readonly Path[],
  fieldPosition: number,
  keys: readonly string[],
  isAbsent: boolean,
): boolean {
  let isLost = false;
  if (run.missing) {
    for (const path of target.paths) {
      const causes = causesAt(run.missing, [...fieldsOf(path), ...keys], isAbsent);
      if (causes.length === 0) continue;
      lose(run, fieldsOf(path), target.shape, causes);
      isLost = true;
    }
  }
  if (isLost || !run.reported) return isLost;
  const here = paths()[fieldPosition] ?? [];
  const causes = reportedAt(run.reported, [...here, ...keys], isAbsent);
  for (const cause of causes) addCause(reportAt(run.reported, here).lost, cause);
  return causes.length > 0;
}

function causesAt(missing: MissingNode, keys: readonly string[], isAbsent: boolean): readonly Cause[] {
  let node: MissingNode | undefined = missing;
  let causes: readonly Cause[] = [];
  for (const key of keys) {
    node = node?.children.get(key);
    if (!node) return isAbsent ? causes : [];
    causes = node.causes;
  }
  return causes;
}

function reportedAt(reported: ReportNode, path: Path, isAbsent: boolean): readonly Cause[] {
  let node: ReportNode | undefined = reported;
  let lost: readonly Cause[] = [];
  for (const segment of path) {
    if (isAbsent && node.lost.length > 0) lost = node.lost;
    node = node.children.get(segment);
    if (!node) return lost;
  }
  const own: Cause[] = [];
  const gather = ({ causes, children }: ReportNode): void => {
    for (const cause of causes) addCause(own, cause);
    for (const child of children.values()) gather(child);
  };
  gather(node);
  return own.length > 0 ? own : lost;
}

interface TargetErrors {
  /** By paths from the list of entities. */
  located: { path: Path; cause: Cause }[];
  faults: Cause[];
  isExact: boolean;
}

function errorsByTarget(run: Run, step: EntityStep, errors: readonly SubgraphError[]): Map<string, TargetErrors> {
  const result = new Map<string, TargetErrors>();
  if (errors.length === 0) return result;
  for (const { alias } of step.targets)
    result.set(alias, { located: [], faults: [], isExact: errors.length <= MAX_ERRORS });
  hear(run, step.service, errors).forEach((cause, i) => {
    const [alias, ...path] = pathOf(errors[i], undefined);
    const own = typeof alias === 'string' ? result.get(alias) : undefined;
    if (own && path.length > 0) own.located.push({ path, cause });
    else for (const one of own ? [own] : result.values()) addCause(one.faults, cause);
  });
  return result;
}

function mergeEntities(
  run: Run,
  service: string,
  asked: Asked,
  data: Bag | null,
  errors: TargetErrors | undefined,
): void {
  const { target, fieldPositions: places, of } = asked;
  const given = data ? readOwn(data, target.alias) : null;
  const entities = Array.isArray(given) && given.length === asked.count ? given : undefined;
  for (const entity of entities ?? []) rewritten(entity, target.rewrites);
  const failed = errors ? reportEntityErrors(run, service, asked, errors, entities) : NONE_FAILED;
  if (!entities) {
    if (asked.count === 0) return;
    if (!errors) run.onSubgraphError?.(service, new Error('A list of entities is missing or of another length.'), 1);
    const causes = errors && errors.faults.length > 0 ? errors.faults : [internalCause(service)];
    for (const path of target.paths) lose(run, fieldsOf(path), target.shape, causes);
    return;
  }
  if (errors && errors.faults.length > 0)
    for (const path of target.paths) suspect(run, fieldsOf(path), target.shape, errors.faults);
  const taken = new Uint8Array(entities.length);
  for (let i = 0; i < places.length; i += 1) {
    const position = of[i] as number;
    if (position === -1) continue;
    const entity: unknown = entities[position];
    const fieldPosition = places[i] as Bag;
    if (isObject(entity)) {
      mergeObject(target.shape, fieldPosition, entity, target.hasObjects && taken[position] === 1);
      taken[position] = 1;
    } else if (!failed.has(position)) {
      nullify(target.shape, fieldPosition);
    }
  }
}

const NONE_FAILED: ReadonlySet<number> = new Set();

// Errors of an entity belong to every place that used it. Returns the indexes of entities that are lost by their
// errors.
function reportEntityErrors(
  run: Run,
  service: string,
  asked: Asked,
  errors: TargetErrors,
  entities: readonly unknown[] | undefined,
): ReadonlySet<number> {
  const { target } = asked;
  const renamed = renamesOf(target.rewrites);
  const failed = new Set<number>();
  let positionsOf: Map<number, Path[]> | undefined;
  for (const { path, cause } of errors.located) {
    const [position, ...rest] = renamed ? path.map((segment) => renamed.get(segment as string) ?? segment) : path;
    const entity = entities && typeof position === 'number' ? entities[position] : null;
    const isKnown =
      typeof position === 'number' && Number.isInteger(position) && position >= 0 && position < asked.count;
    if (
      !isKnown ||
      (rest.length === 0 ? isObject(entity) : !isWithin(target.shape, isObject(entity) ? entity : null, rest))
    ) {
      addCause(errors.faults, cause);
      continue;
    }
    if (!isObject(entity)) failed.add(position);
    positionsOf ??= pathsByPosition(asked);
    const here = positionsOf.get(position) ?? [];
    if (!errors.isExact || run.reports + here.length > MAX_REPORTS) {
      for (const fields of target.paths.map(fieldsOf)) {
        if (isObject(entity)) reportAll(run, fields, entity, rest, cause);
        else lose(run, fields, target.shape, [cause]);
      }
      continue;
    }
    for (const fieldPosition of here) {
      if (rest.length > 0) report(run, [...fieldPosition, ...rest], cause);
      // A field that nulled its object took the other fields with it.
      if (!isObject(entity))
        addCause(
          reportAt((run.reported ??= createReportNode()), fieldPosition).lost,
          rest.length > 0 ? sweptCause(service) : cause,
        );
    }
  }
  return failed;
}

function pathsByPosition({ paths, of }: Asked): Map<number, Path[]> {
  const result = new Map<number, Path[]>();
  paths().forEach((path, i) => {
    const position = of[i] as number;
    const known = result.get(position);
    if (known) known.push(path);
    else result.set(position, [path]);
  });
  return result;
}

/** @returns what the subgraph answered, or why it did not answer. */
async function call(
  run: Run,
  service: string,
  operation: PlannedOperation,
  variables: Record<string, unknown>,
): Promise<SubgraphResult | { cause: Cause }> {
  const transport = run.transports[service];
  if (!transport) throw new Error(`No transport for the ${service} subgraph.`);
  if (run.signal?.aborted) return { cause: deadlineCause(service) };
  try {
    const answer = transport.execute({
      operation,
      variables,
      operationKind: operation.kind,
      signal: run.signal,
      meter: run.meter,
      context: run.context,
    });
    // A resolver in this process does not stop at a signal: the answer does not wait for it.
    const result = await orAborted(run, answer);
    if (result === ABORTED) return { cause: deadlineCause(service) };
    if (result.extensions) run.extensions.push({ service, extensions: result.extensions });
    run.onSubgraphAnswer?.(service);
    return result;
  } catch (error) {
    if (error instanceof AnswerTooLarge) throw error;
    if (run.signal?.aborted) return { cause: deadlineCause(service) };
    run.onSubgraphError?.(service, error, 1);
    return { cause: error instanceof SubgraphUnavailable ? unavailableCause(service) : internalCause(service) };
  }
}

function orAborted({ signal, stops }: Run, answer: Promise<SubgraphResult>): Promise<SubgraphResult | typeof ABORTED> {
  if (!stops) return answer;
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(ABORTED);
    stops.push(stop);
    answer.then(resolve, reject);
    if (signal?.aborted) stop(); // while the call was made
  });
}

function variablesFor(run: Run, names: readonly string[]): Bag {
  const variables = createBag();
  for (const name of names) {
    const value = readOwn(run.variables, name);
    if (value !== undefined) variables[name] = value;
  }
  return variables;
}

const fieldsOf = (path: readonly Segment[]): string[] =>
  path.flatMap((segment) => ('field' in segment ? [segment.field] : []));

// Records what a fetch would have returned at a place; the projection reports what the answer really lacks.
function lose(run: Run, prefix: readonly string[], shape: readonly ShapeField[], causes: readonly Cause[]): void {
  loseShape(missingAt((run.missing ??= createMissingNode()), prefix), shape, causes);
}

function loseShape(node: MissingNode, shape: readonly ShapeField[], causes: readonly Cause[]): void {
  for (const field of shape) {
    const child = missingAt(node, [field.key]);
    for (const cause of causes) addCause(child.causes, cause);
    if (field.fields) loseShape(child, field.fields, causes);
  }
}

// Errors that name no field of their fetch: they belong to its objects, and a null in these may be due to them.
function suspect(run: Run, prefix: readonly string[], shape: readonly ShapeField[], faults: readonly Cause[]): void {
  const node = missingAt((run.missing ??= createMissingNode()), prefix);
  for (const fault of faults) addCause(node.faults, fault);
  const mark = (at: MissingNode, fields: readonly ShapeField[]): void => {
    for (const field of fields) {
      const child = missingAt(at, [field.key]);
      for (const { source } of faults) child.suspects.add(source);
      if (field.fields) mark(child, field.fields);
    }
  };
  mark(node, shape);
}

/** What the client sees of each error. The gateway logs all masked errors at once. */
function hear(run: Run, service: string, errors: readonly SubgraphError[]): Cause[] {
  let first: SubgraphError | undefined;
  let count = 0;
  const causes = errors.map((error) => {
    const { cause, masked } = publicError(service, error, run.publicCodes);
    if (masked) {
      first ??= error;
      count += 1;
    }
    return cause;
  });
  if (first) run.onSubgraphError?.(service, first, count);
  return causes;
}

function report(run: Run, path: Path, cause: Cause): void {
  run.reports += 1;
  addCause(reportAt((run.reported ??= createReportNode()), path).causes, cause);
}

/** One of too many errors: reported once for all objects that have the field, where it caused a null. */
function reportAll(run: Run, prefix: readonly string[], data: unknown, path: Path, cause: Cause): void {
  let value = data;
  const keys: string[] = [...prefix];
  for (const segment of path) {
    if (value === null || value === undefined) break;
    value = typeof value === 'object' ? readOwn(value as Bag, String(segment)) : null;
    if (typeof segment === 'string') keys.push(segment);
  }
  addCause(missingAt((run.missing ??= createMissingNode()), keys).causes, cause);
}

// A path from a subgraph is not trusted: `isWithin` checks it.
function pathOf(error: SubgraphError | undefined, renamed: ReadonlyMap<string, string> | undefined): Path {
  const path = Array.isArray(error?.path) ? (error.path as Path) : [];
  return renamed ? path.map((segment) => renamed.get(segment as string) ?? segment) : path;
}

/**
 * Whether a path leads to a field of the shape, by indexes that the data has. Where a null replaced a list, any index
 * may be meant.
 */
function isWithin(shape: readonly ShapeField[], data: unknown, path: Path): boolean {
  let fields: readonly ShapeField[] | undefined = shape;
  let value: unknown = data;
  let positions = MAX_NESTED_LISTS; // the root is no list
  for (const segment of path) {
    if (typeof segment === 'number') {
      if (!Number.isInteger(segment) || segment < 0 || ++positions > MAX_NESTED_LISTS) return false;
      if (value === null || value === undefined) continue;
      if (!Array.isArray(value) || segment >= value.length) return false;
      value = value[segment];
      continue;
    }
    const field: ShapeField | undefined = typeof segment === 'string' && fields ? fieldAt(fields, segment) : undefined;
    if (!field || Array.isArray(value)) return false;
    value = isObject(value) ? readOwn(value, segment) : null;
    fields = field.fields;
    positions = 0;
  }
  return path.length > 0;
}

function renamesOf(rewrites: RootStep['rewrites']): ReadonlyMap<string, string> | undefined {
  let renames: Map<string, string> | undefined;
  for (const rewrite of rewrites) {
    const last = rewrite.path.at(-1);
    if ('renameTo' in rewrite && last && 'key' in last) (renames ??= new Map()).set(last.key, rewrite.renameTo);
  }
  return renames;
}
