import { request } from 'undici';
import { faultOf } from '#kit/faults.ts';
import type { PassportIssuer } from '#kit/passport.ts';
import { inSpan, scopeHeaders } from '#kit/telemetry/scope.ts';
import type { Viewer } from '#policy/viewer.ts';
import { clientAttributes } from './engine/httpTransport.ts';
import { SubgraphUnavailable } from './engine/transport.ts';

/** Requests to a subgraph over HTTP, besides those of its graph. */
export interface RemoteRequests {
  /**
   * @param path as the subgraph receives it: a prefix of the address belongs to a proxy
   * @returns the answer's JSON
   * @throws SubgraphUnavailable for any failure of the transport except a deadline; an error for the client
   */
  ask(viewer: Viewer, path: string, deadlineMs: number, question?: Question): Promise<unknown>;
  /** The passport of a viewer for one request. */
  headers(viewer: Viewer, method: string, path: string, body: string | Uint8Array): Record<string, string>;
}

interface Question {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly body?: Buffer | string;
  readonly type?: string;
}

/** @param base the address of the subgraph, without `/graphql` */
export function createRemoteRequests(name: string, base: string, passport: PassportIssuer): RemoteRequests {
  const origin = new URL(base);
  const headers: RemoteRequests['headers'] = (viewer, method, path, body) => ({
    authorization: `Passport ${passport(viewer, name, { method, path, body })}`,
  });
  return {
    headers,
    async ask(viewer, path, deadlineMs, { method = 'GET', body, type } = {}) {
      try {
        return await inSpan(method, 'CLIENT', clientAttributes(method, origin), async () =>
          answerOf(
            await request(`${base}${path}`, {
              method,
              body: body ?? null,
              headers: {
                ...scopeHeaders(),
                ...headers(viewer, method, path, body ?? ''),
                ...(type === undefined ? null : { 'content-type': type }),
              },
              signal: AbortSignal.timeout(deadlineMs),
              headersTimeout: deadlineMs,
              bodyTimeout: deadlineMs,
            }),
          ),
        );
      } catch (error) {
        throw isForClient(error) || faultOf(error)
          ? error
          : new SubgraphUnavailable('the connection failed', { cause: error });
      }
    },
  };
}

const isForClient = (error: unknown): boolean => error instanceof Error && 'extensions' in error;

async function answerOf(response: Awaited<ReturnType<typeof request>>): Promise<unknown> {
  const text = await response.body.text();
  let body: { errors?: { message: string; extensions: Record<string, unknown> }[] } | null;
  try {
    body = JSON.parse(text) as typeof body;
  } catch (cause) {
    throw new SubgraphUnavailable(`HTTP status ${response.statusCode}, and the answer is not JSON`, { cause });
  }
  const [error] = body?.errors ?? [];
  if (response.statusCode === 400 && error)
    throw Object.assign(new Error(error.message), { extensions: error.extensions });
  if (response.statusCode !== 200) throw new SubgraphUnavailable(`HTTP status ${response.statusCode}`);
  return body;
}
