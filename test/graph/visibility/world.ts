import { randomUUID } from 'node:crypto';
import type { Role } from '#policy/roles.ts';
import { syntheticUnit } from '#standards/demoOrganisations.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, startGraph, type Reply, type TestGraph } from '#test/support/graph.ts';
import { numbered } from '#test/support/listings.ts';
import { purposeFor, purposesOf } from '#test/support/purposes.ts';

// A small country in which everything that may be hidden is a canary: a text that occurs nowhere else. The readers of
// each are written down by hand, in the words of the design and the policy, and computed from nothing: a test that
// called the policy's own code would agree with its mistakes.
//
// Two of everything: `near` lies in the reach of every viewer that has one (its own file, its province 33, its sector
// F, decided by its unit), `far` in the reach of the other viewer of the same role (province 44, sector H).

export type PlaceName = 'near' | 'far';
export const placeNames: readonly PlaceName[] = ['near', 'far'];

interface Site {
  readonly uscc: string;
  readonly name: string;
  readonly division: string;
  readonly district: string;
  readonly industry: string;
  readonly unit: string;
}

/** Both are self-employed businesses: their addresses are homes. */
export const sites: Record<PlaceName, Site> = {
  near: {
    uscc: composeUscc('92330106', 'MA5EEE81'),
    name: '杭州市西湖区可见之店',
    division: '330106',
    district: '浙江省杭州市西湖区',
    industry: '52',
    unit: organisationOf('DETERMINING_UNIT').organisation,
  },
  far: {
    uscc: composeUscc('92440305', 'MA5EEE82'),
    name: '深圳市南山区可见之店',
    division: '440305',
    district: '广东省深圳市南山区',
    industry: '62',
    unit: syntheticUnit('44', 'LABOUR').uscc,
  },
};

/**
 * Lies far, is registered publicly, and every record about it is GOV_SHARED: out of reach it looks like an entity
 * without records.
 */
export const shadow = composeUscc('92440305', 'MA5EEE83');
export const shadowName = '深圳市南山区影子之店';
/** Lies near; its registration itself is GOV_SHARED, but a list entry about it is public. */
export const hidden = composeUscc('91330106', 'MA0EEE84');
/**
 * Enterprises near and far, in no register, whose entries and evaluations are delivered to every subscriber: those of
 * self-employed businesses go to tasks of government alone.
 */
export const firms: Record<PlaceName, Site> = {
  near: { ...sites.near, uscc: composeUscc('91330106', 'MA5EEE86') },
  far: { ...sites.far, uscc: composeUscc('91440305', 'MA5EEE87') },
};
/** In no register; valid by both checks. */
export const unknown = composeUscc('91100000', 'MA9EEE99');

export interface Viewer {
  readonly role: Role;
  readonly organisation?: string;
  readonly province?: string;
  readonly sector?: string;
  /** SUPERVISION unless it says otherwise. */
  readonly purpose?: null;
}

const aimless = { purpose: null } as const;

export const viewers = {
  public: { role: 'PUBLIC' },
  'subject near': { role: 'SUBJECT', organisation: sites.near.uscc },
  'subject far': { role: 'SUBJECT', organisation: sites.far.uscc },
  'province 33': { role: 'PROVINCIAL_PLATFORM', province: '33' },
  'province 44': { role: 'PROVINCIAL_PLATFORM', organisation: syntheticUnit('44', 'CREDIT').uscc, province: '44' },
  'sector F': { role: 'SECTOR_REGULATOR', sector: 'F' },
  'sector H': { role: 'SECTOR_REGULATOR', organisation: syntheticUnit('44', 'MARKET').uscc, sector: 'H' },
  'unit near': { role: 'DETERMINING_UNIT', organisation: sites.near.unit },
  'unit far': { role: 'DETERMINING_UNIT', organisation: sites.far.unit },
  'implementer 33': { role: 'IMPLEMENTER', province: '33' },
  'implementer 44': { role: 'IMPLEMENTER', organisation: syntheticUnit('44', 'TRANSPORT').uscc, province: '44' },
  bank: { role: 'FINANCIAL_INSTITUTION' },
  agency: { role: 'CREDIT_SERVICE_AGENCY' },
  association: { role: 'INDUSTRY_ASSOCIATION' },
  assessor: { role: 'ASSESSOR' },
  auditor: { role: 'AUDITOR' },
  centre: { role: 'NATIONAL_CENTRE' },
  'rule keeper': { role: 'RULE_KEEPER' },
  operator: { role: 'OPERATOR' },
  'aimless subject': { role: 'SUBJECT', organisation: sites.near.uscc, ...aimless },
  'aimless province': { role: 'PROVINCIAL_PLATFORM', province: '33', ...aimless },
  'aimless sector': { role: 'SECTOR_REGULATOR', sector: 'F', ...aimless },
  'aimless unit': { role: 'DETERMINING_UNIT', organisation: sites.near.unit, ...aimless },
  'aimless implementer': { role: 'IMPLEMENTER', province: '33', ...aimless },
  'aimless bank': { role: 'FINANCIAL_INSTITUTION', ...aimless },
  'aimless assessor': { role: 'ASSESSOR', ...aimless },
  'aimless auditor': { role: 'AUDITOR', ...aimless },
  'aimless centre': { role: 'NATIONAL_CENTRE', ...aimless },
} as const satisfies Record<string, Viewer>;

export type ViewerName = keyof typeof viewers;
export const viewerNames = Object.keys(viewers) as ViewerName[];

/** What a viewer says that it reads for. */
export const purposeOf = (name: ViewerName): string | null => {
  const { purpose, role }: Viewer = viewers[name];
  return purpose === null ? null : purposeFor(role);
};

