import { badInput } from '#kit/errors.ts';
import { reportingUnits, XPCC } from '#standards/divisions.ts';
import { findIndustry } from '#standards/industry.ts';
import type { Topic } from '#records/topic.ts';
import type { Facets, LogFilter } from '#gateway/feed/log.ts';

/** Registered at state level, or in no division (records/filing/intake.ts). */
const STATE_LEVEL = '00';

/** Which changes a subscriber follows. */
export interface ChangeFilter extends LogFilter {
  readonly kinds: readonly string[] | null;
  /** The same text for filters of the same meaning; cursors are bound to it. */
  readonly canonical: string;
}

/** The filter of a topic as its SDL has it: what all topics have, and by a name of its own the types of records. */
export type FilterInput = Readonly<Record<string, unknown>> & {
  readonly [Name in 'categories' | 'provinces' | 'sectors' | 'kinds']?: readonly string[] | null;
} & { readonly watchlist?: string | null };

/**
 * @throws BAD_USER_INPUT that names a value which its catalogue does not have, or an empty list, which would never
 * match.
 */
export function readFilter({ name, types, hasCategories }: Topic, given: FilterInput): ChangeFilter {
  const { categories, provinces, sectors, kinds, watchlist } = given;
  // The SDL of the topic has the argument, as a list of texts.
  const wanted = given[types.argument] as readonly string[] | null | undefined;
  const filter = {
    topic: name,
    types: listOf(types.argument, wanted, types.isKnown, types.expected),
    categories: hasCategories ? listOf('categories', categories, () => true, '') : null,
    provinces: listOf(
      'provinces',
      provinces,
      (code) => code === STATE_LEVEL || reportingUnits.some((unit) => unit.code === code),
      `two digits of GB/T 2260, ${XPCC.code} for ${XPCC.name}, or ${STATE_LEVEL}`,
    ),
    sectors: listOf(
      'sectors',
      sectors,
      (code) => findIndustry(code)?.section === code,
      'a section of GB/T 4754, A to T',
    ),
    kinds: listOf('kinds', kinds, () => true, ''),
    watchlist: watchlist ?? null,
  };
  return { ...filter, canonical: JSON.stringify(filter) };
}

/** A filter as the client sent it and a row keeps it: read like a page's, also by a later version of this program. */
export const storedFilter = (topic: Topic, filter: unknown): ChangeFilter => readFilter(topic, filter as FilterInput);

function listOf(
  name: string,
  values: readonly string[] | null | undefined,
  isKnown: (value: string) => boolean,
  expected: string,
): readonly string[] | null {
  if (values === null || values === undefined) return null;
  if (values.length === 0)
    throw badInput(
      `filter.${name}`,
      'EMPTY',
      `\`${name}\` is an empty list, which no change is in: leave it out.`,
      'at least one value, or none of the argument',
    );
  const unknown = values.find((value) => !isKnown(value));
  if (unknown !== undefined)
    throw badInput(`filter.${name}`, 'UNKNOWN_CODE', `"${unknown.slice(0, 40)}" is not known.`, expected);
  return [...new Set(values)].toSorted();
}

const has = (wanted: readonly string[] | null, value: string | null): boolean =>
  wanted === null || (value !== null && wanted.includes(value));

/** Whether a record in this state matches the filter, watchlists aside. */
export const isInFilter = ({ types, categories, provinces, sectors }: ChangeFilter, state: Facets): boolean =>
  has(types, state.type) &&
  has(categories, state.category) &&
  has(provinces, state.province) &&
  has(sectors, state.sector);
