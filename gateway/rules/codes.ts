import type { Log } from '#kit/log.ts';
import { createRepeated, type Repeated } from '#kit/repeatedWorker.ts';
import type { RuleStore } from '#records/ruleStore.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { isIssuedOn } from '#standards/issuedCodes.ts';
import { checkUscc, type CodeCheck } from '#standards/uscc.ts';

/** The check of codes by the rules as this process knows them. */
export interface KnownCodes {
  readonly check: CodeCheck;
  /**
   * How often the list of issued codes was looked up. What was read in between hangs on that list, which changes with a
   * decision and with the day, and is not kept.
   */
  lookups(): number;
}

/**
 * Creates the check for the scalar USCC of the graph. A scalar is parsed at once and cannot wait for the database, so
 * it takes the rules that were read last; `startReadingRules` keeps them young.
 */
export function createKnownCodes(rules: Pick<RuleStore, 'known'>, now: () => Date): KnownCodes {
  let lookups = 0;
  return {
    check: (input) =>
      checkUscc(input, (code) => {
        lookups += 1;
        return isIssuedOn(rules.known(), code, shanghaiDay(now()));
      }),
    lookups: () => lookups,
  };
}

/** `fresh` reads the database once a second at most, so rules are known 1.25 s after their decision. */
const LOOK_MS = 250;

/** Reads the rules again and again, whether or not somebody asks for them. The store logs where it cannot. */
export function startReadingRules(rules: RuleStore, log: Log): Repeated {
  const reading = createRepeated({
    step: async () => {
      await rules.fresh();
      return false;
    },
    failed: (error) => log.debug({ err: error }, 'no rules were read yet'),
    everyMs: LOOK_MS,
  });
  reading.wake();
  return reading;
}
