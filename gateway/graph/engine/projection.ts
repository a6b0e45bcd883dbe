import { addUsed, createMeter, keyLength, leafLength } from './answerSize.ts';
import type { Cause, MissingNode, ReportNode } from './errors.ts';
import { fastObject } from './fast.ts';
import { isObject } from './merge.ts';
import { TYPENAME, createBag, readOwn } from './names.ts';
import type { Bag } from './names.ts';
import {
  explainUnknown,
  isMissing,
  lack,
  lostHere,
  reportBeside,
  reportFaults,
  reportKnown,
  reportLost,
  reportMissing,
  reportUnanswered,
  reportUnexplained,
} from './reporting.ts';
import type { Projected, Projecting, Walk } from './reporting.ts';
import { isNamed, planFor } from './selection.ts';
import type { Completer, FieldPlan, LookupRule, ObjectPlan, Projection } from './selection.ts';

export type { Projecting } from './reporting.ts';

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
      const { lookup } = walk.absent ?? {};
      if (lookup?.statusType === field.completer.type) result = lookup.unanswered;
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
  if (absent?.reportsUnanswered && absent.typeName === plan.typeName && (readOwn(value, absent.field) ?? null) === null)
    reportUnanswered(walk, absent, depth, reported, missing);
  if (result !== undefined && absent?.lookup?.typeName === plan.typeName)
    withoutUnknown(walk, absent.lookup, plan, value, result, depth, reported, lost, missing);
  return result === undefined && !completer.nonNull ? null : result;
}

/** Takes from an item of a batch what must not look like an answer, see `LookupRule`. */
function withoutUnknown(
  walk: Walk,
  { status, unknown, field, error }: LookupRule,
  plan: ObjectPlan,
  source: Bag,
  item: Bag,
  depth: number,
  reported: ReportNode | undefined,
  lost: readonly Cause[],
  missing: MissingNode | undefined,
): void {
  const state = readOwn(source, status) ?? null;
  if (state !== null && state !== unknown) return;
  for (const { key, coordinate } of plan.fields) {
    const value = item[key];
    // A null has its error already. What was found is there, whatever is not known about its code.
    if (coordinate !== `${plan.typeName}.${field}` || !Array.isArray(value)) continue;
    if (state === null && value.length > 0) continue;
    item[key] = null;
    walk.path[depth] = key;
    if (state === unknown) walk.errors.push(error(walk.path.slice(0, depth + 1)));
    else
      explainUnknown(
        walk,
        error,
        undefined,
        depth + 1,
        reported?.children.get(status),
        lostHere(reported, lost),
        missing?.children.get(status),
      );
  }
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

// The value itself is not shown: the reader may not be allowed to see it.
function badValue(walk: Walk, completer: Completer, depth: number): null | undefined {
  reportUnexplained(walk, depth, `The source's value is not a valid ${completer.type}.`);
  return completer.nonNull ? undefined : null;
}
