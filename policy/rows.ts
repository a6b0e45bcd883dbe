import { isMaskable, outcomeFor, type DataClass } from './matrix.ts';
import type { Role, Viewer } from './viewer.ts';

export const disclosureLevels = ['PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL'] as const;
export type DisclosureLevel = (typeof disclosureLevels)[number];

/**
 * Which rows a viewer may see, as parameters of one fixed predicate: every viewer runs the same prepared statement.
 * A public row outside its publication term counts as shared in government: whoever may see those still sees it, in the same reach.
 * Levels and states are those of now, whatever `validAt` and `knownAt` were asked (design §5); a version narrower than that stays so.
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
  /** Whether withdrawn, revoked and repaired rows of others are seen. */
  readonly withdrawn: boolean;
  /** Whose consents count, and for which purpose: RESTRICTED rows about a subject are seen while its consent to both is in force. Null: nobody's. */
  readonly consentTo: string | null;
  readonly consentFor: string | null;
}

const publishedOnly: RowScope = { everywhere: ['PUBLIC'], within: [], province: null, sector: null, own: [], file: null, unit: null, withdrawn: false, consentTo: null, consentFor: null };
const withConsent = ({ organisation, purpose }: Viewer): RowScope => ({ ...publishedOnly, consentTo: organisation, consentFor: purpose });
const nothing: RowScope = { ...publishedOnly, everywhere: [] };

/** Matches no row: in the scope, null would mean everywhere. Grants without their binding are refused; this holds should one slip through. */
const unbound = '-';

const scopes: Record<Role, (viewer: Viewer) => RowScope> = {
  PUBLIC: () => publishedOnly,
  // The subject sees all about itself but notes internal to an authority, withdrawn records too.
  SUBJECT: ({ organisation }) => ({ ...publishedOnly, own: ['PUBLIC', 'GOV_SHARED', 'RESTRICTED'], file: organisation }),
  PROVINCIAL_PLATFORM: ({ province }) => ({ ...publishedOnly, within: ['GOV_SHARED'], province: province ?? unbound }),
  SECTOR_REGULATOR: ({ sector }) => ({ ...publishedOnly, within: ['GOV_SHARED'], sector: sector ?? unbound }),
  DETERMINING_UNIT: ({ organisation }) => ({ ...publishedOnly, own: disclosureLevels, unit: organisation }),
  IMPLEMENTER: ({ province }) => ({ ...publishedOnly, within: ['GOV_SHARED'], province: province ?? unbound }),
  FINANCIAL_INSTITUTION: withConsent,
  CREDIT_SERVICE_AGENCY: withConsent,
  INDUSTRY_ASSOCIATION: () => publishedOnly,
  ASSESSOR: () => publishedOnly,
  AUDITOR: () => ({ ...publishedOnly, everywhere: disclosureLevels, withdrawn: true }),
  NATIONAL_CENTRE: () => ({ ...publishedOnly, everywhere: ['PUBLIC', 'GOV_SHARED', 'RESTRICTED'] }),
  RULE_KEEPER: () => nothing,
  OPERATOR: () => nothing,
};

/** The rows this viewer may see. Without a purpose where one is needed: none. */
export const rowScope = (viewer: Viewer): RowScope => (outcomeFor(viewer, 'RECORD') === 'ROW' ? scopes[viewer.role](viewer) : nothing);

/**
 * The columns the predicate reads. Every table of records has them on each version, at their present value, but for level, province and
 * sector: there a superseded version is never wider than it was itself (`versionRights`).
 */
export const rightsColumns = ['disclosure_level', 'public_from', 'public_until', 'withdrawn_on', 'province', 'sector', 'source_unit', 'determining_unit'] as const;
export type RightsColumn = (typeof rightsColumns)[number];

/** State level and codes of no division: no province's platform sees more of them than the public. */
export const NO_PROVINCE = '00';

/** Where a superseded version keeps its own; null in the version believed now, whose columns are its own, and where it was not recorded. */
const ownColumns = { disclosure_level: 'own_level', province: 'own_province', sector: 'own_sector' } as const;
type NarrowedColumn = keyof typeof ownColumns;

const ownValue = (row: string, column: NarrowedColumn): string =>
  `case when ${row}.superseded_at = 'infinity' then coalesce(${row}.${ownColumns[column]}, ${row}.${column}) else ${row}.${ownColumns[column]} end`;

