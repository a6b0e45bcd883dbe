import type { DocumentNode, GraphQLError, OperationDefinitionNode } from 'graphql';
import type { TransportName } from '#kit/telemetry/outcomes.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { BudgetState } from '../budget/budgets.ts';

/** Why a stream ends (docs/PROTOCOL.md); each door has its own word for it. */
export type StreamEnd = 'COMPLETED' | 'SLOW_CONSUMER' | 'UNAUTHENTICATED' | 'GOING_AWAY' | 'CURSOR_EXPIRED' | 'WITHDRAWN' | 'FAILED';

/** Where a door takes a subscriber's messages from the stream to the network. Nothing here waits: what cannot be sent yet waits in the connection. */
export interface Sink {
  /** An answer of GraphQL as JSON text, and the cursor that stands after it. */
  next(json: string, cursor: string): void;
  /** Bytes that wait in the connection. */
  waiting(): number;
  /** Resolves when little enough waits that a reader who catches up can be given more, or when the connection has ended. */
  drained(): Promise<void>;
  /** The last word; `next` is not called after it. `cursor` is the one to come back with; null where there is none. */
  end(reason: StreamEnd, cursor: string | null): void;
}

/** A connection's token, looked at again while the connection lasts. Connections with one token and purpose share it. */
export interface Session {
  readonly viewer: Viewer;
  /** When the token ends, in milliseconds; null for the public. */
  readonly expires: number | null;
  /**
   * Whether the token still gives the same rights: true at once where nothing can have changed since the last look.
   * False: it has ended, was revoked, or gives others.
   */
  isGood(): boolean | Promise<boolean>;
}

export interface StreamRequest {
  readonly document: DocumentNode;
  /** A subscription, valid and within the limits. */
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly session: Session;
  readonly mode: 'filter' | 'reject';
  /** Whether each event says what it costs. */
  readonly reportsCost?: boolean;
  /** The client's, see `callerOf`. */
  readonly address?: string | undefined;
  /** Takes what it costs from its caller's budget, see `Operation.charge`. */
  readonly charge?: ((cost: number) => BudgetState | Promise<BudgetState>) | undefined;
  /** By which it is told, for those who count. */
  readonly transport?: TransportName | undefined;
  /** A cursor given outside of the operation (`last-event-id`), which comes before the argument `after`. */
  readonly lastEventId?: string | undefined;
}

export interface Stream {
  /** The subscriber has gone: nothing more is told. */
  stop(): void;
}

/** The streams of one gateway. */
export interface Live extends AsyncDisposable {
  /** Begins a stream, or says why there is none: bad input, a bad cursor, not allowed. */
  subscribe(request: StreamRequest, sink: Sink): Promise<Stream | { readonly errors: readonly GraphQLError[] }>;
}
