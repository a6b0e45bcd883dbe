import type { Moment } from '#kit/context.ts';
import type { Pager } from '#kit/cursor.ts';
import { badInput } from '#kit/errors.ts';
import type { Times } from '#records/record.ts';
import { provinces, XPCC } from '#standards/divisions.ts';
import { searchable } from '#standards/names.ts';
import type { Position, SearchFilter } from './search.ts';

export interface SearchArguments {
  readonly query: string;
  readonly filter?: {
    readonly province?: string | null;
    readonly kinds?: readonly string[] | null;
    readonly statuses?: readonly string[] | null;
  } | null;
  readonly first: number;
  readonly after?: string | null;
}

const SHORTEST = 2;
const LONGEST = 100;
const knownProvinces = new Set([...provinces.map(({ code }) => code), XPCC.code]);

/**
 * The text to search for, and the filter.
 * @throws BAD_USER_INPUT for a query that is too short or too long once normalised, and for a province that does not
 * exist
 */
export function checkSearch({ query, filter }: SearchArguments): { text: string; filter: SearchFilter } {
  const text = searchable(query);
  const length = Array.from(text).length;
  if (length < SHORTEST || length > LONGEST)
    throw badInput(
      'query',
      'LENGTH',
      `The query has ${length} characters.`,
      `${SHORTEST} to ${LONGEST} characters of a name`,
    );
  const province = filter?.province ?? null;
  if (province !== null && !knownProvinces.has(province))
    throw badInput(
      'filter.province',
      'UNKNOWN_CODE',
      'There is no such province.',
      'the first two digits of GB/T 2260',
    );
  return { text, filter: { province, kinds: filter?.kinds ?? null, statuses: filter?.statuses ?? null } };
}

// Every page of a search is as of the moment of the first page, which the cursor carries.
export const cursorOf = (
  pager: Pager,
  { validAt, knownAt }: Times,
  { group, likeness, name, uscc, rare }: Position,
): string => pager.cursorOf(validAt, knownAt, String(group), String(likeness), name, uscc, ...rare);

/** @throws BAD_CURSOR */
export function readAfter(
  pager: Pager,
  after: string | null | undefined,
  moment: Moment,
): { times: Times; after: Position | null } {
  const position = pager.position(after);
  if (position === null) return { times: { validAt: moment.validAt, knownAt: moment.knownAt }, after: null };
  const [validAt = '', knownAt = '', group, likeness, name = '', uscc = '', ...rare] = position;
  return { times: { validAt, knownAt }, after: { group: Number(group), likeness: Number(likeness), name, uscc, rare } };
}
