import type { PartOutcome, RejectedRow, RowOutcome } from '#records/subgraph.ts';
import type { MergeOutcome } from './merge.ts';
import type { RowIdentity } from './record.ts';

// What became of the rows of a part, while they are recorded.

type RowProblems = RejectedRow['problems'];

/** What a row was recorded as, or the proposal with which it waits. */
export type RecordedAs = Pick<RowOutcome, 'outcome' | 'record' | 'proposal'>;

/** All rejections of a part: 16 MB of rows that nearly fit a form are no more than this. */
const KEPT_REJECTIONS = 20_000;

export interface PartReceipt {
  /** Counts a row of the part, whatever becomes of it. */
  read(): void;
  reject(number: number, problems: RowProblems): void;
  /** Keeps warnings with which a row is taken, beside those that it has. */
  warn(number: number, warnings: RowProblems): void;
  /** Counts a row as unchanged that states the same as the row `of`, which is not recorded yet. */
  repeat(number: number, of: number): void;
  /** Counts the rows that wait for a second person, and those that are unchanged by their proposals. */
  propose(outcomes: ReadonlyMap<number, RecordedAs>): void;
  /** Counts rows that were merged; the refused ones among them are rejected before. */
  merge(rows: readonly { readonly number: number; readonly row: RowIdentity }[], outcome: MergeOutcome): void;
  /**
   * The outcome of the part, once all its rows are recorded.
   * @param digest SHA-256 of the part's bytes, in hexadecimal
   */
  close(digest: string): PartOutcome;
}

/**
 * Creates the receipt of one part.
 * @param wantsRows whether the outcome of each row is kept, and not only of the rejected ones
 */
export function createPartReceipt(wantsRows: boolean): PartReceipt {
  const counts = { rows: 0, added: 0, corrected: 0, unchanged: 0, pending: 0, rejected: 0, warned: 0 };
  const rejectedRows: RejectedRow[] = [];
  const rowOutcomes = new Map<number, RowOutcome>();
  const warnings = new Map<number, RowProblems>();
  const repeated: { readonly number: number; readonly of: number }[] = [];
  const warned = new Set<number>();
  const keep = (row: number, recordedAs: RecordedAs): void =>
    void rowOutcomes.set(row, { row, ...recordedAs, problems: warnings.get(row) ?? [] });

  return {
    read() {
      counts.rows += 1;
    },
    reject(number, problems) {
      counts.rejected += 1;
      if (wantsRows) rowOutcomes.set(number, { row: number, outcome: 'REJECTED', record: null, problems });
      if (rejectedRows.length < KEPT_REJECTIONS) rejectedRows.push({ row: number, problems });
    },
    warn(number, problems) {
      if (!warned.has(number)) counts.warned += 1;
      warned.add(number);
      if (wantsRows) warnings.set(number, [...(warnings.get(number) ?? []), ...problems]);
    },
    repeat(number, of) {
      counts.unchanged += 1;
      if (wantsRows) repeated.push({ number, of });
    },
    propose(outcomes) {
      for (const [number, recordedAs] of outcomes) {
        counts[recordedAs.outcome === 'PENDING' ? 'pending' : 'unchanged'] += 1;
        if (wantsRows) keep(number, recordedAs);
      }
    },
    merge(rows, { added, corrected, unchanged, pending, rowResults }) {
      counts.added += added;
      counts.pending += pending;
      counts.corrected += corrected;
      counts.unchanged += unchanged;
      if (!wantsRows) return;
      for (const { number, row } of rows) {
        if (rowOutcomes.has(number)) continue;
        const { outcome, version } = rowResults.get(number) ?? { outcome: 'ADDED', version: 1 };
        keep(number, { outcome, record: { uscc: row.uscc, recordId: row.record_id, version } });
      }
    },
    close(digest) {
      rejectedRows.sort((a, b) => a.row - b.row);
      for (const { number, of } of repeated) {
        const { outcome, record = null, proposal = null } = rowOutcomes.get(of) ?? {};
        if (record ?? proposal)
          keep(number, { outcome: outcome === 'PENDING' ? outcome : 'UNCHANGED', record, proposal });
      }
      const byRow = wantsRows ? { rowOutcomes: [...rowOutcomes.values()].toSorted((a, b) => a.row - b.row) } : null;
      return { ...counts, digest, rejectedRows, ...byRow };
    },
  };
}
