import { createSharedLoader } from '#kit/batches.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { query, statement, type Pool } from '#kit/postgres/pool.ts';
import { believedAt, type RecordRow, type Times } from '#records/record.ts';
import { rowPredicate, rowScope, rowValues } from '#policy/rows.ts';
import type { Identifier } from '#standards/identifierSchemes.ts';
import { formerNames, type FormerName } from './names.ts';
import type { EntityKind, EntityStatus } from './resolvers.generated.ts';

/** The content of a state of the register: the fields of the form that were filled in (standards/forms/entity.ts). */
export interface ProfileContent {
  /** The name as registered. The column `name` has the form for searching. */
  readonly name: string;
  readonly identifiers?: readonly { readonly scheme: string; readonly value: string }[];
  readonly formerNames?: readonly string[];
  readonly industryCode?: string;
  readonly divisionCode?: string;
  readonly establishedOn?: string;
  readonly closedOn?: string;
  readonly address?: string;
  readonly phone?: string;
  readonly legalRepresentative?: string;
}

/** A state of the register, in force from `valid_from`, as stated by one version. */
export type ProfileRow = Omit<RecordRow, 'digest' | 'content' | 'additional_fields'> & {
  readonly content: ProfileContent;
  readonly name: string;
  readonly kind: EntityKind;
  readonly status: EntityStatus;
  readonly successor: string | null;
};

export interface Ask extends Times {
  readonly uscc: string;
}

/** Whether a code is known, and the state in force on the day; null when there was none yet. */
export interface CurrentVersion {
  readonly isKnown: boolean;
  readonly row: ProfileRow | null;
}

/**
 * Every function takes the context first and returns only what its viewer may see. Requests of the same turn are
 * batched.
 */
export interface ProfileRepository {
  loadCurrentVersions(context: SubgraphContext, ask: Ask): Promise<CurrentVersion>;
  /** Names before the state in force on the day, the latest first; `filedNames` are those that it states itself. */
  loadFormerNames(context: SubgraphContext, ask: Ask, filedNames: readonly string[]): Promise<FormerName[]>;
  /**
   * Codes of the entities that this one replaced by the day: each was replaced by a state of its own that names it. In
   * order. Only those of states that the viewer may see.
   */
  loadPredecessors(context: SubgraphContext, ask: Ask): Promise<readonly string[]>;
  /**
   * Codes that one of the identifiers names today, in order. `loadCurrentVersions` decides which of them are entities
   * that the viewer may see.
   */
  findBearers(context: SubgraphContext, identifiers: readonly Identifier[]): Promise<string[]>;
}

/** `Query.entities` takes 1 000 codes, which one statement reads. */
const MAX_BATCH = 1000;
/** A merger has a handful; a source that files one successor for all is not followed further. */
const MAX_PREDECESSORS = 100;
/** No real number belongs to so many entities. The limit is for a source that files one number for all. */
const MAX_BEARERS = 1000;

const columns = [
  'uscc',
  'record_id',
  'version',
  'source_unit',
  'source_unit_name',
  'source_record_id',
  'catalogue_code',
  'collected_at',
  'disclosure_level',
  'public_from',
  'public_until',
  'withdrawn_on',
  'province',
  'sector',
  'determining_unit',
  'under_objection',
  'fact_conflict',
  'valid_from',
  'valid_to',
  'recorded_at',
  'content',
  'name',
  'kind',
  'status',
  'successor',
];

export const profileColumns = (alias: string): string => columns.map((column) => `${alias}.${column}`).join(', ');

/**
 * Published identity is visible to every viewer who may see identity at all, and its publication has no end. Rows of
 * other levels follow the row rule. The rights that count are those of the state itself.
 */
export const visibleProfile = (alias: string, rights: number): string =>
  `(${alias}.erased_at is null and ${alias}.disclosure_level = 'PUBLIC' and ${alias}.withdrawn_on is null
    or ${rowPredicate(alias, rights)})`;

/** SQL: the state of a code that is in force on a day, as believed at an instant; whoever may see it is not asked. */
export const stateInForce = (uscc: string, validAt: string, knownAt: string): string => `
       select profile.*
       from entity.profile
       where profile.uscc = ${uscc}
        and profile.valid_from <= ${validAt}
        and ${believedAt('profile', knownAt)}
       order by profile.valid_from desc, profile.record_id desc
       limit 1
     `;

// $1 codes · $2 validAt · $3 knownAt · $4… the viewer's rows
const RIGHTS = 4;

