// The parent value of the resolvers of a type, by the name of the type (npm run codegen). A type that is not listed
// here is its own parent value.

import type { Connection, Edge } from '#kit/connection.ts';
import type { ActRow, CommitmentRow, ComplaintRow, JudicialRow, VoluntaryRow } from './repository.ts';

export type {
  ActRow as AdministrativeLicence,
  ActRow as AdministrativePenalty,
  ActRow as AdministrativeCompulsion,
  ActRow as AdministrativeConfirmation,
  ActRow as AdministrativeLevy,
  ActRow as AdministrativePayment,
  ActRow as AdministrativeAdjudication,
  ActRow as AdministrativeCompensation,
  ActRow as AdministrativeReward,
  ActRow as AdministrativeInspection,
  ActRow as Publication,
  CommitmentRow as CreditCommitment,
  JudicialRow as JudicialRecord,
  ComplaintRow as ConsumerComplaint,
  VoluntaryRow as VoluntaryItem,
  VoluntaryRow as Verification,
  VoluntaryRow as Authorisation,
} from './repository.ts';
export type { RuleSet } from '#standards/ruleSets.ts';
export type { RecomputationRow as Recomputation } from './recomputation.ts';
export type { Timeliness as TimelinessReport } from './timeliness.ts';
export type {
  Notice as WithdrawalNotice,
  NoticePage as WithdrawalNoticeConnection,
  NoticeEdge as WithdrawalNoticeEdge,
} from './withdrawalNotices.ts';
export type { Withdrawn as RecordWithdrawn } from './withdrawal.ts';
export type { ListedItem as CatalogueItem } from './catalogue.ts';
export type { CatalogueEdition } from '#standards/catalogue.ts';

export type AdministrativeActConnection = Connection<ActRow>;
export type AdministrativeActEdge = Edge<ActRow>;
export type CreditCommitmentConnection = Connection<CommitmentRow>;
export type CreditCommitmentEdge = Edge<CommitmentRow>;
export type JudicialRecordConnection = Connection<JudicialRow>;
export type JudicialRecordEdge = Edge<JudicialRow>;
export type ConsumerComplaintConnection = Connection<ComplaintRow>;
export type ConsumerComplaintEdge = Edge<ComplaintRow>;
export type VoluntaryItemConnection = Connection<VoluntaryRow>;
export type VoluntaryItemEdge = Edge<VoluntaryRow>;
