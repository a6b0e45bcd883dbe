import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { faultOf } from '#kit/faults.ts';
import type { HeadAsk } from '#records/heads.ts';
import { publicViewer } from '#policy/viewer.ts';
import { createRemoteSource } from './remoteSource.ts';
import { withBulkhead } from './sourceBulkhead.ts';
import { createSourceRegistry } from './sourceRegistry.ts';
import type { Source, SourceRegistry } from './sources.ts';
import { SubgraphUnavailable } from './engine/transport.ts';
import type { FilingPart, SubgraphStatus } from '#records/subgraph.ts';

// The instant by which an operation is answered: never one older than 2 s, never none.

const instant = (ms: number): string => new Date(ms).toISOString();

/** Sources whose answers wait until the test sends them, and a clock that only the test moves. */
function arrange(names: readonly string[] = ['entity', 'namelist']) {
  let clockMs = 1_000_000;
  const asked: { readonly name: string; answer(sealed: string, lateUnits?: readonly string[]): void; fail(): void }[] =
    [];
  const sources = names.map((name) => ({
    name,
    status: () =>
      new Promise<SubgraphStatus>((resolve, reject) => {
        asked.push({
          name,
          answer: (sealed, lateUnits = []) => resolve({ sealed, lateUnits }),
          fail: () => reject(new Error('down')),
        });
      }),
  })) as unknown as Source[]; // the registry calls only their status
  const registry = createSourceRegistry(sources, { clockMs: () => clockMs });
  return {
    registry,
    asked,
    move: (ms: number) => void (clockMs += ms),
    now: () => instant(clockMs),
    /** Answers all open requests. */
    answer(...sealed: readonly string[]) {
      asked.splice(0).forEach((each, index) => each.answer(sealed[index] ?? (sealed[0] as string)));
    },
  };
}

const instantOf = async (registry: SourceRegistry): Promise<string> => registry.sealed();

test('T12: callers before the first answer all wait for the same one, and nobody gets an empty instant', async () => {
  const { registry, asked, answer } = arrange();
  const eight = Array.from({ length: 8 }, () => instantOf(registry));
  expect(asked.map(({ name }) => name)).toEqual(['entity', 'namelist']);
  answer(instant(5000), instant(4000));
  expect(await Promise.all(eight)).toEqual(Array(8).fill(instant(4000)));
});

test('T11: after eight idle minutes nobody gets the old instant; callers join the request under way', async () => {
  const { registry, asked, answer, move } = arrange();
  const first = instantOf(registry);
  answer(instant(1000));
  expect(await first).toBe(instant(1000));
  move(472_000);
  const eight = Array.from({ length: 8 }, () => instantOf(registry));
  expect(asked).toHaveLength(2);
  answer(instant(472_000));
  expect(await Promise.all(eight)).toEqual(Array(8).fill(instant(472_000)));
});

test('an instant of under 2 s serves at once while a newer one is fetched; its age is from its request', async () => {
  const { registry, asked, answer, move } = arrange();
  const first = instantOf(registry);
  move(900); // they answer late: the instant is that of the request at best
  answer(instant(1000));
  await first;
  move(1000);
  expect([await instantOf(registry), asked.length]).toEqual([instant(1000), 2]);
  move(200); // 2.1 s since its request, though only 1.2 s since it came
  const later = instantOf(registry);
  expect(asked).toHaveLength(2);
  answer(instant(3000));
  expect(await later).toBe(instant(3000));
});

test('a process that was stopped during its request repeats it', async () => {
  const { registry, asked, answer, move } = arrange(['entity']);
  const first = instantOf(registry);
  move(20_000);
  answer(instant(1000));
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toHaveLength(1);
  answer(instant(21_000));
  expect(await first).toBe(instant(21_000));
});

