import { randomUUID } from 'node:crypto';
import { type Role, roles } from '#policy/roles.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, type Reply, startGraph, type TestGraph } from '#test/support/graph.ts';
import { daysFromNow, know } from '#test/support/registered.ts';

// What entities declare about themselves (国办发〔2019〕35号 第五条), through the public API.

const subject = organisationOf('SUBJECT').organisation;
const province = organisationOf('PROVINCIAL_PLATFORM').organisation;
const guangdong = '11440000MB0EEE446F';
const regulator = organisationOf('SECTOR_REGULATOR').organisation;
const otherRegulator = composeUscc('11100000', 'MB0EEE44');
const today = daysFromNow(0);
const nextYear = daysFromNow(365);

let graph: TestGraph;
let guangdongToken = '';
/** Of a regulator of the same sector as the one that is named. */
let otherRegulatorToken = '';
beforeAll(async () => {
  graph = await startGraph();
  await know(graph, subject);
  await graph.sql(
    `insert into gateway.grant (id, organisation, role, province, valid_from, granted_by)
      values ($1, $2, 'PROVINCIAL_PLATFORM', '44', now() - interval '1 minute', 'test')`,
    [randomUUID(), guangdong],
  );
  guangdongToken = graph.issuer.token({
    role: 'PROVINCIAL_PLATFORM',
    organisation: guangdong,
    purposes: ['SUPERVISION'],
  });
  await graph.sql(
    `insert into gateway.grant (id, organisation, role, sector, valid_from, granted_by)
      values ($1, $2, 'SECTOR_REGULATOR', $3, now() - interval '1 minute', 'test')`,
    [randomUUID(), otherRegulator, organisationOf('SECTOR_REGULATOR').sector],
  );
  otherRegulatorToken = graph.issuer.token({
    role: 'SECTOR_REGULATOR',
    organisation: otherRegulator,
    purposes: ['SUPERVISION'],
  });
});
afterAll(() => graph[Symbol.asyncDispose]());

const ITEM = `__typename id version selfDeclared kind itemNo title content declaredOn disclosureLevel
  verification { status askedOf { name uscc } by { name uscc } on evidence }
  authorisation { disclosureLevel purposes until }
  subject { uscc }
  provenance { sourceUnit { name uscc } catalogueCode }`;
const RESULT = `__typename ... on DomainError { code path }`;

type Item = Record<string, unknown> & { id: string; version: number };
type Answer = Record<string, unknown> & { __typename: string; item: Item };

let made = 0;
const declaration = (more: Record<string, unknown> = {}) => ({
  idempotencyKey: randomUUID(),
  kind: 'WELFARE',
  itemNo: `公益〔2026〕${(made += 1)}号`,
  title: '助学捐赠',
  content: '向示例小学捐赠图书一千册',
  truthCommitment: true,
  authorisation: { disclosureLevel: 'PUBLIC', purposes: ['CREDIT_GRANTING'], until: nextYear },
  ...more,
});

const answerOf = ({ body }: Reply, mutation: string): Answer => {
  if (!body.data?.[mutation]) throw new Error(JSON.stringify(body));
  return body.data[mutation] as Answer;
};

async function declare(input: Record<string, unknown>, role: Role = 'SUBJECT'): Promise<Answer> {
  return answerOf(
    await graph.query(
      role,
      `mutation ($input: DeclareInformationInput!) {
        declareInformation(input: $input) { ${RESULT} ... on InformationDeclared { item { ${ITEM} } } }
      }`,
      { input },
    ),
    'declareInformation',
  );
}

const verification = ({ id, version }: Item, more: Record<string, unknown> = {}) => ({
  idempotencyKey: randomUUID(),
  id,
  expectedVersion: version,
  result: 'VERIFIED',
  evidence: '捐赠票据',
  ...more,
});

