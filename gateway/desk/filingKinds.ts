/** Which source keeps the records of each kind of filing. */
export const filingKinds: Readonly<Record<string, string>> = {
  entity: 'entity',
  licence: 'disclosure',
  penalty: 'disclosure',
  compulsion: 'disclosure',
  confirmation: 'disclosure',
  levy: 'disclosure',
  payment: 'disclosure',
  adjudication: 'disclosure',
  compensation: 'disclosure',
  reward: 'disclosure',
  inspection: 'disclosure',
  commitment: 'disclosure',
  'judicial-record': 'disclosure',
  complaint: 'disclosure',
  'name-list': 'namelist',
  evaluation: 'evaluation',
};
