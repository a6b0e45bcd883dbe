/** The current version of a record, as far as a filing has to know it. */
export interface CurrentVersion {
  readonly position: number;
  readonly version: number;
  readonly same: boolean;
  /** Recorded by the filing under way: before it was cut off, or for an equal row of an earlier batch. */
  readonly ours: boolean;
  readonly collected_at: string;
  readonly withdrawn_on: string | null;
  readonly withdrawal_reason: string | null;
  readonly under_objection: boolean;
  /** The conflict that is open about the record. */
  readonly fact_conflict: string | null;
  readonly source_unit: string;
  readonly determining_unit: string | null;
  readonly sector: string | null;
}

/** The outcome of a row whose record existed, and the version that holds it now. */
export interface RowResult {
  /** PENDING: kept as the other side of a conflict. */
  readonly outcome: 'ADDED' | 'CORRECTED' | 'UNCHANGED' | 'PENDING';
  readonly version: number;
}
