import { encodeId } from '#kit/records.ts';
import { addDays, addMonths } from '#standards/publicationTerms.ts';

// What the graph should answer about acts at two times, by a plain model in memory: no SQL, no code of the product but days and ids.

export const levels = ['PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL'] as const;
export type Level = (typeof levels)[number];

/** What a filing says of a record. */
export interface Said {
  readonly level: Level;
  /** Last day of publication, and of validity of a licence: days from the first day. */
  readonly until: number;
  /** Another number is another text. */
  readonly text: number;
}

export type Command =
  | { readonly do: 'file'; readonly rows: readonly { readonly act: number; readonly said: Said }[] }
  /** The last filing, once more. */
  | { readonly do: 'refile' }
  | { readonly do: 'withdraw'; readonly act: number }
  | { readonly do: 'pass'; readonly days: number }
  | { readonly do: 'sweep' };

/** An act that commands speak of. Two of a day, so that ids decide their order. */
export interface Act {
  readonly subject: 'near' | 'far';
  readonly type: 'AdministrativePenalty' | 'AdministrativeLicence';
  /** Days from the first day. */
  readonly decided: number;
  /** Last day of validity of a penalty, in days from the first day; null: as long as nobody ends it. A licence's is that of its publication. */
  readonly valid: number | null;
}

export const acts: readonly Act[] = [
  { subject: 'near', type: 'AdministrativePenalty', decided: -60, valid: 10 },
  { subject: 'near', type: 'AdministrativePenalty', decided: -45, valid: null },
  { subject: 'near', type: 'AdministrativeLicence', decided: -45, valid: null },
  { subject: 'far', type: 'AdministrativePenalty', decided: -20, valid: 10 },
  { subject: 'far', type: 'AdministrativeLicence', decided: -60, valid: null },
];

/** `near` is the file of the subject that asks and lies in the province that asks. The unit decided all acts. */
export const readers = ['PUBLIC', 'SUBJECT', 'PROVINCIAL_PLATFORM', 'DETERMINING_UNIT', 'AUDITOR', 'NATIONAL_CENTRE'] as const;
export type Reader = (typeof readers)[number];

/** A mistake that a product could make, for the test that such mistakes are found. */
const narrower = (one: Level, other: Level): Level => (levels.indexOf(one) > levels.indexOf(other) ? one : other);

export const flaws = ['shows the newest version whatever was known', 'shows acts of later days', 'shows what ended', 'shows what was withdrawn', 'has the rights of then', 'has the rights of now alone', 'shows what was erased', 'forgets versions', 'counts what is hidden'] as const;
export type Flaw = (typeof flaws)[number];

