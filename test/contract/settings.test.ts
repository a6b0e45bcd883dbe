import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '#cli/settings.ts';
import { parseConfig, settings } from '#kit/config.ts';
import { readElsewhere } from '#kit/settingsDocument.ts';
import { RUN_VARIABLE } from '#test/support/testServers.ts';

// docs/SETTINGS.md is whole: a variable that something of ours reads stands there, and none that nothing reads.

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const directory = mkdtempSync(join(tmpdir(), 'credit-graph-settings-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** PATH is the system's; Jest's own process sets the other one for its workers. */
const notSettings = new Set(['PATH', 'NODE_COMPILE_CACHE', RUN_VARIABLE]);

/** The variables that a file reads. */
const variablesIn = (file: string, text: string): string[] =>
  [
    /process\.env(?:\.|\[')([A-Z][A-Z_]+)/g,
    /\benvironment\['([A-Z][A-Z_]+)'\]/g,
    ...(file === 'cli/settings.ts' ? [/\bread\('([A-Z_]+)'\)/g] : []),
    ...(file.endsWith('.yml') ? [/\$\{([A-Z_]+)/g] : []),
  ].flatMap((pattern) => [...text.matchAll(pattern)].map(([, name = '']) => name));

const files = globSync(
  [
    '*.{ts,js}',
    '{cli,client,docker,gateway,kit,policy,prisma,records,standards,subgraphs,test}/**/*.{ts,js,cjs,yml}',
    'docker/Dockerfile',
  ],
  { cwd: root },
  // Made by Prisma, and cases of such checks as this one.
).filter((file) => !/^(?:prisma\/client|test\/contract)\//.test(file));

test('every variable that is read stands in docs/SETTINGS.md', () => {
  const named = new Set([...Object.keys(settings), ...readElsewhere.map(({ name }) => name), ...notSettings]);
  const readHere = files.flatMap((file) => variablesIn(file, read(file)).map((name) => ({ file, name })));
  expect(new Set(readHere.map(({ name }) => name)).size).toBeGreaterThan(15);
  expect(readHere.filter(({ name }) => !named.has(name))).toEqual([]);
});

test('every variable that is said to be read elsewhere is named in the file that reads it, and is none of ours', () => {
  expect(readElsewhere.filter(({ name, readBy }) => name in settings || !read(readBy).includes(name))).toEqual([]);
});

test.each([
  ['a.ts', "process.env['DATA_DIR'], process.env.CI, environment['HOST'], process.env", ['DATA_DIR', 'CI', 'HOST']],
  ['cli/settings.ts', "read('PORT')", ['PORT']],
  ['b.yml', '${POSTGRES_PASSWORD:?} ${DOCUMENTS:-open}', ['POSTGRES_PASSWORD', 'DOCUMENTS']],
])('what %s reads is found in %j', (file, text, names) => {
  expect(variablesIn(file, text).toSorted()).toEqual(names.toSorted());
});

test('the command line finds the gateway, its directory and its issuer by the same defaults', () => {
  const config = parseConfig({ DATA_DIR: directory });
  const { dataDir, url, jwtIssuer, jwtAudience } = readSettings({ DATA_DIR: directory });
  expect({ dataDir, url, jwtIssuer, jwtAudience }).toEqual({
    dataDir: config.dataDir,
    url: `http://${config.host}:4000`,
    jwtIssuer: config.jwtIssuer,
    jwtAudience: config.jwtAudience,
  });
});
