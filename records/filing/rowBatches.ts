import type { StagedRow } from './record.ts';
import type { PartReceipt } from './partReceipt.ts';
import type { FiledSubject } from './subjectNames.ts';

const BATCH_ROWS = 5000;
const BATCH_BYTES = 8 * 1024 * 1024;

/** The rows of a part that are judged and not yet recorded. */
export interface RowBatches<Own extends string> {
  /**
   * Adds a row to the batch. Of rows with the same natural key the last is taken: an equal one before it makes it
   * unchanged, a different one before it is rejected as DUPLICATE.
   * @param subject whose name is to be compared with the register, also where the row is not taken
   */
  add(number: number, staged: StagedRow<Own>, subject: FiledSubject | null): void;
  /** Whether the batch has 5 000 rows, 8 MiB or 10 000 subjects: a file may repeat one row a million times. */
  isFull(): boolean;
  /** Begins to write the batch when the one before it is written, and continues with an empty one. */
  flush(): Promise<void>;
  /** Resolves when nothing is being written. A failed write is thrown by this and by the next `flush`. */
  settled(): Promise<void>;
}

/**
 * Creates the batches of one part: while one is written the next is filled, and one that is full waits for the other.
 * @param write records rows, of which no two have the same natural key
 */
export function createRowBatches<Own extends string>(
  receipt: Pick<PartReceipt, 'reject' | 'repeat'>,
  write: (rows: readonly StagedRow<Own>[], subjects: readonly FiledSubject[]) => Promise<void>,
): RowBatches<Own> {
  let batch = new Map<string, StagedRow<Own>>();
  let batchBytes = 0;
  let subjects: FiledSubject[] = [];
  let writing: Promise<void> = Promise.resolve();
  return {
    add(number, staged, subject) {
      if (subject) subjects.push(subject);
      const before = batch.get(staged.key);
      if (before?.digest === staged.digest) return receipt.repeat(number, before.number);
      if (before)
        receipt.reject(before.number, [
          {
            column: '',
            code: 'DUPLICATE',
            message: `Row ${number} has the same record with other content and was taken in its place.`,
          },
        ]);
      batch.set(staged.key, staged);
      batchBytes += staged.end - staged.start;
    },
    isFull: () => batch.size >= BATCH_ROWS || batchBytes >= BATCH_BYTES || subjects.length >= 2 * BATCH_ROWS,
    async flush() {
      await writing;
      if (batch.size === 0) return;
      writing = write([...batch.values()], subjects);
      writing.catch(() => {}); // awaited before the next batch and at the end
      batch = new Map();
      batchBytes = 0;
      subjects = [];
    },
    settled: () => writing,
  };
}