async function verify(
  input: Record<string, unknown>,
  role: Role = 'PROVINCIAL_PLATFORM',
  token?: string,
): Promise<Answer> {
  return answerOf(
    await graph.query(
      role,
      `mutation ($input: VerifyInformationInput!) {
        verifyInformation(input: $input) { ${RESULT} ... on InformationVerified { item { ${ITEM} } } }
      }`,
      { input },
      token ? { token } : {},
    ),
    'verifyInformation',
  );
}

async function withdraw({ id, version }: Item, role: Role = 'SUBJECT'): Promise<Answer> {
  return answerOf(
    await graph.query(
      role,
      `mutation ($input: WithdrawInformationInput!) {
        withdrawInformation(input: $input) { ${RESULT} ... on InformationWithdrawn { item { ${ITEM} } } }
      }`,
      { input: { idempotencyKey: randomUUID(), id, expectedVersion: version } },
    ),
    'withdrawInformation',
  );
}

/**
 * Whether a role finds the item in the file: `listed` where only what counts is asked for, `asked` where the rest is
 * too.
 */
async function seen(
  role: Role,
  { id }: Item,
  options: { purpose?: string; token?: string; knownAt?: string } = {},
): Promise<'listed' | 'asked' | 'absent'> {
  const { knownAt, ...rest } = options;
  const { body } = await graph.query(
    role,
    `query ($uscc: USCC!, $knownAt: DateTime) {
      creditFile(uscc: $uscc, knownAt: $knownAt) {
        counted: voluntaryItems(first: 100) { nodes { id } }
        all: voluntaryItems(includeUnverified: true, first: 100) { nodes { id } }
      }
    }`,
    { uscc: subject, knownAt },
    rest,
  );
  const file = body.data?.['creditFile'] as { counted: { nodes: Item[] }; all: { nodes: Item[] } } | null | undefined;
  if (!file) throw new Error(JSON.stringify(body));
  const has = ({ nodes }: { nodes: Item[] }): boolean => nodes.some((node) => node.id === id);
  return has(file.counted) ? 'listed' : has(file.all) ? 'asked' : 'absent';
}

// An operator and a rule keeper read no file at all.
const readers = roles.filter((role) => role !== 'OPERATOR' && role !== 'RULE_KEEPER');
const seenBy = async (item: Item): Promise<Record<string, string>> =>
  Object.fromEntries(await Promise.all(readers.map(async (role) => [role, await seen(role, item)] as const)));
const all = (outcome: string, others: Partial<Record<Role, string>> = {}): Record<string, string> => ({
  ...Object.fromEntries(readers.map((role) => [role, outcome])),
  ...others,
});

test('what an entity declares is shown as self-declared and unverified, and counts for nothing', async () => {
  const input = declaration();
  const { item, __typename } = await declare(input);
  expect([__typename, item]).toEqual([
    'InformationDeclared',
    {
      __typename: 'VoluntaryItem',
      id: expect.any(String),
      version: 1,
      selfDeclared: true,
      kind: 'WELFARE',
      itemNo: input.itemNo,
      title: '助学捐赠',
      content: '向示例小学捐赠图书一千册',
      declaredOn: today,
      disclosureLevel: 'GOV_SHARED',
      verification: { status: 'UNVERIFIED', askedOf: null, by: null, on: null, evidence: null },
      authorisation: { disclosureLevel: 'PUBLIC', purposes: ['CREDIT_GRANTING'], until: nextYear },
      subject: { uscc: subject },
      provenance: { sourceUnit: { name: null, uscc: subject }, catalogueCode: 'VOLUNTARY' },
    },
  ]);
});

test('before verification it is in no list, and found on request where shared items are seen', async () => {
  const { item } = await declare(declaration());
  expect(await seenBy(item)).toEqual(
    all('absent', {
      SUBJECT: 'asked',
      PROVINCIAL_PLATFORM: 'asked',
      IMPLEMENTER: 'asked',
      AUDITOR: 'asked',
      NATIONAL_CENTRE: 'asked',
    }),
  );
});

