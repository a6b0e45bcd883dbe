import { join } from 'node:path';
import type { Topic } from '#records/topic.ts';
import { findEvaluationScheme } from '#standards/evaluationSchemes.ts';

/** Changes of results of evaluations (评价结果变更). */
export const topic: Topic = {
  name: 'EVALUATION',
  field: 'evaluationChanges',
  changeType: 'EvaluationChange',
  recordField: 'evaluation',
  recordType: 'Evaluation',
  basisFields: [],
  types: {
    argument: 'schemes',
    isKnown: (code) => findEvaluationScheme(code) !== null,
    expected: 'a code of evaluationSchemes',
  },
  hasCategories: false,
  wholeRecord:
    '{ recordId version subject { uscc } evaluation { id version scheme { code version } grade gradeMeaning ' +
    'evaluatedOn dataAsOf validUntil evaluator { name uscc } cause validFrom validTo recordedAt underObjection ' +
    'disclosureLevel } }',
  schemaFile: join(import.meta.dirname, 'changes.graphql'),
};
