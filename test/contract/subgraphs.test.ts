import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { parse as parseYaml } from 'yaml';
import type { SubgraphDefinition } from '#records/subgraph.ts';
import { definitions, portOf } from '#subgraphs/definitions.ts';
import { definition as fifth } from '#test/graph/fifthSubgraph/qualification/index.ts';

// A subgraph is a folder and a line in subgraphs/definitions.ts: the graph, `record(id)`, the kinds of filing and the
// topics come from its definition. What cannot come from it is compared with it here, and what is missing is named.

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const schema = read('prisma/schema.sql');
const compose = parseYaml(read('docker/compose.yml'), { merge: true }) as {
  services: Readonly<Record<string, { command?: readonly string[]; environment?: Readonly<Record<string, unknown>> }>>;
};
const prometheus = read('docker/monitoring/prometheus.yml');

/** Tables that the runtime of every subgraph uses, and what its role may do with them. */
const ownTables = {
  clock: ['select', 'update'],
  source_unit: ['insert', 'select', 'update'],
  filed_row: ['delete', 'insert', 'select'],
  replacing_filing: ['insert', 'select', 'update'],
} as const;
/** Tables of others that it writes or reads. */
const sharedTables = {
  'feed.outbox': ['insert'],
  'feed.sequencer': ['select'],
  'audit.change': ['insert'],
  'consent.consent': ['select'],
  'rules.change': ['select'],
} as const;

function mayOf(name: string, table: string): readonly string[] {
  const granted = new RegExp(`^grant (.*) on table ${table.replace('.', '\\.')} to credit_${name};$`, 'm').exec(schema);
  return granted?.[1]?.split(', ') ?? [];
}

const databaseProblems = ({ name }: SubgraphDefinition): string[] => {
  if (!schema.includes(`\ncreate schema ${name};\n`))
    return [`prisma/migrations: no schema ${name} (prisma/schema.sql)`];
  const own = Object.entries(ownTables).map(([table, rights]) => [`${name}.${table}`, rights] as const);
  return [...own, ...Object.entries(sharedTables)].flatMap(([table, rights]) => {
    const lacking = rights.filter((right) => !mayOf(name, table).includes(right));
    return lacking.length === 0 ? [] : [`prisma/migrations: credit_${name} may not ${lacking.join(', ')} ${table}`];
  });
};

const folderProblems = ({ name, schemaFile, topics = [] }: SubgraphDefinition): string[] => {
  const folder = relative(root, dirname(schemaFile));
  return [
    ...(basename(folder) === name ? [] : [`${folder}: the definition calls itself ${name}`]),
    ...[
      'index.ts',
      'mappers.ts',
      ...[schemaFile, ...topics.map((topic) => topic.schemaFile)].map((file) => basename(file)),
    ]
      .filter((file) => !existsSync(join(root, folder, file)))
      .map((file) => `${folder}/${file}: is missing`),
  ];
};

const deploymentProblems = ({ name }: SubgraphDefinition, port: number): string[] => {
  const service = compose.services[name];
  const address = `${name}=http://${name}:${port}/graphql`;
  const addresses = String(compose.services['gateway']?.environment?.['SUBGRAPHS']);
  return [
    ...(service?.command?.join(' ') === `node subgraphs/main.ts ${name}`
      ? []
      : [`docker/compose.yml: no service ${name} that runs node subgraphs/main.ts ${name}`]),
    ...(addresses.includes(address) ? [] : [`docker/compose.yml: SUBGRAPHS has no ${address}`]),
    ...(prometheus.includes(`${name}:${port}`) ? [] : [`docker/monitoring/prometheus.yml: no target ${name}:${port}`]),
  ];
};

const problemsOf = (definition: SubgraphDefinition, port: number): string[] => [
  ...folderProblems(definition),
  ...databaseProblems(definition),
  ...deploymentProblems(definition, port),
];

test('everything that a subgraph needs outside of its folder is there', () => {
  expect(definitions.flatMap((definition) => problemsOf(definition, portOf(definition.name)))).toEqual([]);
});

test('every folder of subgraphs has its line in definitions.ts', () => {
  const folders = globSync('subgraphs/*/schema.graphql', { cwd: root }).map((file) => basename(dirname(file)));
  const listed = new Set(definitions.map(({ name }) => name));
  expect(folders.filter((folder) => !listed.has(folder))).toEqual([]);
  expect(folders).toHaveLength(listed.size);
});

test('names of kinds and topics belong to one subgraph each', () => {
  const kinds = definitions.flatMap((definition) => Object.keys(definition.kinds));
  const topics = definitions.flatMap((definition) => (definition.topics ?? []).map(({ name }) => name));
  expect([new Set(kinds).size, new Set(topics).size]).toEqual([kinds.length, topics.length]);
});

test('of a fifth subgraph what is left to do is named', () => {
  expect(problemsOf(fifth, 4005)).toEqual([
    'test/graph/fifthSubgraph/qualification/mappers.ts: is missing',
    'prisma/migrations: no schema qualification (prisma/schema.sql)',
    'docker/compose.yml: no service qualification that runs node subgraphs/main.ts qualification',
    'docker/compose.yml: SUBGRAPHS has no qualification=http://qualification:4005/graphql',
    'docker/monitoring/prometheus.yml: no target qualification:4005',
  ]);
});
