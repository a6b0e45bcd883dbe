import { may } from './actions.ts';
import { isMaskable, outcomeFor, type DataClass } from './matrix.ts';
import { roleDefinitions } from './roles.ts';
import { type DisclosureLevel, disclosureLevels, nothing, type Reach, type RowScope } from './scope.ts';
import type { Viewer } from './viewer.ts';

/** The rows that this viewer may see. Without a purpose where one is needed: none. */
export const rowScope = (viewer: Viewer): RowScope =>
  outcomeFor(viewer, 'RECORD') === 'ROW' ? roleDefinitions[viewer.role].rows(viewer) : nothing;

/**
 * The columns that the predicate reads. Every table of records has them on each version at their present value. Level,
 * province and sector are the exception: there a superseded version is never wider than it was itself
 * (`versionRights`).
 */
export const rightsColumns = [
  'disclosure_level',
  'public_from',
  'public_until',
  'withdrawn_on',
  'province',
  'sector',
  'source_unit',
  'determining_unit',
] as const;
export type RightsColumn = (typeof rightsColumns)[number];

/** Stands for state level and for codes of no division. No province's platform sees more of them than the public. */
export const NO_PROVINCE = '00';

/**
 * The columns in which a superseded version keeps its own values. They are null in the version believed now, whose
 * columns are its own, and where the value was not recorded.
 */
const ownColumns = { disclosure_level: 'own_level', province: 'own_province', sector: 'own_sector' } as const;
type NarrowedColumn = keyof typeof ownColumns;

const ownValue = (row: string, column: NarrowedColumn): string =>
  `case
     when ${row}.superseded_at = 'infinity' then coalesce(${row}.${ownColumns[column]}, ${row}.${column})
     else ${row}.${ownColumns[column]}
   end`;

const levelsAsSql = `array['${disclosureLevels.join("', '")}']`;

/**
 * SQL: the narrowest of some levels, each given as SQL. A level that is null was not recorded, and counts as the
 * narrowest of all.
 */
export const narrowestLevel = (...levels: readonly string[]): string => {
  const positions = levels.map(
    (level) => `coalesce(array_position(${levelsAsSql}, ${level}), ${disclosureLevels.length})`,
  );
  return `(${levelsAsSql})[greatest(${positions.join(', ')})]`;
};

/** SQL: the level of disclosure that a version was recorded with, whatever applies to the record now. */
export const ownLevel = (row: string): string => ownValue(row, 'disclosure_level');

const narrowedTo: Record<NarrowedColumn, (row: string, present: string) => string> = {
  disclosure_level: (row, present) => narrowestLevel(ownLevel(row), present),
  province: (row, present) =>
    `case when ${ownValue(row, 'province')} = ${present} then ${present} else '${NO_PROVINCE}' end`,
  sector: (row, present) => `case when ${ownValue(row, 'sector')} = ${present} then ${present} end`,
};

/**
 * SQL: the value of a rights column on any version `row` of a record whose value is `present` now. No version is
 * visible more widely than the narrower of the two: a record that was shared inside government and is published now
 * stays unpublished as it was then.
 */
export const versionRight = (row: string, column: RightsColumn, present: string): string =>
  column in narrowedTo ? narrowedTo[column as NarrowedColumn](row, present) : present;

/** SQL: assignments that keep a version's own values, for each update that ends the version believed now. */
export const keepOwnRights = (row: string): string =>
  (Object.keys(ownColumns) as NarrowedColumn[])
    .map((column) => `${ownColumns[column]} = ${ownValue(row, column)}`)
    .join(', ');

/** The number of parameters that `rowPredicate` takes. The last is today. */
export const rowParameters = 11;

/**
 * Whether the viewer learns, by its id, that a record it might see was erased: a reader of every record's history does.
 */
export const seesErased = (viewer: Viewer): boolean => outcomeFor(viewer, 'HISTORY') === 'ALLOW';

