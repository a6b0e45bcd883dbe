import { createHash, type Hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Form, FormField, ParsedRecord } from '#standards/forms/form.ts';
import type { RowResult } from '#standards/forms/parse.ts';
import { type RowRules, rowRulesOn } from '#standards/forms/rowRules.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { Rules } from '#standards/ruleSets.ts';
import { clientError } from '#kit/errors.ts';
import type { FilingIntake, FilingPart, PartOutcome, RejectedRow, SubgraphRuntime } from '#records/subgraph.ts';
import { promisedDelayHoursOn, type Scope } from '#records/sourceUnits.ts';
import { notAdmitted, notCorrectable } from './admission.ts';
import { type AfterMerge, createMerge, type Merge } from './merge.ts';
import { parsedRows } from './parsedRows.ts';
import { createPartReceipt, type PartReceipt, type RecordedAs } from './partReceipt.ts';
import { createStager, type FiledRow, type RecordTable, type StagedRow, textOf } from './record.ts';
import { createReplacement } from './replacement.ts';
import { createRowBatches } from './rowBatches.ts';
import { decode } from './text.ts';

/** What a row needs besides its own cells. */
export interface RowSurroundings {
  readonly viewer: Viewer;
  readonly part: FilingPart;
  /** The rules, and the day in Shanghai, as they are when the part begins: all its rows are judged alike. */
  readonly rules: Rules;
  readonly today: string;
  /** Columns outside the form, and values that could not be read; null when there are none. */
  readonly additionalFields: Readonly<Record<string, string>> | null;
  /** Takes the row with one more warning. */
  warn(problem: RowProblems[number]): void;
}

/** Why a row is not taken, or the warnings with which it is; in the order in which they were found. */
export type RowProblems = RejectedRow['problems'];

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

export interface FilingKind<Own extends string> {
  readonly kind: string;
  readonly form: Form;
  readonly table: RecordTable<Own>;
  /** The row to be recorded, or the reasons why there is none. */
  readonly toRow: (record: ParsedRecord, surroundings: RowSurroundings) => FiledRow<Own> | RowProblems;
  readonly afterMerge?: AfterMerge<Own>;
  readonly secondPerson?: SecondPerson<Own>;
  /** Whether its rows are acts of authorities (admission.ts). */
  readonly isAct?: boolean;
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
  const { kind, form, table, afterMerge, secondPerson, kindOfRow = null } = filing;
  const { pool, instants, digest, now } = runtime;
  const deps: IntakeDeps<Own> = {
    filing,
    runtime,
    merge: createMerge(table, pool, instants, afterMerge),
    stage: createStager(table, digest, afterMerge !== undefined || secondPerson !== undefined),
    pastDays: form.fields.filter(({ isPast }) => isPast),
    unitColumn: form.fields.find(({ name }) => name === 'sourceUnitUscc')?.column ?? '',
  };
  return Object.assign(
    (viewer: Viewer, part: FilingPart, bytes: Readable): Promise<PartOutcome> => takePart(deps, viewer, part, bytes),
    { replacement: createReplacement(table, kind, kindOfRow, pool, instants, () => shanghaiDay(now())) },
  );
}

/** What the parts of one kind of filing have in common. */
interface IntakeDeps<Own extends string> {
  readonly filing: FilingKind<Own>;
  readonly runtime: SubgraphRuntime;
  readonly merge: Merge<Own>;
  readonly stage: (number: number, row: FiledRow<Own>) => StagedRow<Own>;
  /** The days of the form that cannot lie after the day of filing. */
  readonly pastDays: readonly FormField[];
  /** The column of the form that names the source unit; empty where it has none. */
  readonly unitColumn: string;
}