test('before verification it is not shown more widely than the subject authorised', async () => {
  const { item } = await declare(
    declaration({ authorisation: { disclosureLevel: 'RESTRICTED', purposes: ['CREDIT_GRANTING'], until: nextYear } }),
  );
  expect(item).toMatchObject({ disclosureLevel: 'RESTRICTED' });
  expect(await seenBy(item)).toEqual(all('absent', { SUBJECT: 'asked', AUDITOR: 'asked', NATIONAL_CENTRE: 'asked' }));
});

test('verified it is a new version that is seen as was authorised', async () => {
  const { item } = await declare(declaration());
  const { __typename, item: verified } = await verify(verification(item));
  expect([__typename, verified]).toEqual([
    'InformationVerified',
    {
      ...item,
      version: 2,
      disclosureLevel: 'PUBLIC',
      verification: {
        status: 'VERIFIED',
        askedOf: null,
        by: { name: null, uscc: province },
        on: today,
        evidence: '捐赠票据',
      },
    },
  ]);
  expect(await seenBy(verified)).toEqual(all('listed'));

  const { item: shared } = await declare(declaration({ authorisation: { purposes: [], until: nextYear } }));
  await verify(verification(shared));
  expect(await seenBy(shared)).toEqual(
    all('absent', {
      SUBJECT: 'listed',
      PROVINCIAL_PLATFORM: 'listed',
      IMPLEMENTER: 'listed',
      AUDITOR: 'listed',
      NATIONAL_CENTRE: 'listed',
    }),
  );
});

test('the regulator of the sector that it names sees and verifies it', async () => {
  const { item } = await declare(declaration({ industryCode: '52', authorisation: { purposes: [], until: nextYear } }));
  expect(await seen('SECTOR_REGULATOR', item)).toBe('asked');
  expect((await verify(verification(item), 'SECTOR_REGULATOR')).__typename).toBe('InformationVerified');
  expect(await seen('SECTOR_REGULATOR', item)).toBe('listed');
});

test('refuted it stays out of what is listed and of what the public sees', async () => {
  const { item } = await declare(declaration());
  const { item: refuted } = await verify(verification(item, { result: 'REFUTED' }));
  expect(refuted['verification']).toEqual({
    status: 'REFUTED',
    askedOf: null,
    by: { name: null, uscc: province },
    on: today,
    evidence: '捐赠票据',
  });
  expect(await seenBy(refuted)).toEqual(
    all('absent', {
      SUBJECT: 'asked',
      PROVINCIAL_PLATFORM: 'asked',
      IMPLEMENTER: 'asked',
      AUDITOR: 'asked',
      NATIONAL_CENTRE: 'asked',
    }),
  );
});

test('a corrected item needs verification again, and is hidden from the public at all instants', async () => {
  const input = declaration();
  const { item } = await declare(input);
  await verify(verification(item));
  await graph.gateway.sources.refresh();
  const knownAt = await graph.gateway.sources.sealed();
  expect(await seen('PUBLIC', item, { knownAt })).toBe('listed');
  const corrected = await declare({
    ...input,
    idempotencyKey: randomUUID(),
    expectedVersion: 2,
    content: '捐赠图书两千册',
  });
  expect(corrected.item).toMatchObject({
    id: item.id,
    version: 3,
    content: '捐赠图书两千册',
    verification: { status: 'UNVERIFIED', by: null },
  });
  expect([
    await seen('PUBLIC', item),
    await seen('PUBLIC', item, { knownAt }),
    await seen('PROVINCIAL_PLATFORM', item),
  ]).toEqual(['absent', 'absent', 'asked']);
});

