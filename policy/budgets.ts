import { type Role, roles } from './viewer.ts';

/** What one caller may ask for in one role: an organisation, or of the public one address. */
export interface RoleBudget {
  /** Cost points in each window of so many seconds, which begins with the first operation. */
  readonly points: number;
  readonly seconds: number;
  /** Distinct codes of self-employed businesses in a day of Asia/Shanghai. */
  readonly selfEmployedADay: number;
}

export type RoleBudgets = Readonly<Record<Role, RoleBudget>>;

const HOUR = 3600;

/**
 * The budgets of an installation that sets none (docs/adr/0023-budgets.md says how they were found; BUDGETS and SELF_EMPLOYED_A_DAY change
 * them). None is less than the dearest operation costs (COST_LIMIT). A hundred whole credit files with pages of 20 cost about 19 000 points
 * (docs/COST.md): a provincial platform may ask for them 15 000 times an hour.
 */
export const standardBudgets: RoleBudgets = {
  PUBLIC: { points: 2_000_000, seconds: 60, selfEmployedADay: 50 },
  SUBJECT: { points: 2_000_000, seconds: 60, selfEmployedADay: 50 },
  PROVINCIAL_PLATFORM: { points: 300_000_000, seconds: HOUR, selfEmployedADay: 1_000_000 },
  SECTOR_REGULATOR: { points: 100_000_000, seconds: HOUR, selfEmployedADay: 200_000 },
  DETERMINING_UNIT: { points: 100_000_000, seconds: HOUR, selfEmployedADay: 100_000 },
  IMPLEMENTER: { points: 100_000_000, seconds: HOUR, selfEmployedADay: 100_000 },
  FINANCIAL_INSTITUTION: { points: 100_000_000, seconds: HOUR, selfEmployedADay: 5000 },
  CREDIT_SERVICE_AGENCY: { points: 50_000_000, seconds: HOUR, selfEmployedADay: 2000 },
  INDUSTRY_ASSOCIATION: { points: 10_000_000, seconds: HOUR, selfEmployedADay: 200 },
  ASSESSOR: { points: 100_000_000, seconds: HOUR, selfEmployedADay: 100_000 },
  AUDITOR: { points: 100_000_000, seconds: HOUR, selfEmployedADay: 100_000 },
  NATIONAL_CENTRE: { points: 1_000_000_000, seconds: HOUR, selfEmployedADay: 1_000_000 },
  RULE_KEEPER: { points: 3_000_000, seconds: HOUR, selfEmployedADay: 0 },
  OPERATOR: { points: 3_000_000, seconds: HOUR, selfEmployedADay: 0 },
};

/** A window that is longer than a day would be forgotten by nobody in time. */
const MAX_SECONDS = 86_400;
/** GraphQL’s `Int`, in which a budget is shown. */
const MAX_POINTS = 2 ** 31 - 1;

/**
 * Budgets as an operator writes them, `ROLE=points/seconds,…` and `ROLE=codes,…`; roles left out keep their standard.
 * @throws Error that lists what is wrong, with what is expected
 */
export function parseBudgets(points: string, selfEmployed: string): RoleBudgets {
  const budgets: Record<Role, RoleBudget> = { ...standardBudgets };
  const problems: string[] = [];
  const each = (text: string, form: RegExp, expected: string, change: (role: Role, numbers: readonly number[]) => void): void => {
    for (const entry of text.split(',').map((part) => part.trim()).filter(Boolean)) {
      const at = entry.indexOf('=');
      const role = roles.find((known) => known === entry.slice(0, at).trim());
      const numbers = form.exec(entry.slice(at + 1).trim())?.slice(1).map(Number);
      if (role && numbers) change(role, numbers);
      else problems.push(`"${entry}": expected ${expected} with a role of ${roles.join(', ')}`);
    }
  };
  each(points, /^(\d{1,10})\/(\d{1,5})$/, 'ROLE=points/seconds', (role, [most = 0, seconds = 0]) => {
    if (most < 1 || most > MAX_POINTS || seconds < 1 || seconds > MAX_SECONDS) problems.push(`${role}: expected 1 to ${MAX_POINTS} points in 1 to ${MAX_SECONDS} seconds`);
    else budgets[role] = { ...budgets[role], points: most, seconds };
  });
  each(selfEmployed, /^(\d{1,7})$/, 'ROLE=codes', (role, [codes = 0]) => (budgets[role] = { ...budgets[role], selfEmployedADay: codes }));
  if (problems.length > 0) throw new Error(problems.join('; '));
  return budgets;
}
