import { contentField, restricted } from '#records/recordFields.ts';
import type { RecordRow } from '#records/record.ts';

/** The fields of the forms outside their published part (备注). */
export const remark = restricted('REMARK', (row: RecordRow) => contentField(row, 'remark'));
