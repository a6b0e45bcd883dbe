import { parseArgs } from 'node:util';
import { attackOnce, percentile, probeDuring } from './attack.ts';
import { corpus } from './corpus.ts';

// npm run attack [-- --url http://127.0.0.1:4000 --rounds 5 --clients 4]: the whole corpus against a gateway that runs,
// while a probe asks. Its answers are those without a token, within the budget of one address: with more clients raise
// BUDGETS=PUBLIC=… for the gateway.

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:4000' },
    rounds: { type: 'string', default: '5' },
    clients: { type: 'string', default: '4' },
  },
});
const MAX_MS = 300;
const PROBE_MS = 250;

await attackOnce(values.url, Number.POSITIVE_INFINITY); // plans and code are made once
const alone = await attackOnce(values.url, MAX_MS);
const wrong = alone.filter(({ problem }) => problem !== null);
for (const { request, problem } of wrong) process.stdout.write(`✗ ${request.group}: ${request.name}: ${problem}\n`);
process.stdout.write(
  `${corpus.length} requests, ${wrong.length} not answered as is right; slowest ` +
    `${Math.round(Math.max(...alone.map(({ ms }) => ms)))} ms\n`,
);

const attack = async (): Promise<void> => {
  for (let round = 0; round < Number(values.rounds); round += 1) await attackOnce(values.url, Number.POSITIVE_INFINITY);
};
const waits = await probeDuring(values.url, Promise.all(Array.from({ length: Number(values.clients) }, attack)));
const p99 = percentile(waits, 0.99);
process.stdout.write(
  `probe beside ${values.clients} attackers: ${waits.length} answers, p50 ` +
    `${Math.round(percentile(waits, 0.5))} ms, p99 ${Math.round(p99)} ms, most ` +
    `${Math.round(Math.max(...waits))} ms\n`,
);
process.exitCode = wrong.length > 0 || p99 > PROBE_MS ? 1 : 0;
