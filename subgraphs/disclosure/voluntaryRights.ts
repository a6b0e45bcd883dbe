import type { SubgraphContext } from '#kit/context.ts';
import { rowParameters, verifierOf } from '#policy/rows.ts';
import { findPurpose } from '#standards/purposes.ts';

// Who sees a declared item, beside the row rule: its subject's authorisation narrows the rule, and a request to verify
// the item widens it.

/** Rights that a table has beside the row rule, whose parameters come first in each statement. */
export interface OwnRights {
  /**
   * SQL over `record`: whether the viewer sees the row.
   * @param rule the row rule as SQL
   * @param n the number of the first parameter of `values`
   */
  readonly visible: (rule: string, n: number) => string;
  /** SQL: whether the viewer may see rows of any level, see `levelsSeen`. */
  readonly anyLevel: (n: number) => string;
  /** The parameters from `n` on. */
  readonly values: (context: SubgraphContext) => unknown[];
}

/**
 * SQL over `record`: whether the unit of parameter `n` was asked to verify the item, or has verified what is believed
 * now. It does not see less for the industry and the province of the subject, nor for the level that the subject
 * authorised.
 */
export const isVerifier = (n: number): string =>
  `($${n}::text is not null
    and record.erased_at is null
    and (record.determining_unit = $${n}::text
      or exists (
        select
        from disclosure.voluntary_item newest
        where newest.uscc = record.uscc
          and newest.record_id = record.record_id
          and newest.superseded_at = 'infinity'
          and newest.verified_by = $${n}::text)))`;

/**
 * SQL over `record`: a declared item is visible as long as its authorisation. Once that is withdrawn or has ended, only
 * the subject ($4) and auditors ($8) see the item. The unit that was asked to verify it does not, although the row rule
 * treats that unit as the one that decided. While the item is not published, a purpose that needs consent ($n) has to
 * be one of the authorised purposes.
 */
const isAuthorised = (n: number): string =>
  `(record.uscc = $4::text or $8::boolean
    or (record.withdrawn_on is null
        and record.public_until >= $${rowParameters}::date
        and (record.disclosure_level = 'PUBLIC'
          or $${n}::text is null
          or record.authorised_for @> array[$${n}::text])))`;

/** The viewer's purpose, when that needs consent. */
const consentedPurpose = ({ viewer: { purpose } }: SubgraphContext): string | null =>
  purpose !== null && findPurpose(purpose)?.consent === true ? purpose : null;

export const voluntaryRights: OwnRights = {
  visible: (rule, n) => `(${rule} or ${isVerifier(n + 1)}) and ${isAuthorised(n)}`,
  anyLevel: (n) => `$${n + 1}::text is not null`,
  values: (context) => [consentedPurpose(context), verifierOf(context.viewer)],
};
