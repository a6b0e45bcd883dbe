import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { stateCouncilCalendar } from '#standards/calendar.ts';
import { demoOrganisations } from '#standards/demoOrganisations.ts';
import { provinceOf, reportingUnitOf, reportingUnits } from '#standards/divisions.ts';
import type { FormKind } from '#standards/forms/form.ts';
import { forms } from '#standards/forms/forms.ts';
import { readHeader } from '#standards/forms/header.ts';
import { createRowParser } from '#standards/forms/parse.ts';
import { findListType } from '#standards/listTypes.ts';
import { checkUscc } from '#standards/uscc.ts';
import { addDays, addMonths, daysBetween } from './days.ts';
import { MAX_ENTITIES } from './entities.ts';
import { ACT_KINDS } from './records.ts';
import { DEFAULT_AS_OF, FILE_NAMES, generate, type GenerateOptions } from './generate.ts';

type Parsed = Record<string, unknown>;

const otherKinds = ACT_KINDS.filter((kind) => kind !== 'licence' && kind !== 'penalty');

let directory = '';
const made: Record<string, Parsed[]> = {};
const warnings: string[] = [];

// One data set of the size that `npm start` loads, read back with the parsers that ingest uses.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'generate-'));
  await generate({ out: directory, entities: 10_000, seed: 7 });
  for (const kind of Object.keys(FILE_NAMES) as FormKind[]) made[kind] = await readRecords(kind);
});

afterAll(() => rm(directory, { recursive: true }));

async function readRecords(kind: FormKind): Promise<Parsed[]> {
  const [columns = [], ...rows] = parse(await readFile(join(directory, FILE_NAMES[kind])), { bom: true });
  const header = readHeader(forms[kind], columns);
  if (!header.ok) throw new Error(JSON.stringify(header.problems));
  const parseCells = createRowParser(header.header);
  return rows.map((cells) => {
    const row = parseCells(cells);
    if (!row.ok) throw new Error(JSON.stringify(row.problems));
    warnings.push(...row.warnings.map((warning) => `${kind} ${warning.column} ${warning.code}`));
    return row.record;
  });
}

function isGoodEntity(entity: Parsed): boolean {
  const check = checkUscc(String(entity['uscc']));
  return check.status === 'VALID' && check.warnings.length === 0 && String(entity['name']).includes('示例');
}

function records(kind: FormKind): Parsed[] {
  return made[kind] ?? [];
}

function shares(items: unknown[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[String(item)] = (counts[String(item)] ?? 0) + 1;
  return counts;
}

async function bytes(options: Omit<GenerateOptions, 'out'>): Promise<Record<string, string>> {
  const out = await mkdtemp(join(directory, 'again-'));
  const files = await generate({ ...options, out });
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file.kind, await readFile(file.path, 'utf8')] as const)),
  );
}

test('every row of every file is in its form, without a warning', () => {
  expect(shares(warnings)).toEqual({});
  expect(records('entity')).toHaveLength(10_000);
});

test('codes and names are unique, codes hold both checks, and every name is marked as an example', () => {
  const entities = records('entity');
  expect(new Set(entities.map((entity) => entity['uscc'])).size).toBe(10_000);
  expect(new Set(entities.map((entity) => entity['name'])).size).toBe(10_000);
  expect(entities.filter((entity) => !isGoodEntity(entity))).toEqual([]);
});

test('all provinces, XPCC, kinds and the common states of registration are there', () => {
  const entities = records('entity');
  const units = new Set(entities.map((entity) => reportingUnitOf(String(entity['divisionCode']))));
  for (const unit of reportingUnits) expect(units).toContain(unit.code);
  expect(new Set(entities.map((entity) => provinceOf(String(entity['divisionCode'])))).size).toBe(31 + 1);
  expect(Object.keys(shares(entities.map((entity) => entity['entityKind']))).toSorted()).toEqual([
    'COOPERATIVE',
    'ENTERPRISE',
    'INSTITUTION',
    'SELF_EMPLOYED',
    'SOCIAL_ORGANISATION',
    'STATE_ORGAN',
  ]);
  expect(Object.keys(shares(entities.map((entity) => entity['status']))).toSorted()).toEqual([
    'ACTIVE',
    'ANNULLED',
    'DEREGISTERED',
    'MOVED_OUT',
    'REVOKED',
    'SUSPENDED',
  ]);
  expect(entities.some((entity) => entity['formerNames'] !== null && entity['registrationNumber'] !== null)).toBe(true);
});

test('the demo organisations are the first entities', () => {
  expect(
    records('entity')
      .slice(0, demoOrganisations.length)
      .map((entity) => entity['uscc']),
  ).toEqual(demoOrganisations.map((each) => each.uscc));
});

