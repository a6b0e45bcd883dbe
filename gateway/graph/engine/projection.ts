import type { GraphQLError } from 'graphql';
import { addUsed, type AnswerMeter, createMeter, keyLength, leafLength } from './answerSize.ts';
import { causeError, internalCause } from './errors.ts';
import type { Cause, MissingNode, Path, ReportNode } from './errors.ts';
import { fastObject } from './fast.ts';
import { isObject } from './merge.ts';
import { TYPENAME, createBag, readOwn } from './names.ts';
import type { Bag } from './names.ts';
import { isNamed, planFor } from './selection.ts';
import type { AbsentRule, Completer, FieldPlan, ObjectPlan, Projection, Selection } from './selection.ts';

export interface Projecting {
  /** Where subgraphs reported errors; undefined when none did. */
  reported: ReportNode | undefined;
  /** What failed fetches would have returned; undefined when none failed. */
  missing: MissingNode | undefined;
  absent: AbsentRule | undefined;
  introspection: Bag | undefined;
  /** Left out: an answer may have any size. */
  meter?: AnswerMeter | undefined;
  /** The source that should have returned what is at planned keys. */
  sourceOf: (keys: readonly string[]) => string | undefined;
}

export interface Projected {
  /** null when a null reached the root. */
  data: Bag | null;
  errors: GraphQLError[];
  /** By source, where the data is null because of an error, with `@` for list indexes. */
  lacking: Map<string, Set<string>>;
  /** Wrong values, and nulls without an explanation; only for the log. */
  findings: { source: string; message: string }[];
}

interface Walk extends Projecting, Projected {
  meter: AnswerMeter;
  /** By the client's keys. */
  path: (string | number)[];
  /** The same by planned keys. */
  keys: (string | number)[];
  /** Errors of fields that were lost with their object: reported where the client does not lose the object. */
  swept: { cause: Cause; path: Path }[];
}

const GATEWAY = 'gateway';

/** The answer from the merged tree. @throws AnswerTooLarge */
export function project(projection: Projection, merged: Bag, state: Projecting): Projected {
  const { meter = createMeter() } = state;
  const result: Projected = { data: null, errors: [], lacking: new Map(), findings: [] };
  if (state.reported === undefined && state.missing === undefined) {
    projection.uses += 1;
    if (projection.uses === 2) projection.fast = fastObject(projection);
    const answer = projection.fast?.(merged, state.absent, state.introspection, meter);
    if (answer) return { ...result, data: answer };
    meter.used = 0;
  }
  const walk: Walk = { ...state, ...result, meter, path: [], keys: [], swept: [] };
  if (state.missing) reportFaults(walk, state.missing, 0);
  walk.data = projectObject(walk, projection, merged, 0, state.reported, NO_CAUSES, state.missing) ?? null;
  return walk;
}

const NO_CAUSES: readonly Cause[] = [];

// undefined is the null that propagates to the parent.
function projectObject(
  walk: Walk,
  plan: ObjectPlan,
  source: Bag,
  depth: number,
  reported: ReportNode | undefined,
  lost: readonly Cause[],
  missing: MissingNode | undefined,
): Bag | undefined {
  const out = createBag();
  const { fields } = plan;
  const causes = lostHere(reported, lost);
  const swept = walk.swept.length;
  const delivered = walk.errors.length;
  let whole = true;
  for (let i = 0; i < fields.length; i += 1) {
    const field = fields[i] as FieldPlan;
    if (field.local !== undefined) {
      out[field.key] = localValue(walk, field, plan);
      continue;
    }
    const value = field.inherited ? readOwn(source, field.from) : source[field.from];
    walk.path[depth] = field.key;
    walk.keys[depth] = field.from;
    const below = reported?.children.get(field.from);
    let result: unknown;
    if (value === null || value === undefined) {
      result = explainNull(walk, field, value, depth + 1, below, causes, missing?.children.get(field.from));
    } else {
      const before = walk.errors.length;
      if (field.completer.kind === 'leaf') {
        result = field.completer.serialize(value);
        if (result === undefined) result = badValue(walk, field.completer, depth + 1);
      } else {
        result = complete(walk, field.completer, value, depth + 1, below, causes, missing?.children.get(field.from));
      }
      if (below !== undefined) reportBeside(walk, below.causes, before, depth + 1);
    }
    // The other fields are still walked, because what is unavailable among them is reported.
    if (result === undefined) whole = false;
    else out[field.key] = result;
    addUsed(walk.meter, keyLength(field.key) + (field.completer.kind === 'leaf' ? leafLength(result) : 2));
  }
  if (walk.swept.length > swept) {
    const own = walk.swept.splice(swept);
    if (whole || walk.errors.length === delivered) for (const { cause, path } of own) lack(walk, cause, path);
  }
  return whole ? out : undefined;
}

