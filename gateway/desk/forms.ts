import { badInput } from '#kit/errors.ts';
import type { Form, FormField } from '#standards/forms/form.ts';
import { findForm, forms } from '#standards/forms/forms.ts';
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
  'code': 'CODE',
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

const showForm = ({ kind, edition, source, isOfficial = false, fields, oneOf, subject }: Form): OfficialForm => ({
  kind,
  edition,
  source,
  subjectColumns: fields.filter(({ name }) => oneOf?.includes(name) ?? name === subject).map(({ column }) => column),
  fields: fields.map((field) => showField(field, isOfficial)),
});

const shown = new Map(Object.entries(forms).map(([kind, form]) => [kind, showForm(form)]));

/** @throws BAD_USER_INPUT (UNKNOWN_CODE) for a kind that has no form. */
export function officialForms(kind: string | null): OfficialForm[] {
  if (kind === null) return [...shown.values()];
  const form = findForm(kind) && shown.get(kind);
  if (!form) throw badInput('kind', 'UNKNOWN_CODE', 'There is no form of this kind.', Object.keys(forms).join(', '));
  return [form];
}
