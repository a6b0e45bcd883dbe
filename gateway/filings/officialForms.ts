import { badInput } from '#kit/errors.ts';
import { type Form, type FormField, subjectFields } from '#standards/forms/form.ts';
import type { Source } from '#gateway/graph/sources.ts';
import { findKeeper } from './filingKinds.ts';
import type { OfficialField, OfficialFieldRule, OfficialFieldType, OfficialForm } from './resolvers.generated.ts';

const types: Record<FormField['type'], OfficialFieldType> = {
  text: 'TEXT',
  list: 'TEXTS',
  documentNo: 'DOCUMENT_NUMBER',
  date: 'DATE',
  dateOrLongTerm: 'DATE_OR_LONG_TERM',
  uscc: 'USCC',
  identifier: 'IDENTIFIER',
  money10k: 'MONEY_10K',
  decimal: 'DECIMAL',
  code: 'CODE',
  codes: 'CODES',
  division: 'DIVISION',
  indicators: 'INDICATORS',
};

const rules: Record<FormField['rule'], OfficialFieldRule> = { reject: 'REJECT', warn: 'WARN', optional: 'OPTIONAL' };

const showField = (field: FormField, isOfficial: boolean): OfficialField => ({
  column: field.column,
  label: field.label,
  name: field.name,
  aliases: field.aliases ?? [],
  type: types[field.type],
  maxLength: field.maxLength ?? null,
  rule: rules[field.rule],
  isStrict: field.rule === 'reject' || field.strict === true,
  codes: field.codes?.entries.map(({ code, name, spellings = [] }) => ({ code, name, spellings })) ?? null,
  scheme: field.scheme ?? null,
  isDropped: field.dropped === true,
  verified: isOfficial && field.unverified !== true,
});

const shapeOf = (form: Form): OfficialForm => ({
  kind: form.kind,
  edition: form.edition,
  source: form.source,
  subjectColumns: subjectFields(form).map(({ column }) => column),
  fields: form.fields.map((field) => showField(field, form.isOfficial ?? false)),
});

// A form does not change while the process runs, and everybody may ask for all of them.
const shaped = new WeakMap<Form, OfficialForm>();
const showForm = (form: Form): OfficialForm => {
  const known = shaped.get(form) ?? shapeOf(form);
  shaped.set(form, known);
  return known;
};

/**
 * The forms of all kinds of filing, or of one.
 * @throws BAD_USER_INPUT (UNKNOWN_CODE) for a kind that has no form
 */
export function officialForms(sources: readonly Pick<Source, 'kinds'>[], kind: string | null): OfficialForm[] {
  const forms = sources.flatMap(({ kinds }) => Object.values(kinds).map(({ form }) => form));
  if (kind === null) return forms.map(showForm);
  const form = findKeeper(sources, kind)?.kinds[kind]?.form;
  if (!form)
    throw badInput(
      'kind',
      'UNKNOWN_CODE',
      'There is no form of this kind.',
      sources.flatMap(({ kinds }) => Object.keys(kinds)).join(', '),
    );
  return [showForm(form)];
}
