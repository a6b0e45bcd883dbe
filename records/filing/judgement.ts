import type { Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { organisationCodeWarning } from '#standards/forms/checks.ts';
import { columnOf, type Form, type FormField, type ParsedRecord } from '#standards/forms/form.ts';
import type { RowResult } from '#standards/forms/parse.ts';
import { type RowRules, rowRulesOn } from '#standards/forms/rowRules.ts';
import type { Rules } from '#standards/ruleSets.ts';
import { promisedDelayHoursOn, type Scope } from '#records/sourceUnits.ts';
import type { FilingPart, RejectedRow, SubgraphRuntime } from '#records/subgraph.ts';
import { notAdmitted } from './admission.ts';
import { SUBJECT_NAME } from './content.ts';
import type { EntityRegister } from './entityRegister.ts';
import type { NumberedResult } from './parsedRows.ts';
import { type FiledRow, textOf } from './record.ts';
import { createSubjectResolution } from './subjectCodes.ts';

// What becomes of a row that was read, before it is recorded: the columns of a record, or why there is none.

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
  /** Takes the row as the record of this id where that states the same (`FilingKind.findFormer`). */
  formerly(recordId: string): void;
}

/** Why a row is not taken, or the warnings with which it is; in the order in which they were found. */
export type RowProblems = RejectedRow['problems'];

/** What decides about the rows of one kind of filing. */
export interface JudgedKind<Own extends string> {
  readonly form: Form;
  /** The row to be recorded, or the reasons why there is none. */
  readonly toRow: (record: ParsedRecord, surroundings: RowSurroundings) => FiledRow<Own> | RowProblems;
  /** Whether its rows are acts of authorities (admission.ts). */
  readonly isAct?: boolean;
  /**
   * Which of the rows state the same as the record that they may have been before their natural key was changed; left
   * out: no key was. Rows whose `toRow` names no such record are not asked about.
   */
  readonly findFormer?: (rows: readonly FormerRow<Own>[]) => Promise<ReadonlySet<FormerRow<Own>>>;
}

/** A row with the id of the record that it may have been before. */
export interface FormerRow<Own extends string> {
  readonly row: FiledRow<Own>;
  readonly formerId: string;
}

/** A row as it is recorded, with the warnings about it. */
export interface TakenRow<Own extends string> {
  readonly row: FiledRow<Own>;
  readonly warnings: RowProblems;
  /** The name of the subject as filed; null where the form has none. */
  readonly subjectName: string | null;
  readonly formerId: string | null;
}

/** A row of a part that is taken, or the reasons why it is not. */
export interface Judgement<Own extends string> {
  readonly number: number;
  readonly judged: TakenRow<Own> | { readonly problems: RowProblems };
}

/** What all rows of a part are judged by, as it was when the part began. */
export interface Terms {
  readonly rules: Rules;
  readonly rowRules: RowRules;
  readonly today: string;
  /** What each registered source unit may file, by its code. */
  readonly scopes: ReadonlyMap<string, Scope>;
  readonly mayBeUnregistered: boolean;
  /** The promised delay of a unit that is not registered, in hours. */
  readonly promisedDelayHours: number;
}

/** A part, and who files it. */
export interface JudgedPart {
  readonly viewer: Viewer;
  readonly part: FilingPart;
}

/**
 * Judges a piece of the rows of a part. The database is asked about the few alone that name no code, or that may be the
 * record of a former id.
 */
export type Judge<Own extends string> = (
  part: JudgedPart,
  results: readonly NumberedResult[],
  terms: Terms,
) => Promise<readonly Judgement<Own>[]>;

interface JudgeDeps<Own extends string> {
  readonly filing: JudgedKind<Own>;
  /** The days of the form that cannot lie after the day of filing. */
  readonly pastDays: readonly FormField[];
  /** The column of the form that names the source unit; empty where it has none. */
  readonly unitColumn: string;
}

/** @param register resolves the subjects of rows without a code; null: such rows are left to `toRow` */
export function createJudge<Own extends string>(filing: JudgedKind<Own>, register: EntityRegister | null): Judge<Own> {
  const { form, findFormer } = filing;
  const deps: JudgeDeps<Own> = {
    filing,
    pastDays: form.fields.filter(({ isPast }) => isPast),
    unitColumn: columnOf(form, 'sourceUnitUscc'),
  };
  const resolve = register && createSubjectResolution(register, form);
  return async (part, results, terms) => {
    const named = resolve ? await resolve(part.viewer, results, terms.today) : results;
    const judgements = named.map(({ number, result }) => ({ number, judged: judge(deps, part, result, terms) }));
    return findFormer ? await asFormer(judgements, findFormer) : judgements;
  };
}

/** The rows, each with its former id where the record of that id states the same. */
async function asFormer<Own extends string>(
  judgements: readonly Judgement<Own>[],
  findFormer: NonNullable<JudgedKind<Own>['findFormer']>,
): Promise<readonly Judgement<Own>[]> {
  const asked = judgements.flatMap(({ number, judged }) =>
    'row' in judged && judged.formerId !== null ? [{ number, row: judged.row, formerId: judged.formerId }] : [],
  );
  if (asked.length === 0) return judgements;
  const found = await findFormer(asked);
  const formerIds = new Map(asked.filter((row) => found.has(row)).map(({ number, formerId }) => [number, formerId]));
  return judgements.map((each) => {
    const formerId = formerIds.get(each.number);
    if (formerId === undefined || !('row' in each.judged)) return each;
    return { ...each, judged: { ...each.judged, row: { ...each.judged.row, record_id: formerId } } };
  });
}

/** What the rows of a part are judged by, as it is now. */
export async function readTerms({ rules: ruleStore, units, now }: SubgraphRuntime, kind: string): Promise<Terms> {
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
  { filing, pastDays, unitColumn }: JudgeDeps<Own>,
  { viewer, part }: JudgedPart,
  result: RowResult,
  { rules, today, scopes, mayBeUnregistered }: Terms,
): Judgement<Own>['judged'] {
  if (!result.ok) return { problems: result.problems };
  const warnings: RowProblems[number][] = result.warnings;
  const mismatch = organisationCodeWarning(filing.form, result.record);
  if (mismatch) warnings.push(mismatch);
  const toCome = checkDays(pastDays, result.record, today, warnings);
  if (toCome.length > 0) return { problems: toCome };
  let formerId: string | null = null;
  const additionalFields = Object.keys(result.additionalFields).length > 0 ? result.additionalFields : null;
  const row = filing.toRow(result.record, {
    viewer,
    part,
    rules,
    today,
    additionalFields,
    warn: (problem) => void warnings.push(problem),
    formerly: (recordId) => void (formerId = recordId),
  });
  if (isRefusal(row)) return { problems: row };
  if (part.replaces && row.source_unit !== viewer.organisation) return { problems: [notOfReplacement(unitColumn)] };
  const refused = notAdmitted(viewer, row, {
    scope: scopes.get(row.source_unit),
    mayBeUnregistered,
    isAct: filing.isAct ?? false,
  });
  if (refused) return { problems: [{ column: unitColumn, ...refused }] };
  return { row, warnings, subjectName: textOf(result.record, SUBJECT_NAME), formerId };
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
