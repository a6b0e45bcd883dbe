import type { GraphQLError } from 'graphql';
import type { AnswerMeter } from './answerSize.ts';
import { causeError, internalCause } from './errors.ts';
import type { Cause, MissingNode, Path, ReportNode } from './errors.ts';
import type { Bag } from './names.ts';
import type { AbsentRule, Completer, FieldPlan, Selection } from './selection.ts';

// What the projection says about a null: its errors, with the client's paths, and what is missing.

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

/** A projection while it runs. */
export interface Walk extends Projecting, Projected {
  meter: AnswerMeter;
  /** By the client's keys. */
  path: (string | number)[];
  /** The same by planned keys. */
  keys: (string | number)[];
  /** Errors of fields that were lost with their object: reported where the client does not lose the object. */
  swept: { cause: Cause; path: Path }[];
}

const GATEWAY = 'gateway';

/**
 * What was lost of an object. An error of exactly this place, and yet a value: the source that failed returned nothing
 * of it, and another returned its own part.
 */
export function lostHere(reported: ReportNode | undefined, lost: readonly Cause[]): readonly Cause[] {
  if (reported === undefined) return lost;
  if (reported.lost.length > 0) return reported.lost;
  return reported.causes.length > 0 ? reported.causes : lost;
}

/** Errors of a place that has a value, except those that were reported for absent fields in it. */
export function reportBeside(walk: Walk, causes: readonly Cause[], before: number, depth: number): void {
  const delivered = walk.errors.slice(before);
  for (const cause of causes) {
    const isReported = delivered.some(
      ({ message, extensions }) => message === cause.message && extensions['code'] === cause.extensions['code'],
    );
    if (!isReported) walk.errors.push(causeError(cause, walk.path.slice(0, depth)));
  }
}

/** Why an object is null whose existence was asked about: there is none (`known` is null), or nobody said. */
export function explainUnknown(
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

/** Reports beside an object why nobody said whether it exists, see `AbsentRule.reportsUnanswered`. */
export function reportUnanswered(
  walk: Walk,
  { field }: AbsentRule,
  depth: number,
  reported: ReportNode | undefined,
  missing: MissingNode | undefined,
): void {
  const path = walk.path.slice(0, depth);
  const within = `${withoutPositions(path).join('.')}.`;
  const isKnown = ({ source }: Cause): boolean =>
    [...(walk.lacking.get(source) ?? [])].some((at) => at.startsWith(within));
  const own = reported?.children.get(field)?.causes ?? [];
  const lost = missing?.children.get(field);
  for (const cause of own) if (!isKnown(cause)) lack(walk, cause, path);
  if (own.length === 0 && lost && !lost.causes.some(isKnown)) reportMissing(walk, lost, depth);
}

/**
 * Reports all errors at a null and below it. Where the client has several keys for the field of an error it is reported
 * at each; where it has none, at the nearest place that it has.
 */
export function reportKnown(walk: Walk, node: ReportNode, completer: Completer | undefined, path: Path): boolean {
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
export function reportMissing(walk: Walk, missing: MissingNode | undefined, depth: number): boolean {
  if (missing === undefined || missing.causes.length === 0) return false;
  const path = withoutPositions(walk.path.slice(0, depth));
  const at = path.join('.');
  if (!missing.reported.has(at)) {
    missing.reported.add(at);
    for (const cause of missing.causes) lack(walk, cause, path);
  }
  return true;
}

/** Errors of a fetch for the object here that name no field. */
export function reportFaults(walk: Walk, missing: MissingNode, depth: number): void {
  if (missing.faults.length === 0) return;
  const path = withoutPositions(walk.path.slice(0, depth));
  const at = `${path.join('.')} `;
  if (missing.reported.has(at)) return;
  missing.reported.add(at);
  for (const fault of missing.faults) walk.errors.push(causeError(fault, path));
}

/** @returns false when nothing was lost */
export function reportLost(walk: Walk, lost: readonly Cause[], depth: number): boolean {
  for (const cause of lost) {
    const path = walk.path.slice(0, depth);
    if (cause.swept) walk.swept.push({ cause, path });
    else lack(walk, cause, path);
  }
  return lost.length > 0;
}

/** A null, or a wrong value, without a reason: an internal error, with a finding for the log. */
export function reportUnexplained(walk: Walk, depth: number, message: string): void {
  const source = walk.sourceOf(walk.keys.slice(0, depth).filter((key) => typeof key === 'string')) ?? GATEWAY;
  walk.findings.push({ source, message });
  lack(walk, internalCause(source), walk.path.slice(0, depth));
}

const withoutPositions = (path: Path): string[] => path.map((segment) => (typeof segment === 'number' ? '@' : segment));

/** An error for a null. */
export function lack(walk: Walk, cause: Cause, path: Path): void {
  walk.errors.push(causeError(cause, path));
  // The source has answered that there is none.
  if (cause.extensions.code !== 'NOT_FOUND') isMissing(walk, cause.source, path);
}

/** Notes that a source did not answer what is at a path. */
export function isMissing(walk: Walk, source: string, path: Path): void {
  const at = withoutPositions(path).join('.');
  const paths = walk.lacking.get(source);
  if (paths) paths.add(at);
  else walk.lacking.set(source, new Set([at]));
}
