import { query, statement, type Pool } from '#kit/postgres/pool.ts';
import type { Identifier } from '#standards/identifierSchemes.ts';

// What filings ask the register of entities. The roles of subgraphs may not read it: functions of the schema `entity`
// answer, about entities alone that everybody may see (prisma/migrations).

/** A code and the name under which a row names it, in the form for searching (standards/names.ts). */
export interface NamedCode {
  readonly uscc: string;
  readonly name: string;
}

/** The names in the register of a code that was filed under another. */
export interface OtherNames extends NamedCode {
  /** The registered name in force. */
  readonly registered: string;
  /** Former names that the register states without a day. */
  readonly former: readonly string[];
}

export interface Bearer extends Identifier {
  readonly uscc: string;
}

export interface EntityRegister {
  /**
   * Those of the named codes whose name is neither the registered one nor one of an earlier state. A code that the
   * register does not have, or that not everybody may see, is not among them.
   * @param today 'YYYY-MM-DD' in Asia/Shanghai
   */
  otherNames(named: readonly NamedCode[], today: string): Promise<readonly OtherNames[]>;
  /** The codes that each identifier names, as far as everybody may see their entities; at most 100 of each. */
  bearersOf(identifiers: readonly Identifier[], today: string): Promise<readonly Bearer[]>;
}

const otherNames = statement(
  'register.other_names',
  'select uscc, name, registered, former from entity.other_names($1::text[], $2::text[], $3::date)',
);
const bearers = statement(
  'register.bearers',
  'select scheme, number as value, uscc from entity.published_bearers($1::text[], $2::text[], $3::date)',
);

/** Creates the questions to the register, asked with the subgraph's own pool. */
export const createEntityRegister = (pool: Pool): EntityRegister => ({
  otherNames: (named, today) =>
    query<OtherNames>(pool, otherNames, [named.map(({ uscc }) => uscc), named.map(({ name }) => name), today]),
  bearersOf: (identifiers, today) =>
    query<Bearer>(pool, bearers, [
      identifiers.map(({ scheme }) => scheme),
      identifiers.map(({ value }) => value),
      today,
    ]),
});
