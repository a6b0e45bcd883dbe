import type { GraphQLError } from 'graphql';
import { causeError, internalError } from './errors.ts';
import type { ErrorNode, MissingNode, Path } from './errors.ts';
import { fastObject } from './fast.ts';
import { isObject } from './merge.ts';
import { createBag, readOwn } from './names.ts';
import type { Bag } from './names.ts';
import { isNamed, typenameOf } from './selection.ts';
import type { AbsentRule, Completer, FieldPlan, ObjectPlan, Projection } from './selection.ts';

export interface Projecting {
  errors: GraphQLError[];
  /** Where subgraphs reported errors; undefined when none did. */
  reported: ErrorNode | undefined;
  /** What failed fetches would have given; undefined when none failed. */
  missing: MissingNode | undefined;
  absent: AbsentRule | undefined;
  introspection: Bag | undefined;
  onUnavailable: (source: string, path: string) => void;
}

interface Walk extends Projecting {
  path: (string | number)[];
}

/** The answer's `data` from the merged tree; null when a null reached the root. Errors are added to `state.errors`. */
export function project(projection: Projection, merged: Bag, state: Projecting): Bag | null {
  if (state.reported === undefined && state.missing === undefined) {
    projection.uses += 1;
    if (projection.uses === 2) projection.fast = fastObject(projection);
    const answer = projection.fast?.(merged, state.absent, state.introspection);
    if (answer) return answer;
  }
  const walk: Walk = { ...state, path: [] };
  return projectObject(walk, projection, merged, 0, state.reported, state.reported?.own === true, state.missing) ?? null;
}

// undefined is the null that must go up to the parent.
function projectObject(
  walk: Walk, plan: ObjectPlan, source: Bag, depth: number, reported: ErrorNode | undefined, explained: boolean, missing: MissingNode | undefined,
): Bag | undefined {
  const out = createBag();
  const { fields } = plan;
  let whole = true;
  for (let i = 0; i < fields.length; i += 1) {
    const field = fields[i] as FieldPlan;
    if (field.local !== undefined) {
      out[field.key] = localValue(walk, field, plan);
      continue;
    }
    const value = field.inherited ? readOwn(source, field.from) : source[field.from];
    walk.path[depth] = field.key;
    let result: unknown;
    if (value === null || value === undefined) {
      result = explainNull(walk, field, value, depth + 1, reported?.children.get(field.from), explained, missing?.children.get(field.from));
    } else if (field.completer.kind === 'leaf') {
      result = field.completer.serialize(value);
      if (result === undefined) result = badLeaf(walk, field.completer, depth + 1);
    } else {
      const below = reported?.children.get(field.from);
      result = complete(walk, field.completer, value, depth + 1, below, explained || below?.own === true, missing?.children.get(field.from));
    }
    // The other fields are still walked: what is unavailable among them is to be told.
    if (result === undefined) whole = false;
    else out[field.key] = result;
  }
  return whole ? out : undefined;
}

function localValue(walk: Walk, field: FieldPlan, plan: ObjectPlan): unknown {
  if (field.local === 'typename') return plan.typeName;
  if (field.local === 'introspection') return walk.introspection?.[field.key] ?? null;
  return null;
}

function complete(
  walk: Walk, completer: Completer, value: unknown, depth: number,
  reported: ErrorNode | undefined, explained: boolean, missing: MissingNode | undefined,
): unknown {
  if (completer.kind === 'leaf') {
    const result = completer.serialize(value);
    return result === undefined ? badLeaf(walk, completer, depth) : result;
  }
  if (completer.kind === 'list') {
    if (!Array.isArray(value)) return badValue(walk, completer, depth);
    return completeList(walk, completer, value, depth, reported, explained, missing);
  }
  if (!isObject(value)) return badValue(walk, completer, depth);
  const { selection } = completer;
  let { plan } = selection;
  if (selection.byType !== undefined) {
    const typename = typenameOf(selection, value);
    if (typename !== undefined) {
      const known = typeof typename === 'string' ? (selection.byType.get(typename) ?? selection.forType(typename)) : undefined;
      if (!known) return badValue(walk, completer, depth);
      plan = known;
    }
  }
  if (walk.absent !== undefined && walk.absent.typeName === plan.typeName && readOwn(value, walk.absent.alias) === false) {
    walk.errors.push(walk.absent.error(walk.path.slice(0, depth)));
    return completer.nonNull ? undefined : null;
  }
  if (walk.absent?.named !== undefined && isNamed(walk.absent, selection)) {
    const known = readOwn(value, walk.absent.alias);
    if (known === null || known === undefined) {
      explainUnknown(walk, walk.absent.named.error, known, depth, reported, explained, missing?.children.get(walk.absent.alias));
      return completer.nonNull ? undefined : null;
    }
  }
  const result = projectObject(walk, plan, value, depth, reported, explained, missing);
  return result === undefined && !completer.nonNull ? null : result;
}

