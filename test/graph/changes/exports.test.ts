import { createHash, randomUUID } from 'node:crypto';
import type { Role } from '#policy/roles.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered, pageOf } from '#test/support/listings.ts';
import { daysFromNow } from '#test/support/registered.ts';
import { until } from '#test/support/until.ts';
import { purposeFor } from '#test/support/purposes.ts';

// Exports as their clients see them; snapshot.test.ts tests them together with the log.

let graph: TestGraph;
const open = Array.from({ length: 7 }, () => newEntity());
const shared = Array.from({ length: 3 }, () => newEntity());
const repaired = newEntity();
beforeAll(async () => {
  graph = await startGraph();
  await list(
    graph,
    ...open.map((uscc) => ({ uscc })),
    ...shared.map((uscc) => ({ uscc, level: '政务共享' as const })),
    { uscc: repaired },
  );
  await list(graph, { uscc: repaired, removedOn: daysFromNow(-1), removalReason: '信用修复' });
  await numbered(graph);
});
afterAll(() => graph[Symbol.asyncDispose]());

const EXPORT = 'id status rows progress manifest cursor knownAt expiresAt failure parts { no path digest bytes rows }';
interface Export {
  readonly id: string;
  readonly status: string;
  readonly rows: number;
  readonly manifest: string | null;
  readonly cursor: string;
  readonly parts: readonly {
    readonly no: number;
    readonly path: string;
    readonly digest: string;
    readonly bytes: number;
    readonly rows: number;
  }[];
}
async function create(role: Role, input: Record<string, unknown>): Promise<Record<string, unknown>> {
  const { body, text } = await graph.query(
    role,
    `mutation ($input: CreateExportInput!) {
      createExport(input: $input) {
        __typename ... on ExportCreated { export { ${EXPORT} } } ... on DomainError { code message path }
      }
    }`,
    { input: { idempotencyKey: randomUUID(), ...input } },
    { purpose: purposeFor(role) },
  );
  const answer = body.data?.['createExport'] as Record<string, unknown> | null | undefined;
  if (!answer) throw new Error(text);
  return answer;
}
const find = async (role: Role, id: string): Promise<Export | null> =>
  ((
    await graph.query(role, `query ($id: ID!) { export(id: $id) { ${EXPORT} } }`, { id }, { purpose: purposeFor(role) })
  ).body.data?.['export'] ?? null) as Export | null;
async function completed(role: Role, input: Record<string, unknown>): Promise<Export> {
  const { export: made } = (await create(role, input)) as { export: Export };
  return until('the export is complete', async () => {
    const found = await find(role, made.id);
    return found?.status === 'COMPLETED' && found;
  });
}
const read = (role: Role, path: string): Promise<Response> =>
  fetch(`${graph.url}${path}`, {
    headers:
      role === 'PUBLIC'
        ? {}
        : {
            authorization: `Bearer ${graph.tokenOf(role)}`,
            ...(purposeFor(role) === null ? null : { 'x-purpose': purposeFor(role) ?? '' }),
          },
  });
async function rowsOf(role: Role, { parts }: Export): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for (const { path, digest, bytes } of parts) {
    const response = await read(role, path);
    const text = await response.text();
    expect({
      status: response.status,
      digest: createHash('sha256').update(text).digest('hex'),
      bytes: Buffer.byteLength(text),
      header: response.headers.get('content-digest'),
    }).toEqual({ status: 200, digest, bytes, header: `sha-256=:${Buffer.from(digest, 'hex').toString('base64')}:` });
    rows.push(
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    );
  }
  return rows;
}

test('it has what its owner may see, in order, with digests that verify', async () => {
  const made = await completed('FINANCIAL_INSTITUTION', {
    nameListChanges: {},
    fields: 'recordId version subject { uscc } entry { grounds }',
  });
  const rows = await rowsOf('FINANCIAL_INSTITUTION', made);
  expect(rows).toEqual(
    open.toSorted().map((uscc) => ({
      change: { recordId: expect.any(String), version: 1, subject: { uscc }, entry: { grounds: '示例事由' } },
    })),
  );
  expect(made).toMatchObject({
    rows: 7,
    progress: 1,
    failure: null,
    manifest: createHash('sha256')
      .update(made.parts.map(({ digest }) => `${digest}\n`).join(''))
      .digest('hex'),
  });
  const ofProvince = await completed('PROVINCIAL_PLATFORM', { nameListChanges: { provinces: ['33'] } });
  expect(
    (await rowsOf('PROVINCIAL_PLATFORM', ofProvince)).map(
      ({ change }) => (change as { subject: { uscc: string } }).subject.uscc,
    ),
  ).toEqual([...open, ...shared].toSorted());
  // Its cursor is one that pages take.
  expect(
    pageOf(
      await graph.query(
        'PROVINCIAL_PLATFORM',
        `query ($after: Cursor) {
          nameListChanges(filter: { provinces: ["33"] }, first: 10, after: $after) {
            hasMore endCursor events { __typename }
          }
        }`,
        { after: ofProvince.cursor },
      ),
    ).events,
  ).toEqual([]);
});

