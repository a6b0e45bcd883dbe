import { join } from 'node:path';
import type { Topic } from '#records/topic.ts';
import { fieldsOfWork } from './form.ts';

/** Changes of certificates (资质证书变更). */
export const topic: Topic = {
  name: 'QUALIFICATION',
  field: 'certificateChanges',
  changeType: 'CertificateChange',
  recordField: 'certificate',
  recordType: 'Certificate',
  basisFields: [],
  types: {
    argument: 'fieldsOfWork',
    isKnown: (code) => fieldsOfWork.entries.some((entry) => entry.code === code),
    expected: 'a field of work',
  },
  hasCategories: false,
  wholeRecord: '{ recordId version subject { uscc } certificate { certificateNo fieldOfWork issuedOn } }',
  schemaFile: join(import.meta.dirname, 'changes.graphql'),
};
