import { randomUUID } from 'node:crypto';
import { createApi } from '#cli/api.ts';
import { consentLine, findConsents, giveConsent, isGiven, revokeConsent } from '#cli/consents.ts';
import type { AccessEntry } from '#gateway/graph/audit.ts';
import { encodeId } from '#records/record.ts';
import { type Role, roles } from '#policy/roles.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, type Reply, startGraph, type TestGraph } from '#test/support/graph.ts';
import { AUTHORITY, list } from '#test/support/listings.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';
import { purposesOf } from '#test/support/purposes.ts';

// Consent (授权查询): with the consent of its subject an organisation reads what is neither published nor shared, for the
// purpose of that consent, while it lasts. Two subjects have one record of each kind at each level; one of them
// consents.

const subject = organisationOf('SUBJECT').organisation;
const other = composeUscc('91330106', 'MA7EEE71');
const bank = organisationOf('FINANCIAL_INSTITUTION').organisation;
const otherBank = composeUscc('91330100', 'MA7EEE72');
const agency = organisationOf('CREDIT_SERVICE_AGENCY').organisation;
const levels = { PUBLIC: '社会公开', GOV_SHARED: '政务共享', RESTRICTED: '授权查询', INTERNAL: '内部' } as const;
type Level = keyof typeof levels;

let graph: TestGraph;
const accesses: AccessEntry[] = [];
beforeAll(async () => {
  graph = await startGraph({ accessSink: async (entry) => void accesses.push(entry) });
  for (const [organisation, role] of [
    [otherBank, 'FINANCIAL_INSTITUTION'],
    [other, 'SUBJECT'],
    [bank, 'INDUSTRY_ASSOCIATION'],
  ] as const)
    await graph.sql(
      `insert into gateway.grant (id, organisation, role, valid_from, granted_by)
        values ($1, $2, $3, now() - interval '1 minute', 'test')`,
      [randomUUID(), organisation, role],
    );
  for (const uscc of [subject, other]) {
    await know(graph, uscc);
    await fileEverything(uscc);
  }
});
afterAll(() => graph[Symbol.asyncDispose]());
beforeEach(async () => {
  await graph.sql('delete from consent.consent');
  accesses.length = 0;
});

async function fileEverything(uscc: string): Promise<void> {
  const given = Object.entries(levels) as [Level, string][];
  await list(
    graph,
    ...given.map(([level, name]) => ({ uscc, level: name as never, documentNo: `示监〔2026〕${level}号` })),
  );
  await register(graph, 'evaluation', AUTHORITY, ['evaluation']);
  await register(graph, 'disclosure', AUTHORITY, ['licence']);
  const file = async (kind: string, rows: readonly Cells[]): Promise<void> => {
    const outcome = await graph.file(kind, lines(rows), { format: 'NDJSON' });
    if (outcome['added'] !== rows.length) throw new Error(JSON.stringify(outcome));
  };
  await file(
    'evaluation',
    given.map(([level, name], index) => ({
      PJ_XDR_MC: '示例主体',
      PJ_XDR_SHXYM: uscc,
      PJ_XDR_HYDM: 'C2710',
      PJ_SYFW: name,
      PJ_FA: 'PUBLIC_CREDIT',
      PJ_FABB: '2026',
      PJ_DJ: level === 'PUBLIC' ? 'A' : 'D',
      PJ_RQ: `2026/0${5 + index}/01`,
      PJ_SJJZ: '2026/04/30',
      PJ_YXQZ: '2090/01/01',
      PJ_GXYY: '定期评价',
      PJ_DW: '示例单位',
      PJ_DWDM: AUTHORITY,
      PJ_LYDW: '示例单位',
      PJ_LYDWDM: AUTHORITY,
    })),
  );
  await file(
    'licence',
    given.map(([level, name]) => ({
      XK_XDR_MC: '示例主体',
      XK_XDR_SHXYM: uscc,
      XK_WSH: `示许〔2026〕${level}号`,
      XK_JDRQ: '2026/05/01',
      XK_SYFW: name,
      XK_XKJG: '示例单位',
      XK_XKJGDM: AUTHORITY,
      XK_LYDW: '示例单位',
      XK_LYDWDM: AUTHORITY,
    })),
  );
}

