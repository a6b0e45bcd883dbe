import { admits, catalogueEditions, catalogueItems, catalogueOn, findCatalogueItem } from './catalogue.ts';
import { parseRow } from './forms/parse.ts';
import { catalogued } from './forms/catalogueItem.ts';
import { forms } from './forms/forms.ts';
import { composeUscc } from './uscc.ts';

const UNIT = composeUscc('11330000', 'MB1EEE00');
const SUBJECT = composeUscc('91330106', 'MA0EEE01');

test('an item has one code, a source of law and a known level; editions follow each other without a gap', () => {
  expect(new Set(catalogueItems.map(({ code }) => code)).size).toBe(catalogueItems.length);
  expect(
    catalogueItems.filter(
      ({ legalBasis, name, editions }) => legalBasis === '' || name === '' || editions.length === 0,
    ),
  ).toEqual([]);
  expect([...new Set(catalogueItems.map(({ disclosureLevel }) => disclosureLevel))].toSorted()).toEqual([
    'GOV_SHARED',
    'PUBLIC',
    null,
  ]);
  expect(catalogueEditions.map(({ effectiveTo }) => effectiveTo)).toEqual([
    ...catalogueEditions.slice(1).map(({ effectiveFrom }) => effectiveFrom),
    null,
  ]);
});

test('a day has the edition in force and what it lists; intellectual property came with the edition of 2024', () => {
  const on = (day: string) => {
    const found = catalogueOn(day);
    return found && [found.edition.code, found.items.some(({ code }) => code === 'INTELLECTUAL_PROPERTY')];
  };
  expect(['2021-12-15', '2021-12-16', '2022-12-28', '2024-02-06', '2024-02-07', '2026-01-01'].map(on)).toEqual([
    null,
    ['2021', false],
    ['2022', false],
    ['2022', false],
    ['2024', true],
    ['2026', true],
  ]);
});

test('every kind of filing has the item that its rows are of when they name none', () => {
  const usual = [
    'ENTITY',
    'LICENCE',
    'PENALTY',
    'COMPULSION',
    'CONFIRMATION',
    'LEVY',
    'PAYMENT',
    'ADJUDICATION',
    'COMPENSATION',
    'REWARD',
    'INSPECTION',
    'COMMITMENT',
    'NAME_LIST',
    'EVALUATION',
    'JUDICIAL',
    'COMPLAINT',
    'VOLUNTARY',
  ];
  expect(usual.filter((code) => findCatalogueItem(code)?.effectiveTo !== null)).toEqual([]);
  expect(Object.keys(forms).filter((kind) => !catalogueItems.some((item) => kind in item.admits))).toEqual([]);
});

const rows = {
  entity: { DJ_SHXYM: SUBJECT, DJ_MC: '示例云帆科技有限公司', DJ_LX: '企业', DJ_ZT: '存续' },
  licence: { XK_XDR_MC: '示例云帆科技有限公司', XK_XDR_SHXYM: SUBJECT, XK_WSH: '测〔2026〕1号', XK_JDRQ: '2026/09/18' },
  penalty: { CF_XDR_MC: '示例云帆科技有限公司', CF_XDR_SHXYM: SUBJECT, CF_WSH: '测〔2026〕1号', CF_JDRQ: '2026/09/18' },
  reward: { JL_XDR_MC: '示例云帆科技有限公司', JL_XDR_SHXYM: SUBJECT, JL_WSH: '测〔2026〕1号', JL_JDRQ: '2026/09/18' },
  commitment: {
    CN_XDR_MC: '示例云帆科技有限公司',
    CN_XDR_SHXYM: SUBJECT,
    CN_LX: '主动型',
    CN_BM: 'C1',
    CN_RQ: '2026/09/18',
  },
  'name-list': {
    MD_XDR_MC: '示例云帆科技有限公司',
    MD_XDR_SHXYM: SUBJECT,
    MD_LX: 'SAMR_SERIOUS',
    MD_WSH: '测〔2026〕1号',
    MD_LRRQ: '2026/09/18',
    MD_RDJG: '示例市监局',
    MD_RDJGDM: UNIT,
  },
  evaluation: {
    PJ_XDR_MC: '示例云帆科技有限公司',
    PJ_XDR_SHXYM: SUBJECT,
    PJ_FA: 'PUBLIC_CREDIT',
    PJ_FABB: '2026',
    PJ_DJ: 'B',
    PJ_RQ: '2026/09/18',
  },
  'judicial-record': {
    SF_XDR_MC: '示例云帆科技有限公司',
    SF_XDR_SHXYM: SUBJECT,
    SF_LX: '司法判决',
    SF_AH: '（2026）示01民初1号',
    SF_JDRQ: '2026/09/18',
  },
  complaint: { TS_XDR_MC: '示例云帆科技有限公司', TS_XDR_SHXYM: SUBJECT, TS_BH: 'T1', TS_CLRQ: '2026/09/18' },
} as const;
type Kind = keyof typeof rows;

const codesOf = (kind: Kind, item: string): string[] => {
  const result = parseRow(forms[kind], { ...rows[kind], MLBM: item });
  return result.ok ? [] : result.problems.map(({ column, code }) => `${column} ${code}`);
};

test.each([
  ['entity', 'ENTITY', 'LICENCE'],
  ['licence', 'INTELLECTUAL_PROPERTY', 'PENALTY'],
  ['penalty', 'PENALTY', 'LICENCE'],
  ['reward', 'HONOUR', 'COMPULSION'],
  ['commitment', 'COMMITMENT', 'COMPLAINT'],
  ['name-list', 'SERIOUS_LIST', 'ABNORMAL_OPERATION'],
  ['evaluation', 'EVALUATION', 'NAME_LIST'],
  ['judicial-record', 'JUDGMENT', 'ENFORCEMENT'],
  ['complaint', 'COMPLAINT', 'VOLUNTARY'],
] as const)(
  'a row of %s may be of the item %s; of %s, of none that is listed and of half a code it is refused',
  (kind, item, other) => {
    expect(codesOf(kind, '')).toEqual([]);
    expect(codesOf(kind, item)).toEqual([]);
    expect(codesOf(kind, findCatalogueItem(item)?.name ?? '')).toEqual([]);
    for (const wrong of [other, 'NOT_LISTED', `${item}X`])
      expect(codesOf(kind, wrong)).toEqual(['MLBM UNKNOWN_CATALOGUE_ITEM']);
  },
);

test('an ended item takes only records of before its end; an item that came later takes older records too', () => {
  const licence = findCatalogueItem('LICENCE');
  const ended = licence && { ...licence, effectiveTo: '2026-09-18' };
  const form = catalogued({ ...forms.licence, check: () => {} }, () => ended);
  const isTaken = (day: string) => parseRow(form, { ...rows.licence, XK_JDRQ: day, MLBM: 'LICENCE' }).ok;
  expect([isTaken('2026/09/17'), isTaken('2026/09/18')]).toEqual([true, false]);
  const later = findCatalogueItem('INTELLECTUAL_PROPERTY');
  expect(later && admits(later, 'licence', null, '2019-05-05')).toBe(true);
});
