import type { Requirement, Rewrite, Segment, ShapeField } from './compile.ts';
import type { Path } from './errors.ts';
import { TYPENAME, createBag, readOwn, writeOwn } from './names.ts';
import type { Bag } from './names.ts';

export const isObject = (value: unknown): value is Bag =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const read = (object: Bag, key: string, inherited: boolean): unknown =>
  inherited ? readOwn(object, key) : object[key];

/**
 * Merges the fields that a fetch requested (the shape, no other key) into an object of the merged tree. Objects merge
 * key by key, lists by index; a value wins over null.
 *
 * @param shared the source is merged into other places too: its objects are copied, since later fetches write into them
 */
export function mergeObject(shape: readonly ShapeField[], target: Bag, source: Bag, shared: boolean): void {
  for (const field of shape) {
    const value = read(source, field.key, field.inherited);
    if (value === undefined) continue;
    const old = read(target, field.key, field.inherited);
    if (old === undefined || old === null || field.fields === undefined) {
      if (old !== undefined && (value === null || field.vague?.has(value as string))) continue;
      const kept = shared && field.fields ? copyValue(field.fields, value) : value;
      if (field.inherited) writeOwn(target, field.key, kept);
      else target[field.key] = kept;
    } else if (value !== null) {
      mergeValue(field.fields, old, value, shared);
    }
  }
}

function mergeValue(fields: readonly ShapeField[], old: unknown, value: unknown, shared: boolean): void {
  if (Array.isArray(old)) {
    if (!Array.isArray(value)) return;
    for (let i = 0; i < value.length; i += 1) {
      if (old[i] === undefined || old[i] === null) old[i] = shared ? copyValue(fields, value[i]) : value[i];
      else mergeValue(fields, old[i], value[i], shared);
    }
  } else if (isObject(old) && isObject(value)) {
    mergeObject(fields, old, value, shared);
  }
}

function copyValue(fields: readonly ShapeField[], value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => copyValue(fields, item));
  if (!isObject(value)) return value;
  const copy = createBag();
  mergeObject(fields, copy, value, true);
  return copy;
}

/** The source reports that it has nothing on this object: fields that no other source resolved are null, not lost. */
export function nullify(shape: readonly ShapeField[], target: Bag): void {
  for (const field of shape) {
    if (read(target, field.key, field.inherited) !== undefined) continue;
    if (field.inherited) writeOwn(target, field.key, null);
    else target[field.key] = null;
  }
}

/** Every object at a path, in order; lists on the way are walked. */
export function collectPositions(value: unknown, path: readonly Segment[], at: number, fieldPositions: Bag[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) collectPositions(value[i], path, at, fieldPositions);
    return;
  }
  const object = value as Bag;
  const segment = path[at];
  if (!segment) {
    fieldPositions.push(object);
  } else if ('field' in segment) {
    collectPositions(read(object, segment.field, segment.inherited), path, at + 1, fieldPositions);
  } else {
    const typename = object[TYPENAME];
    if (typename === undefined || segment.types.has(typename as string))
      collectPositions(object, path, at + 1, fieldPositions);
  }
}

/** The paths of the same objects, in the same order: only errors need them. */
export function collectPaths(value: unknown, path: readonly Segment[], at: number, here: Path, paths: Path[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) collectPaths(value[i], path, at, [...here, i], paths);
    return;
  }
  const object = value as Bag;
  const segment = path[at];
  if (!segment) {
    paths.push(here);
  } else if ('field' in segment) {
    collectPaths(read(object, segment.field, segment.inherited), path, at + 1, [...here, segment.field], paths);
  } else {
    const typename = object[TYPENAME];
    if (typename === undefined || segment.types.has(typename as string))
      collectPaths(object, path, at + 1, here, paths);
  }
}

/** The representations of one entity request: each different one once, and which of them each place uses. */
export interface Representations {
  list: Bag[];
  /** The index in `list` for each place, -1 for a place that has no representation. */
  of: Int32Array;
  /** Places without a representation on which the source has nothing: the keys of the object are null. */
  unknown: number[];
}

/**
 * @param isLost called for a requirement that is null or absent at a place, by its keys from there: whether the cause
 * is an error
 */
