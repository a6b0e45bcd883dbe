import { may } from './actions.ts';
import type { Role, Viewer } from './viewer.ts';

/** Whose a row of a filing is. Provinces are two digits; state level and unknown divisions have none and are null. */
export interface FiledRowOwner {
  /** Where the subject is registered. */
  readonly subjectProvince: string | null;
  readonly sourceUnit: string;
  /** Where the source unit is registered. */
  readonly sourceProvince: string | null;
}

// A province files what its own units decided about anybody, and whatever is about entities registered in it; of an entity
// registered at state level it files what its own units decided, like everybody else.
const reach: Partial<Record<Role, (viewer: Viewer, row: FiledRowOwner) => boolean>> = {
  PROVINCIAL_PLATFORM: ({ province }, row) => province !== null && (row.subjectProvince === province || row.sourceProvince === province),
  SECTOR_REGULATOR: () => true,
  DETERMINING_UNIT: ({ organisation }, row) => organisation !== null && row.sourceUnit === organisation,
  NATIONAL_CENTRE: () => true,
};

/**
 * Whether the viewer may file this row. A correction is asked twice, for the row as filed and as it stands: otherwise a unit
 * could put its own name on another unit's record.
 */
export const mayFile = (viewer: Viewer, row: FiledRowOwner): boolean => may(viewer, 'filing:create') && (reach[viewer.role]?.(viewer, row) ?? false);

/** Whether the viewer may end what a full replacement of this unit does not have: the unit itself, and the centre for it. */
export const mayReplace = (viewer: Viewer, unit: string): boolean => may(viewer, 'filing:create') && (viewer.organisation === unit || viewer.role === 'NATIONAL_CENTRE');

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
  readonly sourceUnit: string;
  readonly sourceProvince: string | null;
  readonly determiningUnit: string | null;
  readonly determiningProvince: string | null;
}

/** Whether the viewer may withdraw this record: the units that decided and filed it, and a province for its own units (谁产生、谁负责). */
export const mayWithdraw = (viewer: Viewer, row: StandingRecordOwner): boolean =>
  may(viewer, 'record:withdraw') &&
  ((viewer.organisation !== null && (row.determiningUnit === viewer.organisation || row.sourceUnit === viewer.organisation)) ||
    (viewer.role === 'PROVINCIAL_PLATFORM' && viewer.province !== null && (row.determiningProvince === viewer.province || row.sourceProvince === viewer.province)));

/** Whether the viewer may remove or correct this list entry: the unit that decided it, and a province for its own units (谁认定、谁移出). Who filed it for them may not. */
export const mayChangeListing = (viewer: Viewer, { determiningUnit, determiningProvince }: Pick<StandingRecordOwner, 'determiningUnit' | 'determiningProvince'>): boolean =>
  may(viewer, 'listing:decide') &&
  determiningUnit !== null &&
  (determiningUnit === viewer.organisation || (viewer.role === 'PROVINCIAL_PLATFORM' && viewer.province !== null && determiningProvince === viewer.province));
