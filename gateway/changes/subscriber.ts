import type { DocumentNode, GraphQLError, OperationDefinitionNode } from 'graphql';
import type { Session } from '#gateway/auth/session.ts';
import type { TransportName } from '#kit/telemetry/outcomes.ts';
import type { BudgetState } from '#gateway/budgets/budgets.ts';

/** Why a stream ends (docs/PROTOCOL.md); each transport reports it in its own way. */
export type StreamEnd =
  'COMPLETED' | 'SLOW_CONSUMER' | 'UNAUTHENTICATED' | 'GOING_AWAY' | 'CURSOR_EXPIRED' | 'WITHDRAWN' | 'FAILED';

/**
 * The end of a transport to which a stream writes its messages. Nothing here blocks: what cannot be sent yet waits in
 * the connection.
 */
export interface Sink {
  /** A GraphQL response as JSON text, and the cursor after it. */
  next(json: string, cursor: string): void;
  /** Bytes that wait in the connection. */
  waiting(): number;
  /** Resolves when so little waits that a stream which catches up can send more, or when the connection has ended. */
  drained(): Promise<void>;
  /** The last message; `next` is not called after it. `cursor` is where to resume; null where there is none. */
  end(reason: StreamEnd, cursor: string | null): void;
}

export interface StreamRequest {
  readonly document: DocumentNode;
  /** A subscription, valid and within the limits. */
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly session: Session;
  readonly mode: 'filter' | 'reject';
  /** Whether each event reports its cost. */
  readonly reportsCost?: boolean;
  /** The address of the client, see `callerOf`. */
  readonly address?: string | undefined;
  /** Charges the cost to the caller's budget, see `Operation.charge`. */
  readonly charge?: ((cost: number) => BudgetState | Promise<BudgetState>) | undefined;
  /** The transport, for metrics. */
  readonly transport?: TransportName | undefined;
  /** A cursor from outside the operation (`last-event-id`), which takes precedence over the argument `after`. */
  readonly lastEventId?: string | undefined;
}

export interface Stream {
  /** The subscriber has gone: nothing more is delivered. */
  stop(): void;
}

/** The streams of one gateway. */
export interface Live extends AsyncDisposable {
  /** Begins a stream, or returns why there is none: bad input, a bad cursor, not allowed. */
  subscribe(request: StreamRequest, sink: Sink): Promise<Stream | { readonly errors: readonly GraphQLError[] }>;
}

export interface LiveMetrics {
  opened(transport: TransportName): void;
  ended(reason: StreamEnd, transport: TransportName): void;
  delivered(events: number): void;
}
