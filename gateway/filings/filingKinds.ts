import { invalid } from '#kit/refusals.ts';
import type { Source } from '#gateway/graph/sources.ts';

// The kinds of filing are those of the subgraphs' definitions; a source has those of its subgraph.

type Keeper = Pick<Source, 'kinds'>;

/** The source that keeps a kind of filing; null: there is no such kind. */
export const findKeeper = <Kept extends Keeper>(sources: readonly Kept[], kind: string): Kept | null =>
  sources.find(({ kinds }) => Object.hasOwn(kinds, kind)) ?? null;

/**
 * The source that keeps a known kind of filing.
 * @throws Error for any other
 */
export function keeperOf<Kept extends Keeper>(sources: readonly Kept[], kind: string): Kept {
  const source = findKeeper(sources, kind);
  if (!source) throw new Error(`no source keeps filings of kind ${kind}`);
  return source;
}

/** The type of a kind's records in the graph; null for entities, which are found by their code. */
export const recordTypeOf = (sources: readonly Keeper[], kind: string): string | null =>
  keeperOf(sources, kind).kinds[kind]?.type ?? null;

/** The refusal of a kind that nobody keeps. */
export const unknownKind = (sources: readonly Keeper[], kind: string, path: readonly string[]) =>
  invalid(
    'UNKNOWN_KIND',
    `There is no filing of kind "${kind.slice(0, 40)}"; known are ` +
      `${sources.flatMap(({ kinds }) => Object.keys(kinds)).join(', ')}.`,
    path,
  );
