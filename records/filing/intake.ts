import { createHash, type Hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import { columnOf } from '#standards/forms/form.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { clientError } from '#kit/errors.ts';
import type { FilingIntake, FilingPart, PartOutcome, SubgraphRuntime } from '#records/subgraph.ts';
import { notCorrectable } from './admission.ts';
import { createConflictDecision } from './conflictDecision.ts';
import { SUBJECT_NAME } from './content.ts';
import { createEntityRegister } from './entityRegister.ts';
import {
  createJudge,
  type Judge,
  type JudgedKind,
  readTerms,
  type RowProblems,
  type TakenRow,
  type Terms,
} from './judgement.ts';
import { type AfterMerge, createMerge, type Merge, type MergeOutcome } from './merge.ts';
import { parsedRows } from './parsedRows.ts';
import { createPartReceipt, type PartReceipt, type RecordedAs } from './partReceipt.ts';
import { createStager, type FiledRow, type RecordTable, type StagedRow } from './record.ts';
import { createReplacement } from './replacement.ts';
import { createRowBatches } from './rowBatches.ts';
import { createNameCheck, type FiledSubject, type NameCheck } from './subjectNames.ts';
import { decode } from './text.ts';

export type { RowProblems, RowSurroundings } from './judgement.ts';

/** The outcome of rows that one person may not write alone. */
export interface ProposedRows {
  /** By the row's number: the proposal that waits, or the record that already states all of it. */
  readonly outcomes: ReadonlyMap<number, RecordedAs>;
  readonly refused: readonly { readonly number: number; readonly problem: Omit<RowProblems[number], 'column'> }[];
}

/** Rows that wait for a second person. */
export interface SecondPerson<Own extends string> {
  /** Whether this row needs a second person. */
  readonly isFor: (viewer: Viewer, row: FiledRow<Own>) => boolean;
  /**
   * Keeps the rows, in one transaction, until a second person decides. Safe to run twice: a row that waits already
   * waits once.
   */
  readonly propose: (viewer: Viewer, rows: readonly WholeRow<Own>[], part: FilingPart) => Promise<ProposedRows>;
}

export type WholeRow<Own extends string> = StagedRow<Own> & { readonly whole: FiledRow<Own> };

export interface FilingKind<Own extends string> extends JudgedKind<Own> {
  readonly kind: string;
  readonly table: RecordTable<Own>;
  readonly afterMerge?: AfterMerge<Own>;
  readonly secondPerson?: SecondPerson<Own>;
  /**
   * The subject of each row is held against the register of entities: its name (subjectNames.ts), and its code where
   * the row has an older identifier alone (subjectCodes.ts). The subgraph's role needs the functions of the register
   * (entityRegister.ts). Left out: rows are taken as they name their subject.
   */
  readonly asksRegister?: true;
  /** Where the table holds several kinds of filing: the value of its column `kind`. */
  readonly kindOfRow?: string;
}

/**
 * Creates the intake of one kind of filing. It reads a stream in constant memory: while the database takes one batch,
 * the next is parsed, and then the stream has to wait. Batches are committed one by one. After a failure the part is
 * sent again, and what was recorded counts as it did the first time, so the outcome is that of a part that arrived in
 * one go.
 *
 * Of rows with the same natural key in one batch the last is taken: equal ones before it count as unchanged, different
 * ones are rejected as DUPLICATE. In a later batch such a row is a correction, and an equal one counts as the first
 * did.
 *
 * @throws UNAUTHORIZED_FIELD_OR_TYPE when the viewer may not file; BAD_USER_INPUT, which names row and column, when the
 * file is not in the form, before anything of it is recorded, or when it stops being CSV half way
 */
export function createFilingIntake<Own extends string>(
  filing: FilingKind<Own>,
  runtime: SubgraphRuntime,
): FilingIntake {
  const { kind, form, table, afterMerge, secondPerson, asksRegister = false, kindOfRow = null } = filing;
  const { pool, instants, digest, now } = runtime;
  const register = asksRegister ? createEntityRegister(pool) : null;
  const deps: IntakeDeps<Own> = {
    filing,
    runtime,
    merge: createMerge(table, pool, instants, afterMerge),
    stage: createStager(table, digest, afterMerge !== undefined || secondPerson !== undefined),
    judge: createJudge(filing, register),
    unitColumn: columnOf(form, 'sourceUnitUscc'),
    checkNames: register && createNameCheck(register, columnOf(form, SUBJECT_NAME)),
  };
  return Object.assign(
    (viewer: Viewer, part: FilingPart, bytes: Readable): Promise<PartOutcome> => takePart(deps, viewer, part, bytes),
    {
      replacement: createReplacement(table, kind, kindOfRow, pool, instants, () => shanghaiDay(now())),
      decideConflict: createConflictDecision(table, pool, instants),
    },
  );
}

/** What the parts of one kind of filing have in common. */
interface IntakeDeps<Own extends string> {
  readonly filing: FilingKind<Own>;
  readonly runtime: SubgraphRuntime;
  readonly merge: Merge<Own>;
  readonly stage: (number: number, row: FiledRow<Own>) => StagedRow<Own>;
  readonly judge: Judge<Own>;
  /** The column of the form that names the source unit; empty where it has none. */
  readonly unitColumn: string;
  /** Null where names are not compared. */
  readonly checkNames: NameCheck | null;
}

/** A part on its way into the tables. */
interface PartIntake {
  readonly viewer: Viewer;
  readonly part: FilingPart;
  readonly terms: Promise<Terms>;
  readonly receipt: PartReceipt;
}

async function takePart<Own extends string>(
  deps: IntakeDeps<Own>,
  viewer: Viewer,
  part: FilingPart,
  bytes: Readable,
): Promise<PartOutcome> {
  if (!may(viewer, 'filing:create')) throw clientError('UNAUTHORIZED_FIELD_OR_TYPE', 'Your role may not file records.');
  const terms = readTerms(deps.runtime, deps.filing.kind);
  terms.catch(() => {}); // awaited with the first rows, when the stream is read and its errors are handled
  const rowRules = terms.then((read) => read.rowRules);
  rowRules.catch(() => {});
  const hash = createHash('sha256');
  const receipt = createPartReceipt(part.wantsRows ?? false);
  const intake: PartIntake = { viewer, part, terms, receipt };
  const batches = createRowBatches<Own>(receipt, (rows, subjects) => writeRows(deps, intake, rows, subjects));
  try {
    for await (const results of parsedRows(deps.filing.form, part, decode(hashed(bytes, hash)), rowRules)) {
      for (const { number, judged } of await deps.judge(intake, results, await terms)) {
        receipt.read();
        if ('problems' in judged) receipt.reject(number, judged.problems);
        else {
          if (judged.warnings.length > 0) receipt.warn(number, judged.warnings);
          batches.add(number, deps.stage(number, judged.row), deps.checkNames ? subjectOf(number, judged) : null);
        }
        if (batches.isFull()) await batches.flush();
      }
    }
    await batches.flush();
  } finally {
    await batches.settled();
  }
  return receipt.close(hash.digest('hex'));
}

/** The subject of a row that is taken; null where the row does not name it. */
const subjectOf = <Own extends string>(number: number, { row, subjectName }: TakenRow<Own>): FiledSubject | null =>
  subjectName === null ? null : { number, uscc: row.uscc, name: subjectName };

async function* hashed(bytes: Readable, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    hash.update(chunk);
    yield chunk;
  }
}

