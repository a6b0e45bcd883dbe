import type { Clock } from './clock.ts';
import { type Connection, createConnection, type Trouble } from './connection.ts';
import { digestOf } from './documents.ts';
import { ChangesError, failureOf, Passing, statusFailure } from './failure.ts';
import { type Answer, messageOf, readAnswer, type StreamEnd } from './messages.ts';
import { createEventReader } from './serverSentEvents.ts';
import { createTokens, type Tokens, type TokenSource } from './tokens.ts';

// The two ways in which the client requests changes over HTTP: one answer, or a stream of answers as server-sent
// events. A failure that may pass is thrown as Passing, and so is an abort by the caller. Any other failure is a
// ChangesError.

export interface GatewayOptions {
  /** The gateway's address, with `/graphql` or without. */
  readonly url: string;
  readonly token?: TokenSource | undefined;
  /** The purpose of reading, which every role but the public needs. */
  readonly purpose?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** `id` sends the SHA-256 of a published document (`manifestOf`) in place of its text. Default `text`. */
  readonly sends?: 'text' | 'id' | undefined;
}

export interface Asked {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface Stream {
  /** The messages that have arrived, in order, at least one. @throws Passing after silence or a lost connection */
  read(): Promise<readonly (Answer | StreamEnd)[]>;
  close(): void;
}

export interface Gateway {
  /** Sends a query and returns its answer. @throws Passing, ChangesError */
  ask(asked: Asked): Promise<Answer>;
  /** Opens the stream of a subscription. @throws Passing, ChangesError */
  open(asked: Asked): Promise<Stream>;
}

/**
 * Checkpoints come every ten seconds, whatever else happens. A client that receives nothing for this long has lost its
 * connection without notice.
 */
export const SILENCE_MS = 25_000;
export const ANSWER_MS = 60_000;

/** Where requests go, and what each of them carries. */
interface Endpoint extends Pick<GatewayOptions, 'purpose' | 'sends'> {
  /** The address of the graph, which ends in `/graphql`. */
  readonly address: string;
  readonly tokens: Tokens;
  readonly unanswered: Trouble;
}

/**
 * Creates a client of one gateway. It fetches a new token before each request, and gives up on a token source that
 * returns a refused token again.
 * @throws ChangesError (BAD_INPUT) when `url` is not an HTTP address
 */
export function createGateway(
  { url, token = () => null, purpose, signal, sends }: GatewayOptions,
  clock: Clock,
): Gateway {
  const address = addressOf(url);
  const endpoint: Endpoint = {
    address,
    tokens: createTokens(token),
    unanswered: { late: `${address} did not answer`, lost: `${address} cannot be reached` },
    purpose,
    sends,
  };
  return {
    async ask(asked) {
      const connection = createConnection(clock, signal);
      try {
        return await askOn(connection, endpoint, asked);
      } finally {
        connection.close();
      }
    },
    async open(asked) {
      const connection = createConnection(clock, signal);
      try {
        return await openOn(connection, endpoint, asked);
      } catch (error) {
        connection.close();
        throw error;
      }
    },
  };
}

async function askOn(connection: Connection, endpoint: Endpoint, asked: Asked): Promise<Answer> {
  const { address, unanswered } = endpoint;
  const response = await send(connection, endpoint, asked, 'application/json', ANSWER_MS);
  const answer = readAnswer(await connection.within(ANSWER_MS, unanswered, () => response.text()));
  if (!answer) throw statusFailure(address, response.status);
  return answer;
}

const unheard: Trouble = { late: 'Nothing was heard', lost: 'The connection was lost' };

/** Opens a stream, which keeps the connection until it is closed. */
async function openOn(connection: Connection, endpoint: Endpoint, asked: Asked): Promise<Stream> {
  const { body } = await send(connection, endpoint, asked, 'text/event-stream', SILENCE_MS);
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
}

/**
 * Sends a request with a new token and returns the response, whose body is unread.
 * @throws Passing, ChangesError for a status other than 200 and for content other than `accept`
 */
async function send(
  connection: Connection,
  endpoint: Endpoint,
  asked: Asked,
  accept: string,
  deadlineMs: number,
): Promise<Response> {
  const { address, tokens, unanswered } = endpoint;
  const token = await tokens.next();
  const response = await connection.within(deadlineMs, unanswered, () =>
    fetch(address, { ...requestOf(endpoint, asked, accept, token), signal: connection.signal }),
  );
  const { status, headers } = response;
  if (status === 200 && headers.get('content-type')?.startsWith(accept)) {
    tokens.accepted();
    return response;
  }
  const answer = readAnswer(await connection.within(deadlineMs, unanswered, () => response.text()));
  const failure = answer ? failureOf(answer.errors ?? [], status) : statusFailure(address, status);
  throw failure instanceof Passing && failure.refusedToken ? tokens.refused(token, failure) : failure;
}

const requestOf = ({ purpose, sends }: Endpoint, asked: Asked, accept: string, token: string | null): RequestInit => ({
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    accept,
    ...(token === null ? null : { authorization: `Bearer ${token}` }),
    ...(purpose === undefined ? null : { 'x-purpose': purpose }),
  },
  body: JSON.stringify(
    sends === 'id' ? { documentId: `sha256:${digestOf(asked.query)}`, variables: asked.variables } : asked,
  ),
  redirect: 'manual', // the token is for this address alone
});

function addressOf(url: string): string {
  const text = `${url.replace(/\/+$/, '').replace(/\/graphql$/, '')}/graphql`;
  if (URL.canParse(text) && /^https?:/i.test(text)) return text;
  throw new ChangesError('BAD_INPUT', `"${url}" is not the address of a gateway.`);
}