const idOf = async (type: string, table: string, uscc: string, level: Level): Promise<string> => {
  const [row] = await graph.sql(
    `select record_id from ${table} where uscc = $1 and disclosure_level = $2 order by record_id limit 1`,
    [uscc, level],
  );
  return encodeId(type, uscc, String(row?.['record_id']));
};

interface Reader {
  readonly role: Role;
  readonly organisation?: string;
  readonly purpose?: string | null;
}

const theBank: Reader = { role: 'FINANCIAL_INSTITUTION', purpose: 'CREDIT_GRANTING' };

const ask = (
  { role, organisation, purpose }: Reader,
  query: string,
  variables: Record<string, unknown> = {},
  at = graph,
): Promise<Reply> =>
  at.query(role, query, variables, {
    ...(purpose === undefined ? null : { purpose }),
    ...(organisation === undefined
      ? null
      : { token: at.issuer.token({ role, organisation, purposes: purposesOf(role) }) }),
  });

const LOOK = `query ($uscc: USCC!, $codes: [String!]!, $evaluation: ID!, $entry: ID!, $act: ID!) {
  evaluation: record(id: $evaluation) { disclosureLevel }
  entry: record(id: $entry) { disclosureLevel }
  act: record(id: $act) { disclosureLevel }
  creditFile(uscc: $uscc) {
    evaluations { disclosureLevel }
    evaluationHistory(scheme: "PUBLIC_CREDIT", first: 10) { nodes { disclosureLevel } totalCount { value } }
    nameListEntries(first: 10) { nodes { disclosureLevel } totalCount { value } }
    administrativeActs(first: 10) { nodes { disclosureLevel } totalCount { value } }
  }
  nameListEntries(filter: { types: ["SAMR_SERIOUS"] }, first: 10) {
    nodes { disclosureLevel subject { uscc } } totalCount { value }
  }
  evaluations(codes: $codes) { evaluations { disclosureLevel } }
}`;

type Shown = { readonly disclosureLevel: string; readonly subject?: { readonly uscc: string } };
type Page = { readonly nodes: readonly Shown[]; readonly totalCount: { readonly value: number } };

/** What a reader sees of `uscc`, place by place: levels, and whether counts agree with them. */
async function look(reader: Reader, uscc = subject, at = graph): Promise<Record<string, unknown>> {
  const variables = {
    uscc,
    codes: [uscc],
    evaluation: await idOf('Evaluation', 'evaluation.result', uscc, 'RESTRICTED'),
    entry: await idOf('NameListEntry', 'namelist.entry', uscc, 'RESTRICTED'),
    act: await idOf('AdministrativeLicence', 'disclosure.act', uscc, 'RESTRICTED'),
  };
  const { body, text } = await ask(reader, LOOK, variables, at);
  const { data } = body;
  if (!data?.['creditFile']) throw new Error(text);
  const file = data['creditFile'] as Record<'evaluationHistory' | 'nameListEntries' | 'administrativeActs', Page> & {
    evaluations: readonly Shown[];
  };
  const levelsOf = (displayed: readonly Shown[]): string[] =>
    displayed.map(({ disclosureLevel }) => disclosureLevel).toSorted();
  const counted = ({ nodes, totalCount }: Page): unknown => [...levelsOf(nodes), totalCount.value];
  const found = data['nameListEntries'] as Page;
  return {
    records: ['evaluation', 'entry', 'act'].map((name) => (data[name] as Shown | null)?.disclosureLevel ?? null),
    missing: (body.errors ?? []).map(
      ({ extensions, path }) => `${String(extensions['code'])} ${path?.join('.') ?? ''}`,
    ),
    latest: levelsOf(file.evaluations),
    history: counted(file.evaluationHistory),
    entries: counted(file.nameListEntries),
    acts: counted(file.administrativeActs),
    found: levelsOf(found.nodes.filter((each) => each.subject?.uscc === uscc)),
    isCountedRight: found.totalCount.value === found.nodes.length,
    looked: levelsOf(
      (data['evaluations'] as readonly { evaluations: readonly Shown[] }[]).flatMap(({ evaluations }) => evaluations),
    ),
  };
}

