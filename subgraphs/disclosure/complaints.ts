import { contentField, organisation, recordFields, formField } from '#records/recordFields.ts';
import { remark } from './remark.ts';
import type { ComplaintRow } from './repository.ts';

/** Complaints of consumers that are published (国办发〔2019〕35号 第四条). */
export const complaintFields = {
  ...recordFields<ComplaintRow>(() => 'ConsumerComplaint'),
  complaintNo: (row: ComplaintRow) => row.complaint_no || null, // blank once erased
  handledOn: (row: ComplaintRow) => row.day,
  handledBy: (row: ComplaintRow) => organisation(contentField(row, 'handledByName'), row.determining_unit),
  matter: formField('matter'),
  handling: formField('handling'),
  result: formField('result'),
  remark,
};