/**
 * Records the rows of a batch; those that need a second person are proposed first, in a transaction of their own. The
 * names of their subjects are compared meanwhile, on another connection.
 */
async function writeRows<Own extends string>(
  deps: IntakeDeps<Own>,
  intake: PartIntake,
  batched: readonly StagedRow<Own>[],
  subjects: readonly FiledSubject[],
): Promise<void> {
  const { viewer, part, receipt } = intake;
  const { secondPerson } = deps.filing;
  const terms = await intake.terms;
  const comparing = deps.checkNames?.(viewer, subjects, terms.today) ?? Promise.resolve([]);
  comparing.catch(() => {}); // awaited below, unless recording fails before
  const needsSecondPerson = (row: StagedRow<Own>): row is WholeRow<Own> =>
    secondPerson !== undefined && row.whole !== null && secondPerson.isFor(viewer, row.whole);
  const toPropose = batched.filter(needsSecondPerson);
  const rows = toPropose.length === 0 ? batched : batched.filter((row) => !needsSecondPerson(row));
  const proposed = toPropose.length > 0 ? await secondPerson?.propose(viewer, toPropose, part) : undefined;
  const merged = rows.length > 0 ? await mergeRows(deps, intake, rows, terms) : undefined;
  // A receipt says of each row what it warns of when it says what became of it.
  for (const { row, problem } of await comparing) receipt.warn(row.number, [problem]);
  if (proposed) {
    for (const { number, problem } of proposed.refused) receipt.reject(number, [{ column: '', ...problem }]);
    receipt.propose(proposed.outcomes);
  }
  if (merged) {
    for (const { number, problem } of merged.refused) receipt.reject(number, [{ column: deps.unitColumn, ...problem }]);
    for (const { number, problem } of merged.disputed) receipt.warn(number, [{ column: deps.unitColumn, ...problem }]);
    receipt.merge(rows, merged);
  }
}

const mergeRows = <Own extends string>(
  { filing, runtime, merge }: IntakeDeps<Own>,
  { viewer, part }: PartIntake,
  rows: readonly StagedRow<Own>[],
  { scopes, promisedDelayHours }: Terms,
): Promise<MergeOutcome> =>
  merge(rows, {
    viewer,
    filingId: part.filingId,
    kind: filing.kind,
    now: runtime.now(),
    promisedDelayHours,
    notesSeen: part.replaces ?? false,
    refuseCorrection: (currentVersion) => notCorrectable(viewer, currentVersion),
    isEntitled: (unit) => scopes.has(unit),
  });