const published = {
  records: [null, null, null],
  missing: ['NOT_FOUND act', 'NOT_FOUND entry', 'NOT_FOUND evaluation'],
  latest: ['PUBLIC'],
  history: ['PUBLIC', 1],
  entries: ['PUBLIC', 1],
  acts: ['PUBLIC', 1],
  found: ['PUBLIC'],
  isCountedRight: true,
  looked: ['PUBLIC'],
};
const consented = {
  records: ['RESTRICTED', 'RESTRICTED', 'RESTRICTED'],
  missing: [],
  latest: ['RESTRICTED'],
  history: ['PUBLIC', 'RESTRICTED', 2],
  entries: ['PUBLIC', 'RESTRICTED', 2],
  acts: ['PUBLIC', 'RESTRICTED', 2],
  found: ['PUBLIC', 'RESTRICTED'],
  isCountedRight: true,
  looked: ['RESTRICTED'],
};

const CONSENT = 'id subject grantee purpose givenAt expiresAt revokedAt';
const GIVE = `mutation ($input: GiveConsentInput!) {
  done: giveConsent(input: $input) {
    __typename ... on ConsentGiven { consent { ${CONSENT} } }
    ... on DomainError { code message path retryable }
  }
}`;
const REVOKE = `mutation ($input: RevokeConsentInput!) {
  done: revokeConsent(input: $input) {
    __typename
    ... on ConsentRevoked { consent { ${CONSENT} } }
    ... on DomainError { code message path retryable }
  }
}`;

interface Consent {
  readonly id: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
}
type Done = Record<string, unknown> & { readonly __typename: string; readonly consent: Consent };

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

async function run(query: string, input: Record<string, unknown>, as: Reader): Promise<Done> {
  const { body, text } = await ask(as, query, { input: { idempotencyKey: randomUUID(), ...input } });
  if (!body.data?.['done']) throw new Error(text);
  return body.data['done'] as Done;
}
const grantConsent = (input: Record<string, unknown> = {}, as: Reader = { role: 'SUBJECT' }): Promise<Done> =>
  run(GIVE, { grantee: bank, purpose: 'CREDIT_GRANTING', until: inDays(30), ...input }, as);
const revoke = (input: Record<string, unknown>, as: Reader = { role: 'SUBJECT' }): Promise<Done> =>
  run(REVOKE, input, as);

// --- who may not ----------------------------------------------------------------------------------------------------

test('nobody reads for a subject that consented to nothing', async () => {
  expect(await look(theBank)).toEqual(published);
});

test.each<[string, Reader]>([
  ['another bank', { ...theBank, organisation: otherBank }],
  ['the same bank for another purpose', { ...theBank, purpose: 'POST_LOAN' }],
  ['the same bank, which names no purpose', { ...theBank, purpose: null }],
  ['the same organisation in a role that uses no consent', { role: 'INDUSTRY_ASSOCIATION', organisation: bank }],
  ['an agency that was not named', { role: 'CREDIT_SERVICE_AGENCY' }],
  ['an assessor', { role: 'ASSESSOR' }],
  ['the public', { role: 'PUBLIC' }],
])('with a consent to a bank, %s sees what is published and no more', async (_, reader) => {
  await grantConsent();
  expect(await look(theBank)).toEqual(consented);
  expect(await look(reader)).toEqual(published);
});

test('a consent of one subject shows nothing of another', async () => {
  await grantConsent();
  expect(await look(theBank, other)).toEqual(published);
});