test('most acts were published in time on their unit’s site, some late or not; most penalties were performed', () => {
  const acts = ACT_KINDS.flatMap((kind) => records(kind)).filter(
    (act) => String(act['decidedOn']) >= stateCouncilCalendar.firstDay,
  );
  const late = acts.filter(
    (act) =>
      act['ownSiteOn'] !== null &&
      String(act['ownSiteOn']) > stateCouncilCalendar.workingDayAfter(String(act['decidedOn']), 7).date,
  );
  const unsaid = acts.filter((act) => act['ownSiteOn'] === null);
  expect(late.length / acts.length).toBeGreaterThan(0.03);
  expect(late.length / acts.length).toBeLessThan(0.2);
  expect(unsaid.length / acts.length).toBeCloseTo(0.04, 1);
  const shareLate = (word: string) =>
    late.filter((act) => String(act['authorityName']).includes(word)).length /
    acts.filter((act) => String(act['authorityName']).includes(word)).length;
  expect(shareLate('交通')).toBeGreaterThan(5 * shareLate('市场监督'));
  const performed = records('penalty').filter((penalty) => penalty['performedOn'] !== null);
  expect(performed.length / records('penalty').length).toBeCloseTo(0.8, 1);
});

test('acts have the skew of real files: none for about 55 %, a long tail, 70 : 15 : 15', () => {
  const [licences, penalties, others] = [
    records('licence'),
    records('penalty'),
    otherKinds.flatMap((kind) => records(kind)),
  ];
  const perEntity = shares([...licences, ...penalties, ...others].map((act) => act['subjectUscc']));
  const total = licences.length + penalties.length + others.length;
  expect(Object.keys(perEntity).length / 10_000).toBeCloseTo(0.45, 1);
  expect(total).toBeGreaterThan(50_000);
  expect(total).toBeLessThan(70_000);
  expect(Math.max(...Object.values(perEntity))).toBeGreaterThanOrEqual(200);
  expect(licences.length / total).toBeCloseTo(0.7, 1);
  expect(penalties.length / total).toBeCloseTo(0.15, 1);
  expect(otherKinds.filter((kind) => records(kind).length === 0)).toEqual([]);
  const ended = penalties.filter((penalty) => String(penalty['publicUntil']) < DEFAULT_AS_OF);
  expect(ended.length / penalties.length).toBeGreaterThan(0.3);
  expect(ended.length / penalties.length).toBeLessThan(0.98);
});

test('most records are public, and every other level occurs', () => {
  const levels = shares([...records('licence'), ...records('penalty')].map((act) => act['disclosureLevel']));
  expect(Object.keys(levels).toSorted()).toEqual(['GOV_SHARED', 'INTERNAL', 'PUBLIC', 'RESTRICTED']);
  expect((levels['PUBLIC'] ?? 0) / (records('licence').length + records('penalty').length)).toBeCloseTo(0.9, 1);
});

test('about 3 % are on a list: every category, in force and removed', () => {
  const entries = records('name-list');
  expect(entries.length).toBeGreaterThan(280);
  expect(entries.length).toBeLessThan(320);
  const kinds = shares(
    entries.map(
      (entry) =>
        `${findListType(String(entry['listType']))?.category} ${entry['removedOn'] === null ? 'in force' : 'removed'}`,
    ),
  );
  expect(Object.keys(kinds).toSorted()).toEqual(
    ['ABNORMAL', 'COMMENDED', 'FOCUS', 'SERIOUS'].flatMap((category) => [
      `${category} in force`,
      `${category} removed`,
    ]),
  );
  for (const entry of entries)
    if (entry['removedOn'] === null && entry['termUntil'] !== null)
      expect(String(entry['termUntil']) >= DEFAULT_AS_OF).toBe(true);
});

test('every enterprise is evaluated this year, some more often; D means a serious listing or bad luck', () => {
  const evaluations = records('evaluation');
  const enterprises = records('entity').filter((entity) => entity['entityKind'] === 'ENTERPRISE');
  const current = evaluations.filter((each) => each['scheme'] === 'PUBLIC_CREDIT' && each['schemeVersion'] === '2026');
  expect(new Set(current.map((each) => each['subjectUscc']))).toEqual(
    new Set(enterprises.map((entity) => entity['uscc'])),
  );
  expect(
    Object.keys(shares(evaluations.map((each) => `${each['scheme']} ${each['schemeVersion']}`))).toSorted(),
  ).toEqual(['PUBLIC_CREDIT 2019', 'PUBLIC_CREDIT 2025', 'PUBLIC_CREDIT 2026', 'SAMR_RISK 2022', 'TAX_CREDIT 2018']);
  const grades = shares(current.map((each) => each['grade']));
  expect(Object.keys(grades).toSorted()).toEqual(['A', 'B', 'C', 'D']);
  expect((grades['D'] ?? 0) / current.length).toBeLessThan(0.1);
  const serious = records('name-list').filter(
    (entry) => entry['removedOn'] === null && findListType(String(entry['listType']))?.category === 'SERIOUS',
  );
  const gradeOf = new Map(current.map((each) => [each['subjectUscc'], each['grade']]));
  for (const entry of serious) expect(['D', undefined]).toContain(gradeOf.get(entry['subjectUscc']));
});

