import { encodeId } from '#records/record.ts';
import { addDays, addMonths } from '#standards/publicationTerms.ts';

// What the graph should answer about acts at two times, by a plain model in memory: no SQL, no code of the product but
// days and ids.

export const levels = ['PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL'] as const;
export type Level = (typeof levels)[number];

/** What a filing says of a record. */
export interface Statement {
  readonly level: Level;
  /** Last day of publication, and of validity of a licence: days from the first day. */
  readonly until: number;
  /** Another number is another text. */
  readonly text: number;
}

export type Command =
  | { readonly do: 'file'; readonly rows: readonly { readonly act: number; readonly statement: Statement }[] }
  /** The last filing, once more. */
  | { readonly do: 'refile' }
  | { readonly do: 'withdraw'; readonly act: number }
  | { readonly do: 'pass'; readonly days: number }
  | { readonly do: 'sweep' };

/**
 * An act that commands speak of. Two of a day, so that ids decide their order. Penalties are older than their shortest
 * term, so that each end of a statement lies within the terms of the law (docs/rules/publication.md).
 */
export interface Act {
  readonly subject: 'near' | 'far';
  readonly type: 'AdministrativePenalty' | 'AdministrativeLicence';
  /** Days from the first day. */
  readonly decided: number;
  /**
   * Last day of validity of a penalty, in days from the first day; null: as long as nobody ends it. A licence's is that
   * of its publication.
   */
  readonly valid: number | null;
}

export const acts: readonly Act[] = [
  { subject: 'near', type: 'AdministrativePenalty', decided: -160, valid: 10 },
  { subject: 'near', type: 'AdministrativePenalty', decided: -145, valid: null },
  { subject: 'near', type: 'AdministrativeLicence', decided: -145, valid: null },
  { subject: 'far', type: 'AdministrativePenalty', decided: -120, valid: 10 },
  { subject: 'far', type: 'AdministrativeLicence', decided: -60, valid: null },
];

/** `near` is the file of the subject that asks and lies in the province that asks. The unit decided all acts. */
export const readers = [
  'PUBLIC',
  'SUBJECT',
  'PROVINCIAL_PLATFORM',
  'DETERMINING_UNIT',
  'AUDITOR',
  'NATIONAL_CENTRE',
] as const;
export type Reader = (typeof readers)[number];

/** A mistake that a product could make, for the test that such mistakes are found. */
const narrower = (one: Level, other: Level): Level => (levels.indexOf(one) > levels.indexOf(other) ? one : other);

export const flaws = [
  'shows the newest version whatever was known',
  'shows acts of later days',
  'shows what ended',
  'shows what was withdrawn',
  'has the rights of then',
  'has the rights of now alone',
  'shows what was erased',
  'forgets versions',
  'counts what is hidden',
] as const;
export type Flaw = (typeof flaws)[number];

interface Version extends Statement {
  readonly version: number;
  /** The number of the command that recorded it. */
  readonly at: number;
  readonly isWithdrawal: boolean;
  erased: boolean;
}

interface Record {
  readonly act: Act;
  readonly index: number;
  readonly versions: Version[];
  withdrawnOn: string | null;
}

export interface VisibleAct {
  readonly id: string;
  readonly version: number;
  readonly content: string | null;
  readonly disclosureLevel: Level;
}

export const textOf = (text: number): string => `内容${text}`;

const RETENTION_MONTHS = 60;

/** What a run has filed and withdrawn so far. */
interface State {
  /** The first day, 'YYYY-MM-DD'. */
  readonly first: string;
  readonly uscc: { readonly near: string; readonly far: string };
  readonly records: readonly Record[];
  readonly recordIds: string[];
  /** Days since the first. */
  passed: number;
  /** The last filing. */
  last: readonly { readonly act: number; readonly statement: Statement }[];
}

const dayOf = ({ first }: State, offset: number): string => addDays(first, offset);
const todayOf = (state: State): string => dayOf(state, state.passed);
/** Commands speak of acts that there are. */
const recordOf = ({ records }: State, act: number): Record => records[act] as Record;

// The end of publication of what is not published is no part of it.
const same = ({ type }: Act, version: Version, statement: Statement): boolean =>
  !version.isWithdrawal &&
  version.level === statement.level &&
  version.text === statement.text &&
  (version.until === statement.until || (type === 'AdministrativePenalty' && statement.level !== 'PUBLIC'));