/** The viewer of each role in whose reach `near` lies, where the role has a reach. */
export const viewerOf: Record<Role, ViewerName> = {
  PUBLIC: 'public',
  SUBJECT: 'subject near',
  PROVINCIAL_PLATFORM: 'province 33',
  SECTOR_REGULATOR: 'sector F',
  DETERMINING_UNIT: 'unit near',
  IMPLEMENTER: 'implementer 33',
  FINANCIAL_INSTITUTION: 'bank',
  CREDIT_SERVICE_AGENCY: 'agency',
  INDUSTRY_ASSOCIATION: 'association',
  ASSESSOR: 'assessor',
  AUDITOR: 'auditor',
  NATIONAL_CENTRE: 'centre',
  RULE_KEEPER: 'rule keeper',
  OPERATOR: 'operator',
};

export const kinds = ['licence', 'penalty', 'commitment', 'judicial', 'complaint', 'entry', 'evaluation'] as const;
export type Kind = (typeof kinds)[number];
export const states = ['PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL', 'ENDED', 'FUTURE', 'WITHDRAWN'] as const;
export type State = (typeof states)[number];

export type Who = readonly ViewerName[];

// Every role that reads records sees what is published. A role that also reads beyond it names a purpose first; a bank
// and an assessor need none for published records. An operator and a rule keeper read no data.
const published: Who = [
  'public',
  'subject near',
  'subject far',
  'province 33',
  'province 44',
  'sector F',
  'sector H',
  'unit near',
  'unit far',
  'implementer 33',
  'implementer 44',
  'bank',
  'agency',
  'association',
  'assessor',
  'auditor',
  'centre',
  'aimless bank',
  'aimless assessor',
];
// Shared between departments: the subject, its province, its sector, the unit that decided; auditors and the centre
// everywhere.
const shared: Record<PlaceName, Who> = {
  near: ['subject near', 'province 33', 'sector F', 'unit near', 'implementer 33', 'auditor', 'centre'],
  far: ['subject far', 'province 44', 'sector H', 'unit far', 'implementer 44', 'auditor', 'centre'],
};

/** Who sees a row of fact at all, by its state and place. */
export const rowSeenBy: Record<State, Record<PlaceName, Who>> = {
  PUBLIC: { near: published, far: published },
  GOV_SHARED: shared,
  // For named recipients: the subject and the unit that decided; auditors and the centre.
  RESTRICTED: {
    near: ['subject near', 'unit near', 'auditor', 'centre'],
    far: ['subject far', 'unit far', 'auditor', 'centre'],
  },
  // For the determining unit and auditors. The subject does not see notes internal to an authority.
  INTERNAL: { near: ['unit near', 'auditor'], far: ['unit far', 'auditor'] },
  // Before and after its publication a record of level PUBLIC is as one that is shared between departments.
  ENDED: shared,
  FUTURE: shared,
  // Repaired, revoked, taken back: the subject, the determining unit, the auditor (design §6).
  WITHDRAWN: { near: ['subject near', 'unit near', 'auditor'], far: ['subject far', 'unit far', 'auditor'] },
};

/** Who sees a class of field on a row that is itself seen. */
export const fieldSeenBy: Record<
  'CONTACT' | 'ADDRESS' | 'PERSON' | 'SCORE' | 'PROVENANCE' | 'REMARK',
  Record<PlaceName, Who>
> = {
  // Telephone: the subject, its province, its sector, its registration authority; auditors and the centre.
  CONTACT: {
    near: ['subject near', 'province 33', 'sector F', 'unit near', 'auditor', 'centre'],
    far: ['subject far', 'province 44', 'sector H', 'unit far', 'auditor', 'centre'],
  },
  // The street of a self-employed business: those, and the implementer of measures in its province.
  ADDRESS: {
    near: ['subject near', 'province 33', 'sector F', 'unit near', 'implementer 33', 'auditor', 'centre'],
    far: ['subject far', 'province 44', 'sector H', 'unit far', 'implementer 44', 'auditor', 'centre'],
  },
  // A person's full name: the subject and the unit it is registered with. Not even an auditor needs it.
  PERSON: { near: ['subject near', 'unit near'], far: ['subject far', 'unit far'] },
  // Scores: the subject, its province and sector, any bank, auditors and the centre; not the unit.
  SCORE: {
    near: ['subject near', 'province 33', 'sector F', 'bank', 'auditor', 'centre'],
    far: ['subject far', 'province 44', 'sector H', 'bank', 'auditor', 'centre'],
  },
  // Source ids and digests: those in reach, assessors (who trace figures to their records), auditors and the centre.
  PROVENANCE: {
    near: ['subject near', 'province 33', 'sector F', 'unit near', 'assessor', 'auditor', 'centre'],
    far: ['subject far', 'province 44', 'sector H', 'unit far', 'assessor', 'auditor', 'centre'],
  },
  REMARK: {
    near: ['subject near', 'province 33', 'sector F', 'unit near', 'auditor', 'centre'],
    far: ['subject far', 'province 44', 'sector H', 'unit far', 'auditor', 'centre'],
  },
};

/**
 * Readers of a self-employed business in lists and changes: the roles with a task of government about such businesses,
 * and the business itself.
 */
const withTask: Who = [
  'province 33',
  'province 44',
  'sector F',
  'sector H',
  'unit near',
  'unit far',
  'implementer 33',
  'implementer 44',
  'assessor',
  'auditor',
  'centre',
  'aimless assessor',
];
export const followedBy: Record<PlaceName, Who> = {
  near: ['subject near', ...withTask],
  far: ['subject far', ...withTask],
};

export const both = (a: Who, b: Who): Who => a.filter((name) => b.includes(name));

