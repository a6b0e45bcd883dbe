import { type Connection, checkFirst, connectionFields, edgeFields } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import type { RuleStore } from '#records/ruleStore.ts';
import type { FolderResolverMap } from '#kit/resolverMap.ts';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { findPurpose } from '#standards/purposes.ts';
import { conflict, forbidden, invalid } from '#kit/refusals.ts';
import type { ConsentStore, ConsentRow } from './repository.ts';
import type {
  MutationGiveConsentArgs,
  MutationRevokeConsentArgs,
  Resolvers,
  ResolversParentTypes,
  ViewerConsentsArgs,
} from './resolvers.generated.ts';

export interface ConsentParts {
  readonly consents: ConsentStore;
  readonly rules: RuleStore;
  readonly cursors: CursorSealer;
  readonly now: () => Date;
}

export function createConsentResolvers({
  consents,
  rules,
  cursors,
  now,
}: ConsentParts): FolderResolverMap<Resolvers, ResolversParentTypes> {
  return {
    Viewer: {
      async consents(viewer: Viewer, { first, after }: ViewerConsentsArgs): Promise<Connection<ConsentRow>> {
        const pager = cursors.pager('Viewer.consents', [viewer.organisation, viewer.role], null);
        return {
          page: await consents.page(viewer, checkFirst(first), pager.position(after)),
          cursorOf: ({ givenAt, id }) => pager.cursorOf(givenAt.toISOString(), id),
          count: () => consents.count(viewer),
        };
      },
    },
    Mutation: {
      async giveConsent(_: unknown, { input }: MutationGiveConsentArgs, { viewer }: { readonly viewer: Viewer }) {
        if (!may(viewer, 'consent:give')) throw forbidden();
        if (findPurpose(input.purpose) === null)
          return invalid('UNKNOWN_CODE', 'There is no such purpose: `purposes` lists them.', ['input', 'purpose']);
        const today = shanghaiDay(now());
        const maxDays = (await rules.fresh()).nearest('CONSENT', 'MAX_DAYS', today)?.number ?? 0;
        const answer = await consents.create(viewer, input, maxDays);
        if (answer === 'BAD_PERIOD')
          return invalid('BAD_PERIOD', `A consent ends after it was given, and within ${maxDays} days.`, [
            'input',
            'until',
          ]);
        return answer.outcome === 'conflict'
          ? conflict()
          : { __typename: 'ConsentGiven' as const, consent: await consents.find(viewer, answer.result) };
      },
      async revokeConsent(_: unknown, { input }: MutationRevokeConsentArgs, { viewer }: { readonly viewer: Viewer }) {
        if (!may(viewer, 'consent:give')) throw forbidden();
        const consent = await consents.find(viewer, input.id);
        if (!consent)
          return invalid('NOT_FOUND', 'Your organisation has given no consent with this id.', ['input', 'id']);
        const answer = await consents.revoke(viewer, input, consent);
        return answer.outcome === 'conflict'
          ? conflict()
          : { __typename: 'ConsentRevoked' as const, consent: await consents.find(viewer, answer.result) };
      },
    },
    Consent: {
      givenAt: ({ givenAt }: ConsentRow) => givenAt.toISOString(),
      expiresAt: ({ expiresAt }: ConsentRow) => expiresAt.toISOString(),
      revokedAt: ({ revokedAt }: ConsentRow) => revokedAt?.toISOString() ?? null,
    },
    ConsentConnection: connectionFields<ConsentRow>(),
    ConsentEdge: edgeFields<ConsentRow>(),
  };
}
