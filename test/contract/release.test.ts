import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

// The parts of a release agree with one another (CONTRIBUTING.md). They are read as files: no test needs the program
// that writes them.

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

interface Package {
  readonly name: string;
  readonly version: string;
}
const product = JSON.parse(read('package.json')) as Package;

/** What is wrong with the text of a changeset; null when nothing is. */
function changesetProblem(text: string): string | null {
  const [, head = '', body = ''] = /^---\n([^]*?)---\n([^]*)$/.exec(text) ?? [];
  const bumps = Object.entries((parse(head) ?? {}) as Record<string, unknown>);
  if (bumps.length !== 1 || bumps[0]?.[0] !== product.name) return `expected one package, '${product.name}'`;
  if (!['patch', 'minor', 'major'].includes(String(bumps[0][1]))) return 'expected patch, minor or major';
  return body.trim() === '' ? 'expected a sentence for whoever runs or calls it' : null;
}

test('the newest version of CHANGELOG.md is that of package.json and of the lock', () => {
  const [, newest] = /^## (\S+)$/m.exec(read('CHANGELOG.md')) ?? [];
  const lock = JSON.parse(read('package-lock.json')) as Package & { packages: Record<string, Package> };
  expect([newest, lock.version, lock.packages['']?.version]).toEqual(Array(3).fill(product.version));
});

test('every change that is not released yet says how much it is and what it is', () => {
  const problems = globSync('.changeset/*.md', { cwd: root })
    .filter((file) => !file.endsWith('README.md'))
    .map((file) => ({ file, problem: changesetProblem(read(file)) }));
  expect(problems.filter(({ problem }) => problem !== null)).toEqual([]);
});

test.each([
  ["---\n'credit-graph': minor\n---\n\nCursors end.\n", null],
  ["---\n'credit-grph': minor\n---\n\nCursors end.\n", "expected one package, 'credit-graph'"],
  ["---\n'credit-graph': large\n---\n\nCursors end.\n", 'expected patch, minor or major'],
  ["---\n'credit-graph': patch\n---\n", 'expected a sentence for whoever runs or calls it'],
  ['Cursors end.', "expected one package, 'credit-graph'"],
])('of the changeset %j the problem is %j', (text, problem) => {
  expect(changesetProblem(text)).toBe(problem);
});

test('a private package gets versions and tags', () => {
  const config = JSON.parse(read('.changeset/config.json')) as { privatePackages?: unknown };
  expect(config.privatePackages).toEqual({ version: true, tag: true });
});