export interface Canary {
  readonly text: string;
  readonly seenBy: Who;
}

export interface Planted {
  readonly place: PlaceName;
  readonly kind: Kind;
  readonly state: State;
}

// `zq` opens and closes a canary, so that none is part of another.
export const canary = (...words: readonly string[]): string =>
  `zq${words.join('').replaceAll('_', '').toLowerCase()}zq`;
export const mark = ({ place, kind, state }: Planted, part: string): string => canary(place, kind, state, part);
/** Names the canaries of a row. */
export type Say = (part: string) => string;
/** Codes of indicators are capitals. */
const indicatorCode = (say: Say): string => say('indicator').toUpperCase();
export const everyRow: readonly Planted[] = placeNames.flatMap((place) =>
  kinds.flatMap((kind) => states.map((state) => ({ place, kind, state }))),
);

/**
 * Numbers that nothing else in an answer is: four decimals, the last of them no zero. Each family of rows has its own,
 * 80 apart.
 */
const numbersOf = ({ place, state }: Planted, family: number): string[] =>
  [0, 1, 2, 3].map((which) => {
    const at = family * 80 + states.indexOf(state) * 4 + which + (place === 'near' ? 0 : 40);
    return `${71 + (at % 20)}.${1009 + at * 10}`;
  });

/** What is followed, and about firms: shared or published. */
export const followed = ['entry', 'evaluation'] as const satisfies readonly Kind[];
const firmRows: readonly Planted[] = placeNames.flatMap((place) =>
  followed.flatMap((kind) => (['PUBLIC', 'GOV_SHARED'] as const).map((state) => ({ place, kind, state }))),
);
const sayOfFirm =
  ({ place, kind, state }: Planted): Say =>
  (part) =>
    canary('firm', place, kind, state, part);
/** Nobody's file: no subject has it. */
const ofFirm = (who: Who): Who => who.filter((name) => !name.startsWith('subject'));

const dayOf = ({ state, place }: Planted): string =>
  `2026/0${place === 'near' ? 3 : 4}/${String(10 + states.indexOf(state)).padStart(2, '0')}`;

const levelNames: Record<State, string> = {
  PUBLIC: '社会公开',
  GOV_SHARED: '政务共享',
  RESTRICTED: '授权查询',
  INTERNAL: '内部',
  ENDED: '社会公开',
  FUTURE: '社会公开',
  WITHDRAWN: '社会公开',
};

/** What a row of an official form is filed with: whose it is, when it was decided, and what it says. */
interface FormRow {
  readonly subject: { readonly uscc: string; readonly industry: string; readonly unit: string };
  readonly day: string;
  readonly say: Say;
  readonly numbers: readonly string[];
}

/** What the columns of each form begin with. */
const prefixes: Record<Kind, string> = {
  licence: 'XK',
  penalty: 'CF',
  commitment: 'CN',
  judicial: 'SF',
  complaint: 'TS',
  entry: 'MD',
  evaluation: 'PJ',
};

/** The columns that each form has for itself. */
const columnsOf: Record<Kind, (row: FormRow) => Record<string, string>> = {
  licence: ({ subject, day, say }) => ({
    XK_XKWS: say('docname'),
    XK_WSH: `${say('doc')}〔2026〕1号`,
    XK_XKLB: `其他-${say('category')}`,
    XK_XKZS: say('certificate'),
    XK_XKBH: say('number'),
    XK_NR: say('text'),
    XK_JDRQ: day,
    XK_YXQZ: day,
    XK_YXQZI: '2090/01/01',
    XK_XKJG: say('authority'),
    XK_XKJGDM: subject.unit,
    XK_ZT: '有效',
    XK_GSRQ: day,
  }),
  penalty: ({ subject, day, say }) => ({
    CF_WSH: `${say('doc')}〔2026〕2号`,
    CF_WFXW: say('violation'),
    CF_SY: say('facts'),
    CF_YJ: say('basis'),
    CF_CFLB: `罚款;其他-${say('category')}`,
    CF_NR: say('text'),
    CF_NR_FK: '1.5',
    CF_NR_WFFF: '2.5',
    CF_NR_ZKDX: say('affected'),
    CF_JDRQ: day,
    CF_YXQ: '2090/01/01',
    CF_SJLY: say('source'),
    CF_SJLYDM: subject.unit,
    CF_CFJG: say('authority'),
    CF_CFJGDM: subject.unit,
    CF_GSRQ: day,
    CF_LXRQ: day,
    CF_CFCX: '普通程序',
    CF_GSBYX: '公共安全',
  }),
  commitment: ({ subject, day, say }) => ({
    CN_LX: '主动型',
    CN_BM: say('doc'),
    CN_SY: say('text'),
    CN_NR: say('promise'),
    CN_RQ: day,
    CN_LXQX: '2090/01/01',
    CN_SLDW: say('authority'),
    CN_SLDWDM: subject.unit,
    CN_ZT: '全部履行',
  }),
  judicial: ({ subject, day, say }) => ({
    SF_LX: '司法判决',
    SF_AH: `${say('doc')}〔2026〕4号`,
    SF_FY: say('authority'),
    SF_FYDM: subject.unit,
    SF_JDRQ: day,
    SF_AY: say('cause'),
    SF_JG: say('text'),
    SF_LVQK: '部分履行',
  }),
  complaint: ({ subject, day, say }) => ({
    TS_BH: say('doc'),
    TS_CLRQ: day,
    TS_SX: say('text'),
    TS_CLFS: say('handling'),
    TS_CLJG: say('result'),
    TS_CLDW: say('authority'),
    TS_CLDWDM: subject.unit,
  }),
  entry: ({ subject, day, say }) => ({
    MD_LX: 'SAMR_SERIOUS',
    MD_WSH: `${say('doc')}〔2026〕3号`,
    MD_LRRQ: day,
    MD_LRSY: say('text'),
    MD_FLYJ: say('basis'),
    MD_QXZ: '2090/01/01',
    MD_GSJZQ: '2090/01/01',
    MD_XQ: say('details'),
    MD_RDJG: say('authority'),
    MD_RDJGDM: subject.unit,
  }),
  evaluation: ({ subject, day, say, numbers }) => ({
    PJ_FA: 'PUBLIC_CREDIT',
    PJ_FABB: day < '2026/04/02' ? '2025' : '2026',
    PJ_DJ: 'B',
    PJ_FS: numbers[0] ?? '',
    PJ_MF: numbers[1] ?? '',
    PJ_RQ: day,
    PJ_SJJZ: '2026/01/31',
    PJ_YXQZ: '2090/01/01',
    PJ_ZB: `COMPLIANCE:${numbers[2]}/${numbers[3]};${indicatorCode(say)}:1/2`,
    PJ_YY: say('reason'),
    PJ_GXYY: '定期评价',
    PJ_DW: say('authority'),
    PJ_DWDM: subject.unit,
  }),
};

