import type { Prisma, PrismaClient } from '#prisma/client.ts';
import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import { conflictsListedBy } from '#policy/filings.ts';
import { outcomeFor } from '#policy/matrix.ts';
import type { Viewer } from '#policy/viewer.ts';
import { callBy, once, type Once } from '#gateway/database/idempotency.ts';
import { isId, olderThan } from '#gateway/database/rows.ts';

/** The latest statement of one source. */
export interface SideRow {
  readonly sourceUnit: string;
  readonly sourceUnitName: string | null;
  readonly determiningUnit: string | null;
  /** Where the source is registered: two digits of GB/T 2260. */
  readonly province: string | null;
  readonly version: number;
  readonly recordedAt: Date;
}

/** A conflict with its sides, in the order of their versions. */
export interface ConflictRow {
  readonly id: string;
  readonly uscc: string;
  readonly recordId: string;
  /** The kind of filing, which says who keeps the record. */
  readonly kind: string;
  readonly fields: readonly string[];
  readonly openedAt: Date;
  readonly closedAt: Date | null;
  readonly closedBy: string | null;
  readonly reason: string | null;
  readonly sides: readonly SideRow[];
}

/** A field that is null does not narrow the list. */
export interface ConflictFilter {
  readonly state: 'OPEN' | 'CLOSED' | null;
  readonly subject: string | null;
  readonly unit: string | null;
}

/** Conflicts of facts. Subgraphs open and close them with the versions of their records (records/conflicts.ts). */
export interface ConflictRepository {
  find(key: { readonly uscc: string; readonly id: string }): Promise<ConflictRow | null>;
  /** Those that the viewer may list, the latest first. */
  page(
    viewer: Viewer,
    filter: ConflictFilter,
    first: number,
    after: readonly string[] | null,
  ): Promise<Page<ConflictRow>>;
  /** How many, at most COUNT_LIMIT + 1. */
  count(viewer: Viewer, filter: ConflictFilter): Promise<number>;
  /** Decides a conflict under the key of the call. @param work ends it; it is safe to run twice */
  decide(viewer: Viewer, input: { idempotencyKey: string }, work: () => Promise<string>): Promise<Once<string>>;
}

/**
 * Whether the viewer's organisation is concerned: it is the subject, a source or the determining unit of a side, or the
 * platform of the province in which a source is registered.
 */
export function isConcerned(viewer: Viewer, { uscc, sides }: Pick<ConflictRow, 'uscc' | 'sides'>): boolean {
  const { unit, province } = conflictsListedBy(viewer);
  const isUnit = (code: string | null): boolean => unit !== null && code === unit;
  return (
    isUnit(uscc) ||
    sides.some(
      (side) =>
        isUnit(side.sourceUnit) || isUnit(side.determiningUnit) || (province !== null && side.province === province),
    )
  );
}

/** The same in the database, for the list. */
function concerning(viewer: Viewer): Prisma.FactConflictWhereInput {
  if (outcomeFor(viewer, 'HISTORY') === 'ALLOW') return {};
  const { unit, province } = conflictsListedBy(viewer);
  const units = unit === null ? [] : [{ sourceUnit: unit }, { determiningUnit: unit }];
  const ofSides = { sides: { some: { OR: [...units, ...(province === null ? [] : [{ province }])] } } };
  return { OR: [ofSides, ...(unit === null ? [] : [{ uscc: unit }])] };
}

const filtered = ({ state, subject, unit }: ConflictFilter): Prisma.FactConflictWhereInput => ({
  ...(state === null ? null : { closedAt: state === 'OPEN' ? null : { not: null } }),
  ...(subject === null ? null : { uscc: subject }),
  ...(unit === null ? null : { sides: { some: { sourceUnit: unit } } }),
});

const include = { sides: { orderBy: { version: 'asc' } } } satisfies Prisma.FactConflictInclude;

export const createConflictRepository = (prisma: PrismaClient, now: () => Date): ConflictRepository => ({
  find: ({ uscc, id }) =>
    isId(id) ? prisma.factConflict.findUnique({ where: { uscc_id: { uscc, id } }, include }) : Promise.resolve(null),

  async page(viewer, filter, first, after) {
    return pageOf(
      await prisma.factConflict.findMany({
        where: { AND: [concerning(viewer), filtered(filter), olderThan(after, 'openedAt') ?? {}] },
        orderBy: [{ openedAt: 'desc' }, { id: 'desc' }],
        take: first + 1,
        include,
      }),
      first,
    );
  },

  async count(viewer, filter) {
    const where = { AND: [concerning(viewer), filtered(filter)] };
    return prisma.factConflict.count({ where, take: COUNT_LIMIT + 1 });
  },

  decide: (viewer, input, work) => once(prisma, callBy(viewer, 'closeFactConflict', input, now()), work),
});
