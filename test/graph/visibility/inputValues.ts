import { randomUUID } from 'node:crypto';
import { hidden, sites } from './world.ts';

// Values for the input fields of the schema, with which nothing is done: they name what there is not.

/** Of each filter: the field that takes it, and what else that field needs. */
export const filterUses: Record<string, { field: string; rest: string }> = {
  NameListEntryFilter: { field: 'nameListEntries', rest: '' },
  EntityFilter: { field: 'searchEntities', rest: 'query: "可见之店", ' },
  NameListChangeFilter: { field: 'nameListChanges', rest: '' },
  EvaluationChangeFilter: { field: 'evaluationChanges', rest: '' },
  FactConflictFilter: { field: 'factConflicts', rest: '' },
};

/** Inputs inside of others, by the one that they are used in. */
export const within: Record<string, string> = {
  DocumentInput: 'ProposeDocumentsInput',
  AuthorisationInput: 'DeclareInformationInput',
  RuleSetInput: 'ProposeRuleChangeInput',
  RuleValueInput: 'ProposeRuleChangeInput',
  CatalogueSupplementInput: 'ProposeRuleChangeInput',
  LocalRegulationInput: 'ProposeRuleChangeInput',
  ListingChangesInput: 'CorrectListingInput',
  SourceUnitInput: 'RegisterSourceUnitsInput',
};

/** Values of filters: by their coordinate, or by the field's name. */
export const filterValues: Record<string, unknown> = {
  'NameListChangeFilter.kinds': ['ADDED'],
  'EvaluationChangeFilter.kinds': ['ADDED'],
  'FactConflictFilter.state': 'OPEN',
  subject: sites.near.uscc,
  unit: sites.near.unit,
  schemes: ['PUBLIC_CREDIT'],
  provinces: ['33'],
  sectors: ['F'],
  types: ['SAMR_SERIOUS'],
  categories: ['SERIOUS'],
  province: '33',
  sector: 'F',
  activeOnly: true,
  listedFrom: '2026-01-01',
  kinds: ['ENTERPRISE'],
  statuses: ['ACTIVE'],
};

const declaration = {
  idempotencyKey: 'i',
  kind: 'OTHER',
  itemNo: 'i',
  title: 'i',
  content: 'i',
  truthCommitment: false,
  authorisation: { disclosureLevel: 'PUBLIC', purposes: [], until: '2090-01-01' },
};

const noSuch = {
  id: 'no code',
  kind: 'K',
  name: 'n',
  source: 's',
  effectiveFrom: '2090-01-01',
  effectiveTo: '2091-01-01',
  region: '33',
  values: [{ code: 'C', number: 1, unit: 'DAYS' }],
  catalogueItems: [
    {
      code: 'C',
      name: 'n',
      kind: 'k',
      disclosureLevel: 'PUBLIC',
      localRegulation: { name: 'n', number: 'n', article: 'a' },
    },
  ],
};

/** Of each input of a mutation: a value, and values of its other fields. */
export const mutationInputs: Record<
  string,
  { field: string; value: Record<string, unknown>; more?: Record<string, unknown> }
