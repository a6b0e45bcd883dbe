import type { GraphQLError } from 'graphql';
import { clientError } from '#kit/errors.ts';
import { FACT_CONFLICT } from '#records/conflicts.ts';
import { encodeId } from '#records/record.ts';
import type { Missing, PlanResult } from './engine/execute.ts';

// What a caller receives of what the plan has brought: its errors, and what of it is missing.

/** What sources have noted in the extensions of their answers. */
export function noted<Note>(given: PlanResult['extensions'], name: string): Note[] {
  const notes: Note[] = [];
  for (const { extensions } of given) if (Array.isArray(extensions[name])) notes.push(...(extensions[name] as Note[]));
  return notes;
}

/** A conflict of facts about something that the answer has. */
export interface DisputedFact {
  /** Of `FactConflict`. */
  readonly conflict: string;
  readonly subject: string;
}

/** The conflicts that sources have noted, each once, in the order of their ids. */
export function disputedOf(given: PlanResult['extensions']): DisputedFact[] {
  const notes = noted<{ id: string; uscc: string }>(given, 'disputed');
  if (notes.length === 0) return [];
  const subjects = new Map(notes.map(({ id, uscc }) => [id, uscc]));
  return [...subjects]
    .map(([id, subject]) => ({ conflict: encodeId(FACT_CONFLICT, subject, id), subject }))
    .toSorted((one, other) => (one.conflict < other.conflict ? -1 : 1));
}

/** What policy denied before any call is missing too. */
export function withDenied(missing: readonly Missing[], denials: readonly GraphQLError[]): readonly Missing[] {
  if (denials.length === 0) return missing;
  const paths = new Set(missing.find(({ source }) => source === 'policy')?.paths);
  for (const { path } of denials) paths.add((path ?? []).join('.'));
  return [
    ...missing.filter(({ source }) => source !== 'policy'),
    { source: 'policy', paths: [...paths].toSorted() },
  ].toSorted((one, other) => (one.source < other.source ? -1 : 1));
}

/**
 * One error per selection: items of a list that fail alike by policy are reported once (`@`), and so are equal errors
 * of several subgraphs at one place. Sorted by path, then code.
 */
export function onePerSelection(errors: readonly GraphQLError[]): GraphQLError[] {
  if (errors.length === 0) return [];
  const delivered = new Map<string, GraphQLError>();
  for (const error of errors) {
    const byPolicy = error.extensions['code'] === 'UNAUTHORIZED_FIELD_OR_TYPE';
    const path = byPolicy ? error.path?.map((step) => (typeof step === 'number' ? '@' : step)) : error.path;
    const key = JSON.stringify([path, error.extensions['code'], error.message]);
    if (delivered.has(key)) continue;
    delivered.set(key, byPolicy && path ? clientErrorAt(error, path) : error);
  }
  const keyed = [...delivered.values()].map((error) => ({
    error,
    key: `${(error.path ?? []).join('\u0000')}\u0001${String(error.extensions['code'])}`,
  }));
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ error }) => error);
}

function clientErrorAt(error: GraphQLError, path: readonly (string | number)[]): GraphQLError {
  const moved = clientError('UNAUTHORIZED_FIELD_OR_TYPE', error.message);
  Object.defineProperty(moved, 'path', { value: path, enumerable: true });
  return moved;
}