/** What all rows of a part are judged by, as it was when the part began. */
interface Terms {
  readonly rules: Rules;
  readonly rowRules: RowRules;
  readonly today: string;
  /** What each registered source unit may file, by its code. */
  readonly scopes: ReadonlyMap<string, Scope>;
  readonly mayBeUnregistered: boolean;
  /** The promised delay of a unit that is not registered, in hours. */
  readonly promisedDelayHours: number;
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
  const batches = createRowBatches<Own>(receipt, (rows) => writeRows(deps, intake, rows));
  try {
    for await (const results of parsedRows(deps.filing.form, part, decode(hashed(bytes, hash)), rowRules)) {
      const judgedBy = await terms;
      for (const { number, result } of results) {
        receipt.read();
        const judged = judge(deps, intake, result, judgedBy);
        if ('problems' in judged) receipt.reject(number, judged.problems);
        else {
          if (judged.warnings.length > 0) receipt.warn(number, judged.warnings);
          batches.add(number, deps.stage(number, judged.row));
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

async function* hashed(bytes: Readable, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    hash.update(chunk);
    yield chunk;
  }
}

async function readTerms({ rules: ruleStore, units, now }: SubgraphRuntime, kind: string): Promise<Terms> {
  const today = shanghaiDay(now());
  const [rules, scopes] = await Promise.all([ruleStore.fresh(), units.scopes(kind)]);
  return {
    rules,
    rowRules: rowRulesOn(rules, today),
    today,
    scopes,
    mayBeUnregistered: rules.find('FILING', 'UNREGISTERED_UNITS_MAY_FILE', today)?.number === 1,
    promisedDelayHours: promisedDelayHoursOn(rules, today) ?? 0,
  };
}

const isRefusal = <Own extends string>(result: FiledRow<Own> | RowProblems): result is RowProblems =>
  Array.isArray(result);

/** The row as it is recorded, with the warnings about it, or the reasons why it is not taken. */
function judge<Own extends string>(
  { filing, pastDays, unitColumn }: IntakeDeps<Own>,
  { viewer, part }: PartIntake,
  result: RowResult,
  { rules, today, scopes, mayBeUnregistered }: Terms,
): { readonly row: FiledRow<Own>; readonly warnings: RowProblems } | { readonly problems: RowProblems } {
  if (!result.ok) return { problems: result.problems };
  const warnings: RowProblems[number][] = result.warnings;
  const toCome = checkDays(pastDays, result.record, today, warnings);
  if (toCome.length > 0) return { problems: toCome };
  const additionalFields = Object.keys(result.additionalFields).length > 0 ? result.additionalFields : null;
  const row = filing.toRow(result.record, {
    viewer,
    part,
    rules,
    today,
    additionalFields,
    warn: (problem) => void warnings.push(problem),
  });
  if (isRefusal(row)) return { problems: row };
  if (part.replaces && row.source_unit !== viewer.organisation) return { problems: [notOfReplacement(unitColumn)] };
  const refused = notAdmitted(viewer, row, {
    scope: scopes.get(row.source_unit),
    mayBeUnregistered,
    isAct: filing.isAct ?? false,
  });
  return refused ? { problems: [{ column: unitColumn, ...refused }] } : { row, warnings };
}

/**
 * What lies after today has not been decided: it would be found by nobody, and count as published in time.
 * @returns why the row is not taken; a day before the People's Republic is a warning
 */
function checkDays(
  fields: readonly FormField[],
  record: ParsedRecord,
  today: string,
  warnings: RowProblems[number][],
): RowProblems {
  const toCome: RowProblems[number][] = [];
  for (const { name, column, label } of fields) {
    const day = textOf(record, name);
    if (day === null) continue;
    if (day > today)
      toCome.push({
        column,
        code: 'BAD_PERIOD',
        message: `${label} is ${day}, which lies after today, ${today}: file it on that day or later.`,
      });
    else if (day < FIRST_DAY)
      warnings.push({ column, code: 'BAD_PERIOD', message: `${label} is ${day}, which lies before ${FIRST_DAY}.` });
  }
  return toCome;
}

/** No authority of the People's Republic decided anything before this day. */
const FIRST_DAY = '1949-10-01';

const notOfReplacement = (unitColumn: string): RowProblems[number] => ({
  column: unitColumn,
  code: 'NOT_YOURS',
  message: 'A full replacement has the records of your own organisation alone: name it as source unit.',
});

/** Records the rows of a batch; those that need a second person are proposed first, in a transaction of their own. */
async function writeRows<Own extends string>(
  { filing, runtime, merge, unitColumn }: IntakeDeps<Own>,
  { viewer, part, terms, receipt }: PartIntake,
  batched: readonly StagedRow<Own>[],
): Promise<void> {
  const { kind, secondPerson } = filing;
  let rows = batched;
  if (secondPerson) {
    const needsSecondPerson = (row: StagedRow<Own>): row is WholeRow<Own> =>
      row.whole !== null && secondPerson.isFor(viewer, row.whole);
    await proposeRows(secondPerson, viewer, part, receipt, batched.filter(needsSecondPerson));
    rows = batched.filter((row) => !needsSecondPerson(row));
  }
  if (rows.length === 0) return;
  const outcome = await merge(rows, {
    viewer,
    filingId: part.filingId,
    kind,
    now: runtime.now(),
    promisedDelayHours: (await terms).promisedDelayHours,
    notesSeen: part.replaces ?? false,
    refuseCorrection: (currentVersion) => notCorrectable(viewer, currentVersion),
  });
  for (const { number, problem } of outcome.refused) receipt.reject(number, [{ column: unitColumn, ...problem }]);
  receipt.merge(rows, outcome);
}

async function proposeRows<Own extends string>(
  secondPerson: SecondPerson<Own>,
  viewer: Viewer,
  part: FilingPart,
  receipt: PartReceipt,
  rows: readonly WholeRow<Own>[],
): Promise<void> {
  if (rows.length === 0) return;
  const { outcomes, refused } = await secondPerson.propose(viewer, rows, part);
  for (const { number, problem } of refused) receipt.reject(number, [{ column: '', ...problem }]);
  receipt.propose(outcomes);
}
