import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity } from '#test/support/listings.ts';
import { needs, testWith } from '#test/support/needs.ts';
import { startRedis } from '#test/support/redis.ts';
import { followByWebSocket, type Following } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';

// PROTOCOL.md P4: hints of new events may be lost; the events are delivered all the same.

const redisServer = needs('redis-server');
const STREAM = 'subscription { nameListChanges(filter: {}) { __typename ... on NameListChange { subject { uscc } } } }';

async function delivers(graph: TestGraph, stream: Following): Promise<void> {
  const uscc = newEntity();
  await list(graph, { uscc });
  expect((await stream.event()).data).toEqual({ nameListChanges: { __typename: 'NameListChange', subject: { uscc } } });
}

const isHeard = async (graph: TestGraph): Promise<boolean> => {
  const response = await fetch(`${graph.url}/metrics`, {
    headers: { authorization: `Bearer ${graph.tokenOf('OPERATOR')}` },
  });
  return (await response.text()).includes('credit_graph_feed_wake_connected 1\n');
};

test('with LISTEN cut off again and again changes are delivered, and LISTEN is restored', async () => {
  await using graph = await startGraph();
  await using stream = await followByWebSocket(graph.url, null, STREAM);
  await stream.next();
  await until('hints are heard', () => isHeard(graph));
  for (let times = 0; times < 3; times++) {
    const [cut] = await graph.sql(
      `select count(pg_terminate_backend(pid))::int as connections
        from pg_stat_activity
        where datname = current_database() and application_name = 'gateway wake'`,
    );
    expect(cut?.['connections']).toBeGreaterThanOrEqual(times === 0 ? 1 : 0);
    await delivers(graph, stream);
  }
  await until('hints are heard again', () => isHeard(graph));
  await delivers(graph, stream);
}, 60_000);

testWith(redisServer)(
  'with Redis killed, stopped and started again changes are delivered',
  async () => {
    await using redis = await startRedis(redisServer as string); // or the test is skipped
    await using graph = await startGraph({ redisUrl: redis.url });
    await using stream = await followByWebSocket(graph.url, null, STREAM);
    await stream.next();
    await until('hints are heard', () => isHeard(graph));
    await delivers(graph, stream);
    redis.signal('SIGSTOP');
    await delivers(graph, stream);
    redis.signal('SIGCONT');
    const crashing = redis.crash();
    await delivers(graph, stream);
    await crashing;
    await until('hints are heard again', () => isHeard(graph));
    await delivers(graph, stream);
  },
  60_000,
);