function fileRows(state: State, rows: State['last'], at: number) {
  const outcome = { added: 0, corrected: 0, unchanged: 0 };
  for (const { act, statement } of rows) {
    const { versions, act: of } = recordOf(state, act);
    const current = versions.at(-1);
    if (current && same(of, current, statement)) outcome.unchanged += 1;
    else {
      if (current) outcome.corrected += 1;
      else outcome.added += 1;
      versions.push({ ...statement, version: versions.length + 1, at, isWithdrawal: false, erased: false });
    }
  }
  state.last = rows;
  return outcome;
}

function withdraw(state: State, record: Record, at: number): string {
  const current = record.versions.at(-1);
  if (!current || current.erased) return 'NOT_FOUND';
  if (record.withdrawnOn !== null) return 'WITHDRAWN';
  record.withdrawnOn = todayOf(state);
  record.versions.push({ ...current, version: current.version + 1, at, isWithdrawal: true });
  return 'done';
}

/** The day on which a record ended; null while it has not. */
function endedOn(state: State, { act, withdrawnOn, versions }: Record): string | null {
  const current = versions.at(-1) as Version; // only asked of what was filed
  if (withdrawnOn !== null) return withdrawnOn;
  const valid = act.type === 'AdministrativeLicence' ? current.until : act.valid;
  if (valid === null) return null;
  return dayOf(state, Math.max(valid, current.level === 'PUBLIC' ? current.until : valid) + 1);
}

function sweep(state: State): void {
  for (const record of state.records) {
    const ended = record.versions.length > 0 ? endedOn(state, record) : null;
    if (ended !== null && addMonths(ended, RETENTION_MONTHS) <= todayOf(state))
      for (const version of record.versions) version.erased = true;
  }
}

/**
 * The readers of a version of a record, apart from erasure: by the rights of now, those of the newest version, and by
 * its own level where that is narrower.
 */
function mayKnow(
  state: State,
  reader: Reader,
  { act, versions, withdrawnOn }: Record,
  believed: Version,
  flaw: Flaw | null,
): boolean {
  // There is the one believed.
  const current = flaw === 'has the rights of then' ? believed : (versions.at(-1) as Version);
  const { until } = current;
  const level = flaw === 'has the rights of now alone' ? current.level : narrower(believed.level, current.level);
  const withdrawn = withdrawnOn !== null && flaw !== 'shows what was withdrawn';
  const published =
    level === 'PUBLIC' && !withdrawn && (todayOf(state) <= dayOf(state, until) || flaw === 'shows what ended');
  switch (reader) {
    case 'PUBLIC':
      return published;
    case 'SUBJECT':
      return published || (act.subject === 'near' && level !== 'INTERNAL');
    case 'PROVINCIAL_PLATFORM':
      return published || (act.subject === 'near' && !withdrawn && (level === 'PUBLIC' || level === 'GOV_SHARED'));
    case 'DETERMINING_UNIT':
    case 'AUDITOR':
      return true;
    case 'NATIONAL_CENTRE':
      return !withdrawn && level !== 'INTERNAL';
  }
}

const readsAllHistories = (reader: Reader): boolean => reader === 'AUDITOR' || reader === 'NATIONAL_CENTRE';
const readsHistory = (reader: Reader, { act }: Record): boolean =>
  reader !== 'PUBLIC' && (act.subject === 'near' || reader === 'DETERMINING_UNIT' || readsAllHistories(reader));

const idOf = ({ uscc, recordIds }: State, { act, index }: Record): string =>
  encodeId(act.type, uscc[act.subject], recordIds[index] ?? '');

const believedAt = ({ versions }: Record, known: number, flaw: Flaw | null): Version | undefined =>
  flaw === 'shows the newest version whatever was known' ? versions.at(-1) : versions.findLast(({ at }) => at <= known);

