import { clientError } from '#kit/errors.ts';
import type { Conflict, InvalidInput } from './resolvers.generated.ts';

// What a mutation of the desk answers when it did nothing.

/** A member of a union says which one it is. */
export type Named<Member extends { readonly __typename?: string }> = Member & Required<Pick<Member, '__typename'>>;

export const forbidden = () => clientError('UNAUTHORIZED_FIELD_OR_TYPE', 'Your role may not do this.');

export const invalid = (code: string, message: string, path: string[]): Named<InvalidInput> => ({ __typename: 'InvalidInput', code, message, clause: null, retryable: false, path });

export const conflict = (): Named<Conflict> => ({ __typename: 'Conflict', code: 'IDEMPOTENCY_KEY', message: 'This idempotencyKey came before with other content: use a new key for a new call.', clause: null, retryable: false, path: ['input', 'idempotencyKey'] });
