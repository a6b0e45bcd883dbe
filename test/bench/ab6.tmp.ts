import { join, resolve } from 'node:path';
import { readConfig } from '#kit/config.ts';
import { openBank } from './files/bank.ts';
import { ENTITIES, openFileDatabase } from './files/dataset.ts';
import { singles } from './files/operations.ts';
import { startWorker } from './processes.ts';
const client = await startWorker<null>('client', './client.ts');
const stack = new AsyncDisposableStack();
const db = stack.use(await openFileDatabase({ scale: 'ci', dataDir: join(readConfig().dataDir, 'bench') } as never, () => {})); const bank = stack.use(await openBank(db.url));
for (const spec of process.argv.slice(2)) {
  const [root, flag, kind] = spec.split(':');
  const w = await startWorker<string>('x', resolve(root!, 'test/bench/files/ours.ts'), { ...bank.given, url: db.url, guards: flag !== 'off' });
  const load = { bodies: kind === '5' ? singles(ENTITIES.ci).scored : singles(ENTITIES.ci).graphql, ...(kind === '5' ? { headers: bank.headers } : {}), url: w.ready, inFlight: 32 };
  for (let i = 0; i < 8; i++) await client.call({ ...load, operations: 1000, from: 0 }); await w.call(null);
  await client.call({ ...load, operations: 3000, from: 0 });
  const last = client.call({ ...load, operations: 1000, from: 0 });
  await new Promise((r) => setTimeout(r, 200));
  await w.call(null); await last; await new Promise((r) => setTimeout(r, 500)); await w[Symbol.asyncDispose]();
}
await stack.disposeAsync(); process.exit();
