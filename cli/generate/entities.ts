import {
  demoOrganisations,
  authorities,
  syntheticUnit,
  type DemoOrganisation,
  type Authority,
} from '#standards/demoOrganisations.ts';
import { countyDivisions, divisionFullName, provinces, reportingUnitOf, XPCC } from '#standards/divisions.ts';
import { registrationNumberCheck } from '#standards/registrationNumber.ts';
import { composeUscc, USCC_ALPHABET } from '#standards/uscc.ts';
import { addDays, addMonths, daysBetween, slashes } from './days.ts';
import { createRandom, type Random } from './random.ts';
import { FIRST, GIVEN, SECOND, SURNAMES, TRADES } from './words.ts';

export interface Setting {
  seed: number;
  /** The last day of the data set, 'YYYY-MM-DD'. */
  asOf: string;
}

/** The facts about an entity that its records depend on. */
export interface GeneratedEntity {
  number: number;
  uscc: string;
  name: string;
  /** The code of an entity kind. */
  kind: string;
  status: string;
  divisionCode: string;
  reportingUnit: string;
  industryCode: string;
  establishedOn: string;
  closedOn: string | null;
  legalRepresentative: string;
  demo: DemoOrganisation | null;
}

interface KindRule {
  kind: string;
  label: string;
  weight: number;
  prefix: string;
  body: string;
  name: (words: string, trade: string) => string;
}

// The shares make a useful demo and are not those of the register, where two thirds are self-employed.
const KINDS: readonly KindRule[] = [
  {
    kind: 'ENTERPRISE',
    label: '企业',
    weight: 60,
    prefix: '91',
    body: 'MA',
    name: (words, trade) => `示例${words}${trade}有限公司`,
  },
  {
    kind: 'SELF_EMPLOYED',
    label: '个体工商户',
    weight: 27,
    prefix: '92',
    body: 'MA',
    name: (words, trade) => `示例${words}${trade}店（个体工商户）`,
  },
  {
    kind: 'COOPERATIVE',
    label: '农民专业合作社',
    weight: 5,
    prefix: '93',
    body: 'MA',
    name: (words, trade) => `示例${words}${trade}专业合作社`,
  },
  {
    kind: 'SOCIAL_ORGANISATION',
    label: '社会组织',
    weight: 5,
    prefix: '51',
    body: 'MJ',
    name: (words, trade) => `示例${words}${trade}行业协会`,
  },
  {
    kind: 'INSTITUTION',
    label: '事业单位',
    weight: 3,
    prefix: '12',
    body: 'MB',
    name: (words, trade) => `示例${words}${trade}服务中心`,
  },
];

const KIND_LABELS: Record<string, string> = {
  ...Object.fromEntries(KINDS.map((rule) => [rule.kind, rule.label])),
  STATE_ORGAN: '机关',
};

const STATUSES = [
  ['存续', 87],
  ['注销', 5],
  ['吊销', 4],
  ['歇业', 2],
  ['迁出', 1.5],
  ['撤销', 0.5],
] as const;

const counties = countyDivisions();

// In steps of a prime: neighbours in the file are far apart on the map, and every small data set has all provinces.
const STEP = 1009;
const SYMBOLS = USCC_ALPHABET.length;
// Letters only in the third place of the body: digits there are for the demo's fixed organisations and units.
const LETTERS = USCC_ALPHABET.slice(10);
const WORDS = FIRST.length * SECOND.length * TRADES.length;

/** The maximum number of entities: codes and names are unique up to here. */
export const MAX_ENTITIES = counties.length * Math.min(LETTERS.length * SYMBOLS * SYMBOLS, WORDS);

const provinceNames = new Map(provinces.map((province) => [province.code, province.name]));

function placeName(divisionCode: string): string {
  const full = divisionFullName(divisionCode) ?? '';
  const province = provinceNames.get(divisionCode.slice(0, 2)) ?? '';
  return province.endsWith('市') ? full : full.slice(province.length);
}

