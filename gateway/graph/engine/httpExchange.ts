import type { Dispatcher, Pool } from 'undici';
import { scopeHeaders } from '#kit/telemetry/scope.ts';
import { addRead } from './answerSize.ts';
import { type SubgraphCall, SubgraphUnavailable } from './transport.ts';

// One request to a subgraph over HTTP, and its answer.

/** What the requests of one transport have in common. */
export interface HttpClient {
  readonly pool: Pool;
  /** With the query of the address. */
  readonly path: string;
  /** @param body as it is sent */
  readonly headers: (call: SubgraphCall, body: string) => Record<string, string>;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** Failed before a byte of an answer came: a read may be sent again. */
export class ConnectionFailed extends SubgraphUnavailable {}

/**
 * Sends a body and reads the answer.
 * @param deadline by `performance.now()`
 * @returns the answer's JSON
 * @throws by its promise, SubgraphUnavailable, or AnswerTooLarge by the meter of the call
 */
export const sendCall = (client: HttpClient, call: SubgraphCall, body: string, deadline: number): Promise<unknown> =>
  new Promise((resolve, reject) => new HttpExchange(client, call, resolve, reject).send(body, deadline));

/** Settles once, and holds a timer and a listener of the call's signal until then. */
class HttpExchange implements Dispatcher.DispatchHandler {
  readonly #client: HttpClient;
  readonly #call: SubgraphCall;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: Error) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #hasStarted = false;
  #isSettled = false;
  #controller: Dispatcher.DispatchController | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    client: HttpClient,
    call: SubgraphCall,
    resolve: (value: unknown) => void,
    reject: (error: Error) => void,
  ) {
    this.#client = client;
    this.#call = call;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  send(body: string, deadline: number): void {
    const { pool, path, headers, timeoutMs } = this.#client;
    this.#timer = setTimeout(
      () => this.#stop(new SubgraphUnavailable(`no answer in ${timeoutMs} ms`)),
      Math.max(0, deadline - performance.now()),
    );
    this.#call.signal?.addEventListener('abort', this.#onAbort, { once: true });
    pool.dispatch(
      {
        path,
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          ...scopeHeaders(),
          ...headers(this.#call, body),
        },
      },
      this,
    );
  }

  #finish(error: Error | undefined, value?: unknown): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#call.signal?.removeEventListener('abort', this.#onAbort);
    if (error) this.#reject(error);
    else this.#resolve(value);
  }

  #stop(error: Error): void {
    this.#finish(error);
    this.#controller?.abort(error);
  }

  readonly #onAbort = (): void => this.#stop(new SubgraphUnavailable('aborted'));

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isSettled) controller.abort(new SubgraphUnavailable('stopped before it was sent'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return;
    this.#hasStarted = true;
    if (status < 300) return;
    const error = new SubgraphUnavailable(`HTTP status ${status}`);
    this.#finish(error);
    controller.abort(error);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { maxBytes } = this.#client;
    const { meter } = this.#call;
    this.#size += chunk.length;
    try {
      if (this.#size > maxBytes) throw new SubgraphUnavailable(`answer of more than ${maxBytes} bytes`);
      if (meter) addRead(meter, chunk.length);
      this.#chunks.push(chunk);
    } catch (error) {
      this.#chunks.length = 0;
      this.#finish(error as Error);
      controller.abort(error as Error);
    }
  }

  onResponseEnd(): void {
    const chunks = this.#chunks;
    try {
      const text =
        chunks.length === 1
          ? (chunks[0] as Buffer).toString('utf8')
          : Buffer.concat(chunks, this.#size).toString('utf8');
      this.#finish(undefined, JSON.parse(text));
    } catch (cause) {
      this.#finish(new SubgraphUnavailable('the answer is not JSON', { cause }));
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    this.#finish(
      this.#hasStarted
        ? new SubgraphUnavailable('the answer broke off', { cause })
        : new ConnectionFailed('the connection failed', { cause }),
    );
  }
}
