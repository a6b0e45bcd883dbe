import type { Weighed } from '#kit/filing/replacement.ts';
import type { RuleBook } from '#kit/ruleBook.ts';
import type { Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { sourceOf } from '../filings.ts';
import type { Source } from '../sources.ts';
import { conflict, invalid, type Named } from './answers.ts';
import type { Once } from './idempotency.ts';
import type { DeskRepository, FilingRow, Refusal, ReplacementOutcome } from './repository.ts';
import type { Conflict, ConfirmFilingInput, InvalidInput } from './resolvers.generated.ts';

// A filing of all that a unit has: what it lacks ends. One that would end more than is plausible waits until a second person has
// looked at it: a file that was cut in half must not clear half of a list.
//
//   CREATED, RUNNING: parts arrive ─ completeFiling ─┬─▶ RUNNING, weighed: is applied ─▶ COMPLETED
//                                                    └─▶ QUARANTINED ─ confirmFiling ─┬─▶ RUNNING, weighed …
//                                                                                     └─▶ CANCELLED
//
// What was decided is written before it is done, so that a call that was cut off goes on when it is sent again.

export interface ReplacementParts {
  readonly repository: DeskRepository;
  readonly sources: readonly Source[];
  readonly rules: RuleBook;
  readonly now: () => Date;
}

/** The register itself is not replaced: an entity that is missing from a file has not gone. */
const NEVER_REPLACED = 'entity';

export function createReplacements({ repository, sources, rules, now }: ReplacementParts) {
  const isPlausible = async (filing: FilingRow, { standing, missing, guarded }: Weighed): Promise<boolean> => {
    // Nobody leaves a list of serious violations by what one person filed.
    if (guarded > 0 || filing.parts.some(({ outcome }) => outcome.rejected > 0)) return false;
    const most = (await rules.fresh()).find('FILING', 'REPLACEMENT_DROP', shanghaiDay(now()))?.number ?? 0;
    return missing * 100 <= standing * most;
  };

  const weigh = async (viewer: Viewer, filing: FilingRow) => {
    const replacement = await sourceOf(sources, filing.kind).weighReplacement(viewer, filing.kind, filing);
    return { status: (await isPlausible(filing, replacement)) ? ('RUNNING' as const) : ('QUARANTINED' as const), replacement };
  };

  /** Does what was decided, and gives the filing as it is then. */
  const goOn = async (viewer: Viewer, id: string): Promise<FilingRow | null> => {
    const filing = await repository.findReplacing(viewer, id);
    if (filing?.status === 'CANCELLED') await sourceOf(sources, filing.kind).discardReplacement(viewer, filing.kind, filing);
    const weighed = filing?.replacement as ReplacementOutcome | null; // written by the repository alone
    if (filing?.status !== 'RUNNING' || weighed === null) return filing;
    const ended = await sourceOf(sources, filing.kind).applyReplacement(viewer, filing.kind, filing, weighed.at);
    await repository.endReplacement(filing, { ...weighed, ended });
    return repository.findReplacing(viewer, id);
  };

  return {
    /** Why the viewer cannot open a full replacement of this kind; null when it can. */
    problemOf(viewer: Viewer, kind: string): Named<InvalidInput> | null {
      if (kind === NEVER_REPLACED) return invalid('MODE', 'The register of entities is not replaced: file what has changed.', ['input', 'mode']);
      if (viewer.actor === null) return invalid('ACTOR', 'A full replacement may take a second person: the token has to say who acts (claim `actor`).', ['input', 'mode']);
      return null;
    },

    async complete(viewer: Viewer, input: { readonly idempotencyKey: string; readonly id: string }): Promise<Once<string> | Refusal> {
      const filing = await repository.findFiling(viewer, input.id);
      if (filing?.mode !== 'REPLACE' || filing.parts.length < filing.partsExpected) return repository.completeFiling(viewer, input);
      const result = await repository.completeFiling(viewer, input, filing.replacement === null ? await weigh(viewer, filing) : undefined);
      if (typeof result !== 'string' && result.outcome === 'done') await goOn(viewer, filing.id);
      return result;
    },

    /** Decides on a filing that waits. */
    async decide(viewer: Viewer, input: ConfirmFilingInput): Promise<FilingRow | Refusal | Named<InvalidInput> | Named<Conflict>> {
      const filing = await repository.findReplacing(viewer, input.id);
      if (!filing) return 'NOT_FOUND';
      if (viewer.actor === null || viewer.actor === filing.createdByActor) return invalid('SECOND_PERSON', 'Who filed may not confirm: another person has to (claim `actor` of the token).', ['input', 'id']);
      const decided = await repository.decideFiling(viewer, input);
      if (decided.outcome === 'conflict') return conflict();
      if (!decided.result) return invalid('NOT_QUARANTINED', `The filing is ${filing.status}: there is nothing to decide.`, ['input', 'id']);
      return (await goOn(viewer, filing.id)) ?? 'NOT_FOUND';
    },
  };
}
