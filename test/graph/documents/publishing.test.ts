import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { createApi } from '#cli/api.ts';
import {
  confirmDocuments,
  documentLine,
  documentsOf,
  findManifest,
  findManifests,
  manifestLine,
  proposeDocuments,
  withdrawDocuments,
} from '#cli/documents.ts';
import { roles } from '#policy/roles.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { purposesOf } from '#test/support/purposes.ts';
import { byDigest, type Done, operatorsOf, sha256 } from '#test/support/trusted.ts';

// Manifests of documents, published by two operators through the public API.

let graph: TestGraph;
let operators: ReturnType<typeof operatorsOf>;
beforeAll(async () => {
  graph = await startGraph();
  operators = operatorsOf(graph);
});
afterAll(() => graph[Symbol.asyncDispose]());

const OPERATOR = organisationOf('OPERATOR').organisation;
const read = (file: string): string => readFileSync(join(import.meta.dirname, file), 'utf8');
let made = 0;
/** A text that nobody published. */
const newText = (): string => `query Numbered${(made += 1)} { purposes { code } }`;
const idOf = ({ manifest }: Done): string => String(manifest?.id);
const refused = (code: string, message: string | RegExp, ...path: string[]): Done =>
  ({
    __typename: 'InvalidInput',
    code,
    message: typeof message === 'string' ? message : expect.stringMatching(message),
    retryable: false,
    path: ['input', ...path],
  }) as Done;
