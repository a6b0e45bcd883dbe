// What a mutation that a subgraph runs itself answers when it did nothing.

/** Why a mutation did nothing: a code, a sentence, and the input it is about. `isConflict`: the state has moved on. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly path: readonly string[];
  readonly isConflict?: true;
}

export const refuse = (code: string, message: string, ...path: string[]): { refused: Refusal } => ({ refused: { code, message, path: ['input', ...path] } });
export const moved = (code: string, message: string, ...path: string[]): { refused: Refusal } => ({ refused: { code, message, path: ['input', ...path], isConflict: true } });

export const sameKey: Refusal = { code: 'IDEMPOTENCY_KEY', message: 'This idempotencyKey came before with other content: use a new key for a new call.', path: ['input', 'idempotencyKey'], isConflict: true };

/** The refusal as the graph answers it. */
export function refusedAs({ code, message, path, isConflict }: Refusal) {
  const error = { code, message, clause: null, retryable: false, path };
  return isConflict ? { __typename: 'Conflict' as const, ...error } : { __typename: 'InvalidInput' as const, ...error };
}