// An error of exactly this place, and yet a value: the source that failed returned nothing of it, and another returned
// its own part.
function lostHere(reported: ReportNode | undefined, lost: readonly Cause[]): readonly Cause[] {
  if (reported === undefined) return lost;
  if (reported.lost.length > 0) return reported.lost;
  return reported.causes.length > 0 ? reported.causes : lost;
}

/** Errors of a place that has a value, except those that were reported for absent fields in it. */
function reportBeside(walk: Walk, causes: readonly Cause[], before: number, depth: number): void {
  const delivered = walk.errors.slice(before);
  for (const cause of causes) {
    const isReported = delivered.some(
      ({ message, extensions }) => message === cause.message && extensions['code'] === cause.extensions['code'],
    );
    if (!isReported) walk.errors.push(causeError(cause, walk.path.slice(0, depth)));
  }
}

function localValue(walk: Walk, field: FieldPlan, plan: ObjectPlan): unknown {
  if (field.local === 'typename') return plan.typeName;
  if (field.local === 'introspection') return walk.introspection?.[field.key] ?? null;
  return null;
}

function complete(
  walk: Walk,
  completer: Completer,
  value: unknown,
  depth: number,
  reported: ReportNode | undefined,
  lost: readonly Cause[],
  missing: MissingNode | undefined,
): unknown {
  if (completer.kind === 'leaf') {
    const result = completer.serialize(value);
    return result === undefined ? badValue(walk, completer, depth) : result;
  }
  if (completer.kind === 'list') {
    if (!Array.isArray(value)) return badValue(walk, completer, depth);
    return completeList(walk, completer, value, depth, reported, lost, missing);
  }
  if (!isObject(value)) return badValue(walk, completer, depth);
  const { selection } = completer;
  const plan = planFor(selection, value);
  if (!plan) {
    // The subgraph that knows its type did not answer.
    const isReported =
      reportMissing(walk, missing?.children.get(TYPENAME), depth) || reportLost(walk, lostHere(reported, lost), depth);
    return !isReported ? badValue(walk, completer, depth) : completer.nonNull ? undefined : null;
  }
  if (missing !== undefined) reportFaults(walk, missing, depth);
  const { absent } = walk;
  if (absent !== undefined && absent.typeName === plan.typeName && readOwn(value, absent.field) === false) {
    walk.errors.push(absent.error(walk.path.slice(0, depth)));
    return completer.nonNull ? undefined : null;
  }
  if (absent?.named !== undefined && isNamed(absent, selection)) {
    const known = readOwn(value, absent.named.field);
    if (known === null || known === undefined) {
      const { field, error } = absent.named;
      explainUnknown(walk, error, known, depth, reported?.children.get(field), lost, missing?.children.get(field));
      return completer.nonNull ? undefined : null;
    }
  }
  const result = projectObject(walk, plan, value, depth, reported, lost, missing);
  return result === undefined && !completer.nonNull ? null : result;
}

function explainUnknown(
  walk: Walk,
  absent: (path: Path) => GraphQLError,
  known: null | undefined,
  depth: number,
  reported: ReportNode | undefined,
  lost: readonly Cause[],
  missing: MissingNode | undefined,
): void {
  if (reported !== undefined && reportKnown(walk, reported, undefined, walk.path.slice(0, depth))) return;
  if (known === null) walk.errors.push(absent(walk.path.slice(0, depth)));
  else if (!reportMissing(walk, missing, depth) && !reportLost(walk, lost, depth))
    reportUnexplained(walk, depth, 'Nobody said whether there is one.');
}

function completeList(
  walk: Walk,
  completer: Extract<Completer, { kind: 'list' }>,
  values: readonly unknown[],
  depth: number,
  reported: ReportNode | undefined,
  lost: readonly Cause[],
  missing: MissingNode | undefined,
): unknown {
  const { item } = completer;
  const out: unknown[] = [];
  const causes = lostHere(reported, lost);
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    const below = reported?.children.get(i);
    walk.path[depth] = i;
    walk.keys[depth] = i;
    let result: unknown;
    if (value === null || value === undefined) {
      const delivered =
        (below !== undefined && reportKnown(walk, below, item, walk.path.slice(0, depth + 1))) ||
        reportMissing(walk, missing, depth + 1);
      if (item.nonNull && !delivered)
        reportUnexplained(walk, depth + 1, `Cannot return null for an item of ${completer.type}.`);
      result = item.nonNull ? undefined : null;
    } else {
      const before = walk.errors.length;
      result = complete(walk, item, value, depth + 1, below, lostHere(below, causes), missing);
      if (below !== undefined) reportBeside(walk, below.causes, before, depth + 1);
    }
    if (result === undefined) return completer.nonNull ? undefined : null;
    if (item.kind === 'leaf') addUsed(walk.meter, leafLength(result));
    out.push(result);
  }
  return out;
}

