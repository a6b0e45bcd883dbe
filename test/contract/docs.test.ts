import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

// A recipe that names a file which is not there is a rumour.

const root = join(import.meta.dirname, '../..');
const pages = globSync(
  [
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'docs/*.md',
    'docs/adr/README.md',
    'docs/adr/0001-*.md',
  ],
  { cwd: root },
);
const read = (page: string): string => readFileSync(join(root, page), 'utf8');

/**
 * Paths of this repository in a text: `a/b` in backticks. Addresses, packages, values of headers and settings, and
 * coordinates with `…` are none.
 */
const paths = (text: string): string[] =>
  [...text.replaceAll(/^ *```[^]*?^ *```/gm, '').matchAll(/`([^`\s]+\/[^`\s]*)`/g)]
    .map((match) => match[1] ?? '')
    .filter((path) => !/^[/@#\d]|^\.\/|:\/\/|[…=]|^(?:application|text)\//.test(path));

const exists = (path: string): boolean => globSync(path.replaceAll('NAME', '*'), { cwd: root }).length > 0;

test('every path in the documents exists', () => {
  const named = pages.flatMap((page) => paths(read(page)).map((path) => ({ page, path })));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ path }) => !exists(path))).toEqual([]);
});

const product = JSON.parse(read('package.json')) as {
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
};

/** Commands of npm itself that need no script. */
const NPM_COMMANDS = new Set(['ci', 'i', 'install']);

/** The commands of the command line, by its own words: `tail`, `unit register`. */
const cliCommands = [...read('cli/main.ts').matchAll(/\.command\('([a-z-]+)'/g)].map(([, name = '']) => name);

/** A program of the clients that it is written for (docs/DOCUMENTS.md). */
const ofClients = new Set(['generate-persisted-query-manifest']);

/** The code of a text: its blocks, and what stands in backticks. */
const codeIn = (text: string): string =>
  [...text.matchAll(/^ *```[^]*?^ *```|`[^`\n]+`/gm)].map(([code]) => code).join('\n');

/** What a text runs: scripts and programs of this project, and files that it gives to Node. */
const commands = (text: string): string[] =>
  [
    ...codeIn(text).matchAll(
      /\b(?:npm (?:run )?[a-z][\w:-]*|npx [a-z][\w-]*(?: [a-z][\w-]*(?=[\s`]|$)){0,2}|node \.?[\w/-]+\.(?:ts|cjs|js))/g,
    ),
  ].map(([command]) => command);

/** Why a command cannot be run; null where it can. */
function commandProblem(command: string): string | null {
  const [program = '', first = '', second = '', third = ''] = command.split(' ');
  if (program === 'node') return existsSync(join(root, first)) ? null : 'there is no such file';
  if (program === 'npm') {
    const script = first === 'run' ? second : first;
    return script in product.scripts || (first !== 'run' && NPM_COMMANDS.has(first))
      ? null
      : 'no script of package.json';
  }
  if (!(first in product.bin))
    return ofClients.has(first) || existsSync(join(root, 'node_modules/.bin', first)) ? null : 'no such program';
  return [second, third].every((word) => word === '' || cliCommands.includes(word))
    ? null
    : 'no command of cli/main.ts';
}

test('every command in the documents can be run', () => {
  const named = pages.flatMap((page) => commands(read(page)).map((command) => ({ page, command })));
  expect(named.length).toBeGreaterThan(50);
  expect(
    named.flatMap(({ page, command }) => {
      const problem = commandProblem(command);
      return problem === null ? [] : [{ page, command, problem }];
    }),
  ).toEqual([]);
});

test.each([
  ['npm run check', null],
  ['npm start', null],
  ['npm ci', null],
  ['npx changeset', null],
  ['npx credit-graph tail', null],
  ['node .ci/complete-lock.cjs', null],
  ['npm run ci', 'no script of package.json'],
  ['npm develop', 'no script of package.json'],
  ['npx creditgraph', 'no such program'],
  ['npx credit-graph unit show', null],
  ['npx credit-graph unit hide', 'no command of cli/main.ts'],
  ['npx credit-graph follow', 'no command of cli/main.ts'],
  ['node cli/nowhere.ts', 'there is no such file'],
])('%s is found, and its problem is %j', (command, problem) => {
  const found = commands(`Run \`${command}\`.`);
  expect([found, ...found.map(commandProblem)]).toEqual([[command], problem]);
});

test('every link between documents leads somewhere', () => {
  const links = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)].map((match) => ({ page, to: match[1] ?? '' })),
  );
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter(({ page, to }) => !existsSync(join(root, dirname(page), to)))).toEqual([]);
});

test('every decision stands in the index', () => {
  const decisions = globSync('docs/adr/[0-9]*.md', { cwd: root }).map((file) => file.slice('docs/adr/'.length));
  const index = [...read('docs/adr/README.md').matchAll(/^- \[\d{4}\]\(([^)]+)\): \S/gm)].map((match) => match[1]);
  expect(index).toEqual(decisions.toSorted());
});

test.each([
  ['`gateway/nowhere.ts`', ['gateway/nowhere.ts']],
  [
    '`/graphql`, `@apollo/server`, `http://127.0.0.1/x`, `application/json`, `10.0.0.0/8`, ' +
      '`ROLE=a/b`, `./.data`, `npm run x/y`',
    [],
  ],
])('in %s the paths are found', (text, expected) => {
  expect(paths(text)).toEqual(expected);
});

test.each([
  ['docs/PROTOCOL.md', 'test/e2e/clients/*.ts', 5],
  ['docs/DOCUMENTS.md', 'test/graph/documents/clients.test.ts', 3],
  ['docs/CACHING.md', 'test/graph/time/caching.test.ts', 1],
])('the recipes of %s are the code that is run with each client', (page, tests, count) => {
  const quoted = [...read(page).matchAll(/```ts\n([\s\S]*?)\n```/g)].map(([, code]) => code);
  const recipes = globSync(tests, { cwd: root }).flatMap((file) =>
    [...read(file).matchAll(/^( *)\/\/ recipe: .+\n([\s\S]*?)\n *\/\/ end of recipe$/gm)].map(([, indent, code = '']) =>
      code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    ),
  );
  expect(recipes).toHaveLength(count);
  expect(quoted.toSorted()).toEqual(recipes.toSorted());
});
