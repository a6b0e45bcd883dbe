import type { ServerResponse } from 'node:http';
import { createMetrics } from '#kit/telemetry/metrics.ts';
import { keptLog } from '#test/support/logs.ts';
import {
  AUDIENCE,
  ISSUER,
  type IssuerKey,
  type KeyServer,
  newKey,
  signed,
  startKeyServer,
} from '#test/support/keyServer.ts';
import { type Authenticator, createAuthenticator } from './authenticator.ts';
import { countRightsFailures, measureKeySet } from '#gateway/metrics.ts';
import { createKeySet, type KeySet } from './keySet.ts';
import { createRightsLookup } from './rightsLookup.ts';

// The rows of docs/KEYS.md: the results for a new token, for a known one, and for an open stream. Keys and tokens are
// made by `jose`.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface World extends AsyncDisposable {
  readonly server: KeyServer;
  readonly keySet: KeySet;
  readonly authenticator: Authenticator;
  readonly first: IssuerKey;
  /** Messages of the log at `warn`. */
  readonly warnings: string[];
  /** Lines of the log, with their levels. */
  readonly logged: () => (readonly [level: string, message: string])[];
  readonly now: () => Date;
  move(ms: number): void;
  token(key?: IssuerKey, payload?: { exp: number }): Promise<string>;
  /** 'good', or the code and the reason of the refusal. */
  outcome(token: string): Promise<string>;
  /** A stream's session: 'goes on', 'ends', or 'waits' while that is unknown. */
  stream(token: string): Promise<() => Promise<'goes on' | 'ends' | 'waits'>>;
  metric(name: string): Promise<number>;
}

