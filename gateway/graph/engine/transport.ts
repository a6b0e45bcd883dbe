import type { AnswerMeter } from './answerSize.ts';

/** One operation of a plan for one subgraph: the same object for every run of the plan, so it can be a WeakMap key. */
export interface PlannedOperation {
  readonly document: string;
  readonly name: string | undefined;
  readonly kind: 'query' | 'mutation';
}

export interface SubgraphCall {
  readonly operation: PlannedOperation;
  /** The values that are sent: the client's variables (defaults applied) and the representations. */
  readonly variables: Record<string, unknown>;
  readonly operationKind: 'query' | 'mutation';
  readonly signal: AbortSignal | undefined;
  /** The meter of the answer for which the call is made; bytes from the network are counted as they are read. */
  readonly meter?: AnswerMeter | undefined;
  /** The caller's own per-operation value, passed through untouched. */
  readonly context: unknown;
}

export interface SubgraphError {
  message: string;
  path?: readonly (string | number)[] | undefined;
  extensions?: Record<string, unknown> | undefined;
}

export interface SubgraphResult {
  data?: Record<string, unknown> | null;
  errors?: readonly SubgraphError[];
  extensions?: Record<string, unknown>;
}

export interface Transport {
  /**
   * Runs one operation. The result's objects and lists belong to the executor, which writes into them (leaf values are
   * only read). Rejects with `SubgraphUnavailable` when there is no answer, and with anything else for an internal
   * error; it never throws synchronously.
   */
  execute(call: SubgraphCall): Promise<SubgraphResult>;
}

/**
 * The subgraph gave no usable answer: down, late, not 2xx, not JSON, not an object. The message is only for the log.
 */
export class SubgraphUnavailable extends Error {
  override name = 'SubgraphUnavailable';
}