test('what is shared between departments, internal or withdrawn is not shown by a consent', async () => {
  await grantConsent();
  for (const level of ['GOV_SHARED', 'INTERNAL'] as const)
    for (const [type, table] of [
      ['Evaluation', 'evaluation.result'],
      ['NameListEntry', 'namelist.entry'],
      ['AdministrativeLicence', 'disclosure.act'],
    ] as const) {
      const { body } = await ask(theBank, 'query ($id: ID!) { record(id: $id) { id } }', {
        id: await idOf(type, table, subject, level),
      });
      expect([level, type, body.data]).toEqual([level, type, { record: null }]);
    }
  await graph.sql(
    `update namelist.entry set withdrawn_on = current_date where uscc = $1 and disclosure_level = 'RESTRICTED'`,
    [subject],
  );
  const seen = await look(theBank);
  await graph.sql('update namelist.entry set withdrawn_on = null where uscc = $1', [subject]);
  expect(seen).toEqual({
    ...consented,
    records: ['RESTRICTED', null, 'RESTRICTED'],
    missing: ['NOT_FOUND entry'],
    entries: ['PUBLIC', 1],
    found: ['PUBLIC'],
  });
});

test('an entity whose registration itself is for named recipients is known to those alone', async () => {
  const sealed = composeUscc('91330106', 'MA7EEE73');
  await know(graph, sealed);
  await graph.sql(
    `update entity.profile
      set disclosure_level = 'RESTRICTED', public_from = null, public_until = null
      where uscc = $1`,
    [sealed],
  );
  const known = async (reader: Reader): Promise<unknown> =>
    (await ask(reader, 'query ($uscc: USCC!) { entity(uscc: $uscc) { uscc } }', { uscc: sealed })).body.data?.[
      'entity'
    ];
  expect(await known(theBank)).toBeNull();
  await graph.sql(
    `insert into consent.consent (id, subject, grantee, purpose, given_at, expires_at)
      values ($1, $2, $3, 'CREDIT_GRANTING', now(), now() + interval '1 hour')`,
    [randomUUID(), sealed, bank],
  );
  expect(await known(theBank)).toEqual({ uscc: sealed });
  expect(await known({ ...theBank, organisation: otherBank })).toBeNull();
});

// --- when it is over ------------------------------------------------------------------------------------------------

test('what was revoked shows nothing in the next query, and comes back with another consent', async () => {
  const { consent } = await grantConsent();
  expect(await look(theBank)).toEqual(consented);
  expect(await revoke({ id: consent.id })).toMatchObject({
    __typename: 'ConsentRevoked',
    consent: { id: consent.id, revokedAt: expect.any(String) },
  });
  expect(await look(theBank)).toEqual(published);
  await grantConsent();
  expect(await look(theBank)).toEqual(consented);
});

test('a page that goes on after the revocation is without it', async () => {
  const { consent } = await grantConsent();
  const PAGE = `query ($uscc: USCC!, $knownAt: DateTime, $after: Cursor) {
    creditFile(uscc: $uscc, knownAt: $knownAt) {
      nameListEntries(first: 1, after: $after) {
        nodes { disclosureLevel } pageInfo { endCursor } totalCount { value }
      }
    }
  }`;
  const knownAt = await graph.gateway.sources.sealed();
  const page = async (after: string | null): Promise<Page & { readonly pageInfo: { readonly endCursor: string } }> => {
    const { body, text } = await ask(theBank, PAGE, { uscc: subject, knownAt, after });
    const file = body.data?.['creditFile'] as
      { nameListEntries: Page & { pageInfo: { endCursor: string } } } | null | undefined;
    if (!file) throw new Error(text);
    return file.nameListEntries;
  };
  const first = await page(null);
  const second = await page(first.pageInfo.endCursor);
  expect([first, second].map(({ nodes, totalCount }) => [nodes.length, totalCount.value])).toEqual([
    [1, 2],
    [1, 2],
  ]);
  await revoke({ id: consent.id });
  const rest = [await page(null), await page(first.pageInfo.endCursor)];
  expect(rest.flatMap(({ nodes }) => nodes.map(({ disclosureLevel }) => disclosureLevel)).includes('RESTRICTED')).toBe(
    false,
  );
  expect(rest.map(({ totalCount }) => totalCount.value)).toEqual([1, 1]);
});

test('what has expired shows nothing', async () => {
  const { consent } = await grantConsent();
  expect(await look(theBank)).toEqual(consented);
  await graph.sql(
    `update consent.consent
      set given_at = now() - interval '2 days', expires_at = now() - interval '1 second'
      where id = $1`,
    [consent.id],
  );
  expect(await look(theBank)).toEqual(published);
});

