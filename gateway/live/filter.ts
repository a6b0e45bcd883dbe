import { badInput } from '#kit/errors.ts';
import { reportingUnits, XPCC } from '#standards/divisions.ts';
import { findEvaluationScheme } from '#standards/evaluationSchemes.ts';
import { findIndustry } from '#standards/industry.ts';
import { findListType } from '#standards/listTypes.ts';
import type { EvaluationChangeFilter, NameListChangeFilter } from '../desk/resolvers.generated.ts';
import type { Facets, LogFilter, Topic } from './log.ts';

/** Registered at state level, or in no division (kit/filing/door.ts). */
const STATE_LEVEL = '00';

/** Which changes a subscriber asks for. */
export interface ChangeFilter extends LogFilter {
  readonly kinds: readonly string[] | null;
  /** The same text for filters that mean the same: what cursors are bound to. */
  readonly canonical: string;
}

/** @throws BAD_USER_INPUT that names the value which its catalogue does not have, or an empty list, which nothing would ever match. */
export function readFilter(topic: Topic, given: NameListChangeFilter | EvaluationChangeFilter): ChangeFilter {
  const { types, categories, schemes, provinces, sectors, kinds, watchlist } = given as NameListChangeFilter & EvaluationChangeFilter;
  const wanted = topic === 'NAME_LIST' ? types : schemes;
  const filter = {
    topic,
    types: listOf('types', wanted, (code) => (topic === 'NAME_LIST' ? findListType(code) !== null : findEvaluationScheme(code) !== null), topic === 'NAME_LIST' ? 'a code of nameListTypes' : 'a code of evaluationSchemes'),
    categories: topic === 'NAME_LIST' ? listOf('categories', categories, () => true, '') : null,
    provinces: listOf('provinces', provinces, (code) => code === STATE_LEVEL || reportingUnits.some((unit) => unit.code === code), `two digits of GB/T 2260, ${XPCC.code} for ${XPCC.name}, or ${STATE_LEVEL}`),
    sectors: listOf('sectors', sectors, (code) => findIndustry(code)?.section === code, 'a section of GB/T 4754, A to T'),
    kinds: listOf('kinds', kinds, () => true, ''),
    watchlist: watchlist ?? null,
  };
  return { ...filter, canonical: JSON.stringify(filter) };
}

function listOf(name: string, values: readonly string[] | null | undefined, isKnown: (value: string) => boolean, expected: string): readonly string[] | null {
  if (values === null || values === undefined) return null;
  if (values.length === 0) throw badInput(`filter.${name}`, 'EMPTY', `\`${name}\` is an empty list, which no change is in: leave it out.`, 'at least one value, or none of the argument');
  const unknown = values.find((value) => !isKnown(value));
  if (unknown !== undefined) throw badInput(`filter.${name}`, 'UNKNOWN_CODE', `"${unknown.slice(0, 40)}" is not known.`, expected);
  return [...new Set(values)].toSorted();
}

const has = (wanted: readonly string[] | null, value: string | null): boolean => wanted === null || (value !== null && wanted.includes(value));

/** Whether a record in this state is in the filter, watchlists aside. */
export const isInFilter = ({ types, categories, provinces, sectors }: ChangeFilter, state: Facets): boolean =>
  has(types, state.type) && has(categories, state.category) && has(provinces, state.province) && has(sectors, state.sector);