export function representationsOf(
  fieldPositions: readonly Bag[],
  requires: readonly Requirement[],
  rewrites: readonly Rewrite[],
  isLost: (fieldPosition: number, keys: readonly string[], isAbsent: boolean) => boolean,
): Representations {
  const result: Representations = { list: [], of: new Int32Array(fieldPositions.length), unknown: [] };
  const known = new Map<string, number>();
  let fieldPosition = 0;
  const state: Building = {
    key: '',
    path: [],
    lost: false,
    unknown: false,
    isLost: (keys, isAbsent) => isLost(fieldPosition, keys, isAbsent),
  };
  for (; fieldPosition < fieldPositions.length; fieldPosition += 1) {
    state.key = '';
    state.lost = state.unknown = false;
    const representation: Bag = {};
    const matched = project(representation, fieldPositions[fieldPosition] as Bag, requires, state);
    if (!matched || state.lost || state.unknown || typeof representation[TYPENAME] !== 'string') {
      if (matched && state.unknown && !state.lost) result.unknown.push(fieldPosition);
      result.of[fieldPosition] = -1;
      continue;
    }
    let position = known.get(state.key);
    if (position === undefined) {
      position = result.list.length;
      known.set(state.key, position);
      result.list.push(rewrites.length > 0 ? (rewritten(representation, rewrites) as Bag) : representation);
    }
    result.of[fieldPosition] = position;
  }
  return result;
}

interface Building {
  key: string;
  path: string[];
  lost: boolean;
  unknown: boolean;
  isLost: (keys: readonly string[], isAbsent: boolean) => boolean;
}

// Returns whether any selection applied. The key is built with the object: lengths before strings make it unambiguous.
function project(into: Bag, source: Bag, requires: readonly Requirement[], state: Building): boolean {
  let matched = false;
  for (const one of requires) {
    if (one.kind === 'on') {
      const typename = source[TYPENAME];
      if (typename === undefined) {
        if (state.isLost([...state.path, TYPENAME], true)) state.lost = true;
        continue;
      }
      if (!one.types.has(typename as string) || !project(into, source, one.fields, state)) continue;
      matched = true;
      if (one.keys.length > 0 && !one.keys.some((key) => key.every((path) => isKnown(into, path, 0))))
        state.unknown = true;
      continue;
    }
    matched = true;
    let value = read(source, one.from, one.inherited);
    if (value === undefined || value === null) {
      if (state.isLost([...state.path, one.from], value === undefined)) state.lost = true;
      value = null;
    }
    if (one.fields && typeof value === 'object' && value !== null) {
      state.path.push(one.from);
      state.key += `${one.to}:`;
      value = projectValue(value, one.fields, state);
      state.path.pop();
    } else {
      state.key += keyOf(value);
    }
    into[one.to] = value;
  }
  return matched;
}

// Each item of a list must be known: an incomplete key identifies nothing.
function isKnown(value: unknown, path: readonly string[], at: number): boolean {
  if (value === null || value === undefined) return false;
  if (Array.isArray(value)) return value.every((item) => isKnown(item, path, at));
  // at is within
  return at === path.length || (isObject(value) && isKnown(readOwn(value, path[at] as string), path, at + 1));
}

function projectValue(value: unknown, requires: readonly Requirement[], state: Building): unknown {
  if (Array.isArray(value)) {
    state.key += `[${value.length}`;
    return value.map((item) => projectValue(item, requires, state));
  }
  if (!isObject(value)) {
    state.key += keyOf(value);
    return value;
  }
  const object: Bag = {};
  state.key += '{';
  project(object, value, requires, state);
  state.key += '}';
  return object;
}

function keyOf(value: unknown): string {
  if (typeof value === 'string') return `${value.length}"${value}`;
  if (typeof value === 'object' && value !== null) {
    const text = JSON.stringify(value);
    return `${text.length}j${text}`;
  }
  return `${String(value)};`;
}

/** Applies rewrites to a value in place; no other code may hold its objects. */
export function rewritten(value: unknown, rewrites: readonly Rewrite[]): unknown {
  for (const rewrite of rewrites) rewriteAt(value, rewrite, 0);
  return value;
}

function rewriteAt(value: unknown, rewrite: Rewrite, at: number): void {
  if (Array.isArray(value)) {
    for (const item of value) rewriteAt(item, rewrite, at);
    return;
  }
  if (!isObject(value)) return;
  const segment = rewrite.path[at];
  if (!segment) return;
  if ('types' in segment) {
    if (segment.types.has(value[TYPENAME] as string)) rewriteAt(value, rewrite, at + 1);
    return;
  }
  if (at < rewrite.path.length - 1) {
    rewriteAt(readOwn(value, segment.key), rewrite, at + 1);
  } else if ('setTo' in rewrite) {
    writeOwn(value, segment.key, rewrite.setTo);
  } else if (Object.hasOwn(value, segment.key)) {
    writeOwn(value, rewrite.renameTo, value[segment.key]);
    delete value[segment.key];
  }
}
