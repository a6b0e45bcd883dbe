import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '#kit/config.ts';
import { type Compared, pairTable } from './against/pairs.ts';
import { caption, runAgainst } from './against/rows.ts';
import type { Bench, Settings } from './bench.ts';
import { changeRows, runChanges } from './changes/rows.ts';
import { runEngines } from './engine/rows.ts';
import { runFiles } from './files/rows.ts';
import { runHostile } from './hostile/rows.ts';
import { runHistories } from './histories.ts';
import { runIngest } from './ingest/rows.ts';
import { startWorker } from './processes.ts';
import { takeProfile } from './profile.ts';
import { engineResults, type Figure, fileResults, figureTable, ingestResults, type Result, table } from './results.ts';

// npm run bench: rows of design §9, each against its peer in the same run. README.md says what is measured.

const { values: flags } = parseArgs({
  options: {
    rows: { type: 'string', default: '1,2,3,4,5,6,7,8,9,10,11,12' },
    rounds: { type: 'string' },
    profile: { type: 'string' },
    json: { type: 'string' },
    // In place of the peers: another checkout of the project.
    against: { type: 'string' },
    // In place of the rows: histories of changes through kills and stops of everything.
    history: { type: 'boolean', default: false },
    first: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '20' },
  },
});
const wantedProfile = flags.profile;
// A profile's name has its row in it: `2`, `4-batch`, `peer-1`.
const wanted = new Set(wantedProfile === undefined ? flags.rows.split(',') : (/\d+/.exec(wantedProfile) ?? []));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

if (flags.history) {
  const failed = await runHistories(
    { first: Number(flags.first), seeds: Number(flags.seeds), seconds: Number(flags.seconds) },
    (line) => void process.stdout.write(`${line}\n`),
    say,
  );
  process.exit(failed === 0 ? 0 : 1);
}

const scale = process.env['BENCH_SCALE'] ?? 'ci';
if (scale !== 'ci' && scale !== 'full') throw new Error(`BENCH_SCALE is "${scale}": ci or full`);
const settings: Settings = {
  scale,
  dataDir: join(readConfig().dataDir, 'bench'),
  rounds: Number(flags.rounds ?? (flags.against === undefined ? 9 : 15)),
  warmUp: 3,
  inFlight: 32,
  engineOperations: 1000,
  fileOperations: 1000,
  batchOperations: 40,
};
const leastRounds = flags.against === undefined ? 5 : 1;
if (!(settings.rounds >= leastRounds)) throw new Error(`--rounds is "${flags.rounds}": ${leastRounds} or more`);
await mkdir(settings.dataDir, { recursive: true });
const profileFile = (name: string): string => join(settings.dataDir, `row-${name}.cpuprofile`);

await using client = await startWorker<null>('client', './client.ts');
const bench: Bench = {
  client,
  settings,
  say,
  async profile(candidates) {
    if (wantedProfile === undefined) return false;
    const [worker, side] = candidates[wantedProfile] ?? [];
    if (!worker || !side)
      throw new Error(`--profile is "${wantedProfile}"; here there are ${Object.keys(candidates).join(', ')}`);
    for (const line of await takeProfile(client, worker, side, {
      file: profileFile(wantedProfile),
      inFlight: settings.inFlight,
    }))
      process.stdout.write(`${line}\n`);
    return true;
  },
};

const results: Result[] = [];
if (flags.against !== undefined) {
  const compared: Compared[] = [];
  try {
    await runAgainst(bench, wanted, flags.against, compared);
  } finally {
    if (compared.length > 0) process.stdout.write(`${caption(bench, flags.against)}\n${pairTable(compared)}\n`);
    if (flags.json !== undefined) await writeFile(flags.json, JSON.stringify({ settings, compared }, null, 2));
  }
  process.exit();
}
if (['1', '2', '3'].some((row) => wanted.has(row))) {
  const costs = await runEngines(bench);
  if (costs) results.push(...engineResults(costs));
}
if (['4', '5'].some((row) => wanted.has(row))) {
  const costs = await runFiles(bench);
  if (costs) results.push(...fileResults(costs));
}
const notes: string[] = [];
if (wanted.has('6')) {
  const costs = await runIngest(bench, wantedProfile === undefined ? null : profileFile(wantedProfile));
  results.push(...ingestResults(costs));
  notes.push(...costs.flatMap((each) => each.notes));
}
const figures: Figure[] = [];
if (changeRows.some((row) => wanted.has(row))) {
  figures.push(
    ...(await runChanges(
      bench,
      wanted,
      wantedProfile === undefined ? null : { name: wantedProfile, file: profileFile(wantedProfile) },
    )),
  );
}
if (wanted.has('12')) figures.push(...(await runHostile(bench)));
if (results.length > 0) process.stdout.write(`${[table(results), ...notes].join('\n')}\n`);
if (figures.length > 0)
  process.stdout.write(
    `${scale === 'ci' ? 'BENCH_SCALE=ci: rows 7 to 11 are smaller than what design §9 asks for; BENCH_SCALE=full has its sizes\n' : ''}${figureTable(figures)}\n`,
  );
if (flags.json !== undefined)
  await writeFile(flags.json, JSON.stringify({ settings, results, notes, figures }, null, 2));
// A row that missed its "must" is a result, not a fault; peers that fail or answer differently threw before this line.
