import { join } from 'node:path';
import { readConfig } from '#kit/config.ts';
import { openBank } from './files/bank.ts';
import { ENTITIES, openFileDatabase } from './files/dataset.ts';
import { singles } from './files/operations.ts';
import { bodies } from './engine/stubs.ts';
import { startWorker } from './processes.ts';
const root = process.argv[2] ?? '.';
const client = await startWorker<null>('client', './client.ts');
const stack = new AsyncDisposableStack();
const db = stack.use(await openFileDatabase({ scale: 'ci', dataDir: join(readConfig().dataDir, 'bench') } as never, () => {})); const bank = stack.use(await openBank(db.url));
const { resolve } = await import('node:path');
for (const which of ['on', 'off', 'engine']) {
  const w = which === 'engine' ? await startWorker<string>('x', resolve(root, 'test/bench/engine/ours.ts'), { supergraphFile: null }) : await startWorker<string>('x', resolve(root, 'test/bench/files/ours.ts'), { ...bank.given, url: db.url, guards: which === 'on' });
  const load = which === 'engine' ? { bodies, url: w.ready, inFlight: 32 } : { bodies: singles(ENTITIES.ci).scored, headers: bank.headers, url: w.ready, inFlight: 32 };
  await client.call({ ...load, operations: 1000, from: 0 }); await w.call(null);
  await client.call({ ...load, operations: 1000, from: 0 }); await w.call(null);
  await w[Symbol.asyncDispose]();
}
await stack.disposeAsync(); process.exit();
