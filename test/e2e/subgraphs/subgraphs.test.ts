import { Kind } from 'graphql';
import { subgraphTypeDefs } from '#kit/schema/typeDefs.ts';
import type { SubgraphDefinition } from '#records/subgraph.ts';
import { definitions, subgraphNames } from '#subgraphs/definitions.ts';
import { codesByActs, startDemoGraph, type DemoGraph } from '#test/support/demo.ts';
import { askGateway } from '#test/support/graph.ts';
import { freePort, startProcess, type TestProcess } from '#test/support/processes.ts';
import { purposeFor } from '#test/support/purposes.ts';
import { type CheckedQuery, checkedQueries } from '#test/support/queries.ts';

// Five processes as in production: the gateway and each subgraph on its own, over one database.

const KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;

let demo: DemoGraph;
let gateway: TestProcess;
/** Each subgraph comes back at the port that it had. */
const ports = new Map<string, number>();
const subgraphs = new Map<string, TestProcess>();
let code: string;
let queries: CheckedQuery[];

const environment = (): Record<string, string> => ({
  DATABASE_URL: demo.database.url,
  DATA_DIR: demo.issuer.dataDir,
  PASSPORT_KEYS: KEYS,
  CURSOR_KEYS: KEYS,
  DIGEST_KEYS: KEYS,
  LOG_LEVEL: 'error',
});
const startSubgraph = async (name: string): Promise<void> => {
  const PORT = String(ports.get(name));
  subgraphs.set(name, await startProcess('subgraphs/main.ts', [name], { ...environment(), PORT }));
};

beforeAll(async () => {
  demo = await startDemoGraph({ entities: 150 });
  const codes = await codesByActs(demo);
  [code = ''] = codes;
  const names = await demo.sql("select name from entity.profile where kind = 'ENTERPRISE' order by uscc limit 1");
  queries = checkedQueries(
    codes,
    demo.knownAt,
    names.map(({ name }) => String(name)),
  );
  for (const name of subgraphNames) ports.set(name, await freePort());
  await Promise.all(subgraphNames.map(startSubgraph));
  const remote = subgraphNames.map((name) => `${name}=http://127.0.0.1:${ports.get(name)}/graphql`).join(',');
  gateway = await startProcess('gateway/main.ts', [], { ...environment(), PORT: '0', SUBGRAPHS: remote });
}, 120_000);
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  for (const subgraph of subgraphs.values()) await subgraph[Symbol.asyncDispose]();
  await demo[Symbol.asyncDispose]();
});

const FILE = `query ($uscc: USCC!, $knownAt: DateTime!) {
  creditFile(uscc: $uscc, validAt: "2026-09-30", knownAt: $knownAt) {
    uscc
    entity { name }
    administrativeActs(first: 2) { nodes { documentNo } }
    commitments(first: 2) { nodes { commitmentNo } }
    nameListEntries(first: 2) { nodes { documentNo } }
    hasActiveSeriousListing
    evaluations { grade }
  }
}`;

interface Answer {
  readonly data: { creditFile: Record<string, unknown> };
  readonly errors?: { path: string[]; message: string; extensions: Record<string, unknown> }[];
  readonly extensions: { completeness: { status: string; missing: { source: string; paths: string[] }[] } };
}

async function ask(): Promise<{ text: string; answer: Answer }> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: FILE, variables: { uscc: code, knownAt: demo.knownAt } }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  return { text, answer: JSON.parse(text) };
}

/** The fields that a subgraph adds to a credit file, in the order of their names. */
function fieldsOf(name: string): string[] {
  const { schemaFile } = definitions.find((each) => each.name === name) as SubgraphDefinition; // a name of the list
  return subgraphTypeDefs(schemaFile)
    .definitions.flatMap((node) =>
      node.kind === Kind.OBJECT_TYPE_DEFINITION && node.name.value === 'CreditFile' ? (node.fields ?? []) : [],
    )
    .map((field) => field.name.value)
    .toSorted();
}

async function untilWhole(): Promise<Answer> {
  const deadline = AbortSignal.timeout(30_000);
  for (;;) {
    const { answer } = await ask();
    if (answer.extensions.completeness.status === 'COMPLETE') return answer;
    deadline.throwIfAborted();
  }
}

test('forty and more queries return the same bytes in one process and from four over HTTP', async () => {
  expect(queries.length).toBeGreaterThanOrEqual(40);
  expect(new Set(queries.map(({ name }) => name)).size).toBe(queries.length);
  for (const { name, role, query, variables } of queries) {
    for (const round of [1, 2, 3]) {
      const here = await demo.query(role, query, variables);
      const there = await askGateway(
        gateway.url,
        role === 'PUBLIC' ? null : demo.tokenOf(role),
        query,
        variables,
        purposeFor(role),
      );
      expect({ name, round, status: there.status, text: there.text }).toEqual({
        name,
        round,
        status: here.status,
        text: here.text,
      });
    }
  }
}, 120_000);

test.each(subgraphNames)(
  'with %s killed its fields are null with path and code, the rest is answered, and nothing of the inside shows',
  async (name) => {
    const { data: whole, errors } = await untilWhole();
    expect(errors).toBeUndefined();
    expect(whole.creditFile['hasActiveSeriousListing']).not.toBeNull();

    await subgraphs.get(name)?.kill();
    const { text, answer } = await ask();
    const lost = fieldsOf(name).filter((field) => field !== 'uscc' && Object.hasOwn(whole.creditFile, field));
    if (lost.length === 0) throw new Error(`FILE above selects no field of ${name}: ${fieldsOf(name).join(', ')}`);
    expect(answer.data).toEqual({
      creditFile: { ...whole.creditFile, ...Object.fromEntries(lost.map((field) => [field, null])) },
    });
    expect(answer.errors).toEqual(
      lost.map((field) => ({
        message: `The ${name} source is unavailable.`,
        path: ['creditFile', field],
        extensions: { code: 'SUBGRAPH_UNAVAILABLE', source: name, retryable: true },
      })),
    );
    expect(answer.extensions.completeness).toEqual({
      status: 'PARTIAL',
      missing: [{ source: name, paths: lost.map((field) => `creditFile.${field}`) }],
    });
    expect(text).not.toMatch(
      new RegExp(
        `127\\.0\\.0\\.1|localhost|${ports.get(name)}|ECONN|select |\\.ts\\b|node_modules|at \\w+ \\(|stack`,
        'i',
      ),
    );

    await startSubgraph(name);
    expect((await untilWhole()).data).toEqual(whole);
  },
  90_000,
);
