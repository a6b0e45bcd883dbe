import type { ReplacementImpact } from '#records/filing/replacement.ts';
import type { RuleStore } from '#records/ruleStore.ts';
import type { Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { keeperOf, recordTypeOf } from './filingKinds.ts';
import type { Source } from '#gateway/graph/sources.ts';
import { conflict, invalid, type Conflict, type InvalidInput } from '#kit/refusals.ts';
import type { Once } from '#gateway/database/idempotency.ts';
import type { FilingRefusal, FilingRepository, FilingRow, ReplacementOutcome } from './repository.ts';
import type { ConfirmFilingInput } from './resolvers.generated.ts';

// A filing of all that a unit has: records that are missing from it end. A replacement that would end more than is
// plausible waits until a second person has confirmed it: a file that was cut in half must not clear half of a list.
//
//   CREATED, RUNNING: parts arrive ─ completeFiling ─┬─▶ RUNNING, weighed: is applied ─▶ COMPLETED
//                                                    └─▶ QUARANTINED ─ confirmFiling ─┬─▶ RUNNING, weighed …
//                                                                                     └─▶ CANCELLED
//
// A decision is stored before it is applied, so that an interrupted call continues when it is sent again.

export interface ReplacementParts {
  readonly filings: FilingRepository;
  readonly sources: readonly Source[];
  readonly rules: RuleStore;
  readonly now: () => Date;
}

export function createReplacements({ filings, sources, rules, now }: ReplacementParts) {
  const isPlausible = async (
    filing: FilingRow,
    { standing, missing, guarded }: ReplacementImpact,
  ): Promise<boolean> => {
    // Nobody leaves a list of serious violations because of what one person filed.
    if (guarded > 0 || filing.parts.some(({ outcome }) => outcome.rejected > 0)) return false;
    const maximum = (await rules.fresh()).find('FILING', 'REPLACEMENT_DROP', shanghaiDay(now()))?.number ?? 0;
    return missing * 100 <= standing * maximum;
  };

  const weigh = async (viewer: Viewer, filing: FilingRow) => {
    const replacement = await keeperOf(sources, filing.kind).weighReplacement(viewer, filing.kind, filing);
    return {
      status: (await isPlausible(filing, replacement)) ? ('RUNNING' as const) : ('QUARANTINED' as const),
      replacement,
    };
  };

  /** Applies the stored decision, and returns the filing afterwards. */
  const goOn = async (viewer: Viewer, id: string): Promise<FilingRow | null> => {
    const filing = await filings.findReplacing(viewer, id);
    if (filing?.status === 'CANCELLED')
      await keeperOf(sources, filing.kind).discardReplacement(viewer, filing.kind, filing);
    const decided = filing?.replacement as ReplacementOutcome | null; // written by the repository alone
    if (filing?.status !== 'RUNNING' || decided === null) return filing;
    const ended = await keeperOf(sources, filing.kind).applyReplacement(viewer, filing.kind, filing, decided.at);
    await filings.endReplacement(filing, { ...decided, ended });
    return filings.findReplacing(viewer, id);
  };

  return {
    /** Why the viewer cannot open a full replacement of this kind; null when it can. */
    problemOf(viewer: Viewer, kind: string): InvalidInput | null {
      // An entity that is missing from a file has not ceased to exist.
      if (recordTypeOf(sources, kind) === null)
        return invalid('MODE', 'The register of entities is not replaced: file what has changed.', ['input', 'mode']);
      if (viewer.actor === null)
        return invalid(
          'ACTOR',
          'A full replacement may take a second person: the token has to say who acts (claim `actor`).',
          ['input', 'mode'],
        );
      return null;
    },

    async complete(
      viewer: Viewer,
      input: { readonly idempotencyKey: string; readonly id: string },
    ): Promise<Once<string> | FilingRefusal> {
      const filing = await filings.findFiling(viewer, input.id);
      if (filing?.mode !== 'REPLACE' || filing.parts.length < filing.partsExpected)
        return filings.completeFiling(viewer, input);
      const result = await filings.completeFiling(
        viewer,
        input,
        filing.replacement === null ? await weigh(viewer, filing) : undefined,
      );
      if (typeof result !== 'string' && result.outcome === 'done') await goOn(viewer, filing.id);
      return result;
    },

    /** Decides on a filing that waits. */
    async decide(
      viewer: Viewer,
      input: ConfirmFilingInput,
    ): Promise<FilingRow | FilingRefusal | InvalidInput | Conflict> {
      const filing = await filings.findReplacing(viewer, input.id);
      if (!filing) return 'NOT_FOUND';
      if (viewer.actor === null || viewer.actor === filing.createdByActor)
        return invalid(
          'SECOND_PERSON',
          'Who filed may not confirm: another person has to (claim `actor` of the token).',
          ['input', 'id'],
        );
      const decided = await filings.decideFiling(viewer, input);
      if (decided.outcome === 'conflict') return conflict();
      if (!decided.result)
        return invalid('NOT_QUARANTINED', `The filing is ${filing.status}: there is nothing to decide.`, [
          'input',
          'id',
        ]);
      return (await goOn(viewer, filing.id)) ?? 'NOT_FOUND';
    },
  };
}
