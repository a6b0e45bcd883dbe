import { admits, catalogueCodes, type CatalogueItem, findCatalogueItem } from '#standards/catalogue.ts';
import { findListType } from '#standards/listTypes.ts';
import type { Form, FormField, FormKind, ParsedRecord } from './form.ts';

/** 目录编码: an extra field of ours. A row without it belongs to the item of its kind. */
export const catalogueCode: FormField = {
  column: 'MLBM',
  name: 'catalogueCode',
  label: '目录编码',
  type: 'code',
  codes: catalogueCodes,
  rule: 'optional',
  strict: true,
  unknown: 'UNKNOWN_CATALOGUE_ITEM',
  unverified: true,
};

interface Classified {
  /** The name of the field with the day of the record. */
  readonly day: string;
  /** The value of the field by which the catalogue tells records of the kind apart. */
  readonly value?: (record: ParsedRecord) => string | null;
}

const of = (name: string) => (record: ParsedRecord) => record[name] as string | null;

const classified: Record<FormKind | 'voluntary' | 'withdrawal', Classified> = {
  entity: { day: 'changedOn' },
  licence: { day: 'decidedOn' },
  penalty: { day: 'decidedOn' },
  compulsion: { day: 'decidedOn' },
  confirmation: { day: 'decidedOn' },
  levy: { day: 'decidedOn' },
  payment: { day: 'decidedOn' },
  adjudication: { day: 'decidedOn' },
  compensation: { day: 'decidedOn' },
  reward: { day: 'decidedOn' },
  inspection: { day: 'decidedOn' },
  commitment: { day: 'madeOn' },
  'name-list': { day: 'listedOn', value: (record) => findListType(record['listType'] as string)?.category ?? null },
  evaluation: { day: 'evaluatedOn' },
  'judicial-record': { day: 'decidedOn', value: of('recordKind') },
  complaint: { day: 'handledOn' },
  voluntary: { day: 'declaredOn' },
  withdrawal: { day: 'revokedOn' }, // is about a record, which belongs to an item
};

/**
 * Extends a form with the rule that a row belongs to an item of the collection catalogue that takes it, and is refused
 * otherwise.
 * @throws Error for a form whose kind has no line in `classified`
 */
export function catalogued(form: Form, find: (code: string) => CatalogueItem | null = findCatalogueItem): Form {
  const classes: Readonly<Record<string, Classified>> = classified;
  const classedBy = classes[form.kind];
  if (!classedBy) throw new Error(`standards/forms/catalogueItem.ts does not classify records of kind ${form.kind}`);
  const { day, value } = classedBy;
  return {
    ...form,
    check: (record, reject, warn) => {
      const code = record['catalogueCode'] as string | null;
      if (code !== null) {
        const item = find(code);
        if (item === null || !admits(item, form.kind, value?.(record) ?? null, record[day] as string | null)) {
          reject(
            catalogueCode.column,
            'UNKNOWN_CATALOGUE_ITEM',
            `${code} is no item of the collection catalogue that takes this record.`,
          );
        }
      }
      form.check?.(record, reject, warn);
    },
  };
}
