import { createHash, randomUUID } from 'node:crypto';
import type { Role } from '#policy/roles.ts';
import { openAcknowledged } from './transports.ts';
import { organisationOf, type TestGraph } from './graph.ts';

// Trusted documents in tests: published by two operators, and asked through every transport.

export interface NewDocument {
  readonly id: string;
  readonly text: string;
}

type Json = Record<string, unknown>;

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
export const byDigest = (...texts: readonly string[]): NewDocument[] =>
  texts.map((text) => ({ id: `sha256:${sha256(text)}`, text }));

const MANIFEST =
  'id role version state documentCount digest proposedBy proposedByActor proposedAt publishedBy ' +
  'publishedByActor publishedAt withdrawnBy withdrawnByActor withdrawnAt';
const ERROR = '... on DomainError { code message retryable path }';
const PROPOSE = `mutation ($input: ProposeDocumentsInput!) {
  done: proposeDocuments(input: $input) {
    __typename
    ... on DocumentsProposed { manifest { ${MANIFEST} } }
    ${ERROR}
  }
}`;
const CONFIRM = `mutation ($input: ConfirmDocumentsInput!) {
  done: confirmDocuments(input: $input) {
    __typename
    ... on DocumentsPublished { manifest { ${MANIFEST} } }
    ${ERROR}
  }
}`;
const WITHDRAW = `mutation ($input: WithdrawDocumentsInput!) {
  done: withdrawDocuments(input: $input) {
    __typename
    ... on DocumentsWithdrawn { manifest { ${MANIFEST} } }
    ${ERROR}
  }
}`;

export type Done = Json & {
  readonly __typename: string;
  readonly manifest?: Json & { readonly id: string };
  readonly code?: string;
  readonly message?: string;
};

/** Operators of one graph; `actor` is who acts, null nobody in particular. */
export function operatorsOf(graph: TestGraph) {
  const run = async (actor: string | null, mutation: string, input: Json): Promise<Done> => {
    const token = graph.issuer.token({
      role: 'OPERATOR',
      organisation: organisationOf('OPERATOR').organisation,
      ...(actor === null ? null : { actor }),
    });
    const { body } = await graph.query(
      'OPERATOR',
      mutation,
      { input: { idempotencyKey: randomUUID(), ...input } },
      { token, purpose: null },
    );
    if (body.errors) throw new Error(JSON.stringify(body.errors));
    return body.data?.['done'] as Done;
  };
  const propose = (
    actor: string | null,
    role: string,
    documents: readonly NewDocument[],
    more: Json = {},
  ): Promise<Done> => run(actor, PROPOSE, { role, documents, ...more });
  const confirm = (actor: string | null, id: string, more: Json = {}): Promise<Done> =>
    run(actor, CONFIRM, { id, ...more });
  const withdraw = (actor: string | null, id: string, more: Json = {}): Promise<Done> =>
    run(actor, WITHDRAW, { id, ...more });
  return {
    propose,
    confirm,
    withdraw,
    /** By two persons. @returns the manifest's id */
    async publish(role: Role, documents: readonly NewDocument[]): Promise<string> {
      const proposed = await propose('1001', role, documents);
      const id = proposed.manifest?.id;
      const confirmed = id === undefined ? proposed : await confirm('1002', id);
      if (id === undefined || confirmed.__typename !== 'DocumentsPublished') throw new Error(JSON.stringify(confirmed));
      return id;
    },
  };
}

export interface Delivered {
  /** 0 over a WebSocket, which has none. */
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly data?: Json | null;
    readonly errors?: readonly { readonly message: string; readonly extensions: Json }[];
  };
}

/** A request as it is, with any members; `token` null: as the public. */
export interface Request {
  readonly body: Json;
  readonly token?: string | null;
}

export type Ask = (url: string, request: Request) => Promise<Delivered>;

const bearer = (token: string | null | undefined): Record<string, string> =>
  token ? { authorization: `Bearer ${token}` } : {};

async function delivered(response: Response): Promise<Delivered> {
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: JSON.parse(/^event: next\ndata: (.*)$/m.exec(text)?.[1] ?? text),
  };
}

const post =
  (accept: string): Ask =>
  async (url, { body, token }) =>
    delivered(
      await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept, ...bearer(token) },
        body: JSON.stringify(body),
      }),
    );

const parametersOf = (body: Json): URLSearchParams =>
  new URLSearchParams(
    Object.entries(body).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [[name, typeof value === 'string' ? value : JSON.stringify(value)] as [string, string]],
    ),
  );

const get =
  (accept: string): Ask =>
  async (url, { body, token }) =>
    delivered(
      await fetch(`${url}/graphql?${parametersOf(body).toString()}`, {
        headers: { accept, 'apollo-require-preflight': '1', ...bearer(token) },
      }),
    );

const overWebSocket: Ask = async (url, { body, token }) => {
  await using frames = await openAcknowledged(url, token ? { authorization: `Bearer ${token}` } : undefined);
  frames.send({ id: '1', type: 'subscribe', payload: body });
  const { type, payload } = await frames.next();
  return {
    status: 0,
    headers: new Headers(),
    body: type === 'error' ? { errors: payload as never } : (payload as Delivered['body']),
  };
};

export const transports: readonly (readonly [name: string, ask: Ask])[] = [
  ['POST', post('application/json')],
  ['POST of a client that reads graphql-response', post('application/graphql-response+json, application/json;q=0.9')],
  ['GET', get('application/json')],
  ['GET of a client that reads graphql-response', get('application/graphql-response+json')],
  ['SSE by POST', post('text/event-stream')],
  ['SSE by GET', get('text/event-stream')],
  ['WebSocket', overWebSocket],
];