/** A row of an official form; `say` names its canaries. */
export function formOf(
  kind: Kind,
  subject: FormRow['subject'],
  state: State,
  day: string,
  say: Say,
  numbers: readonly string[] = [],
): Record<string, string> {
  const prefix = prefixes[kind];
  const common = {
    [`${prefix}_XDR_MC`]: say('filedname'),
    [`${prefix}_XDR_SHXYM`]: subject.uscc,
    [`${prefix}_XDR_HYDM`]: subject.industry,
    [`${prefix}_SYFW`]: levelNames[state],
    ...(kind === 'penalty' ? null : { [`${prefix}_LYDW`]: say('source'), [`${prefix}_LYDWDM`]: subject.unit }),
    BZ: say('remark'),
    YJLBS: say('recordid'),
    [say('column')]: say('value'),
  };
  const person = {
    [`${prefix}_FRDB`]: say('filedperson'),
    [`${prefix}_FR_ZJHM`]: say('idnumber'),
    [`${prefix}_XDR_ZJHM`]: say('subjectid'),
  };
  return {
    ...common,
    ...(kind === 'licence' || kind === 'penalty' ? person : null),
    ...columnsOf[kind]({ subject, day, say, numbers }),
  };
}

/** A planted row as it is filed. */
export const rowOf = (row: Planted, subject: Site, say: Say, family: number): Record<string, string> =>
  formOf(row.kind, subject, row.state, dayOf(row), say, numbersOf(row, family));

/** Canaries of a row that are there to be seen with it, and those of a narrower class. */
const partsOf: Record<Kind, readonly string[]> = {
  licence: ['text', 'doc', 'docname', 'category', 'certificate', 'number', 'authority', 'source'],
  penalty: ['text', 'doc', 'violation', 'facts', 'basis', 'category', 'affected', 'authority', 'source'],
  commitment: ['text', 'doc', 'promise', 'authority', 'source'],
  judicial: ['text', 'doc', 'cause', 'authority', 'source'],
  complaint: ['text', 'doc', 'handling', 'result', 'authority', 'source'],
  entry: ['text', 'doc', 'basis', 'authority', 'source'],
  evaluation: ['authority', 'source'],
};
/** No field of the graph returns these, or they are never kept. */
const undelivered: Record<Kind, readonly string[]> = {
  licence: ['filedperson', 'idnumber', 'subjectid'],
  penalty: ['filedperson', 'idnumber', 'subjectid'],
  commitment: [],
  judicial: [],
  complaint: [],
  entry: ['remark', 'details'],
  evaluation: ['remark'],
};

const tables: Record<Kind, string> = {
  licence: 'disclosure.act',
  penalty: 'disclosure.act',
  commitment: 'disclosure.commitment',
  judicial: 'disclosure.judicial_record',
  complaint: 'disclosure.complaint',
  entry: 'namelist.entry',
  evaluation: 'evaluation.result',
};
const transports: Record<Kind, string> = {
  licence: 'licence',
  penalty: 'penalty',
  commitment: 'commitment',
  judicial: 'judicial-record',
  complaint: 'complaint',
  entry: 'name-list',
  evaluation: 'evaluation',
};

/** The kinds of act that have no canaries of their own: one of each, published, on `near` and `far`. */
export const otherActs = [
  'compulsion',
  'confirmation',
  'levy',
  'payment',
  'adjudication',
  'compensation',
  'reward',
  'inspection',
];

const entityForm = (
  place: PlaceName,
  uscc: string,
  name: string,
  level: string,
  kind: string,
  marks: string,
): Record<string, string> => ({
  DJ_SHXYM: uscc,
  DJ_MC: name,
  DJ_CYM: `曾${canary(marks, 'formername')}`,
  DJ_LX: kind,
  DJ_ZT: '存续',
  DJ_HYDM: sites[place].industry,
  DJ_QHDM: sites[place].division,
  DJ_DZ: `${sites[place].district}${canary(marks, 'street')}路8号`,
  DJ_DH: canary(marks, 'phone'),
  DJ_CLRQ: '2015/05/05',
  DJ_FRDB: `王${canary(marks, 'person')}`,
  DJ_FRZJHM: canary(marks, 'personid'),
  DJ_DJJG: `${sites[place].district}登记机关`,
  DJ_DJJGDM: sites[place].unit,
  DJ_LYDW: `${sites[place].district}登记机关`,
  DJ_LYDWDM: sites[place].unit,
  DJ_SWDJ: `3301${uscc.slice(8, 17)}01`,
  DJ_SYFW: level,
  BZ: canary(marks, 'entityremark'),
  YJLBS: canary(marks, 'entityrecordid'),
  [canary(marks, 'entitycolumn')]: canary(marks, 'entityvalue'),
});