async function arrange(options: { away?: boolean; graceMs?: number } = {}): Promise<World> {
  const first = await newKey('first');
  const server = await startKeyServer(first);
  if (options.away) await server.goAway();
  let at = Date.parse('2026-11-29T08:00:00Z');
  const now = (): Date => new Date(at);
  const { log, lines } = keptLog();
  const metrics = createMetrics();
  const failures = countRightsFailures(metrics);
  const keySet = createKeySet({
    location: server.url,
    times: { refreshMs: 10 * MINUTE, graceMs: options.graceMs ?? 4 * HOUR },
    now,
    log,
    failures,
    random: () => 0,
  });
  measureKeySet(metrics, keySet);
  const grants = {
    version: 1,
    scopes: () => Promise.resolve([{ province: null, sector: null }]),
    isRevoked: () => Promise.resolve(false),
  };
  const lookUp = createRightsLookup({ log, failures });
  const authenticator = createAuthenticator({ keySet, lookUp, issuer: ISSUER, audience: AUDIENCE, grants, now });
  const reasonOf = (error: unknown): string => {
    const { name, extensions } = error as { name: string; extensions?: { code: string; reason: string } };
    return extensions ? `${extensions.code} ${extensions.reason}` : name;
  };
  return {
    server,
    keySet,
    authenticator,
    first,
    get warnings() {
      return lines().flatMap(({ level, msg }) => (level === 'warn' ? [msg] : []));
    },
    logged: () => lines().map(({ level, msg }) => [level, msg] as const),
    now,
    move: (ms) => void (at += ms),
    token: async (key = first, payload) =>
      `Bearer ${await signed(key, now(), payload ? { payload: { ...payload } } : {})}`,
    outcome: (token) => authenticator.viewer(token, undefined).then(() => 'good', reasonOf),
    async stream(token) {
      const session = await authenticator.session(token, undefined);
      return async () => {
        try {
          return (await session.isGood()) ? 'goes on' : 'ends';
        } catch (error) {
          expect(reasonOf(error)).toBe('RightsLookupFailed');
          return 'waits';
        }
      };
    },
    metric: async (name) => Number(new RegExp(`^credit_graph_${name} (\\S+)$`, 'm').exec(await metrics.text())?.[1]),
    async [Symbol.asyncDispose]() {
      keySet[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

test('K1 rotated: tokens of the new key are good at once, those of the old one stay good, streams go on', async () => {
  await using world = await arrange();
  const old = await world.token();
  const stream = await world.stream(old);
  const second = await newKey('second', 'RS256');
  world.server.publish(second, world.first);
  world.move(11_000);
  expect([
    await world.outcome(await world.token(second)),
    await world.outcome(old),
    await world.outcome(await world.token()),
    await stream(),
  ]).toEqual(['good', 'good', 'good', 'goes on']);
  expect(world.server.asked()).toBe(2);
});

test('K2 withdrawn: within the interval its tokens are refused, seen before or not, and streams end', async () => {
  await using world = await arrange();
  const old = await world.token();
  expect(await world.outcome(old)).toBe('good');
  const stream = await world.stream(old);
  world.server.publish(await newKey('second'));
  world.move(10 * MINUTE - 1000);
  expect([await world.outcome(old), await stream(), world.server.asked()]).toEqual(['good', 'goes on', 1]);
  world.move(2000);
  expect([await stream(), await world.outcome(old), await world.outcome(await world.token())]).toEqual([
    'ends',
    'UNAUTHENTICATED KEY',
    'UNAUTHENTICATED KEY',
  ]);
  // The first key again: clients whose stream was ended connect anew.
  world.server.publish(world.first);
  world.move(11 * MINUTE);
  expect([await stream(), await world.outcome(old)]).toEqual(['ends', 'good']);
});

test('K3 the issuer is away for an hour: known keys serve, unknown ones are not judged, streams go on', async () => {
  await using world = await arrange();
  const old = await world.token(world.first, { exp: Math.floor(world.now().getTime() / 1000) + 3600 });
  const stream = await world.stream(old);
  await world.server.goAway();
  world.move(HOUR - MINUTE);
  expect([await world.outcome(await world.token()), await world.outcome(old), await stream()]).toEqual([
    'good',
    'good',
    'goes on',
  ]);
  expect(await world.outcome(await world.token(await newKey('second')))).toBe('RightsLookupFailed');
  expect(world.warnings).toContain('the keys of the issuer could not be fetched; those that are known serve on');
  expect(world.keySet.state()).toEqual({ state: 'degraded', keys: 1, ageSeconds: 3540, failures: expect.any(Number) });
  expect([
    await world.metric('issuer_reachable'),
    await world.metric('issuer_keys_age_seconds'),
    await world.metric('issuer_key_fetch_failures_total'),
  ]).toEqual([0, 3540, world.keySet.state().failures]);
  await world.server.restart();
  world.move(11_000);
  await world.outcome(await world.token(await newKey('third')));
  expect([world.keySet.state().state, await world.metric('issuer_reachable')]).toEqual(['ok', 1]);
});

test('K4 the issuer is away for longer than known keys are good for: nothing can be judged, streams wait', async () => {
  await using world = await arrange({ graceMs: 30 * MINUTE });
  const old = await world.token();
  const stream = await world.stream(old);
  await world.server.goAway();
  world.move(29 * MINUTE);
  expect([await world.outcome(old), await stream()]).toEqual(['good', 'goes on']);
  world.move(2 * MINUTE);
  expect([await world.outcome(await world.token()), await world.outcome(old), await stream()]).toEqual([
    'RightsLookupFailed',
    'RightsLookupFailed',
    'waits',
  ]);
  expect([world.keySet.state().state, await world.metric('rights_lookup_failures_total')]).toEqual(['unavailable', 3]);
  expect((await world.authenticator.viewer(undefined, undefined)).role).toBe('PUBLIC');
  await world.server.restart();
  world.move(11_000);
  expect([await world.outcome(old), await stream()]).toEqual(['good', 'goes on']);
});

test('K5 the issuer is away at the start: no token can be judged until it is there; the public is served', async () => {
  await using world = await arrange({ away: true });
  await world.keySet.start();
  const token = await world.token();
  expect([await world.outcome(token), world.keySet.state().state]).toEqual(['RightsLookupFailed', 'unavailable']);
  await expect(world.authenticator.session(token, undefined)).rejects.toMatchObject({ name: 'RightsLookupFailed' });
  expect((await world.authenticator.viewer(undefined, undefined)).role).toBe('PUBLIC');
  await world.server.restart();
  world.move(11_000);
  expect([await world.outcome(token), world.keySet.state().state]).toEqual(['good', 'ok']);
});

const text =
  (body: string, status = 200) =>
  (response: ServerResponse) =>
    void response.writeHead(status).end(body);
test.each<[string, (response: ServerResponse) => void]>([
  ['no JSON', text('<html>')],
  ['JSON that is no set', text('[]')],
  ['a set whose keys are no list', text('{"keys":{"0":{}}}')],
  ['null', text('null')],
  ['half of a set', text('{"keys":[')],
  ['an error with a set in it', text('{"keys":[]}', 500)],
  ['a redirect', (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ['more than a set may have', text(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`)],
  ['a broken answer', (response) => void response.writeHead(200, { 'content-length': '100' }).end('{"keys":[]}')],
])('K6 the issuer answers garbage (%s): as if it were away', async (_, garbage) => {
  await using world = await arrange();
  const old = await world.token();
  const stream = await world.stream(old);
  world.server.answer(garbage);
  world.move(11 * MINUTE);
  // The first caller waits for the fetch; after that the known keys serve.
  expect([
    await world.outcome(old),
    await world.outcome(await world.token()),
    await stream(),
    world.keySet.state().state,
  ]).toEqual(['good', 'good', 'goes on', 'degraded']);
  expect(await world.outcome(await world.token(await newKey('second')))).toBe('RightsLookupFailed');
});

test('K7 the same name for another key: tokens of the old one are refused in the interval, streams end', async () => {
  await using world = await arrange();
  const old = await world.token();
  const stream = await world.stream(old);
  expect(await world.outcome(old)).toBe('good');
  const other = await newKey('first');
  world.server.publish(other);
  const fresh = await world.token(other);
  expect(await world.outcome(fresh)).toBe('UNAUTHENTICATED SIGNATURE');
  world.move(10 * MINUTE + 1000);
  expect([await stream(), await world.outcome(old), await world.outcome(fresh)]).toEqual([
    'ends',
    'UNAUTHENTICATED SIGNATURE',
    'good',
  ]);
});

test('K8 an empty set withdraws every key', async () => {
  await using world = await arrange();
  const old = await world.token();
  const stream = await world.stream(old);
  world.server.publish();
  world.move(10 * MINUTE + 1000);
  expect([await world.outcome(old), await stream(), world.keySet.state().state]).toEqual([
    'UNAUTHENTICATED KEY',
    'ends',
    'unavailable',
  ]);
  expect(world.warnings).toContain('the issuer publishes no key that can be used: every token is refused');
});

test('K9 tokens of made-up keys fetch the set once in ten seconds, however many they are', async () => {
  await using world = await arrange();
  expect(await world.outcome(await world.token())).toBe('good');
  const outsiders = await Promise.all(
    Array.from(
      { length: 200 },
      async (_, index) => `Bearer ${await signed({ ...world.first, jwk: { kid: `made up ${index}` } }, world.now())}`,
    ),
  );
  world.move(11_000);
  expect(new Set(await Promise.all(outsiders.map(world.outcome)))).toEqual(new Set(['UNAUTHENTICATED KEY']));
  expect(world.server.asked()).toBe(2);
  world.move(9000);
  await Promise.all(outsiders.map(world.outcome));
  expect(world.server.asked()).toBe(2);
  world.move(2000);
  await Promise.all(outsiders.map(world.outcome));
  expect(world.server.asked()).toBe(3);
});

test('an issuer that hangs delays a token to its deadline at most, and tokens of known keys only once', async () => {
  await using world = await arrange();
  const old = await world.token();
  expect(await world.outcome(old)).toBe('good');
  world.server.answer(null);
  world.move(11 * MINUTE);
  expect([await world.outcome(old), world.keySet.state().state]).toEqual(['good', 'degraded']);
  world.move(11_000);
  const before = performance.now();
  expect(await world.outcome(old)).toBe('good');
  expect(performance.now() - before).toBeLessThan(2000);
});

test.each<[string, object, string]>([
  ['private', { d: 'AAAA' }, 'it is not public'],
  ['for encryption', { use: 'enc' }, 'not for signatures'],
  ['for signing', { key_ops: ['sign'] }, 'not for verifying'],
  ['of another algorithm', { alg: 'ES384' }, 'not for ES256 or RS256'],
  ['of a point that is not on the curve', { x: 'AAAA' }, 'not a key of its kind'],
  ['without a name', { kid: undefined }, 'no kid of 1 to 128 characters'],
  ['with an endless name', { kid: 'k'.repeat(129) }, 'no kid of 1 to 128 characters'],
])('a published key that is %s is not used, and does not spoil the others', async (_, change) => {
  await using world = await arrange();
  const odd = await newKey('odd');
  world.server.publish({ ...odd, jwk: { ...odd.jwk, ...change } }, world.first);
  expect([await world.outcome(await world.token()), await world.outcome(await world.token(odd))]).toEqual([
    'good',
    'UNAUTHENTICATED KEY',
  ]);
  expect(world.warnings).toEqual(['the issuer publishes keys that are not used']);
});

test('one name for two keys in one set means neither', async () => {
  await using world = await arrange();
  world.server.publish(world.first, await newKey('first'));
  expect(await world.outcome(await world.token())).toBe('UNAUTHENTICATED KEY');
});

test('a set is kept fresh while nobody asks, until it is disposed', async () => {
  await using world = await arrange();
  await world.keySet.start();
  expect([world.server.asked(), world.keySet.state().state]).toEqual([1, 'ok']);
});

test('an outage of the issuer is logged once when it begins, once when keys expire, and at each end', async () => {
  await using world = await arrange({ graceMs: 30 * MINUTE });
  const old = await world.token();
  expect(await world.outcome(old)).toBe('good');
  expect(world.logged()).toEqual([]);
  await world.server.goAway();
  for (let tries = 0; tries < 5; tries += 1) {
    world.move(11 * MINUTE);
    await world.outcome(old);
    await world.outcome(await world.token());
  }
  expect(world.keySet.state()).toMatchObject({ state: 'unavailable', failures: 5 });
  expect(world.logged()).toEqual([
    ['warn', 'the keys of the issuer could not be fetched; those that are known serve on'],
    [
      'error',
      'the issuer has not been heard for too long: tokens cannot be judged until it is, and are answered with 503',
    ],
  ]);
  await world.server.restart();
  world.move(11_000);
  expect(await world.outcome(await world.token())).toBe('good');
  expect(world.logged().slice(2)).toEqual([
    ['info', 'the keys of the issuer can be fetched again'],
    ['info', 'tokens can be judged again'],
  ]);
  expect([await world.metric('issuer_reachable'), await world.metric('issuer_key_fetch_failures_total')]).toEqual([
    1, 5,
  ]);
});

test('keys that are not used are named once for each set that has them, and not at each fetch of it', async () => {
  await using world = await arrange();
  const odd = await newKey('odd');
  world.server.publish({ ...odd, jwk: { ...odd.jwk, use: 'enc' } }, world.first);
  const fetched = async (): Promise<string> => {
    world.move(11 * MINUTE);
    return world.outcome(await world.token());
  };
  expect([await fetched(), await fetched(), await fetched()]).toEqual(['good', 'good', 'good']);
  const stated = ['warn', 'the issuer publishes keys that are not used'];
  expect(world.logged()).toEqual([stated]);
  world.server.publish(world.first);
  await fetched();
  world.server.publish({ ...odd, jwk: { ...odd.jwk, use: 'enc' } }, world.first);
  await fetched();
  expect(world.logged()).toEqual([stated, stated]);
});
