import { may } from './actions.ts';
import type { Role, Viewer } from './viewer.ts';

/** Whose a row is that is filed, or a record that stands. Provinces are two digits; state level and unknown divisions have none and are null. */
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

/** Whether every unit that a row names is the viewer's own organisation: nobody speaks in another's name by filing. */
const isOwn = ({ organisation }: Viewer, { sourceUnit, determiningUnit }: Pick<RowOwner, 'sourceUnit' | 'determiningUnit'>): boolean =>
  organisation !== null && sourceUnit === organisation && (determiningUnit === null || determiningUnit === organisation);

/** Whether the row lies in the sector that the viewer's role is bound to. */
const isInSector = ({ role, sector }: Viewer, row: Pick<RowOwner, 'sector'>): boolean => role !== 'SECTOR_REGULATOR' || (sector !== null && row.sector === sector);

/** What a role may file: which rows, which records that stand it may correct by one, and both in words. */
interface FilingReach {
  readonly files: (viewer: Viewer, row: RowOwner) => boolean;
  readonly corrects: (viewer: Viewer, standing: RowOwner) => boolean;
  readonly allowed: (viewer: Viewer) => string;
}

const all = (): boolean => true;
const ownInSector = (viewer: Viewer, row: RowOwner): boolean => isOwn(viewer, row) && isInSector(viewer, row);

const reach: Partial<Record<Role, FilingReach>> = {
  // A province files what its own units decided about anybody, and whatever is about entities registered in it; of an entity registered
  // at state level it files what its own units decided, like everybody else. It corrects records of its own units alone.
  PROVINCIAL_PLATFORM: {
    files: ({ province }, row) => province !== null && (row.subjectProvince === province || row.sourceProvince === province),
    corrects: ({ province, organisation }, { sourceProvince, sourceUnit }) => (province !== null && sourceProvince === province) || sourceUnit === organisation,
    allowed: ({ province }) => `it files records of units of province ${province} and about entities registered there, and corrects those of units of the province`,
  },
  SECTOR_REGULATOR: {
    files: ownInSector,
    corrects: ownInSector,
    allowed: ({ organisation, sector }) => `it files and corrects its own records (${organisation} as source unit and authority) about entities of sector ${sector}`,
  },
  DETERMINING_UNIT: {
    files: isOwn,
    corrects: isOwn,
    allowed: ({ organisation }) => `it files and corrects its own records (${organisation} as source unit and authority)`,
  },
  NATIONAL_CENTRE: { files: all, corrects: all, allowed: () => 'it files and corrects any record' },
};

/** Whether the viewer may file this row. A correction is asked for the record that stands too (`mayCorrect`). */
export const mayFile = (viewer: Viewer, row: RowOwner): boolean => may(viewer, 'filing:create') && (reach[viewer.role]?.files(viewer, row) ?? false);

/** Whether the viewer may correct this record by a row that it may file: otherwise a unit could put its own name on another unit's record. */
export const mayCorrect = (viewer: Viewer, standing: RowOwner): boolean => may(viewer, 'filing:create') && (reach[viewer.role]?.corrects(viewer, standing) ?? false);

/** What the viewer may file, for a refusal: the end of a sentence that begins with its organisation. */
export const filingAllowed = (viewer: Viewer): string => reach[viewer.role]?.allowed(viewer) ?? 'it files nothing';

/**
 * Whether a row of a list of serious violations waits for a second person of the viewer's organisation: its authority keeps such a list by
 * two persons, by file as by mutation. A platform that collects from others names the authority and its document.
 */
export const needsSecondPerson = (viewer: Viewer, { determiningUnit }: Pick<RowOwner, 'determiningUnit'>): boolean => viewer.organisation !== null && determiningUnit === viewer.organisation;

/** Whether the viewer may end what a full replacement of this unit does not have: the unit itself, and the centre for it. */
export const mayReplace = (viewer: Viewer, unit: string): boolean => may(viewer, 'filing:create') && (viewer.organisation === unit || viewer.role === 'NATIONAL_CENTRE');

/** The sector whose records a full replacement by this viewer is about; null: any. */
export const replacedSector = ({ role, sector }: Viewer): string | null => (role === 'SECTOR_REGULATOR' ? (sector ?? '-') : null);

/** Where a unit is registered as an entity, and about whose subjects it shall file; null: state level, or any. */
export interface RegisteredScope {
  readonly unitProvince: string | null;
  readonly subjectProvince: string | null;
}

const registrars: Partial<Record<Role, (viewer: Viewer, scope: RegisteredScope) => boolean>> = {
  // Its own units, about its own subjects: what they decide about others the centre registers.
  PROVINCIAL_PLATFORM: ({ province }, { unitProvince, subjectProvince }) => province !== null && unitProvince === province && subjectProvince === province,
  NATIONAL_CENTRE: () => true,
};

/** Whether the viewer may register a unit to file in that scope. */
export const mayRegister = (viewer: Viewer, scope: RegisteredScope): boolean => may(viewer, 'unit:register') && (registrars[viewer.role]?.(viewer, scope) ?? false);

/** Whose a standing record is. */
export interface StandingRecordOwner {
  readonly sector: string | null;
  readonly sourceUnit: string;
  readonly sourceProvince: string | null;
  readonly determiningUnit: string | null;
  readonly determiningProvince: string | null;
}

/** Whether the viewer may withdraw this record: the units that decided and filed it, a regulator within its sector, and a province for its own units (谁产生、谁负责). */
export const mayWithdraw = (viewer: Viewer, row: StandingRecordOwner): boolean =>
  may(viewer, 'record:withdraw') &&
  isInSector(viewer, row) &&
  ((viewer.organisation !== null && (row.determiningUnit === viewer.organisation || row.sourceUnit === viewer.organisation)) ||
    (viewer.role === 'PROVINCIAL_PLATFORM' && viewer.province !== null && (row.determiningProvince === viewer.province || row.sourceProvince === viewer.province)));

/** Whether the viewer may remove or correct this list entry: the unit that decided it, a regulator within its sector, and a province for its own units (谁认定、谁移出). Who filed it for them may not. */
export const mayChangeListing = (viewer: Viewer, { determiningUnit, determiningProvince, sector }: Pick<StandingRecordOwner, 'determiningUnit' | 'determiningProvince' | 'sector'>): boolean =>
  may(viewer, 'listing:decide') &&
  isInSector(viewer, { sector }) &&
  determiningUnit !== null &&
  (determiningUnit === viewer.organisation || (viewer.role === 'PROVINCIAL_PLATFORM' && viewer.province !== null && determiningProvince === viewer.province));
