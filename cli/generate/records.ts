import type { Authority } from '#standards/demoOrganisations.ts';
import type { FormKind, OtherActKind } from '#standards/forms/form.ts';
import { otherActForms } from '#standards/forms/otherActs.ts';
import { evaluationSchemes, findSchemeVersionOn } from '#standards/evaluationSchemes.ts';
import { listTypes, type ListType } from '#standards/listTypes.ts';
import { addDays, addMonths, daysBetween, slashes } from './days.ts';
import { unitOf, type GeneratedEntity, type Setting } from './entities.ts';
import { createRandom, type Random } from './random.ts';
import { CASES, COMMITMENTS, COMPLAINTS, LICENCES, OTHER_ACTS, VIOLATIONS } from './words.ts';

export type Row = Record<string, string>;

const DISCLOSURE = [
  ['社会公开', 90],
  ['政务共享', 7],
  ['授权查询', 2],
  ['内部', 1],
] as const;

const CATEGORY: Record<string, string> = { SELF_EMPLOYED: '个体工商户' };

function subject(prefix: string, entity: GeneratedEntity): Row {
  return {
    [`${prefix}_XDR_MC`]: entity.name,
    [`${prefix}_XDR_LB`]: CATEGORY[entity.kind] ?? '法人及非法人组织',
    [`${prefix}_XDR_SHXYM`]: entity.uscc,
    [`${prefix}_XDR_HYDM`]: entity.industryCode,
  };
}

function provenance(id: string, entity: GeneratedEntity): Row {
  return { YJLBS: id, DFBM: entity.divisionCode };
}

/** A day in the life of the entity, more often in the last years, never after `asOf`. */
function dayOf(setting: Setting, entity: GeneratedEntity, random: Random): string {
  const end = entity.closedOn ?? setting.asOf;
  const eightYearsAgo = addMonths(end, -96);
  const start = entity.establishedOn > eightYearsAgo ? entity.establishedOn : eightYearsAgo;
  return addDays(start, random.below(daysBetween(start, end) + 1));
}

function documentNo(
  entity: GeneratedEntity,
  short: string,
  word: string,
  day: string,
  place: number,
  random: Random,
): string {
  // A few numbers use the other brackets that are also in use: the same document may differ in them between files.
  const [open, close] = random.chance(0.03) ? ['【', '】'] : ['〔', '〕'];
  return `${short}${word}${open}${day.slice(0, 4)}${close}${entity.number}-${place + 1}号`;
}

/** The entities for which the demo shows something of everything. */
const isDemoSubject = ({ demo }: GeneratedEntity): boolean =>
  demo?.kind === 'subject' || demo?.kind === 'heavy-subject';

/** The demo's authorities, bank and so on, which read the data. They have no records of their own but an evaluation. */
function isStage(entity: GeneratedEntity): boolean {
  return entity.demo !== null && !['subject', 'heavy-subject', 'sample'].includes(entity.demo.kind);
}

/**
 * The number of administrative acts of an entity: none for 55 %, then a log-normal tail with mean 13 (assumed, domain
 * reference §10).
 */
export function actCount(setting: Setting, entity: GeneratedEntity): number {
  if (entity.demo?.kind === 'heavy-subject') return 240;
  if (entity.demo?.kind === 'subject') return 14;
  if (isStage(entity)) return 0;
  const random = createRandom(setting.seed, entity.number, 2);
  if (random.chance(0.55)) return 0;
  return Math.max(1, Math.min(600, Math.round(Math.exp(1.68 + 1.35 * random.normal()))));
}

export type Act = { kind: 'licence' | 'penalty' | OtherActKind; row: Row };

export const ACT_KINDS = [
  'licence',
  'penalty',
  ...Object.keys(otherActForms),
] as readonly FormKind[] as readonly Act['kind'][];

/** The acts of an entity: of each hundred about 70 licences, 15 penalties, 15 others. */
export function acts(setting: Setting, entity: GeneratedEntity): Act[] {
  const count = actCount(setting, entity);
  return Array.from({ length: count }, (_, place): Act => {
    const random = createRandom(setting.seed, entity.number, 3, place);
    const share = random.next();
    if (share < 0.7) return { kind: 'licence', row: licence(setting, entity, random, place) };
    if (share < 0.85) return { kind: 'penalty', row: penalty(setting, entity, random, place) };
    return otherAct(setting, entity, random, place);
  });
}

