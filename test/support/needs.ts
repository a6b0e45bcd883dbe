import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

// What some tests need of the machine and `npm ci` does not bring. Without it they are skipped, and say so; in the
// pipeline, which installs it (.ci/run), a test that cannot run is a failure.
//
//   const chromium = needs('chromium');
//   testWith(chromium)('the explorer opens', async () => { … });
//
// A test of Redis takes the server of REDIS_URL where one is named and starts `needs('redis-server')` of its own
// otherwise.

/** By package name, as `apt-get install` knows it; each under the names it goes by on PATH. */
const programs = {
  'redis-server': ['redis-server'],
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
} as const;

export type Program = keyof typeof programs;

/**
 * The program's path, or null, said plainly. Call it where tests are collected, not inside one.
 * @throws Error where CI is true and the program is missing.
 */
export function needs(
  program: Program,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  say: (line: string) => void = console.warn,
): string | null {
  for (const directory of (environment['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    for (const name of programs[program]) {
      const path = join(directory, name);
      if (isExecutable(path)) return path;
    }
  }
  const how = `there is no ${program} on PATH (Debian: apt-get install ${program})`;
  if (environment['CI'] === 'true') throw new Error(`Tests cannot run: ${how}`);
  say(`Skipped tests: ${how}`);
  return null;
}

/** `test`, or `test.skip` where what it needs is missing. */
export const testWith = (needed: string | null): jest.It => (needed === null ? test.skip : test);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
