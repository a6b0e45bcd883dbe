/**
 * Why a change of rules is impossible, for the person who proposes or approves it. `path` is the field of the proposal.
 */
export interface RuleProblem {
  readonly code:
    | 'RULE_SET_ID'
    | 'TAKEN'
    | 'UNKNOWN_RULE_KIND'
    | 'UNKNOWN_RULE'
    | 'UNIT'
    | 'RANGE'
    | 'MISSING'
    | 'TOO_MANY'
    | 'BACKWARDS'
    | 'BAD_PERIOD'
    | 'UNKNOWN_REGION'
    | 'NO_PILOT'
    | 'UNKNOWN_RULE_SET'
    | 'ENDED'
    | 'NOTHING';
  readonly message: string;
  readonly path: readonly string[];
}

/** What is wrong, at a path of the proposal. */
export const problem = (code: RuleProblem['code'], message: string, ...path: string[]): RuleProblem => ({
  code,
  message,
  path,
});

/** What somebody wrote, for a message. */
export const quoted = (text: string): string => JSON.stringify(text.slice(0, 60));

/** The longest name of a rule set, of what it lists, and of the text that sets it. */
export const LONGEST_TEXT = 200;

/** Whether there is no text, or too much. */
export const isNoText = (text: string): boolean => text.trim() === '' || text.length > LONGEST_TEXT;