export interface World extends AsyncDisposable {
  readonly graph: TestGraph;
  /** Everything was recorded by this instant. */
  readonly knownAt: string;
  readonly canaries: readonly Canary[];
  /** Of the unit near and of the unit far: a filing each. */
  readonly filings: Record<PlaceName, string>;
  /** Ids of what the unit and the subject of a place have for themselves. */
  readonly own: Record<PlaceName, Own>;
  send(viewer: ViewerName, operation: Operation): Promise<Answer>;
  tokenOf(viewer: ViewerName): string | null;
  organisationOf(viewer: ViewerName): string | null;
}

/** One request as a client makes it. */
export interface Operation {
  readonly name: string;
  readonly query?: string;
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
  readonly headers?: Record<string, string>;
  /** A path of its own, or GET with the operation in the address. */
  readonly path?: string;
  readonly method?: 'GET' | 'POST';
  /** In place of the operation. */
  readonly body?: unknown;
  /** A stream is read until so many events have come. */
  readonly events?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** The raw bytes as text: what a value that must not be seen is looked for in. */
  readonly text: string;
}

/** Of a stream, its first event. */
export const bodyOf = ({ text, headers }: Answer): Reply['body'] =>
  JSON.parse(
    headers['content-type']?.startsWith('text/event-stream') ? (/^data: (.*)$/m.exec(text)?.[1] ?? '{}') : text,
  ) as Reply['body'];

/** What a field gave. */
export function dataOf<Value>(answer: Answer, field: string): Value {
  const value = bodyOf(answer).data?.[field];
  if (value === null || value === undefined) throw new Error(answer.text);
  return value as Value;
}

/**
 * Two answers to the same request may differ by their time, and by what their callers had requested before.
 */
const ofTheRequest: ReadonlySet<string> = new Set(['date', 'x-request-id', 'ratelimit']);

/** The bytes of an answer as text; of a stream, until so many events have come. */
export async function answerOf(response: Response, events = Infinity): Promise<Answer> {
  let text = '';
  const decoder = new TextDecoder();
  if (response.body) {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      if ((text.match(/^data: .*\n\n/gm) ?? []).length >= events) break;
    }
  }
  return {
    status: response.status,
    headers: Object.fromEntries([...response.headers].filter(([header]) => !ofTheRequest.has(header))),
    text,
  };
}

export async function startWorld(options: Parameters<typeof startGraph>[0] = {}): Promise<World> {
  const stack = new AsyncDisposableStack();
  const graph = stack.use(await startGraph(options));
  await plant(graph);
  const world = await openWorld(graph);
  const owned = stack.move();
  return Object.assign(world, { [Symbol.asyncDispose]: () => owned.disposeAsync() });
}

/** Viewers with their tokens for a graph whose database is already planted. */
export async function openWorld(graph: TestGraph): Promise<World> {
  await grantRoles(graph);
  const tokenOf = tokensOf(graph);
  const send = sendTo(graph, tokenOf);
  const digestOf = await digestsOf(graph);
  const filings = { near: await openFiling('unit near', send), far: await openFiling('unit far', send) };
  const owned = { near: await makeOwn('near', send), far: await makeOwn('far', send) };
  await graph.gateway.sources.refresh();
  return {
    graph,
    knownAt: await graph.gateway.sources.sealed(),
    canaries: oracle(digestOf, filings, owned),
    filings,
    own: owned,
    send,
    tokenOf,
    organisationOf: (name) => {
      const { role, organisation }: Viewer = viewers[name];
      return role === 'PUBLIC' ? null : (organisation ?? organisationOf(role).organisation);
    },
    [Symbol.asyncDispose]: () => graph[Symbol.asyncDispose](),
  };
}

/** The tokens of viewers, each made once; the public has none. */
function tokensOf(graph: TestGraph): World['tokenOf'] {
  const tokens = new Map<string, string>();
  return (name) => {
    const { role, organisation, province, sector, purpose }: Viewer = viewers[name];
    if (role === 'PUBLIC') return null;
    let token = tokens.get(name);
    if (!token) {
      token = graph.issuer.token({
        role,
        organisation: organisation ?? organisationOf(role).organisation,
        ...(province ? { province } : null),
        ...(sector ? { sector } : null),
        purposes: purpose === null && purposesOf(role).length === 1 ? [] : purposesOf(role),
        actor: '1',
      });
      tokens.set(name, token);
    }
    return token;
  };
}

/** Grants the roles of those viewers that are no organisations of the test graph. */
async function grantRoles(graph: TestGraph): Promise<void> {
  for (const name of viewerNames) {
    const { role, organisation, province, sector, purpose }: Viewer = viewers[name];
    if (purpose === null || organisation === undefined || organisation === organisationOf(role).organisation) continue;
    const { text } = await graph.query(
      'OPERATOR',
      'mutation ($input: GrantRoleInput!) { grantRole(input: $input) { __typename } }',
      { input: { idempotencyKey: randomUUID(), organisation, role, province, sector } },
    );
    if (!text.includes('RoleGranted')) throw new Error(text);
  }
}

