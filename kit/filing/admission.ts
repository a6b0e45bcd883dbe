import { filingAllowed, mayCorrect, mayFile, type RowOwner } from '#policy/filings.ts';
import type { Viewer } from '#policy/viewer.ts';
import { reportingUnitOf } from '#standards/divisions.ts';
import type { RecordRow } from '../records.ts';
import type { Scope } from '../sourceUnits.ts';

// Who may file which row: asked by every way in which one arrives, in files, in batches and by decision.

/** Reporting unit of the division a code was issued in; null at state level (100000) and where the division is none. */
export const provinceOfCode = (uscc: string): string | null => reportingUnitOf(uscc.slice(2, 8));

/** The columns of a row or a record that say whose it is. */
export type OwnedRow = Pick<RecordRow, 'uscc' | 'source_unit' | 'determining_unit' | 'sector'>;

export const ownerOf = ({ uscc, source_unit, determining_unit, sector }: OwnedRow): RowOwner => ({
  subjectProvince: provinceOfCode(uscc),
  sector,
  sourceUnit: source_unit,
  sourceProvince: provinceOfCode(source_unit),
  determiningUnit: determining_unit,
});

/** Why a row is not taken. */
export interface NotAdmitted {
  readonly code: 'NOT_YOURS' | 'UNIT_NOT_REGISTERED' | 'OUTSIDE_REGISTRATION';
  readonly message: string;
}

/** What the source unit of a row is registered for; undefined: it is not registered. */
export interface Registration {
  readonly scope: Scope | undefined;
  /** Whether the rules let units file that nobody registered. */
  readonly mayBeUnregistered: boolean;
}

/** Why the viewer may not file this row; null when it may. */
export function notAdmitted(viewer: Viewer, row: OwnedRow & Pick<RecordRow, 'province'>, { scope, mayBeUnregistered }: Registration): NotAdmitted | null {
  const { uscc, source_unit: unit, determining_unit: authority, province, sector } = row;
  const ofSector = sector === null ? 'no industry code' : `an industry of sector ${sector}`;
  if (!mayFile(viewer, ownerOf(row))) {
    const named = `The row names the source unit ${unit}${authority === null || authority === unit ? '' : `, the authority ${authority}`} and ${ofSector}, about ${uscc}.`;
    return { code: 'NOT_YOURS', message: `Your organisation may not file this record: ${filingAllowed(viewer)}. ${named}` };
  }
  if (scope === undefined) {
    return mayBeUnregistered ? null : { code: 'UNIT_NOT_REGISTERED', message: `${unit} is not registered as a source of such records.` };
  }
  const otherProvince = scope.province !== null && scope.province !== province && `province ${scope.province} alone; ${uscc} is of ${province}`;
  const otherSector = scope.sector !== null && scope.sector !== sector && `sector ${scope.sector} alone; the row has ${ofSector}`;
  const why = otherProvince || otherSector;
  return why ? { code: 'OUTSIDE_REGISTRATION', message: `${unit} is registered for subjects of ${why}.` } : null;
}

/** Why the viewer may not correct the record that stands, in words that say nothing of that record; null when it may. */
export const notCorrectable = (viewer: Viewer, standing: OwnedRow): NotAdmitted | null =>
  mayCorrect(viewer, ownerOf(standing)) ? null : { code: 'NOT_YOURS', message: `Your organisation may not file this record: ${filingAllowed(viewer)}.` };