const ask = async (role: 'PUBLIC' | 'FINANCIAL_INSTITUTION', documentId: string): Promise<unknown> => {
  const token = role === 'PUBLIC' ? null : graph.tokenOf(role);
  const response = await fetch(`${graph.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : null) },
    body: JSON.stringify({ documentId }),
  });
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return errors?.[0]?.extensions.code ?? 'ANSWERED';
};

test('one operator proposes, another publishes, a third withdraws: manifest, audit and effect agree', async () => {
  const [document] = byDigest(newText());
  if (!document) throw new Error('one');
  const before = new Date();
  const proposed = await operators.propose('1001', 'PUBLIC', [document]);
  const id = idOf(proposed);
  const manifest = {
    id,
    role: 'PUBLIC',
    version: null,
    state: 'PROPOSED',
    documentCount: 1,
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    proposedBy: OPERATOR,
    proposedByActor: '1001',
    proposedAt: expect.any(String),
    publishedBy: null,
    publishedByActor: null,
    publishedAt: null,
    withdrawnBy: null,
    withdrawnByActor: null,
    withdrawnAt: null,
  };
  expect(proposed).toEqual({ __typename: 'DocumentsProposed', manifest });
  expect(Date.parse(String(proposed.manifest?.['proposedAt']))).toBeGreaterThanOrEqual(before.getTime());
  expect(await ask('PUBLIC', document.id)).toBe('DOCUMENT_NOT_FOUND');

  const published = await operators.confirm('1002', id);
  const inForce = {
    ...manifest,
    version: 1,
    state: 'PUBLISHED',
    publishedBy: OPERATOR,
    publishedByActor: '1002',
    publishedAt: expect.any(String),
  };
  expect(published).toEqual({ __typename: 'DocumentsPublished', manifest: inForce });
  expect(await ask('PUBLIC', document.id)).toBe('ANSWERED');
  expect(await ask('FINANCIAL_INSTITUTION', document.id)).toBe('DOCUMENT_NOT_FOUND');

  const withdrawn = await operators.withdraw('1003', id);
  expect(withdrawn).toEqual({
    __typename: 'DocumentsWithdrawn',
    manifest: {
      ...inForce,
      state: 'WITHDRAWN',
      withdrawnBy: OPERATOR,
      withdrawnByActor: '1003',
      withdrawnAt: expect.any(String),
    },
  });
  expect(await ask('PUBLIC', document.id)).toBe('DOCUMENT_NOT_FOUND');

  const audited = await graph.sql(
    `select schema, action, organisation, role, actor, row_count, details
      from audit.change
      where details->>'manifest' = $1
      order by id`,
    [id],
  );
  expect(audited).toEqual(
    ['proposeDocuments', 'confirmDocuments', 'withdrawDocuments'].map((action, at) => ({
      schema: 'gateway',
      action,
      organisation: OPERATOR,
      role: 'OPERATOR',
      actor: `100${at + 1}`,
      row_count: 1,
      details: { manifest: id, role: 'PUBLIC' },
    })),
  );
});

test('nobody but operators proposes, publishes, withdraws or looks; auditors look', async () => {
  const [document] = byDigest(newText());
  const id = idOf(await operators.propose('1001', 'PUBLIC', document ? [document] : []));
  const looks = [
    'documentManifests(first: 1) { nodes { id } }',
    `documentManifest(id: "${id}") { role }`,
    `trustedDocuments(manifest: "${id}", first: 1) { nodes { text } }`,
  ];
  const does = [
    `proposeDocuments(
        input: { idempotencyKey: "k", role: "PUBLIC", documents: [{ id: "k", text: "query K { purposes { code } }" }] }
      ) {
        __typename
      }`,
    `confirmDocuments(input: { idempotencyKey: "k", id: "${id}" }) { __typename }`,
    `withdrawDocuments(input: { idempotencyKey: "k", id: "${id}" }) { __typename }`,
  ];
  const may: Record<string, string[]> = {};
  for (const role of roles) {
    may[role] = [];
    for (const [kind, text] of [
      ...looks.map((each) => ['query', each] as const),
      ...does.map((each) => ['mutation', each] as const),
    ]) {
      const token =
        role === 'PUBLIC' || role === 'OPERATOR'
          ? undefined
          : graph.issuer.token({
              role,
              organisation: organisationOf(role).organisation,
              purposes: purposesOf(role),
              actor: '1002',
            });
      if (role === 'OPERATOR' && kind === 'mutation') continue; // tried elsewhere
      const { body } = await graph.query(role, `${kind} { done: ${text} }`, {}, token === undefined ? {} : { token });
      if (body.data?.['done'] != null) may[role]?.push(text.slice(0, text.indexOf('(')));
      else expect(body.errors?.map(({ extensions }) => extensions['code'])).toEqual(['UNAUTHORIZED_FIELD_OR_TYPE']);
    }
  }
  const all = ['documentManifests', 'documentManifest', 'trustedDocuments'];
  expect(may).toEqual({ ...Object.fromEntries(roles.map((role) => [role, []])), AUDITOR: all, OPERATOR: all });
  expect((await graph.sql('select state from gateway.document_manifest where id = $1', [id]))[0]).toEqual({
    state: 'PROPOSED',
  });
});

test('two persons: the proposer does not publish, and a token without an actor does neither', async () => {
  const documents = byDigest(newText());
  expect(await operators.propose(null, 'PUBLIC', documents)).toEqual(
    refused(
      'SECOND_PERSON',
      'Documents are published by two persons, so your token has to say who acts (claim `actor`).',
    ),
  );
  const id = idOf(await operators.propose('1001', 'PUBLIC', documents));
  expect(await operators.confirm('1001', id)).toEqual(
    refused('SECOND_PERSON', 'Who proposed documents does not publish them: a second person does.', 'id'),
  );
  expect(await operators.confirm(null, id)).toEqual(refused('SECOND_PERSON', /claim `actor`/));
  expect((await operators.confirm('1002', id)).__typename).toBe('DocumentsPublished');
  expect(await operators.confirm('1002', id)).toEqual(refused('DECIDED', 'This manifest was published before.', 'id'));
  await operators.withdraw('1001', id);
  expect(await operators.withdraw('1001', id)).toEqual(refused('DECIDED', /withdrawn before/, 'id'));
  expect(await operators.confirm('1002', id)).toEqual(refused('DECIDED', /withdrawn before/, 'id'));
  for (const unknown of [randomUUID(), "'; drop table gateway.grant", '__proto__'])
    expect(await operators.confirm('1002', unknown)).toEqual(
      refused('NOT_FOUND', 'There is no manifest with this id.', 'id'),
    );
});

test('a key does its work once, also twice at the same moment; the same documents stand once', async () => {
  const documents = byDigest(newText());
  const key = { idempotencyKey: randomUUID() };
  const [one, other] = await Promise.all([
    operators.propose('1001', 'ASSESSOR', documents, key),
    operators.propose('1001', 'ASSESSOR', documents, key),
  ]);
  expect(one).toEqual(other);
  expect(await operators.propose('1001', 'ASSESSOR', byDigest(newText()), key)).toMatchObject({
    __typename: 'Conflict',
    code: 'IDEMPOTENCY_KEY',
  });
  expect(idOf(await operators.propose('1003', 'ASSESSOR', documents))).toBe(idOf(one));
  const confirming = { idempotencyKey: randomUUID() };
  const confirmed = await Promise.all([
    operators.confirm('1002', idOf(one), confirming),
    operators.confirm('1002', idOf(one), confirming),
  ]);
  expect(confirmed[0]).toEqual(confirmed[1]);
  expect(confirmed[0]).toMatchObject({ __typename: 'DocumentsPublished', manifest: { version: 1 } });
  const next = idOf(await operators.propose('1001', 'ASSESSOR', byDigest(newText())));
  const both = await Promise.all([operators.confirm('1002', next), operators.confirm('1003', next)]);
  expect(both.map(({ __typename, code }) => code ?? __typename).toSorted()).toEqual(['DECIDED', 'DocumentsPublished']);
  expect(
    await graph.sql(`select version from gateway.document_manifest where role = 'ASSESSOR' order by version`),
  ).toEqual([{ version: 1 }, { version: 2 }]);
});

test('what is no manifest is refused, by name, with what was wrong', async () => {
  const text = newText();
  const good = byDigest(text);
  const of = (...documents: { id: string; text: string }[]): Promise<Done> =>
    operators.propose('1001', 'PUBLIC', documents);
  expect(await operators.propose('1001', 'MINISTER', good)).toEqual(
    refused('UNKNOWN_ROLE', /^"MINISTER" is no role; the roles are PUBLIC, /, 'role'),
  );
  expect(await of()).toEqual(refused('MISSING', 'There is no document in it.', 'documents'));
  expect(await of(...good, { id: 'a b', text })).toEqual(
    refused('DOCUMENT_ID', /^"a b" is no id of a document; one is `sha256:`/, 'documents', '1', 'id'),
  );
  for (const id of [`sha256:${'0'.repeat(64)}`, '0'.repeat(64), sha256(`${text} `)])
    expect(await of({ id, text })).toEqual(
      refused('DOCUMENT_ID', /is not the SHA-256 of its text, to the character\.$/, 'documents', '0', 'id'),
    );
  expect(await of({ id: 'mine', text }, { id: 'mine', text: newText() })).toEqual(
    refused('TAKEN', 'The id "mine" stands for two texts.', 'documents', '1', 'id'),
  );

  const problem = async (...texts: string[]): Promise<unknown> => {
    const { code, message, path } = await of(...texts.map((each, at) => ({ id: `id-${at}`, text: each })));
    return [code, message, path];
  };
  const path = ['input', 'documents', '0', 'text'];
  expect(await problem('{ purposes { code } }')).toEqual([
    'DOCUMENT',
    '1 of 1 cannot be published. "id-0": A published document has one operation, and that has a name.',
    path,
  ]);
  expect(await problem('query A { purposes { code } } query B { purposes { code } }')).toEqual([
    'DOCUMENT',
    expect.stringContaining('one operation'),
    path,
  ]);
  expect(await problem(`query ${'A'.repeat(121)} { purposes { code } }`)).toEqual([
    'DOCUMENT',
    expect.stringContaining('at most 120 characters'),
    path,
  ]);
  expect(await problem('query A {')).toEqual(['DOCUMENT', expect.stringContaining('Syntax Error'), path]);
  expect(
    await problem(`query A { ${Array.from({ length: 31 }, (_, at) => `a${at}: purposes { code }`).join(' ')} }`),
  ).toEqual(['DOCUMENT', expect.stringMatching(/more than \d+ (root fields|aliases)/), path]);
  expect(
    await problem(
      'query A { entity(uscc: "x") { ...F } } fragment F on Entity { a: name } fragment F on Entity { a: uscc }',
    ),
  ).toEqual(['DOCUMENT', expect.stringContaining('There can be only one fragment named "F".'), path]);
  expect(
    await problem(
      'query A { purposes { ...F ...G } } fragment F on Purpose { a: name } fragment G on Purpose { a: code }',
    ),
  ).toEqual(['DOCUMENT', expect.stringContaining('Fields "a" conflict'), path]);
  expect(await problem('query A { purposes { ...F } } fragment F on Purpose { ...F }')).toEqual([
    'DOCUMENT',
    expect.stringContaining('within itself'),
    path,
  ]);
  expect(await problem('query A { grants(first: 1) { nodes { id } } }')).toEqual([
    'DOCUMENT',
    '1 of 1 cannot be published. "id-0": As PUBLIC sees the schema: Cannot query field "grants" on type "Query".',
    path,
  ]);
  const wrong = Array.from({ length: 7 }, (_, at) => `query A { nothing${at} }`);
  expect(await problem(newText(), ...wrong)).toEqual([
    'DOCUMENT',
    expect.stringMatching(
      new RegExp(
        /^7 of 8 cannot be published\. /.source +
          /(?:"id-[1-5]": Cannot query field "nothing\d" on type "Query"\. ?){5} \(and 2 more\)$/.source,
      ),
    ),
    ['input', 'documents', '1', 'text'],
  ]);
});

test('a manifest of 100 000 or 1 001 entries is refused, and one of 1 000 is taken', async () => {
  const many = (count: number) => byDigest(...Array.from({ length: count }, () => newText()));
  const token = graph.issuer.token({ role: 'OPERATOR', organisation: OPERATOR, actor: '1001' });
  const text = newText();
  const documents = Array.from({ length: 100_000 }, (_, at) => ({ id: `d${at}`, text }));
  const { status, body } = await graph.query(
    'OPERATOR',
    'mutation ($input: ProposeDocumentsInput!) { proposeDocuments(input: $input) { __typename } }',
    { input: { idempotencyKey: 'k', role: 'PUBLIC', documents } },
    { token, purpose: null },
  );
  expect([status, body.errors?.[0]?.extensions['code']]).toEqual([413, 'BODY_TOO_LARGE']);
  expect(await operators.propose('1001', 'PUBLIC', many(1001))).toEqual(
    refused('TOO_MANY', 'A manifest has at most 1000 documents, and this one has 1001: publish several.', 'documents'),
  );
  expect(await operators.propose('1001', 'PUBLIC', many(1000))).toMatchObject({
    __typename: 'DocumentsProposed',
    manifest: { documentCount: 1000 },
  });
});

test('what two manifests have stays until both are withdrawn, and an id never names two texts', async () => {
  const [shared, own] = byDigest(newText(), newText());
  if (!shared || !own) throw new Error('two');
  const first = await operators.publish('PUBLIC', [shared, { id: 'menu', text: own.text }]);
  const second = await operators.publish('PUBLIC', [shared]);
  await operators.withdraw('1001', first);
  expect([await ask('PUBLIC', shared.id), await ask('PUBLIC', own.id), await ask('PUBLIC', 'menu')]).toEqual([
    'ANSWERED',
    'DOCUMENT_NOT_FOUND',
    'DOCUMENT_NOT_FOUND',
  ]);
  await operators.withdraw('1001', second);
  expect(await ask('PUBLIC', shared.id)).toBe('DOCUMENT_NOT_FOUND');

  const kept = await operators.publish('PUBLIC', [{ id: 'front', text: newText() }]);
  const other = idOf(await operators.propose('1001', 'PUBLIC', [{ id: 'front', text: newText() }]));
  expect(await operators.confirm('1002', other)).toEqual(
    refused('TAKEN', 'Another text is published for PUBLIC under the id "front".', 'id'),
  );
  await operators.publish('FINANCIAL_INSTITUTION', [{ id: 'front', text: newText() }]);
  await operators.withdraw('1001', kept);
  expect((await operators.confirm('1002', other)).__typename).toBe('DocumentsPublished');
});

test('what a manifest says is written once: the gateway itself can change or take away nothing of it', async () => {
  const id = await operators.publish('PUBLIC', byDigest(newText()));
  for (const statement of [
    `update gateway.trusted_document set text = 'query A { purposes { code } }' where manifest_id = '${id}'`,
    `delete from gateway.trusted_document where manifest_id = '${id}'`,
    `update gateway.document_manifest set role = 'OPERATOR' where id = '${id}'`,
    `update gateway.document_manifest set proposed_by_actor = 'x' where id = '${id}'`,
    `delete from gateway.document_manifest where id = '${id}'`,
  ])
    await expect(graph.sql(`do $$ begin set local role credit_gateway; ${statement}; end $$`)).rejects.toThrow(
      /permission denied/,
    );
});

test('manifests as the real tools write them are published and shown by the command line', async () => {
  const apiOf = (actor: string) =>
    createApi({ url: graph.url, token: () => graph.issuer.token({ role: 'OPERATOR', organisation: OPERATOR, actor }) });
  for (const [file, role] of [
    ['apolloManifest.json', 'NATIONAL_CENTRE'],
    ['codegenManifest.json', 'INDUSTRY_ASSOCIATION'],
  ] as const) {
    const documents = documentsOf(read(file), file);
    const proposed = await proposeDocuments(apiOf('1001'), role, documents);
    expect((await proposeDocuments(apiOf('1001'), role, documents)).id).toBe(proposed.id);
    const published = await confirmDocuments(apiOf('1002'), proposed.id);
    expect(manifestLine(published)).toMatch(
      new RegExp(`^${published.id}  ${role}  v1  PUBLISHED  3 documents  by 1001 and 1002  20`),
    );
    const displayed = await findManifest(apiOf('1001'), published.id);
    expect(displayed.manifest).toEqual(published);
    expect(displayed.documents.map(({ name }) => name).toSorted()).toEqual([
      'EntityName',
      'FollowNameLists',
      'ListTypes',
    ]);
    expect(displayed.documents.map(documentLine)[0]).toMatch(/^\w+ {2}sha256:[0-9a-f]{64}$/);
    expect((await findManifests(apiOf('1001'), role)).map(({ id }) => id)).toEqual([published.id]);
    expect(await withdrawDocuments(apiOf('1003'), published.id)).toMatchObject({
      state: 'WITHDRAWN',
      withdrawnByActor: '1003',
    });
  }
  await expect(findManifest(apiOf('1001'), randomUUID())).rejects.toThrow('There is no manifest');
});
