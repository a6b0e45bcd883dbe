import { Agent, request } from 'node:http';
import { corpus, type HostileRequest } from './corpus.ts';

// Sends hostile requests exactly as written, which fetch would correct, and reports those without the right answer in
// time.

export interface Outcome {
  readonly request: HostileRequest;
  readonly status: number;
  readonly code: string | null | undefined;
  readonly ms: number;
  /** Null: it was answered as it says. */
  readonly problem: string | null;
}

/** Something of the inside of a gateway, which no answer has. */
const INSIDE = new RegExp(
  /node_modules|\bat (?:async )?\w+ \(|postgres(?:ql)?:\/\/|ECONNREFUSED|127\.0\.0\.1:\d{4}\/graphql/.source +
    /|Did you mean|select .+ from |stacktrace/.source,
  'i',
);

/**
 * @param agent connections that are used again; a request that ends its connection gets a new one
 * @param time how often it was sent before
 */
export function send(
  url: string,
  hostile: HostileRequest,
  agent: Agent,
  time = 0,
): Promise<{ status: number; text: string; headers: Record<string, unknown>; ms: number }> {
  const { hostname, port } = new URL(url);
  const { method, path, headers, bodyOf } = hostile;
  const body = bodyOf ? bodyOf(time) : hostile.body;
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = request(
      { agent, hostname, port, method, path, headers: { ...headers, ...length }, timeout: 10_000 },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString(),
            headers: response.headers,
            ms: performance.now() - began,
          }),
        );
      },
    );
    sent.once('error', reject).once('timeout', () => sent.destroy(new Error('not answered within 10 s')));
    sent.end(body ?? undefined);
  });
}

export async function judge(url: string, hostile: HostileRequest, agent: Agent, limitMs: number): Promise<Outcome> {
  const { status, text, headers, ms } = await send(url, hostile, agent).catch((error: Error) => ({
    status: 0,
    text: error.message,
    headers: {},
    ms: 0,
  }));
  let code: string | null | undefined;
  try {
    const { errors } = JSON.parse(text) as { errors?: { extensions?: { code?: string } }[] };
    code = errors ? errors[0]?.extensions?.code : null;
  } catch {
    code = undefined;
  }
  const isRight = hostile.answers.some(
    ([expectedStatus, expectedCode]) => status === expectedStatus && code === expectedCode,
  );
  const problems = [
    ...(isRight ? [] : [`answered ${status} ${String(code)}: ${text.slice(0, 200)}`]),
    ...(ms > limitMs ? [`took ${Math.round(ms)} ms`] : []),
    ...(INSIDE.test(text) ? [`tells of its inside: ${INSIDE.exec(text)?.[0]}`] : []),
    ...(status >= 400 && !String((headers as Record<string, unknown>)['cache-control'] ?? '').includes('no-store')
      ? ['may be kept by a cache']
      : []),
  ];
  return { request: hostile, status, code, ms, problem: problems.length === 0 ? null : problems.join('; ') };
}

/** Each request once, one after the other. @param limitMs for each */
export async function attackOnce(url: string, limitMs: number): Promise<readonly Outcome[]> {
  const agent = new Agent({ keepAlive: true });
  const outcomes: Outcome[] = [];
  for (const hostile of corpus) outcomes.push(await judge(url, hostile, agent, limitMs));
  agent.destroy();
  return outcomes;
}

/**
 * A small query of another caller meanwhile.
 * @returns how long each took, in milliseconds, until `attack` has ended
 */
export async function probeDuring(url: string, attack: Promise<unknown>): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true });
  const probe: HostileRequest = {
    group: 'probe',
    name: 'probe',
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ viewer { role } }"}',
    answers: [[200, null]],
  };
  const over = new AbortController();
  const ended = attack.finally(() => over.abort());
  const waits: number[] = [];
  while (!over.signal.aborted) waits.push((await send(url, probe, agent)).ms);
  agent.destroy();
  await ended;
  return waits;
}

export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