// The share of acts that are published late: three of a hundred for most offices, more for the demo's late units.
const LATE_SHARE: Partial<Record<Authority, number>> = { TRANSPORT: 0.4, HOUSING: 0.2 };

/**
 * The day on which an act was published on the site of its unit. Most acts are published within five days and some
 * late; for one in twenty-five the day is not given.
 */
function ownSiteOn(setting: Setting, authorityKind: Authority, day: string, random: Random): string {
  const isLate = random.chance(LATE_SHARE[authorityKind] ?? 0.03);
  // Seven working days are at most 17 days, those of the longest holidays.
  const published = addDays(day, isLate ? 18 + random.below(40) : 1 + random.below(5));
  return random.chance(0.04) || published > setting.asOf ? '' : slashes(published);
}

function licence(setting: Setting, entity: GeneratedEntity, random: Random, place: number): Row {
  const [certificate, content, category, authorityKind] = random.pick(LICENCES);
  const authority = unitOf(entity, authorityKind);
  const source = unitOf(entity, 'CREDIT');
  const day = dayOf(setting, entity, random);
  const until = random.chance(0.3) ? '2099-12-31' : addMonths(day, random.pick([12, 36, 60]));
  return {
    ...subject('XK', entity),
    XK_FRDB: entity.legalRepresentative,
    XK_XKWS: '准予行政许可决定书',
    XK_WSH: documentNo(entity, authority.short, '许', day, place, random),
    XK_XKLB: category,
    XK_XKZS: certificate,
    XK_XKBH: `XK${entity.divisionCode}${entity.number}${String(place).padStart(3, '0')}`,
    XK_NR: content,
    XK_JDRQ: slashes(day),
    XK_YXQZ: slashes(day),
    XK_YXQZI: slashes(until),
    XK_XKJG: authority.name,
    XK_XKJGDM: authority.uscc,
    XK_ZT: until < setting.asOf ? '2' : '1',
    XK_LYDW: source.name,
    XK_LYDWDM: source.uscc,
    XK_SYFW: random.weighted(DISCLOSURE),
    XK_GSRQ: ownSiteOn(setting, authorityKind, day, random),
    ...provenance(`L${entity.number}-${place}`, entity),
  };
}

// [categories, content, months of publicity, has a fine]
const SANCTIONS = [
  ['警告', '给予警告', 3, false, 30],
  ['通报批评', '给予通报批评', 3, false, 5],
  ['罚款', '处以罚款', 12, true, 40],
  ['警告;罚款', '给予警告并处罚款', 12, true, 12],
  ['没收违法所得;罚款', '没收违法所得并处罚款', 12, true, 6],
  ['责令停产停业', '责令停产停业整顿', 36, false, 3],
  ['吊销许可证件', '吊销许可证', 36, false, 2],
  ['其他-责令改正', '责令限期改正', 3, false, 2],
] as const;

/** The day on which a penalty was performed, mostly within two months. */
function performedOn(setting: Setting, day: string, random: Random): string {
  const performed = addDays(day, 5 + random.below(55));
  return random.chance(0.2) || performed > setting.asOf ? '' : slashes(performed);
}

function penalty(setting: Setting, entity: GeneratedEntity, random: Random, place: number): Row {
  const [violation, facts, basis] = random.pick(VIOLATIONS);
  const [categories, content, months, hasFine] = random.weighted(SANCTIONS.map((each) => [each, each[4]] as const));
  const authorityKind: Authority =
    violation === '欠缴税款'
      ? 'TAX'
      : violation === '安全生产违法'
        ? 'SAFETY'
        : violation === '超限运输'
          ? 'TRANSPORT'
          : 'MARKET';
  const authority = unitOf(entity, authorityKind);
  const day = dayOf(setting, entity, random);
  return {
    ...subject('CF', entity),
    CF_FRDB: entity.legalRepresentative,
    CF_WSH: documentNo(entity, authority.short, '罚', day, place, random),
    CF_WFXW: violation,
    CF_SY: facts,
    CF_YJ: basis,
    CF_CFLB: categories,
    CF_NR: content,
    CF_NR_FK: hasFine ? random.pick(['0.05', '0.2', '0.5', '1', '2', '5.5', '10', '20']) : '',
    CF_NR_WFFF: categories.includes('没收') ? random.pick(['0.03', '0.8', '3.1415']) : '',
    CF_NR_ZKDX: categories.includes('吊销') ? `示例许可证 ${entity.number}-${place}` : '',
    CF_JDRQ: slashes(day),
    CF_YXQ: '',
    CF_GSJZQ: slashes(addMonths(day, months)),
    CF_CFJG: authority.name,
    CF_CFJGDM: authority.uscc,
    CF_SJLY: authority.name,
    CF_SJLYDM: authority.uscc,
    CF_SYFW: random.weighted(DISCLOSURE),
    CF_GSRQ: ownSiteOn(setting, authorityKind, day, random),
    CF_LXRQ: performedOn(setting, day, random),
    ...provenance(`P${entity.number}-${place}`, entity),
  };
}

