/** Which source keeps the records of each kind of filing. */
export const filingKinds: Readonly<Record<string, string>> = {
  entity: 'entity',
  licence: 'disclosure',
  penalty: 'disclosure',
  'other-act': 'disclosure',
  commitment: 'disclosure',
  'name-list': 'namelist',
  evaluation: 'evaluation',
};
