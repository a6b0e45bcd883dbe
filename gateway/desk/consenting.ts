import { type Connection, checkFirst, connectionFields, edgeFields } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import type { RuleBook } from '#kit/ruleBook.ts';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { findPurpose } from '#standards/purposes.ts';
import { conflict, forbidden, invalid } from './answers.ts';
import type { ConsentBook, ConsentRow } from './consents.ts';
import type { MutationGiveConsentArgs, MutationRevokeConsentArgs, ViewerConsentsArgs } from './resolvers.generated.ts';

export interface ConsentParts {
  readonly consents: ConsentBook;
  readonly rules: RuleBook;
  readonly cursors: CursorSealer;
  readonly now: () => Date;
}

/** What of the schema is about consents; spread into the desk's resolvers. */
export function createConsentResolvers({ consents, rules, cursors, now }: ConsentParts) {
  const scope = ({ organisation, role }: Viewer): string => JSON.stringify(['Viewer.consents', organisation, role]);

  return {
    Viewer: {
      async consents(viewer: Viewer, { first, after }: ViewerConsentsArgs): Promise<Connection<ConsentRow>> {
        return {
          page: await consents.page(viewer, checkFirst(first), cursors.openGiven(scope(viewer), after)),
          cursorOf: ({ givenAt, id }) => cursors.seal(scope(viewer), [givenAt.toISOString(), id]),
          count: () => consents.count(viewer),
        };
      },
    },
    Mutation: {
      async giveConsent(_: unknown, { input }: MutationGiveConsentArgs, { viewer }: { readonly viewer: Viewer }) {
        if (!may(viewer, 'consent:give')) throw forbidden();
        if (findPurpose(input.purpose) === null) return invalid('UNKNOWN_CODE', 'There is no such purpose: `purposes` lists them.', ['input', 'purpose']);
        const today = shanghaiDay(now());
        const mostDays = (await rules.fresh()).nearest('CONSENT', 'MAX_DAYS', today)?.number ?? 0;
        const answer = await consents.give(viewer, input, mostDays);
        if (answer === 'BAD_PERIOD') return invalid('BAD_PERIOD', `A consent ends after it was given, and within ${mostDays} days.`, ['input', 'until']);
        return answer.outcome === 'conflict' ? conflict() : { __typename: 'ConsentGiven' as const, consent: await consents.find(viewer, answer.result) };
      },
      async revokeConsent(_: unknown, { input }: MutationRevokeConsentArgs, { viewer }: { readonly viewer: Viewer }) {
        if (!may(viewer, 'consent:give')) throw forbidden();
        const consent = await consents.find(viewer, input.id);
        if (!consent) return invalid('NOT_FOUND', 'Your organisation has given no consent with this id.', ['input', 'id']);
        const answer = await consents.revoke(viewer, input, consent);
        return answer.outcome === 'conflict' ? conflict() : { __typename: 'ConsentRevoked' as const, consent: await consents.find(viewer, answer.result) };
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
