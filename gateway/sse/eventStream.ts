import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Sink, StreamEnd } from '#gateway/changes/subscriber.ts';

/** How long a client that does not read has for its last event before its connection is cut. */
const LAST_EVENT_MS = 30_000;
/** The same when this instance shuts down. */
const DRAIN_MS = 5000;
/** When an EventSource reconnects after a stream that ended with its connection. */
const RESUME_MS = 1000;
/**
 * The pause between the last event and the end of the connection: graphql-sse 2.6 waits for ever when it reads both at
 * once, because nothing awaits results yet when it checks whether to retry.
 */
const BEFORE_CLOSING_MS = 250;

/** The ends that are final; any other end of a stream ends its connection. */
const FINISHED: Partial<Record<StreamEnd, number>> = { COMPLETED: 1000, CURSOR_EXPIRED: 1000, WITHDRAWN: 1000 };

/**
 * One response. Its head is written with its first event, or when the stream has begun; until then the request may
 * still be refused.
 */
export class EventStream implements Sink {
  readonly #reply: FastifyReply;
  readonly #response: ServerResponse;
  readonly #hasEnded: (stream: EventStream) => void;
  #phase: 'ASKED' | 'OPEN' | 'ENDED' = 'ASKED';
  #stop: (() => void) | null = null;

  constructor(reply: FastifyReply, hasEnded: (stream: EventStream) => void) {
    this.#reply = reply;
    this.#response = reply.raw;
    this.#hasEnded = hasEnded;
    this.#response.once('close', () => this.#hasGone());
  }

  /** `stop` ends the stream when its reader has gone. */
  stopsWith(stop: () => void): void {
    if (this.#phase === 'ENDED') stop();
    else this.#stop = stop;
  }

  /** Sends the head at once, because the first event may be seconds away. */
  begin(): void {
    if (this.#phase !== 'ASKED') return;
    this.#phase = 'OPEN';
    this.#reply.hijack();
    this.#response.writeHead(200, {
      'x-request-id': this.#reply.request.id,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no', // nginx would hold events back until its buffer is full
      connection: 'close', // the connection has lasted as long as the stream: nobody reuses it
    });
    this.#response.flushHeaders();
  }

  /** A stream without an event, whose client reconnects later. @param why for readers of the raw stream */
  retryLater(why: string, afterSeconds: number): void {
    this.begin();
    this.#close(why, afterSeconds * 1000);
  }

  next(json: string, cursor: string | null): void {
    if (this.#phase === 'ENDED') return;
    this.begin();
    this.#response.write(`event: next\n${idLine(cursor)}data: ${json}\n\n`);
  }

  waiting(): number {
    return this.#response.writableLength;
  }

  drained(): Promise<void> {
    const response = this.#response;
    if (!response.writableNeedDrain || response.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        response.off('drain', done).off('close', done);
        resolve();
      };
      response.on('drain', done).on('close', done);
    });
  }

  end(why: StreamEnd, cursor: string | null): void {
    if (this.#phase === 'ENDED') return;
    this.begin();
    const code = FINISHED[why];
    if (code === undefined) return this.#close(why, RESUME_MS);
    this.forget();
    this.#response.end(`event: complete\n${idLine(cursor)}data: ${JSON.stringify({ reason: why, code, cursor })}\n\n`);
    this.#cutAfter(LAST_EVENT_MS);
  }

  /** The client reconnects with the `id` of the last event that it has. A pending response is still sent. */
  goAway(): void {
    if (this.#phase !== 'OPEN') return;
    this.#stop?.();
    this.#close('GOING_AWAY', RESUME_MS);
    this.#cutAfter(DRAIN_MS);
  }

  /** It never began, and is answered in another way. */
  forget(): void {
    if (this.#phase === 'ENDED') return;
    this.#phase = 'ENDED';
    this.#hasEnded(this);
  }

  /**
   * Ends the connection and not the stream. @param afterMs when an EventSource is to reconnect, and as much again at
   * random
   */
  #close(why: string, afterMs: number): void {
    this.forget();
    const response = this.#response;
    response.write(`retry: ${Math.floor(afterMs * (1 + Math.random()))}\n: ${why}\n\n`);
    const closing = setTimeout(() => response.end(), BEFORE_CLOSING_MS);
    response.once('close', () => clearTimeout(closing));
    this.#cutAfter(LAST_EVENT_MS);
  }

  #cutAfter(ms: number): void {
    const response = this.#response;
    const deadline = setTimeout(() => response.destroy(), ms).unref();
    response.once('close', () => clearTimeout(deadline));
  }

  #hasGone(): void {
    if (this.#phase === 'ENDED') return;
    this.#stop?.();
    this.forget();
  }
}

const idLine = (cursor: string | null): string => (cursor === null ? '' : `id: ${cursor}\n`);
