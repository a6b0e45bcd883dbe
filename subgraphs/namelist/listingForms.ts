import { inputRules, refuseForm } from '#records/filing/formInput.ts';
import { SUBJECT_NAME } from '#records/filing/content.ts';
import { type Refusal, refuse } from '#kit/refusals.ts';
import { subjectIdentifierNames } from '#standards/forms/common.ts';
import type { Form, ParsedRecord } from '#standards/forms/form.ts';
import { nameListForm } from '#standards/forms/nameList.ts';
import { parseRow } from '#standards/forms/parse.ts';
import { findIndustry } from '#standards/industry.ts';

// The parts of the form 名单 that the mutations of lists take, and how their input is read by them.

const partOf = (...names: string[]): Form => ({
  kind: 'name-list',
  edition: nameListForm.edition,
  source: nameListForm.source,
  subject: nameListForm.subject,
  fields: nameListForm.fields.filter(({ name }) => names.includes(name)),
});

/** A new entry. Its subject is named by its code alone. */
export const listingForm: Form = {
  ...partOf(
    ...nameListForm.fields
      .map(({ name }) => name)
      .filter((name) => name === nameListForm.subject || ![SUBJECT_NAME, ...subjectIdentifierNames].includes(name)),
  ),
  oneOf: [nameListForm.subject],
};
/** The document that removes or corrects an entry, with the removal itself. */
export const decisionForm = partOf('documentNo', 'legalBasis', 'removedOn', 'removalReason');
/** What a correction can change. */
export const changesForm = partOf(
  'grounds',
  'legalBasis',
  'termUntil',
  'publicUntil',
  'disclosureLevel',
  'industryCode',
);

/**
 * Problems that are warnings in a filing and may occur in a decision: masked data of persons, what may be their
 * address, codes issued otherwise than today's rules say, unknown columns. For any other problem a filing keeps the
 * rest of the row, but here a person can mend it.
 */
const ACCEPTED_WARNINGS: ReadonlySet<string> = new Set([
  'PERSONAL_NUMBER_DROPPED',
  'TELEPHONE_MASKED',
  'PERSONAL_DATA_MASKED',
  'PERSON_ADDRESS',
  'CHECK_CHARACTER',
  'ORGANISATION_CODE',
  'DIVISION',
  'CATEGORY',
  'MISSING_COLUMN',
]);

/**
 * Reads the input of a mutation by a form.
 * @param cells values by the names of the form's fields
 * @param pathOf the path of a field in the input, by its name in the form
 */
export function readInput(
  form: Form,
  cells: Readonly<Record<string, unknown>>,
  pathOf: (name: string) => readonly string[],
): { readonly record: ParsedRecord } | { readonly refused: Refusal } {
  const parsed = parseRow(form, { ...cells }, inputRules);
  const [problem] = parsed.ok ? parsed.warnings.filter(({ code }) => !ACCEPTED_WARNINGS.has(code)) : parsed.problems;
  return parsed.ok && !problem ? { record: parsed.record } : refuseForm(form, problem, pathOf);
}

/** The refusal of an industry that does not exist; null for one that does, and for none. */
export const unknownIndustry = (code: unknown, ...path: string[]): { readonly refused: Refusal } | null =>
  typeof code === 'string' && findIndustry(code) === null
    ? refuse('UNKNOWN_CODE', 'There is no such industry in GB/T 4754.', ...path)
    : null;