// A null is the source's answer, or it has an error, which is reported here: what is unknown is never silent.
function explainNull(
  walk: Walk,
  field: FieldPlan,
  value: null | undefined,
  depth: number,
  reported: ReportNode | undefined,
  lost: readonly Cause[],
  missing: MissingNode | undefined,
): null | undefined {
  const isReported =
    (reported !== undefined && reportKnown(walk, reported, field.completer, walk.path.slice(0, depth))) ||
    reportMissing(walk, missing, depth) ||
    (value === undefined && reportLost(walk, lost, depth));
  if (!isReported) {
    if (value === undefined) reportUnexplained(walk, depth, `No value came for ${field.coordinate}.`);
    else if (field.completer.nonNull)
      reportUnexplained(walk, depth, `Cannot return null for non-nullable field ${field.coordinate}.`);
    else if (missing !== undefined)
      for (const source of missing.suspects) isMissing(walk, source, walk.path.slice(0, depth));
  }
  return field.completer.nonNull ? undefined : null;
}

/**
 * Reports all errors at a null and below it. Where the client has several keys for the field of an error it is reported
 * at each; where it has none, at the nearest place that it has.
 */
function reportKnown(walk: Walk, node: ReportNode, completer: Completer | undefined, path: Path): boolean {
  let delivered = node.causes.length > 0;
  for (const cause of node.causes) lack(walk, cause, path);
  for (const [segment, child] of node.children) {
    if (typeof segment === 'number') {
      const item = completer?.kind === 'list' ? completer.item : undefined;
      if (reportKnown(walk, child, item, item ? [...path, segment] : path)) delivered = true;
      continue;
    }
    const fields = completer?.kind === 'object' ? fieldsFrom(completer.selection, segment) : [];
    if (fields.length === 0 && reportKnown(walk, child, undefined, path)) delivered = true;
    for (const field of fields) if (reportKnown(walk, child, field.completer, [...path, field.key])) delivered = true;
  }
  return delivered;
}

// The object is null, so any of its possible types counts.
function fieldsFrom(selection: Selection, key: string): FieldPlan[] {
  const found = new Map<string, FieldPlan>();
  for (const type of selection.types) {
    for (const field of selection.forType(type)?.fields ?? []) {
      if (field.from === key && field.local === undefined) found.set(field.key, field);
    }
  }
  return [...found.values()];
}

/** @returns false when there is no cause: then a non-null field still gets an error of its own */
function reportMissing(walk: Walk, missing: MissingNode | undefined, depth: number): boolean {
  if (missing === undefined || missing.causes.length === 0) return false;
  const path = withoutPositions(walk.path.slice(0, depth));
  const at = path.join('.');
  if (!missing.reported.has(at)) {
    missing.reported.add(at);
    for (const cause of missing.causes) lack(walk, cause, path);
  }
  return true;
}

function reportFaults(walk: Walk, missing: MissingNode, depth: number): void {
  if (missing.faults.length === 0) return;
  const path = withoutPositions(walk.path.slice(0, depth));
  const at = `${path.join('.')} `;
  if (missing.reported.has(at)) return;
  missing.reported.add(at);
  for (const fault of missing.faults) walk.errors.push(causeError(fault, path));
}

function reportLost(walk: Walk, lost: readonly Cause[], depth: number): boolean {
  for (const cause of lost) {
    const path = walk.path.slice(0, depth);
    if (cause.swept) walk.swept.push({ cause, path });
    else lack(walk, cause, path);
  }
  return lost.length > 0;
}

function reportUnexplained(walk: Walk, depth: number, message: string): void {
  const source = walk.sourceOf(walk.keys.slice(0, depth).filter((key) => typeof key === 'string')) ?? GATEWAY;
  walk.findings.push({ source, message });
  lack(walk, internalCause(source), walk.path.slice(0, depth));
}

// The value itself is not shown: the reader may not be allowed to see it.
function badValue(walk: Walk, completer: Completer, depth: number): null | undefined {
  reportUnexplained(walk, depth, `The source's value is not a valid ${completer.type}.`);
  return completer.nonNull ? undefined : null;
}

const withoutPositions = (path: Path): string[] => path.map((segment) => (typeof segment === 'number' ? '@' : segment));

/** An error for a null. */
function lack(walk: Walk, cause: Cause, path: Path): void {
  walk.errors.push(causeError(cause, path));
  // The source has answered that there is none.
  if (cause.extensions.code !== 'NOT_FOUND') isMissing(walk, cause.source, path);
}

function isMissing(walk: Walk, source: string, path: Path): void {
  const at = withoutPositions(path).join('.');
  const paths = walk.lacking.get(source);
  if (paths) paths.add(at);
  else walk.lacking.set(source, new Set([at]));
}
