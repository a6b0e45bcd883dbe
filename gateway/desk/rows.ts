import type { Viewer } from '#policy/viewer.ts';

// What the desk's tables are asked by alike.

/** Whether a text can be the id of a row: the database refuses others with an error of its own. */
export const isId = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);

/** Whose a row is that belongs to an organisation in one of its roles. Of nobody without an organisation: the public has none. */
export const owner = ({ organisation, role }: Viewer): { organisation: string; role: string } => ({ organisation: organisation ?? '', role });

/** What follows a position in a list with the newest first: by an instant, and by id where that is the same. Null: the list begins. */
export function olderThan<Column extends string>(after: readonly string[] | null, column: Column): { OR: ({ [Key in Column]: Date | { lt: Date } } & { id?: { lt: string } })[] } | null {
  const [at, id] = after ?? [];
  if (at === undefined || id === undefined) return null;
  const where = (value: Date | { lt: Date }) => ({ [column]: value }) as { [Key in Column]: Date | { lt: Date } };
  return { OR: [where({ lt: new Date(at) }), { ...where(new Date(at)), id: { lt: id } }] };
}
