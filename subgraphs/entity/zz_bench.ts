import { createPool } from '#kit/postgres/pool.ts';
import { publicViewer } from '#policy/viewer.ts';
import { createNameSearch } from './search.ts';
import { searchable } from './names.ts';
const pool = createPool({ url: process.argv[2]!, applicationName: 'b', max: 1, statementTimeoutMs: 60000, role: 'credit_entity' });
const search = createNameSearch(pool, () => new Date());
import { readFileSync } from 'node:fs';
const pid = (await pool.query('select pg_backend_pid() as pid')).rows[0].pid;
const cpu = () => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6 + (({ user, system }) => (user + system) / 1000)(process.cpuUsage());
const context = { viewer: publicViewer, moment: { validAt: '2026-11-23', knownAt: '2026-12-01T00:00:00.000Z' }, today: '2026-11-23', reads: [], signal: new AbortController().signal };
const { rows } = await pool.query("select name from entity.name tablesample system (0.3) where kind<>'SELF_EMPLOYED' limit 4000");
let s = 7; const rnd = () => (s = (s * 1664525 + 1013904223) >>> 0) / 4294967296;
const names: string[] = rows.map((r) => r.name);
const pick = () => names[Math.floor(rnd() * names.length)]!;
const ask = (text: string, filter = {}) => ({ text: searchable(text), filter: { province: null, kinds: null, statuses: null, ...filter }, validAt: '2026-11-23', knownAt: '2026-12-01T00:00:00.000Z' });
const stats = (xs: number[]) => { xs.sort((a, b) => a - b); const q = (p: number) => xs[Math.min(xs.length - 1, Math.floor(p * xs.length))]!.toFixed(2); return `n=${xs.length} p50=${q(0.5)} p90=${q(0.9)} p95=${q(0.95)} p99=${q(0.99)} max=${q(1)}`; };
const run = async (label: string, n: number, make: () => { q: string; want?: string; filter?: object }, first = 20) => {
  const t: number[] = []; let foundWanted = 0, empty = 0; const slow: [number, string][] = [];
  for (let i = 0; i < n; i++) {
    const { q, want, filter } = make(); const at = cpu();
    const page = await search.find(context as never, ask(q, filter), first, null); const ms = cpu() - at; t.push(ms); slow.push([ms, q]);
    if (page.items.length === 0) empty++; if (want && page.items.some((r) => r.content.name === want)) foundWanted++;
  }
  slow.sort((a, b) => b[0] - a[0]);
  console.log(label, stats(t), 'found', foundWanted, 'empty', empty, slow.slice(0, 3).map(([ms, q]) => `${q}:${ms.toFixed(0)}`).join(' '));
};
const at = performance.now(); await search.find(context as never, ask('公司'), 20, null); console.log('first search', (performance.now() - at).toFixed(0));
const sub = (n: string, len: number) => { const c = Array.from(n); const k = Math.floor(rnd() * (c.length - len + 1)); return c.slice(k, k + len).join(''); };
const wrong = (n: string) => { const c = Array.from(n); c[Math.floor(rnd() * c.length)] = String.fromCodePoint(0x4e00 + Math.floor(rnd() * 6000)); return c.join(''); };
const missing = (n: string) => { const c = Array.from(n); c.splice(Math.floor(rnd() * c.length), 1); return c.join(''); };
const N = Number(process.argv[3] ?? 300);
for (let round = 0; round < 2; round++) {
  await run('substring 2', N, () => { const n = pick(); return { q: sub(n, 2) }; });
  await run('substring 3', N, () => { const n = pick(); return { q: sub(n, 3) }; });
  await run('substring 4', N, () => { const n = pick(); return { q: sub(n, 4) }; });
  await run('exact', N, () => { const n = pick(); return { q: n, want: n }; });
  await run('fuzzy wrong', N, () => { const n = pick(); return { q: wrong(n), want: n }; });
  await run('fuzzy missing', N, () => { const n = pick(); return { q: missing(n), want: n }; });
  await run('substring 2 + province 33', N, () => { const n = pick(); return { q: sub(n, 2), filter: { province: '33' } }; });
  await run('substring 2 + province 54', N, () => { const n = pick(); return { q: sub(n, 2), filter: { province: '54' } }; });
  await run('substring 2 + REVOKED', N, () => { const n = pick(); return { q: sub(n, 2), filter: { statuses: ['REVOKED'] } }; });
}
const t: number[] = []; for (let i = 0; i < 20; i++) { const a = cpu(); await search.count(context as never, ask(sub(pick(), 2))); t.push(cpu() - a); }
console.log('count', stats(t));
await pool.end();
