import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { openDatabase } from '#test/support/database.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { corpus } from './corpus.ts';
import { probes } from './probes.ts';
import { changes, pageOf, streamOf } from './selections.ts';
import { answerOf, bodyOf, firms, hidden, plant, shadow, sites, type Answer, type Operation } from './world.ts';

// What the public may not see has no effect on its answers: two databases that differ in hidden values and rows alone
// return the same bytes to it, for every request. This finds what no canary does: a count, an order, a page end, an
// error that says that something is there (security.md §4, I1).

const watchlist = randomUUID();
const stack = new AsyncDisposableStack();
const graphs: TestGraph[] = [];
let knownAt = '';

beforeAll(async () => {
  // Rights are those of now: both graphs have the same.
  const at = new Date();
  const now = () => at;
  const first = stack.use(await openDatabase());
  {
    await using planting = await startGraph({ database: first, now });
    await plant(planting);
    await planting.gateway.sources.refresh();
    knownAt = await planting.gateway.sources.sealed();
  }
  const second = `${new URL(first.url).pathname.slice(1)}_b`;
  const secondUrl = Object.assign(new URL(first.url), { pathname: `/${second}` }).href;
  await onDatabase(first.server.url, (client) =>
    client.query(`create database ${second} template ${new URL(first.url).pathname.slice(1)}`),
  );
  stack.defer(() =>
    onDatabase(first.server.url, (client) => client.query(`drop database if exists ${second} with (force)`)),
  );
  await onDatabase(secondUrl, async (client) => {
    for (const statement of differences(knownAt)) {
      const { rowCount } = await client.query(statement);
      if (!rowCount) throw new Error(`changed nothing: ${statement}`);
    }
  });
  for (const database of [first, { ...first, url: secondUrl }])
    graphs.push(stack.use(await startGraph({ database, now })));
});
afterAll(() => stack.disposeAsync());

async function onDatabase(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await work(client).finally(() => client.end());
}

/** How a row is hidden from the public: its level, from when and until when it is published, when it was withdrawn. */
const RIGHTS = {
  shared: `'GOV_SHARED', null, null, null`,
  restricted: `'RESTRICTED', null, null, null`,
  internal: `'INTERNAL', null, null, null`,
  ended: `'PUBLIC', '2026-01-01', '2026-06-30', null`,
  future: `'PUBLIC', '2089-01-01', '2090-01-01', null`,
  withdrawn: `'PUBLIC', '2026-01-01', '2090-01-01', '2026-07-01'`,
};
/** Tables of records, and the columns that each has for itself. */
const TABLES = {
  'disclosure.act': ['kind', 'document_no', 'authority_name', 'decided_on'],
  'disclosure.commitment': ['kind', 'commitment_no', 'made_on'],
  'disclosure.judicial_record': ['kind', 'case_no', 'court_name', 'decided_on'],
  'disclosure.complaint': ['kind', 'complaint_no', 'handled_on'],
  'namelist.entry': ['list_type', 'category', 'document_no', 'authority_name', 'listed_on', 'term_until', 'removed_on'],
  'evaluation.result': ['scheme', 'scheme_version', 'grade', 'score', 'score_max', 'evaluated_on'],
};
const COMMON = [
  'digest',
  'source_unit',
  'source_unit_name',
  'source_record_id',
  'catalogue_code',
  'collected_at',
  'province',
  'sector',
  'determining_unit',
  'valid_from',
  'valid_to',
  'content',
  'additional_fields',
];

/** When the hidden rows were recorded: just before the instant that is asked for. */
const recorded = (at: string): string => `timestamptz '${at}' - interval '1 second'`;

/** Statements that change what is hidden from the public and nothing else. */
const differences = (at: string): string[] => [
  ...hiddenRows(at),
  ...restrictedValues(),
  ...hiddenChanges(at),
  ...belongingsOfOthers(),
  ...hiddenOfEntities(),
];