function explainUnknown(
  walk: Walk, absent: (path: Path) => GraphQLError, known: null | undefined, depth: number,
  reported: ErrorNode | undefined, explained: boolean, missing: MissingNode | undefined,
): void {
  if (known === null) walk.errors.push(absent(walk.path.slice(0, depth)));
  else if (explained || reported?.own === true || (missing !== undefined && tellMissing(walk, missing, depth))) return;
  else walk.errors.push(internalError(walk.path.slice(0, depth)));
}

function completeList(
  walk: Walk, completer: Extract<Completer, { kind: 'list' }>, values: readonly unknown[], depth: number,
  reported: ErrorNode | undefined, explained: boolean, missing: MissingNode | undefined,
): unknown {
  const { item } = completer;
  const out: unknown[] = [];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    const below = reported?.children.get(i);
    walk.path[depth] = i;
    let result: unknown;
    if (value === null || value === undefined) {
      result = item.nonNull ? undefined : null;
      if (item.nonNull && below === undefined) walk.errors.push(nullError(walk.path.slice(0, depth + 1), completer.type));
    } else {
      result = complete(walk, item, value, depth + 1, below, explained || below?.own === true, missing);
    }
    if (result === undefined) return completer.nonNull ? undefined : null;
    out.push(result);
  }
  return out;
}

const nullError = (path: Path, what: string): GraphQLError =>
  internalError(path, `Cannot return null for non-nullable field ${what}.`);

// A null is the source's answer, or it has an error already, or it gets one here: never silence for what is unknown.
function explainNull(
  walk: Walk, field: FieldPlan, value: null | undefined, depth: number,
  reported: ErrorNode | undefined, explained: boolean, missing: MissingNode | undefined,
): null | undefined {
  let known = reported !== undefined || (value === undefined && explained);
  if (!known && missing !== undefined && missing.causes.length > 0) known = tellMissing(walk, missing, depth);
  if (!known && value === undefined) {
    walk.errors.push(internalError(walk.path.slice(0, depth)));
    known = true;
  }
  if (!field.completer.nonNull) return null;
  if (!known) walk.errors.push(nullError(walk.path.slice(0, depth), field.coordinate));
  return undefined;
}

// Returns false when the cause is no reason for an error: then a non-null field still gets its own.
function tellMissing(walk: Walk, missing: MissingNode, depth: number): boolean {
  let told = false;
  for (const cause of missing.causes) {
    if (cause.kind === 'nothing') continue;
    told = true;
    if (missing.reported) continue;
    const path = walk.path.slice(0, depth).map((segment) => (typeof segment === 'number' ? '@' : segment));
    walk.errors.push(causeError(cause, path));
    if (cause.kind !== 'error') walk.onUnavailable(cause.source, path.join('.'));
  }
  missing.reported = true;
  return told || missing.causes.length === 0;
}

function badLeaf(walk: Walk, completer: Completer, depth: number): null | undefined {
  return badValue(walk, completer, depth);
}

// The value itself is not told: it may be what the reader may not see.
function badValue(walk: Walk, completer: Completer, depth: number): null | undefined {
  walk.errors.push(internalError(walk.path.slice(0, depth), `The source's value is not a valid ${completer.type}.`));
  return completer.nonNull ? undefined : null;
}