/** As it is given; undefined when there is nothing that the reader may know of. */
function visibleOf(
  state: State,
  reader: Reader,
  record: Record,
  known: number,
  validAt: number,
  flaw: Flaw | null,
): { readonly visible: VisibleAct; readonly erased: boolean } | undefined {
  const believed = believedAt(record, known, flaw);
  if (
    !believed ||
    (record.act.decided > validAt && flaw !== 'shows acts of later days') ||
    !mayKnow(state, reader, record, believed, flaw)
  )
    return undefined;
  const { erased, version, text, level } = believed;
  const now = record.versions.at(-1) as Version; // there is the one believed
  return {
    visible: {
      id: idOf(state, record),
      version,
      content: erased ? null : textOf(text),
      disclosureLevel: erased ? narrower(level, now.level) : level,
    },
    erased,
  };
}

/** A file's acts, newest first, and how many. Days are from the first day. */
function fileAsRead(
  state: State,
  reader: Reader,
  subject: Act['subject'],
  known: number,
  validAt: number,
  flaw: Flaw | null = null,
) {
  const of = state.records.filter(({ act }) => act.subject === subject);
  const listed = of.flatMap((record) => {
    const found = visibleOf(state, reader, record, known, validAt, flaw);
    return found && (!found.erased || flaw === 'shows what was erased')
      ? [{ visible: found.visible, decided: record.act.decided, recordId: state.recordIds[record.index] ?? '' }]
      : [];
  });
  listed.sort((a, b) => b.decided - a.decided || (a.recordId < b.recordId ? 1 : -1));
  const value =
    flaw === 'counts what is hidden' ? of.filter(({ versions }) => versions.length > 0).length : listed.length;
  return { nodes: listed.map(({ visible }) => visible), totalCount: { value } };
}

/** A record by its id, with its history where the reader may read it. */
function recordAsRead(
  state: State,
  reader: Reader,
  act: number,
  known: number,
  validAt: number,
  flaw: Flaw | null = null,
) {
  const record = recordOf(state, act);
  const found = visibleOf(state, reader, record, known, validAt, flaw);
  if (!found || (found.erased && !readsAllHistories(reader) && flaw !== 'shows what was erased')) return null;
  if (!readsHistory(reader, record)) return { ...found.visible, history: null };
  const versions = record.versions.filter(
    (version) =>
      version.at <= known &&
      mayKnow(state, reader, record, version, flaw) &&
      (!version.erased || readsAllHistories(reader) || flaw === 'shows what was erased'),
  );
  const nodes = versions.slice(flaw === 'forgets versions' ? -1 : 0).map((version) => ({
    version: version.version,
    superseded: record.versions.some(({ at, version: other }) => other > version.version && at <= known),
    erased: version.erased,
    content: version.erased ? null : textOf(version.text),
    withdrawnOn: record.withdrawnOn,
  }));
  return { ...found.visible, history: nodes.toReversed() };
}

/** @param first the first day, 'YYYY-MM-DD' */
export function createModel(first: string, uscc: State['uscc']) {
  const state: State = {
    first,
    uscc,
    records: acts.map((act, index) => ({ act, index, versions: [], withdrawnOn: null })),
    recordIds: acts.map(() => '00000000-0000-0000-0000-000000000000'),
    passed: 0,
    last: [],
  };
  return {
    today: (): string => todayOf(state),
    day: (offset: number): string => dayOf(state, offset),
    idOf: (act: number): string => idOf(state, recordOf(state, act)),
    versionOf: (act: number): number => recordOf(state, act).versions.length,
    filedRows: (): State['last'] => state.last,
    knowId(act: number, recordId: string): void {
      state.recordIds[act] = recordId;
    },
    /** Does what a command says, and returns what the product should say that it did; `at` is the command's number. */
    run(command: Command, at: number): unknown {
      switch (command.do) {
        case 'file':
          return fileRows(state, command.rows, at);
        case 'refile':
          return fileRows(state, state.last, at);
        case 'withdraw':
          return withdraw(state, recordOf(state, command.act), at);
        case 'pass':
          state.passed += command.days;
          return null;
        case 'sweep':
          return sweep(state);
      }
    },
    /** A file's acts, newest first, and how many. Days are from the first day. */
    file: (reader: Reader, subject: Act['subject'], known: number, validAt: number, flaw: Flaw | null = null) =>
      fileAsRead(state, reader, subject, known, validAt, flaw),
    /** A record by its id, with its history where the reader may read it. */
    record: (reader: Reader, act: number, known: number, validAt: number, flaw: Flaw | null = null) =>
      recordAsRead(state, reader, act, known, validAt, flaw),
  };
}

export type Model = ReturnType<typeof createModel>;
