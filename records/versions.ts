import { keepOwnRights } from '#policy/rows.ts';

// How a version ends and the next one begins, as SQL: each writer of versions (filings, full replacements, decisions,
// withdrawals, declarations) names the records and its own values, and these two statements do the rest.

/** The records whose current version ends. Aliases and expressions are SQL; every version has the alias `record`. */
export interface EndedVersions {
  /** Schema and name. */
  readonly table: string;
  /** The relation that names the records, with its alias; left out where parameters name one record. */
  readonly from?: string;
  /** Selects all versions of the records, since each of them has the rights of now. */
  readonly where: string;
  /** The instant at which the next version is recorded. */
  readonly at: string;
  /** What is true of the record now, whatever the version: column → value; left out: as before. */
  readonly rights?: Readonly<Record<string, string>>;
  readonly returning?: string;
}

/**
 * The update that ends the current versions and gives the present rights to all of them. Each keeps its own level and
 * sector beside these (policy/rows.ts), and an end that was set before stays.
 */
export const endVersions = ({ table, from, where, at, rights = {}, returning }: EndedVersions): string => `
  update ${table} record
  set superseded_at = least(record.superseded_at, ${at}),
      ${Object.entries(rights)
        .map(([column, value]) => `${column} = ${value},`)
        .join('\n      ')}
      ${keepOwnRights('record')}
  ${from === undefined ? '' : `from ${from}`}
  where ${where}
  ${returning === undefined ? '' : `returning ${returning}`}`;

/** The versions to insert. Each column stands beside its value, so that the two lists cannot come apart. */
export interface InsertedVersions {
  readonly table: string;
  /** Column → value, as SQL. */
  readonly values: Readonly<Record<string, string>>;
  /** What the values are taken from: a relation with its joins and conditions; left out where all are parameters. */
  readonly from?: string;
  /** Left out: a version that exists is an error (23505). */
  readonly onConflict?: 'do nothing';
  readonly returning?: string;
}

/**
 * The insert of first or next versions: a record's current version is ended first (`endVersions`), in the same
 * transaction.
 */
export const insertVersions = ({ table, values, from, onConflict, returning }: InsertedVersions): string => `
  insert into ${table} (${Object.keys(values).join(', ')})
  select ${Object.values(values).join(', ')}
  ${from === undefined ? '' : `from ${from}`}
  ${onConflict === undefined ? '' : `on conflict ${onConflict}`}
  ${returning === undefined ? '' : `returning ${returning}`}`;

/**
 * The columns that every table of records has beside those that are filed (`stagedColumns`), and that the next version
 * keeps of the one before.
 */
export const KEPT_COLUMNS = ['digest', 'collected_at', 'withdrawal_reason', 'under_objection'] as const;

/** Values that a version takes as they are from `row`, a relation of the insert. */
export const valuesOf = (row: string, columns: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(columns.map((column) => [column, `${row}.${column}`]));