test('a source that is down holds nobody back; while none answers there is no instant, also after a seal', async () => {
  const { registry, asked, answer, move } = arrange();
  const first = instantOf(registry);
  answer(instant(1000), instant(900));
  expect(await first).toBe(instant(900));
  move(5000);
  const second = instantOf(registry);
  asked.splice(0).forEach((each) => (each.name === 'entity' ? each.answer(instant(5000)) : each.fail()));
  expect(await second).toBe(instant(5000));
  expect(registry.states()).toEqual([
    { source: 'entity', state: 'IN_TIME', knownThrough: instant(5000), lateUnits: [] },
    { source: 'namelist', state: 'UNAVAILABLE', knownThrough: instant(900), lateUnits: [] },
  ]);
  move(5000);
  const third = instantOf(registry);
  asked.splice(0).forEach((each) => each.fail());
  await expect(third).rejects.toThrow(SubgraphUnavailable);
  // And requests again at once: an unanswered round is not remembered.
  const fourth = instantOf(registry);
  answer(instant(10_000));
  expect(await fourth).toBe(instant(10_000));
});

test('an instant never goes back, also where a source comes back that is behind', async () => {
  const { registry, answer, move } = arrange();
  const first = instantOf(registry);
  answer(instant(5000));
  expect(await first).toBe(instant(5000));
  move(5000);
  const second = instantOf(registry);
  answer(instant(9000), instant(4000));
  expect(await second).toBe(instant(5000));
});

test('after a write all sources are called anew, also during a request in progress', async () => {
  const { registry, asked, answer } = arrange();
  const before = instantOf(registry);
  const written = registry.refresh();
  answer(instant(1000));
  await before;
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toHaveLength(2);
  answer(instant(2000));
  await written;
  expect(await instantOf(registry)).toBe(instant(2000));
});

// --- a source over HTTP
// ---------------------------------------------------------------------------------------------------

/** What a network or a proxy can make of an answer, byte by byte. */
const spoiled: readonly (readonly [name: string, answer: string])[] = [
  ['a body longer than was said', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{"ended":1}'],
  ['a body shorter than was said', 'HTTP/1.1 200 OK\r\ncontent-length: 200\r\nconnection: close\r\n\r\n{"ended":1}'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
  ['a chunk that is none', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n'],
  ['headers without end', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`],
  ['what is no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['nothing', ''],
  ['HTML', 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>'],
  ['half of the JSON', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\n{"end'],
  [
    'a redirect',
    'HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
  ],
  ['another status', 'HTTP/1.1 418 I am a teapot\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}'],
];

test.each(spoiled)('%s is a source that is not there, for every question', async (_, answer) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await using source = createRemoteSource(
    { name: 'entity', kinds: {} },
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    () => 'passport',
  );
  const filing = { id: 'f', unit: '91110105MA0EEE1197' };
  const outcomes = await Promise.allSettled([
    source.status(),
    source.file(
      publicViewer,
      { filingId: 'f', number: 1, kind: 'k', format: 'CSV' } as FilingPart,
      Readable.from(['row']),
    ),
    source.weighReplacement(publicViewer, 'k', filing),
    source.applyReplacement(publicViewer, 'k', filing, '2026-01-01T00:00:00.000Z'),
    source.discardReplacement(publicViewer, 'k', filing),
    source.registerUnits(publicViewer, []),
    source.unitsOf(publicViewer, filing.unit),
    source.heads(publicViewer, 'NAME_LIST', {} as HeadAsk),
  ]);
  server.close();
  expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? faultOf(outcome.reason)?.code : outcome))).toEqual(
    outcomes.map(() => 'SUBGRAPH_UNAVAILABLE'),
  );
});

test('a source that holds as many calls as it may does not answer more, and other sources do', async () => {
  const held = Promise.withResolvers<{ data: null }>();
  // its transport alone
  const sourceOf = (): Source => ({ name: 'entity', transport: { execute: () => held.promise } }) as unknown as Source;
  const [slow, other] = [
    withBulkhead(sourceOf(), { maxConcurrent: 2, maxWaiting: 1, waitMs: 60_000 }),
    withBulkhead(sourceOf()),
  ];
  const call = {} as Parameters<Source['transport']['execute']>[0]; // its content is not read
  const running = [1, 2, 3].map(() => slow.transport.execute(call));
  const refused = slow.transport.execute(call);
  await expect(refused).rejects.toThrow(SubgraphUnavailable);
  const elsewhere = other.transport.execute(call);
  held.resolve({ data: null });
  expect(await Promise.all([...running, elsewhere])).toEqual([
    { data: null },
    { data: null },
    { data: null },
    { data: null },
  ]);
});
