import { contentField, organisation, recordFields, formField } from '#records/recordFields.ts';
import { remark } from './remark.ts';
import type { CommitmentRow } from './repository.ts';
import type { CommitmentStatus } from './resolvers.generated.ts';

/** Credit commitments (信用承诺). */
export const commitmentFields = {
  ...recordFields<CommitmentRow>(() => 'CreditCommitment'),
  matter: formField('matter'),
  content: formField('content'),
  madeOn: (row: CommitmentRow) => row.day,
  dueOn: formField('dueOn'),
  acceptedBy: (row: CommitmentRow) =>
    organisation(contentField(row, 'acceptedByName'), contentField(row, 'acceptedByUscc')),
  status: formField<CommitmentStatus>('performance'),
  remark,
};
