import { checkFirst, type Connection, type Page } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import type { Pager } from '#kit/cursor.ts';
import { badInput } from '#kit/errors.ts';
import type { CreditFile } from '#records/creditFile.ts';
import { recordRead } from '#records/recordFields.ts';
import { type Times, timesOf } from '#records/record.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { provinces, XPCC } from '#standards/divisions.ts';
import { industries } from '#standards/industry.ts';
import { findListType } from '#standards/listTypes.ts';
import type { EntryFilter, EntryRepository, EntryRow, Position } from './repository.ts';
import type {
  CreditFileNameListEntriesArgs,
  NameListEntryFilter,
  QueryNameListEntriesArgs,
} from './resolvers.generated.ts';

// The two lists of entries: of one credit file, and over all entities.

/**
 * A filter with null for the fields that are left out.
 * @throws BAD_USER_INPUT (UNKNOWN_CODE) for codes that do not exist, because an empty answer to a misspelt code would
 * look like a clean record
 */
function readFilter(input: NameListEntryFilter): EntryFilter {
  const { types = null, categories = null, province = null, sector = null, activeOnly, listedFrom = null } = input;
  const unknownType = types?.find((type) => findListType(type) === null);
  if (unknownType !== undefined)
    throw badInput(
      'filter.types',
      'UNKNOWN_CODE',
      'A list type of the filter is not registered.',
      'codes of nameListTypes',
    );
  if (province !== null && province !== XPCC.code && !provinces.some(({ code }) => code === province))
    throw badInput(
      'filter.province',
      'UNKNOWN_CODE',
      'The province of the filter is not known.',
      'two digits of GB/T 2260',
    );
  if (sector !== null && !industries.some(({ section }) => section === sector))
    throw badInput(
      'filter.sector',
      'UNKNOWN_CODE',
      'The sector of the filter is not known.',
      'a section of GB/T 4754, A to T',
    );
  return { types, categories, province, sector, activeOnly: activeOnly ?? false, listedFrom };
}

/** Creates the resolvers of `Query.nameListEntries` and `CreditFile.nameListEntries`. */
export function createEntryLists(entries: EntryRepository, { instants, cursors }: SubgraphRuntime) {
  const positionOf = (pager: Pager, after: string | null | undefined): Position => {
    const [listedOn, recordId] = pager.position(after) ?? [];
    return listedOn && recordId ? { listedOn, recordId } : null;
  };
  const readPage = (
    context: SubgraphContext,
    at: Times,
    pager: Pager,
    page: Page<EntryRow>,
    count: () => Promise<number>,
  ): Connection<EntryRow> => ({
    page: { ...page, items: page.items.map((row) => recordRead(context, row, timesOf(at))) },
    cursorOf: (row) => pager.cursorOf(row.listed_on, row.record_id),
    count,
  });

  return {
    /** @throws BAD_USER_INPUT, BAD_CURSOR, KNOWN_AT_TOO_LATE */
    async find(args: QueryNameListEntriesArgs, context: SubgraphContext): Promise<Connection<EntryRow>> {
      const first = checkFirst(args.first);
      const filter = readFilter(args.filter);
      const times = {
        validAt: args.validAt ?? context.moment.validAt,
        knownAt: args.knownAt ?? context.moment.knownAt,
      };
      const pager = cursors.pager('Query.nameListEntries', [filter, times], context.viewer);
      const after = positionOf(pager, args.after);
      await instants.require(times.knownAt, context.moment.knownAt);
      return readPage(context, times, pager, await entries.findEntries(context, filter, times, first, after), () =>
        entries.countFound(context, filter, times),
      );
    },

    /** @throws BAD_USER_INPUT (PAGE_SIZE), BAD_CURSOR */
    async ofFile(
      file: CreditFile,
      args: CreditFileNameListEntriesArgs,
      context: SubgraphContext,
    ): Promise<Connection<EntryRow>> {
      const first = checkFirst(args.first);
      const ask = { ...file, categories: args.categories?.toSorted() ?? null };
      const question = [file.uscc, file.validAt, file.knownAt, ask.categories];
      const pager = cursors.pager('CreditFile.nameListEntries', question, context.viewer);
      return readPage(
        context,
        file,
        pager,
        await entries.loadEntries(context, ask, first, positionOf(pager, args.after)),
        () => entries.countEntries(context, ask),
      );
    },
  };
}