test('rights are those of the moment of reading: what was repaired since is not in the part any more', async () => {
  const uscc = newEntity('440305');
  await list(graph, { uscc });
  await numbered(graph);
  const made = await completed('FINANCIAL_INSTITUTION', { nameListChanges: { provinces: ['44'] } });
  expect(await rowsOf('FINANCIAL_INSTITUTION', made)).toHaveLength(1);
  await list(graph, { uscc, removedOn: daysFromNow(-1), removalReason: '信用修复' });
  const response = await read('FINANCIAL_INSTITUTION', made.parts[0]?.path as string);
  expect({ status: response.status, text: await response.text() }).toEqual({ status: 200, text: '' });
  await list(graph, { uscc, level: '政务共享' });
});

test('what came into sight after the cursor is left to the changes, which tell when it goes', async () => {
  // Between two that everybody may see, so that a part reaches over it.
  const [first, uscc, last] = Array.from({ length: 3 }, () => newEntity('510104')).toSorted() as [
    string,
    string,
    string,
  ];
  await list(graph, { uscc: first }, { uscc, level: '政务共享' }, { uscc: last });
  await numbered(graph);
  const made = await completed('FINANCIAL_INSTITUTION', { nameListChanges: { provinces: ['51'] } });
  const tail = async (): Promise<unknown> =>
    pageOf(
      await graph.query(
        'FINANCIAL_INSTITUTION',
        `query ($after: Cursor) {
          nameListChanges(filter: { provinces: ["51"] }, first: 10, after: $after) {
            hasMore endCursor
            events { ... on NameListChange { kind version } }
          }
        }`,
        { after: made.cursor },
        { purpose: 'CREDIT_GRANTING' },
      ),
    ).events;
  await list(graph, { uscc });
  // Whether or not the change has its number yet.
  const text = await (await read('FINANCIAL_INSTITUTION', made.parts[0]?.path as string)).text();
  expect(
    text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { change: { subject: { uscc: string } } }).change.subject.uscc),
  ).toEqual([first, last]);
  await numbered(graph);
  expect(await tail()).toEqual([{ kind: 'CORRECTED', version: 2 }]);
  await list(graph, { uscc, level: '政务共享' });
  await numbered(graph);
  expect(await tail()).toEqual([]);
});

test('others have none of it: not the public, not an operator, not another organisation', async () => {
  const made = await completed('FINANCIAL_INSTITUTION', { nameListChanges: {} });
  for (const role of ['PUBLIC', 'OPERATOR', 'CREDIT_SERVICE_AGENCY'] as const) {
    const response = await read(role, made.parts[0]?.path as string);
    expect({ role, status: response.status, body: await response.json() }).toEqual({
      role,
      status: 404,
      body: {
        errors: [{ message: 'Your organisation has no such part of an export.', extensions: { code: 'NOT_FOUND' } }],
      },
    });
  }
  expect(await find('CREDIT_SERVICE_AGENCY', made.id)).toBeNull();
  expect(
    (
      await graph.query(
        'PUBLIC',
        'mutation { createExport(input: { idempotencyKey: "x", nameListChanges: {} }) { __typename } }',
      )
    ).body,
  ).toMatchObject({ data: { createExport: null }, errors: [{ extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } }] });
  const mine = await graph.query(
    'CREDIT_SERVICE_AGENCY',
    '{ viewer { exports(first: 10) { nodes { id } totalCount { value } } } }',
    {},
    { purpose: 'CREDIT_SERVICE' },
  );
  expect(mine.body.data).toEqual({ viewer: { exports: { nodes: [], totalCount: { value: 0 } } } });
});

test('a part is read for the purpose that the export was made for', async () => {
  const made = await completed('FINANCIAL_INSTITUTION', { nameListChanges: {} });
  const response = await fetch(`${graph.url}${made.parts[0]?.path}`, {
    headers: { authorization: `Bearer ${graph.tokenOf('FINANCIAL_INSTITUTION')}` },
  });
  expect({ status: response.status, body: await response.json() }).toEqual({
    status: 400,
    body: {
      errors: [
        {
          message: 'This export was made for the purpose CREDIT_GRANTING: name it in the header x-purpose.',
          extensions: { code: 'PURPOSE_REQUIRED' },
        },
      ],
    },
  });
});

test('fields that do not exist, exceed a selection or are denied to the role are refused by reason', async () => {
  const refused = async (fields: string): Promise<unknown> => {
    const { code, message, path } = await create('FINANCIAL_INSTITUTION', { nameListChanges: {}, fields });
    return { code, message, path };
  };
  expect(await refused('nonsense')).toEqual({
    code: 'FIELDS',
    path: ['input', 'fields'],
    message: expect.stringContaining('Cannot query field "nonsense"'),
  });
  expect(await refused('recordId } } query { viewer { role')).toEqual({
    code: 'FIELDS',
    path: ['input', 'fields'],
    message: expect.any(String),
  });
  expect(await refused('recordId } fragment f on Query { viewer { role }')).toEqual({
    code: 'FIELDS',
    path: ['input', 'fields'],
    message: expect.any(String),
  });
  expect(await refused('entry { digest }')).toEqual({
    code: 'FIELDS',
    path: ['input', 'fields'],
    message: 'entry.digest: Your role may not see this field.',
  });
  expect(await create('FINANCIAL_INSTITUTION', {})).toMatchObject({ code: 'TOPIC' });
});

