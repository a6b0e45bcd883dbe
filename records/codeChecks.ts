import { codeCheckOn, needsIssuedCodes } from '#standards/issuedCodes.ts';
import { checkUscc, type CodeCheck } from '#standards/uscc.ts';
import type { RuleStore } from './ruleStore.ts';

/**
 * The check of the codes of a list by the rules of a day 'YYYY-MM-DD'. The rules are read only where the list has a
 * code whose check character does not fit: most lists have none, and take no statement for it.
 */
export async function codeCheckFor(rules: RuleStore, day: string, inputs: readonly string[]): Promise<CodeCheck> {
  return inputs.some(needsIssuedCodes) ? codeCheckOn(await rules.fresh(), day) : checkUscc;
}
