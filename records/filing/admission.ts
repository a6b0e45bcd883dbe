import { filingAllowed, mayCorrect, mayFile, type RowOwner } from '#policy/filings.ts';
import type { Viewer } from '#policy/viewer.ts';
import { provinceOfCode } from '#standards/divisions.ts';
import type { RecordRow } from '#records/record.ts';
import type { Scope } from '#records/sourceUnits.ts';

// Who may file which row. Every way in which a row arrives checks it here: files, batches and decisions.

/** The columns of a row or a record that name its owner. */
export type OwnedRow = Pick<RecordRow, 'uscc' | 'source_unit' | 'determining_unit' | 'sector'>;

/** Who owns a row or a record, as the policy of filings takes it (policy/filings.ts). */
export const ownerOf = ({ uscc, source_unit, determining_unit, sector }: OwnedRow): RowOwner => ({
  subjectProvince: provinceOfCode(uscc),
  sector,
  sourceUnit: source_unit,
  sourceProvince: provinceOfCode(source_unit),
  determiningUnit: determining_unit,
});

/** Why a row is not taken. */
export interface NotAdmitted {
  readonly code: 'NOT_YOURS' | 'UNIT_NOT_REGISTERED' | 'OUTSIDE_REGISTRATION' | 'CONTRADICTION';
  readonly message: string;
}

/** What the source unit of a row is registered for; undefined when it is not registered. */
export interface Registration {
  readonly scope: Scope | undefined;
  /** Whether the rules let unregistered units file. */
  readonly mayBeUnregistered: boolean;
  /**
   * Whether the row is an act of an authority, which it files about anybody, wherever the subject is registered: who
   * decides reports, and the subject's province sees it.
   */
  readonly isAct?: boolean;
}

/** Why the viewer may not file this row; null when it may. */
export function notAdmitted(
  viewer: Viewer,
  row: OwnedRow & Pick<RecordRow, 'province'>,
  { scope, mayBeUnregistered, isAct = false }: Registration,
): NotAdmitted | null {
  const { uscc, source_unit: unit, determining_unit: authority, province, sector } = row;
  const ofSector = sector === null ? 'no industry code' : `an industry of sector ${sector}`;
  if (!mayFile(viewer, ownerOf(row))) {
    const ofAuthority = authority === null || authority === unit ? '' : `, the authority ${authority}`;
    const named = `The row names the source unit ${unit}${ofAuthority} and ${ofSector}, about ${uscc}.`;
    return {
      code: 'NOT_YOURS',
      message: `Your organisation may not file this record: ${filingAllowed(viewer)}. ${named}`,
    };
  }
  if (scope === undefined) {
    return mayBeUnregistered
      ? null
      : { code: 'UNIT_NOT_REGISTERED', message: `${unit} is not registered as a source of such records.` };
  }
  const otherProvince =
    scope.province !== null &&
    scope.province !== province &&
    !(isAct && scope.province === provinceOfCode(authority ?? unit)) &&
    `province ${scope.province} alone; ${uscc} is of ${province}`;
  const otherSector =
    scope.sector !== null && scope.sector !== sector && `sector ${scope.sector} alone; the row has ${ofSector}`;
  const why = otherProvince || otherSector;
  return why ? { code: 'OUTSIDE_REGISTRATION', message: `${unit} is registered for subjects of ${why}.` } : null;
}

/** Why the viewer may not correct the current record, in words that reveal nothing of that record; null when it may. */
export const notCorrectable = (viewer: Viewer, currentVersion: OwnedRow): NotAdmitted | null =>
  mayCorrect(viewer, ownerOf(currentVersion))
    ? null
    : { code: 'NOT_YOURS', message: `Your organisation may not file this record: ${filingAllowed(viewer)}.` };
