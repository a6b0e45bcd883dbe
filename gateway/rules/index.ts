import { createRuleChanges } from './repository.ts';
import { createRuleResolvers } from './resolvers.ts';

/** Changes of rules, and their approval (规则变更). */
export const capability = { createResolvers: createRuleResolvers, repositories: { ruleChanges: createRuleChanges } };
