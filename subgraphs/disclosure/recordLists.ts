import { checkFirst, type Connection } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import type { CreditFile } from '#records/creditFile.ts';
import type { AnyRow, Position, Records, Tables } from './repository.ts';
import type { CreditFileResolvers } from './resolvers.generated.ts';

interface PageArguments {
  readonly first: number;
  readonly after?: string | null;
  /** The values to filter by: kinds, or states of verification. */
  readonly kinds?: readonly string[] | null;
}

const positionOf = ([day = '', recordId = '']: readonly string[]): Position => ({ day, recordId });

/**
 * Reads a page of the records of a credit file, newest first. A cursor is valid only for the list that it came from:
 * this file at these two times, these kinds, this viewer.
 * @param field the coordinate of the list in the schema
 * @throws BAD_USER_INPUT (PAGE_SIZE), BAD_CURSOR
 */
async function list<Row extends AnyRow>(
  cursors: CursorSealer,
  records: Records<Row>,
  field: string,
  file: CreditFile,
  { first, after, kinds }: PageArguments,
  context: SubgraphContext,
): Promise<Connection<Row>> {
  checkFirst(first);
  const wanted = kinds ? [...new Set(kinds)].toSorted() : null;
  const pager = cursors.pager(field, [file.uscc, file.validAt, file.knownAt, wanted], context.viewer);
  const ask = { context, file, kinds: wanted };
  const position = pager.position(after);
  return {
    page: await records.page({ ...ask, first, after: position && positionOf(position) }),
    cursorOf: ({ day, record_id }) => pager.cursorOf(day, record_id),
    count: () => records.count(ask),
  };
}

/** Creates the resolvers of the lists of records in a credit file. */
export const createCreditFileLists = (cursors: CursorSealer, tables: Tables) =>
  ({
    administrativeActs: (file, args, context) =>
      list(cursors, tables.act, 'CreditFile.administrativeActs', file, args, context),
    commitments: (file, args, context) =>
      list(cursors, tables.commitment, 'CreditFile.commitments', file, args, context),
    judicialRecords: (file, args, context) =>
      list(cursors, tables.judicial_record, 'CreditFile.judicialRecords', file, args, context),
    complaints: (file, args, context) => list(cursors, tables.complaint, 'CreditFile.complaints', file, args, context),
    voluntaryItems: (file, { includeUnverified, ...args }, context) => {
      const kinds = includeUnverified === true ? null : ['VERIFIED'];
      return list(cursors, tables.voluntary_item, 'CreditFile.voluntaryItems', file, { ...args, kinds }, context);
    },
  }) satisfies CreditFileResolvers;