/**
 * The row rule as SQL over table alias `row`. Parameters are numbered from `$first` on and filled by `rowValues`. No
 * viewer sees an erased row, unless `erased` is the number of a further parameter, which `seesErased` fills. Example:
 * `where ${rowPredicate('act', 4)}`, values `[..., ...rowValues(rowScope(viewer), today)]`.
 */
export function rowPredicate(row: string, first: number, erased?: number): string {
  const p = (offset: number): string => `$${first + offset}`;
  const inTerm = `${row}.public_from <= ${p(10)}::date and ${row}.public_until >= ${p(10)}::date`;
  const level = `case
        when ${row}.disclosure_level = 'PUBLIC' and not (${inTerm}) then 'GOV_SHARED'
        else ${row}.disclosure_level
      end`;
  return `((${row}.erased_at is null${erased === undefined ? '' : ` or $${erased}::boolean`}) and
    case
      when ${row}.uscc = ${p(3)}::text or ${row}.source_unit = ${p(4)}::text or ${row}.determining_unit = ${p(4)}::text
        then ${row}.disclosure_level = any(${p(5)}::text[])
             or (${row}.disclosure_level = 'PUBLIC' and ${row}.withdrawn_on is null and ${inTerm})
      when ${row}.withdrawn_on is not null then ${p(7)}::boolean
      else ${level} = any(${p(0)}::text[])
           or (${level} = any(${p(6)}::text[])
               and (${p(1)}::text is null or ${row}.province = ${p(1)}::text)
               and (${p(2)}::text is null or ${row}.sector = ${p(2)}::text))
           or (${p(8)}::text is not null
               and ${row}.disclosure_level = 'RESTRICTED'
               and consent.is_given(${row}.uscc, ${p(8)}::text, ${p(9)}::text))
    end)`;
}

/**
 * SQL: the levels, column `level` of a subquery, at which the viewer may see any row of the entity `uscc`. Lists walk
 * an index by level, one level after another, so that rows that the viewer may not see are not walked: their number
 * must not show in the time of an answer. Outside its term a public row still has its level, and `rowPredicate` decides
 * about each row. Parameters as there.
 * @param anyLevel SQL: whether rows of any level may be seen by another right than the row rule; left out: none may
 */
export function levelsSeen(uscc: string, first: number, anyLevel?: string): string {
  const p = (offset: number): string => `$${first + offset}`;
  // The case makes the planner expect equally many levels for any viewer. It would otherwise plan anew for each
  // execution.
  return `(select levels.level
    from unnest(${levelsAsSql}) as levels(level)
    where case when levels.level = 'PUBLIC'
       or levels.level = any(${p(0)}::text[])
       or levels.level = any(${p(6)}::text[])
       or (levels.level = any(${p(5)}::text[]) and (${p(4)}::text is not null or ${uscc} = ${p(3)}::text))
       or (levels.level = 'RESTRICTED'
           and ${p(8)}::text is not null
           and consent.is_given(${uscc}, ${p(8)}::text, ${p(9)}::text))
       ${anyLevel === undefined ? '' : `or ${anyLevel}`}
       then true else false end)`;
}

/**
 * SQL: an array parameter whose length is hidden from the planner. For a short array it would expect a plan made for it
 * to be cheaper than the generic one, and plan for each execution: a third of what a credit file cost the database (npm
 * run bench -- --rows 4).
 */
export const anyLength = (parameter: string): string => `(select ${parameter})`;

/** Every level of disclosure that the viewer sees of at least one entity, from the widest to the narrowest. */
export const levelsOf = ({ everywhere, within, own, consentTo }: RowScope): readonly DisclosureLevel[] =>
  disclosureLevels.filter(
    (level) =>
      level === 'PUBLIC' ||
      [everywhere, within, own].some((levels) => levels.includes(level)) ||
      (level === 'RESTRICTED' && consentTo !== null),
  );

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
 * The same rule as `rowPredicate`, for a row in memory: changes are delivered to thousands of subscribers, and a
 * statement for each would be too slow. policy/rows.test.ts compares the two.
 *
 * @param hasConsent whether a subject's consent to the viewer and its purpose is in force (records/consents.ts); left
 * out: no consent is
 */
