import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Form, ParsedRecord } from '#standards/forms/form.ts';
import { isRejectedFile, readHeader } from '#standards/forms/header.ts';
import { createRowParser, parseRow, type RowResult } from '#standards/forms/parse.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { restored } from '#standards/spreadsheetFormulas.ts';
import type { Rules } from '#standards/ruleSets.ts';
import { badInput, clientError } from '../errors.ts';
import type { FilingDoor, FilingPart, PartOutcome, RejectedRow, RowOutcome, Workshop } from '../subgraph.ts';
import { notAdmitted, notCorrectable, type OwnedRow } from './admission.ts';
import { type AfterMerge, createMerge } from './merge.ts';
import { createStager, type FiledRow, type RecordTable, type StagedRow } from './record.ts';
import { createReplacement } from './replacement.ts';
import { csvRows, jsonRows } from './rows.ts';
import { pathOfBadText } from '../text.ts';
import { promisedDelayHoursOn } from '../sourceUnits.ts';
import { decode } from './text.ts';

/** What a row needs beside its own cells. */
export interface RowSurroundings {
  readonly viewer: Viewer;
  readonly part: FilingPart;
  /** As they are when the part begins: all its rows are judged alike. */
  readonly rules: Rules;
  /** Columns outside the form, and values that could not be read; null when there are none. */
  readonly additionalFields: Readonly<Record<string, string>> | null;
  /** Takes the row with one more warning. */
  warn(problem: RowProblems[number]): void;
}

export type RowProblems = RejectedRow['problems'];

/** What became of rows that one person may not write alone. */
export interface ProposedRows {
  /** By the row's number: the proposal that waits, or the record that states all that already. */
  readonly outcomes: ReadonlyMap<number, Pick<RowOutcome, 'outcome' | 'record' | 'proposal'>>;
  readonly refused: readonly { readonly number: number; readonly problem: Omit<RowProblems[number], 'column'> }[];
}

/** Rows that wait for a second person. */
export interface SecondPerson<Own extends string> {
  /** Whether this row is such a one. */
  readonly isFor: (viewer: Viewer, row: FiledRow<Own>) => boolean;
  /** Keeps them until somebody else decides, in one transaction. Safe to run twice: what waits already, waits once. */
  readonly propose: (viewer: Viewer, rows: readonly WholeRow<Own>[], part: FilingPart) => Promise<ProposedRows>;
}

export type WholeRow<Own extends string> = StagedRow<Own> & { readonly whole: FiledRow<Own> };

export interface FilingKind<Own extends string> {
  readonly kind: string;
  readonly form: Form;
  readonly table: RecordTable<Own>;
  /** The row to be recorded, or why there is none. */
  readonly toRow: (record: ParsedRecord, surroundings: RowSurroundings) => FiledRow<Own> | RowProblems;
  readonly afterMerge?: AfterMerge<Own>;
  readonly secondPerson?: SecondPerson<Own>;
  /** Where the table holds several kinds of filing: the value of its column `kind`. */
  readonly kindOfRow?: string;
}

const BATCH_ROWS = 5000;
const BATCH_BYTES = 8 * 1024 * 1024;
/** All of a part: 16 MB of rows that are near being in a form are no more. */
const KEPT_REJECTIONS = 20_000;

const isRefusal = <Own extends string>(result: FiledRow<Own> | RowProblems): result is RowProblems => Array.isArray(result);

/**
 * The door of one kind of filing. It reads a stream in constant memory: while the database takes one batch the next is parsed, and
 * then the stream has to wait. Batches are committed one by one; after a failure the part is sent again, and what was
 * recorded counts as what it was recorded as: the outcome is that of a part that arrived in one go.
 *
 * Of rows with the same natural key in one batch the last is taken: equal ones before it count as unchanged, different ones
 * are rejected as DUPLICATE. In a later batch such a row is a correction, and an equal one counts as the first did.
 *
 * @throws UNAUTHORIZED_FIELD_OR_TYPE when the viewer may not file; BAD_USER_INPUT that names row and column when the file is
 *         not in the form, before anything of it is recorded, or when it stops being CSV half way
 */
