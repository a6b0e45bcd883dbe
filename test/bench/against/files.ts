import { bankOf, letBankRead } from '../files/bank.ts';
import { ENTITIES, fill } from '../files/dataset.ts';
import { hundreds, singles } from '../files/operations.ts';
import type { Worker } from '#test/bench/processes.ts';
import type { Checkout } from './checkout.ts';
import type { CompareRows } from './comparison.ts';
import { openDatabases } from './databases.ts';
import { compareLoad } from './load.ts';

/** Rows 4 and 5: credit files on the real database. */
export const compareFiles: CompareRows = async (comparison, wanted) => {
  const { deployment, settings, say } = comparison;
  await using stack = new AsyncDisposableStack();
  const load = async (url: string): Promise<void> => {
    await fill(url, ENTITIES[settings.scale], say);
    await letBankRead(url);
  };
  const databases = await openDatabases(comparison, 'files', load, stack);

  const start = async (
    { name, ...checkout }: Checkout,
    guards: boolean,
  ): Promise<readonly [Worker<string>, string]> => {
    const { url } = databases[name];
    if (guards) {
      const gateway = await checkout.startGateway(deployment.environment(url));
      return [gateway, `${gateway.ready}/graphql`];
    }
    const given = { ...bankOf(deployment.issuer).given, url, guards };
    const worker = await checkout.startBenchProgram('files/ours.ts', given);
    return [worker, worker.ready];
  };
  const compare = (row: string, measure: string, { bodies, operations, guards, isBank = false }: Asked) =>
    compareLoad(comparison, row, measure, async (checkout, life) => {
      const [worker, url] = await start(checkout, guards);
      life.use(worker);
      return {
        name: worker.name,
        load: { url, bodies, ...(isBank ? { headers: bankOf(deployment.issuer).headers } : null) },
        parts: { node: worker.cpu, postgres: databases[checkout.name].cpu },
        operations,
      };
    });

  const entities = ENTITIES[settings.scale];
  const one = { bodies: singles(entities).graphql, operations: settings.fileOperations };
  const scored = { bodies: singles(entities).scored, operations: settings.fileOperations };
  const hundred = { bodies: hundreds(entities).graphql, operations: settings.batchOperations };
  if (wanted.has('4')) {
    await compare('4', 'one credit file, guards off', { ...one, guards: false });
    await compare('4', 'one credit file, guards on', { ...one, guards: true });
    await compare('4', '100 credit files at once, guards off', { ...hundred, guards: false });
    await compare('4', '100 credit files at once, guards on', { ...hundred, guards: true });
  }
  if (wanted.has('5'))
    await compare('5', 'one credit file by a bank, guards on', { ...scored, guards: true, isBank: true });
};

interface Asked {
  readonly bodies: readonly string[];
  readonly operations: number;
  readonly guards: boolean;
  /** Asked by the bank; otherwise by the public. */
  readonly isBank?: boolean;
}