function demoEntity(setting: Setting, number: number, demo: DemoOrganisation): GeneratedEntity {
  const random = createRandom(setting.seed, number, 0);
  return {
    number,
    uscc: demo.uscc,
    name: demo.name,
    kind: demo.entityKind,
    status: '存续',
    divisionCode: demo.divisionCode,
    reportingUnit: demo.reportingUnit ?? '11',
    industryCode: demo.industryCode,
    establishedOn: addDays('2010-01-04', random.below(2500)),
    closedOn: null,
    legalRepresentative: random.pick(SURNAMES) + random.pick(GIVEN),
    demo,
  };
}

/** Entity number n of a data set. The first ones are the demo organisations. The same numbers give the same entity. */
export function entityAt(setting: Setting, number: number): GeneratedEntity {
  const demo = demoOrganisations[number];
  if (demo !== undefined) return demoEntity(setting, number, demo);
  const random = createRandom(setting.seed, number, 0);
  const index = number - demoOrganisations.length;
  const county = (index * STEP + (setting.seed % counties.length)) % counties.length;
  const divisionCode = counties[county] ?? '';
  const serial = Math.floor(index / counties.length);
  const rule = random.weighted(KINDS.map((each) => [each, each.weight] as const));

  const tail = (LETTERS[Math.floor(serial / (SYMBOLS * SYMBOLS))] ?? '') + 'EEE';
  const body =
    rule.body + tail + USCC_ALPHABET[Math.floor(serial / SYMBOLS) % SYMBOLS] + USCC_ALPHABET[serial % SYMBOLS];

  // 9973 is prime and no factor of WORDS, so within a division no two serials share their words.
  const words = (serial * 9973 + county * 7 + setting.seed) % WORDS;
  const [industryCode, trade] = TRADES[words % TRADES.length] ?? TRADES[0];
  const first = FIRST[Math.floor(words / TRADES.length) % FIRST.length] ?? '';
  const second = SECOND[Math.floor(words / (TRADES.length * FIRST.length))] ?? '';

  const establishedOn = addDays('1995-01-03', random.below(daysBetween('1995-01-03', setting.asOf) - 30));
  const status = random.weighted(STATUSES);
  const isClosed = status === '注销' || status === '吊销' || status === '撤销';
  return {
    number,
    uscc: composeUscc(rule.prefix + divisionCode, body),
    name: placeName(divisionCode) + rule.name(first + second, trade),
    kind: rule.kind,
    status,
    divisionCode,
    reportingUnit: reportingUnitOf(divisionCode) ?? '11',
    industryCode,
    establishedOn,
    closedOn: isClosed
      ? addDays(establishedOn, 1 + random.below(Math.max(1, daysBetween(establishedOn, setting.asOf) - 1)))
      : null,
    legalRepresentative: random.pick(SURNAMES) + random.pick(GIVEN),
    demo: null,
  };
}

/** The authority of an office in the division of the entity. */
export function unitOf(
  entity: GeneratedEntity,
  authorityKind: Authority,
): { uscc: string; name: string; short: string } {
  return {
    ...unitCache(entity.reportingUnit, authorityKind),
    short: placeShort(entity.reportingUnit) + authorities[authorityKind].short,
  };
}

const units = new Map<string, { uscc: string; name: string }>();

function unitCache(reportingUnit: string, authorityKind: Authority): { uscc: string; name: string } {
  const key = reportingUnit + authorityKind;
  let unit = units.get(key);
  if (unit === undefined) units.set(key, (unit = syntheticUnit(reportingUnit, authorityKind)));
  return unit;
}

function placeShort(reportingUnit: string): string {
  return reportingUnit === XPCC.code
    ? '兵'
    : (provinces.find((province) => province.code === reportingUnit)?.shortName.slice(0, 1) ?? '');
}

