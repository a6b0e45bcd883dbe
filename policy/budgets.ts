import { ofEachRole, type Role, type RoleBudget, roles } from './roles.ts';

export type RoleBudgets = Readonly<Record<Role, RoleBudget>>;

/** The budgets of an installation that sets none. */
export const standardBudgets: RoleBudgets = ofEachRole(({ budget }) => budget);

/** A window lasts a day at most: the end of a longer one would be out of sight. */
const MAX_SECONDS = 86_400;
/** GraphQL’s `Int`, in which a budget is returned. */
const MAX_POINTS = 2 ** 31 - 1;

/**
 * Parses budgets as an operator writes them, `ROLE=points/seconds,…` and `ROLE=codes,…`; roles left out keep their
 * standard.
 * @throws Error that lists what is wrong, with what is expected
 */
export function parseBudgets(points: string, selfEmployed: string): RoleBudgets {
  const budgets: Record<Role, RoleBudget> = { ...standardBudgets };
  const problems: string[] = [];
  const each = (
    text: string,
    form: RegExp,
    expected: string,
    change: (role: Role, numbers: readonly number[]) => void,
  ): void => {
    for (const entry of text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean)) {
      const at = entry.indexOf('=');
      const role = roles.find((known) => known === entry.slice(0, at).trim());
      const numbers = form
        .exec(entry.slice(at + 1).trim())
        ?.slice(1)
        .map(Number);
      if (role && numbers) change(role, numbers);
      else problems.push(`"${entry}": expected ${expected} with a role of ${roles.join(', ')}`);
    }
  };
  each(points, /^(\d{1,10})\/(\d{1,5})$/, 'ROLE=points/seconds', (role, [maxPoints = 0, seconds = 0]) => {
    if (maxPoints < 1 || maxPoints > MAX_POINTS || seconds < 1 || seconds > MAX_SECONDS)
      problems.push(`${role}: expected 1 to ${MAX_POINTS} points in 1 to ${MAX_SECONDS} seconds`);
    else budgets[role] = { ...budgets[role], points: maxPoints, seconds };
  });
  each(
    selfEmployed,
    /^(\d{1,7})$/,
    'ROLE=codes',
    (role, [codes = 0]) => (budgets[role] = { ...budgets[role], selfEmployedADay: codes }),
  );
  if (problems.length > 0) throw new Error(problems.join('; '));
  return budgets;
}
