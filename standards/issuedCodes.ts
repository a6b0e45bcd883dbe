import { isPersonNumber } from './personalNumbers.ts';
import { problem, quoted, type RuleProblem } from './ruleProblem.ts';
import { inForce, type Rules, type RuleSet } from './ruleSets.ts';
import { checkUscc, type CodeCheck } from './uscc.ts';

// Codes that a registry issued with a check character that does not fit (登记机关已核发、校验码不符的代码). There are some, and
// whoever has one cannot choose another. They are rule data: sets of kind ISSUED_CODE, whose values are the codes with
// the FLAG 1, and whose source is the registry's confirmation.

/** The kind of the rule sets that list such codes. */
export const ISSUED_CODE = 'ISSUED_CODE';

/** As many as a rule set has values (RuleSet.values in the SDL). */
export const MAX_CODES_OF_SET = 50;
/**
 * In all sets together, past and future ones included: every process reads them once a second. They are exceptions that
 * a registry confirmed one by one, not a second register.
 */
export const MAX_ISSUED_CODES = 1000;

const indexes = new WeakMap<Rules, ReadonlyMap<string, readonly RuleSet[]>>();

/**
 * The sets that list a code. It is not `Rules.find`, which remembers what it was asked: anybody may send any number of
 * codes.
 */
function indexOf(rules: Rules): ReadonlyMap<string, readonly RuleSet[]> {
  const known = indexes.get(rules);
  if (known) return known;
  const index = new Map<string, RuleSet[]>();
  for (const ruleSet of rules.sets) {
    if (ruleSet.kind !== ISSUED_CODE) continue;
    for (const code of Object.keys(ruleSet.values)) index.set(code, [...(index.get(code) ?? []), ruleSet]);
  }
  indexes.set(rules, index);
  return index;
}

/** Whether a set that is in force on the day 'YYYY-MM-DD' lists the normalised code. */
export const isIssuedOn = (rules: Rules, code: string, day: string): boolean =>
  indexOf(rules)
    .get(code)
    ?.some((ruleSet) => inForce(day, ruleSet)) ?? false;

/** The check of codes by the rules of a day 'YYYY-MM-DD'. */
export const codeCheckOn =
  (rules: Rules, day: string): CodeCheck =>
  (input) =>
    checkUscc(input, (code) => isIssuedOn(rules, code, day));

/**
 * The check of codes that were taken before, or that the gateway has checked: whoever reads them again does not ask
 * whether the list of issued codes still names them. Length and alphabet hold all the same.
 */
export const checkTakenCode: CodeCheck = (input) => checkUscc(input, () => true);

/** Whether only the rules can say if the input is a code: all but its check character fits. */
export function needsIssuedCodes(input: string): boolean {
  const check = checkUscc(input);
  return check.status === 'INVALID' && check.reason === 'CHECK_CHARACTER';
}

/** What is wrong with a new list of issued codes, whose name, source and days are in order; null when nothing is. */
export function issuedCodesProblem(rules: Rules, { values }: RuleSet): RuleProblem | null {
  const path = ['ruleSet', 'values'];
  const codes = Object.keys(values);
  if (codes.length === 0) return problem('MISSING', 'A rule set has at least one value.', ...path);
  if (codes.length > MAX_CODES_OF_SET)
    return problem('TOO_MANY', `A rule set lists at most ${MAX_CODES_OF_SET} codes, not ${codes.length}.`, ...path);
  const listed = rules.sets.reduce(
    (sum, ruleSet) => sum + (ruleSet.kind === ISSUED_CODE ? Object.keys(ruleSet.values).length : 0),
    0,
  );
  if (listed + codes.length > MAX_ISSUED_CODES)
    return problem(
      'TOO_MANY',
      `All sets of kind ${ISSUED_CODE} list at most ${MAX_ISSUED_CODES} codes; ${listed} are listed already.`,
      ...path,
    );
  for (const [code, [number, unit]] of Object.entries(values)) {
    const wrong = codeProblem(code);
    if (wrong !== null) return problem('UNKNOWN_RULE', wrong, ...path);
    if (unit !== 'FLAG')
      return problem('UNIT', `A code of ${ISSUED_CODE} is given in FLAG, not in ${quoted(unit)}.`, ...path);
    if (number !== 1)
      return problem(
        'RANGE',
        `A code of ${ISSUED_CODE} is listed with 1, not ${number}: end the set instead.`,
        ...path,
      );
  }
  return null;
}

/** Why a code is none that needs an exception. A person's number is not repeated. */
function codeProblem(code: string): string | null {
  if (isPersonNumber(code))
    return 'A value has the form of a person’s identity number, which no entity has as its code.';
  const check = checkUscc(code, () => true);
  if (check.status !== 'VALID') return `A value is no code that a registry issues: ${check.message}`;
  if (check.uscc !== code) return `${quoted(code)} is written ${check.uscc}.`;
  return check.warnings.includes('CHECK_CHARACTER')
    ? null
    : `The check character of ${code} fits: it needs no exception.`;
}
