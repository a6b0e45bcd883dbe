import type { Clock } from './clock.ts';
import { digestOf } from './documents.ts';
import { type AnswerError, ChangesError, failureOf, Passing, statusFailure } from './failure.ts';
import { COMMENT, createEventReader } from './serverSentEvents.ts';

// The two ways in which changes are asked for over HTTP: one answer, or a stream of answers as server-sent events. Whatever may pass is
// thrown as Passing, also that it was called off; whatever stays as a ChangesError.

/** A token to call with, or null for the public; asked for before each connection. */
export type TokenSource = () => string | null | Promise<string | null>;

export interface GatewayOptions {
  /** The gateway's address, with `/graphql` or without. */
  readonly url: string;
  readonly token?: TokenSource | undefined;
  /** What it is read for; needed by every role but the public. */
  readonly purpose?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** `id`: the SHA-256 of what is asked in place of its text, where it was published (`manifestOf`). Default `text`. */
  readonly sends?: 'text' | 'id' | undefined;
}

export interface Asked {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** An answer of GraphQL whose root field is `changes`. */
export interface Answer {
  readonly data?: { readonly changes?: unknown } | null;
  readonly errors?: readonly AnswerError[];
}

export interface Stream {
  /** What has come, in order, at least one message. @throws Passing when nothing comes, or the connection is lost */
  read(): Promise<readonly (Answer | StreamEnd)[]>;
  close(): void;
}

/** The last word of a stream. */
export interface StreamEnd {
  readonly ended: string;
}

export interface Gateway {
  /** One answer. */
  ask(asked: Asked): Promise<Answer>;
  open(asked: Asked): Promise<Stream>;
}

/** Checkpoints come every ten seconds, whatever else does: who hears nothing for so long has lost the connection without being told. */
export const SILENCE_MS = 25_000;
export const ANSWER_MS = 60_000;

/** @throws ChangesError when the address is none */
export function createGateway({ url, token: source = () => null, purpose, signal, sends = 'text' }: GatewayOptions, clock: Clock): Gateway {
  const address = addressOf(url);
  const unanswered: Trouble = { late: `${address} did not answer`, lost: `${address} cannot be reached` };
  let refused: { readonly token: string | null; readonly error: unknown } | null = null;

  /** A token that was refused is asked for anew; one that is refused after that is the end. */
  const tokenFor = async (): Promise<string | null> => {
    let token: string | null;
    try {
      token = await source();
    } catch (error) {
      throw new Passing(`There is no token: ${String((error as Error | undefined)?.message ?? error)}`, { cause: error });
    }
    if (refused && token === refused.token) throw refused.error;
    return token;
  };

  const refusal = (token: string | null, passing: Passing): unknown => {
    if (refused) return passing.cause;
    refused = { token, error: passing.cause };
    return passing;
  };

  /** Sends it, and gives what reads the body; a status that is no success is thrown. */
  const send = async (asked: Asked, accept: string, connection: Connection, deadlineMs: number): Promise<Response> => {
    const token = await tokenFor();
    const response = await connection.within(deadlineMs, unanswered, () =>
      fetch(address, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept, ...(token === null ? null : { authorization: `Bearer ${token}` }), ...(purpose === undefined ? null : { 'x-purpose': purpose }) },
        body: JSON.stringify(sends === 'id' ? { documentId: `sha256:${digestOf(asked.query)}`, variables: asked.variables } : asked),
        redirect: 'manual', // the token is for this address
        signal: connection.signal,
      }),
    );
    const { status, headers } = response;
    if (status === 200 && headers.get('content-type')?.startsWith(accept)) {
      refused = null;
      return response;
    }
    const answer = readAnswer(await connection.within(deadlineMs, unanswered, () => response.text()));
    const failure = answer ? failureOf(answer.errors ?? [], status) : statusFailure(address, status);
    throw failure instanceof Passing && failure.refusedToken ? refusal(token, failure) : failure;
  };

  return {
    async ask(asked) {
      const connection = createConnection(clock, signal);
      try {
        const response = await send(asked, 'application/json', connection, ANSWER_MS);
        const answer = readAnswer(await connection.within(ANSWER_MS, unanswered, () => response.text()));
        if (!answer) throw statusFailure(address, response.status);
        return answer;
      } finally {
        connection.close();
      }
    },
    async open(asked) {
      const connection = createConnection(clock, signal);
      try {
        const { body } = await send(asked, 'text/event-stream', connection, SILENCE_MS);
        if (!body) throw new Passing('The gateway gave an empty stream.');
        const reader = body.getReader();
        const decoder = new TextDecoder();
        const eventsIn = createEventReader();
        return {
          read: () =>
            connection.within(SILENCE_MS, unheard, async () => {
              for (;;) {
                const { done, value } = await reader.read();
                if (done) throw new Passing('The connection was closed.');
                const messages = eventsIn(decoder.decode(value, { stream: true })).flatMap(messageOf);
                if (messages.length > 0) return messages;
              }
            }),
          close: connection.close,
        };
      } catch (error) {
        connection.close();
        throw error;
      }
    },
  };
}

