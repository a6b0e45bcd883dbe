import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChangeFile, openChangeFile } from './changeFile.ts';

async function directory() {
  const path = await mkdtemp(join(tmpdir(), 'credit-graph-changes-'));
  return {
    path,
    file: join(path, 'changes.ndjson'),
    position: join(path, 'changes.ndjson.cursor'),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

const line = (n: number): string =>
  JSON.stringify({ __typename: 'NameListChange', id: `id-${n}`, cursor: `cursor-${n}`, text: '名单' });
const linesTo = (n: number): string => Array.from({ length: n }, (_, index) => `${line(index + 1)}\n`).join('');
const positionAt = (n: number): string => `{"cursor":"cursor-${n}","bytes":${Buffer.byteLength(linesTo(n))}}\n`;
const read = async (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

/** Timers that fire when the test says so. */
function timers() {
  const due: (() => void)[] = [];
  return { due, after: (_: number, then: () => void) => (due.push(then), () => void due.splice(due.indexOf(then), 1)) };
}
const open = (
  path: string,
  { from = null, after = timers().after, onFailure = () => {} }: Partial<Parameters<typeof openChangeFile>[1]> = {},
) => openChangeFile(path, { from, after, onFailure });
const take = async (file: ChangeFile, ...numbers: readonly number[]): Promise<void> => {
  for (const n of numbers) {
    await file.append(line(n));
    await file.reached(`cursor-${n}`);
  }
};

test('lines and their position are on the disk within one turn of the timer, the position last', async () => {
  await using there = await directory();
  const { due, after } = timers();
  await using file = await open(there.file, { after });
  expect([file.position, file.isNew]).toEqual([null, true]);
  await file.reached('cursor-0'); // where a stream begins: kept at once
  expect([await read(there.file), await read(there.position)]).toEqual(['', positionAt(0)]);
  await take(file, 1, 2);
  expect([await read(there.file), await read(there.position), due.length]).toEqual(['', positionAt(0), 1]);
  await file[Symbol.asyncDispose]();
  expect([await read(there.file), await read(there.position), due.length]).toEqual([linesTo(2), positionAt(2), 0]);
  expect(await readdir(there.path)).toEqual(['changes.ndjson', 'changes.ndjson.cursor']);
  expect([(await stat(there.file)).mode & 0o777, (await stat(there.position)).mode & 0o777]).toEqual([0o600, 0o600]);
});

test('five hundred changes are written without waiting for the timer', async () => {
  await using there = await directory();
  await using file = await open(there.file);
  await file.reached('cursor-0');
  await take(file, ...Array.from({ length: 500 }, (_, index) => index + 1));
  // The position after the last change was not reached before the write.
  expect([await read(there.file), await read(there.position)]).toEqual([linesTo(500), positionAt(499)]);
});

test('a position without changes goes on by itself', async () => {
  await using there = await directory();
  await using file = await open(there.file);
  await take(file, 1);
  await file.reached('cursor-7');
  await file[Symbol.asyncDispose]();
  expect(await read(there.position)).toBe(`{"cursor":"cursor-7","bytes":${Buffer.byteLength(linesTo(1))}}\n`);
  await using again = await open(there.file);
  expect([again.position, again.isNew, again.isRepeated('id-1')]).toEqual(['cursor-7', false, false]);
});

test('when the position cannot be written its lines are there, and the next run goes on after them', async () => {
  await using there = await directory();
  await writeFile(there.file, linesTo(1));
  await writeFile(there.position, positionAt(1));
  const failures: unknown[] = [];
  const { due, after } = timers();
  const file = await open(there.file, { after, onFailure: (error) => failures.push(error) });
  await mkdir(`${there.position}.new`);
  await take(file, 2, 3);
  due[0]?.();
  await expect(file[Symbol.asyncDispose]()).rejects.toThrow(`${there.file} cannot be written (EISDIR).`);
  expect(failures).toHaveLength(1);
  expect([await read(there.file), await read(there.position)]).toEqual([linesTo(3), positionAt(1)]);
  await rm(`${there.position}.new`, { recursive: true });
  await using again = await open(there.file);
  expect([again.position, await read(there.position)]).toEqual(['cursor-3', positionAt(3)]);
  expect([again.isRepeated('id-2'), again.isRepeated('id-3'), again.isRepeated('id-3')]).toEqual([true, true, false]);
});

test('cut off after any byte, a file is mended to its last whole line, and that is its position', async () => {
  await using there = await directory();
  const whole = Buffer.from(linesTo(4));
  const kept = Buffer.byteLength(linesTo(2));
  for (let size = kept; size <= whole.length; size++) {
    await writeFile(there.file, whole.subarray(0, size));
    await writeFile(there.position, positionAt(2));
    await writeFile(`${there.position}.new`, '{"cur'); // of a run that was killed there
    await using file = await open(there.file);
    const left = [4, 3, 2].find((n) => Buffer.byteLength(linesTo(n)) <= size) as number; // two are there
    expect({ size, position: file.position, text: await read(there.file), kept: await read(there.position) }).toEqual({
      size,
      position: `cursor-${left}`,
      text: linesTo(left),
      kept: positionAt(left),
    });
  }
});

test('damage after the position is cut off from there on; before it nothing is touched', async () => {
  await using there = await directory();
  await writeFile(there.file, `a remark\n${line(1)}\n\0\0\0\n${line(2)}\n`);
  await writeFile(there.position, `{"cursor":"cursor-0","bytes":9}\n`);
  await using file = await open(there.file);
  expect([file.position, await read(there.file)]).toEqual(['cursor-1', `a remark\n${line(1)}\n`]);
});

test('a new file that was killed in its first line begins where it was to begin', async () => {
  await using there = await directory();
  for (const from of ['cursor-9', 'beginning']) {
    const file = await open(there.file, { from });
    expect(file.position).toBe(from);
    expect(await read(there.position)).toBe(null); // nobody has said yet that there is such a place
    await file.append(line(1));
    await file[Symbol.asyncDispose]();
    expect(await read(there.position)).toBe(`{"cursor":"${from}","bytes":0}\n`);
    await writeFile(there.file, line(1).slice(0, 20));
    await using again = await open(there.file);
    expect([again.position, again.isNew, await read(there.file)]).toEqual([from, false, '']);
    await rm(there.file);
    await rm(there.position);
  }
});

test('a file without a position goes on after its last line, also one that was moved in whole', async () => {
  await using there = await directory();
  await writeFile(there.file, linesTo(3));
  await using file = await open(there.file, { from: 'beginning' });
  expect([file.position, file.isNew, await read(there.position)]).toEqual(['cursor-3', false, positionAt(3)]);
});

test('a file that was moved away leaves its position', async () => {
  await using there = await directory();
  await writeFile(there.position, positionAt(3));
  await using file = await open(there.file);
  expect([file.position, file.isNew, await read(there.position)]).toEqual([
    'cursor-3',
    false,
    '{"cursor":"cursor-3","bytes":0}\n',
  ]);
});

test.each([
  ['a table', 'a,b\n1,2\n'],
  ['a text without an end', 'hello'],
  ['other lines of JSON', '{"a":1}\n'],
])('%s is not taken for a file of changes, and stays as it is', async (_, text) => {
  await using there = await directory();
  await writeFile(there.file, text);
  await expect(open(there.file)).rejects.toThrow(/is no change|is not a file of changes/);
  expect([await read(there.file), await read(there.position)]).toEqual([text, null]);
});

test('nor is one beside a position, when another file has been put there', async () => {
  await using there = await directory();
  await writeFile(there.file, 'hello\n');
  await writeFile(there.position, positionAt(0));
  await expect(open(there.file)).rejects.toThrow('is not a file of changes');
  expect(await read(there.file)).toBe('hello\n');
});

test('an invalid position and a missing directory are reported', async () => {
  await using there = await directory();
  await writeFile(there.position, 'cursor');
  await expect(open(there.file)).rejects.toThrow('changes.ndjson.cursor is not a place');
  await expect(open(join(there.path, 'nowhere/changes'))).rejects.toThrow('cannot be written (ENOENT)');
});
