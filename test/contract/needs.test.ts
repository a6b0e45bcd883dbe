import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needs } from '#test/support/needs.ts';

const { countOf } = createRequire(import.meta.url)('../support/countReporter.cjs') as {
  countOf: (results: Record<string, number>) => string;
};

const directory = mkdtempSync(join(tmpdir(), 'needs-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('a needed program is found on PATH under any of its names', () => {
  const path = join(directory, 'google-chrome');
  writeFileSync(path, '', { mode: 0o755 });
  expect(needs('chromium', { PATH: `/nowhere:${directory}`, CI: 'true' })).toBe(path);
});

test('a missing program is a failure in the pipeline', () => {
  expect(() => needs('redis-server', { PATH: directory, CI: 'true' })).toThrow(
    'Tests cannot run: there is no redis-server on PATH (Debian: apt-get install redis-server)',
  );
});

test('a missing program skips tests elsewhere and says so', () => {
  const stated: string[] = [];
  expect(needs('redis-server', { PATH: directory }, (line) => stated.push(line))).toBeNull();
  expect(stated).toEqual(['Skipped tests: there is no redis-server on PATH (Debian: apt-get install redis-server)']);
});

const clean = {
  numPassedTests: 12,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

test.each([
  ['12 passed, 0 failed', clean],
  [
    '12 passed, 3 failed, 3 skipped',
    { ...clean, numFailedTests: 2, numRuntimeErrorTestSuites: 1, numPendingTests: 2, numTodoTests: 1 },
  ],
])('a run ends with "%s": a file that could not be run is a failure too', (line, results) => {
  expect(countOf(results)).toBe(line);
});