export function isVisibleRow(
  scope: RowScope,
  row: RowRights,
  today: string,
  hasConsent: (uscc: string) => boolean = () => false,
): boolean {
  if (row.erased_at !== null) return false;
  const inTerm =
    row.public_from !== null && row.public_from <= today && row.public_until !== null && row.public_until >= today;
  // A check constraint of every table holds `disclosure_level` to these values.
  const level = row.disclosure_level as DisclosureLevel;
  const isOwn =
    (scope.file !== null && row.uscc === scope.file) ||
    (scope.unit !== null && (row.source_unit === scope.unit || row.determining_unit === scope.unit));
  if (isOwn) return scope.own.includes(level) || (level === 'PUBLIC' && row.withdrawn_on === null && inTerm);
  if (row.withdrawn_on !== null) return scope.withdrawn;
  const now = level === 'PUBLIC' && !inTerm ? 'GOV_SHARED' : level;
  return (
    scope.everywhere.includes(now) ||
    (scope.within.includes(now) &&
      (scope.province === null || row.province === scope.province) &&
      (scope.sector === null || row.sector === scope.sector)) ||
    (mayHaveConsent(scope) && level === 'RESTRICTED' && hasConsent(row.uscc))
  );
}

/** `versionRight` for a version in memory: the rights of the record now, no wider than those of the version. */
export function versionRights<Now extends RowRights>(version: RowRights, now: Now): Now {
  if (
    version.disclosure_level === now.disclosure_level &&
    version.province === now.province &&
    version.sector === now.sector
  )
    return now;
  // A check constraint of every table holds `disclosure_level` to these values.
  const levelOf = (row: RowRights): number => disclosureLevels.indexOf(row.disclosure_level as DisclosureLevel);
  return {
    ...now,
    disclosure_level: levelOf(version) > levelOf(now) ? version.disclosure_level : now.disclosure_level,
    province: version.province === now.province ? now.province : NO_PROVINCE,
    sector: version.sector === now.sector ? now.sector : null,
  };
}

/**
 * Whether a consent can show this viewer more: it has an organisation in a role that uses consents, and names a
 * purpose.
 */
export const mayHaveConsent = (
  scope: RowScope,
): scope is RowScope & { readonly consentTo: string; readonly consentFor: string } =>
  scope.consentTo !== null && scope.consentFor !== null;

/**
 * The organisation that may be asked to verify what an entity declares about itself, and then sees the item beyond the
 * rows of its role; null for a viewer that may not verify, or names no purpose.
 */
export const verifierOf = (viewer: Viewer): string | null =>
  may(viewer, 'filing:create') && outcomeFor(viewer, 'RECORD') === 'ROW' ? viewer.organisation : null;

const isVerifiedBy = ({ verifiers }: Reach, verifier: string | null): boolean =>
  verifier !== null && verifiers !== undefined && verifiers.includes(verifier);

/** SHOW the value, MASK it, or DENY it, for one field of one row that is itself visible. */
export function fieldOutcome(viewer: Viewer, dataClass: DataClass, row: Reach): 'SHOW' | 'MASK' | 'DENY' {
  const outcome = outcomeFor(viewer, dataClass);
  if (outcome === 'ALLOW') return 'SHOW';
  if (outcome === 'MASK') return 'MASK';
  if (outcome === 'ROW') {
    if (dataClass === 'RECORD' || roleDefinitions[viewer.role].reaches(viewer, row)) return 'SHOW';
    if (isVerifiedBy(row, verifierOf(viewer))) return 'SHOW';
    return isMaskable(dataClass) ? 'MASK' : 'DENY';
  }
  return 'DENY';
}
