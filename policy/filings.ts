import { may } from './actions.ts';
import type { Role } from './roles.ts';
import type { Viewer } from './viewer.ts';

/**
 * The owner of a filed row or of a current record. Provinces are two digits; state level and unknown divisions have
 * none and are null.
 */
export interface RowOwner {
  /** Where the subject is registered. */
  readonly subjectProvince: string | null;
  /** Section of GB/T 4754; null where the row names no industry. */
  readonly sector: string | null;
  readonly sourceUnit: string;
  /** Where the source unit is registered. */
  readonly sourceProvince: string | null;
  readonly determiningUnit: string | null;
}

/**
 * Whether every unit that a row names is the viewer's own organisation: no organisation files in the name of another.
 */
const isOwn = (
  { organisation }: Viewer,
  { sourceUnit, determiningUnit }: Pick<RowOwner, 'sourceUnit' | 'determiningUnit'>,
): boolean =>
  organisation !== null &&
  sourceUnit === organisation &&
  (determiningUnit === null || determiningUnit === organisation);

/** Whether the row lies in the sector that the viewer's role is bound to. */
const isInSector = ({ role, sector }: Viewer, row: Pick<RowOwner, 'sector'>): boolean =>
  role !== 'SECTOR_REGULATOR' || (sector !== null && row.sector === sector);

/** What a role may file: which rows, which current records it may correct by one, and both in words. */
interface FilingReach {
  readonly files: (viewer: Viewer, row: RowOwner) => boolean;
  readonly corrects: (viewer: Viewer, currentVersion: RowOwner) => boolean;
  readonly allowed: (viewer: Viewer) => string;
}

const all = (): boolean => true;
const ownInSector = (viewer: Viewer, row: RowOwner): boolean => isOwn(viewer, row) && isInSector(viewer, row);

const reach: Partial<Record<Role, FilingReach>> = {
  // A province files what its own units decided about anybody, and everything about entities registered in it. About an
  // entity registered at state level it files what its own units decided, like every other province. It corrects only
  // records of its own units.
  PROVINCIAL_PLATFORM: {
    files: ({ province }, row) =>
      province !== null && (row.subjectProvince === province || row.sourceProvince === province),
    corrects: ({ province, organisation }, { sourceProvince, sourceUnit }) =>
      (province !== null && sourceProvince === province) || sourceUnit === organisation,
    allowed: ({ province }) =>
      `it files records of units of province ${province} and about entities registered there, ` +
      'and corrects those of units of the province',
  },
  SECTOR_REGULATOR: {
    files: ownInSector,
    corrects: ownInSector,
    allowed: ({ organisation, sector }) =>
      `it files and corrects its own records (${organisation} as source unit and authority) ` +
      `about entities of sector ${sector}`,
  },
  DETERMINING_UNIT: {
    files: isOwn,
    corrects: isOwn,
    allowed: ({ organisation }) =>
      `it files and corrects its own records (${organisation} as source unit and authority)`,
  },
  NATIONAL_CENTRE: { files: all, corrects: all, allowed: () => 'it files and corrects any record' },
};

/** Whether the viewer may file this row. A correction is also checked against the current record (`mayCorrect`). */
export const mayFile = (viewer: Viewer, row: RowOwner): boolean =>
  may(viewer, 'filing:create') && (reach[viewer.role]?.files(viewer, row) ?? false);

/**
 * Whether the viewer may correct this record by a row that it may file. Without this check a unit could put its own
 * name on another unit's record.
 */
export const mayCorrect = (viewer: Viewer, currentVersion: RowOwner): boolean =>
  may(viewer, 'filing:create') && (reach[viewer.role]?.corrects(viewer, currentVersion) ?? false);

/** What the viewer may file, for a refusal: the end of a sentence that begins with its organisation. */
export const filingAllowed = (viewer: Viewer): string => reach[viewer.role]?.allowed(viewer) ?? 'it files nothing';

/**
 * Whether a row of a list of serious violations waits for a second person of the viewer's organisation. Its authority
 * keeps such a list by two persons, in files as in mutations. A platform that collects from others names the authority
 * and its document.
 */
export const needsSecondPerson = (viewer: Viewer, { determiningUnit }: Pick<RowOwner, 'determiningUnit'>): boolean =>
  viewer.organisation !== null && determiningUnit === viewer.organisation;