test('withdrawn it leaves at every instant with its authorisation, but for subject and auditor', async () => {
  const { item } = await declare(declaration());
  const { item: verified } = await verify(verification(item));
  await graph.gateway.sources.refresh();
  const knownAt = await graph.gateway.sources.sealed();
  expect(await seen('PUBLIC', item, { knownAt })).toBe('listed');
  const { __typename, item: withdrawn } = await withdraw(verified);
  expect([__typename, withdrawn]).toEqual(['InformationWithdrawn', { ...verified, version: 3 }]);
  expect(await seenBy(item)).toEqual(all('absent', { SUBJECT: 'listed', AUDITOR: 'listed' }));
  expect(await Promise.all(readers.map((role) => seen(role, item, { knownAt })))).toEqual(
    readers.map((role) => (role === 'SUBJECT' || role === 'AUDITOR' ? 'listed' : 'absent')),
  );
  expect(
    await graph.sql(
      `select distinct withdrawn_on::text, withdrawal_reason from disclosure.voluntary_item where item_no = $1`,
      [item['itemNo']],
    ),
  ).toEqual([{ withdrawn_on: today, withdrawal_reason: 'AUTHORISATION_WITHDRAWN' }]);
});

test('after the last day of its authorisation it is gone by itself', async () => {
  const { item } = await declare(
    declaration({ authorisation: { disclosureLevel: 'PUBLIC', purposes: [], until: today } }),
  );
  const { item: verified } = await verify(verification(item));
  expect(await seen('PUBLIC', item)).toBe('listed');
  // No clock of ours can be moved here: the day is moved under it.
  await graph.sql(
    `update disclosure.voluntary_item
      set public_until = public_until - 1, public_from = public_from - 1
      where item_no = $1`,
    [item['itemNo']],
  );
  expect(await seenBy(item)).toEqual(all('absent', { SUBJECT: 'listed', AUDITOR: 'listed' }));
  expect(verified.version).toBe(2);
});

test('what is not published needs its subject’s authorisation for a purpose that needs consent', async () => {
  const { item: authorised } = await declare(
    declaration({ authorisation: { disclosureLevel: 'GOV_SHARED', purposes: ['CREDIT_GRANTING'], until: nextYear } }),
  );
  const { item: other } = await declare(
    declaration({ authorisation: { disclosureLevel: 'GOV_SHARED', purposes: ['POST_LOAN'], until: nextYear } }),
  );
  await verify(verification(authorised));
  await verify(verification(other));
  expect(
    await Promise.all(
      [authorised, other].map((item) => seen('PROVINCIAL_PLATFORM', item, { purpose: 'CREDIT_GRANTING' })),
    ),
  ).toEqual(['listed', 'absent']);
  expect(
    await Promise.all([authorised, other].map((item) => seen('PROVINCIAL_PLATFORM', item, { purpose: 'SUPERVISION' }))),
  ).toEqual(['listed', 'listed']);
});

test.each([
  ['the commitment that it is true', { truthCommitment: false }, 'TRUTH_COMMITMENT', ['input', 'truthCommitment']],
  ['an industry that is known', { industryCode: 'Z' }, 'UNKNOWN_CODE', ['input', 'industryCode']],
  [
    'a purpose that is known',
    { authorisation: { purposes: ['ADVERTISING'], until: '2090-01-01' } },
    'UNKNOWN_CODE',
    ['input', 'authorisation', 'purposes'],
  ],
  [
    'an authorisation that has not ended',
    { authorisation: { purposes: [], until: '2020-01-01' } },
    'BAD_PERIOD',
    ['input', 'authorisation', 'until'],
  ],
  [
    'a level that others may see',
    { authorisation: { disclosureLevel: 'INTERNAL', purposes: [], until: '2090-01-01' } },
    'DISCLOSURE_LEVEL',
    ['input', 'authorisation', 'disclosureLevel'],
  ],
  ['a title', { title: ' ' }, 'MISSING', ['input', 'title']],
  ['a text of its length', { title: '长'.repeat(201) }, 'TOO_LONG', ['input', 'title']],
  ['a version that is there', { expectedVersion: 4 }, 'NOT_FOUND', ['input', 'expectedVersion']],
])('nothing is declared without %s', async (_, more, code, path) => {
  expect(await declare(declaration(more))).toEqual({ __typename: 'InvalidInput', code, path });
});

