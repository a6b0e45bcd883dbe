import { codeCheckOn } from '#standards/issuedCodes.ts';
import { releasedRules, type Rules } from '#standards/ruleSets.ts';
import { checkUscc, type CodeCheck } from '#standards/uscc.ts';

/** The dated rules by which the values of a row are read: issued codes, and local supplements to the catalogue. */
export interface RowRules {
  readonly rules: Rules;
  readonly checkCode: CodeCheck;
}

/** The rules of the release, which list no code and supplement nothing. */
export const releasedRowRules: RowRules = { rules: releasedRules, checkCode: checkUscc };

/** The rules as they are when a part is filed on a day 'YYYY-MM-DD'. */
export const rowRulesOn = (rules: Rules, day: string): RowRules => ({ rules, checkCode: codeCheckOn(rules, day) });
