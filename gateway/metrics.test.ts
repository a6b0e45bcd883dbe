import Fastify from 'fastify';
import type { Viewer } from '#policy/viewer.ts';
import type { SequencerMetrics } from './feed/sequencer.ts';
import { createMetrics } from '#kit/telemetry/metrics.ts';
import { createScrapeCheck } from '#kit/telemetry/scraping.ts';
import { measureLive, metricsRoute } from './metrics.ts';

const idle: SequencerMetrics = { isLeading: false, batches: 0, moved: 0, purged: 0, fenced: 0, feed: null };

/** The lines that are not comments. */
const numbersOf = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

const measured = (read: () => SequencerMetrics) => {
  const metrics = createMetrics();
  const [sequencer, wake] = [{ metrics: read }, { connected: () => true }];
  measureLive(metrics, sequencer, wake);
  return metrics;
};

test('the log and its numbering are measured; what is not known is left out', async () => {
  let now: SequencerMetrics = idle;
  const metrics = measured(() => now);
  const unknown = [
    'credit_graph_feed_leading 0',
    'credit_graph_feed_wake_connected 1',
    'credit_graph_feed_batches_total 0',
    'credit_graph_feed_numbered_total 0',
    'credit_graph_feed_purged_total 0',
    'credit_graph_feed_fenced_total 0',
  ];
  expect(numbersOf(await metrics.text())).toEqual(unknown);
  now = {
    isLeading: true,
    batches: 3,
    moved: 40,
    purged: 5,
    fenced: 1,
    feed: { depth: 2, oldestSeconds: 1.5, epoch: 7n, lastSeq: 41n, purgedThrough: 5n },
  };
  const known = [
    'credit_graph_feed_outbox_rows 2',
    'credit_graph_feed_outbox_oldest_seconds 1.5',
    'credit_graph_feed_last_seq 41',
    'credit_graph_feed_purged_through 5',
    'credit_graph_feed_epoch 7',
    'credit_graph_feed_leading 1',
    'credit_graph_feed_wake_connected 1',
    'credit_graph_feed_batches_total 3',
    'credit_graph_feed_numbered_total 40',
    'credit_graph_feed_purged_total 5',
    'credit_graph_feed_fenced_total 1',
  ];
  expect(numbersOf(await metrics.text())).toEqual(known);
  expect(numbersOf(await metrics.text())).toEqual(known);
  now = idle;
  expect(numbersOf(await metrics.text())).toEqual(unknown);
});

test('others add theirs', async () => {
  const metrics = createMetrics();
  let open = 3;
  metrics.gauge('streams_open', 'Streams that are open.', () => open);
  const delivered = metrics.counter('events_told_total', 'Events told.');
  delivered.add();
  delivered.add(9);
  expect(await metrics.text()).toBe(`# HELP credit_graph_streams_open Streams that are open.
# TYPE credit_graph_streams_open gauge
credit_graph_streams_open 3

# HELP credit_graph_events_told_total Events told.
# TYPE credit_graph_events_told_total counter
credit_graph_events_told_total 10
`);
  open = 0;
  expect(await metrics.text()).toContain('credit_graph_streams_open 0\n');
});

test('GET /metrics is for readers that may read it', async () => {
  await using app = Fastify();
  const viewer = (role: Viewer['role']): Viewer => ({ role }) as Viewer;
  await metricsRoute(
    measured(() => idle),
    createScrapeCheck(null),
    ({ role }) => role === 'OPERATOR',
  )(app, (request) =>
    Promise.resolve(viewer(request.headers.authorization === 'Bearer operator' ? 'OPERATOR' : 'PUBLIC')),
  );
  const refused = await app.inject('/metrics');
  expect(refused.body).not.toContain('credit_graph');
  const { statusCode, headers, body } = await app.inject({
    url: '/metrics',
    headers: { authorization: 'Bearer operator' },
  });
  expect([statusCode, headers['content-type'], headers['cache-control']]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
    'no-store',
  ]);
  expect(body).toContain('\ncredit_graph_feed_leading 0\n');
});