test('an item is declared once; a key has one answer; other content or an old version conflicts', async () => {
  const input = declaration();
  const first = await declare(input);
  expect(await declare(input)).toEqual(first);
  expect(await declare({ ...input, title: '别的' })).toEqual({
    __typename: 'Conflict',
    code: 'IDEMPOTENCY_KEY',
    path: ['input', 'idempotencyKey'],
  });
  expect(await declare({ ...input, idempotencyKey: randomUUID() })).toEqual({
    __typename: 'Conflict',
    code: 'EXISTS',
    path: ['input', 'expectedVersion'],
  });
  await verify(verification(first.item));
  expect(await verify(verification(first.item))).toEqual({
    __typename: 'Conflict',
    code: 'VERSION',
    path: ['input', 'expectedVersion'],
  });
  expect(await withdraw(first.item)).toEqual({
    __typename: 'Conflict',
    code: 'VERSION',
    path: ['input', 'expectedVersion'],
  });
  const { item } = await withdraw({ ...first.item, version: 2 });
  expect(await withdraw(item)).toEqual({ __typename: 'Conflict', code: 'WITHDRAWN', path: ['input', 'id'] });
  expect(await verify(verification(item))).toEqual({
    __typename: 'InvalidInput',
    code: 'NOT_FOUND',
    path: ['input', 'id'],
  });
});

test('two declarations of one item at the same time: one is recorded, the other has a conflict', async () => {
  const input = declaration();
  const answers = await Promise.all([declare(input), declare({ ...input, idempotencyKey: randomUUID() })]);
  expect(answers.map(({ __typename }) => __typename).toSorted()).toEqual(['Conflict', 'InformationDeclared']);
});

test('only a subject declares and withdraws, it does not verify, and other provinces find nothing', async () => {
  const { item } = await declare(declaration());
  const code = async (role: Role, mutation: string, type: string, input: unknown): Promise<unknown> =>
    (
      await graph.query(role, `mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`, { input })
    ).body.errors?.map(({ extensions }) => extensions['code']);
  const denied = ['UNAUTHORIZED_FIELD_OR_TYPE'];
  const others = roles.filter((role) => role !== 'SUBJECT');
  expect(
    await Promise.all(others.map((role) => code(role, 'declareInformation', 'DeclareInformationInput', declaration()))),
  ).toEqual(others.map(() => denied));
  expect(
    await Promise.all(
      others.map((role) =>
        code(role, 'withdrawInformation', 'WithdrawInformationInput', {
          idempotencyKey: randomUUID(),
          id: item.id,
          expectedVersion: 1,
        }),
      ),
    ),
  ).toEqual(others.map(() => denied));
  const idle = roles.filter(
    (role) => !['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'].includes(role),
  );
  expect(
    await Promise.all(
      idle.map((role) => code(role, 'verifyInformation', 'VerifyInformationInput', verification(item))),
    ),
  ).toEqual(idle.map(() => denied));

  const unknown = { __typename: 'InvalidInput', code: 'NOT_FOUND', path: ['input', 'id'] };
  expect(await verify(verification(item), 'PROVINCIAL_PLATFORM', guangdongToken)).toEqual(unknown);
  expect(await verify(verification(item), 'DETERMINING_UNIT')).toEqual(unknown);
  expect(await verify(verification({ ...item, id: 'nonsense' }))).toEqual(unknown);
  await verify(verification(item));
  // Published, all see it; that of another province may still not say whether it is true.
  expect(await verify(verification({ ...item, version: 2 }), 'PROVINCIAL_PLATFORM', guangdongToken)).toEqual({
    __typename: 'InvalidInput',
    code: 'NOT_YOURS',
    path: ['input', 'id'],
  });
});

