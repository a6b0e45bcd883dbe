import type { Moment } from '#kit/context.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { CallContext } from './sources.ts';

/**
 * The context of a resolver of the control subgraph: the caller, the instant, and what the pipeline passes to it alone.
 */
export interface ControlContext {
  readonly viewer: Viewer;
  readonly moment: Moment;
  readonly events?: CallContext['events'];
  readonly budget?: CallContext['budget'];
  readonly reads: CallContext['reads'];
}

/** The context of a call, from the value that the plan executor carries. */
// set by gateway/graph/graph.ts alone
export const controlContext = (context: unknown): ControlContext => context as CallContext;
