import { checkFirst, type Connection, connectionFields, edgeFields } from '#kit/connection.ts';
import type { Read } from '#kit/context.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { conflict, forbidden, invalid, refusedAs, staleState } from '#kit/refusals.ts';
import type { FolderResolverMap } from '#kit/resolverMap.ts';
import { may } from '#policy/actions.ts';
import { mayCloseConflict } from '#policy/filings.ts';
import { outcomeFor } from '#policy/matrix.ts';
import type { Viewer } from '#policy/viewer.ts';
import { FACT_CONFLICT } from '#records/conflicts.ts';
import { decodeId, encodeId } from '#records/record.ts';
import { organisation } from '#records/recordFields.ts';
import { keeperOf, recordTypeOf } from '#gateway/filings/filingKinds.ts';
import type { Source, SourceRegistry } from '#gateway/graph/sources.ts';
import { type ConflictFilter, type ConflictRepository, type ConflictRow, isConcerned } from './repository.ts';
import type {
  FactConflictEnd,
  MutationCloseFactConflictArgs,
  Resolvers,
  ResolversInterfaceTypes,
  ResolversParentTypes,
} from './resolvers.generated.ts';

export interface ConflictParts {
  readonly conflicts: ConflictRepository;
  /** The sources that keep the kinds of filing. */
  readonly keepers: readonly Source[];
  readonly sources: SourceRegistry;
  readonly cursors: CursorSealer;
}

const MAX_REASON = 500;
/** In the place of an id: there was nothing to decide any more. */
const OVER = '';

/** For the access log: it is not known here whether all see the record, and the sides are versions in any case. */
const readOf = ({ uscc, recordId }: ConflictRow): Read => ({ uscc, record: recordId, dataClass: 'HISTORY' });
const idOf = ({ uscc, id }: ConflictRow): string => encodeId(FACT_CONFLICT, uscc, id);

/** Sides are versions: whoever sees no histories sees them where its own unit, or itself, is concerned. */
const seesSides = (viewer: Viewer, row: ConflictRow): boolean =>
  outcomeFor(viewer, 'HISTORY') === 'ALLOW' || isConcerned(viewer, row);

function find(conflicts: ConflictRepository, id: string): Promise<ConflictRow | null> {
  const key = decodeId(id);
  // Only as `encodeId` writes it: base64 has other spellings of the same bytes.
  if (key?.kind !== FACT_CONFLICT || encodeId(key.kind, key.uscc, key.recordId) !== id) return Promise.resolve(null);
  return conflicts.find({ uscc: key.uscc, id: key.recordId });
}

/** Ends a conflict by a decision of somebody who may decide between its sources. */
async function closeConflict(
  { conflicts, keepers, sources }: Pick<ConflictParts, 'conflicts' | 'keepers' | 'sources'>,
  viewer: Viewer,
  input: MutationCloseFactConflictArgs['input'],
) {
  if (!may(viewer, 'conflict:close')) throw forbidden();
  const grounds = input.reason.trim();
  if (grounds === '' || Array.from(grounds).length > MAX_REASON)
    return invalid('REASON', `A decision has a reason of 1 to ${MAX_REASON} characters.`, ['input', 'reason']);
  const found = await find(conflicts, input.id);
  // One that is not for the viewer to see is answered like one that does not exist.
  if (!found || !seesSides(viewer, found))
    return invalid('NOT_FOUND', 'There is no conflict with this id.', ['input', 'id']);
  const provinces = found.sides.map(({ province }) => province);
  if (!mayCloseConflict(viewer, provinces))
    return invalid('NOT_YOURS', 'Your organisation does not decide between these sources.', ['input', 'id']);
  const { id, uscc, kind } = found;
  const decided = await conflicts.decide(viewer, input, async () => {
    const isDecided = await keeperOf(keepers, kind).decideConflict(viewer, kind, { uscc, id, grounds });
    return isDecided ? idOf(found) : OVER;
  });
  if (decided.outcome === 'conflict') return conflict();
  if (decided.result === OVER) return refusedAs(staleState('CLOSED', 'The conflict is over.', 'id').refused);
  await sources.refresh();
  return { __typename: 'FactConflictClosed' as const, conflict: await find(conflicts, decided.result) };
}

/** Conflicts of facts: each is opened and closed by the subgraph that keeps the record. */
export function createConflictResolvers({
  conflicts,
  keepers,
  sources,
  cursors,
}: ConflictParts): FolderResolverMap<Resolvers, ResolversParentTypes> {
  /** The record is only named here; its own subgraph decides whether this viewer finds it. */
  const recordOf = ({ kind, uscc, recordId }: ConflictRow, moment: { validAt: string; knownAt: string }) => {
    const type = recordTypeOf(keepers, kind);
    if (type === null) return null;
    // A stub of any of the types is alike.
    return {
      __typename: type,
      id: encodeId(type, uscc, recordId),
      ...moment,
    } as ResolversInterfaceTypes<never>['CreditRecord'];
  };
  return {
    Query: {
      async factConflicts(_, { filter, first, after }, { viewer, reads }): Promise<Connection<ConflictRow>> {
        const asked: ConflictFilter = {
          state: filter?.state ?? null,
          subject: filter?.subject ?? null,
          unit: filter?.unit ?? null,
        };
        const pager = cursors.pager('Query.factConflicts', [asked], viewer);
        const page = await conflicts.page(viewer, asked, checkFirst(first), pager.position(after));
        reads.push(...page.items.map(readOf));
        return {
          page,
          cursorOf: ({ openedAt, id }) => pager.cursorOf(openedAt.toISOString(), id),
          count: () => conflicts.count(viewer, asked),
        };
      },
    },
    Mutation: {
      closeFactConflict: (_, { input }, { viewer }) => closeConflict({ conflicts, keepers, sources }, viewer, input),
    },
    FactConflict: {
      __resolveReference: ({ id }: { readonly id: string }) => find(conflicts, id),
      id: idOf,
      state: ({ closedAt }) => (closedAt === null ? 'OPEN' : 'CLOSED'),
      field: ({ fields }) => fields.join(', '),
      subject: ({ uscc }) => ({ uscc }),
      record: (row, _, { moment }) => recordOf(row, moment),
      sides(row, _, { viewer, reads }) {
        if (!seesSides(viewer, row)) throw forbidden();
        reads.push(readOf(row));
        return row.sides.map((side) => ({ ...side, conflict: row }));
      },
      openedAt: ({ openedAt }) => openedAt.toISOString(),
      closedAt: ({ closedAt }) => closedAt?.toISOString() ?? null,
      // A check constraint of the table holds it to the values of the enum.
      closedBy: ({ closedBy }) => closedBy as FactConflictEnd | null,
    },
    FactConflictSide: {
      record: ({ conflict: of }, _, { moment }) => recordOf(of, moment),
      source: ({ sourceUnit, sourceUnitName }) => organisation(sourceUnitName, sourceUnit),
      recordedAt: ({ recordedAt }) => recordedAt.toISOString(),
    },
    FactConflictConnection: connectionFields<ConflictRow>(),
    FactConflictEdge: edgeFields<ConflictRow>(),
  };
}