test('nothing is declared without a purpose', async () => {
  const { body } = await graph.query(
    'SUBJECT',
    'mutation ($input: DeclareInformationInput!) { declareInformation(input: $input) { __typename } }',
    { input: declaration() },
    { purpose: null },
  );
  expect([body.data, body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([
    { declareInformation: null },
    ['PURPOSE_REQUIRED'],
  ]);
});

test('a unit asked to verify an item sees and verifies it until the authorisation is withdrawn', async () => {
  const verifier = organisationOf('DETERMINING_UNIT').organisation;
  const { item } = await declare(declaration({ verifier, authorisation: { purposes: [], until: nextYear } }));
  expect(item['verification']).toEqual({
    status: 'UNVERIFIED',
    askedOf: { name: null, uscc: verifier },
    by: null,
    on: null,
    evidence: null,
  });
  expect(await seen('DETERMINING_UNIT', item)).toBe('asked');
  const { item: verified } = await verify(verification(item), 'DETERMINING_UNIT');
  expect(verified['verification']).toEqual({
    status: 'VERIFIED',
    askedOf: { name: null, uscc: verifier },
    by: { name: null, uscc: verifier },
    on: today,
    evidence: '捐赠票据',
  });
  expect(await seen('DETERMINING_UNIT', item)).toBe('listed');
  await withdraw(verified);
  expect(await seen('DETERMINING_UNIT', item)).toBe('absent');
});

// R22: a regulator that is named as verifier, of an item without an industry.
const restricted = { disclosureLevel: 'RESTRICTED', purposes: [], until: nextYear };
const FIND_ITEM = `query ($id: ID!, $knownAt: DateTime) {
  record(id: $id, knownAt: $knownAt) { ... on VoluntaryItem { title verification { evidence } } }
}`;
const found = async ({ id }: Item, token?: string, knownAt?: string): Promise<unknown> => {
  const { body } = await graph.query('SECTOR_REGULATOR', FIND_ITEM, { id, knownAt }, token ? { token } : {});
  return body.data?.['record'] ?? body.errors?.map(({ extensions }) => extensions['code']);
};
const countOf = async (token?: string): Promise<unknown> => {
  const { body } = await graph.query(
    'SECTOR_REGULATOR',
    `query ($uscc: USCC!) {
      creditFile(uscc: $uscc) { voluntaryItems(includeUnverified: true, first: 1) { totalCount { value } } }
    }`,
    { uscc: subject },
    token ? { token } : {},
  );
  return (body.data as { creditFile: { voluntaryItems: { totalCount: { value: number } } } }).creditFile.voluntaryItems
    .totalCount.value;
};

test('R22: no reader but the one that is named sees the item, other regulators of the sector included', async () => {
  const { item } = await declare(declaration({ verifier: regulator, authorisation: restricted }));
  expect(await seenBy(item)).toEqual(
    all('absent', { SUBJECT: 'asked', AUDITOR: 'asked', NATIONAL_CENTRE: 'asked', SECTOR_REGULATOR: 'asked' }),
  );
  expect(await seen('SECTOR_REGULATOR', item, { token: otherRegulatorToken })).toBe('absent');
  expect(await found(item, otherRegulatorToken)).toEqual(['NOT_FOUND']);
  expect(await verify(verification(item), 'SECTOR_REGULATOR', otherRegulatorToken)).toEqual({
    __typename: 'InvalidInput',
    code: 'NOT_FOUND',
    path: ['input', 'id'],
  });
});

test('R22: the named regulator sees the item in lists, counts and by its id, and verifies it', async () => {
  const [before, others] = [await countOf(), await countOf(otherRegulatorToken)];
  const { item } = await declare(declaration({ verifier: regulator, authorisation: restricted }));
  expect([await seen('SECTOR_REGULATOR', item), await countOf(), await countOf(otherRegulatorToken)]).toEqual([
    'asked',
    Number(before) + 1,
    others,
  ]);
  expect(await found(item)).toEqual({ title: '助学捐赠', verification: { evidence: null } });
  const { __typename, item: verified } = await verify(verification(item), 'SECTOR_REGULATOR');
  expect([__typename, verified]).toEqual([
    'InformationVerified',
    {
      ...item,
      version: 2,
      verification: {
        status: 'VERIFIED',
        askedOf: { name: null, uscc: regulator },
        by: { name: null, uscc: regulator },
        on: today,
        evidence: '捐赠票据',
      },
    },
  ]);
  expect(await seen('SECTOR_REGULATOR', item)).toBe('listed');
  expect(await found(item)).toEqual({ title: '助学捐赠', verification: { evidence: '捐赠票据' } });
  expect(await seen('SECTOR_REGULATOR', item, { token: otherRegulatorToken })).toBe('absent');
});

test('R22: it sees the item no more, at any instant, once that is withdrawn or another is asked', async () => {
  const [withdrawn, corrected] = [
    declaration({ verifier: regulator, authorisation: restricted }),
    declaration({ verifier: regulator, authorisation: restricted }),
  ];
  const [{ item: one }, { item: other }] = [await declare(withdrawn), await declare(corrected)];
  await graph.gateway.sources.refresh();
  const knownAt = await graph.gateway.sources.sealed();
  expect(await Promise.all([one, other].map((item) => seen('SECTOR_REGULATOR', item, { knownAt })))).toEqual([
    'asked',
    'asked',
  ]);
  await withdraw(one);
  await declare({ ...corrected, idempotencyKey: randomUUID(), expectedVersion: 1, verifier: otherRegulator });
  for (const item of [one, other])
    expect([
      await seen('SECTOR_REGULATOR', item),
      await seen('SECTOR_REGULATOR', item, { knownAt }),
      await found(item),
      await found(item, undefined, knownAt),
    ]).toEqual(['absent', 'absent', ['NOT_FOUND'], ['NOT_FOUND']]);
  expect(await seen('SECTOR_REGULATOR', other, { token: otherRegulatorToken })).toBe('asked');
});

test('R22: without a purpose the regulator sees nothing', async () => {
  const { item } = await declare(declaration({ verifier: regulator, authorisation: restricted }));
  const { body } = await graph.query('SECTOR_REGULATOR', FIND_ITEM, { id: item.id }, { purpose: null });
  expect([body.data, body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([
    { record: null },
    ['PURPOSE_REQUIRED'],
  ]);
});

test('with the subgraphs over HTTP it is the same: what was declared is there in the next query', async () => {
  await using remote = await startGraph({ remote: true });
  await know(remote, subject);
  const declared = await remote.query(
    'SUBJECT',
    `mutation ($input: DeclareInformationInput!) {
      declareInformation(input: $input) {
        __typename
        ... on InformationDeclared { item { version subject { name } } }
      }
    }`,
    { input: declaration() },
  );
  expect([declared.body.data, declared.body.errors]).toEqual([
    {
      declareInformation: {
        __typename: 'InformationDeclared',
        item: { version: 1, subject: { name: '示例云帆零售有限公司' } },
      },
    },
    undefined,
  ]);
  const { body } = await remote.query(
    'SUBJECT',
    `query ($uscc: USCC!) {
      creditFile(uscc: $uscc) { voluntaryItems(includeUnverified: true, first: 1) { totalCount { value } } }
    }`,
    { uscc: subject },
  );
  expect(body.data).toEqual({ creditFile: { voluntaryItems: { totalCount: { value: 1 } } } });
});

test('a person’s identity number in what is declared is masked', async () => {
  const { item } = await declare(declaration({ content: '联系人身份证号11010519491231002X' }));
  expect(item['content']).not.toContain('11010519491231002X');
  expect(
    await graph.sql(
      `select count(*)::int as kept from disclosure.voluntary_item where content::text like '%11010519491231002X%'`,
    ),
  ).toEqual([{ kept: 0 }]);
});
