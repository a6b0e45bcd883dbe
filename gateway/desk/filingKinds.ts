/** Which source keeps the records of each kind of filing, and their type in the graph, which their ids carry; an entity is found by its code. */
export const filingKinds: Readonly<Record<string, { readonly source: string; readonly type: string | null }>> = {
  entity: { source: 'entity', type: null },
  licence: { source: 'disclosure', type: 'AdministrativeLicence' },
  penalty: { source: 'disclosure', type: 'AdministrativePenalty' },
  compulsion: { source: 'disclosure', type: 'AdministrativeCompulsion' },
  confirmation: { source: 'disclosure', type: 'AdministrativeConfirmation' },
  levy: { source: 'disclosure', type: 'AdministrativeLevy' },
  payment: { source: 'disclosure', type: 'AdministrativePayment' },
  adjudication: { source: 'disclosure', type: 'AdministrativeAdjudication' },
  compensation: { source: 'disclosure', type: 'AdministrativeCompensation' },
  reward: { source: 'disclosure', type: 'AdministrativeReward' },
  inspection: { source: 'disclosure', type: 'AdministrativeInspection' },
  commitment: { source: 'disclosure', type: 'CreditCommitment' },
  'judicial-record': { source: 'disclosure', type: 'JudicialRecord' },
  complaint: { source: 'disclosure', type: 'ConsumerComplaint' },
  'name-list': { source: 'namelist', type: 'NameListEntry' },
  evaluation: { source: 'evaluation', type: 'Evaluation' },
};