function otherAct(setting: Setting, entity: GeneratedEntity, random: Random, place: number): Act {
  const { kind, prefix, word, authorityKind, ...own } = random.pick(OTHER_ACTS);
  const authority = unitOf(entity, authorityKind);
  const source = unitOf(entity, 'CREDIT');
  const day = dayOf(setting, entity, random);
  const row: Row = {};
  const set = (column: string, value: string): void => {
    row[`${prefix}_${column}`] = value;
  };
  set('WSMC', `${word}决定书`);
  set('WSH', documentNo(entity, authority.short, '行', day, place, random));
  set('NR', own.content);
  if (own.matter !== undefined) set('SX', own.matter);
  if (own.method !== undefined) set('FS', own.method);
  if (own.result !== undefined) set('JG', own.result);
  if (own.hasAmount) set('JE', random.pick(['0.1', '0.36', '1.25', '8', '30']));
  set('YJ', own.basis);
  set('JDRQ', slashes(day));
  if (own.months !== undefined) {
    set('YXQZ', slashes(day));
    set('YXQZI', slashes(addDays(addMonths(day, own.months), -1)));
  }
  set('JDJG', authority.name);
  set('JDJGDM', authority.uscc);
  set('LYDW', source.name);
  set('LYDWDM', source.uscc);
  set('SYFW', random.weighted(DISCLOSURE));
  set('GSRQ', ownSiteOn(setting, authorityKind, day, random));
  return { kind, row: { ...subject(prefix, entity), ...row, ...provenance(`O${entity.number}-${place}`, entity) } };
}

/** Commitments: a quarter of the entities have one to five. */
export function commitments(setting: Setting, entity: GeneratedEntity): Row[] {
  const random = createRandom(setting.seed, entity.number, 4);
  const isSubject = entity.demo?.kind === 'subject';
  const count = isSubject ? 3 : !isStage(entity) && random.chance(0.25) ? 1 + random.below(5) : 0;
  const source = unitOf(entity, 'CREDIT');
  return Array.from({ length: count }, (_, place): Row => {
    const [kind, matter] = random.pick(COMMITMENTS);
    const accepted = unitOf(entity, random.pick(['MARKET', 'LABOUR', 'TAX'] as const));
    const day = dayOf(setting, entity, random);
    const due = addMonths(day, 12);
    return {
      ...subject('CN', entity),
      CN_LX: kind,
      CN_BM: `CN${entity.number}-${place}`,
      CN_SY: matter,
      CN_NR: '示例承诺内容：依法诚信经营，自觉接受监督',
      CN_RQ: slashes(day),
      CN_LXQX: slashes(due),
      CN_SLDW: accepted.name,
      CN_SLDWDM: accepted.uscc,
      CN_ZT:
        due > setting.asOf
          ? '履行中'
          : random.weighted([
              ['全部履行', 85],
              ['部分履行', 8],
              ['未履行', 4],
              ['— —', 3],
            ]),
      CN_LYDW: source.name,
      CN_LYDWDM: source.uscc,
      CN_SYFW: random.weighted(DISCLOSURE),
      ...provenance(`C${entity.number}-${place}`, entity),
    };
  });
}

/** Court records: an entity in twenty has one to four. */
export function judicialRecords(setting: Setting, entity: GeneratedEntity): Row[] {
  const random = createRandom(setting.seed, entity.number, 7);
  const count = isDemoSubject(entity) ? 2 : !isStage(entity) && random.chance(0.05) ? 1 + random.below(4) : 0;
  const court = unitOf(entity, 'COURT');
  return Array.from({ length: count }, (_, place): Row => {
    const [kind, word, cause, result] = random.weighted(CASES.map((each) => [each, each[4]] as const));
    const day = dayOf(setting, entity, random);
    const hasDuty = kind === '司法判决' || kind === '司法执行';
    return {
      ...subject('SF', entity),
      SF_LX: kind,
      SF_AH: `（${day.slice(0, 4)}）示${entity.reportingUnit}${word}${entity.number}-${place + 1}号`,
      SF_FY: court.name,
      SF_FYDM: court.uscc,
      SF_JDRQ: slashes(day),
      SF_AY: cause,
      SF_JG: result,
      SF_LVQK: hasDuty
        ? random.weighted([
            ['全部已履行', 60],
            ['部分履行', 12],
            ['全部未履行', 28],
          ])
        : '',
      SF_LYDW: court.name,
      SF_LYDWDM: court.uscc,
      SF_SYFW: random.weighted(DISCLOSURE),
      ...provenance(`J${entity.number}-${place}`, entity),
    };
  });
}

