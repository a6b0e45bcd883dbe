import type { Moment } from '#kit/context.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { badInput } from '#kit/errors.ts';
import type { Viewer } from '#policy/viewer.ts';
import { provinces, XPCC } from '#standards/divisions.ts';
import { searchable } from './names.ts';
import type { Times } from './repository.ts';
import type { Position, SearchFilter } from './search.ts';

export interface SearchArguments {
  readonly query: string;
  readonly filter?: { readonly province?: string | null; readonly kinds?: readonly string[] | null; readonly statuses?: readonly string[] | null } | null;
  readonly first: number;
  readonly after?: string | null;
}

const SHORTEST = 2;
const LONGEST = 100;
const knownProvinces = new Set([...provinces.map(({ code }) => code), XPCC.code]);

/**
 * The text to look for, the filter, and what a cursor of this search is good for.
 * @throws BAD_USER_INPUT for a query that is too short or too long once normalised, and for a province that does not exist
 */
export function checkSearch({ query, filter }: SearchArguments, viewer: Viewer): { text: string; filter: SearchFilter; scope: string } {
  const text = searchable(query);
  const length = Array.from(text).length;
  if (length < SHORTEST || length > LONGEST) throw badInput('query', 'LENGTH', `The query has ${length} characters.`, `${SHORTEST} to ${LONGEST} characters of a name`);
  const province = filter?.province ?? null;
  if (province !== null && !knownProvinces.has(province)) throw badInput('filter.province', 'UNKNOWN_CODE', 'There is no such province.', 'the first two digits of GB/T 2260');
  const narrowed = { province, kinds: filter?.kinds ?? null, statuses: filter?.statuses ?? null };
  return { text, filter: narrowed, scope: JSON.stringify(['Query.searchEntities', text, narrowed, viewer.grant]) };
}

// Every page of a search is of the moment of its first: a cursor carries it.
export const sealPosition = (cursors: CursorSealer, scope: string, { validAt, knownAt }: Times, { group, likeness, name, uscc, rare }: Position): string =>
  cursors.seal(scope, [validAt, knownAt, String(group), String(likeness), name, uscc, ...rare]);

/** @throws BAD_CURSOR */
export function openPosition(cursors: CursorSealer, scope: string, after: string | null, moment: Moment): { times: Times; after: Position | null } {
  if (after === null) return { times: { validAt: moment.validAt, knownAt: moment.knownAt }, after: null };
  const [validAt = '', knownAt = '', group, likeness, name = '', uscc = '', ...rare] = cursors.open(scope, after);
  return { times: { validAt, knownAt }, after: { group: Number(group), likeness: Number(likeness), name, uscc, rare } };
}
