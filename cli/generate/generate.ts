import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FormKind } from '#standards/forms/form.ts';
import { forms } from '#standards/forms/forms.ts';
import { createCsvFile, type CsvFile } from './csvFile.ts';
import { entityAt, entityRow, MAX_ENTITIES, type GeneratedEntity, type Setting } from './entities.ts';
import {
  ACT_KINDS,
  acts,
  commitments,
  complaints,
  evaluations,
  judicialRecords,
  listEntries,
  type Row,
} from './records.ts';

export interface GenerateOptions {
  /** The directory, which is created when it is missing. Existing files with the same names are overwritten. */
  out: string;
  /** The number of entities, the demo organisations (the first rows) included. */
  entities: number;
  /** A whole number. The same seed, number and day give the same bytes. */
  seed: number;
  /** The last day of the data, 'YYYY-MM-DD'. Nothing is decided or evaluated after it. */
  asOf?: string;
  /** Only these files. Each has the same bytes as when all are written. */
  kinds?: readonly FormKind[];
}

export interface GeneratedFile {
  kind: FormKind;
  path: string;
  rows: number;
  /** The source units that its rows name, with their names. */
  units: { unit: string; name: string }[];
}

export const DEFAULT_AS_OF = '2026-09-30';

/** In the order in which they are made and filed. Entities come first, because the other files name them. */
export const FILE_NAMES: Record<FormKind, string> = {
  entity: 'entities.csv',
  licence: 'licences.csv',
  penalty: 'penalties.csv',
  compulsion: 'compulsions.csv',
  confirmation: 'confirmations.csv',
  levy: 'levies.csv',
  payment: 'payments.csv',
  adjudication: 'adjudications.csv',
  compensation: 'compensations.csv',
  reward: 'rewards.csv',
  inspection: 'inspections.csv',
  commitment: 'commitments.csv',
  'name-list': 'name-list.csv',
  evaluation: 'evaluations.csv',
  'judicial-record': 'judicial-records.csv',
  complaint: 'complaints.csv',
};

const BATCH = 200;

const columnOf = (kind: FormKind, field: string): string =>
  forms[kind].fields.find(({ name }) => name === field)?.column ?? '';

/** The columns in which a row names its filer. */
const sourceColumns = Object.fromEntries(
  (Object.keys(FILE_NAMES) as FormKind[]).map((kind) => [
    kind,
    { code: columnOf(kind, 'sourceUnitUscc'), name: columnOf(kind, 'sourceUnitName') },
  ]),
) as Record<FormKind, { code: string; name: string }>;

function checkOptions(options: GenerateOptions, asOf: string): void {
  const { entities, seed } = options;
  if (!Number.isSafeInteger(entities) || entities < 1 || entities > MAX_ENTITIES) {
    throw new RangeError(`The number of entities is a whole number from 1 to ${MAX_ENTITIES}.`);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError('The seed is a whole number, 0 or more.');
  if (!/^\d{4}-\d{2}-\d{2}$/.test(asOf) || asOf < '2024-08-01')
    throw new RangeError('The last day is written YYYY-MM-DD and not before 2024-08-01.');
}

/** The kinds of rows about an entity beside its registration and its acts. */
const OTHERS: readonly { kind: FormKind; make: (setting: Setting, entity: GeneratedEntity) => Row[] }[] = [
  { kind: 'commitment', make: commitments },
  { kind: 'name-list', make: listEntries },
  { kind: 'evaluation', make: evaluations },
  { kind: 'judicial-record', make: judicialRecords },
  { kind: 'complaint', make: complaints },
];

/** The rows of every kind about one entity, in the order of the files. */
function* rowsOf(
  setting: Setting,
  entity: GeneratedEntity,
  wanted: ReadonlySet<FormKind>,
): Generator<{ kind: FormKind; row: Row }> {
  if (wanted.has('entity')) yield { kind: 'entity', row: entityRow(setting, entity) };
  if (ACT_KINDS.some((kind) => wanted.has(kind))) yield* acts(setting, entity);
  for (const { kind, make } of OTHERS)
    if (wanted.has(kind)) for (const row of make(setting, entity)) yield { kind, row };
}

/**
 * Writes synthetic official-form files (CSV, UTF-8, a header of column codes), one per kind of record, in constant
 * memory. Every code is valid and every name contains 示例. `progress` receives the number of entities that are done.
 * @throws RangeError for options out of range, and errors of the file system
 */
export async function generate(
  options: GenerateOptions,
  progress?: (entities: number) => void,
): Promise<GeneratedFile[]> {
  const asOf = options.asOf ?? DEFAULT_AS_OF;
  checkOptions(options, asOf);
  const setting: Setting = { seed: options.seed, asOf };
  const wanted = new Set(options.kinds ?? (Object.keys(FILE_NAMES) as FormKind[]));
  await mkdir(options.out, { recursive: true });
  const files = new Map<FormKind, CsvFile>();
  for (const kind of wanted) {
    const columns = forms[kind].fields.filter((field) => !field.dropped).map((field) => field.column);
    files.set(kind, createCsvFile(join(options.out, FILE_NAMES[kind]), columns));
  }
  const units = new Map([...wanted].map((kind) => [kind, new Map<string, string>()]));
  for (let number = 0; number < options.entities; number++) {
    for (const { kind, row } of rowsOf(setting, entityAt(setting, number), wanted)) {
      files.get(kind)?.add(row);
      const { code, name } = sourceColumns[kind];
      units.get(kind)?.set(row[code] ?? '', row[name] ?? '');
    }
    if ((number + 1) % BATCH === 0 || number + 1 === options.entities) {
      for (const file of files.values()) await file.drain();
      progress?.(number + 1);
    }
  }
  for (const file of files.values()) await file.close();
  return [...files].map(([kind, file]) => ({
    kind,
    path: file.path,
    rows: file.rows,
    units: [...(units.get(kind) ?? [])].map(([unit, name]) => ({ unit, name })),
  }));
}
