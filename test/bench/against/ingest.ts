import { join } from 'node:path';
import pg from 'pg';
import { generate } from '#cli/generate/generate.ts';
import { FILER, letFile } from '#test/support/filer.ts';
import { organisationOf } from '#test/support/graph.ts';
import { allAdded, type Cli, empty, fileOnce } from '../ingest/rows.ts';
import { LIVES } from '#test/bench/measure.ts';
import type { Checkout } from './checkout.ts';
import { type CompareRows, ofBoth } from './comparison.ts';
import { openDatabases } from './databases.ts';
import { comparePairs, type Round } from './pairs.ts';

/** About fifty thousand licences: half of what `ci` files, so that thirty filings are done in five minutes. */
export const ENTITIES = 12_300;

/** Row 6: each checkout's CLI files the same licences with its own gateway. */
export const compareIngest: CompareRows = async (comparison) => {
  const { compared, deployment, directory, settings, say } = comparison;
  await using stack = new AsyncDisposableStack();
  const [licences] = await generate({ out: directory, entities: ENTITIES, seed: 1, kinds: ['licence'] });
  if (!licences) throw new Error('no licences were generated');
  say(`row 6, ingest of ${licences.rows} licences: ${settings.rounds} pairs`);
  const connect = async (url: string, owner: AsyncDisposableStack): Promise<pg.Client> => {
    const client = owner.adopt(new pg.Client({ connectionString: url }), (each) => each.end());
    await client.connect();
    return client;
  };
  const load = async (url: string): Promise<void> => {
    await using own = new AsyncDisposableStack();
    await letFile(await connect(url, own), licences.path);
  };
  const databases = await openDatabases(comparison, 'ingest', load, stack);

  const roundOf = async ({ name, node, cli: file, startGateway }: Checkout, life: AsyncDisposableStack) => {
    const server = databases[name];
    const gateway = life.use(await startGateway(deployment.environment(server.url)));
    const client = await connect(server.url, life);
    const round: Round = async () => {
      const token = deployment.issuer.token({ role: FILER, organisation: organisationOf(FILER).organisation });
      const env = { DATA_DIR: join(directory, 'cli'), CREDIT_GRAPH_TOKEN: token };
      const cli: Cli = { execPath: node, file, caller: [], env };
      await empty(client);
      await client.query('checkpoint');
      const filing = allAdded(await fileOnce(cli, licences.path, gateway, server), licences.rows);
      const measure = `ingest of ${licences.rows.toLocaleString('en')} licences`;
      return {
        [`${measure}: µs/row by the clock`]: (filing.seconds * 1e6) / licences.rows,
        [`${measure}: µs CPU/row`]: (filing.cli + filing.gateway + filing.postgres) / licences.rows,
      };
    };
    return round;
  };
  const schedule = { pairs: settings.rounds, lives: LIVES, warmUp: 1 };
  const open = (life: AsyncDisposableStack) => ofBoth(comparison, (checkout) => roundOf(checkout, life));
  compared.push(...(await comparePairs('6', schedule, open)));
};