/** Complaints of consumers: an enterprise or a self-employed business in twelve has one to five. */
export function complaints(setting: Setting, entity: GeneratedEntity): Row[] {
  const random = createRandom(setting.seed, entity.number, 8);
  const isTrader = entity.kind === 'ENTERPRISE' || entity.kind === 'SELF_EMPLOYED';
  const count = isDemoSubject(entity)
    ? 2
    : isTrader && !isStage(entity) && random.chance(1 / 12)
      ? 1 + random.below(5)
      : 0;
  const unit = unitOf(entity, 'MARKET');
  return Array.from({ length: count }, (_, place): Row => {
    const [matter, handling, result] = random.pick(COMPLAINTS);
    const day = dayOf(setting, entity, random);
    return {
      ...subject('TS', entity),
      TS_BH: `TS${day.slice(0, 4)}-${entity.number}-${place + 1}`,
      TS_CLRQ: slashes(day),
      TS_SX: matter,
      TS_CLFS: handling,
      TS_CLJG: result,
      TS_CLDW: unit.name,
      TS_CLDWDM: unit.uscc,
      TS_LYDW: unit.name,
      TS_LYDWDM: unit.uscc,
      TS_SYFW: random.weighted(DISCLOSURE),
      ...provenance(`T${entity.number}-${place}`, entity),
    };
  });
}

// One entry in 33 entities gives the 300 of 10 000. The rotation of categories puts each into the smallest data set.
const EVERY = 33;
const TURNS = ['SERIOUS', 'ABNORMAL', 'FOCUS', 'SERIOUS', 'COMMENDED', 'SERIOUS', 'ABNORMAL'] as const;
const AUTHORITY: Record<string, Authority> = {
  JUDGMENT_DEFAULTER: 'COURT',
  FALSE_LITIGATION: 'COURT',
  MAJOR_TAX_VIOLATION: 'TAX',
  TAX_GRADE_A: 'TAX',
  WAGE_ARREARS: 'LABOUR',
  SOCIAL_INSURANCE: 'LABOUR',
  WORK_SAFETY: 'SAFETY',
  SAFETY_FOCUS: 'SAFETY',
  OVERLOAD_TRANSPORT: 'TRANSPORT',
  CONSTRUCTION_MARKET: 'HOUSING',
  SOCIAL_ORGANISATION_SERIOUS: 'CIVIL_AFFAIRS',
  ABNORMAL_SOCIAL_ORGANISATION: 'CIVIL_AFFAIRS',
};

/** The list entry of an entity, or null: its list, and whether it is still in force. */
function listing(
  setting: Setting,
  entity: GeneratedEntity,
): { type: ListType; isActive: boolean; random: Random } | null {
  const demo = entity.demo?.kind;
  const turn = Math.floor(entity.number / EVERY);
  if (demo !== 'subject' && demo !== 'heavy-subject' && (entity.demo !== null || entity.number % EVERY !== 28))
    return null;
  const random = createRandom(setting.seed, entity.number, 5);
  const category = demo === 'heavy-subject' ? 'SERIOUS' : demo === 'subject' ? 'ABNORMAL' : TURNS[turn % TURNS.length];
  const forSocial = entity.kind === 'SOCIAL_ORGANISATION';
  const candidates = listTypes.filter(
    (type) =>
      type.category === category &&
      (category === 'COMMENDED' || category === 'FOCUS' || type.code.includes('SOCIAL_ORGANISATION') === forSocial),
  );
  const type =
    demo === 'heavy-subject' ? listTypes.find((each) => each.code === 'WAGE_ARREARS') : random.pick(candidates);
  const isActive = demo === 'heavy-subject' || (demo !== 'subject' && turn % 3 !== 2);
  return type === undefined ? null : { type, isActive, random };
}

