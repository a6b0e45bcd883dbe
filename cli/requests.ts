import { setTimeout as wait } from 'node:timers/promises';
import type { TokenSource } from './caller.ts';
import { Failure } from './failure.ts';

export interface RequestOptions {
  readonly url: string;
  readonly token: TokenSource;
  readonly purpose?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * The maximum number of attempts when the network or the gateway fails. Repeating is safe because every write carries
   * an idempotency key. Default 1.
   */
  readonly attempts?: number;
  /** The wait before the second attempt; it doubles with each one. Default 500. */
  readonly backoffMs?: number;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  /** The text as JSON; null when it is none. */
  readonly body: unknown;
}

/** Requests to one gateway, in the name of one caller. */
export interface Requests {
  /**
   * Sends a request and returns its reply, whatever the status. A failure of the network or the gateway is followed by
   * another attempt, as often as the options allow.
   * @param path below the gateway's address
   * @param request method, body, and headers in addition to those of the caller; `Bearer` tokens are fetched anew for
   * each attempt
   * @param deadlineMs how long each attempt may take
   * @throws Failure when the last attempt had no reply; the reason of `signal` when that is aborted
   */
  send(path: string, request: RequestContent, deadlineMs: number): Promise<Reply>;
}

export interface RequestContent {
  readonly method?: 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

const LONGEST_WAIT_MS = 15_000;
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export const UNREACHED = 'Is the gateway running? `npm start` starts one; --url or CREDIT_GRAPH_URL names another.';

/** Creates the requests of one caller to one gateway. */
export function createRequests(options: RequestOptions): Requests {
  const { attempts = 1, backoffMs = 500, signal } = options;
  return {
    async send(path, request, deadlineMs) {
      for (let attempt = 1; ; attempt++) {
        const isLast = attempt >= attempts;
        try {
          const { status, text } = await sendOnce(options, path, request, deadlineMs);
          if (isLast || !passing.has(status)) return { status, text, body: parse(text) };
        } catch (error) {
          if (isLast || !(error instanceof Failure)) throw error;
        }
        // Half of the wait is random, so that many clients of a gateway that came back do not all return at once.
        const longest = Math.min(backoffMs * 2 ** (attempt - 1), LONGEST_WAIT_MS);
        await wait(longest * (0.5 + Math.random() / 2), undefined, signal ? { signal } : {});
      }
    },
  };
}

async function sendOnce(
  options: RequestOptions,
  path: string,
  request: RequestContent,
  deadlineMs: number,
): Promise<{ status: number; text: string }> {
  const { url, signal } = options;
  const headers = { ...headersOf(options), ...request.headers };
  const deadline = AbortSignal.timeout(deadlineMs);
  try {
    const response = await fetch(`${url}${path}`, {
      ...request,
      headers,
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      redirect: 'error',
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    signal?.throwIfAborted();
    if (deadline.aborted) throw new Failure(`${url} did not answer within ${deadlineMs / 1000} s.`, { cause: error });
    throw new Failure(`${url} cannot be reached (${reasonOf(error)}).`, { advice: UNREACHED, cause: error });
  }
}

function headersOf({ token: source, purpose }: RequestOptions): Record<string, string> {
  const token = source();
  return {
    ...(token === null ? null : { authorization: `Bearer ${token}` }),
    ...(purpose === undefined ? null : { 'x-purpose': purpose }),
    accept: 'application/json',
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The reason of an error of fetch: `ECONNREFUSED` is in the cause of "fetch failed". */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string }; message?: string }; // what fetch throws
  return cause?.code ?? message ?? String(error);
}