/** Sends operations as the viewers would. */
function sendTo(graph: TestGraph, tokenOf: World['tokenOf']): World['send'] {
  return async (
    name,
    { query, variables, operationName, headers = {}, path, body, events, method = path === undefined ? 'POST' : 'GET' },
  ) => {
    const token = tokenOf(name);
    const purpose = purposeOf(name);
    const inAddress = method === 'GET' && query !== undefined;
    const given = {
      ...(variables ? { variables: JSON.stringify(variables) } : null),
      ...(operationName ? { operationName } : null),
    };
    const address = inAddress ? `/graphql?${new URLSearchParams({ query, ...given })}` : (path ?? '/graphql');
    const response = await fetch(`${graph.url}${address}`, {
      method,
      headers: {
        ...(method === 'GET' ? { 'apollo-require-preflight': '1' } : { 'content-type': 'application/json' }),
        ...(token === null ? null : { authorization: `Bearer ${token}` }),
        ...(token === null || purpose === null ? null : { 'x-purpose': purpose }),
        ...headers,
      },
      ...(method === 'GET' ? null : { body: JSON.stringify(body ?? { query, variables, operationName }) }),
      signal: AbortSignal.timeout(20_000),
    });
    return answerOf(response, events);
  };
}

/** The digests of all planted rows, by their number at the source. */
async function digestsOf(graph: TestGraph): Promise<Map<string, string>> {
  const digests = await graph.sql(
    everyRow
      .map(({ kind }) => tables[kind])
      .filter((table, index, all) => all.indexOf(table) === index)
      .map(
        (table) =>
          `select source_record_id, encode(digest, 'hex') as digest from ${table} where superseded_at = 'infinity'`,
      )
      .join(' union all '),
  );
  return new Map(digests.map((row) => [String(row['source_record_id']), String(row['digest'])]));
}

/** Begins a filing as a viewer, and gives its id. */
async function openFiling(name: ViewerName, send: World['send']): Promise<string> {
  const answer = await send(name, {
    name: 'a filing',
    query: `mutation ($input: CreateFilingInput!) {
      createFiling(input: $input) { ... on FilingCreated { filing { id } } }
    }`,
    variables: { input: { idempotencyKey: randomUUID(), kind: 'licence', format: 'CSV', partsExpected: 3 } },
  });
  const { createFiling } = (bodyOf(answer).data ?? {}) as { createFiling?: { filing: { id: string } } };
  if (!createFiling) throw new Error(answer.text);
  return createFiling.filing.id;
}

interface Own {
  readonly watchlist: string;
  readonly webhook: string;
  readonly consent: string;
}

/** A watchlist and a webhook that is paused, of the unit of a place; a consent of its subject. */
async function makeOwn(place: PlaceName, send: World['send']): Promise<Own> {
  const make = async (
    viewer: ViewerName,
    mutation: string,
    success: string,
    input: Record<string, unknown>,
  ): Promise<string> => {
    const query = `mutation ($input: ${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input!) {
      ${mutation}(input: $input) { ... on ${success} }
    }`;
    return (
      Object.values(
        dataOf<Record<string, { id: string }>>(
          await send(viewer, { name: 'own', query, variables: { input: { idempotencyKey: 'own', ...input } } }),
          mutation,
        ),
      )[0] as { id: string }
    ).id; // or it has thrown
  };
  const watchlist = await make(`unit ${place}`, 'createWatchlist', 'WatchlistCreated { watchlist { id } }', {
    name: canary(place, 'watchlist'),
  });
  const webhook = await make(`unit ${place}`, 'createWebhook', 'WebhookCreated { webhook { id } }', {
    url: `https://hooks.invalid/${canary(place, 'hook')}`,
    nameListChanges: {},
  });
  await make(`unit ${place}`, 'pauseWebhook', 'WebhookChanged { webhook { id } }', { id: webhook });
  const consent = await make(`subject ${place}`, 'giveConsent', 'ConsentGiven { consent { id } }', {
    grantee: grantees[place],
    purpose: 'POST_LOAN',
    until: new Date(Date.now() + 86_400_000).toISOString(),
  });
  return { watchlist, webhook, consent };
}

/** Whom the subjects near and far let read: codes that stand nowhere else. */
const grantees: Record<PlaceName, string> = {
  near: composeUscc('91110000', 'MA9EEE88'),
  far: composeUscc('91110000', 'MA9EEE89'),
};

/** The canaries of a row, by who sees the row at all. */
export function canariesOf(row: Planted, seers: Who, say: Say, family: number, digest?: string): Canary[] {
  const { place, kind } = row;
  const nobody: Who = [];
  const provenance = both(seers, fieldSeenBy.PROVENANCE[place]);
  const remark = both(seers, fieldSeenBy.REMARK[place]);
  const score = both(seers, fieldSeenBy.SCORE[place]);
  return [
    ...partsOf[kind].map((part) => ({ text: say(part), seenBy: seers })),
    ...undelivered[kind].map((part) => ({ text: say(part), seenBy: nobody })),
    { text: say('recordid'), seenBy: provenance },
    { text: say('filedname'), seenBy: provenance },
    ...(digest === undefined ? [] : [{ text: digest, seenBy: provenance }]),
    { text: say('column'), seenBy: remark },
    { text: say('value'), seenBy: remark },
    ...(undelivered[kind].includes('remark') ? [] : [{ text: say('remark'), seenBy: remark }]),
    ...(kind === 'evaluation'
      ? [say('reason'), indicatorCode(say), ...numbersOf(row, family)].map((text) => ({ text, seenBy: score }))
      : []),
  ];
}

