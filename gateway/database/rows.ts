import type { Viewer } from '#policy/viewer.ts';

// What the queries of the control subgraph's tables have in common.

/** Whether a text can be the id of a row: the database refuses other texts with an error of its own. */
export const isId = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);

/** Who acts: an organisation, or whoever has the role where the viewer has none. */
export const actorOf = ({ organisation, role }: Viewer): string => organisation ?? role;

/**
 * The owner of a row that belongs to an organisation in one of its roles. A viewer without an organisation, such as the
 * public, owns nothing.
 */
export const owner = ({ organisation, role }: Viewer): { organisation: string; role: string } => ({
  organisation: organisation ?? '',
  role,
});

/**
 * The rows after a position in a list with the newest first: by an instant, and by id where instants are equal. Null:
 * from the beginning of the list.
 */
export function olderThan<Column extends string>(
  after: readonly string[] | null,
  column: Column,
): { OR: ({ [Key in Column]: Date | { lt: Date } } & { id?: { lt: string } })[] } | null {
  const [at, id] = after ?? [];
  if (at === undefined || id === undefined) return null;
  const where = (value: Date | { lt: Date }) => ({ [column]: value }) as { [Key in Column]: Date | { lt: Date } };
  return { OR: [where({ lt: new Date(at) }), { ...where(new Date(at)), id: { lt: id } }] };
}