test('revoking one consent takes back whatever the same bank has for the same purpose, and nothing else', async () => {
  const [first] = [await grantConsent(), await grantConsent({ until: inDays(60) })];
  await grantConsent({ purpose: 'POST_LOAN' });
  await grantConsent({ grantee: otherBank });
  await grantConsent({}, { role: 'SUBJECT', organisation: other });
  await revoke({ id: first.consent.id });
  expect(await look(theBank)).toEqual(published);
  expect(await look({ ...theBank, purpose: 'POST_LOAN' })).toEqual(consented);
  expect(await look({ ...theBank, organisation: otherBank })).toEqual(consented);
  expect(await look(theBank, other)).toEqual(consented);
});

// --- who may --------------------------------------------------------------------------------------------------------

test('a credit service agency reads by consent too', async () => {
  await grantConsent({ grantee: agency, purpose: 'CREDIT_SERVICE' });
  expect(await look({ role: 'CREDIT_SERVICE_AGENCY' })).toEqual(consented);
});

test('with subgraphs in other processes it is the same', async () => {
  await using remote = await startGraph({ remote: true, database: graph.database });
  const { consent } = await grantConsent();
  expect(await look(theBank, subject, remote)).toEqual(consented);
  expect(await look({ ...theBank, purpose: 'POST_LOAN' }, subject, remote)).toEqual(published);
  await revoke({ id: consent.id });
  expect(await look(theBank, subject, remote)).toEqual(published);
});

test('what a bank reads by consent is in the access log with its purpose; what it is denied is not', async () => {
  await look(theBank);
  expect(accesses).toEqual([]);
  await grantConsent();
  await look(theBank);
  const [entry] = accesses;
  expect(entry?.viewer).toMatchObject({
    role: 'FINANCIAL_INSTITUTION',
    organisation: bank,
    purpose: 'CREDIT_GRANTING',
  });
  const restricted = (
    await graph.sql(
      ['namelist.entry', 'evaluation.result', 'disclosure.act']
        .map((table) => `select record_id from ${table} where uscc = $1 and disclosure_level = 'RESTRICTED'`)
        .join(' union all '),
      [subject],
    )
  ).map((row) => row['record_id']);
  expect(
    [...new Set(entry?.reads.filter(({ dataClass }) => dataClass === 'RECORD').map(({ record }) => record))].toSorted(),
  ).toEqual(restricted.toSorted());
});

// --- giving and taking back -----------------------------------------------------------------------------------------