// The rights are checked on the state in force, after it was chosen: otherwise a hidden state would make an older one
// look like today's.
const currentVersions = statement(
  'entity.standings',
  `select ${profileColumns('state')}, state.valid_from <= $2::date as in_force
   from unnest($1::text[]) as ask(uscc)
   cross join lateral (
     select profile.*
     from entity.profile
     where profile.uscc = ask.uscc
      and ${believedAt('profile', '$3::timestamptz')}
     order by profile.valid_from <= $2::date desc, profile.valid_from desc, profile.record_id desc
     limit 1
   ) state
   where ${visibleProfile('state', RIGHTS)}`,
);

const states = statement(
  'entity.states',
  `select state.uscc, state.name, state.until
   from unnest($1::text[]) as ask(uscc)
   cross join lateral (
     select profile.uscc, profile.content ->> 'name' as name, profile.valid_from,
            lead(profile.valid_from) over (order by profile.valid_from, profile.record_id) - 1 as until
     from entity.profile
     where profile.uscc = ask.uscc
      and profile.valid_from <= $2::date
      and ${believedAt('profile', '$3::timestamptz')}
      and ${visibleProfile('profile', RIGHTS)}
   ) state
   order by state.uscc, state.valid_from`,
);

// An entity that names its successor may name another later: the state in force decides.
const predecessors = statement(
  'entity.predecessors',
  `select ask.uscc as successor, state.uscc
   from unnest($1::text[]) as ask(uscc)
   cross join lateral (
     select distinct profile.uscc from entity.profile where profile.successor = ask.uscc limit ${MAX_PREDECESSORS}
   ) named
   cross join lateral (${stateInForce('named.uscc', '$2::date', '$3::timestamptz')}) state
   where state.successor = ask.uscc
     and ${visibleProfile('state', RIGHTS)}
   order by state.uscc`,
);

const bearers = statement(
  'entity.bearers',
  `select distinct bearer.uscc
   from unnest($1::text[], $2::text[]) as identifier(scheme, value)
   cross join lateral entity.bearers(identifier.scheme, identifier.value) as bearer(uscc)
   order by bearer.uscc
   limit ${MAX_BEARERS}`,
);

interface ContextAsk extends Ask {
  readonly context: SubgraphContext;
}

const groupOf = ({ context, validAt, knownAt }: ContextAsk): string =>
  `${context.viewer.grant} ${context.today} ${validAt} ${knownAt}`;

/** Parameters of a batch. A group has one viewer's grant and one pair of times. */
function valuesOf(asks: readonly ContextAsk[]): unknown[] {
  const [{ context, validAt, knownAt }] = asks as [ContextAsk]; // a group has a member
  return [
    [...new Set(asks.map(({ uscc }) => uscc))],
    validAt,
    knownAt,
    ...rowValues(rowScope(context.viewer), context.today),
  ];
}

export function createProfileRepository(pool: Pool): ProfileRepository {
  const loadCurrentVersions = createSharedLoader<ContextAsk, CurrentVersion>(
    groupOf,
    async (asks) => {
      const rows = await query<ProfileRow & { in_force: boolean }>(pool, currentVersions, valuesOf(asks));
      const byCode = new Map(rows.map((row) => [row.uscc, row]));
      return asks.map(({ uscc }) => {
        const row = byCode.get(uscc);
        return { isKnown: row !== undefined, row: row?.in_force ? row : null };
      });
    },
    2 * MAX_BATCH, // a credit file asks twice: whether it is known, and its profile; an item its status and successor
  );

  const loadStates = createSharedLoader<ContextAsk, { name: string; until: string | null }[]>(
    groupOf,
    async (asks) => {
      const rows = await query<{ uscc: string; name: string; until: string | null }>(pool, states, valuesOf(asks));
      const byCode = Map.groupBy(rows, ({ uscc }) => uscc);
      return asks.map(({ uscc }) => byCode.get(uscc) ?? []);
    },
    MAX_BATCH,
  );

  const loadPredecessors = createSharedLoader<ContextAsk, readonly string[]>(
    groupOf,
    async (asks) => {
      const rows = await query<{ successor: string; uscc: string }>(pool, predecessors, valuesOf(asks));
      const byCode = Map.groupBy(rows, ({ successor }) => successor);
      return asks.map(({ uscc }) => byCode.get(uscc)?.map((row) => row.uscc) ?? []);
    },
    MAX_BATCH,
  );

  return {
    loadPredecessors: (context, ask) => loadPredecessors({ ...ask, context }),
    loadCurrentVersions: (context, ask) => loadCurrentVersions({ ...ask, context }),
    loadFormerNames: async (context, ask, filedNames) => formerNames(await loadStates({ ...ask, context }), filedNames),
    findBearers: async (_context, identifiers) => {
      const asked = [identifiers.map(({ scheme }) => scheme), identifiers.map(({ value }) => value)];
      return (await query<{ uscc: string }>(pool, bearers, asked)).map(({ uscc }) => uscc);
    },
  };
}
