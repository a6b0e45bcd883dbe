import { createHash, randomUUID } from 'node:crypto';
import { type Api, DOMAIN_ERROR, successOf } from './api.ts';

export interface Grant {
  readonly id: string;
  readonly organisation: string;
  readonly role: string;
  readonly province: string | null;
  readonly sector: string | null;
  readonly from: string;
  /** Null when it has no end. */
  readonly to: string | null;
}

export interface WantedGrant {
  readonly organisation: string;
  readonly role: string;
  readonly province?: string | undefined;
  readonly sector?: string | undefined;
  /** ISO instant. */
  readonly to?: string | undefined;
}

const GRANT = 'id organisation role province sector from to';
/** Texts that the release publishes for all roles that may see the fields (gateway/trustedDocuments/released.json). */
export const grantTexts = {
  find: `query grants($organisation: USCC, $after: Cursor) { grants(organisation: $organisation, first: 100, after: $after) { nodes { ${GRANT} } pageInfo { hasNextPage endCursor } } }`,
  give: `mutation grantRole($input: GrantRoleInput!) { grantRole(input: $input) { __typename ... on RoleGranted { grant { ${GRANT} } } ${DOMAIN_ERROR} } }`,
  end: `mutation endGrant($input: EndGrantInput!) { endGrant(input: $input) { __typename ... on GrantEnded { grant { ${GRANT} } } ${DOMAIN_ERROR} } }`,
  revoke: `mutation revokeToken($input: RevokeTokenInput!) { revokeToken(input: $input) { __typename ... on TokenRevoked { tokenId } ${DOMAIN_ERROR} } }`,
} as const;

/** Grants that have not ended, of one organisation or of all. */
export async function findGrants(api: Api, organisation: string | null, now: Date): Promise<Grant[]> {
  const found: Grant[] = [];
  for (let after: string | null = null; ;) {
    const page: { nodes: Grant[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } = await api.ask(
      'grants',
      grantTexts.find,
      { organisation, after },
    );
    found.push(...page.nodes.filter(({ to }) => to === null || Date.parse(to) > now.getTime()));
    if (!page.pageInfo.hasNextPage) return found;
    after = page.pageInfo.endCursor;
  }
}

export const isThere = (grants: readonly Grant[], wanted: WantedGrant): Grant | undefined =>
  grants.find(
    (each) =>
      each.organisation === wanted.organisation &&
      each.role === wanted.role &&
      each.province === (wanted.province ?? null) &&
      each.sector === (wanted.sector ?? null) &&
      (wanted.to === undefined ? each.to === null : each.to !== null && Date.parse(each.to) === Date.parse(wanted.to)),
  );

/** Grants a role. */
export async function giveRole(api: Api, wanted: WantedGrant): Promise<Grant> {
  // An idempotency key made of the content would return the answer of a grant that was ended in the meantime.
  const input = { idempotencyKey: randomUUID(), ...wanted };
  return successOf(await api.ask<{ grant: Grant }>('grantRole', grantTexts.give, { input }), `grant ${wanted.role}`)
    .grant;
}

export async function endGrant(api: Api, id: string): Promise<Grant> {
  return successOf(
    await api.ask<{ grant: Grant }>('endGrant', grantTexts.end, { input: { idempotencyKey: `end ${id}`, id } }),
    `grant ${id}`,
  ).grant;
}

export async function revokeToken(api: Api, tokenId: string, reason: string): Promise<string> {
  const idempotencyKey = createHash('sha256')
    .update(JSON.stringify([tokenId, reason]))
    .digest('hex');
  return successOf(
    await api.ask<{ tokenId: string }>('revokeToken', grantTexts.revoke, {
      input: { idempotencyKey, tokenId, reason },
    }),
    `token ${tokenId}`,
  ).tokenId;
}
