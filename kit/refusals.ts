import { clientError } from './errors.ts';

// What a mutation returns when it did nothing: a member of its result, which the caller can correct. An action that the
// caller may not perform at all is an error.

/** Why a mutation did nothing: a code, a sentence, and the path of the input. `isConflict`: the state has changed. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly path: readonly string[];
  readonly isConflict?: true;
}

/** A refusal as the graph answers it: the types `InvalidInput` and `Conflict` of the SDL. */
export interface RefusalAnswer<Type extends string> {
  readonly __typename: Type;
  readonly code: string;
  readonly message: string;
  readonly clause: null;
  readonly retryable: false;
  readonly path: readonly string[];
}
export type InvalidInput = RefusalAnswer<'InvalidInput'>;
export type Conflict = RefusalAnswer<'Conflict'>;

/**
 * A refusal of input, as the result of a mutation's work.
 * @param path of the wrong input, below `input`
 */
export const refuse = (code: string, message: string, ...path: string[]): { refused: Refusal } => ({
  refused: { code, message, path: ['input', ...path] },
});
/**
 * A refusal of input that was right for an earlier state of its subject, as the result of a mutation's work.
 * @param path of the input, below `input`
 */
export const staleState = (code: string, message: string, ...path: string[]): { refused: Refusal } => ({
  refused: { code, message, path: ['input', ...path], isConflict: true },
});

export const sameKey: Refusal = {
  code: 'IDEMPOTENCY_KEY',
  message: 'This idempotencyKey came before with other content: use a new key for a new call.',
  path: ['input', 'idempotencyKey'],
  isConflict: true,
};

const answer = <Type extends string>(type: Type, { code, message, path }: Refusal): RefusalAnswer<Type> => ({
  __typename: type,
  code,
  message,
  clause: null,
  retryable: false,
  path,
});

/** The refusal as a member of a mutation's result: `Conflict` where the state has changed, else `InvalidInput`. */
export const refusedAs = (refusal: Refusal): InvalidInput | Conflict =>
  refusal.isConflict ? answer('Conflict', refusal) : answer('InvalidInput', refusal);

/**
 * A refusal of input, as the graph returns it.
 * @param path of the wrong input, from `input` on
 */
export const invalid = (code: string, message: string, path: readonly string[]): InvalidInput =>
  answer('InvalidInput', { code, message, path });

/** The refusal of an idempotency key that was used before with other input. */
export const conflict = (): Conflict => answer('Conflict', sameKey);

/** UNAUTHORIZED_FIELD_OR_TYPE for an action that the viewer's role may not perform. */
export const forbidden = () => clientError('UNAUTHORIZED_FIELD_OR_TYPE', 'Your role may not do this.');