/** More hidden rows, first in every order: the published record of the newest day under other ids, about everybody. */
const hiddenRows = (at: string): string[] =>
  Object.entries(TABLES).flatMap(([table, own]) =>
    [
      sites.near.uscc,
      sites.far.uscc,
      shadow,
      ...(table === 'namelist.entry' || table === 'evaluation.result' ? [firms.near.uscc, firms.far.uscc] : []),
    ].flatMap((uscc) =>
      Object.values(RIGHTS).flatMap((right) => [
        `insert into ${table} (uscc, record_id, version, disclosure_level, public_from, public_until,
            withdrawn_on, recorded_at, ${[...COMMON, ...own].join(', ')})
        select '${uscc}', '${randomUUID()}', 1, ${right}, ${recorded(at)}, ${[...COMMON, ...own].join(', ')}
        from ${table}
        where source_record_id like 'zqnear%publicrecordidzq'
        limit 1`,
      ]),
    ),
  );

/** Other values in the restricted fields of what is published. */
const restrictedValues = (): string[] =>
  Object.keys(TABLES).flatMap((table) => [
    `update ${table}
      set source_record_id = 'another', digest = decode('00', 'hex'),
        additional_fields = '{"another":"another","more":"more"}', content = content || '{"remark":"another"}'
      where disclosure_level = 'PUBLIC'`,
    `update ${table}
      set content = content ||
          '{"facts":"another","grounds":"another","matter":"another","evaluatorName":"another"}',
        source_unit_name = 'another'
      where disclosure_level <> 'PUBLIC'`,
  ]);

const RIGHTS_OF =
  'disclosure_level, public_from, public_until, withdrawn_on, province, sector, source_unit, determining_unit';
/** Each of the hidden rows of lists and evaluations is a change, too: a hidden one before each visible one. */
function hiddenChanges(at: string): string[] {
  const delivered = (table: string, topic: string, type: string, category: string): string =>
    `insert into feed.log (seq, topic, kind, uscc, record_id, version, recorded_at, ${RIGHTS_OF}, type,
        category, basis, row_count, sequenced_at)
     select least(0, (select min(seq) from feed.log)) - row_number() over (order by uscc, record_id),
       '${topic}', 'ADDED', uscc, record_id, version, recorded_at, ${RIGHTS_OF}, ${type}, ${category},
       '{"documentNo":"another","legalBasis":"another","cause":"another"}', 1, recorded_at
     from ${table}
     where recorded_at = ${recorded(at)}`;
  return [
    delivered('namelist.entry', 'NAME_LIST', 'list_type', 'category'),
    delivered('evaluation.result', 'EVALUATION', 'scheme', 'null'),
    `update feed.log log
      set seq = 1000000 + placed.position
      from (select seq, row_number() over (order by abs(seq), seq) as position from feed.log) placed
      where placed.seq = log.seq`,
    'update feed.log set seq = seq - 1000000',
    'update feed.sequencer set last_seq = (select max(seq) from feed.log)',
  ];
}

/** What others have for themselves. */
function belongingsOfOthers(): string[] {
  const bank = organisationOf('FINANCIAL_INSTITUTION').organisation;
  const follower = `'${bank}', 'FINANCIAL_INSTITUTION'`;
  return [
    `insert into gateway.watchlist (id, organisation, role, name, size, created_at)
      values ('${watchlist}', ${follower}, 'another', 1, now())`,
    `insert into gateway.watchlist_item (watchlist, uscc, added_at, told_at)
      values ('${watchlist}', '${firms.near.uscc}', now(), now())`,
    `insert into gateway.webhook (id, organisation, role, purpose, url, topic, filter, secret, state,
        state_reason, position, next_attempt_at, created_at)
      values ('${randomUUID()}', ${follower}, 'SUPERVISION', 'https://hooks.invalid/another', 'NAME_LIST', '{}',
        '', 'PAUSED', 'REQUESTED', '0 0 0', now(), now())`,
    `insert into gateway.export (id, organisation, role, purpose, topic, filter, status, known_at, valid_at,
        position, selection, created_at, expires_at)
      values ('${randomUUID()}', ${follower}, 'SUPERVISION', 'NAME_LIST', '{}', 'COMPLETED', now(),
        current_date, '0', '{ id }', now(), now() + interval '1 day')`,
    `insert into consent.consent (id, subject, grantee, purpose, given_at, expires_at)
      values ('${randomUUID()}', '${sites.near.uscc}', '${bank}', 'SUPERVISION', now(), now() + interval '1 day')`,
    `insert into gateway.revoked_token (token_id, reason, revoked_at, revoked_by) values ('x', 'x', now(), 'x')`,
  ];
}

