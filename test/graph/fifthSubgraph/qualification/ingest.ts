import { provinceOfCode } from '#standards/divisions.ts';
import { createFilingIntake, type RowSurroundings } from '#records/filing/intake.ts';
import { type FiledRow, type RecordTable, textOf } from '#records/filing/record.ts';
import type { RecordFeed } from '#records/outbox.ts';
import { recordIdOf } from '#records/record.ts';
import type { FilingIntake, SubgraphRuntime } from '#records/subgraph.ts';
import { NO_PROVINCE } from '#policy/rows.ts';
import type { ParsedRecord } from '#standards/forms/form.ts';
import { findIndustry } from '#standards/industry.ts';
import { addDays } from '#standards/publicationTerms.ts';
import { form } from './form.ts';

const columns = ['certificate_no', 'field_of_work', 'issued_on'] as const;

/** Certificates as filed. Each is announced to the followers of the topic. */
export const table: RecordTable<(typeof columns)[number]> & { readonly feed: RecordFeed } = {
  schema: 'qualification',
  name: 'certificate',
  columns,
  feed: {
    topic: 'QUALIFICATION',
    type: 'field_of_work',
    category: null,
    removedOn: null,
    withdrawnFor: () => 'null::text',
    basis: (row) => `jsonb_build_object('validFrom', ${row}.issued_on)`,
  },
};

function certificateOf(
  record: ParsedRecord,
  { additionalFields }: RowSurroundings,
): FiledRow<(typeof columns)[number]> {
  const [uscc, certificateNo, fieldOfWork, issuedOn, lastDay, unit] = [
    record['subjectUscc'],
    record['certificateNo'],
    record['fieldOfWork'],
    record['issuedOn'],
    record['validUntil'],
    record['sourceUnitUscc'],
  ] as [string, string, string, string, string, string]; // no row without them
  const level = textOf(record, 'disclosureLevel') ?? 'PUBLIC';
  return {
    uscc,
    record_id: recordIdOf('QUALIFICATION', unit, certificateNo, uscc),
    source_unit: unit,
    source_unit_name: textOf(record, 'sourceUnitName'),
    source_record_id: null,
    catalogue_code: 'LICENCE',
    disclosure_level: level,
    public_from: level === 'PUBLIC' ? issuedOn : null,
    public_until: level === 'PUBLIC' ? lastDay : null,
    province: provinceOfCode(uscc) ?? NO_PROVINCE,
    sector: findIndustry(textOf(record, 'industryCode') ?? '')?.section ?? null,
    determining_unit: unit,
    valid_from: issuedOn,
    valid_to: addDays(lastDay, 1),
    content: { validUntil: lastDay, disclosureLevel: level },
    additional_fields: additionalFields,
    certificate_no: certificateNo,
    field_of_work: fieldOfWork,
    issued_on: issuedOn,
  };
}

/** The filing intakes of this subgraph, by kind. */
export const createFilings = (runtime: SubgraphRuntime): Record<'qualification', FilingIntake> => ({
  qualification: createFilingIntake({ kind: 'qualification', form, table, toRow: certificateOf }, runtime),
});
