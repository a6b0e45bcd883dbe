import { filed, restricted } from '#kit/recordFields.ts';
import type { RecordRow } from '#kit/records.ts';

/** What the forms hold outside their published part (备注). */
export const remark = restricted('REMARK', (row: RecordRow) => filed(row, 'remark'));