function legacyIdentifiers(entity: GeneratedEntity, random: Random): Record<string, string> {
  const row: Record<string, string> = {};
  const sequence = String(entity.number % 10_000_000).padStart(7, '0');
  if (entity.kind === 'ENTERPRISE' || entity.kind === 'SELF_EMPLOYED') {
    // GS 15-2006: the sequence begins with 0–3 for domestic enterprises and 6–9 for self-employed businesses.
    if (entity.establishedOn < '2015-10-01' && random.chance(0.6)) {
      const first14 = entity.divisionCode + (entity.kind === 'ENTERPRISE' ? '1' : '6') + sequence;
      row['DJ_GSZC'] = first14 + registrationNumberCheck(first14);
    }
  } else if (entity.kind === 'INSTITUTION') row['DJ_SYDW'] = `1${entity.divisionCode.slice(0, 4)}${sequence}`;
  else if (entity.kind === 'SOCIAL_ORGANISATION') row['DJ_SHZZ'] = `社证字第${entity.divisionCode}${sequence}号`;
  if (entity.establishedOn < '2015-10-01') row['DJ_ZZJG'] = `${entity.uscc.slice(8, 16)}-${entity.uscc.slice(16, 17)}`;
  return row;
}

/** The registration form of an entity, by column. */
export function entityRow(setting: Setting, entity: GeneratedEntity): Record<string, string> {
  const random = createRandom(setting.seed, entity.number, 1);
  const registrar = unitOf(entity, entity.kind === 'SOCIAL_ORGANISATION' ? 'CIVIL_AFFAIRS' : 'MARKET');
  const source = unitOf(entity, 'CREDIT');
  const former = entity.demo === null && random.chance(0.12) ? formerNames(entity, random) : [];
  return {
    DJ_SHXYM: entity.uscc,
    DJ_MC: entity.name,
    DJ_CYM: former.join(';'),
    DJ_LX: KIND_LABELS[entity.kind] ?? '其他组织',
    DJ_ZT: entity.status,
    DJ_HYDM: entity.industryCode,
    DJ_QHDM: entity.divisionCode,
    DJ_DZ: `${divisionFullName(entity.divisionCode) ?? ''}示例路${1 + random.below(999)}号${1 + random.below(30)}层`,
    // No subscriber has a number that begins with 0000.
    DJ_DH: `0${100 + random.below(800)}-0000${String(random.below(10_000)).padStart(4, '0')}`,
    DJ_CLRQ: slashes(entity.establishedOn),
    DJ_ZXRQ: entity.closedOn === null ? '' : slashes(entity.closedOn),
    DJ_YXQZI: random.chance(0.7) ? '2099/12/31' : slashes(addMonths(entity.establishedOn, 12 * 30)),
    DJ_FRDB: entity.legalRepresentative,
    DJ_ZCZB:
      entity.kind === 'ENTERPRISE' || entity.kind === 'COOPERATIVE'
        ? String(
            random.weighted([
              [10, 2],
              [50, 3],
              [100, 4],
              [500, 3],
              [1000, 2],
              [5000, 1],
            ]),
          )
        : '',
    DJ_JYFW: '示例经营范围：依法须经批准的项目，经相关部门批准后方可开展经营活动',
    ...legacyIdentifiers(entity, random),
    DJ_DJJG: registrar.name,
    DJ_DJJGDM: registrar.uscc,
    DJ_LYDW: source.name,
    DJ_LYDWDM: source.uscc,
    DJ_SYFW: '社会公开',
    YJLBS: `E${entity.number}`,
    DFBM: entity.divisionCode,
  };
}

function formerNames(entity: GeneratedEntity, random: Random): string[] {
  const start = entity.name.indexOf('示例');
  const count = random.chance(0.2) ? 2 : 1;
  return Array.from(
    { length: count },
    (_, place) =>
      `${entity.name.slice(0, start)}示例原${random.pick(FIRST)}${random.pick(SECOND)}${place === 0 ? '' : '二'}厂`,
  );
}