/**
 * Whether the viewer may end the records that a full replacement of this unit does not contain: the unit itself may,
 * and the centre on its behalf.
 */
export const mayReplace = (viewer: Viewer, unit: string): boolean =>
  may(viewer, 'filing:create') && (viewer.organisation === unit || viewer.role === 'NATIONAL_CENTRE');

/** The sector whose records a full replacement by this viewer covers; null: any. */
export const replacedSector = ({ role, sector }: Viewer): string | null =>
  role === 'SECTOR_REGULATOR' ? (sector ?? '-') : null;

/** Where a unit is registered as an entity, and about whose subjects it files; null: state level, or any. */
export interface RegisteredScope {
  readonly unitProvince: string | null;
  readonly subjectProvince: string | null;
}

const registrars: Partial<Record<Role, (viewer: Viewer, scope: RegisteredScope) => boolean>> = {
  // A province registers its own units, about its own subjects. The centre registers what they decide about others.
  PROVINCIAL_PLATFORM: ({ province }, { unitProvince, subjectProvince }) =>
    province !== null && unitProvince === province && subjectProvince === province,
  NATIONAL_CENTRE: () => true,
};

/**
 * Whether the viewer may register a unit as a source in that scope: a provincial platform its own units about its own
 * subjects, the national centre any.
 */
export const mayRegister = (viewer: Viewer, scope: RegisteredScope): boolean =>
  may(viewer, 'unit:register') && (registrars[viewer.role]?.(viewer, scope) ?? false);

const conflictDeciders: Partial<Record<Role, (viewer: Viewer, provinces: readonly (string | null)[]) => boolean>> = {
  // A province decides among its own units.
  PROVINCIAL_PLATFORM: ({ province }, provinces) => province !== null && provinces.every((each) => each === province),
  NATIONAL_CENTRE: () => true,
};

/**
 * Whether the viewer may decide a conflict of facts between sources of these provinces (null: of none). No source
 * decides its own.
 */
export const mayCloseConflict = (viewer: Viewer, provinces: readonly (string | null)[]): boolean =>
  may(viewer, 'conflict:close') && (conflictDeciders[viewer.role]?.(viewer, provinces) ?? false);

/** Whose conflicts of facts a viewer lists that does not see all: by source or authority, and by province. */
export const conflictsListedBy = ({ organisation, role, province }: Viewer) => ({
  unit: organisation,
  // A platform answers for the units of its province.
  province: role === 'PROVINCIAL_PLATFORM' ? province : null,
});

/** The owner of a current record. */
export interface CurrentRecordOwner {
  readonly sector: string | null;
  readonly sourceUnit: string;
  readonly sourceProvince: string | null;
  readonly determiningUnit: string | null;
  readonly determiningProvince: string | null;
}

/**
 * Whether the viewer may withdraw this record: the units that decided and filed it, a regulator within its sector, and
 * a province for its own units (谁产生、谁负责).
 */
export const mayWithdraw = (viewer: Viewer, row: CurrentRecordOwner): boolean =>
  may(viewer, 'record:withdraw') &&
  isInSector(viewer, row) &&
  ((viewer.organisation !== null &&
    (row.determiningUnit === viewer.organisation || row.sourceUnit === viewer.organisation)) ||
    (viewer.role === 'PROVINCIAL_PLATFORM' &&
      viewer.province !== null &&
      (row.determiningProvince === viewer.province || row.sourceProvince === viewer.province)));

/**
 * Whether the viewer may remove or correct this list entry: the unit that decided it, a regulator within its sector,
 * and a province for its own units (谁认定、谁移出). A unit that filed it for them may not.
 */
export const mayChangeListing = (
  viewer: Viewer,
  {
    determiningUnit,
    determiningProvince,
    sector,
  }: Pick<CurrentRecordOwner, 'determiningUnit' | 'determiningProvince' | 'sector'>,
): boolean =>
  may(viewer, 'listing:decide') &&
  isInSector(viewer, { sector }) &&
  determiningUnit !== null &&
  (determiningUnit === viewer.organisation ||
    (viewer.role === 'PROVINCIAL_PLATFORM' && viewer.province !== null && determiningProvince === viewer.province));