const levelsAsSql = `array['${disclosureLevels.join("', '")}']`;

/** SQL: the narrowest of some levels, each SQL; one that is null was not recorded, and counts as the narrowest of all. */
export const narrowestLevel = (...levels: readonly string[]): string =>
  `(${levelsAsSql})[greatest(${levels.map((level) => `coalesce(array_position(${levelsAsSql}, ${level}), ${disclosureLevels.length})`).join(', ')})]`;

/** SQL: the level that a version was recorded with. */
export const ownLevel = (row: string): string => ownValue(row, 'disclosure_level');

const narrowedTo: Record<NarrowedColumn, (row: string, present: string) => string> = {
  disclosure_level: (row, present) => narrowestLevel(ownLevel(row), present),
  province: (row, present) => `case when ${ownValue(row, 'province')} = ${present} then ${present} else '${NO_PROVINCE}' end`,
  sector: (row, present) => `case when ${ownValue(row, 'sector')} = ${present} then ${present} end`,
};

/**
 * SQL: the value of a rights column on any version `row` of a record whose value is `present` now. No version is shown wider than the
 * narrower of the two: a record that was shared inside government and is published now stays unpublished as it was then.
 */
export const versionRight = (row: string, column: RightsColumn, present: string): string =>
  column in narrowedTo ? narrowedTo[column as NarrowedColumn](row, present) : present;

/** SQL assignments that keep what a version says of itself, for each update that ends the version believed now. */
export const keepOwnRights = (row: string): string =>
  (Object.keys(ownColumns) as NarrowedColumn[]).map((column) => `${ownColumns[column]} = ${ownValue(row, column)}`).join(', ');

/** How many parameters `rowPredicate` takes. The last is today. */
export const rowParameters = 11;

/** Whether the viewer learns, by its id, that a record it might see was erased: who reads every record's history does. */
export const seesErased = (viewer: Viewer): boolean => outcomeFor(viewer, 'HISTORY') === 'ALLOW';

/**
 * The row rule as SQL over table alias `row`. Parameters are numbered from `$first` on and filled by `rowValues`. What was erased is nobody's
 * row any more, but where `erased` is the number of a further parameter, which `seesErased` fills.
 * Example: `where ${rowPredicate('act', 4)}`, values `[..., ...rowValues(rowScope(viewer), today)]`.
 */
export function rowPredicate(row: string, first: number, erased?: number): string {
  const p = (offset: number): string => `$${first + offset}`;
  const inTerm = `${row}.public_from <= ${p(10)}::date and ${row}.public_until >= ${p(10)}::date`;
  const level = `case when ${row}.disclosure_level = 'PUBLIC' and not (${inTerm}) then 'GOV_SHARED' else ${row}.disclosure_level end`;
  return `((${row}.erased_at is null${erased === undefined ? '' : ` or $${erased}::boolean`}) and
    case
      when ${row}.uscc = ${p(3)}::text or ${row}.source_unit = ${p(4)}::text or ${row}.determining_unit = ${p(4)}::text
        then ${row}.disclosure_level = any(${p(5)}::text[]) or (${row}.disclosure_level = 'PUBLIC' and ${row}.withdrawn_on is null and ${inTerm})
      when ${row}.withdrawn_on is not null then ${p(7)}::boolean
      else ${level} = any(${p(0)}::text[])
           or (${level} = any(${p(6)}::text[])
               and (${p(1)}::text is null or ${row}.province = ${p(1)}::text)
               and (${p(2)}::text is null or ${row}.sector = ${p(2)}::text))
           or (${p(8)}::text is not null and ${row}.disclosure_level = 'RESTRICTED' and consent.is_given(${row}.uscc, ${p(8)}::text, ${p(9)}::text))
    end)`;
}

/**
 * SQL: the levels, column `level` of a subquery, at which the viewer may see any row of the entity `uscc`. Lists walk an index by level, one
 * level after another, so that what the viewer may not see is not walked: how much there is of it must not show in the time of an answer.
 * Out of its term a public row is still one of its level, and `rowPredicate` decides about each row. Parameters as there.
 */
