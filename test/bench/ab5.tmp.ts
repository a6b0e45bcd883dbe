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
  for (let i = 0; i < 5; i++) await client.call({ ...load, operations: 1000, from: 0 }); await w.call(null);
  const b = [await w.cpu(), await db.cpu()];
  for (let i = 0; i < 10; i++) await client.call({ ...load, operations: 1000, from: 0 });
  const a = [await w.cpu(), await db.cpu()];
  console.log(spec, 'node', ((a[0]!-b[0]!)/10000).toFixed(0), 'pg', ((a[1]!-b[1]!)/10000).toFixed(0));
  await w.call(null); await w[Symbol.asyncDispose]();
}
await stack.disposeAsync(); process.exit();
