import { type AnswerError, Passing } from './failure.ts';
import { COMMENT, type ServerSentEvent } from './serverSentEvents.ts';

/** A GraphQL answer whose root field is `changes`. */
export interface Answer {
  readonly data?: { readonly changes?: unknown } | null;
  readonly errors?: readonly AnswerError[];
}

/** The reason why a stream ended, as a sentence. */
export interface StreamEnd {
  readonly ended: string;
}

/**
 * The message in an event of a stream: an answer or the stream's end; none in an event that is neither.
 * @throws Passing when the event holds what is no answer
 */
export function messageOf({ event, data }: ServerSentEvent): readonly (Answer | StreamEnd)[] {
  if (event === 'complete') return [{ ended: endOf(data) }];
  // A stream that can be resumed ends with its connection, and a comment gives the reason.
  if (event === COMMENT && endings[data] !== undefined) return [{ ended: endings[data] }];
  if (event !== 'next') return [];
  const answer = readAnswer(data);
  if (!answer) throw new Passing('The gateway sent what is no answer.');
  return [answer];
}

const endings: Readonly<Record<string, string | undefined>> = {
  GOING_AWAY: 'This gateway is going away.',
  UNAUTHENTICATED: 'The token has ended or was revoked, or a grant has changed.',
  SLOW_CONSUMER: 'Changes were read too slowly.',
  WITHDRAWN: 'The document that they were asked by was withdrawn.',
};

function endOf(data: string): string {
  const { reason } = (parsed(data) ?? {}) as { reason?: unknown };
  return endings[String(reason)] ?? `The stream was ended${typeof reason === 'string' ? ` (${reason})` : ''}.`;
}

/** A GraphQL answer out of its text; null when the text holds none. */
export function readAnswer(text: string): Answer | null {
  const value = parsed(text);
  return typeof value === 'object' && value !== null && ('data' in value || 'errors' in value)
    ? (value as Answer)
    : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
