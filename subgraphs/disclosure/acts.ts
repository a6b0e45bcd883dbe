/** The ten kinds of administrative act, the type of each in the graph and its duty of publication (国办发〔2019〕35号 第十五条). */
export const actKinds = {
  LICENCE: { type: 'AdministrativeLicence', duty: 'MANDATORY' },
  PENALTY: { type: 'AdministrativePenalty', duty: 'MANDATORY' },
  COMPULSION: { type: 'AdministrativeCompulsion', duty: 'PROMOTED' },
  CONFIRMATION: { type: 'AdministrativeConfirmation', duty: 'PROMOTED' },
  LEVY: { type: 'AdministrativeLevy', duty: 'PROMOTED' },
  PAYMENT: { type: 'AdministrativePayment', duty: 'PROMOTED' },
  ADJUDICATION: { type: 'AdministrativeAdjudication', duty: 'PROMOTED' },
  COMPENSATION: { type: 'AdministrativeCompensation', duty: 'PROMOTED' },
  REWARD: { type: 'AdministrativeReward', duty: 'PROMOTED' },
  INSPECTION: { type: 'AdministrativeInspection', duty: 'PROMOTED' },
} as const;

export type ActKind = keyof typeof actKinds;
