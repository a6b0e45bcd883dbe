import { randomUUID } from 'node:crypto';
import { type Api, DOMAIN_ERROR, successOf } from './api.ts';

export interface Consent {
  readonly id: string;
  readonly subject: string;
  readonly grantee: string;
  readonly purpose: string;
  readonly givenAt: string;
  readonly expiresAt: string;
  /** Null when it was not revoked. */
  readonly revokedAt: string | null;
}

export interface WantedConsent {
  readonly grantee: string;
  readonly purpose: string;
  /** ISO instant. */
  readonly until: string;
}

const CONSENT = 'id subject grantee purpose givenAt expiresAt revokedAt';
const LIST = `query consents($after: Cursor) { viewer { consents(first: 100, after: $after) { nodes { ${CONSENT} } pageInfo { hasNextPage endCursor } } } }`;
const GIVE = `mutation giveConsent($input: GiveConsentInput!) { giveConsent(input: $input) { __typename ... on ConsentGiven { consent { ${CONSENT} } } ${DOMAIN_ERROR} } }`;
const REVOKE = `mutation revokeConsent($input: RevokeConsentInput!) { revokeConsent(input: $input) { __typename ... on ConsentRevoked { consent { ${CONSENT} } } ${DOMAIN_ERROR} } }`;
/** Texts that the release publishes for all roles that may see the fields (gateway/trustedDocuments/released.json). */
export const consentTexts = [LIST, GIVE, REVOKE];

/** All consents that the caller's organisation gave or received, newest first. */
export async function findConsents(api: Api): Promise<Consent[]> {
  const found: Consent[] = [];
  for (let after: string | null = null; ;) {
    const {
      consents,
    }: { consents: { nodes: Consent[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } } = await api.ask(
      'viewer',
      LIST,
      { after },
    );
    found.push(...consents.nodes);
    if (!consents.pageInfo.hasNextPage) return found;
    after = consents.pageInfo.endCursor;
  }
}

const isOver = ({ expiresAt, revokedAt }: Consent, now: Date): boolean =>
  revokedAt !== null || Date.parse(expiresAt) <= now.getTime();

/** A consent that is in force and ends at the wanted instant. */
export const isGiven = (consents: readonly Consent[], wanted: WantedConsent, now: Date): Consent | undefined =>
  consents.find(
    (each) =>
      each.grantee === wanted.grantee &&
      each.purpose === wanted.purpose &&
      Date.parse(each.expiresAt) === Date.parse(wanted.until) &&
      !isOver(each, now),
  );

export async function giveConsent(api: Api, wanted: WantedConsent): Promise<Consent> {
  // An idempotency key made of the content would return the answer of a consent that was revoked in the meantime.
  const input = { idempotencyKey: randomUUID(), ...wanted };
  return successOf(await api.ask<{ consent: Consent }>('giveConsent', GIVE, { input }), `consent for ${wanted.purpose}`)
    .consent;
}

export async function revokeConsent(api: Api, id: string): Promise<Consent> {
  return successOf(
    await api.ask<{ consent: Consent }>('revokeConsent', REVOKE, { input: { idempotencyKey: `revoke ${id}`, id } }),
    `consent ${id}`,
  ).consent;
}

/** `ID   91… → 91…   CREDIT_GRANTING   in force   2026-11-26T01:02:03.004Z until 2027-11-26T01:02:03.004Z` */
export function consentLine(consent: Consent, now: Date): string {
  const { id, subject, grantee, purpose, givenAt, expiresAt, revokedAt } = consent;
  const state = revokedAt !== null ? 'revoked ' : isOver(consent, now) ? 'expired ' : 'in force';
  return [id, `${subject} → ${grantee}`, purpose.padEnd(14), state, `${givenAt} until ${revokedAt ?? expiresAt}`].join(
    '   ',
  );
}
