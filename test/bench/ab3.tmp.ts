import { spawnSync, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { readConfig } from '#kit/config.ts';
import { openBank } from './files/bank.ts';
import { ENTITIES, openFileDatabase } from './files/dataset.ts';
import { singles } from './files/operations.ts';
import { bodies } from './engine/stubs.ts';
import { startWorker } from './processes.ts';
// spec root:flag:kind out
const client = await startWorker<null>('client', './client.ts');
const stack = new AsyncDisposableStack();
const db = stack.use(await openFileDatabase({ scale: 'ci', dataDir: join(readConfig().dataDir, 'bench') } as never, () => {})); const bank = stack.use(await openBank(db.url));
for (let i = 2; i < process.argv.length; i += 2) {
  const [root, flag, kind] = process.argv[i]!.split(':'); const out = process.argv[i + 1]!;
  const engine = kind === '2';
  const w = await startWorker<string>('x', resolve(root!, engine ? 'test/bench/engine/ours.ts' : 'test/bench/files/ours.ts'), engine ? { supergraphFile: null } : { ...bank.given, url: db.url, guards: flag !== 'off' });
  const load = engine ? { bodies, url: w.ready, inFlight: 32 } : { bodies: kind === '5' ? singles(ENTITIES.ci).scored : singles(ENTITIES.ci).graphql, ...(kind === '5' ? { headers: bank.headers } : {}), url: w.ready, inFlight: 32 };
  await client.call({ ...load, operations: 6000, from: 0 });
  const pid = spawnSync('pgrep', ['-f', engine ? 'engine/ours.ts' : 'files/ours.ts']).stdout.toString().trim().split('\n').at(-1)!;
  const perf = spawn('perf', ['record', '-e', 'cpu-clock', '-F', '4999', '-g', '-o', out!, '-p', pid], { stdio: 'ignore' });
  await new Promise((r) => setTimeout(r, 500));
  const b = await w.cpu();
  await client.call({ ...load, operations: 20000, from: 0 });
  console.log(process.argv[i], 'us/op', (await w.cpu() - b) / 20000);
  perf.kill('SIGINT'); await new Promise((r) => perf.once('exit', r));
  await w[Symbol.asyncDispose]();
}
await stack.disposeAsync(); process.exit();