/** Whether the entity is on a list of serious violations on the last day. */
export function isSeriouslyListed(setting: Setting, entity: GeneratedEntity): boolean {
  const found = listing(setting, entity);
  return found !== null && found.isActive && found.type.category === 'SERIOUS';
}

function latest(...days: string[]): string {
  return days.reduce((a, b) => (a > b ? a : b));
}

const REASONS = ['信用修复', '期限届满', '认定撤销'] as const;

/** Name-list entries: 3 % of the entities, in every category, two thirds of them in force. */
export function listEntries(setting: Setting, entity: GeneratedEntity): Row[] {
  const found = listing(setting, entity);
  if (found === null) return [];
  const { type, isActive, random } = found;
  const authority = unitOf(entity, AUTHORITY[type.code] ?? 'MARKET');
  const months = type.termMonths ?? 0;
  const longAgo = isActive ? Math.max(30, months * 30 - 60) : 1400;
  const daysAgo = isActive ? 5 + random.below(Math.min(longAgo, 700)) : 500 + random.below(longAgo - 500);
  // The listing is not before the entity and the list existed.
  const listedOn = latest(addDays(setting.asOf, -daysAgo), entity.establishedOn, type.effectiveFrom);
  const termUntil = months === 0 ? '' : addDays(addMonths(listedOn, months), -1);
  const chosen = type.category === 'ABNORMAL' ? '已改正' : random.pick(REASONS);
  const hasRunOut = chosen === '期限届满' && termUntil < setting.asOf;
  const reason = chosen === '期限届满' && !hasRunOut ? '信用修复' : chosen;
  const early = addDays(listedOn, 190 + random.below(300));
  const removedOn = isActive ? '' : hasRunOut ? addDays(termUntil, 1) : early < setting.asOf ? early : setting.asOf;
  const isFocus = type.category === 'FOCUS';
  return [
    {
      ...subject('MD', entity),
      MD_LX: type.name,
      MD_WSH: documentNo(entity, authority.short, '列', listedOn, 0, random),
      MD_LRRQ: slashes(listedOn),
      MD_LRSY:
        type.category === 'COMMENDED'
          ? '示例事由：连续三年守信'
          : type.category === 'ABNORMAL'
            ? '未按规定期限公示年度报告'
            : '示例事由：有履行能力而拒不履行或者存在严重违法行为',
      MD_FLYJ: type.legalBasis[0] ?? '',
      MD_QXZ: termUntil === '' ? '' : slashes(termUntil),
      MD_GSJZQ: termUntil === '' ? '' : slashes(termUntil),
      MD_ZGYQ: isFocus || type.category === 'SERIOUS' ? '示例整改要求：限期改正并提交报告' : '',
      MD_ZGQX: isFocus || type.category === 'SERIOUS' ? slashes(addDays(listedOn, 60)) : '',
      MD_LVQK: type.code === 'JUDGMENT_DEFAULTER' ? '全部未履行' : '',
      MD_XQ: type.code === 'JUDGMENT_DEFAULTER' ? '示例执行依据文号' : '',
      MD_YCRQ: removedOn === '' ? '' : slashes(removedOn),
      MD_YCYY: removedOn === '' ? '' : reason,
      MD_RDJG: authority.name,
      MD_RDJGDM: authority.uscc,
      MD_LYDW: authority.name,
      MD_LYDWDM: authority.uscc,
      // 893 clause 4: publication of a focus list is the determining unit's choice.
      MD_SYFW: isFocus && random.chance(0.5) ? '政务共享' : isFocus || random.chance(0.95) ? '社会公开' : '授权查询',
      ...provenance(`N${entity.number}`, entity),
    },
  ];
}

const REASON_TEXT: Record<string, string> = {
  A: '示例：行政管理信息完整;示例：按期公示年报',
  B: '示例：有轻微失信信息',
  C: '示例：有一般失信信息;示例：公示期内有行政处罚',
  D: '示例：有多项严重失信信息',
  M: '示例：新设立或者评价年度内无收入',
};
const OLD_GRADES: Record<string, string> = { 优: 'A', 良: 'B', 中: 'C', 差: 'D' };

// The limits between grades, in quality from 0 (best) to 1, by the number of grades.
const CUTS: Record<number, number[]> = { 4: [0.35, 0.77, 0.96], 5: [0.3, 0.7, 0.8, 0.97] };

