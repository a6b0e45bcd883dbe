import { isMaskable, outcomeFor, type DataClass } from './matrix.ts';
import type { Role, Viewer } from './viewer.ts';

export const disclosureLevels = ['PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL'] as const;
export type DisclosureLevel = (typeof disclosureLevels)[number];

/**
 * Which rows a viewer may see, as parameters of one fixed predicate: every viewer runs the same prepared statement.
 * Levels and states are those of now, whatever `validAt` and `knownAt` were asked (design §5).
 */
export interface RowScope {
  /** Levels seen of any entity anywhere. */
  readonly everywhere: readonly DisclosureLevel[];
  /** Levels seen within `province` and `sector` (null: not bound). */
  readonly within: readonly DisclosureLevel[];
  readonly province: string | null;
  readonly sector: string | null;
  /** Levels seen of rows about `file`, or decided or filed by `unit`. */
  readonly own: readonly DisclosureLevel[];
  readonly file: string | null;
  readonly unit: string | null;
  /** Whether rows whose publication term has ended are seen. */
  readonly ended: boolean;
  /** Whether withdrawn, revoked and repaired rows of others are seen. */
  readonly withdrawn: boolean;
}

const publishedOnly: RowScope = { everywhere: ['PUBLIC'], within: [], province: null, sector: null, own: [], file: null, unit: null, ended: false, withdrawn: false };
const nothing: RowScope = { ...publishedOnly, everywhere: [] };

/** Matches no row: in the scope, null would mean everywhere. Grants without their binding are refused; this holds should one slip through. */
const unbound = '-';

const scopes: Record<Role, (viewer: Viewer) => RowScope> = {
  PUBLIC: () => publishedOnly,
  // The subject sees all about itself but notes internal to an authority, withdrawn records too.
  SUBJECT: ({ organisation }) => ({ ...publishedOnly, own: ['PUBLIC', 'GOV_SHARED', 'RESTRICTED'], file: organisation }),
  PROVINCIAL_PLATFORM: ({ province }) => ({ ...publishedOnly, within: ['GOV_SHARED'], province: province ?? unbound, ended: true }),
  SECTOR_REGULATOR: ({ sector }) => ({ ...publishedOnly, within: ['GOV_SHARED'], sector: sector ?? unbound, ended: true }),
  DETERMINING_UNIT: ({ organisation }) => ({ ...publishedOnly, own: disclosureLevels, unit: organisation, ended: true }),
  IMPLEMENTER: ({ province }) => ({ ...publishedOnly, within: ['GOV_SHARED'], province: province ?? unbound }),
  FINANCIAL_INSTITUTION: () => publishedOnly,
  CREDIT_SERVICE_AGENCY: () => publishedOnly,
  INDUSTRY_ASSOCIATION: () => publishedOnly,
  ASSESSOR: () => publishedOnly,
  AUDITOR: () => ({ ...publishedOnly, everywhere: disclosureLevels, ended: true, withdrawn: true }),
  NATIONAL_CENTRE: () => ({ ...publishedOnly, everywhere: ['PUBLIC', 'GOV_SHARED', 'RESTRICTED'], ended: true }),
  RULE_KEEPER: () => nothing,
  OPERATOR: () => nothing,
};

/** The rows this viewer may see. Without a purpose where one is needed: none. */
export const rowScope = (viewer: Viewer): RowScope => (outcomeFor(viewer, 'RECORD') === 'ROW' ? scopes[viewer.role](viewer) : nothing);

/** The columns the predicate reads; every table of records has them, kept at their present value on all versions of a record. */
export const rightsColumns = ['disclosure_level', 'public_from', 'public_until', 'withdrawn_on', 'province', 'sector', 'source_unit', 'determining_unit'] as const;

/** How many parameters `rowPredicate` takes. */
export const rowParameters = 10;

/**
 * The row rule as SQL over table alias `row`; parameters are numbered from `$first` on and filled by `rowValues`.
 * Example: `where ${rowPredicate('act', 4)}`, values `[..., ...rowValues(rowScope(viewer), today)]`.
 */
export function rowPredicate(row: string, first: number): string {
  const p = (offset: number): string => `$${first + offset}`;
  return `(
    case
      when ${row}.uscc = ${p(3)}::text or ${row}.source_unit = ${p(4)}::text or ${row}.determining_unit = ${p(4)}::text
        then ${row}.disclosure_level = any(${p(5)}::text[])
             or (${row}.disclosure_level = 'PUBLIC' and ${row}.withdrawn_on is null and ${row}.public_from <= ${p(9)}::date and ${row}.public_until >= ${p(9)}::date)
      when ${row}.withdrawn_on is not null then ${p(7)}::boolean
      else (${row}.disclosure_level = any(${p(0)}::text[])
            or (${row}.disclosure_level = any(${p(6)}::text[])
                and (${p(1)}::text is null or ${row}.province = ${p(1)}::text)
                and (${p(2)}::text is null or ${row}.sector = ${p(2)}::text)))
           and (${p(8)}::boolean or ${row}.disclosure_level <> 'PUBLIC' or (${row}.public_from <= ${p(9)}::date and ${row}.public_until >= ${p(9)}::date))
    end)`;
}

/** The predicate's parameters for one viewer. `today` is the day in Asia/Shanghai, `YYYY-MM-DD`. */
export const rowValues = (scope: RowScope, today: string): unknown[] => [
  scope.everywhere,
  scope.province,
  scope.sector,
  scope.file,
  scope.unit,
  scope.own,
  scope.within,
  scope.withdrawn,
  scope.ended,
  today,
];

/** What a field-level ROW looks at: whose row it is and where. */
export interface Reach {
  readonly uscc: string;
  readonly province?: string | null;
  readonly sector?: string | null;
  readonly units?: readonly (string | null)[];
}

const inReach: Record<Role, (viewer: Viewer, row: Reach) => boolean> = {
  PUBLIC: () => false,
  SUBJECT: (viewer, row) => row.uscc === viewer.organisation,
  PROVINCIAL_PLATFORM: (viewer, row) => viewer.province !== null && row.province === viewer.province,
  SECTOR_REGULATOR: (viewer, row) => viewer.sector !== null && row.sector === viewer.sector,
  DETERMINING_UNIT: (viewer, row) => row.units?.some((unit) => unit !== null && unit === viewer.organisation) ?? false,
  IMPLEMENTER: (viewer, row) => viewer.province !== null && row.province === viewer.province,
  FINANCIAL_INSTITUTION: () => false,
  CREDIT_SERVICE_AGENCY: () => false,
  INDUSTRY_ASSOCIATION: () => false,
  ASSESSOR: () => false,
  AUDITOR: () => false,
  NATIONAL_CENTRE: () => false,
  RULE_KEEPER: () => false,
  OPERATOR: () => false,
};

/** SHOW the value, MASK it, or DENY it, for one field of one row that is itself visible. */
export function fieldOutcome(viewer: Viewer, dataClass: DataClass, row: Reach): 'SHOW' | 'MASK' | 'DENY' {
  const outcome = outcomeFor(viewer, dataClass);
  if (outcome === 'ALLOW') return 'SHOW';
  if (outcome === 'MASK') return 'MASK';
  if (outcome === 'ROW') {
    if (dataClass === 'RECORD' || inReach[viewer.role](viewer, row)) return 'SHOW';
    return isMaskable(dataClass) ? 'MASK' : 'DENY';
  }
  return 'DENY';
}
