import type { Readable } from 'node:stream';
import type { Moment, Read } from '#kit/context.ts';
import type { DecidedConflict } from '#records/filing/conflictDecision.ts';
import type { ReplacingFiling, ReplacementImpact } from '#records/filing/replacement.ts';
import type { Head, HeadAsk } from '#records/heads.ts';
import type { SourceUnit, UnitRegistration } from '#records/sourceUnits.ts';
import type { FilingPart, PartOutcome, SubgraphDefinition, SubgraphStatus } from '#records/subgraph.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { BudgetState } from '#gateway/budgets/budgets.ts';
import type { SubgraphCall, Transport } from './engine/transport.ts';

// The subgraphs as the gateway uses them: in this process (localSource.ts) or over HTTP (remoteSource.ts), and what is
// settled in all of them (sourceRegistry.ts).

/** What a call carries through the plan executor to a subgraph. */
export interface CallContext {
  readonly viewer: Viewer;
  readonly moment: Moment;
  /** Changes to be delivered, only for the control subgraph. */
  readonly events?: readonly unknown[] | undefined;
  /** What is left of the caller's budget, only for the control subgraph. */
  readonly budget?: BudgetState | undefined;
  /** Takes what the control subgraph read that is not public, for the access log; subgraphs say it in their answers. */
  readonly reads: Read[];
}

/** A subgraph as the gateway uses it, wherever it runs. */
export interface Source extends AsyncDisposable {
  readonly name: string;
  /** What is filed to it. */
  readonly kinds: SubgraphDefinition['kinds'];
  readonly transport: Transport;
  /** Whether its circuit breaker is open, after repeated failures. */
  isBreakerOpen(): boolean;
  status(): Promise<SubgraphStatus>;
  /** Forwards a part of a filing. @throws SubgraphUnavailable, or an error for the client. */
  file(viewer: Viewer, part: FilingPart, bytes: Readable): Promise<PartOutcome>;
  /**
   * What a full replacement would end, applying it, and discarding it (records/filing/replacement.ts). @throws
   * SubgraphUnavailable, or an error for the client.
   */
  weighReplacement(viewer: Viewer, kind: string, filing: ReplacingFiling): Promise<ReplacementImpact>;
  applyReplacement(viewer: Viewer, kind: string, filing: ReplacingFiling, at: string): Promise<number>;
  discardReplacement(viewer: Viewer, kind: string, filing: ReplacingFiling): Promise<void>;
  /**
   * Ends a conflict of facts about a record of this kind by a decision; false: it is not open any more. @throws
   * SubgraphUnavailable, or an error for the client.
   */
  decideConflict(viewer: Viewer, kind: string, conflict: DecidedConflict): Promise<boolean>;
  /** Registers units that file to it. @throws SubgraphUnavailable, or an error for the client. */
  registerUnits(viewer: Viewer, units: readonly UnitRegistration[]): Promise<void>;
  /** What a unit files to it. @throws SubgraphUnavailable */
  unitsOf(viewer: Viewer, unit: string): Promise<readonly SourceUnit[]>;
  /**
   * Records of a topic without their content, as the viewer may see them (records/heads.ts).
   * @throws SubgraphUnavailable, or an error for the client
   */
  heads(viewer: Viewer, topic: string, ask: HeadAsk): Promise<readonly Head[]>;
}

/** The context of a call; set by gateway/graph/graph.ts alone. */
export const contextOf = (call: SubgraphCall): CallContext => call.context as CallContext;

export interface SourceState {
  readonly source: string;
  readonly state: 'IN_TIME' | 'LATE' | 'UNAVAILABLE';
  readonly knownThrough: string | null;
  readonly lateUnits: readonly string[];
}

/** The state of the sources, and the instant that is settled in all that can be reached. */
export interface SourceRegistry {
  states(): readonly SourceState[];
  /**
   * The latest sealed instant, ISO 8601 with milliseconds: at most `FRESH_MS` older than the call, by the time of its
   * request. Returned at once where it is known.
   * @throws SubgraphUnavailable, by its promise, while no source answers: an older instant is never returned instead
   */
  sealed(): string | Promise<string>;
  /** Queries all sources now: after a write its author must see it. */
  refresh(): Promise<void>;
}