export function createFilingDoor<Own extends string>({ kind, form, table, toRow, afterMerge, secondPerson, kindOfRow }: FilingKind<Own>, { pool, instants, rules: ruleBook, units, digest, now }: Workshop): FilingDoor {
  const merge = createMerge(table, pool, instants, afterMerge);
  const stage = createStager(table, digest, afterMerge !== undefined || secondPerson !== undefined);

  const file = async (viewer: Viewer, part: FilingPart, bytes: Readable): Promise<PartOutcome> => {
    if (!may(viewer, 'filing:create')) throw clientError('UNAUTHORIZED_FIELD_OR_TYPE', 'Your role may not file records.');
    const today = shanghaiDay(now());
    const asked = Promise.all([ruleBook.fresh(), units.scopes(kind)]).then(([rules, scopes]) => ({
      rules,
      scopes,
      mayBeUnregistered: rules.find('FILING', 'UNREGISTERED_UNITS_MAY_FILE', today)?.number === 1,
      promisedDelayHours: promisedDelayHoursOn(rules, today) ?? 0,
    }));
    asked.catch(() => {}); // awaited with the first rows, when the stream is read and its errors are heard
    const hash = createHash('sha256');
    const counts = { rows: 0, added: 0, corrected: 0, unchanged: 0, pending: 0, rejected: 0, warned: 0 };
    const rejectedRows: RejectedRow[] = [];
    const rowOutcomes = new Map<number, RowOutcome>();
    const warnings = new Map<number, RowProblems>();
    const told = (row: number, outcome: Pick<RowOutcome, 'outcome' | 'record' | 'proposal'>): void => void rowOutcomes.set(row, { row, ...outcome, problems: warnings.get(row) ?? [] });
    const reject = (number: number, problems: RowProblems): void => {
      counts.rejected += 1;
      if (part.wantsRows) rowOutcomes.set(number, { row: number, outcome: 'REJECTED', record: null, problems });
      if (rejectedRows.length < KEPT_REJECTIONS) rejectedRows.push({ row: number, problems });
    };
    const unitColumn = form.fields.find(({ name }) => name === 'sourceUnitUscc')?.column ?? '';
    const replacesOthers: RowProblems = [
      { column: unitColumn, code: 'NOT_YOURS', message: 'A full replacement has the records of your own organisation alone: name it as source unit.' },
    ];
    const refuseCorrection = (standing: OwnedRow) => notCorrectable(viewer, standing);

    let batch = new Map<string, StagedRow<Own>>();
    const twins: { readonly number: number; readonly of: number }[] = [];
    let batchBytes = 0;
    let writing: Promise<void> = Promise.resolve();
    const needsSecondPerson = (row: StagedRow<Own>): row is WholeRow<Own> => row.whole !== null && secondPerson !== undefined && secondPerson.isFor(viewer, row.whole);
    const propose = async (rows: readonly WholeRow<Own>[]): Promise<void> => {
      if (rows.length === 0 || !secondPerson) return;
      const { outcomes, refused } = await secondPerson.propose(viewer, rows, part);
      for (const { number, problem } of refused) reject(number, [{ column: '', ...problem }]);
      for (const [number, outcome] of outcomes) {
        counts[outcome.outcome === 'PENDING' ? 'pending' : 'unchanged'] += 1;
        if (part.wantsRows) told(number, outcome);
      }
    };
    const write = async (batched: readonly StagedRow<Own>[]): Promise<void> => {
      await propose(batched.filter(needsSecondPerson));
      const rows = secondPerson ? batched.filter((row) => !needsSecondPerson(row)) : batched;
      if (rows.length === 0) return;
      const outcome = await merge(rows, { viewer, filingId: part.filingId, kind, now: now(), promisedDelayHours: (await asked).promisedDelayHours, notesSeen: part.replaces ?? false, refuseCorrection });
      counts.added += outcome.added;
      counts.corrected += outcome.corrected;
      counts.unchanged += outcome.unchanged;
      for (const { number, problem } of outcome.refused) reject(number, [{ column: unitColumn, ...problem }]);
      if (!part.wantsRows) return;
      for (const { number, row } of rows) {
        const fate = outcome.fates.get(number) ?? { outcome: 'ADDED', version: 1 };
        if (!rowOutcomes.has(number)) told(number, { outcome: fate.outcome, record: { uscc: row.uscc, recordId: row.record_id, version: fate.version } });
      }
    };
    const flush = async (): Promise<void> => {
      await writing;
      if (batch.size === 0) return;
      writing = write([...batch.values()]);
      writing.catch(() => {}); // awaited before the next batch and at the end
      batch = new Map();
      batchBytes = 0;
    };
    const take = (number: number, staged: StagedRow<Own>): void => {
      const before = batch.get(staged.key);
      if (before?.digest === staged.digest) {
        counts.unchanged += 1;
        if (part.wantsRows) twins.push({ number, of: before.number });
        return;
      }
      if (before) reject(before.number, [{ column: '', code: 'DUPLICATE', message: `Row ${number} has the same record with other content and was taken in its place.` }]);
      batch.set(staged.key, staged);
      batchBytes += staged.end - staged.start;
    };

    const handle = (number: number, result: RowResult, { rules, scopes, mayBeUnregistered }: Awaited<typeof asked>): void => {
      counts.rows += 1;
      if (!result.ok) return reject(number, result.problems);
      const warned: RowProblems[number][] = result.warnings;
      const additionalFields = Object.keys(result.additionalFields).length > 0 ? result.additionalFields : null;
      const row = toRow(result.record, { viewer, part, rules, additionalFields, warn: (problem) => void warned.push(problem) });
      if (isRefusal(row)) return reject(number, row);
      if (part.replaces && row.source_unit !== viewer.organisation) return reject(number, replacesOthers);
      const refused = notAdmitted(viewer, row, { scope: scopes.get(row.source_unit), mayBeUnregistered });
      if (refused) return reject(number, [{ column: unitColumn, ...refused }]);
      if (warned.length > 0) {
        counts.warned += 1;
        if (part.wantsRows) warnings.set(number, warned);
      }
      take(number, stage(number, row));
    };

    try {
      for await (const results of parsedRows(form, part, decode(hashed(bytes, hash)))) {
        const judgedBy = await asked;
        for (const { number, result } of results) {
          handle(number, result, judgedBy);
          if (batch.size >= BATCH_ROWS || batchBytes >= BATCH_BYTES) await flush();
        }
      }
      await flush();
    } finally {
      await writing;
    }
    rejectedRows.sort((a, b) => a.row - b.row);
    for (const { number, of } of twins) {
      const { outcome, record = null, proposal = null } = rowOutcomes.get(of) ?? {};
      if (record ?? proposal) told(number, { outcome: outcome === 'PENDING' ? outcome : 'UNCHANGED', record, proposal });
    }
    const byRow = part.wantsRows ? { rowOutcomes: [...rowOutcomes.values()].toSorted((a, b) => a.row - b.row) } : null;
    return { ...counts, digest: hash.digest('hex'), rejectedRows, ...byRow } satisfies PartOutcome;
  };
  return Object.assign(file, { replacement: createReplacement(table, kind, kindOfRow ?? null, pool, instants, () => shanghaiDay(now())) });
}

