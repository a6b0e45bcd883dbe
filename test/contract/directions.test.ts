import { globSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { roles } from '#policy/roles.ts';
import { moduleNamesOf, nodesOf, parseFile, readsEnvironment, textOf, textsOf } from '#test/support/syntax.ts';

const root = join(import.meta.dirname, '../..');

/** What each top-level folder may import of ours (design §2, docs/adr/0002-layout.md). */
const allowed: Record<string, readonly string[]> = {
  standards: [],
  policy: [],
  prisma: ['kit'],
  kit: ['policy', 'standards'],
  records: ['kit', 'policy', 'standards'],
  gateway: ['records', 'kit', 'policy', 'standards', 'prisma'],
  subgraphs: ['records', 'kit', 'policy', 'standards'],
  client: [],
  cli: ['client', 'standards'],
};

/** The gateway meets the subgraphs when it is composed, and when it starts. */
const exceptions = new Set(['codegenPreset', 'generate', 'main'].map((file) => `gateway/${file}.ts → subgraphs`));

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = globSync(`{${Object.keys(allowed).join(',')}}/**/*.ts`, { cwd: root }).filter(
  (file) => !file.startsWith('prisma/client/'),
);

const sources = new Map(files.map((file) => [file, parseFile(join(root, file))]));

const importsOf = ([file, source]: readonly [string, ts.SourceFile]): Import[] =>
  moduleNamesOf(source).flatMap((target) => {
    if (target.startsWith('#')) return [{ from: file, to: target.slice(1).replace(/^prisma\//, 'prisma/client/') }];
    return target.startsWith('.') ? [{ from: file, to: relative(root, join(root, dirname(file), target)) }] : [];
  });

const imports = [...sources].flatMap(importsOf);
const isTest = (file: string): boolean => file.endsWith('.test.ts');
const folderOf = (file: string): string => file.split('/')[0] ?? '';

test('every import between top-level folders goes in an allowed direction', () => {
  expect(files.length).toBeGreaterThan(50);
  const wrong = imports
    .filter(
      ({ from, to }) =>
        !isTest(from) && folderOf(from) !== folderOf(to) && !allowed[folderOf(from)]?.includes(folderOf(to)),
    )
    .filter(({ from, to }) => !exceptions.has(`${from} → ${folderOf(to)}`))
    .map(({ from, to }) => `${from} → ${to}`);
  expect(wrong).toEqual([]);
});

test('a subgraph imports nothing of another subgraph', () => {
  const wrong = imports.filter(
    ({ from, to }) =>
      from.startsWith('subgraphs/') &&
      to.startsWith('subgraphs/') &&
      from.split('/').length > 2 &&
      from.split('/')[1] !== to.split('/')[1],
  );
  expect(wrong).toEqual([]);
});

/** From the ground up: nothing imports from a floor above its own (docs/adr/0024-layout-by-capability.md). */
const floors: readonly (readonly string[])[] = [
  ['standards'],
  ['policy'],
  ['kit'],
  ['records'],
  ['subgraphs', 'gateway/feed', 'gateway/database'],
  ['gateway/auth'],
  ['gateway/budgets'],
  ['gateway/graph'],
  ['a capability'],
  ['gateway/operations'],
  ['gateway/sse', 'gateway/websocket'],
  ['gateway/http'],
  ['the wiring of the gateway'],
];

/** The folder that stands on a floor: a folder of the gateway that is not named above is a capability. */
function roomOf(file: string): string {
  const [top = '', inner = '', ...deeper] = file.split('/');
  if (top !== 'gateway') return top;
  if (deeper.length === 0) return 'the wiring of the gateway';
  const room = `${top}/${inner}`;
  return floors.flat().includes(room) ? room : 'a capability';
}

const floorOf = (file: string): number => floors.findIndex((rooms) => rooms.includes(roomOf(file)));

test.each([
  ['kit/errors.ts', 2],
  ['gateway/feed/log.ts', 4],
  ['gateway/webhooks/worker.ts', 8],
  ['gateway/http/explorer/explorer.ts', 11],
  ['gateway/gateway.ts', 12],
  ['cli/main.ts', -1],
])('%s stands on floor %i', (file, floor) => {
  expect(floorOf(file)).toBe(floor);
});

test('nothing imports from a floor above its own', () => {
  const upward = imports
    .filter(({ from, to }) => !isTest(from) && floorOf(from) >= 0 && floorOf(to) > floorOf(from))
    .filter(({ from, to }) => !exceptions.has(`${from} → ${folderOf(to)}`))
    .map(({ from, to }) => `${from} → ${to}`);
  expect(upward).toEqual([]);
});

/** Folders of two levels in the gateway, of one or two elsewhere. */
const homeOf = (file: string): string => dirname(file).split('/').slice(0, 2).join('/');

test('no circle of files goes through two folders', () => {
  const next = Map.groupBy(
    imports.filter(({ from }) => !isTest(from)),
    ({ from }) => from,
  );
  const reachableFrom = (start: string): ReadonlyMap<string, string | null> => {
    const reached = new Map<string, string | null>([[start, null]]);
    for (const file of reached.keys())
      for (const { to } of next.get(file) ?? []) if (!reached.has(to)) reached.set(to, file);
    return reached;
  };
  const circles = [...next.keys()].flatMap((file) =>
    (next.get(file) ?? [])
      .filter(({ to }) => homeOf(to) !== homeOf(file))
      .flatMap(({ to }) => {
        const reached = reachableFrom(to);
        if (!reached.has(file)) return [];
        const path = [file];
        for (let step = reached.get(file) ?? null; step !== null; step = reached.get(step) ?? null) path.unshift(step);
        return [`${file} → ${path.join(' → ')}`];
      }),
  );
  expect(circles).toEqual([]);
});

test('no file imports itself through others', () => {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files.filter((each) => !each.endsWith('.generated.ts'))) visit(file, []);
  expect(cycles.filter((cycle) => !cycle.includes('.generated.ts'))).toEqual([]);
});

/** The files of the product for which something holds. */
const productFiles = (holds: (source: ts.SourceFile, file: string) => boolean): string[] =>
  [...sources].flatMap(([file, source]) => (!isTest(file) && holds(source, file) ? file : [])).toSorted();

const knowsPlanner = (source: ts.SourceFile): boolean =>
  textsOf(source).some((text) => text.startsWith('@graphql-hive/'));

test('one file knows the query planner, and one its types', () => {
  const knowing = [...sources].flatMap(([file, source]) => (knowsPlanner(source) ? file : []));
  expect(knowing.toSorted()).toEqual(['gateway/graph/engine/plannerProcess.ts', 'gateway/graph/engine/queryPlan.ts']);
});

// PUBLIC is a level of disclosure, too.
const role = new RegExp(`\\b(?:${roles.filter((each) => each !== 'PUBLIC').join('|')})\\b`);

/** Where a file names a role: in a literal, in a part of a template (GraphQL, SQL), or as a name, such as a key. */
const rolesNamedIn = (source: ts.SourceFile): string[] =>
  nodesOf(source).flatMap((node) => {
    const text = ts.isIdentifier(node) ? node.text : textOf(node);
    return text !== null && role.test(text) ? text : [];
  });

test('roles are named in the policy alone', () => {
  const named = [...sources]
    .filter(([file]) => !isTest(file) && !file.startsWith('policy/'))
    // Whom the demo data and the CLI's development tokens stand for.
    .filter(([file]) => file !== 'cli/demoRoles.ts')
    .flatMap(([file, source]) => rolesNamedIn(source).map((text) => `${file}: ${text}`));
  expect(named.toSorted()).toEqual([
    // Help of the command line.
    'cli/main.ts: let an organisation act in a role, or end that; done as OPERATOR',
    'cli/main.ts: refuse a token from the next operation on; done as OPERATOR',
    'cli/main.ts: trusted documents: manifests that two operators publish for a role; done as OPERATOR',
    // The first grant of an installation.
    'gateway/wireRights.ts: OPERATOR',
  ]);
});

test('the environment is read in one place', () => {
  // Prisma's CLI talks to its engine through the environment; the product does not load that file.
  expect(productFiles(readsEnvironment)).toEqual(['cli/settings.ts', 'kit/config.ts', 'prisma/tools/schemaEngine.ts']);
});

// A rule that can be got round by other quotes is none.
test.each([
  ['"OPERATOR"', ['OPERATOR']],
  ['`OPERATOR`', ['OPERATOR']],
  ["'OPERATOR'", ['OPERATOR']],
  [
    '`mutation { grantRole(role: OPERATOR, organisation: ${id}) }`',
    ['mutation { grantRole(role: OPERATOR, organisation: '],
  ],
  ['const weights = { OPERATOR: 1 }', ['OPERATOR']],
  ["type Asks = 'OPERATOR' | 'PUBLIC'", ['OPERATOR']],
  ['// OPERATOR in a comment', []],
  ["'NON_OPERATOR'", []],
])('of %s the roles are found', (text, expected) => {
  expect(rolesNamedIn(parseFile('example.ts', text))).toEqual(expected);
});

test.each([
  ['process.env.HOME', true],
  ['process["env"].HOME', true],
  ['process[`env`]', true],
  ['globalThis.process.env', true],
  ['const { env } = process', true],
  ['const { env: variables, argv } = process', true],
  ['import { env } from "node:process"', true],
  ['import machine from "node:process"; machine.env', true],
  ['import * as machine from "process"; machine.env', true],
  ['spawn(command, { env: {} }); process.argv', false],
])('that %s reads the environment is %s', (text, expected) => {
  expect(readsEnvironment(parseFile('example.ts', text))).toBe(expected);
});

test.each([
  ['import "./a.ts"', ['./a.ts']],
  ["import type { A } from './a.ts'", ['./a.ts']],
  ['export * from "./a.ts"', ['./a.ts']],
  ['await import(`./a.ts`)', ['./a.ts']],
  ["type A = import('./a.ts').A", ['./a.ts']],
  ['require("./a.ts")', ['./a.ts']],
  ["'./a.ts'; // import './b.ts'", []],
])('of %s the imports are found', (text, expected) => {
  expect(moduleNamesOf(parseFile('example.ts', text))).toEqual(expected);
});
