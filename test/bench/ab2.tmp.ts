import { join } from 'node:path';
import { readConfig } from '#kit/config.ts';
import { openBank } from './files/bank.ts';
import { ENTITIES, openFileDatabase } from './files/dataset.ts';
import { singles } from './files/operations.ts';
import { startWorker } from './processes.ts';
const client = await startWorker<null>('client', './client.ts');
const stack = new AsyncDisposableStack();
const db = stack.use(await openFileDatabase({ scale: 'ci', dataDir: join(readConfig().dataDir, 'bench') } as never, () => {})); const bank = stack.use(await openBank(db.url));
for (const guards of [true, false]) {
  const w = await startWorker<string>('x', './files/ours.ts', { ...bank.given, url: db.url, guards });
  const load = { bodies: singles(ENTITIES.ci).scored, headers: bank.headers, url: w.ready, inFlight: 32 };
  await client.call({ ...load, operations: 3000, from: 0 });
  await new Promise((r) => setTimeout(r, 300));
  let b = [await w.cpu(), await db.cpu()];
  await new Promise((r) => setTimeout(r, 1000));
  let a = [await w.cpu(), await db.cpu()];
  console.log(guards, 'idle per s: node us', (a[0]!-b[0]!)/10, 'pg us', (a[1]!-b[1]!)/10);
  b = a; 
  const end = performance.now() + 1000; let n = 0;
  while (performance.now() < end) { await client.call({ ...load, operations: 1, inFlight: 1, from: n++ }); await new Promise((r) => setTimeout(r, 50)); }
  a = [await w.cpu(), await db.cpu()];
  console.log(guards, n, 'ops in 10 s: node us/s', (a[0]!-b[0]!)/10, 'pg us/s', (a[1]!-b[1]!)/10);
  await w.call(null); const t0 = performance.now(); b = [await w.cpu(), await db.cpu()];
  await client.call({ ...load, operations: 10000, from: 0 });
  a = [await w.cpu(), await db.cpu()];
  console.log(guards, '10000 ops', performance.now()-t0, 'ms; node', (a[0]!-b[0]!)/10000, 'pg', (a[1]!-b[1]!)/10000);
  await w.call(null); await w[Symbol.asyncDispose]();
}
await stack.disposeAsync(); process.exit();
