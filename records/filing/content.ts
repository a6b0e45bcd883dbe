import type { Form } from '#standards/forms/form.ts';

/**
 * The field of content that has the name of the subject as it was filed (standards/forms/common.ts). The entity has its
 * own name.
 */
export const SUBJECT_NAME = 'subjectName';

/**
 * Fields of our own forms that no content has: they have columns, or are not kept at all. The category decides whether
 * a row is taken, and the local division is of another system.
 */
export const notContent: readonly string[] = [
  'subjectCategory',
  'subjectUscc',
  'industryCode',
  'sourceUnitName',
  'sourceUnitUscc',
  'disclosureLevel',
  'sourceRecordId',
  'catalogueCode',
  'localDivision',
];

/**
 * The names of the fields of a form that a record keeps in its `content`: all of them, so that a field added to the
 * form is kept without a further edit.
 * @param elsewhere fields that are kept in a column of their own, or not at all
 * @returns the names in the order of canonical JSON
 */
export function contentFields({ fields }: Pick<Form, 'fields'>, elsewhere: ReadonlySet<string>): string[] {
  const names = fields.flatMap(({ name, also, dropped }) =>
    dropped ? [] : also === undefined ? [name] : [name, also],
  );
  return [...new Set(names)].filter((name) => !elsewhere.has(name)).toSorted();
}