test.each([...otherKinds, 'judicial-record', 'complaint'] as const)(
  'every column of the form is filled in some row, but remarks and items of the catalogue: %s',
  (kind) => {
    expect(
      forms[kind].fields
        .map(({ name }) => name)
        .filter((name) => records(kind).every((record) => record[name] === null)),
    ).toEqual(['remark', 'catalogueCode']);
  },
);

test('there are cases of every kind and state, complaints about traders, and both about the demo subjects', () => {
  const [cases, complaints] = [records('judicial-record'), records('complaint')];
  const subjectsOf = (rows: Parsed[]) => new Set(rows.map((row) => row['subjectUscc']));
  expect(subjectsOf(cases).size / 10_000).toBeCloseTo(0.05, 1);
  expect(shares(cases.map((each) => each['recordKind']))).toEqual({
    JUDGMENT: expect.any(Number),
    ENFORCEMENT: expect.any(Number),
    BANKRUPTCY: expect.any(Number),
    OTHER: expect.any(Number),
  });
  expect(Object.keys(shares(cases.map((each) => each['performance']))).toSorted()).toEqual([
    'ALL',
    'NONE',
    'PART',
    'null',
  ]);
  const kindOf = new Map(records('entity').map((entity) => [entity['uscc'], entity['entityKind']]));
  expect(Object.keys(shares(complaints.map((each) => kindOf.get(each['subjectUscc'])))).toSorted()).toEqual([
    'ENTERPRISE',
    'SELF_EMPLOYED',
  ]);
  expect(subjectsOf(complaints).size / 10_000).toBeCloseTo(0.07, 1);
  for (const { uscc } of demoOrganisations.filter(({ kind }) => kind === 'subject' || kind === 'heavy-subject')) {
    expect([subjectsOf(cases).has(uscc), subjectsOf(complaints).has(uscc)]).toEqual([true, true]);
  }
});

test('nothing happens after the last day, nor to an entity before it was established', () => {
  const since = new Map(records('entity').map((entity) => [entity['uscc'], String(entity['establishedOn'])]));
  const dated = [
    ...ACT_KINDS.flatMap((kind) =>
      records(kind).flatMap((record) =>
        ['decidedOn', 'ownSiteOn', 'performedOn'].map((name) => [record, record[name] ?? record['decidedOn']] as const),
      ),
    ),
    ...records('judicial-record').map((record) => [record, record['decidedOn']] as const),
    ...records('complaint').map((record) => [record, record['handledOn']] as const),
    ...records('name-list').flatMap((record) => [
      [record, record['listedOn']] as const,
      [record, record['removedOn'] ?? record['listedOn']] as const,
    ]),
  ];
  const impossible = dated.filter(
    ([record, day]) => String(day) > DEFAULT_AS_OF || String(day) < (since.get(record['subjectUscc']) ?? '9'),
  );
  expect(impossible).toEqual([]);
});

test('the same seed gives the same bytes, also for one file alone; another seed gives others', async () => {
  const all = await bytes({ entities: 300, seed: 3 });
  expect(await bytes({ entities: 300, seed: 3 })).toEqual(all);
  expect(await bytes({ entities: 300, seed: 3, kinds: ['penalty'] })).toEqual({ penalty: all['penalty'] });
  expect((await bytes({ entities: 300, seed: 4 }))['licence']).not.toBe(all['licence']);
});

test('a larger data set begins with the smaller one', async () => {
  const [small, large] = [
    await bytes({ entities: 50, seed: 3, kinds: ['entity'] }),
    await bytes({ entities: 60, seed: 3, kinds: ['entity'] }),
  ];
  expect(large['entity']?.startsWith(small['entity'] ?? 'x')).toBe(true);
});

test('progress ends with the number of entities', async () => {
  const seen: number[] = [];
  await generate({ out: join(directory, 'progress'), entities: 450, seed: 1, kinds: ['entity'] }, (done) =>
    seen.push(done),
  );
  expect(seen).toEqual([200, 400, 450]);
});

test('options out of range and a directory that cannot be are refused', async () => {
  await expect(generate({ out: directory, entities: 0, seed: 1 })).rejects.toThrow(RangeError);
  await expect(generate({ out: directory, entities: MAX_ENTITIES + 1, seed: 1 })).rejects.toThrow(RangeError);
  await expect(generate({ out: directory, entities: 1, seed: -1 })).rejects.toThrow(RangeError);
  await expect(generate({ out: directory, entities: 1, seed: 1, asOf: 'today' })).rejects.toThrow(RangeError);
  await expect(generate({ out: join(directory, 'entities.csv', 'x'), entities: 1, seed: 1 })).rejects.toThrow(
    /ENOTDIR|EEXIST/,
  );
});

test('days are moved by the calendar', () => {
  expect(addDays('2024-02-28', 2)).toBe('2024-03-01');
  expect(addMonths('2024-01-31', 1)).toBe('2024-02-29');
  expect(addMonths('2025-03-31', -1)).toBe('2025-02-28');
  expect(addMonths('2024-12-15', 1)).toBe('2025-01-15');
  expect(daysBetween('2024-02-28', '2024-03-01')).toBe(2);
});
