import { checkFirst, connectionFields, edgeFields } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { forbidden, invalid, type InvalidInput } from '#kit/refusals.ts';
import type { FolderResolverMap } from '#kit/resolverMap.ts';
import { may } from '#policy/actions.ts';
import { isRole, roleDefinitions, roles } from '#policy/roles.ts';
import { answered } from '#gateway/database/idempotency.ts';
import type { GrantRefusal, GrantRepository, GrantRow } from './repository.ts';
import type { Grant, Resolvers, ResolversParentTypes } from './resolvers.generated.ts';
import type { ListeningGrantStore } from './store.ts';

export interface GrantParts {
  readonly grants: GrantRepository;
  readonly grantStore: ListeningGrantStore;
  readonly cursors: CursorSealer;
}

/** A grant as in the schema, with the instant that every grant has. */
export interface ShownGrant extends Grant {
  readonly from: string;
}

const refusals: Record<GrantRefusal, () => InvalidInput> = {
  NOT_FOUND: () => invalid('NOT_FOUND', 'Your organisation has none with this id.', ['input', 'id']),
  BINDING: () =>
    invalid(
      'BINDING',
      'A PROVINCE role needs `province` and no `sector`, a SECTOR role `sector` and no `province`, ' +
        'another role neither.',
      ['input', 'role'],
    ),
};

const showGrant = (row: GrantRow): ShownGrant => ({
  ...row,
  from: row.validFrom.toISOString(),
  to: row.validTo?.toISOString() ?? null,
});

export function createGrantResolvers({
  grants: repository,
  grantStore,
  cursors,
}: GrantParts): FolderResolverMap<Resolvers, ResolversParentTypes> {
  const grant = async (id: string) => {
    const row = await repository.findGrant(id);
    return row && showGrant(row);
  };

  return {
    Query: {
      async grants(_, { organisation = null, first, after }) {
        // As earlier versions bound them, which may run beside this one.
        const pager = cursors.pager(`Query.grants ${organisation ?? ''}`, [], null);
        const page = await repository.pageGrants(organisation, checkFirst(first), pager.position(after));
        return {
          page: { ...page, items: page.items.map(showGrant) },
          cursorOf: ({ from, id }) => pager.cursorOf(from, id),
          count: () => repository.countGrants(organisation),
        };
      },
    },
    GrantConnection: connectionFields<ShownGrant>(),
    GrantEdge: edgeFields<ShownGrant>(),
    Mutation: {
      async grantRole(_, { input }, { viewer }) {
        if (!may(viewer, 'grant:change')) throw forbidden();
        const { role } = input;
        const grantableRoles = roles.filter((each) => roleDefinitions[each].binding !== 'NONE');
        if (!isRole(role) || roleDefinitions[role].binding === 'NONE')
          return invalid(
            'UNKNOWN_ROLE',
            `"${role.slice(0, 40)}" is no role that can be granted; those are ${grantableRoles.join(', ')}.`,
            ['input', 'role'],
          );
        const result = await repository.grantRole(viewer, { ...input, role });
        grantStore.forget();
        return answered(result, refusals, async (id) => ({ __typename: 'RoleGranted', grant: await grant(id) }));
      },
      async endGrant(_, { input }, { viewer }) {
        if (!may(viewer, 'grant:change')) throw forbidden();
        const result = await repository.endGrant(viewer, input);
        grantStore.forget();
        return answered(result, refusals, async (id) => ({ __typename: 'GrantEnded', grant: await grant(id) }));
      },
      async revokeToken(_, { input }, { viewer }) {
        if (!may(viewer, 'token:revoke')) throw forbidden();
        const result = await repository.revokeToken(viewer, input);
        grantStore.forget();
        return answered(result, refusals, (tokenId) => Promise.resolve({ __typename: 'TokenRevoked', tokenId }));
      },
    },
  };
}