test('parts are made by several gateways alike, and one that was cut off is gone on with', async () => {
  const made = await completed('NATIONAL_CENTRE', { nameListChanges: {} });
  const parts = await graph.sql(
    `select number, to_uscc, encode(digest, 'hex') as digest
      from gateway.export_part
      where export = $1
      order by number`,
    [made.id],
  );
  // As after a kill: it is running, its lease is over, and its last part is missing.
  await graph.sql(
    `with gone as (delete from gateway.export_part where export = $1)
      update gateway.export
      set status = 'RUNNING', row_count = 0, leased_until = now() - interval '1 second'
      where id = $1`,
    [made.id],
  );
  await until('it is complete again', async () => (await find('NATIONAL_CENTRE', made.id))?.status === 'COMPLETED');
  expect(
    await graph.sql(
      `select number, to_uscc, encode(digest, 'hex') as digest
        from gateway.export_part
        where export = $1
        order by number`,
      [made.id],
    ),
  ).toEqual(parts);
});

test('ten that are not done are all that there may be', async () => {
  const { organisation } = organisationOf('CREDIT_SERVICE_AGENCY');
  // Ten whose making is another gateway's.
  await graph.sql(
    `insert into gateway.export (id, organisation, role, purpose, topic, filter, status, known_at, valid_at,
        position, selection, leased_until, created_at, expires_at)
      select gen_random_uuid(), $1, 'CREDIT_SERVICE_AGENCY', 'SUPERVISION', 'NAME_LIST', '{}', 'RUNNING', now(),
        now(), '0', '{ recordId }', now() + interval '1 hour', now(), now() + interval '1 day'
      from generate_series(1, 10)`,
    [organisation],
  );
  const input = { idempotencyKey: randomUUID(), nameListChanges: {} };
  expect(await create('CREDIT_SERVICE_AGENCY', input)).toEqual({
    __typename: 'InvalidInput',
    code: 'TOO_MANY',
    message: 'An organisation has at most 10 exports in a role that are not done: wait for one, or cancel it.',
    path: ['input'],
  });
  await graph.sql(
    `update gateway.export
      set status = 'COMPLETED'
      where id = (select id from gateway.export where organisation = $1 limit 1)`,
    [organisation],
  );
  // Nothing was done under the key: it is free.
  expect(await create('CREDIT_SERVICE_AGENCY', input)).toMatchObject({ __typename: 'ExportCreated' });
});

test('it is cancelled, it expires, and the same key makes one', async () => {
  const input = { idempotencyKey: randomUUID(), nameListChanges: {} };
  const first = (await create('NATIONAL_CENTRE', input)) as { export: Export };
  expect(((await create('NATIONAL_CENTRE', input)) as { export: Export }).export.id).toBe(first.export.id);
  expect(await create('NATIONAL_CENTRE', { ...input, nameListChanges: { provinces: ['33'] } })).toMatchObject({
    __typename: 'Conflict',
    code: 'IDEMPOTENCY_KEY',
  });
  await until('it is complete', async () => (await find('NATIONAL_CENTRE', first.export.id))?.status === 'COMPLETED');
  await graph.sql(
    "update gateway.export set status = 'RUNNING', leased_until = now() + interval '1 hour' where id = $1",
    [first.export.id],
  );
  const cancelled = await graph.query(
    'NATIONAL_CENTRE',
    `mutation ($input: CancelExportInput!) {
      cancelExport(input: $input) { ... on ExportCancelled { export { status } } }
    }`,
    { input: { idempotencyKey: randomUUID(), id: first.export.id } },
  );
  expect(cancelled.body.data).toEqual({ cancelExport: { export: { status: 'CANCELLING' } } });
  await graph.sql('update gateway.export set leased_until = now() where id = $1', [first.export.id]);
  await until('it is cancelled', async () => (await find('NATIONAL_CENTRE', first.export.id))?.status === 'CANCELLED');
  expect(
    (await read('NATIONAL_CENTRE', first.export.parts[0]?.path ?? `/exports/${first.export.id}/parts/1`)).status,
  ).toBe(410);
  const over = await completed('NATIONAL_CENTRE', { nameListChanges: {} });
  await graph.sql("update gateway.export set expires_at = now() - interval '1 second' where id = $1", [over.id]);
  expect((await find('NATIONAL_CENTRE', over.id))?.status).toBe('EXPIRED');
  expect((await read('NATIONAL_CENTRE', over.parts[0]?.path as string)).status).toBe(410);
});