async function* hashed(bytes: Readable, hash: ReturnType<typeof createHash>): AsyncGenerator<Buffer> {
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    hash.update(chunk);
    yield chunk;
  }
}

interface NumberedResult {
  readonly number: number;
  readonly result: RowResult;
}

async function* parsedRows(form: Form, { format, wantsRows = false }: FilingPart, text: AsyncIterable<string>): AsyncGenerator<NumberedResult[]> {
  // In a batch that is answered row by row each row says for itself what it lacks.
  let isChecked = wantsRows;
  if (format === 'NDJSON') {
    for await (const lines of jsonRows(text)) {
      const [first] = lines;
      if (!isChecked && first) {
        checkHeader(form, first.number, Object.keys(first.object ?? {}));
        isChecked = true;
      }
      yield lines.map(({ number, object }) => ({ number, result: object ? (badCharacters(object) ?? parseRow(form, object)) : noObject }));
    }
  } else {
    let parse: ReturnType<typeof createRowParser> | null = null;
    let header: readonly string[] = [];
    let isRestored = false; // its cells are as they may be opened (standards/spreadsheetFormulas.ts)
    for await (const rows of csvRows(text)) {
      const results: NumberedResult[] = [];
      for (const { number, cells: written } of rows) {
        isRestored ||= parse === null && isRejectedFile(written);
        const cells = isRestored ? written.map(restored) : written;
        if (parse) results.push({ number, result: brokenCharacters(header, cells) ?? parse(cells) });
        else {
          parse = createRowParser(checkHeader(form, number, cells));
          header = cells;
          isChecked = true;
        }
      }
      yield results;
    }
  }
  if (!isChecked) checkHeader(form, 1, []);
}

const noObject: RowResult = { ok: false, problems: [{ column: '', code: 'BAD_FORM', message: 'The line is no JSON object, or has more than 32 levels or 10 000 members.' }] };

function checkHeader(form: Form, number: number, columns: readonly string[]) {
  const read = readHeader(form, columns);
  if (read.ok) return read.header;
  const wrong = read.problems.map(({ column }) => column).join(', ');
  throw badInput('part', read.problems[0]?.code ?? 'BAD_FORM', `Row ${number}, column ${wrong}: ${read.problems.map(({ message }) => message).join(' ')}`, `the columns of the form ${form.kind} (${form.source})`);
}

const notInForm = (column: string, message: string): RowResult => ({ ok: false, problems: [{ column, code: 'BAD_FORM', message }] });
const UNSTORABLE = 'The value has a character that no record can hold: U+0000, or half of a surrogate pair.';

/** Of all that the row has, what is kept beside the form as well. */
function badCharacters(object: Readonly<Record<string, unknown>>): RowResult | null {
  const path = pathOfBadText(object);
  return path && notInForm(path[0] ?? '', UNSTORABLE);
}

function brokenCharacters(header: readonly string[], cells: readonly string[]): RowResult | null {
  const undecoded = cells.findIndex((cell) => cell.includes('\uFFFD'));
  // U+0000 in a cell is what a spreadsheet's export left behind: the reader drops it (standards/forms/parse.ts).
  return undecoded < 0 ? null : notInForm(header[undecoded] ?? '', 'The cell has bytes that are no character of the file’s encoding.');
}