interface Version extends Said {
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

export interface ShownAct {
  readonly id: string;
  readonly version: number;
  readonly content: string | null;
  readonly disclosureLevel: Level;
}

export const textOf = (text: number): string => `内容${text}`;

const RETENTION_MONTHS = 60;

/** @param first the first day, 'YYYY-MM-DD' */
export function createModel(first: string, uscc: { readonly near: string; readonly far: string }) {
  const day = (offset: number): string => addDays(first, offset);
  const records: Record[] = acts.map((act, index) => ({ act, index, versions: [], withdrawnOn: null }));
  const recordOf = (index: number): Record => records[index] as Record; // commands speak of acts that there are
  const recordIds: string[] = acts.map(() => '00000000-0000-0000-0000-000000000000');
  let passed = 0;
  let last: readonly { readonly act: number; readonly said: Said }[] = [];
  const today = (): string => day(passed);

  // The end of publication of what is not published is no part of it.
  const same = ({ type }: Act, version: Version, said: Said): boolean =>
    !version.isWithdrawal && version.level === said.level && version.text === said.text && (version.until === said.until || (type === 'AdministrativePenalty' && said.level !== 'PUBLIC'));

  function file(rows: typeof last, at: number) {
    const outcome = { added: 0, corrected: 0, unchanged: 0 };
    for (const { act, said } of rows) {
      const { versions, act: of } = recordOf(act);
      const current = versions.at(-1);
      if (current && same(of, current, said)) outcome.unchanged += 1;
      else {
        if (current) outcome.corrected += 1;
        else outcome.added += 1;
        versions.push({ ...said, version: versions.length + 1, at, isWithdrawal: false, erased: false });
      }
    }
    last = rows;
    return outcome;
  }

  function withdraw(record: Record, at: number): string {
    const current = record.versions.at(-1);
    if (!current || current.erased) return 'NOT_FOUND';
    if (record.withdrawnOn !== null) return 'WITHDRAWN';
    record.withdrawnOn = today();
    record.versions.push({ ...current, version: current.version + 1, at, isWithdrawal: true });
    return 'done';
  }

  /** The day on which a record ended; null while it has not. */
  function endedOn({ act, withdrawnOn, versions }: Record): string | null {
    const current = versions.at(-1) as Version; // only asked of what was filed
    if (withdrawnOn !== null) return withdrawnOn;
    const valid = act.type === 'AdministrativeLicence' ? current.until : act.valid;
    if (valid === null) return null;
    return day(Math.max(valid, current.level === 'PUBLIC' ? current.until : valid) + 1);
  }

  function sweep(): void {
    for (const record of records) {
      const ended = record.versions.length > 0 ? endedOn(record) : null;
      if (ended !== null && addMonths(ended, RETENTION_MONTHS) <= today()) for (const version of record.versions) version.erased = true;
    }
  }

  /** Who may see a version of a record, but for erasure: with the rights of now, which the newest gives, and its own level where that is narrower. */
  function mayKnow(reader: Reader, { act, versions, withdrawnOn }: Record, believed: Version, flaw: Flaw | null): boolean {
    const current = flaw === 'has the rights of then' ? believed : (versions.at(-1) as Version); // there is the one believed
    const { until } = current;
    const level = flaw === 'has the rights of now alone' ? current.level : narrower(believed.level, current.level);
    const withdrawn = withdrawnOn !== null && flaw !== 'shows what was withdrawn';
    const published = level === 'PUBLIC' && !withdrawn && (today() <= day(until) || flaw === 'shows what ended');
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
  const readsHistory = (reader: Reader, { act }: Record): boolean => reader !== 'PUBLIC' && (act.subject === 'near' || reader === 'DETERMINING_UNIT' || readsAllHistories(reader));

  const idOf = ({ act, index }: Record): string => encodeId(act.type, uscc[act.subject], recordIds[index] ?? '');

  const believedAt = ({ versions }: Record, known: number, flaw: Flaw | null): Version | undefined =>
    flaw === 'shows the newest version whatever was known' ? versions.at(-1) : versions.findLast(({ at }) => at <= known);

  /** As it is given; undefined when there is nothing that the reader may know of. */
  function shownOf(reader: Reader, record: Record, known: number, validAt: number, flaw: Flaw | null): { readonly shown: ShownAct; readonly erased: boolean } | undefined {
    const believed = believedAt(record, known, flaw);
    if (!believed || (record.act.decided > validAt && flaw !== 'shows acts of later days') || !mayKnow(reader, record, believed, flaw)) return undefined;
    const { erased, version, text, level } = believed;
    const now = record.versions.at(-1) as Version; // there is the one believed
    return { shown: { id: idOf(record), version, content: erased ? null : textOf(text), disclosureLevel: erased ? narrower(level, now.level) : level }, erased };
  }

  return {
    today,
    day,
    idOf: (act: number) => idOf(recordOf(act)),
    versionOf: (act: number): number => recordOf(act).versions.length,
    filedRows: (): typeof last => last,
    knowId(act: number, recordId: string): void {
      recordIds[act] = recordId;
    },
    /** Does what a command says, and gives what the product should say that it did; `at` is the command's number. */
    run(command: Command, at: number): unknown {
      switch (command.do) {
        case 'file':
          return file(command.rows, at);
        case 'refile':
          return file(last, at);
        case 'withdraw':
          return withdraw(recordOf(command.act), at);
        case 'pass':
          passed += command.days;
          return null;
        case 'sweep':
          return sweep();
      }
    },
    /** A file's acts, newest first, and how many. Days are from the first day. */
    file(reader: Reader, subject: Act['subject'], known: number, validAt: number, flaw: Flaw | null = null) {
      const of = records.filter(({ act }) => act.subject === subject);
      const listed = of.flatMap((record) => {
        const found = shownOf(reader, record, known, validAt, flaw);
        return found && (!found.erased || flaw === 'shows what was erased') ? [{ shown: found.shown, decided: record.act.decided, recordId: recordIds[record.index] ?? '' }] : [];
      });
      listed.sort((a, b) => b.decided - a.decided || (a.recordId < b.recordId ? 1 : -1));
      const value = flaw === 'counts what is hidden' ? of.filter(({ versions }) => versions.length > 0).length : listed.length;
      return { nodes: listed.map(({ shown }) => shown), totalCount: { value } };
    },
    /** A record by its id, with its history where the reader may read it. */
    record(reader: Reader, act: number, known: number, validAt: number, flaw: Flaw | null = null) {
      const record = recordOf(act);
      const found = shownOf(reader, record, known, validAt, flaw);
      if (!found || (found.erased && !readsAllHistories(reader) && flaw !== 'shows what was erased')) return null;
      if (!readsHistory(reader, record)) return { ...found.shown, history: null };
      const versions = record.versions.filter((version) => version.at <= known && mayKnow(reader, record, version, flaw) && (!version.erased || readsAllHistories(reader) || flaw === 'shows what was erased'));
      const nodes = versions.slice(flaw === 'forgets versions' ? -1 : 0).map((version) => ({
        version: version.version,
        superseded: record.versions.some(({ at, version: other }) => other > version.version && at <= known),
        erased: version.erased,
        content: version.erased ? null : textOf(version.text),
        withdrawnOn: record.withdrawnOn,
      }));
      return { ...found.shown, history: nodes.toReversed() };
    },
  };
}

export type Model = ReturnType<typeof createModel>;
