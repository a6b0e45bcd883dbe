import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '#cli/api.ts';
import { type ExportOptions, takeExport } from '#cli/export.ts';
import { tail } from '#cli/tail.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered } from '#test/support/listings.ts';

// `credit-graph export` against a gateway, and `tail` from its place on.

let graph: TestGraph;
let directory: string;
const codes = Array.from({ length: 3 }, () => newEntity()).toSorted();
beforeAll(async () => {
  graph = await startGraph();
  directory = await mkdtemp(join(tmpdir(), 'credit-graph-export-'));
  await list(graph, ...codes.map((uscc) => ({ uscc })));
  await numbered(graph);
});
afterAll(async () => {
  await graph[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const notes: string[] = [];
const token = (): string => graph.tokenOf('SECTOR_REGULATOR');
const followed = { topic: 'NAME_LIST', filter: { provinces: ['33'] } } as const;
const take = (save: string, options: Partial<ExportOptions> = {}) =>
  takeExport({
    api: createApi({ url: graph.url, token, purpose: 'SUPERVISION' }),
    followed,
    save: join(directory, save),
    note: (line) => notes.push(line),
    fields: 'version subject { uscc }',
    ...options,
  });
const whole = codes.map((uscc) => `${JSON.stringify({ change: { version: 1, subject: { uscc } } })}\n`).join('');

test('a record a line, and changes go on from the place that it gives', async () => {
  const taken = await take('snapshot');
  expect(taken).toEqual({ id: expect.any(String), rows: 3, cursor: expect.any(String), knownAt: expect.any(String) });
  expect(await readFile(join(directory, 'snapshot'), 'utf8')).toBe(whole);
  expect(await readdir(directory)).toEqual(['snapshot']);
  const [uscc] = codes as [string];
  await list(graph, { uscc, grounds: '更正' });
  await numbered(graph);
  const printed: string[] = [];
  await tail({
    url: graph.url,
    token,
    purpose: 'SUPERVISION',
    followed,
    from: taken.cursor,
    save: null,
    json: true,
    untilCaughtUp: true,
    signal: new AbortController().signal,
    print: (line) => void printed.push(line),
    note: (line) => notes.push(line),
  });
  expect(printed.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ kind: 'CORRECTED', version: 2, subject: { uscc } }),
  ]);
  await list(graph, { uscc });
});

test('what was cut off is gone on with, and half a part is taken again', async () => {
  const { id } = await take('first');
  await writeFile(join(directory, 'second'), whole.slice(0, 20));
  await writeFile(join(directory, 'second.export'), JSON.stringify({ id, parts: 0, rows: 0, bytes: 0 }));
  expect(await take('second')).toMatchObject({ id, rows: 3 });
  expect(await readFile(join(directory, 'second'), 'utf8')).toBe(await readFile(join(directory, 'first'), 'utf8'));
  expect(notes.at(-1)).toBe(`${join(directory, 'second')} goes on with the export ${id}.`);
});

test('a file that is there, what the role may not see, and an export that is over are named', async () => {
  await writeFile(join(directory, 'taken'), 'mine');
  await expect(take('taken')).rejects.toThrow(`${join(directory, 'taken')} is there already.`);
  expect(await readFile(join(directory, 'taken'), 'utf8')).toBe('mine');
  await expect(take('none', { fields: 'nonsense' })).rejects.toThrow('Cannot query field "nonsense"');
  const { id } = await take('over');
  await graph.sql("update gateway.export set expires_at = now() - interval '1 second' where id = $1", [id]);
  await writeFile(join(directory, 'late.export'), JSON.stringify({ id, parts: 0, rows: 0, bytes: 0 }));
  await expect(take('late')).rejects.toThrow('The export is EXPIRED.');
});
