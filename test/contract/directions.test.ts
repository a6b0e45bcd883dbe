import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** What each top-level folder may import of ours (design §2, docs/adr/0002-layout.md). */
const allowed: Record<string, readonly string[]> = {
  standards: [],
  policy: [],
  prisma: ['kit'],
  kit: ['policy', 'standards'],
  gateway: ['kit', 'policy', 'standards', 'prisma'],
  subgraphs: ['kit', 'policy', 'standards'],
  client: [],
  cli: ['client', 'standards'],
};

/** The composition root: the one file in which the gateway meets the subgraphs. */
const exceptions = new Set(['gateway/main.ts → subgraphs']);

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = globSync(`{${Object.keys(allowed).join(',')}}/**/*.ts`, { cwd: root }).filter((file) => !file.startsWith('prisma/client/'));

const importsOf = (file: string): Import[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/^\s*(?:import|export)\b[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/gm)].flatMap((match) => {
    const target = match[1] ?? match[2] ?? '';
    if (target.startsWith('#')) return [{ from: file, to: target.slice(1).replace(/^prisma\//, 'prisma/client/') }];
    return target.startsWith('.') ? [{ from: file, to: relative(root, join(root, dirname(file), target)) }] : [];
  });

const imports = files.flatMap(importsOf);
const isTest = (file: string): boolean => file.endsWith('.test.ts');
const folderOf = (file: string): string => file.split('/')[0] ?? '';

test('every import between top-level folders goes in an allowed direction', () => {
  expect(files.length).toBeGreaterThan(50);
  const wrong = imports
    .filter(({ from, to }) => !isTest(from) && folderOf(from) !== folderOf(to) && !allowed[folderOf(from)]?.includes(folderOf(to)))
    .filter(({ from, to }) => !exceptions.has(`${from} → ${folderOf(to)}`))
    .map(({ from, to }) => `${from} → ${to}`);
  expect(wrong).toEqual([]);
});

test('a subgraph imports nothing of another subgraph', () => {
  const wrong = imports.filter(({ from, to }) => from.startsWith('subgraphs/') && to.startsWith('subgraphs/') && from.split('/').length > 2 && from.split('/')[1] !== to.split('/')[1]);
  expect(wrong).toEqual([]);
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

test('one file knows the query planner, and one its types', () => {
  const knowing = files.filter((file) => /from '@graphql-hive\//.test(readFileSync(join(root, file), 'utf8')));
  expect(knowing.toSorted()).toEqual(['gateway/graph/engine/plannerProcess.ts', 'gateway/plan/queryPlan.ts']);
});

test('roles are named in the policy alone', () => {
  const role = /'(SUBJECT|PROVINCIAL_PLATFORM|SECTOR_REGULATOR|DETERMINING_UNIT|IMPLEMENTER|FINANCIAL_INSTITUTION|CREDIT_SERVICE_AGENCY|INDUSTRY_ASSOCIATION|ASSESSOR|AUDITOR|NATIONAL_CENTRE|RULE_KEEPER|OPERATOR)'/;
  const naming = files.filter((file) => !isTest(file) && !file.startsWith('policy/') && role.test(readFileSync(join(root, file), 'utf8')));
  // The first grant of an installation, and whom the demo data and the CLI's development tokens stand for.
  expect(naming.toSorted()).toEqual(['cli/demoRoles.ts', 'gateway/gateway.ts']);
});

test('the environment is read in one place', () => {
  const reading = files.filter((file) => /process\.env\b/.test(readFileSync(join(root, file), 'utf8')) && !isTest(file));
  // Prisma's CLI talks to its engine through the environment; the product does not load that file.
  expect(reading.toSorted()).toEqual(['cli/settings.ts', 'kit/config.ts', 'prisma/tools/schemaEngine.ts']);
});
