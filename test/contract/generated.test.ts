import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, matchesGlob } from 'node:path';
import { promisify } from 'node:util';
import { isMarkedGenerated, markedPatterns, repositoryFiles, ROOT } from '#test/support/repositoryFiles.ts';
import { moduleNamesOf, parseFile } from '#test/support/syntax.ts';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};
const files = repositoryFiles();
const read = (file: string, root: string = ROOT): string => readFileSync(join(root, file), 'utf8');

/** The commands of `npm run codegen`, in their order. */
const generators = (scripts['codegen'] ?? '').split(' && ');

async function run(command: string, cwd: string): Promise<void> {
  const [program = '', ...args] = command.split(' ');
  await promisify(execFile)(program, args, {
    cwd,
    timeout: 120_000,
    env: {
      ...process.env,
      PATH: [dirname(process.execPath), join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(':'),
    },
  });
}

// Each command ends with an error, and names the file, when what is committed is not what it would write.
test.each(generators)(
  '%s --check: the committed files are in sync with their sources',
  async (command) => {
    await expect(run(`${command} --check`, ROOT)).resolves.toBeUndefined();
  },
  120_000,
);

/** Schemas of releases are copies that are never written again. */
const isReleased = (file: string): boolean => file.startsWith('docs/releases/');

test('npm run codegen writes every generated file, from nothing, as it is committed', async () => {
  const generated = files.filter((file) => isMarkedGenerated(file) && !isReleased(file));
  expect(generated.length).toBeGreaterThan(25);
  const copy = mkdtempSync(join(tmpdir(), 'credit-graph-codegen-'));
  try {
    for (const file of files) if (!generated.includes(file)) cpSync(join(ROOT, file), join(copy, file));
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    for (const command of generators) await run(command, copy);
    const readCopy = (file: string): string | null => {
      try {
        return read(file, copy);
      } catch {
        return null;
      }
    };
    expect(generated.filter((file) => readCopy(file) === null)).toEqual([]);
    expect(generated.filter((file) => readCopy(file) !== read(file))).toEqual([]);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}, 240_000);

/** What says in its first lines that it is generated: in a comment, or, as JSON has none, under `generatedBy`. */
const saysGenerated = (file: string): boolean =>
  /\bgenerated ?by\b/i.test(read(file).slice(0, 1_000).split('\n', 3).join('\n'));

test('what says that it is generated is marked in .gitattributes, and nothing else', () => {
  const saying = files.filter(saysGenerated);
  expect(saying.filter((file) => !isMarkedGenerated(file))).toEqual([]);
  expect(files.filter((file) => isMarkedGenerated(file) && !saying.includes(file))).toEqual([]);
});

test('every line of .gitattributes is a pattern of files that are there', () => {
  const lines = read('.gitattributes')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(markedPatterns.map((pattern) => `${pattern} linguist-generated`)).toEqual(lines);
  expect(markedPatterns.filter((pattern) => !files.some((file) => matchesGlob(file, pattern)))).toEqual([]);
});

test('every file of the Prisma client is loaded by the client', () => {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const name of moduleNamesOf(parseFile(join(ROOT, file))))
      if (name.startsWith('.')) load(join(dirname(file), name));
  };
  load('prisma/client/client.ts');
  expect([...loaded].toSorted()).toEqual(files.filter((file) => file.startsWith('prisma/client/')).toSorted());
});