/** What to say when something takes too long, and when it fails. */
interface Trouble {
  readonly late: string;
  readonly lost: string;
}

const unheard: Trouble = { late: 'Nothing was heard', lost: 'The connection was lost' };

interface Connection {
  readonly signal: AbortSignal;
  /** Waits for something of this connection, and closes it when that takes too long. @throws Passing, ChangesError */
  within<Value>(ms: number, trouble: Trouble, does: () => Promise<Value>): Promise<Value>;
  close(): void;
}

function createConnection(clock: Clock, signal: AbortSignal | undefined): Connection {
  const abort = new AbortController();
  const callOff = (): void => abort.abort();
  // Taken away again: a signal that lives for months would otherwise gather one listener for each connection.
  signal?.addEventListener('abort', callOff, { once: true });
  if (signal?.aborted) callOff();
  return {
    signal: abort.signal,
    async within(ms, { late, lost }, does) {
      let isLate = false;
      const inTime = clock.after(ms, () => {
        isLate = true;
        abort.abort();
      });
      try {
        return await does();
      } catch (error) {
        if (isLate) throw new Passing(`${late} for ${ms / 1000} s.`, { cause: error });
        if (error instanceof Passing || error instanceof ChangesError) throw error;
        throw new Passing(signal?.aborted ? 'It was called off.' : `${lost} (${reasonOf(error)}).`, { cause: error });
      } finally {
        inTime();
      }
    },
    close() {
      signal?.removeEventListener('abort', callOff);
      abort.abort();
    },
  };
}

function addressOf(url: string): string {
  const text = `${url.replace(/\/+$/, '').replace(/\/graphql$/, '')}/graphql`;
  if (URL.canParse(text) && /^https?:/i.test(text)) return text;
  throw new ChangesError('BAD_INPUT', `"${url}" is not the address of a gateway.`);
}

function messageOf({ event, data }: { readonly event: string; readonly data: string }): readonly (Answer | StreamEnd)[] {
  if (event === 'complete') return [{ ended: endOf(data) }];
  // What can be resumed ends with the connection, and a comment says why.
  if (event === COMMENT && words[data] !== undefined) return [{ ended: words[data] }];
  if (event !== 'next') return [];
  const answer = readAnswer(data);
  if (!answer) throw new Passing('The gateway sent what is no answer.');
  return [answer];
}

const words: Readonly<Record<string, string | undefined>> = {
  GOING_AWAY: 'This gateway is going away.',
  UNAUTHENTICATED: 'The token has ended or was revoked, or a grant has changed.',
  SLOW_CONSUMER: 'Changes were read too slowly.',
  WITHDRAWN: 'The document that they were asked by was withdrawn.',
};

function endOf(data: string): string {
  const { reason } = (parsed(data) ?? {}) as { reason?: unknown };
  return words[String(reason)] ?? `The stream was ended${typeof reason === 'string' ? ` (${reason})` : ''}.`;
}

function readAnswer(text: string): Answer | null {
  const value = parsed(text);
  return typeof value === 'object' && value !== null && ('data' in value || 'errors' in value) ? (value as Answer) : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** 'ECONNREFUSED' stands behind "fetch failed". */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string }; // what fetch throws
  return cause?.code ?? cause?.message ?? message ?? String(error);
}
