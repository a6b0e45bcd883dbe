import type { CodeList } from '#standards/codeList.ts';
import type { RowRules } from './rowRules.ts';

/** The kinds of administrative act beside licence and penalty (国办发〔2019〕35号 第十五条). */
export type OtherActKind =
  'compulsion' | 'confirmation' | 'levy' | 'payment' | 'adjudication' | 'compensation' | 'reward' | 'inspection';

export type FormKind =
  | 'entity'
  | 'licence'
  | 'penalty'
  | OtherActKind
  | 'commitment'
  | 'name-list'
  | 'evaluation'
  | 'judicial-record'
  | 'complaint';

/**
 * What a cell becomes under the field's name; null when the cell is empty or says 无, / or — —.
 * - text: trimmed string · list: string[] split at `;` · documentNo: as text, and under `also` its normalised spelling
 * - date: 'YYYY-MM-DD' · dateOrLongTerm: the same, null for 2099/12/31, and `also` says whether it was that (boolean)
 * - uscc: the normalised code · identifier: the normalised value of `scheme`
 * - money10k: 万元 as fen (bigint), and under `also` the text as filed
 * - decimal: decimal text without needless zeros · code: one code, and under `also` the text after 其他 · codes:
 *   string[], likewise
 * - division: a six-digit code · indicators: { code, score, max }[] from `CODE:score/max;…`
 */
export type FieldType =
  | 'text'
  | 'list'
  | 'documentNo'
  | 'date'
  | 'dateOrLongTerm'
  | 'uscc'
  | 'identifier'
  | 'money10k'
  | 'decimal'
  | 'code'
  | 'codes'
  | 'division'
  | 'indicators';

export interface FormField {
  /** The column code of the form (XK_WSH). */
  column: string;
  /** Our English name, in the parsed record. */
  name: string;
  /** The Chinese label, which also names the column in files. */
  label: string;
  /** Other headers for the same column: older editions and other spellings of the label. */
  aliases?: readonly string[];
  type: FieldType;
  /**
   * Longest text in characters. A longer one is a warning, and a rejection where the rule is `reject` and the length is
   * sure.
   */
  maxLength?: number;
  /**
   * reject: a row without it, or with a bad value, is refused. warn: a missing or bad value is reported, and null.
   * optional: a bad value is reported, and null.
   */
  rule: 'reject' | 'warn' | 'optional';
  /** A bad value rejects the row although a missing one does not. */
  strict?: true;
  codes?: CodeList;
  /** A code that the rules add to the list for some rows, in the spelling of the list; null for any other text. */
  addedCode?: (text: string, rules: RowRules) => string | null;
  /** The code under which a value outside the list is reported; UNKNOWN_CODE when left out. */
  unknown?: ProblemCode;
  /** Scheme of an identifier field (identifierSchemes.ts). */
  scheme?: string;
  /** The second name that a cell is read into, see FieldType. */
  also?: string;
  /** The day on which it was decided, made or listed: it does not lie after the day of filing. */
  isPast?: true;
  /**
   * The field holds numbers of documents, records or subscribers: it is searched for identity numbers alone
   * (personalData.ts).
   */
  isNumber?: true;
  /**
   * The field names an authority or another unit: a value that cannot be such a name is a warning, and kept beside the
   * record.
   */
  isUnitName?: true;
  /** Never kept: numbers and kinds of a natural person's identity document. */
  dropped?: true;
  /** Length, codes or label come from general knowledge or a single public table. */
  unverified?: true;
}

export type ProblemCode =
  | 'MISSING'
  | 'MISSING_COLUMN'
  | 'DUPLICATE_COLUMN'
  | 'TOO_LONG'
  | 'BAD_DATE'
  | 'BAD_PERIOD'
  | 'BAD_MONEY'
  | 'AMOUNT'
  | 'BAD_NUMBER'
  | 'BAD_IDENTIFIER'
  | 'BAD_FORM'
  | 'UNKNOWN_CODE'
  | 'UNKNOWN_CATALOGUE_ITEM'
  | 'UNKNOWN_DIVISION'
  | 'LENGTH'
  | 'ALPHABET'
  | 'CHECK_CHARACTER'
  | 'ORGANISATION_CODE'
  | 'DIVISION'
  | 'CATEGORY'
  | 'CELL_COUNT'
  | 'PERSONAL_NUMBER_DROPPED'
  | 'TELEPHONE_MASKED'
  | 'PERSONAL_DATA_MASKED'
  | 'PERSON_ADDRESS'
  | 'SUSPECT_NAME'
  | 'SUBJECT_NAME'
  | 'RESOLVED'
  | 'AMBIGUOUS'
  | 'OUT_OF_SCOPE_NATURAL_PERSON';

export interface RowProblem {
  column: string;
  code: ProblemCode;
  /** A sentence. It repeats only short values, and never one that could be a person's number. */
  message: string;
}

export type ParsedRecord = Record<string, unknown>;
export type Report = (column: string, code: ProblemCode, message: string) => void;

export interface Form {
  /** A kind of filing, or of what is declared by mutation alone. */
  kind: string;
  edition: string;
  source: string;
  /** A national form. All columns of the others are ours, whatever their fields state about lengths and codes. */
  isOfficial?: boolean;
  fields: readonly FormField[];
  /** At least one of these names must have a value (the subject's code or an older identifier of it). */
  oneOf?: readonly string[];
  /** The name of the field whose value decides whether a row is about a natural person. */
  subjectCategory?: string;
  /** The name of the field that holds the subject's code. */
  subject: string;
  /** Rules over several fields. `reject` refuses the row, `warn` reports it. */
  check?: (record: ParsedRecord, reject: Report, warn: Report, rules: RowRules) => void;
}

/** The fields of a form of which one names the subject; empty for a part of a form that has none of them. */
export const subjectFields = ({ fields, oneOf, subject }: Form): readonly FormField[] =>
  fields.filter(({ name }) => oneOf?.includes(name) ?? name === subject);

/** The column of a field of a form, by its name; empty where the form has no such field. */
export const columnOf = ({ fields }: Form, name: string): string =>
  fields.find((field) => field.name === name)?.column ?? '';