test('nobody but a subject gives a consent or takes one back', async () => {
  const { consent } = await grantConsent();
  for (const role of roles.filter((each) => each !== 'SUBJECT'))
    for (const [query, input] of [
      [GIVE, { idempotencyKey: 'k', grantee: bank, purpose: 'CREDIT_GRANTING', until: inDays(1) }],
      [REVOKE, { idempotencyKey: 'k', id: consent.id }],
    ] as const) {
      const { body } = await ask({ role }, query, { input });
      expect([role, body.data, body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([
        role,
        { done: null },
        ['UNAUTHORIZED_FIELD_OR_TYPE'],
      ]);
    }
  expect(await look(theBank)).toEqual(consented);
});

test('a subject revokes no consent of another, and does not learn that there is one', async () => {
  const { consent } = await grantConsent();
  const missing = { __typename: 'InvalidInput', code: 'NOT_FOUND', path: ['input', 'id'], retryable: false };
  for (const id of [consent.id, randomUUID(), 'nonsense'])
    expect(await revoke({ id }, { role: 'SUBJECT', organisation: other })).toMatchObject(missing);
  expect(await look(theBank)).toEqual(consented);
});

test.each<[string, () => Record<string, unknown>, string, string]>([
  ['for a purpose that there is not', () => ({ purpose: 'CURIOSITY' }), 'UNKNOWN_CODE', 'purpose'],
  ['that has ended before it begins', () => ({ until: inDays(-1) }), 'BAD_PERIOD', 'until'],
  ['for longer than its rule says', () => ({ until: inDays(367) }), 'BAD_PERIOD', 'until'],
])('a consent %s is refused, and gives nothing', async (_, input, code, field) => {
  expect(await grantConsent(input())).toMatchObject({
    __typename: 'InvalidInput',
    code,
    path: ['input', field],
    retryable: false,
  });
  expect(await graph.sql('select from consent.consent')).toEqual([]);
});

test('a consent for as long as its rule says is given, as it was asked', async () => {
  const until = inDays(365);
  expect(await grantConsent({ until })).toEqual({
    __typename: 'ConsentGiven',
    consent: {
      id: expect.any(String),
      subject,
      grantee: bank,
      purpose: 'CREDIT_GRANTING',
      givenAt: expect.any(String),
      expiresAt: until,
      revokedAt: null,
    },
  });
});

test('the grantee is an organisation by its code', async () => {
  const { body } = await ask({ role: 'SUBJECT' }, GIVE, {
    input: { idempotencyKey: 'k', grantee: '914403001922038217', purpose: 'CREDIT_GRANTING', until: inDays(1) },
  });
  expect(body.errors?.map(({ extensions }) => [extensions['code'], extensions['reason']])).toEqual([
    ['BAD_USER_INPUT', 'CHECK_CHARACTER'],
  ]);
});

test('the same key gives once, other content is a conflict, and of two simultaneous calls one gives', async () => {
  const input = { idempotencyKey: 'once', until: inDays(10) };
  const [one, two] = await Promise.all([grantConsent(input), grantConsent(input)]);
  expect(one).toEqual(two);
  expect(await grantConsent(input)).toEqual(one);
  expect(await grantConsent({ ...input, purpose: 'SUPERVISION' })).toMatchObject({
    __typename: 'Conflict',
    code: 'IDEMPOTENCY_KEY',
  });
  expect(await graph.sql('select id from consent.consent')).toEqual([{ id: one.consent.id }]);
});

test('a refused call leaves its key free, and a done one is answered again after its end has passed', async () => {
  expect(await grantConsent({ idempotencyKey: 'free', until: inDays(-1) })).toMatchObject({ code: 'BAD_PERIOD' });
  const input = { idempotencyKey: 'free', until: inDays(1) };
  const { consent } = await grantConsent(input);
  await graph.sql(`update gateway.idempotency set input_digest = sha256(convert_to($1, 'UTF8')) where key = 'free'`, [
    JSON.stringify({
      idempotencyKey: 'free',
      grantee: bank,
      purpose: 'CREDIT_GRANTING',
      until: '2026-01-01T00:00:00.000Z',
    }),
  ]);
  expect((await grantConsent({ ...input, until: '2026-01-01T00:00:00.000Z' })).consent.id).toBe(consent.id);
});

test('a consent that is over keeps its dates when it is revoked', async () => {
  const { consent } = await grantConsent();
  const revoked = await revoke({ id: consent.id });
  expect((await revoke({ id: consent.id })).consent).toEqual(revoked.consent);
  const expired = (await grantConsent()).consent;
  await graph.sql(
    `update consent.consent
      set given_at = now() - interval '2 days', expires_at = now() - interval '1 day'
      where id = $1`,
    [expired.id],
  );
  expect((await revoke({ id: expired.id })).consent.revokedAt).toBeNull();
});

// --- who knows of it ------------------------------------------------------------------------------------------------

const MINE = `query ($first: Int!, $after: Cursor) {
  viewer {
    consents(first: $first, after: $after) {
      nodes { ${CONSENT} } edges { cursor node { id } } pageInfo { hasNextPage endCursor }
      totalCount { value exact }
    }
  }
}`;
interface Mine {
  readonly nodes: readonly Consent[];
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  readonly totalCount: { readonly value: number; readonly exact: boolean };
}
const mine = async (reader: Reader, first = 10, after: string | null = null): Promise<Mine> => {
  const { body, text } = await ask(reader, MINE, { first, after });
  const { viewer } = (body.data ?? {}) as { viewer?: { consents: Mine | null } };
  if (!viewer?.consents) throw new Error(text);
  return viewer.consents;
};

test('the subject sees what it gave and the grantee what it received, over or not; nobody else sees any', async () => {
  const given = (await grantConsent()).consent;
  const { consent: revoked } = await revoke({ id: given.id });
  const expired = (await grantConsent({ purpose: 'POST_LOAN' })).consent;
  await graph.sql(
    `update consent.consent
      set given_at = now() - interval '2 days', expires_at = now() - interval '1 day'
      where id = $1`,
    [expired.id],
  );
  const inForce = (await grantConsent({ until: inDays(5) })).consent;
  const toAnother = (await grantConsent({ grantee: otherBank })).consent;

  const own = await mine({ role: 'SUBJECT' });
  expect(own.nodes.map(({ id }) => id)).toEqual([toAnother.id, inForce.id, revoked.id, expired.id]);
  expect(own.nodes[2]).toEqual(revoked);
  expect(own.totalCount).toEqual({ value: 4, exact: true });
  expect((await mine(theBank)).nodes.map(({ id }) => id)).toEqual([inForce.id, revoked.id, expired.id]);
  expect((await mine({ ...theBank, organisation: otherBank })).nodes).toEqual([toAnother]);
  for (const reader of [
    { role: 'SUBJECT', organisation: other },
    { role: 'PUBLIC' },
    { role: 'AUDITOR' },
    { role: 'OPERATOR' },
    { role: 'CREDIT_SERVICE_AGENCY' },
  ] as const)
    expect([reader.role, (await mine(reader)).nodes, (await mine(reader)).totalCount]).toEqual([
      reader.role,
      [],
      { value: 0, exact: true },
    ]);
});

test('consents are paged, and a cursor of another organisation is refused', async () => {
  const ids: string[] = [];
  for (let day = 1; day <= 3; day++) ids.unshift((await grantConsent({ until: inDays(day) })).consent.id);
  // Two at the same instant are in one order all the same.
  await graph.sql('update consent.consent set given_at = (select min(given_at) from consent.consent)');
  const seen: string[] = [];
  for (let after: string | null = null; ;) {
    const page: Mine = await mine({ role: 'SUBJECT' }, 1, after);
    seen.push(...page.edges.map(({ node }) => node.id));
    if (!page.pageInfo.hasNextPage) break;
    after = page.pageInfo.endCursor;
  }
  expect(seen).toEqual(ids.toSorted().toReversed());
  const { edges } = await mine({ role: 'SUBJECT' }, 1);
  const { body } = await ask({ role: 'SUBJECT', organisation: other }, MINE, { first: 1, after: edges[0]?.cursor });
  expect(body.errors?.map(({ extensions }) => extensions['code'])).toEqual(['BAD_CURSOR']);
});

test('the command line gives a consent once, lists it for both, and takes it back', async () => {
  const now = new Date();
  const api = createApi({ url: graph.url, token: () => graph.tokenOf('SUBJECT') });
  const atBank = createApi({ url: graph.url, token: () => graph.tokenOf('FINANCIAL_INSTITUTION') });
  const wanted = { grantee: bank, purpose: 'CREDIT_GRANTING', until: `${daysFromNow(30)}T00:00:00Z` };
  expect(isGiven(await findConsents(api), wanted, now)).toBeUndefined();
  const consent = await giveConsent(api, wanted);
  expect(isGiven(await findConsents(api), wanted, now)).toEqual(consent);
  expect(await findConsents(atBank)).toEqual([consent]);
  expect(consentLine(consent, now)).toBe(
    `${consent.id}   ${subject} → ${bank}   CREDIT_GRANTING   in force   ${consent.givenAt} until ${consent.expiresAt}`,
  );
  const revoked = await revokeConsent(api, consent.id);
  expect(await revokeConsent(api, consent.id)).toEqual(revoked);
  expect(isGiven(await findConsents(api), wanted, now)).toBeUndefined();
  expect(consentLine(revoked, now)).toBe(
    `${consent.id}   ${subject} → ${bank}   CREDIT_GRANTING   revoked    ${consent.givenAt} until ${revoked.revokedAt}`,
  );
  await expect(revokeConsent(api, randomUUID())).rejects.toThrow('(NOT_FOUND)');
  await expect(giveConsent(api, { ...wanted, until: inDays(1000) })).rejects.toThrow('within 366 days. (BAD_PERIOD)');
});