/** Every canary and who may see it, in whatever circumstance. */
function oracle(
  digestOf: ReadonlyMap<string, string>,
  filings: Record<PlaceName, string>,
  own: World['own'],
): Canary[] {
  const nobody: Who = [];
  const digestFor = (say: Say): string => digestOf.get(say('recordid')) ?? 'no digest';
  const ofRows = everyRow.flatMap((row) => {
    const say: Say = (part) => mark(row, part);
    return canariesOf(row, rowSeenBy[row.state][row.place], say, 0, digestFor(say));
  });
  const ofFirms = firmRows.flatMap((row) => {
    const say = sayOfFirm(row);
    const seers = rowSeenBy[row.state][row.place];
    return canariesOf(row, row.state === 'PUBLIC' ? seers : ofFirm(seers), say, 1, digestFor(say)).map(
      ({ text, seenBy }) => ({
        text,
        seenBy: partsOf[row.kind].some((part) => say(part) === text) ? seenBy : ofFirm(seenBy),
      }),
    );
  });
  // Those who have the same organisation and role have them too.
  const fellows: Record<PlaceName, { unit: Who; subject: Who }> = {
    near: { unit: ['aimless unit'], subject: ['aimless subject'] },
    far: { unit: [], subject: [] },
  };
  const ofOwn = placeNames.flatMap((place): Canary[] => [
    ...[canary(place, 'watchlist'), canary(place, 'hook'), own[place].watchlist, own[place].webhook].map((text) => ({
      text,
      seenBy: [`unit ${place}` as const, ...fellows[place].unit],
    })),
    ...[grantees[place], own[place].consent].map((text) => ({
      text,
      seenBy: [`subject ${place}` as const, ...fellows[place].subject],
    })),
  ]);
  const everybody: Who = viewerNames.filter((name) => name !== 'rule keeper' && name !== 'operator');
  // `shadow` lies far too, but the file that the subject far looks into is another.
  const ofEntities = (
    [
      ['near', 'near'],
      ['far', 'far'],
      ['shadow', 'far'],
    ] as const
  ).flatMap(([marks, place]): Canary[] => {
    const seers = (who: Who): Who => (marks === 'shadow' ? who.filter((name) => name !== 'subject far') : who);
    return [
      { text: canary(marks, 'phone'), seenBy: seers(fieldSeenBy.CONTACT[place]) },
      { text: canary(marks, 'street'), seenBy: seers(fieldSeenBy.ADDRESS[place]) },
      { text: canary(marks, 'person'), seenBy: seers(fieldSeenBy.PERSON[place]) },
      { text: canary(marks, 'entityrecordid'), seenBy: seers(fieldSeenBy.PROVENANCE[place]) },
      { text: canary(marks, 'formername'), seenBy: everybody },
      ...['personid', 'entityremark', 'entitycolumn', 'entityvalue'].map((part) => ({
        text: canary(marks, part),
        seenBy: nobody,
      })),
    ];
  });
  // An auditor should read them too: walk.test.ts has it as a failing test.
  const ofFilings = placeNames.map((place): Canary => ({
    text: filings[place],
    seenBy: [`unit ${place}`, 'auditor', 'aimless auditor'],
  }));
  // The registration of `hidden` is shared between departments, with all that is in it. It is an enterprise: its street
  // is no home.
  const department: Who = ['province 33', 'sector F', 'unit near', 'implementer 33', 'auditor', 'centre'];
  const ofHidden: Canary[] = [
    ...['name', 'formername', 'street'].map((part) => ({ text: canary('hidden', part), seenBy: department })),
    { text: canary('hidden', 'phone'), seenBy: both(department, ['subject near', ...fieldSeenBy.CONTACT.near]) },
    { text: canary('hidden', 'person'), seenBy: ['unit near'] },
    { text: canary('hidden', 'entityrecordid'), seenBy: both(department, fieldSeenBy.PROVENANCE.near) },
    ...['personid', 'entityremark', 'entitycolumn', 'entityvalue'].map((part) => ({
      text: canary('hidden', part),
      seenBy: nobody,
    })),
  ];
  return [...ofRows, ...ofFirms, ...ofEntities, ...ofFilings, ...ofHidden, ...ofOwn];
}

/** The entries and evaluations whose changes are for a viewer: by number of document, and how many there are. */
export function changesFor(viewer: ViewerName): { entries: string[]; evaluations: number } {
  const sees = (who: Who): boolean => who.includes(viewer);
  const seen = (kind: Kind): Say[] => [
    ...everyRow
      .filter((row) => row.kind === kind && sees(both(rowSeenBy[row.state][row.place], followedBy[row.place])))
      .map(
        (row): Say =>
          (part) =>
            mark(row, part),
      ),
    ...firmRows
      .filter(
        (row) =>
          row.kind === kind && sees(row.state === 'PUBLIC' ? published : ofFirm(rowSeenBy[row.state][row.place])),
      )
      .map(sayOfFirm),
    // `shadow` lies far too, but the file that the subject far looks into is another.
    ...(sees(shared.far) && viewer !== 'subject far' ? [(part: string) => canary('shadow', kind, part)] : []),
    ...(kind === 'entry' && sees(published) ? [(part: string) => canary('ofhidden', kind, part)] : []),
  ];
  return {
    entries: seen('entry')
      .map((say) => `${say('doc')}〔2026〕3号`)
      .toSorted(),
    evaluations: seen('evaluation').length,
  };
}

/**
 * Files everything through the public API, then arranges by SQL what the API cannot make: terms that ended or have not
 * begun, withdrawals.
 */
