import { admits, catalogueCodes, type CatalogueItem, findCatalogueItem } from '#standards/catalogue.ts';
import { findItemFor, localItems } from '#standards/catalogueSupplements.ts';
import { regionOf } from '#standards/divisions.ts';
import { findListType } from '#standards/listTypes.ts';
import type { Rules } from '#standards/ruleSets.ts';
import type { Form, FormField, FormKind, ParsedRecord } from './form.ts';

/** 目录编码: an extra field of ours. A row without it belongs to the item of its kind. */
export const catalogueCode: FormField = {
  column: 'MLBM',
  name: 'catalogueCode',
  label: '目录编码',
  type: 'code',
  codes: catalogueCodes,
  // By its code alone, since regions may name their items alike. Whether it takes the row is seen when all of the row
  // is read, with its day and the unit that decided.
  addedCode: (text, { rules }) => localItems(rules).find(({ code }) => code === text)?.code ?? null,
  rule: 'optional',
  strict: true,
  unknown: 'UNKNOWN_CATALOGUE_ITEM',
  unverified: true,
};

interface Classified {
  /** The name of the field with the day of the record. */
  readonly day: string;
  /** The name of the field with the code of the unit that decided, for kinds of which there are local supplements. */
  readonly unit?: string;
  /** The value of the field by which the catalogue tells records of the kind apart. */
  readonly value?: (record: ParsedRecord) => string | null;
}

const of = (name: string) => (record: ParsedRecord) => record[name] as string | null;

const classified: Record<FormKind | 'voluntary' | 'withdrawal', Classified> = {
  entity: { day: 'changedOn' },
  licence: { day: 'decidedOn', unit: 'authorityUscc' },
  penalty: { day: 'decidedOn', unit: 'authorityUscc' },
  compulsion: { day: 'decidedOn', unit: 'authorityUscc' },
  confirmation: { day: 'decidedOn', unit: 'authorityUscc' },
  levy: { day: 'decidedOn', unit: 'authorityUscc' },
  payment: { day: 'decidedOn', unit: 'authorityUscc' },
  adjudication: { day: 'decidedOn', unit: 'authorityUscc' },
  compensation: { day: 'decidedOn', unit: 'authorityUscc' },
  reward: { day: 'decidedOn', unit: 'authorityUscc' },
  inspection: { day: 'decidedOn', unit: 'authorityUscc' },
  commitment: { day: 'madeOn', unit: 'acceptedByUscc' },
  'name-list': { day: 'listedOn', value: (record) => findListType(record['listType'] as string)?.category ?? null },
  evaluation: { day: 'evaluatedOn' },
  'judicial-record': { day: 'decidedOn', unit: 'courtUscc', value: of('recordKind') },
  complaint: { day: 'handledOn', unit: 'handledByUscc' },
  voluntary: { day: 'declaredOn' },
  withdrawal: { day: 'revokedOn' }, // is about a record, which belongs to an item
};

/** By the kind of form. @throws Error for a form whose kind has no line in `classified` */
function classOf(kind: string): Classified {
  const classes: Readonly<Record<string, Classified>> = classified;
  const classedBy = classes[kind];
  if (!classedBy) throw new Error(`standards/forms/catalogueItem.ts does not classify records of kind ${kind}`);
  return classedBy;
}

/**
 * The item that a record names: one of the national catalogue, or of a supplement that was in force on the record's day
 * in its region, which is that of the unit that decided, or without one that of the subject. Null when it names none.
 */
export function namedItem({ kind, subject }: Form, record: ParsedRecord, rules: Rules): CatalogueItem | null {
  const text = (name: string): string | null => (record[name] as string | null | undefined) ?? null;
  const { day, unit } = classOf(kind);
  const code = text(catalogueCode.name);
  if (code === null) return null;
  return findItemFor(rules, code, regionOf(unit === undefined ? null : text(unit), text(subject)), text(day));
}

/**
 * Extends a form with the rule that a row belongs to an item of the collection catalogue that takes it, and is refused
 * otherwise.
 * @param find the item of a code where the release has another than is tried; left out: as `namedItem`
 * @throws Error for a form whose kind has no line in `classified`
 */
export function catalogued(form: Form, find?: (code: string) => CatalogueItem | null): Form {
  const { day, value } = classOf(form.kind);
  return {
    ...form,
    check: (record, reject, warn, rowRules) => {
      const code = record['catalogueCode'] as string | null;
      if (code !== null) {
        const item = find ? find(code) : namedItem(form, record, rowRules.rules);
        if (item === null || !admits(item, form.kind, value?.(record) ?? null, record[day] as string | null))
          reject(catalogueCode.column, 'UNKNOWN_CATALOGUE_ITEM', notTaken(code, rowRules.rules));
      }
      form.check?.(record, reject, warn, rowRules);
    },
  };
}

/** Why no item takes the record; of a supplement, where and when it does. */
function notTaken(code: string, rules: Rules): string {
  const local = findCatalogueItem(code) === null ? localItems(rules).filter((item) => item.code === code) : [];
  const where = local.map(({ region, effectiveFrom, effectiveTo, admits: kinds }) => {
    const until = effectiveTo === null ? '' : ` and before ${effectiveTo}`;
    return ` It is one for ${Object.keys(kinds).join(', ')} of region ${region}, from ${effectiveFrom} on${until}.`;
  });
  return `${code} is no item of the collection catalogue that takes this record.${where.join('')}`;
}
