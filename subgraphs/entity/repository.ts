import { createSharedLoader } from '#kit/batches.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { query, statement, type Pool } from '#kit/postgres/pool.ts';
import { believedAt, type RecordRow } from '#kit/records.ts';
import { rowPredicate, rowScope, rowValues } from '#policy/rows.ts';
import { formerNames, type FormerName } from './names.ts';
import type { EntityKind, EntityStatus } from './resolvers.generated.ts';

/** What a state of the register says; the fields of the form that were filled in (standards/forms/entity.ts). */
export interface ProfileContent {
  /** As registered. The column `name` has it as it is searched. */
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

/** A state of the register, in force from `valid_from`, as one version states it. */
export type ProfileRow = Omit<RecordRow, 'digest' | 'content' | 'additional_fields'> & {
  readonly content: ProfileContent;
  readonly name: string;
  readonly kind: EntityKind;
  readonly status: EntityStatus;
  readonly successor: string | null;
};

/** The two times of a question: a day in Asia/Shanghai and a sealed instant. */
export interface Times {
  readonly validAt: string;
  readonly knownAt: string;
}

export interface Ask extends Times {
  readonly uscc: string;
}

/** Whether a code is known, and the state in force on the day; null when there was none yet. */
export interface Standing {
  readonly isKnown: boolean;
  readonly row: ProfileRow | null;
}

/** Every function takes the context first and gives only what its viewer may see. Batched over all that is asked in the same turn. */
export interface ProfileRepository {
  loadStanding(context: SubgraphContext, ask: Ask): Promise<Standing>;
  /** Names borne before the state in force on the day, the latest first. */
  loadFormerNames(context: SubgraphContext, ask: Ask, filed: readonly string[]): Promise<FormerName[]>;
  /** Codes of the entities that bear an identifier today, in their order; who may be seen says `loadStanding`. */
  findBearers(context: SubgraphContext, scheme: string, value: string): Promise<string[]>;
}

/** `Query.entities` takes 1 000 codes: one statement. */
const MAX_BATCH = 1000;
/** No number is borne by so many; the limit is for a source that files one for all. */
const MOST_BEARERS = 1000;

const columns = [
  'uscc', 'record_id', 'version', 'source_unit', 'source_unit_name', 'source_record_id', 'catalogue_code', 'collected_at', 'disclosure_level', 'public_from', 'public_until',
  'withdrawn_on', 'province', 'sector', 'determining_unit', 'under_objection', 'valid_from', 'valid_to', 'recorded_at', 'content', 'name', 'kind', 'status', 'successor',
];

export const profileColumns = (alias: string): string => columns.map((column) => `${alias}.${column}`).join(', ');

/**
 * Published identity is seen by everyone who may see identity at all; it has no end of publication. Rows of other levels go by
 * the row rule. The rights that count are those of the state itself.
 */
export const visibleProfile = (alias: string, rights: number): string => `(${alias}.erased_at is null and ${alias}.disclosure_level = 'PUBLIC' and ${alias}.withdrawn_on is null or ${rowPredicate(alias, rights)})`;

// $1 codes · $2 validAt · $3 knownAt · $4… the viewer's rows
const RIGHTS = 4;

// The rights are asked of the state in force, after it was chosen: a hidden one must not make an older one look like today's.
const standings = statement(
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

const bearers = statement('entity.bearers', `select uscc from entity.identifier where scheme = $1 and value = $2 order by uscc limit ${MOST_BEARERS}`);

interface ContextAsk extends Ask {
  readonly context: SubgraphContext;
}

const groupOf = ({ context, validAt, knownAt }: ContextAsk): string => `${context.viewer.grant} ${context.today} ${validAt} ${knownAt}`;

/** Parameters of a batch: one group asks for one viewer's grant and one pair of times. */
function valuesOf(asks: readonly ContextAsk[]): unknown[] {
  const [{ context, validAt, knownAt }] = asks as [ContextAsk]; // a group has a member
  return [[...new Set(asks.map(({ uscc }) => uscc))], validAt, knownAt, ...rowValues(rowScope(context.viewer), context.today)];
}

export function createProfileRepository(pool: Pool): ProfileRepository {
  const loadStanding = createSharedLoader<ContextAsk, Standing>(
    groupOf,
    async (asks) => {
      const rows = await query<ProfileRow & { in_force: boolean }>(pool, standings, valuesOf(asks));
      const byCode = new Map(rows.map((row) => [row.uscc, row]));
      return asks.map(({ uscc }) => {
        const row = byCode.get(uscc);
        return { isKnown: row !== undefined, row: row?.in_force ? row : null };
      });
    },
    2 * MAX_BATCH, // a credit file asks twice: whether it is known, and its profile
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

  return {
    loadStanding: (context, ask) => loadStanding({ ...ask, context }),
    loadFormerNames: async (context, ask, filed) => formerNames(await loadStates({ ...ask, context }), filed),
    findBearers: async (_context, scheme, value) => (await query<{ uscc: string }>(pool, bearers, [scheme, value])).map(({ uscc }) => uscc),
  };
}

