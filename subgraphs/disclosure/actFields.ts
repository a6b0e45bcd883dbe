import { organisation, recordFields, formField } from '#records/recordFields.ts';
import { actKinds } from './acts.ts';
import { remark } from './remark.ts';
import type { ActRow } from './repository.ts';

// The resolvers of the ten types of administrative act, by their forms.

/** The type of an act in the graph. */
export const actTypeOf = ({ kind }: ActRow) => actKinds[kind].type;

/** The fields that all acts have. */
const actFields = {
  ...recordFields(actTypeOf),
  documentNo: (row: ActRow) => row.document_no || null, // blank once erased
  documentName: formField('documentName'),
  authority: (row: ActRow) => organisation(row.authority_name, row.determining_unit),
  decidedOn: (row: ActRow) => row.day,
  content: formField('content'),
  publication: (row: ActRow) => row,
  remark,
};

/** Null when no end was filed: then it is unknown whether there is one. */
const longTerm = ({ content }: ActRow) =>
  content['longTerm'] === true || (content['validTo'] === undefined ? null : false);

const amountFields = { amount: formField('amountFen'), amountAsFiled: formField('amountText') };

/** The resolvers of each type of act that need no repository. */
export const actTypeFields = {
  AdministrativeLicence: {
    ...actFields,
    licenceCategory: formField('licenceCategory'),
    otherCategory: formField('licenceCategoryText'),
    certificateName: formField('certificateName'),
    certificateNo: formField('certificateNo'),
    longTerm,
    inForce: ({ content }: ActRow) =>
      content['licenceStatus'] === undefined ? null : content['licenceStatus'] === 'VALID',
  },
  AdministrativePenalty: {
    ...actFields,
    violation: formField('violation'),
    facts: formField('facts'),
    legalBasis: formField('legalBasis'),
    categories: formField<readonly string[]>('categories'),
    otherCategory: formField('categoryText'),
    fine: formField('fineFen'),
    fineAsFiled: formField('fineText'),
    confiscated: formField('confiscatedFen'),
    confiscatedAsFiled: formField('confiscatedText'),
    suspendedOrRevokedLicence: formField('affectedLicence'),
    performedOn: formField('performedOn'),
    procedure: formField('procedure'),
    publicationNeed: formField('publicationNeed'),
    effectiveUntil: formField('validTo'),
    longTerm,
  },
  AdministrativeCompulsion: {
    ...actFields,
    measure: formField('method'),
    result: formField('result'),
    legalBasis: formField('legalBasis'),
    longTerm,
  },
  AdministrativeConfirmation: {
    ...actFields,
    matter: formField('matter'),
    result: formField('result'),
    legalBasis: formField('legalBasis'),
    longTerm,
  },
  AdministrativeLevy: {
    ...actFields,
    matter: formField('matter'),
    result: formField('result'),
    legalBasis: formField('legalBasis'),
    ...amountFields,
  },
  AdministrativePayment: {
    ...actFields,
    matter: formField('matter'),
    result: formField('result'),
    legalBasis: formField('legalBasis'),
    ...amountFields,
  },
  AdministrativeAdjudication: {
    ...actFields,
    matter: formField('matter'),
    result: formField('result'),
    legalBasis: formField('legalBasis'),
  },
  AdministrativeCompensation: {
    ...actFields,
    matter: formField('matter'),
    result: formField('result'),
    legalBasis: formField('legalBasis'),
    ...amountFields,
  },
  AdministrativeReward: {
    ...actFields,
    matter: formField('matter'),
    method: formField('method'),
    legalBasis: formField('legalBasis'),
    ...amountFields,
  },
  AdministrativeInspection: {
    ...actFields,
    matter: formField('matter'),
    method: formField('method'),
    result: formField('result'),
    legalBasis: formField('legalBasis'),
  },
};
