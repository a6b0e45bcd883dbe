import { changedRules, releasedRules, type RuleChange, type Rules, type RuleSet } from '#standards/ruleSets.ts';
import { type Log, silentLog } from '#kit/log.ts';
import { createOutage } from '#kit/outage.ts';
import { type Pool, query, statement } from '#kit/postgres/pool.ts';

/** The rules as they are now: those of the release, and what two persons have decided since (`rules.change`). */
export interface RuleStore {
  /**
   * The rules, at most a second old, and the same object until a decision changes them. Calls at the same time share
   * one statement. While the database does not answer, the last rules are returned.
   * @throws when the database does not answer and no rules were read yet
   */
  fresh(): Promise<Rules>;
  /** The rules that were read last, for what cannot wait; those of the release before any were read. */
  known(): Rules;
}

const FRESH_MS = 1000;
/**
 * How soon the query is repeated while the database does not answer. Otherwise every request would wait for its
 * deadline.
 */
const RETRY_MS = 250;

/**
 * More than there will be for a long time. Further decisions take another statement, since the last ones are the ones
 * that count.
 */
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

/**
 * Every decision, in the order in which they were made. An approval takes the next number, so none appears among those
 * already read.
 */
async function readApproved(pool: Pool): Promise<Approved[]> {
  const all: Approved[] = [];
  for (;;) {
    const page = await query<Approved>(pool, approvedAfter, [all.at(-1)?.approvalNo ?? 0]);
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

/**
 * The rule change of an approved row. Only the gateway's control subgraph writes such rows, and it has checked them
 * (gateway/rules/repository.ts). The definition is the rule set as it is after the change.
 */
export const ruleChangeOf = ({
  action,
  ruleSet,
  definition,
}: {
  readonly action: string;
  readonly ruleSet: string;
  readonly definition: unknown;
}): RuleChange =>
  action === 'ADD' || action === 'CORRECT'
    ? { action, ruleSet: definition as RuleSet }
    : { action: 'END', id: ruleSet, effectiveTo: (definition as { effectiveTo: string }).effectiveTo };

/**
 * Creates the store of the rules in force: those of the release and what two persons have decided since. It reads the
 * database once a second at most, or 250 ms after a failure, and only when the rules are needed.
 * @param clock in milliseconds, never backwards
 */
export function createRuleStore(
  pool: Pool,
  clock: () => number = () => performance.now(),
  log: Log = silentLog,
): RuleStore {
  const unreadable = createOutage({
    log,
    began: 'the rules could not be read; those that are known go on',
    over: 'the rules can be read again',
    quietMs: 0,
  });
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
      unreadable.succeeded();
    } catch (error) {
      unreadable.failed(error);
      if (rules === null) throw error;
      until = clock() + RETRY_MS;
    }
    return rules;
  };

  return {
    known: () => rules ?? releasedRules,
    fresh() {
      if (rules !== null && clock() < until) return Promise.resolve(rules);
      underWay ??= read().finally(() => {
        underWay = null;
      });
      return underWay;
    },
  };
}
