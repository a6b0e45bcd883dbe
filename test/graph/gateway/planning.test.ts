import { globSync, readFileSync } from 'node:fs';
import { dearText } from '#test/support/dear.ts';
import { type Reply, startGraph, type TestGraph } from '#test/support/graph.ts';
import { until } from '#test/support/until.ts';

// The planner through the public HTTP transport: whose requests its processes may delay. The pool itself:
// gateway/graph/engine/plannerPool.test.ts.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ planners: 2 });
});
afterAll(() => graph[Symbol.asyncDispose]());

/** The planner processes of the gateway in this process. */
const planners = (): number[] =>
  globSync('/proc/[0-9]*/stat').flatMap((file) => {
    try {
      const [pid = '', rest = ''] = [file.split('/')[2], readFileSync(file, 'utf8').replace(/^.*\) /s, '')];
      const [state = '', parent = ''] = rest.split(' ');
      return Number(parent) === process.pid &&
        state !== 'Z' &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('plannerProcess')
        ? [Number(pid)]
        : [];
    } catch {
      return []; // it ended while it was looked at
    }
  });
const codesOf = ({ body }: Pick<Reply, 'body'>): unknown[] =>
  (body.errors ?? []).map(({ extensions }) => extensions['code']);
const knownText = '{ sourceStatus { source } }';
/** Its plan is new as well: texts that differ by their aliases alone share one. */
const newText = (n: number): string => {
  const day = new Date(Date.UTC(2020, 0, 1 + n)).toISOString().slice(0, 10);
  return `{ a${n}: sourceStatus { source } ruleSets(validAt: "${day}") { kind } }`;
};

test('killed planner processes lose nothing: every known and new text has its right answer', async () => {
  const right = (await graph.query('PUBLIC', knownText)).body.data?.['sourceStatus'];
  expect(right).toHaveLength(4);
  const over = new AbortController();
  let last = 0;
  let answers = 0;
  const wrong: string[] = [];
  const load = async (text: () => readonly [key: string, text: string]): Promise<void> => {
    while (!over.signal.aborted) {
      const [key, query] = text();
      const reply = await graph.query('PUBLIC', query);
      answers += 1;
      if (reply.body.errors || JSON.stringify(reply.body.data?.[key]) !== JSON.stringify(right)) wrong.push(reply.text);
    }
  };
  const fresh = (): readonly [string, string] => [`a${(last += 1)}`, newText(last)];
  const clients = [
    load(() => ['sourceStatus', knownText]),
    load(() => ['sourceStatus', knownText]),
    load(fresh),
    load(fresh),
  ];
  const recovered: number[] = [];
  for (let kill = 0; kill < 5; kill += 1) {
    const [victim = 0] = await until('two planner processes run', () => (planners().length === 2 ? planners() : null));
    const planned = last;
    const begun = performance.now();
    process.kill(victim, 'SIGKILL');
    await until('new texts are planned', () => last > planned + 2);
    recovered.push(Math.round(performance.now() - begun));
    await until('another process is there', () => planners().length === 2 && !planners().includes(victim));
  }
  over.abort();
  await Promise.all(clients);
  expect(wrong).toEqual([]);
  console.log(
    `5 × kill -9 of a planner process under load: ${answers} answers, ${last} of new texts, all ` +
      `right; the next new texts were planned after ${recovered.join(', ')} ms`,
  );
});

/** Of an operation (gateway/graph/graph.ts). */
const DEADLINE_MS = 15_000;

test('24 dear texts of one caller delay nobody else, and each has a code within its deadline', async () => {
  expect(codesOf(await graph.query('PUBLIC', knownText))).toEqual([]);
  const order: string[] = [];
  const begun = performance.now();
  const hog = Array.from({ length: 24 }, async (_, n) => {
    const response = await fetch(`${graph.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: dearText(n, 14) }),
    });
    const reply = { status: response.status, body: (await response.json()) as Reply['body'] };
    const codes = codesOf(reply);
    order.push(`${Math.round(performance.now() - begun)} ms: ${codes.join() || 'data'}`);
    return { ms: performance.now() - begun, codes, status: reply.status };
  });
  await until('the first of them is refused', () => order.length > 0);
  // Another caller's new text, and callers of known texts, also from the flooding client's own address.
  const waits: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    const asked = performance.now();
    expect(
      codesOf(await graph.query('FINANCIAL_INSTITUTION', newText(1000 + n), {}, { purpose: 'CREDIT_GRANTING' })),
    ).toEqual([]);
    waits.push(Math.round(performance.now() - asked));
    expect(codesOf(await graph.query('PUBLIC', knownText))).toEqual([]);
  }
  // The order of planning is tested in plannerPool.test.ts and fairQueue.test.ts, with texts of a fixed cost. These
  // texts are expensive for the gateway as well, which reads them; nobody waits for longer than an operation may take.
  expect(Math.max(...waits)).toBeLessThan(DEADLINE_MS);
  const outcomes = await Promise.all(hog);
  for (const { ms, codes, status } of outcomes) {
    expect(ms).toBeLessThan(25_000); // 15 s, and what 24 texts cost a busy machine before they are begun
    const [code] = codes;
    if (code === 'RATE_LIMITED') expect(status).toBe(429);
    else if (code === 'DEADLINE') expect([200, 503]).toContain(status);
    else if (code === 'COST_LIMIT') expect(status).toBe(400);
    else expect([undefined, 'NOT_FOUND', 'UNAUTHORIZED_FIELD_OR_TYPE']).toContain(code);
  }
  const by = (code: string): number => outcomes.filter(({ codes }) => codes.includes(code)).length;
  console.log(
    `24 dear texts: ${by('RATE_LIMITED')} RATE_LIMITED, ${by('DEADLINE')} DEADLINE, ${by('COST_LIMIT')}
      COST_LIMIT, the slowest after ${Math.round(Math.max(...outcomes.map(({ ms }) => ms)))} ms; another's new
      texts after ${waits.join(', ')} ms`,
  );
});
