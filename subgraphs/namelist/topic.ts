import { join } from 'node:path';
import type { Topic } from '#records/topic.ts';
import { findListType } from '#standards/listTypes.ts';

/** Changes of entries on name lists (名单变更). */
export const topic: Topic = {
  name: 'NAME_LIST',
  field: 'nameListChanges',
  changeType: 'NameListChange',
  recordField: 'entry',
  recordType: 'NameListEntry',
  basisFields: ['documentNo', 'legalBasis'],
  types: {
    argument: 'types',
    isKnown: (code) => findListType(code) !== null,
    expected: 'a code of nameListTypes',
  },
  hasCategories: true,
  wholeRecord:
    '{ recordId version subject { uscc } entry { id version listType { code } category state authority { name uscc } ' +
    'documentNo listedOn grounds legalBasis termUntil removedOn removalReason publicUntil validFrom validTo ' +
    'recordedAt underObjection disclosureLevel } }',
  schemaFile: join(import.meta.dirname, 'changes.graphql'),
};
