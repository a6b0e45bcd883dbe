import { checkFirst, type Connection, connectionFields, edgeFields } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { ruleSetFields } from '#records/ruleSetFields.ts';
import type { FolderResolverMap } from '#kit/resolverMap.ts';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { RuleChange, RuleUnit } from '#standards/ruleSets.ts';
import { conflict, forbidden, invalid } from '#kit/refusals.ts';
import type { Once } from '#gateway/database/idempotency.ts';
import type {
  MutationApproveRuleChangeArgs,
  MutationProposeRuleChangeArgs,
  MutationRejectRuleChangeArgs,
  QueryRuleChangesArgs,
  Resolvers,
  ResolversParentTypes,
  RuleSetInput,
} from './resolvers.generated.ts';
import type { RuleChangeRow, RuleChanges, RuleRefusal } from './repository.ts';

export interface RuleParts {
  readonly ruleChanges: RuleChanges;
  readonly cursors: CursorSealer;
}

export function createRuleResolvers({
  ruleChanges: changes,
  cursors,
}: RuleParts): FolderResolverMap<Resolvers, ResolversParentTypes> {
  const answered = async <Type extends string>(result: Once<string> | RuleRefusal, __typename: Type) => {
    if ('code' in result) return invalidChange(result);
    return result.outcome === 'conflict' ? conflict() : { __typename, change: await changes.find(result.result) };
  };
  return {
    Query: {
      async ruleChanges(
        _: unknown,
        { state = null, first, after }: QueryRuleChangesArgs,
        { viewer }: { readonly viewer: Viewer },
      ): Promise<Connection<RuleChangeRow>> {
        const pager = cursors.pager('Query.ruleChanges', [state], viewer);
        return {
          page: await changes.page(state, checkFirst(first), pager.position(after)),
          cursorOf: ({ proposedAt, id }) => pager.cursorOf(proposedAt.toISOString(), id),
          count: () => changes.count(state),
        };
      },
    },
    Mutation: {
      async proposeRuleChange(
        _: unknown,
        { input }: MutationProposeRuleChangeArgs,
        { viewer }: { readonly viewer: Viewer },
      ) {
        if (!may(viewer, 'rule:change')) throw forbidden();
        const change = changeOf(input);
        if ('code' in change) return invalidChange(change);
        return answered(await changes.propose(viewer, input.idempotencyKey, change), 'RuleChangeProposed');
      },
      async approveRuleChange(
        _: unknown,
        { input }: MutationApproveRuleChangeArgs,
        { viewer }: { readonly viewer: Viewer },
      ) {
        if (!may(viewer, 'rule:change')) throw forbidden();
        return answered(await changes.approve(viewer, input), 'RuleChangeApproved');
      },
      async rejectRuleChange(
        _: unknown,
        { input }: MutationRejectRuleChangeArgs,
        { viewer }: { readonly viewer: Viewer },
      ) {
        if (!may(viewer, 'rule:change')) throw forbidden();
        return answered(await changes.reject(viewer, input), 'RuleChangeRejected');
      },
    },
    RuleChange: {
      proposedAt: ({ proposedAt }: RuleChangeRow) => proposedAt.toISOString(),
      decidedAt: ({ decidedAt }: RuleChangeRow) => decidedAt?.toISOString() ?? null,
    },
    RuleChangeConnection: connectionFields<RuleChangeRow>(),
    RuleChangeEdge: edgeFields<RuleChangeRow>(),
    RuleSet: ruleSetFields,
  };
}

const invalidChange = ({ code, message, path }: RuleRefusal) => invalid(code, message, ['input', ...path]);

/**
 * The parts of a proposal that its action requires, or what is missing or superfluous. The repository decides whether
 * it is valid.
 */
function changeOf({
  action,
  ruleSet,
  ruleSetId,
  effectiveTo,
}: MutationProposeRuleChangeArgs['input']): RuleChange | RuleRefusal {
  if (action === 'END') {
    if (ruleSetId == null || effectiveTo == null || ruleSet != null)
      return {
        code: 'MISSING',
        message: '`END` takes `ruleSetId` and `effectiveTo`, and no `ruleSet`.',
        path: ['action'],
      };
    return { action, id: ruleSetId, effectiveTo };
  }
  if (ruleSet == null || ruleSetId != null || effectiveTo != null)
    return {
      code: 'MISSING',
      message: `\`${action}\` takes a whole \`ruleSet\`, and neither \`ruleSetId\` nor \`effectiveTo\` beside it.`,
      path: ['action'],
    };
  const seen = new Set<string>();
  const twice = ruleSet.values.find(({ code }) => seen.size === seen.add(code).size);
  if (twice)
    return {
      code: 'UNKNOWN_RULE',
      message: `A rule set has each value once; ${JSON.stringify(twice.code.slice(0, 60))} came twice.`,
      path: ['ruleSet', 'values'],
    };
  return { action, ruleSet: ruleSetOf(ruleSet) };
}

const ruleSetOf = ({
  id,
  kind,
  name,
  source,
  effectiveFrom,
  effectiveTo,
  region,
  values,
  catalogueItems,
}: RuleSetInput) => ({
  id,
  kind,
  name,
  source,
  effectiveFrom,
  effectiveTo: effectiveTo ?? null,
  region: region ?? null,
  // an unknown unit is refused with the rest
  values: Object.fromEntries(values.map(({ code, number, unit }) => [code, [number, unit as RuleUnit] as const])),
  ...(catalogueItems?.length ? { catalogueItems } : null),
});
