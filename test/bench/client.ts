import { Pool } from 'undici';
import { serveBench } from './worker.ts';

// The client of all rows, in a process of its own: keep-alive connections, a fixed number of requests, so many in flight.

export interface Load {
  /** Where the server listens, and the path on it. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent in turn. */
  readonly bodies: readonly string[];
  readonly operations: number;
  readonly inFlight: number;
  /** The first of the bodies to send, so that rounds do not all ask the same. */
  readonly from?: number;
}

export interface Loaded {
  readonly bytes: number;
  readonly milliseconds: number;
  /** Answers that were not 200, or had errors where one round asked for none. */
  readonly wrong: readonly string[];
}

/** One request, its answer whole: what is compared before anything is measured. */
export interface Probe extends Load {
  readonly probe: true;
}

const pools = new Map<string, Pool>();

function poolFor(origin: string, connections: number): Pool {
  const key = `${connections} ${origin}`;
  let pool = pools.get(key);
  if (!pool) pools.set(key, (pool = new Pool(origin, { connections, pipelining: 1, keepAliveTimeout: 60_000 })));
  return pool;
}

serveBench(null, async (given): Promise<Loaded | string[]> => {
  const load = given as Load | Probe; // sent by measure.ts alone
  const { origin, pathname } = new URL(load.url);
  const pool = poolFor(origin, load.inFlight);
  const headers = { 'content-type': 'application/json', accept: 'application/json', ...load.headers };
  const send = async (number: number): Promise<{ status: number; text: Buffer }> => {
    const body = load.bodies[number % load.bodies.length] as string; // not empty
    const answer = await pool.request({ path: pathname, method: 'POST', headers, body });
    return { status: answer.statusCode, text: Buffer.from(await answer.body.arrayBuffer()) };
  };
  if ('probe' in load)
    return Promise.all(load.bodies.map(async (_, number) => (await send(number)).text.toString('utf8')));

  const ERRORS = Buffer.from('"errors":[');
  const first = load.from ?? 0;
  const wrong: string[] = [];
  let sent = 0;
  let bytes = 0;
  const started = performance.now();
  const work = async (): Promise<void> => {
    while (sent < load.operations) {
      const number = first + sent;
      sent += 1;
      const { status, text } = await send(number);
      bytes += text.length;
      if ((status !== 200 || text.includes(ERRORS)) && wrong.length < 3)
        wrong.push(`${status} ${text.toString('utf8', 0, 500)}`);
    }
  };
  await Promise.all(Array.from({ length: load.inFlight }, work));
  return { bytes, milliseconds: performance.now() - started, wrong };
});
