import { join, matchesGlob } from 'node:path';
import { repositoryFiles, ROOT } from '#test/support/repositoryFiles.ts';

const tests = repositoryFiles().filter((file) => file.endsWith('.test.ts'));

interface Run {
  readonly projects: readonly { readonly displayName: string; readonly testMatch: readonly string[] }[];
}

const longTests = (await import(join(ROOT, 'jest.config.js'))).longTests as readonly string[];

const runOf = async (config: string): Promise<Run> => ((await import(join(ROOT, config))) as { default: Run }).default;

const projectsFor = (file: string, { projects }: Run): string[] =>
  projects
    .filter(({ testMatch }) => {
      const without = testMatch.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
      const within = testMatch
        .filter((pattern) => !pattern.startsWith('!'))
        .map((pattern) => pattern.replace(/^<rootDir>\//, ''));
      const matches = (pattern: string): boolean => matchesGlob(file, pattern);
      return within.some(matches) && !without.some(matches);
    })
    .map(({ displayName }) => displayName);

test('every file of tests is run by one project; those of developers’ tools and long ones not by default', async () => {
  const runs = [await runOf('jest.config.js'), await runOf('jest.tools.config.js')];
  expect(tests.length).toBeGreaterThan(100);
  const wrong = tests.filter((file) => {
    const isApart = file.startsWith('prisma/tools/') || longTests.some((pattern) => matchesGlob(file, pattern));
    const expected = isApart ? [0, 1] : [1, 0];
    return runs.some((run, at) => projectsFor(file, run).length !== expected[at]);
  });
  expect(wrong).toEqual([]);
});