export async function plant(graph: TestGraph): Promise<void> {
  const file = async (kind: string, rows: readonly Record<string, string>[]): Promise<void> => {
    const outcome = await graph.file(kind, rows.map((row) => JSON.stringify(row)).join('\n'), { format: 'NDJSON' });
    if (outcome['added'] !== rows.length) throw new Error(`${kind}: ${JSON.stringify(outcome)}`);
  };
  await file('entity', [
    ...placeNames.map((place) =>
      entityForm(place, sites[place].uscc, sites[place].name, '社会公开', '个体工商户', place),
    ),
    entityForm('far', shadow, shadowName, '社会公开', '个体工商户', 'shadow'),
    entityForm('near', hidden, `杭州市${canary('hidden', 'name')}有限公司`, '政务共享', '企业', 'hidden'),
  ]);
  for (const kind of kinds) {
    await file(transports[kind], [
      ...everyRow
        .filter((row) => row.kind === kind)
        .map((row) => rowOf(row, sites[row.place], (part) => mark(row, part), 0)),
      ...firmRows.filter((row) => row.kind === kind).map((row) => rowOf(row, firms[row.place], sayOfFirm(row), 1)),
      formOf(kind, { ...sites.far, uscc: shadow }, 'GOV_SHARED', '2026/05/05', (part) => canary('shadow', kind, part), [
        '55',
        '56',
        '57',
        '58',
      ]),
      ...(kind === 'entry'
        ? [
            formOf(kind, { ...sites.near, uscc: hidden }, 'PUBLIC', '2026/05/05', (part) =>
              canary('ofhidden', kind, part),
            ),
          ]
        : []),
    ]);
  }
  for (const [index, kind] of otherActs.entries()) {
    // By our names of the columns: each form has its own codes, and not all have these.
    await file(
      kind,
      placeNames.map((place) => ({
        subjectName: '示例主体',
        subjectUscc: sites[place].uscc,
        industryCode: sites[place].industry,
        documentName: '示例决定书',
        documentNo: `示例〔2026〕其他${index}号`,
        matter: '示例事项',
        content: '示例内容',
        method: '示例方式',
        result: '示例结果',
        amountFen: '1.25',
        legalBasis: '示例依据',
        decidedOn: '2026/02/02',
        validFrom: '2026/02/02',
        validTo: '2090/01/01',
        authorityName: '示例机关',
        authorityUscc: sites[place].unit,
        sourceUnitName: '示例单位',
        sourceUnitUscc: sites[place].unit,
        remark: '示例备注',
        disclosureLevel: '社会公开',
        sourceRecordId: `示例标识${index}`,
        示例扩展: '示例值',
      })),
    );
  }
  for (const table of new Set(Object.values(tables))) {
    await graph.sql(`update ${table} set public_until = '2026-06-30' where source_record_id like 'zq%endedrecordidzq'`);
    await graph.sql(`update ${table} set public_from = '2089-01-01' where source_record_id like 'zq%futurerecordidzq'`);
    await graph.sql(
      `update ${table} set withdrawn_on = '2026-07-01' where source_record_id like 'zq%withdrawnrecordidzq'`,
    );
  }
  await numbered(graph);
  for (const kind of followed) await logReplies(graph, tables[kind]);
  // A run that is over, for those who keep and audit the rules.
  await graph.sql(`insert into disclosure.recomputation values ('zq', '2026-11-01', '2026-11-02')`);
  // A local supplement to the catalogue, which two persons decided.
  await graph.sql(
    `insert into rules.change (id, action, rule_set, definition, state, proposed_by, proposed_by_actor, proposed_at,
       decided_by, decided_by_actor, decided_at, approval_no)
     values (gen_random_uuid(), 'ADD', $1, $2, 'APPROVED', $3, '1', '2026-11-01', $3, '2', '2026-11-01', 1)`,
    [supplement.id, JSON.stringify(supplement), organisationOf('RULE_KEEPER').organisation],
  );
  await numbered(graph);
}

const supplement = {
  id: 'SUPPLEMENT-33',
  kind: 'CATALOGUE_SUPPLEMENT',
  name: '示例补充目录',
  source: '示例〔2026〕1号',
  effectiveFrom: '2026-11-01',
  effectiveTo: null,
  region: '33',
  values: {},
  catalogueItems: [
    {
      code: 'EXAMPLE_33',
      name: '示例事项',
      kind: 'licence',
      disclosureLevel: 'PUBLIC',
      localRegulation: { name: '示例条例', number: '公告第1号', article: '第一条' },
    },
  ],
};

/**
 * What was arranged by SQL, as the log would have it: filed with a term to come, and changes that ended the term or
 * withdrew.
 */
async function logReplies(graph: TestGraph, table: string): Promise<void> {
  await graph.sql(
    `update feed.log
      set public_from = record.public_from
      from ${table} record
      where record.record_id = log.record_id and record.source_record_id like 'zq%futurerecordidzq'`,
  );
  const kept = [
    'disclosure_level',
    'public_from',
    'erased_at',
    'province',
    'sector',
    'source_unit',
    'determining_unit',
    'type',
    'category',
  ];
  const before = [...kept, 'public_until', 'withdrawn_on'].map((column) => `'${column}', log.${column}`);
  await graph.sql(
    `insert into feed.outbox (topic, kind, reason, uscc, record_id, version, recorded_at, ${kept.join(', ')},
        public_until, withdrawn_on, before, basis)
     select log.topic, case when record.withdrawn_on is null then 'UNPUBLISHED' else 'WITHDRAWN' end,
            case when record.withdrawn_on is not null then 'REPAIRED' end,
            log.uscc, log.record_id, log.version, log.recorded_at,
            ${kept.map((column) => `log.${column}`).join(', ')}, record.public_until, record.withdrawn_on,
            jsonb_build_object(${before.join(', ')}), log.basis
     from feed.log
     join ${table} record using (uscc, record_id)
     where record.source_record_id like 'zq%endedrecordidzq'
        or record.source_record_id like 'zq%withdrawnrecordidzq'
     order by log.seq`,
  );
}
