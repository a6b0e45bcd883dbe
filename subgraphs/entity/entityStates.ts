import type { SubgraphContext } from '#kit/context.ts';
import { noteConflict, noteRead, noteSubject } from '#kit/fields.ts';
import type { Instants } from '#records/instants.ts';
import { reachOf } from '#records/recordFields.ts';
import type { EntityState } from './lookups.ts';
import type { Ask, ProfileRepository } from './repository.ts';

/**
 * Notes an entity as read. Every entity that is returned passes here: its code is noted as a subject and, for the
 * access log, a read that is not public.
 */
export function entityRead(context: SubgraphContext, state: EntityState): EntityState {
  noteSubject(context, state.row.uscc);
  noteConflict(context, state.row);
  if (state.row.disclosure_level !== 'PUBLIC') noteRead(context, 'IDENTITY', reachOf(state.row));
  return state;
}

/** The states of entities; null where the viewer may see none. */
export interface EntityStates {
  /** The state in force at given times. */
  load(context: SubgraphContext, ask: Ask): Promise<EntityState | null>;
  /**
   * The state in force at the operation's moment. The code is noted as a subject, known or not.
   * @throws KNOWN_AT_TOO_LATE
   */
  loadToday(context: SubgraphContext, uscc: string): Promise<EntityState | null>;
}

export function createEntityStates(profiles: ProfileRepository, instants: Instants): EntityStates {
  const load: EntityStates['load'] = async (context, ask) => {
    const { row } = await profiles.loadCurrentVersions(context, ask);
    return row && entityRead(context, { row, validAt: ask.validAt, knownAt: ask.knownAt });
  };
  return {
    load,
    async loadToday(context, uscc) {
      noteSubject(context, uscc);
      await instants.require(context.moment.knownAt, context.moment.knownAt);
      return load(context, { uscc, ...context.moment });
    },
  };
}
