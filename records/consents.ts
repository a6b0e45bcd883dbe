import { mayHaveConsent, rowScope } from '#policy/rows.ts';
import type { Viewer } from '#policy/viewer.ts';
import { type Pool, query, statement } from '#kit/postgres/pool.ts';

/** Which of some subjects consent to a viewer's organisation and purpose. */
export interface Consenting {
  /** Subjects whose consent is in force. */
  readonly now: ReadonlySet<string>;
  /** Those, and the subjects whose consent has been revoked or has expired. */
  readonly ever: ReadonlySet<string>;
}

/**
 * Consents as the row rule takes them (policy/rows.ts), for code that judges rows in memory. Nothing is cached, so a
 * revocation takes effect at the next look.
 */
export interface Consents {
  /** Both sets are empty, without a statement, for a viewer to whom no consent shows more. */
  of(viewer: Viewer, codes: readonly string[]): Promise<Consenting>;
}

const nobody: Consenting = { now: new Set(), ever: new Set() };

const consenting = statement(
  'consent.consenting',
  `select given.subject, bool_or(given.revoked_at is null and given.expires_at > now()) as now
   from consent.consent given
   where given.grantee = $1
     and given.purpose = $2
     and given.subject = any($3::text[])
     and given.given_at <= now()
   group by given.subject
   order by given.subject`,
);

/** Reads consents from the schema `consent`: one statement for each call of `of`. */
export function createConsents(pool: Pool): Consents {
  return {
    async of(viewer, codes) {
      const scope = rowScope(viewer);
      if (!mayHaveConsent(scope) || codes.length === 0) return nobody;
      const rows = await query<{ subject: string; now: boolean }>(pool, consenting, [
        scope.consentTo,
        scope.consentFor,
        [...new Set(codes)],
      ]);
      return {
        now: new Set(rows.flatMap(({ subject, now }) => (now ? [subject] : []))),
        ever: new Set(rows.map(({ subject }) => subject)),
      };
    },
  };
}