function evaluation(
  entity: GeneratedEntity,
  schemeCode: string,
  day: string,
  quality: number,
  forced: boolean,
  cause: string,
  place: number,
): Row {
  const scheme = evaluationSchemes.find((each) => each.code === schemeCode);
  const version = findSchemeVersionOn(schemeCode, day);
  if (scheme === undefined || version === null) throw new Error(`No version of ${schemeCode} is in force on ${day}`);
  const last = version.grades.length;
  const rank = forced ? last : 1 + (CUTS[last] ?? []).filter((cut) => quality >= cut).length;
  const grade = version.grades[rank - 1]?.code ?? '';
  const max = version.scoreMax === null ? null : Number(version.scoreMax);
  const share = 1 - (rank - 1 + quality * 0.9) / (last + 0.5);
  const score = max === null ? '' : (max * share).toFixed(1);
  const families = scheme.indicatorFamilies;
  const perFamily = max === null ? 0 : max / families.length;
  const evaluator =
    schemeCode === 'PUBLIC_CREDIT'
      ? unitOf(entity, 'CREDIT')
      : schemeCode === 'TAX_CREDIT'
        ? unitOf(entity, 'TAX')
        : unitOf(entity, 'MARKET');
  return {
    ...subject('PJ', entity),
    PJ_FA: scheme.code,
    PJ_FABB: version.version,
    PJ_DJ: grade,
    PJ_FS: score,
    PJ_MF: version.scoreMax ?? '',
    PJ_RQ: slashes(day),
    PJ_SJJZ: slashes(addDays(day, -30)),
    PJ_YXQZ: slashes(addDays(addMonths(day, version.period === 'P1M' ? 1 : 12), -1)),
    PJ_ZB:
      max === null
        ? ''
        : families.map((family) => `${family.code}:${(perFamily * share).toFixed(1)}/${perFamily}`).join(';'),
    PJ_YY: forced ? '示例：列入严重失信主体名单' : (REASON_TEXT[OLD_GRADES[grade] ?? grade] ?? ''),
    PJ_GXYY: cause,
    PJ_DW: evaluator.name,
    PJ_DWDM: evaluator.uscc,
    PJ_LYDW: evaluator.name,
    PJ_LYDWDM: evaluator.uscc,
    // A public credit grade is published; the others are shared.
    PJ_SYFW: schemeCode === 'PUBLIC_CREDIT' ? '社会公开' : '政务共享',
    ...provenance(`V${entity.number}-${place}`, entity),
  };
}

/**
 * Evaluations: every enterprise under PUBLIC_CREDIT for this year and some years before, a third of them under
 * SAMR_RISK and a quarter under TAX_CREDIT.
 */
export function evaluations(setting: Setting, entity: GeneratedEntity): Row[] {
  if (entity.kind !== 'ENTERPRISE') return [];
  const random = createRandom(setting.seed, entity.number, 6);
  const isSubject = isDemoSubject(entity);
  const listed = isSeriouslyListed(setting, entity);
  const rows: Row[] = [];
  const quality = random.next() * (isStage(entity) ? 0.3 : 1);
  const add = (scheme: string, day: string, forced: boolean, cause = '定期评价'): void => {
    const drift = Math.min(0.999, Math.max(0, quality + 0.1 * random.normal()));
    rows.push(evaluation(entity, scheme, day, drift, forced, cause, rows.length));
  };
  const years = isSubject || random.chance(0.3) ? 3 : random.chance(0.45) ? 2 : 1;
  const yearly = lastDay(setting.asOf, '06-30');
  for (let back = years - 1; back >= 0; back--) {
    const day = addMonths(yearly, -12 * back);
    if (back === 0 || (day > entity.establishedOn && findSchemeVersionOn('PUBLIC_CREDIT', day) !== null)) {
      add('PUBLIC_CREDIT', day, listed && back === 0, back === 0 && random.chance(0.03) ? '信用修复' : '定期评价');
    }
  }
  if (isSubject || random.chance(0.33)) {
    const month = `${addMonths(setting.asOf, -1).slice(0, 7)}-28`;
    add('SAMR_RISK', addMonths(month, -1), listed);
    add('SAMR_RISK', month, listed);
  }
  if (isSubject || random.chance(0.25)) add('TAX_CREDIT', lastDay(setting.asOf, '04-30'), false);
  return rows;
}

/** The last such day of a year that is at least a month earlier. */
function lastDay(asOf: string, monthAndDay: string): string {
  const thisYear = `${asOf.slice(0, 4)}-${monthAndDay}`;
  return addMonths(thisYear, 1) <= asOf ? thisYear : `${Number(asOf.slice(0, 4)) - 1}-${monthAndDay}`;
}
