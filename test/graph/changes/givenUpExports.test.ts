import { randomUUID } from 'node:crypto';
import { createMetrics } from '#kit/telemetry/metrics.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered } from '#test/support/listings.ts';
import { keptLog } from '#test/support/logs.ts';
import { valueOf } from '#test/support/metrics.ts';
import { until } from '#test/support/until.ts';

// An export that cannot be made for 24 hours is given up, and one whose grant has ended: its owner sees why, its parts
// are gone, and operators hear of it. docs/PROTOCOL.md P15.

const ROLE = 'CREDIT_SERVICE_AGENCY';
const PURPOSE = 'CREDIT_SERVICE';
const { log, lines } = keptLog();
const metrics = createMetrics();
let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ log, metrics });
  await list(graph, { uscc: newEntity() });
  await numbered(graph);
});
afterAll(() => graph[Symbol.asyncDispose]());

interface Export {
  readonly id: string;
  readonly status: string;
  readonly failure: string | null;
  readonly parts: readonly { readonly path: string }[];
}
const EXPORT = 'id status failure parts { path }';
const find = async (id: string): Promise<Export> =>
  (await graph.query(ROLE, `query ($id: ID!) { export(id: $id) { ${EXPORT} } }`, { id }, { purpose: PURPOSE })).body
    .data?.['export'] as Export;
const ended = async (status: string): Promise<number> =>
  valueOf(await metrics.text(), `exports_${status.toLowerCase()}_total`);
const become = (id: string, status: string): Promise<Export> =>
  until(`it is ${status}`, async () => {
    const found = await find(id);
    return found.status === status && found;
  });
async function completed(): Promise<Export> {
  const before = await ended('COMPLETED');
  const made = await graph.query(
    ROLE,
    `mutation ($input: CreateExportInput!) {
      createExport(input: $input) { ... on ExportCreated { export { ${EXPORT} } } }
    }`,
    { input: { idempotencyKey: randomUUID(), nameListChanges: {} } },
    { purpose: PURPOSE },
  );
  const { id } = (made.body.data as { createExport: { export: Export } }).createExport.export;
  const found = await become(id, 'COMPLETED');
  expect([found.failure, await ended('COMPLETED')]).toEqual([null, before + 1]);
  return found;
}
/** As one whose source has not answered for so long: it still runs, and nobody has it. */
const runSince = (id: string, hours: number, status = 'RUNNING'): Promise<unknown> =>
  graph.sql(
    `update gateway.export
      set status = $2, leased_until = null, created_at = now() - make_interval(mins => $3),
        expires_at = now() + interval '1 day'
      where id = $1`,
    [id, status, hours * 60],
  );
const partOf = async ({ parts }: Export) => {
  const response = await fetch(`${graph.url}${parts[0]?.path}`, {
    headers: { authorization: `Bearer ${graph.tokenOf(ROLE)}`, 'x-purpose': PURPOSE },
  });
  return { status: response.status, cacheControl: response.headers.get('cache-control'), body: await response.json() };
};
const gone = {
  status: 410,
  cacheControl: 'no-store',
  body: { errors: [{ message: 'The export is FAILED: take a new one.', extensions: { code: 'EXPORT_OVER' } }] },
};

test('an export not made in 24 hours has FAILED without parts, logged and counted; a new one is made', async () => {
  const made = await completed();
  const before = await ended('FAILED');
  await runSince(made.id, 24.1);
  const { status, failure } = await become(made.id, 'FAILED');
  expect({ status, failure }).toEqual({ status: 'FAILED', failure: 'It could not be made within 24 hours.' });
  expect(await partOf(made)).toEqual(gone);
  expect(await ended('FAILED')).toBe(before + 1);
  expect(lines('an export was given up')).toEqual([
    {
      level: 'warn',
      msg: 'an export was given up',
      export: made.id,
      failure: 'It could not be made within 24 hours.',
    },
  ]);
  await completed();
});

test('one that is not made for a little less goes on', async () => {
  const made = await completed();
  const before = await ended('FAILED');
  await runSince(made.id, 23.9);
  expect((await become(made.id, 'COMPLETED')).failure).toBeNull();
  expect(await ended('FAILED')).toBe(before);
});

test('one that its owner cancels is CANCELLED however old it is, and no failure', async () => {
  const made = await completed();
  const [failed, cancelled] = [await ended('FAILED'), await ended('CANCELLED')];
  await runSince(made.id, 30, 'CANCELLING');
  expect((await become(made.id, 'CANCELLED')).failure).toBeNull();
  expect([await ended('FAILED'), await ended('CANCELLED')]).toEqual([failed, cancelled + 1]);
});

test('one whose grant has ended has FAILED, and says why', async () => {
  const made = await completed();
  const before = lines('an export was given up').length;
  await graph.sql("update gateway.export set province = '44' where id = $1", [made.id]); // a grant that nobody has
  await runSince(made.id, 1);
  const [row] = await until('it is given up', async () => {
    const found = await graph.sql("select status, failure from gateway.export where id = $1 and status = 'FAILED'", [
      made.id,
    ]);
    return found.length > 0 && found;
  });
  const failure = 'The organisation no longer has the grant that it was made with.';
  expect(row).toEqual({ status: 'FAILED', failure });
  expect(lines('an export was given up').slice(before)).toEqual([
    { level: 'warn', msg: 'an export was given up', export: made.id, failure },
  ]);
});

test('while exports cannot be made that is one line of the log and counted by runs; then they are made', async () => {
  const made = await completed();
  const runs = async (outcome: string): Promise<number> =>
    valueOf(await metrics.text(), 'background_runs_total', { work: 'exports', schema: 'gateway', outcome });
  const before = await runs('failed');
  await graph.sql('alter table gateway.export_part rename to away');
  try {
    // A lease of a minute keeps the next try from coming soon: each time it is nobody's again.
    await until('it was tried again and again', async () => {
      await graph.sql("update gateway.export set status = 'RUNNING', leased_until = null where id = $1", [made.id]);
      return (await runs('failed')) >= before + 2;
    });
    expect(lines('an export could not be made')).toEqual([
      {
        level: 'warn',
        msg: 'an export could not be made; it goes on later',
        work: 'exports',
        schema: 'gateway',
        err: expect.objectContaining({ message: expect.stringContaining('export_part') }),
      },
    ]);
  } finally {
    await graph.sql('alter table gateway.away rename to export_part');
  }
  await graph.sql('update gateway.export set leased_until = null where id = $1', [made.id]);
  await become(made.id, 'COMPLETED');
  expect(lines('exports are made again')).toEqual([
    expect.objectContaining({ level: 'info', work: 'exports', schema: 'gateway' }),
  ]);
});
