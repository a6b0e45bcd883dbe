import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

// A recipe that names a file which is not there is a rumour.

const root = join(import.meta.dirname, '../..');
const pages = globSync(['README.md', 'docs/*.md', 'docs/adr/README.md', 'docs/adr/0001-*.md'], { cwd: root });
const read = (page: string): string => readFileSync(join(root, page), 'utf8');

/** What is meant for a path of this repository: `a/b` in backticks. Not an address, a package, a header's value or a coordinate with `…`. */
const paths = (text: string): string[] =>
  [...text.replaceAll(/^ *```[^]*?^ *```/gm, '').matchAll(/`([^`\s]+\/[^`\s]*)`/g)]
    .map((match) => match[1] ?? '')
    .filter((path) => !/^[/@#]|^\.\/|:\/\/|…|^(?:application|text)\//.test(path));

const exists = (path: string): boolean => globSync(path.replaceAll('NAME', '*'), { cwd: root }).length > 0;

test('every path in the documents exists', () => {
  const named = pages.flatMap((page) => paths(read(page)).map((path) => ({ page, path })));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ path }) => !exists(path))).toEqual([]);
});

test('every link between documents leads somewhere', () => {
  const links = pages.flatMap((page) => [...read(page).matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)].map((match) => ({ page, to: match[1] ?? '' })));
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
  ['`/graphql`, `@apollo/server`, `http://127.0.0.1/x`, `application/json`, `./.data`, `npm run x/y`', []],
])('in %s the paths are found', (text, expected) => {
  expect(paths(text)).toEqual(expected);
});

test.each([
  ['docs/PROTOCOL.md', 'test/e2e/clients/*.ts', 5],
  ['docs/DOCUMENTS.md', 'test/graph/documents/clients.test.ts', 3],
])('the recipes of %s are the code that is run with each client', (page, tests, count) => {
  const quoted = [...read(page).matchAll(/```ts\n([\s\S]*?)\n```/g)].map(([, code]) => code);
  const recipes = globSync(tests, { cwd: root }).flatMap((file) =>
    [...read(file).matchAll(/^( *)\/\/ recipe: .+\n([\s\S]*?)\n *\/\/ end of recipe$/gm)].map(([, indent, code = '']) => code.replaceAll(new RegExp(`^${indent}`, 'gm'), '')),
  );
  expect(recipes).toHaveLength(count);
  expect(quoted.toSorted()).toEqual(recipes.toSorted());
});
