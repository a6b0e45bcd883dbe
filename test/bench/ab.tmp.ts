import { join, resolve } from 'node:path';
import { readConfig } from '#kit/config.ts';
import { openBank } from './files/bank.ts';
import { ENTITIES, openFileDatabase } from './files/dataset.ts';
import { singles, hundreds } from './files/operations.ts';
import { bodies } from './engine/stubs.ts';
import { startWorker } from './processes.ts';
// usage: ab.tmp.ts kind rounds procs side=root[:flag] ...   kinds: 2 | 4 | 5 | 4b ; side 'off' = unguarded here
const [kind, roundsText, procsText, ...roots] = process.argv.slice(2);
const rounds = Number(roundsText), procs = Number(procsText);
const client = await startWorker<null>('client', './client.ts');
const stack = new AsyncDisposableStack();
const settings = { scale: 'ci', dataDir: join(readConfig().dataDir, 'bench') } as never;
let db: any, bank: any;
if (kind !== '2') { db = stack.use(await openFileDatabase(settings, () => {})); bank = stack.use(await openBank(db.url)); }
const results: any[] = [];
for (let p = 0; p < procs; p += 1) {
  const sides = await Promise.all(roots.map(async (spec) => {
    const [root, flag] = spec.split(':');
    const file = join(resolve(root!), 'test/bench', kind === '2' ? 'engine/ours.ts' : 'files/ours.ts');
    const given = kind === '2' ? { supergraphFile: null } : { ...bank.given, url: db.url, guards: flag !== 'off' };
    const worker = await startWorker<string>(spec, file, given);
    const load = kind === '2' ? { bodies } : kind === '4' ? { bodies: singles(ENTITIES.ci).graphql } : kind === '4b' ? { bodies: hundreds(ENTITIES.ci).graphql } : { bodies: singles(ENTITIES.ci).scored, headers: bank.headers };
    return { spec, worker, load, node: [] as number[], pg: [] as number[] };
  }));
  const ops = kind === '4b' ? 10 : 400;
  for (let r = 0; r < rounds + 6; r += 1) for (const side of sides) {
    const b = [await side.worker.cpu(), db ? await db.cpu() : 0];
    const { wrong } = await client.call<any>({ ...side.load, url: side.worker.ready, operations: ops, inFlight: 32, from: r * ops });
    const a = [await side.worker.cpu(), db ? await db.cpu() : 0];
    if (wrong.length) throw new Error(wrong.join('\n'));
    if (r < 6) continue;
    side.node.push((a[0]! - b[0]!) / ops); side.pg.push((a[1]! - b[1]!) / ops);
  }
  for (const s of sides) { results.push({ spec: s.spec, p, node: q(s.node, 0.25), pg: mean(s.pg) }); await s.worker[Symbol.asyncDispose](); }
}
function q(v: number[], at: number) { return v.toSorted((a, b) => a - b)[Math.floor(v.length * at)]!; }
function mean(v: number[]) { return v.reduce((a, b) => a + b, 0) / v.length; }
for (const spec of roots) { const own = results.filter((r) => r.spec === spec); console.log(spec.padEnd(30), 'node q1 by process', own.map((r) => r.node.toFixed(0)).join(' '), ' min', Math.min(...own.map((r) => r.node)).toFixed(0), ' mean', mean(own.map((r) => r.node)).toFixed(0), ' pg', mean(own.map((r) => r.pg)).toFixed(0)); }
await stack.disposeAsync(); process.exit();