> = {
  CreateFilingInput: {
    field: 'createFiling',
    value: { idempotencyKey: 'i', kind: 'nonsense', format: 'NDJSON', partsExpected: 1 },
    more: { mode: 'ADD' },
  },
  CompleteFilingInput: { field: 'completeFiling', value: { idempotencyKey: 'i', id: randomUUID() } },
  ConfirmFilingInput: { field: 'confirmFiling', value: { idempotencyKey: 'i', id: randomUUID(), apply: true } },
  FileRecordsInput: { field: 'fileRecords', value: { idempotencyKey: 'i', kind: 'nonsense', rows: [{}] } },
  RegisterSourceUnitsInput: {
    field: 'registerSourceUnits',
    value: {
      idempotencyKey: 'i',
      units: [{ unit: hidden, kind: 'nonsense', name: 'n', province: '33', sector: 'F', promisedDelayHours: 1 }],
    },
  },
  GrantRoleInput: {
    field: 'grantRole',
    value: { idempotencyKey: 'i', organisation: hidden, role: 'NOBODY' },
    more: { province: '33', sector: 'F', to: '2090-01-01T00:00:00.000Z' },
  },
  EndGrantInput: { field: 'endGrant', value: { idempotencyKey: 'i', id: randomUUID() } },
  DeclareInformationInput: {
    field: 'declareInformation',
    value: declaration,
    more: { expectedVersion: 1, verifier: sites.near.unit, industryCode: '52' },
  },
  VerifyInformationInput: {
    field: 'verifyInformation',
    value: { idempotencyKey: 'i', id: 'none', expectedVersion: 1, result: 'REFUTED', evidence: 'i' },
  },
  WithdrawInformationInput: {
    field: 'withdrawInformation',
    value: { idempotencyKey: 'i', id: 'none', expectedVersion: 1 },
  },
  CloseFactConflictInput: {
    field: 'closeFactConflict',
    value: { idempotencyKey: 'i', id: 'none', reason: 'i' },
  },
  WithdrawRecordInput: {
    field: 'withdrawRecord',
    value: {
      idempotencyKey: 'i',
      recordId: 'none',
      expectedVersion: 1,
      reason: 'i',
      documentNo: 'i',
      revokedOn: '2026-09-18',
    },
  },
  ProposeListingInput: {
    field: 'proposeListing',
    value: {
      idempotencyKey: 'i',
      subject: hidden,
      listType: 'nonsense',
      documentNo: 'i',
      authorityName: 'i',
      legalBasis: 'i',
      grounds: 'i',
      listedOn: '2026-05-06',
    },
    more: { industryCode: '52', termUntil: '2090-01-01', disclosureLevel: 'PUBLIC', publicUntil: '2090-01-01' },
  },
  RemoveListingInput: {
    field: 'removeListing',
    value: {
      idempotencyKey: 'i',
      recordId: 'none',
      expectedVersion: 1,
      documentNo: 'i',
      legalBasis: 'i',
      removedOn: '2026-09-18',
      reason: 'EXPIRED',
    },
  },
  CorrectListingInput: {
    field: 'correctListing',
    value: {
      idempotencyKey: 'i',
      recordId: 'none',
      expectedVersion: 1,
      documentNo: 'i',
      legalBasis: 'i',
      changes: {
        grounds: 'i',
        legalBasis: 'i',
        termUntil: '2090-01-01',
        disclosureLevel: 'PUBLIC',
        publicUntil: '2090-01-01',
        industryCode: '52',
      },
    },
  },
  DecideListingInput: {
    field: 'decideListing',
    value: { idempotencyKey: 'i', id: 'none', expectedVersion: 1, approve: true },
  },
  CreateWatchlistInput: { field: 'createWatchlist', value: { idempotencyKey: 'i', name: '' } },
  AddToWatchlistInput: { field: 'addToWatchlist', value: { idempotencyKey: 'i', id: randomUUID(), codes: ['x'] } },
  RemoveFromWatchlistInput: {
    field: 'removeFromWatchlist',
    value: { idempotencyKey: 'i', id: randomUUID(), codes: ['x'] },
  },
  CreateExportInput: {
    field: 'createExport',
    value: { idempotencyKey: 'i', nameListChanges: {}, fields: 'nonsense' },
    more: { evaluationChanges: {} },
  },
  CancelExportInput: { field: 'cancelExport', value: { idempotencyKey: 'i', id: randomUUID() } },
  CreateWebhookInput: {
    field: 'createWebhook',
    value: { idempotencyKey: 'i', url: 'nonsense', nameListChanges: {} },
    more: { evaluationChanges: {}, after: 'x' },
  },
  PauseWebhookInput: { field: 'pauseWebhook', value: { idempotencyKey: 'i', id: randomUUID() } },
  ResumeWebhookInput: { field: 'resumeWebhook', value: { idempotencyKey: 'i', id: randomUUID() } },
  RotateWebhookSecretInput: { field: 'rotateWebhookSecret', value: { idempotencyKey: 'i', id: randomUUID() } },
  RedeliverWebhookInput: { field: 'redeliverWebhook', value: { idempotencyKey: 'i', id: randomUUID() } },
  GiveConsentInput: {
    field: 'giveConsent',
    value: { idempotencyKey: 'i', grantee: hidden, purpose: 'NONSENSE', until: '2090-01-01T00:00:00.000Z' },
  },
  RevokeConsentInput: { field: 'revokeConsent', value: { idempotencyKey: 'i', id: randomUUID() } },
  ProposeRuleChangeInput: {
    field: 'proposeRuleChange',
    value: { idempotencyKey: 'i', action: 'ADD', ruleSet: noSuch },
    more: { ruleSetId: 'NONE', effectiveTo: '2090-01-01' },
  },
  ApproveRuleChangeInput: { field: 'approveRuleChange', value: { idempotencyKey: 'i', id: randomUUID() } },
  RejectRuleChangeInput: { field: 'rejectRuleChange', value: { idempotencyKey: 'i', id: randomUUID() } },
  ProposeDocumentsInput: {
    field: 'proposeDocuments',
    value: { idempotencyKey: 'i', role: 'NOBODY', documents: [{ id: 'i', text: 'i' }] },
  },
  ConfirmDocumentsInput: { field: 'confirmDocuments', value: { idempotencyKey: 'i', id: randomUUID() } },
  WithdrawDocumentsInput: { field: 'withdrawDocuments', value: { idempotencyKey: 'i', id: randomUUID() } },
  RevokeTokenInput: {
    field: 'revokeToken',
    value: { idempotencyKey: 'inputs', tokenId: 'a token of nobody', reason: 'walk' },
  },
};
