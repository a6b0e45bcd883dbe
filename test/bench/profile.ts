import { writeFile } from 'node:fs/promises';
import type { Profiler } from 'node:inspector/promises';
import type { Loaded } from './client.ts';
import { type Side } from './measure.ts';
import type { Worker } from './processes.ts';

const TOP = 45;
const WARM_UP_ROUNDS = 3;

/** Profiles a worker while it answers one side's operations; writes a .cpuprofile and gives the functions by self time. */
export async function takeProfile(
  client: Worker<null>,
  worker: Worker<unknown>,
  side: Side,
  options: { file: string; inFlight: number },
): Promise<string[]> {
  const run = async (operations: number): Promise<void> => {
    const { wrong } = await client.call<Loaded>({ ...side.load, operations, inFlight: options.inFlight });
    if (wrong.length > 0) throw new Error(`${side.name} failed: ${wrong.join('\n')}`);
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) await run(side.operations);
  return profileWhile(worker, 3 * side.operations, options.file, () => run(3 * side.operations));
}

/** Profiles a worker while something gives it so many operations to do. */
export async function profileWhile(
  worker: Worker<unknown>,
  operations: number,
  file: string,
  work: () => Promise<void>,
): Promise<string[]> {
  await worker.startProfile();
  const before = await worker.cpu();
  await work();
  const spent = (await worker.cpu()) - before;
  const profile = await worker.stopProfile();
  await writeFile(file, JSON.stringify(profile));
  return [
    `${worker.name}: ${(spent / operations).toFixed(0)} µs of CPU an operation while profiled; ${file}`,
    '   self µs    share  function',
    ...topOf(profile, operations),
  ];
}

const placeOf = (url: string): string =>
  url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(`${process.cwd()}/`, '');

function topOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile, operations: number): string[] {
  const self = new Map<number, number>();
  samples.forEach((node, index) => self.set(node, (self.get(node) ?? 0) + (timeDeltas[index] ?? 0)));
  const byFunction = new Map<string, number>();
  const byPackage = new Map<string, number>();
  let busy = 0;
  for (const { id, callFrame } of nodes) {
    const time = self.get(id) ?? 0;
    if (time === 0 || callFrame.functionName === '(idle)') continue;
    busy += time;
    const place = placeOf(callFrame.url);
    const name = `${callFrame.functionName || '(anonymous)'} ${place}${place === '' ? '' : `:${callFrame.lineNumber + 1}`}`;
    byFunction.set(name, (byFunction.get(name) ?? 0) + time);
    const [first = '', second = ''] = place.split('/');
    const owner =
      place === ''
        ? '(V8)'
        : place.startsWith('node:')
          ? place
          : first.startsWith('@') ||
              !place.includes('/') ||
              ['gateway', 'kit', 'subgraphs', 'standards'].includes(first)
            ? `${first}/${second}`
            : first;
    byPackage.set(owner, (byPackage.get(owner) ?? 0) + time);
  }
  const lines = (from: Map<string, number>, limit: number): string[] =>
    [...from]
      .toSorted(([, one], [, other]) => other - one)
      .slice(0, limit)
      .map(
        ([name, time]) =>
          `${(time / operations).toFixed(1).padStart(10)}  ${((100 * time) / busy).toFixed(1).padStart(6)}%  ${name}`,
      );
  return [...lines(byFunction, TOP), '   self µs    share  package', ...lines(byPackage, 25)];
}
