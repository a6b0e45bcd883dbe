/**
 * The ten kinds of administrative act, each with its kind of filing, its type in the graph and its duty of publication
 * (国办发〔2019〕35号 第十五条).
 */
export const actKinds = {
  LICENCE: { form: 'licence', type: 'AdministrativeLicence', duty: 'MANDATORY' },
  PENALTY: { form: 'penalty', type: 'AdministrativePenalty', duty: 'MANDATORY' },
  COMPULSION: { form: 'compulsion', type: 'AdministrativeCompulsion', duty: 'PROMOTED' },
  CONFIRMATION: { form: 'confirmation', type: 'AdministrativeConfirmation', duty: 'PROMOTED' },
  LEVY: { form: 'levy', type: 'AdministrativeLevy', duty: 'PROMOTED' },
  PAYMENT: { form: 'payment', type: 'AdministrativePayment', duty: 'PROMOTED' },
  ADJUDICATION: { form: 'adjudication', type: 'AdministrativeAdjudication', duty: 'PROMOTED' },
  COMPENSATION: { form: 'compensation', type: 'AdministrativeCompensation', duty: 'PROMOTED' },
  REWARD: { form: 'reward', type: 'AdministrativeReward', duty: 'PROMOTED' },
  INSPECTION: { form: 'inspection', type: 'AdministrativeInspection', duty: 'PROMOTED' },
} as const;

export type ActKind = keyof typeof actKinds;
