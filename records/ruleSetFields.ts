import type { RuleSet } from '#standards/ruleSets.ts';

/** The resolvers of `RuleSet`, the same wherever rules are returned. */
export const ruleSetFields = {
  catalogueItems: ({ catalogueItems }: RuleSet) => catalogueItems ?? [],
  verified: ({ unverified }: RuleSet) => unverified !== true,
  values: ({ values }: RuleSet) => Object.entries(values).map(([code, [number, unit]]) => ({ code, number, unit })),
};
