import { changedRules, releasedRules, type RuleChange, type Rules, type RuleSet } from '#standards/ruleSets.ts';
import { type Pool, query, statement } from './postgres/pool.ts';

/** The rules as they are now: those of the release, and what two persons decided since (`rules.change`). */
export interface RuleBook {
  /**
   * At most a second old, and the same object until a decision changes it. Whoever asks at the same time is served by one statement.
   * While the database does not answer, the last ones go on; it throws when there were none yet.
   */
  fresh(): Promise<Rules>;
}

const FRESH_MS = 1000;
/** Asked again so soon while the database does not answer: every request would wait for its deadline otherwise. */
const RETRY_MS = 250;

/** More than there will be for long. What is beyond takes another statement, since the last decisions are the ones that count. */
const PAGE = 1000;

const approvedAfter = statement(
  'rules.change.approved',
  `select id, approval_no as "approvalNo", action, rule_set as "ruleSet", definition
   from rules.change
   where approval_no > $1
   order by approval_no
   limit ${PAGE}`,
);

type Approved = {
  readonly id: string;
  readonly approvalNo: number;
  readonly action: string;
  readonly ruleSet: string;
  readonly definition: unknown;
};

/** Every decision, in the order in which they were made. An approval has the next number, so none appears among those read before. */
async function readApproved(pool: Pool): Promise<Approved[]> {
  const all: Approved[] = [];
  for (;;) {
    const page = await query<Approved>(pool, approvedAfter, [all.at(-1)?.approvalNo ?? 0]);
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

/** An approved row, written by the gateway's desk alone, which checked it (gateway/desk/ruleChanges.ts). Its definition is the rule set as it is then. */
export const ruleChangeOf = ({ action, ruleSet, definition }: { readonly action: string; readonly ruleSet: string; readonly definition: unknown }): RuleChange =>
  action === 'ADD' ? { action, ruleSet: definition as RuleSet } : { action: 'END', id: ruleSet, effectiveTo: (definition as { effectiveTo: string }).effectiveTo };

/** `clock` in milliseconds, never backwards. */
export function createRuleBook(pool: Pool, clock: () => number = () => performance.now()): RuleBook {
  let rules: Rules | null = null;
  let version = '';
  let until = 0;
  let underWay: Promise<Rules> | null = null;

  const read = async (): Promise<Rules> => {
    const at = clock();
    try {
      const rows = await readApproved(pool);
      const ids = rows.map(({ id }) => id).join(' ');
      if (rules === null || ids !== version) rules = changedRules(releasedRules, rows.map(ruleChangeOf));
      version = ids;
      until = at + FRESH_MS;
    } catch (error) {
      if (rules === null) throw error;
      until = clock() + RETRY_MS;
    }
    return rules;
  };

  return {
    fresh() {
      if (rules !== null && clock() < until) return Promise.resolve(rules);
      underWay ??= read().finally(() => {
        underWay = null;
      });
      return underWay;
    },
  };
}
