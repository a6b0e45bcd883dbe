import { mayRegister } from '#policy/filings.ts';
import type { Viewer } from '#policy/viewer.ts';
import { reportingUnitOf } from '#standards/divisions.ts';
import type { Rules } from '#standards/ruleSets.ts';
import { clientError } from '#kit/errors.ts';
import { query, statement, transaction, type Pool } from '#kit/postgres/pool.ts';

/** What a unit is registered to file to this subgraph, and the delay that it promised (数据来源单位登记). */
export interface UnitRegistration {
  readonly uscc: string;
  readonly kind: string;
  readonly name: string | null;
  /**
   * The unit files only about subjects of this province (two digits of GB/T 2260) and sector (section of GB/T 4754);
   * null: of any.
   */
  readonly province: string | null;
  readonly sector: string | null;
  readonly promisedDelayHours: number;
}

/** The current state of a unit: registered, or known only because it filed. */
export interface SourceUnit extends UnitRegistration {
  /** Whether the unit was registered. An unregistered unit filed while rules let unregistered units file. */
  readonly registered: boolean;
  /** ISO 8601 in UTC. */
  readonly registeredAt: string;
  readonly lastFiledAt: string | null;
  readonly late: boolean;
}

export interface Scope {
  readonly province: string | null;
  readonly sector: string | null;
}

export interface SourceUnits {
  /**
   * Registers units or changes what they are registered for.
   * @throws UNAUTHORIZED_FIELD_OR_TYPE for a unit that the viewer may not register
   */
  register(viewer: Viewer, units: readonly UnitRegistration[]): Promise<void>;
  /** What a unit files to this subgraph. */
  of(unit: string): Promise<SourceUnit[]>;
  /** Codes of units that filed later than they promised; at most 100. */
  late(): Promise<string[]>;
  /** The registered units of a kind, with their scopes. */
  scopes(kind: string): Promise<ReadonlyMap<string, Scope>>;
}

/**
 * The promised delay, in hours, of units that made no promise of their own, by the rules of kind FILING on a day
 * 'YYYY-MM-DD'; null when no rule has one.
 */
export function promisedDelayHoursOn(rules: Rules, day: string): number | null {
  const rule = rules.find('FILING', 'PROMISED_DELAY', day);
  return rule && rule.number * 24; // the rule is in days
}

/**
 * SQL: whether a unit is late at an instant. A unit that is registered and has never filed is late by the same promise.
 */
export const isLate = (row: string, at: string): string =>
  `coalesce(${row}.last_filed_at, ${row}.registered_at)
     + make_interval(hours => ${row}.promised_delay_hours) < ${at}::timestamptz`;

/** Creates the register of one schema's source units. @param now the clock by which a unit is late */
export function createSourceUnits(pool: Pool, schema: string, now: () => Date): SourceUnits {
  const late = statement(
    `${schema}.source_unit.late`,
    `select distinct unit.uscc from ${schema}.source_unit unit where ${isLate('unit', '$1')} order by 1 limit 100`,
  );
  const scopes = statement(
    `${schema}.source_unit.scopes`,
    `select uscc, province, sector
     from ${schema}.source_unit
     where kind = $1
       and registered_by is not null
     order by uscc
     limit 1000000`,
  );
  const ofUnit = statement(
    `${schema}.source_unit.of`,
    `select unit.uscc, unit.kind, unit.name, unit.province, unit.sector,
            unit.promised_delay_hours as "promisedDelayHours", unit.registered_by is not null as registered,
            unit.registered_at as "registeredAt", unit.last_filed_at as "lastFiledAt", ${isLate('unit', '$2')} as late
     from ${schema}.source_unit unit
     where unit.uscc = $1
     order by unit.kind
     limit 100`,
  );
  const register = `
    insert into ${schema}.source_unit
      (uscc, kind, name, province, sector, promised_delay_hours, registered_at, registered_by, first_filed_at)
    select unit.uscc, unit.kind, unit.name, unit.province, unit.sector, unit.hours, $7::timestamptz, $8::text, null
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[])
      as unit(uscc, kind, name, province, sector, hours)
    order by unit.uscc, unit.kind
    on conflict (uscc, kind) do update
    set name = excluded.name, province = excluded.province, sector = excluded.sector,
        promised_delay_hours = excluded.promised_delay_hours,
        registered_at = case
          when source_unit.registered_by is null then excluded.registered_at
          else source_unit.registered_at
        end,
        registered_by = excluded.registered_by`;

  return {
    async register(viewer, units) {
      const refused = units.find(
        (unit) =>
          !mayRegister(viewer, {
            unitProvince: reportingUnitOf(unit.uscc.slice(2, 8)),
            subjectProvince: unit.province,
          }),
      );
      if (refused)
        throw clientError('UNAUTHORIZED_FIELD_OR_TYPE', `Your organisation may not register ${refused.uscc} for that.`);
      await transaction(pool, `register ${schema}.source_unit`, async (client) => {
        await client.query(register, [
          units.map(({ uscc }) => uscc),
          units.map(({ kind }) => kind),
          units.map(({ name }) => name),
          units.map(({ province }) => province),
          units.map(({ sector }) => sector),
          units.map(({ promisedDelayHours }) => promisedDelayHours),
          now().toISOString(),
          viewer.organisation,
        ]);
      });
    },
    of: (unit) => query<SourceUnit>(pool, ofUnit, [unit, now().toISOString()]),
    late: async () => (await query<{ uscc: string }>(pool, late, [now().toISOString()])).map(({ uscc }) => uscc),
    scopes: async (kind) =>
      new Map(
        (await query<Scope & { uscc: string }>(pool, scopes, [kind])).map(({ uscc, province, sector }) => [
          uscc,
          { province, sector },
        ]),
      ),
  };
}
