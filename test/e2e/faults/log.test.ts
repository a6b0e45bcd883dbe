import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { type Database, openDatabase } from '#test/support/database.ts';
import { askGateway, createIssuer, organisationOf, type TestIssuer } from '#test/support/graph.ts';
import { newEntity } from '#test/support/listings.ts';
import { startProcess, type TestProcess } from '#test/support/processes.ts';

// cases/faults.md T7: a gateway whose standard output and error are on a device that takes nothing.

let stack: AsyncDisposableStack;
let database: Database;
let issuer: TestIssuer;
beforeAll(async () => {
  stack = new AsyncDisposableStack();
  database = stack.use(await openDatabase());
  issuer = stack.use(await createIssuer());
}, 60_000);
afterAll(() => stack.disposeAsync());

const start = async (): Promise<TestProcess> => {
  const full = await open('/dev/full', 'w');
  stack.defer(() => full.close());
  return startProcess('gateway/main.ts', [], { DATABASE_URL: database.url, DATA_DIR: issuer.dataDir, PORT: '0', LOG_LEVEL: 'trace' }, { outputTo: full.fd });
};
const tokenOf = (role: 'OPERATOR' | 'NATIONAL_CENTRE'): string => issuer.token({ role, organisation: organisationOf(role).organisation, ...(role === 'OPERATOR' ? null : { purposes: ['SUPERVISION'] }) });

test('T7: it serves what needs no access log, counts the lost lines, says so, and ends by SIGTERM as ever', async () => {
  const gateway = await start();
  const query = `{ entity(uscc: "${newEntity()}") { name } }`;
  for (let index = 0; index < 20; index += 1) {
    const { status, body } = await askGateway(gateway.url, null, query);
    expect([status, body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([200, ['NOT_FOUND']]);
  }
  const ready = await (await fetch(`${gateway.url}/health/ready`)).json();
  expect(ready).toMatchObject({ status: 'degraded', log: { state: 'degraded' } });
  const metrics = await (await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${tokenOf('OPERATOR')}` } })).text();
  expect(Number(/^credit_graph_log_lines_lost_total (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);
  expect(metrics).toContain('credit_graph_log_failing 1');

  const ended = once(gateway.child, 'exit');
  gateway.child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
}, 60_000);