export function levelsSeen(uscc: string, first: number): string {
  const p = (offset: number): string => `$${first + offset}`;
  // The case has the planner expect as many levels of any viewer: it would else plan anew for each execution.
  return `(select levels.level
    from unnest(${levelsAsSql}) as levels(level)
    where case when levels.level = 'PUBLIC'
       or levels.level = any(${p(0)}::text[])
       or levels.level = any(${p(6)}::text[])
       or (levels.level = any(${p(5)}::text[]) and (${p(4)}::text is not null or ${uscc} = ${p(3)}::text))
       or (levels.level = 'RESTRICTED' and ${p(8)}::text is not null and consent.is_given(${uscc}, ${p(8)}::text, ${p(9)}::text))
       then true else false end)`;
}

/**
 * SQL: an array parameter of which the planner does not know how long it is. Of a short one it would think that a plan made for it is cheaper
 * than the one for any, and make it for each execution: a third of what a credit file cost the database (npm run bench -- --rows 4).
 */
export const anyLength = (parameter: string): string => `(select ${parameter})`;

/** The levels of `levelsSeen` over all entities. */
export const levelsOf = ({ everywhere, within, own, consentTo }: RowScope): readonly DisclosureLevel[] =>
  disclosureLevels.filter((level) => level === 'PUBLIC' || [everywhere, within, own].some((levels) => levels.includes(level)) || (level === 'RESTRICTED' && consentTo !== null));

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
  scope.consentTo,
  scope.consentFor,
  today,
];

/** The rights columns of one row, as SQL gives them. Days are 'YYYY-MM-DD'. */
export interface RowRights {
  readonly uscc: string;
  readonly disclosure_level: string;
  readonly public_from: string | null;
  readonly public_until: string | null;
  readonly withdrawn_on: string | null;
  readonly erased_at: string | null;
  readonly province: string;
  readonly sector: string | null;
  readonly source_unit: string;
  readonly determining_unit: string | null;
}

/**
 * The same rule as `rowPredicate`, for a row in memory: changes are told to thousands of subscribers, and a statement for each would be too
 * slow. policy/rows.test.ts compares the two.
 *
 * @param hasConsent whether a subject's consent to the viewer and its purpose is in force (kit/consents.ts); left out: nobody's is
 */
export function isVisibleRow(scope: RowScope, row: RowRights, today: string, hasConsent: (uscc: string) => boolean = () => false): boolean {
  if (row.erased_at !== null) return false;
  const inTerm = row.public_from !== null && row.public_from <= today && row.public_until !== null && row.public_until >= today;
  const level = row.disclosure_level as DisclosureLevel; // by a check constraint of every table
  const isOwn = (scope.file !== null && row.uscc === scope.file) || (scope.unit !== null && (row.source_unit === scope.unit || row.determining_unit === scope.unit));
  if (isOwn) return scope.own.includes(level) || (level === 'PUBLIC' && row.withdrawn_on === null && inTerm);
  if (row.withdrawn_on !== null) return scope.withdrawn;
  const now = level === 'PUBLIC' && !inTerm ? 'GOV_SHARED' : level;
  return (
    scope.everywhere.includes(now) ||
    (scope.within.includes(now) && (scope.province === null || row.province === scope.province) && (scope.sector === null || row.sector === scope.sector)) ||
    (mayHaveConsent(scope) && level === 'RESTRICTED' && hasConsent(row.uscc))
  );
}

/** `versionRight` for a version in memory: the rights of the record now, no wider than those of the version. */
export function versionRights<Now extends RowRights>(version: RowRights, now: Now): Now {
  if (version.disclosure_level === now.disclosure_level && version.province === now.province && version.sector === now.sector) return now;
  const levelOf = (row: RowRights): number => disclosureLevels.indexOf(row.disclosure_level as DisclosureLevel); // by a check constraint of every table
  return {
    ...now,
    disclosure_level: levelOf(version) > levelOf(now) ? version.disclosure_level : now.disclosure_level,
    province: version.province === now.province ? now.province : NO_PROVINCE,
    sector: version.sector === now.sector ? now.sector : null,
  };
}

/** Whether anybody's consent shows this viewer more: it has an organisation in a role that uses it, and says what for. */
export const mayHaveConsent = (scope: RowScope): scope is RowScope & { readonly consentTo: string; readonly consentFor: string } => scope.consentTo !== null && scope.consentFor !== null;

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