/** Other values in what of evaluations and of the register is not for the public. */
const hiddenOfEntities = (): string[] => [
  `update evaluation.result
      set score = 12.5, score_max = null, content = content || '{"indicators":[],"reasons":["another"]}'`,
  `update entity.profile
      set content = content || jsonb_build_object('phone', '13900000000', 'legalRepresentative', '王另外的名字',
        'address', (content ->> 'address') || '另外的楼')
      where kind = 'SELF_EMPLOYED'`,
  `update entity.profile
      set content = content - 'phone' || '{"capitalText":"1"}', source_record_id = null, digest = decode('00',
        'hex'), additional_fields = null
      where kind <> 'SELF_EMPLOYED'`,
  `update entity.profile
      set name = '杭州市可见另外有限公司', content = content || '{"name":"杭州市可见另外有限公司","formerNames":["杭州市可见之店"]}'
      where uscc = '${hidden}'`,
  `insert into entity.name (uscc, name, kind, status, province)
      values ('${hidden}', '杭州市可见另外有限公司', 'ENTERPRISE', 'ACTIVE', '33')`,
  `insert into entity.identifier (uscc, scheme, value)
      values ('${hidden}', 'REGISTRATION_NUMBER', '330106000000001')`,
];

const ask = async (
  graph: TestGraph,
  {
    query,
    variables,
    operationName,
    headers = {},
    path,
    body,
    events,
    method = path === undefined ? 'POST' : 'GET',
  }: Operation,
): Promise<Answer> => {
  const address =
    method === 'GET' && query
      ? `/graphql?${new URLSearchParams({ query, variables: JSON.stringify(variables ?? {}) })}`
      : (path ?? '/graphql');
  const response = await fetch(`${graph.url}${address}`, {
    method,
    headers: {
      ...(method === 'GET' ? { 'apollo-require-preflight': '1' } : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(method === 'GET' ? null : { body: JSON.stringify(body ?? { query, variables, operationName }) }),
  });
  return answerOf(response, events);
};

// How far a source is complete moves on with the clock of the database; a cursor of a search holds that instant. A
// cursor of changes holds a number of the log.
const steady = ({ status, headers, text }: Answer): Answer => ({
  status,
  headers,
  text: text
    .replaceAll(/"(endCursor|cursor)":"[^"]+"/g, (cursor, name: string) => `"${name}":${cursor.length}`)
    .replaceAll(/^id: .*$/gm, (line) => `id: ${line.length}`)
    .replaceAll(/"knownThrough":\{[^}]+\}/g, '"knownThrough":{…}')
    .replaceAll(/an instant up to [^"]+/g, 'an instant up to …'),
});

test('two databases that differ in what the public may not see give it the same bytes, whatever it asks', async () => {
  const [one, other] = graphs as [TestGraph, TestGraph];
  const operations = [
    ...corpus(knownAt),
    ...[
      '可见',
      '可见另外',
      '另外的名字',
      '13900000000',
      '330106000000001',
      '杭州市可见另外有限公司',
      'another',
      hidden,
      watchlist,
    ].flatMap((text) => probes(text, knownAt)),
  ];
  expect(operations.length).toBeGreaterThan(200);
  const differing: string[] = [];
  let answered = 0;
  for (const operation of operations) {
    const [before, after] = [steady(await ask(one, operation)), steady(await ask(other, operation))];
    if (before.text.includes('"data":{')) answered += 1;
    try {
      expect(after).toEqual(before);
    } catch (error) {
      differing.push(`${operation.name}: ${(error as Error).message}`);
    }
  }
  expect(differing).toEqual([]);
  expect(answered).toBeGreaterThan(operations.length / 2);
});

test('pages of changes of every size, and streams from every change on, give the public the same bytes', async () => {
  for (const kind of Object.values(changes)) {
    const read = async (graph: TestGraph, after: string | null, first: number) => {
      const answer = await ask(graph, {
        name: kind.field,
        query: pageOf(kind),
        variables: { filter: {}, after, first },
      });
      return {
        answer,
        page: bodyOf(answer).data?.[kind.field] as {
          events: { cursor: string }[];
          hasMore: boolean;
          endCursor: string;
        },
      };
    };
    for (const first of [1, 2, 3, 1000]) {
      const [before, after] = await Promise.all(
        graphs.map(async (graph) => {
          const answers: Answer[] = [];
          for (let cursor: string | null = null, more = true; more;) {
            const { answer, page } = await read(graph, cursor, first);
            answers.push(steady(answer));
            ({ endCursor: cursor, hasMore: more } = page);
          }
          return answers;
        }),
      );
      expect(after).toEqual(before);
    }
    const delivered = await Promise.all(
      graphs.map(async (graph) => {
        const {
          page: { events },
        } = await read(graph, null, 1000);
        const answers: Answer[] = [];
        for (const [index, { cursor }] of events.slice(0, -1).entries())
          answers.push(
            steady(
              await ask(graph, {
                name: kind.field,
                query: streamOf(kind),
                variables: { filter: {}, after: cursor },
                headers: { accept: 'text/event-stream' },
                events: events.length - 1 - index,
              }),
            ),
          );
        return answers;
      }),
    );
    expect(delivered[0]?.length).toBeGreaterThan(0);
    expect(delivered[1]).toEqual(delivered[0]);
  }
});

test('an auditor sees the difference, so there was one', async () => {
  const query = `query ($u: USCC!, $k: DateTime) {
    creditFile(uscc: $u, knownAt: $k) {
      administrativeActs(first: 1) { totalCount { value } }
      commitments(first: 1) { totalCount { value } }
      nameListEntries(first: 1) { totalCount { value } }
      evaluationHistory(scheme: "PUBLIC_CREDIT", first: 1) { totalCount { value } }
      entity { phone }
    }
  }`;
  const answers = await Promise.all(
    graphs.map((graph) => graph.query('AUDITOR', query, { u: sites.near.uscc, k: knownAt })),
  );
  expect(answers.map(({ body }) => body.data?.['creditFile'])).toEqual([
    {
      administrativeActs: { totalCount: { value: 22 } },
      commitments: { totalCount: { value: 7 } },
      nameListEntries: { totalCount: { value: 7 } },
      evaluationHistory: { totalCount: { value: 7 } },
      entity: { phone: 'zqnearphonezq' },
    },
    {
      administrativeActs: { totalCount: { value: 28 } },
      commitments: { totalCount: { value: 13 } },
      nameListEntries: { totalCount: { value: 13 } },
      evaluationHistory: { totalCount: { value: 13 } },
      entity: { phone: '13900000000' },
    },
  ]);
  const numbers = await Promise.all(
    graphs.map(async (graph) => {
      const { body } = await graph.query(
        'AUDITOR',
        `{
          nameListChanges(filter: {}, first: 1000) { events { __typename } }
          evaluationChanges(filter: {}, first: 1000) { events { __typename } }
        }`,
      );
      return Object.values(body.data as Record<string, { events: unknown[] }>).map(({ events }) => events.length);
    }),
  );
  expect(numbers).toEqual([
    [24, 23],
    [54, 53],
  ]);
});
