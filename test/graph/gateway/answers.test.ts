import { codesByActs, startDemoGraph, type DemoGraph } from '#test/support/demo.ts';
import { type Database, openDatabase, servers } from '#test/support/database.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { type CheckedQuery, checkedQueries } from '#test/support/queries.ts';

// What the queries of test/support/queries.ts answer. That they answer the same bytes from subgraph processes of their
// own, and what happens when one is killed, is in test/e2e/subgraphs. On the embedded PostgreSQL, and on a real server
// where there is one.

/** The errors of each query that has any, by the query's name. */
const expectedErrors = {
  'a whole file, as an operator': ['UNAUTHORIZED_FIELD_OR_TYPE'],
  'a file of an unknown code': ['NOT_FOUND'],
  'a file before anything was known': ['NOT_FOUND'],
  'the code alone, unknown': ['NOT_FOUND'],
  'scores, as the public': Array(3).fill('UNAUTHORIZED_FIELD_OR_TYPE'),
  'provenance, as a province that may see only its own': Array(2).fill('UNAUTHORIZED_FIELD_OR_TYPE'),
  'an entity': ['UNAUTHORIZED_FIELD_OR_TYPE'],
  'an unknown entity': ['NOT_FOUND'],
  'an invalid code in a variable': ['CHECK_CHARACTER'],
  'an invalid code in the text': ['CHECK_CHARACTER'],
  'many files': ['NOT_FOUND'],
  'results of many': ['NOT_FOUND'],
  'too many files': ['TOO_MANY'],
  'a search of one character': ['LENGTH'],
  'a page of no items': ['PAGE_SIZE'],
  'a page of 101': ['PAGE_SIZE'],
  'a page of none said': ['PAGE_SIZE'],
  'a cursor that is none': ['BAD_CURSOR'],
  'a field that does not exist': ['LENGTH', 'GRAPHQL_VALIDATION_FAILED'],
  'a variable that is missing': ['BAD_USER_INPUT'],
};

const UNSETTLED = `query ($uscc: USCC!) {
  creditFile(uscc: $uscc, knownAt: "2999-01-01T00:00:00Z") {
    entity { name } administrativeActs(first: 1) { nodes { id } } evaluations { grade }
  }
}`;

describe.each(servers())('on $name', (server) => {
  let database: Database;
  let inProcess: DemoGraph;
  let overHttp: TestGraph;
  let queries: CheckedQuery[];

  beforeAll(async () => {
    database = await openDatabase(server);
    inProcess = await startDemoGraph({ database });
    overHttp = await startGraph({ database, remote: true });
    const names = await inProcess.sql(
      "select name from entity.profile where kind = 'ENTERPRISE' order by uscc limit 1",
    );
    queries = checkedQueries(
      await codesByActs(inProcess),
      inProcess.knownAt,
      names.map(({ name }) => String(name)),
    );
  });
  afterAll(async () => {
    await overHttp[Symbol.asyncDispose]();
    await inProcess[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  test('what is compared is worth comparing: data where data is due, errors where errors are', async () => {
    const codes = new Map<string, unknown[]>();
    for (const { name, role, query, variables } of queries) {
      const { body } = await inProcess.query(role, query, variables);
      codes.set(
        name,
        (body.errors ?? []).map(({ extensions }) => extensions['reason'] ?? extensions['code']),
      );
    }
    expect(Object.fromEntries([...codes].filter(([, errors]) => errors.length > 0))).toEqual(expectedErrors);
  });

  test('a text that is known answers with the same status, headers and bytes as when it was new', async () => {
    for (const { name, role, query, variables } of queries) {
      const fresh = `${query} # ${name}`;
      const ask = async () => {
        const { status, text, headers } = await inProcess.query(role, fresh, variables);
        return {
          name,
          status,
          text,
          contentType: headers.get('content-type'),
          cacheControl: headers.get('cache-control'),
        };
      };
      const first = await ask();
      expect([await ask(), await ask()]).toEqual([first, first]);
    }
  }, 60_000);

  test('an instant that is not settled yet is refused by name, once, in both', async () => {
    for (const graph of [inProcess, overHttp]) {
      const { body } = await graph.query('PUBLIC', UNSETTLED, { uscc: '91110105MA0EEE1197' });
      expect(body.data).toEqual({ creditFile: null });
      expect(
        body.errors?.map(({ path, message, extensions }) => [
          path,
          message,
          extensions['code'],
          extensions['argument'],
        ]),
      ).toEqual([
        [
          ['creditFile'],
          'What was known at 2999-01-01T00:00:00.000Z is not settled yet.',
          'KNOWN_AT_TOO_LATE',
          'knownAt',
        ],
      ]);
    }
  });
});
