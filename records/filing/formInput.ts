import { type Refusal, refuse } from '#kit/refusals.ts';
import type { Form, ParsedRecord, RowProblem } from '#standards/forms/form.ts';
import { parseRow } from '#standards/forms/parse.ts';
import { type RowRules, releasedRowRules } from '#standards/forms/rowRules.ts';
import { checkTakenCode } from '#standards/issuedCodes.ts';

// Texts in the input of a mutation are read by a form, as the cells of a filed row are: trimmed, checked for length,
// persons' numbers masked. What is wrong with a text is a refusal of the field that it was in.

/** The codes in the input of a mutation are of the scalar USCC, which the gateway has checked. */
export const inputRules: RowRules = { ...releasedRowRules, checkCode: checkTakenCode };

/**
 * Reads the texts of an input by a form whose fields have the names of the input's own.
 * @param texts by the names of the form's fields
 */
export function readTexts(
  form: Form,
  texts: Readonly<Record<string, string>>,
): { readonly texts: ParsedRecord } | { readonly refused: Refusal } {
  const parsed = parseRow(form, texts, inputRules);
  return parsed.ok ? { texts: parsed.record } : refuseForm(form, parsed.problems[0]);
}

/**
 * The refusal of input for a problem of its form.
 * @param problem undefined when the form names none
 * @param pathOf the path in the input, below `input`, of a field of the form
 */
export function refuseForm(
  { fields }: Form,
  problem: RowProblem | undefined,
  pathOf: (name: string) => readonly string[] = (name) => [name],
): { refused: Refusal } {
  const field = fields.find(({ column }) => column === problem?.column);
  return refuse(
    problem?.code ?? 'BAD_FORM',
    problem?.message ?? 'The input is not in the form.',
    ...(field ? pathOf(field.name) : []),
  );
}
