import { randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { encodeId } from '#records/record.ts';
import { type Role, roles } from '#policy/roles.ts';
import { syntheticUnit } from '#standards/demoOrganisations.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, type Reply, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';
import { purposesOf } from '#test/support/purposes.ts';

// Lists written by decision: one person proposes, another decides. What is approved is a change like that of a filing:
// an entry, a row for the log and one for the audit in one transaction (docs/PROTOCOL.md, P1).

const UNIT = organisationOf('DETERMINING_UNIT').organisation;
const FAR = syntheticUnit('44', 'LABOUR').uscc;
const NEAR = syntheticUnit('33', 'TAX').uscc;
const UNREGISTERED = syntheticUnit('33', 'SAFETY').uscc;
const BOUND = syntheticUnit('33', 'HOUSING').uscc;
const LISTED_ON = daysFromNow(-30);
const TODAY = daysFromNow(0);

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
  for (const unit of [UNIT, FAR, NEAR, BOUND, ...deciders.map((role) => organisationOf(role).organisation)])
    await register(graph, 'namelist', unit, ['name-list']);
  await graph.sql(`update namelist.source_unit set province = '33', sector = 'F' where uscc = $1`, [BOUND]);
  for (const unit of [FAR, NEAR, UNREGISTERED, BOUND])
    await graph.sql(
      `insert into gateway.grant (id, organisation, role, valid_from, granted_by)
        values ($1, $2, 'DETERMINING_UNIT', now() - interval '1 minute', 'test')`,
      [randomUUID(), unit],
    );
});
afterAll(() => graph[Symbol.asyncDispose]());

const deciders: readonly Role[] = ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'];

type Json = Record<string, unknown>;

interface Person {
  readonly role: Role;
  readonly organisation: string;
  readonly actor: string | null;
}

const tokens = new Map<string, string>();
function tokenOf({ role, organisation, actor }: Person): string {
  const key = `${role} ${organisation} ${actor}`;
  const made = tokens.get(key);
  if (made !== undefined) return made;
  const { province, sector } = organisationOf(role);
  const token = graph.issuer.token({
    role,
    organisation,
    ...(province ? { province } : null),
    ...(sector ? { sector } : null),
    purposes: purposesOf(role),
    ...(actor === null ? null : { actor }),
  });
  tokens.set(key, token);
  return token;
}
const personOf = (organisation: string, actor: string | null, role: Role = 'DETERMINING_UNIT'): Person => ({
  role,
  organisation,
  actor,
});
const [one, two] = [personOf(UNIT, '1001'), personOf(UNIT, '1002')];

const PROPOSAL = `id version action state unit proposedByActor decidedByActor subject { uscc }
  recordId entryVersion documentNo legalBasis
  becomes {
    listType { code } documentNo legalBasis grounds listedOn termUntil disclosureLevel publicUntil removedOn
    removalReason
  }`;
const ENTRY = `id version listType { code } category state authority { name uscc } documentNo listedOn grounds
  legalBasis termUntil removedOn removalReason publicUntil disclosureLevel validTo
  provenance { sourceUnit { name uscc } }`;
const inputs = {
  proposeListing: 'ProposeListingInput',
  removeListing: 'RemoveListingInput',
  correctListing: 'CorrectListingInput',
  decideListing: 'DecideListingInput',
} as const;
type Mutation = keyof typeof inputs;
const DECIDED = `ListingDecided { proposal { ${PROPOSAL} } entry { ${ENTRY} } }`;
const PROPOSED = `ListingProposed { proposal { ${PROPOSAL} } }`;
const documentFor = (mutation: Mutation): string => `mutation ($input: ${inputs[mutation]}!) {
  ${mutation}(input: $input) {
    __typename
    ... on ${mutation === 'decideListing' ? DECIDED : PROPOSED}
    ... on DomainError { code path }
  }
}`;

const asked = (person: Person, query: string, variables: Json = {}, options: { purpose?: null } = {}): Promise<Reply> =>
  graph.query(person.role, query, variables, {
    ...options,
    ...(person.role === 'PUBLIC' ? null : { token: tokenOf(person) }),
  });

interface Answer extends Json {
  readonly __typename: string;
  readonly proposal?: Json & { id: string; version: number };
  readonly entry?: (Json & { id: string; version: number }) | null;
}
/** What a mutation answers; for an error its codes. */
async function run(person: Person, mutation: Mutation, input: Json): Promise<Answer> {
  const { body } = await asked(person, documentFor(mutation), { input });
  return (body.errors ? body.errors.map(({ extensions }) => extensions['code']) : body.data?.[mutation]) as Answer;
}

const proposalOf = ({ proposal, ...rest }: Answer): Json & { id: string; version: number } => {
  if (!proposal) throw new Error(JSON.stringify(rest));
  return proposal;
};

let entities = 0;
const newEntity = (division = '330106'): string =>
  composeUscc(`91${division}`, `MA8EE${String((entities += 1)).padStart(3, '0')}`);

let documents = 0;
/** A listing that is right, but for what the test says. */
const listingOf = (subject: string, more: Json = {}): Json => ({
  idempotencyKey: randomUUID(),
  subject,
  industryCode: 'F5211',
  listType: 'SAMR_SERIOUS',
  documentNo: `浙示列〔2026〕${(documents += 1)}号`,
  authorityName: '示例认定机关',
  legalBasis: '某办法第十条',
  grounds: '严重违法',
  listedOn: LISTED_ON,
  termUntil: daysFromNow(700),
  ...more,
});
const decisionOf = ({ id, version }: { id: string; version: number }, more: Json = {}): Json => ({
  idempotencyKey: randomUUID(),
  id,
  expectedVersion: version,
  approve: true,
  ...more,
});
const removalOf = ({ id, version }: { id: string; version: number }, more: Json = {}): Json => ({
  idempotencyKey: randomUUID(),
  recordId: id,
  expectedVersion: version,
  documentNo: '浙示移〔2026〕9号',
  legalBasis: '某办法第十六条',
  removedOn: TODAY,
  reason: 'CORRECTED',
  ...more,
});
const correctionOf = ({ id, version }: { id: string; version: number }, changes: Json, more: Json = {}): Json => ({
  idempotencyKey: randomUUID(),
  recordId: id,
  expectedVersion: version,
  documentNo: '浙示更〔2026〕5号',
  legalBasis: '某办法第二十条',
  changes,
  ...more,
});

/** Proposed by the first person of a unit and approved by the second. */
async function approved(
  mutation: Exclude<Mutation, 'decideListing'>,
  input: Json,
  [proposer, decider]: readonly [Person, Person] = [one, two],
): Promise<Answer & { entry: Json & { id: string; version: number } }> {
  const answer = await run(decider, 'decideListing', decisionOf(proposalOf(await run(proposer, mutation, input))));
  if (answer.__typename !== 'ListingDecided') throw new Error(JSON.stringify(answer));
  return answer as Answer & { entry: Json & { id: string; version: number } };
}

/** The row of the form that says the same as a listing, as the unit's own system files it. */
const rowFor = (listing: Json, more: Cells = {}): Cells => ({
  MD_XDR_MC: '示例主体',
  MD_XDR_SHXYM: String(listing['subject']),
  MD_XDR_HYDM: String(listing['industryCode']),
  MD_LX: String(listing['listType']),
  MD_WSH: String(listing['documentNo']),
  MD_LRRQ: String(listing['listedOn']).replaceAll('-', '/'),
  MD_LRSY: String(listing['grounds']),
  MD_FLYJ: String(listing['legalBasis']),
  MD_QXZ: String(listing['termUntil']).replaceAll('-', '/'),
  MD_RDJG: String(listing['authorityName']),
  MD_RDJGDM: UNIT,
  MD_LYDW: String(listing['authorityName']),
  MD_LYDWDM: UNIT,
  ...more,
});
const file = async (row: Cells): Promise<Json> => {
  const { added, corrected, unchanged, rejectedRows } = await graph.file('name-list', lines([row]), {
    format: 'NDJSON',
  });
  return { added, corrected, unchanged, ...((rejectedRows as unknown[]).length > 0 ? { rejectedRows } : null) };
};

/** What the log and the audit have of an entity, in order; what was numbered meanwhile too. */
async function delivered(uscc: string): Promise<Json[]> {
  const rows = await graph.sql(
    `select to_jsonb(told) - 'place' - 'number' as told
     from (select 1 as place, seq as number, kind, reason, version, before is not null as had, basis, filing_id,
       recorded_at, uscc from feed.log union all select 2, id, kind, reason, version, before is not null, basis,
       filing_id, recorded_at, uscc from feed.outbox) told
     where uscc = $1
     order by recorded_at, place, number`,
    [uscc],
  );
  return rows.map((row) => row['told'] as Json);
}
const audited = (action: string): Promise<Json[]> =>
  graph.sql(
    `select action, organisation, role, actor, purpose, token_id, uscc, record_id, version, row_count, details, at
      from audit.change
      where schema = 'namelist' and action = $1
      order by id`,
    [action],
  );

const known = new Set<string>();
const entriesOf = async (uscc: string, role: Role = 'PUBLIC'): Promise<Json[]> => {
  if (!known.has(uscc)) await know(graph, uscc);
  known.add(uscc);
  await graph.gateway.sources.refresh();
  const { body } = await graph.query(
    role,
    `query ($uscc: USCC!) { creditFile(uscc: $uscc) { nameListEntries(first: 100) { nodes { ${ENTRY} } } } }`,
    { uscc },
  );
  return (
    (body.data?.['creditFile'] as { nameListEntries: { nodes: Json[] } } | null | undefined)?.nameListEntries.nodes ??
    []
  );
};
const versionsOf = (uscc: string): Promise<Json[]> =>
  graph.sql(
    `select version, superseded_at < 'infinity' as superseded, disclosure_level, public_until::text,
        withdrawn_on::text, removed_on::text, sector, filing_id
      from namelist.entry
      where uscc = $1
      order by version`,
    [uscc],
  );

const refused = (code: string, ...path: string[]): Json => ({
  __typename: 'InvalidInput',
  code,
  path: ['input', ...path],
});
const conflict = (code: string, ...path: string[]): Json => ({
  __typename: 'Conflict',
  code,
  path: ['input', ...path],
});

// --- may not ---------------------------------------------------------------------------------------------------------

test('nobody without the task of deciding and a purpose changes a list or reads proposals', async () => {
  const entry = encodeId('NameListEntry', newEntity(), randomUUID());
  const given: Record<Mutation, Json> = {
    proposeListing: listingOf(newEntity()),
    removeListing: removalOf({ id: entry, version: 1 }),
    correctListing: correctionOf({ id: entry, version: 1 }, { grounds: '其他' }),
    decideListing: decisionOf({ id: entry, version: 1 }),
  };
  const before = await graph.sql('select count(*)::int as n from namelist.proposal');
  for (const role of roles.filter((each) => !deciders.includes(each))) {
    const person = {
      role,
      organisation: organisationOf(role === 'PUBLIC' ? 'SUBJECT' : role).organisation,
      actor: '1',
    };
    for (const mutation of Object.keys(inputs) as Mutation[])
      expect([role, await run(person, mutation, given[mutation])]).toEqual([role, ['UNAUTHORIZED_FIELD_OR_TYPE']]);
    const { body } = await asked(person, '{ listingProposals(first: 10) { nodes { id } } }');
    expect([
      role,
      body.data?.['listingProposals'] ?? null,
      body.errors?.map(({ extensions }) => extensions['code']),
    ]).toEqual(role === 'AUDITOR' ? [role, { nodes: [] }, undefined] : [role, null, ['UNAUTHORIZED_FIELD_OR_TYPE']]);
  }
  for (const mutation of Object.keys(inputs) as Mutation[]) {
    const aimless = await asked(one, documentFor(mutation), { input: given[mutation] }, { purpose: null });
    expect([aimless.body.data, new Set(aimless.body.errors?.map(({ extensions }) => extensions['code']))]).toEqual([
      { [mutation]: null },
      new Set(['PURPOSE_REQUIRED']),
    ]);
  }
  expect(await graph.sql('select count(*)::int as n from namelist.proposal')).toEqual(before);
});

test('a unit that is not registered lists nobody, and one that is, nobody beyond its registration', async () => {
  expect(await run(personOf(UNREGISTERED, '1'), 'proposeListing', listingOf(newEntity()))).toEqual(
    refused('UNIT_NOT_REGISTERED', 'subject'),
  );
  const bound = [personOf(BOUND, '1'), personOf(BOUND, '2')] as const;
  expect(await run(bound[0], 'proposeListing', listingOf(newEntity('440305')))).toEqual(
    refused('OUTSIDE_REGISTRATION', 'subject'),
  );
  for (const industryCode of ['C2710', null])
    expect(await run(bound[0], 'proposeListing', listingOf(newEntity(), { industryCode }))).toEqual(
      refused('OUTSIDE_REGISTRATION', 'subject'),
    );
  const { entry } = await approved('proposeListing', listingOf(newEntity()), bound);
  expect(await run(bound[0], 'correctListing', correctionOf(entry, { industryCode: 'C2710' }))).toEqual(
    refused('OUTSIDE_REGISTRATION', 'recordId'),
  );
});

test('a registration that ended before the decision is none', async () => {
  const lapsing = syntheticUnit('33', 'CIVIL_AFFAIRS').uscc;
  await graph.sql(
    `insert into gateway.grant (id, organisation, role, valid_from, granted_by)
      values ($1, $2, 'DETERMINING_UNIT', now() - interval '1 minute', 'test')`,
    [randomUUID(), lapsing],
  );
  await register(graph, 'namelist', lapsing, ['name-list']);
  const uscc = newEntity();
  const proposal = proposalOf(await run(personOf(lapsing, '1'), 'proposeListing', listingOf(uscc)));
  await graph.sql('update namelist.source_unit set registered_by = null where uscc = $1', [lapsing]);
  expect(await run(personOf(lapsing, '2'), 'decideListing', decisionOf(proposal))).toEqual(
    refused('UNIT_NOT_REGISTERED', 'id'),
  );
  expect([await delivered(uscc), await versionsOf(uscc)]).toEqual([[], []]);
});

test('it takes two persons of one unit: none without a number, not the same, and nobody of another unit', async () => {
  const uscc = newEntity();
  expect(await run(personOf(UNIT, null), 'proposeListing', listingOf(uscc))).toEqual(refused('ACTOR'));
  const proposal = proposalOf(await run(one, 'proposeListing', listingOf(uscc)));
  for (const approve of [true, false]) {
    expect(await run(one, 'decideListing', decisionOf(proposal, { approve }))).toEqual(refused('SECOND_PERSON', 'id'));
    expect(await run(personOf(UNIT, null), 'decideListing', decisionOf(proposal, { approve }))).toEqual(
      refused('SECOND_PERSON', 'id'),
    );
    for (const outsider of [
      personOf(FAR, '1002'),
      personOf(NEAR, '1002'),
      ...deciders
        .filter((role) => role !== 'DETERMINING_UNIT')
        .map((role) => personOf(organisationOf(role).organisation, '1002', role)),
    ]) {
      expect(await run(outsider, 'decideListing', decisionOf(proposal, { approve }))).toEqual(
        refused('NOT_FOUND', 'id'),
      );
    }
  }
  for (const id of [
    'x',
    encodeId('ListingProposal', uscc, randomUUID()),
    encodeId('NameListEntry', uscc, randomUUID()),
  ])
    expect(await run(two, 'decideListing', decisionOf({ id, version: 1 }))).toEqual(refused('NOT_FOUND', 'id'));
  expect(await versionsOf(uscc)).toEqual([]);
});

test('until it is decided nobody but the unit and auditors hears of a proposal', async () => {
  const uscc = newEntity();
  const proposal = proposalOf(await run(one, 'proposeListing', listingOf(uscc)));
  expect([await delivered(uscc), await versionsOf(uscc), await entriesOf(uscc, 'AUDITOR')]).toEqual([[], [], []]);
  const found = async (person: Person): Promise<boolean> => {
    const { body } = await asked(person, '{ listingProposals(state: PROPOSED, first: 100) { nodes { id } } }');
    return ((body.data?.['listingProposals'] as { nodes: { id: string }[] } | null | undefined)?.nodes ?? []).some(
      ({ id }) => id === proposal.id,
    );
  };
  const others = [
    personOf(FAR, '1'),
    personOf(NEAR, '1'),
    ...deciders
      .filter((role) => role !== 'DETERMINING_UNIT')
      .map((role) => personOf(organisationOf(role).organisation, '1', role)),
  ];
  expect(await Promise.all(others.map(found))).toEqual(others.map(() => false));
  expect(
    await Promise.all([one, two, personOf(organisationOf('AUDITOR').organisation, null, 'AUDITOR')].map(found)),
  ).toEqual([true, true, true]);
});

test.each<[string, Json, string, string]>([
  ['a list that nobody registered', { listType: 'NOBODYS' }, 'UNKNOWN_CODE', 'listType'],
  ['a list of a later day', { listedOn: '2015-01-01' }, 'NOT_IN_FORCE', 'listType'],
  ['a day after today', { listedOn: daysFromNow(1) }, 'BAD_PERIOD', 'listedOn'],
  ['a term that is over', { termUntil: daysFromNow(-1) }, 'BAD_PERIOD', 'termUntil'],
  ['a publication that is over', { publicUntil: daysFromNow(-1) }, 'BAD_PERIOD', 'publicUntil'],
  ['no number of a document', { documentNo: '无' }, 'MISSING', 'documentNo'],
  ['a number that is too long', { documentNo: '长'.repeat(129) }, 'TOO_LONG', 'documentNo'],
  ['no legal basis', { legalBasis: ' ' }, 'MISSING', 'legalBasis'],
  ['no grounds', { grounds: '—' }, 'MISSING', 'grounds'],
  ['no authority', { authorityName: '' }, 'MISSING', 'authorityName'],
  ['an authority whose name is none', { authorityName: '示例系统-2' }, 'SUSPECT_NAME', 'authorityName'],
  ['no such industry', { industryCode: 'Z99' }, 'UNKNOWN_CODE', 'industryCode'],
])('nothing is proposed with %s', async (_, more, code, path) => {
  expect(await run(one, 'proposeListing', listingOf(newEntity(), more))).toEqual(refused(code, path));
});

test('a natural person is no subject, and numbers of persons are kept nowhere', async () => {
  const { body } = await asked(one, documentFor('proposeListing'), { input: listingOf('330106199001011237') });
  expect(body.errors?.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
  const uscc = newEntity();
  const listing = listingOf(uscc, { grounds: '责任人 330106199001011237，电话 13800138000' });
  await run(one, 'proposeListing', listing);
  const kept = await graph.sql(
    `select (select string_agg(filed::text, '') from namelist.proposal where uscc = $1)
        || (select string_agg(result::text || key, '') from namelist.idempotency)
        || (select string_agg(change::text, '') from audit.change change) as kept`,
    [uscc],
  );
  expect(String(kept[0]?.['kept'])).toContain('责任人');
  expect(String(kept[0]?.['kept'])).not.toMatch(/330106199001011237|13800138000/);
});

// --- listing ---------------------------------------------------------------------------------------------------------

/** A proposal as it is answered before it is decided. */
const proposedAsRead = (uscc: string, listing: ReturnType<typeof listingOf>) => ({
  id: expect.any(String),
  version: 1,
  action: 'LIST',
  state: 'PROPOSED',
  unit: UNIT,
  proposedByActor: '1001',
  decidedByActor: null,
  subject: { uscc },
  recordId: null,
  entryVersion: null,
  documentNo: listing['documentNo'],
  legalBasis: '某办法第十条',
  becomes: {
    listType: { code: 'SAMR_SERIOUS' },
    documentNo: listing['documentNo'],
    legalBasis: '某办法第十条',
    grounds: '严重违法',
    listedOn: LISTED_ON,
    termUntil: daysFromNow(700),
    disclosureLevel: 'PUBLIC',
    publicUntil: daysFromNow(700),
    removedOn: null,
    removalReason: null,
  },
});

/** The entry of an approved proposal. */
const listedAsRead = (listing: ReturnType<typeof listingOf>) => ({
  id: expect.any(String),
  version: 1,
  listType: { code: 'SAMR_SERIOUS' },
  category: 'SERIOUS',
  state: 'LISTED',
  authority: { name: '示例认定机关', uscc: UNIT },
  documentNo: listing['documentNo'],
  listedOn: LISTED_ON,
  grounds: '严重违法',
  legalBasis: '某办法第十条',
  termUntil: daysFromNow(700),
  removedOn: null,
  removalReason: null,
  publicUntil: daysFromNow(700),
  disclosureLevel: 'PUBLIC',
  validTo: daysFromNow(701),
  provenance: { sourceUnit: { name: '示例认定机关', uscc: UNIT } },
});

/** Proposed by one person, approved by another. */
async function approvedListing() {
  const uscc = newEntity();
  const listing = listingOf(uscc);
  const proposal = proposalOf(await run(one, 'proposeListing', listing));
  const answer = await run(two, 'decideListing', decisionOf(proposal));
  return { uscc, listing, proposal, answer };
}

test('what is proposed is approved on the version that was seen, and its content is the entry’s then', async () => {
  const uscc = newEntity();
  const listing = listingOf(uscc);
  const proposal = proposalOf(await run(one, 'proposeListing', listing));
  expect(proposal).toEqual(proposedAsRead(uscc, listing));
  expect(await run(two, 'decideListing', decisionOf(proposal, { expectedVersion: 2 }))).toEqual(
    conflict('VERSION', 'expectedVersion'),
  );
  const answer = await run(two, 'decideListing', decisionOf(proposal));
  const entry = listedAsRead(listing);
  expect(answer).toEqual({
    __typename: 'ListingDecided',
    // Its content is the entry's now.
    proposal: {
      ...proposal,
      version: 2,
      state: 'APPROVED',
      decidedByActor: '1002',
      recordId: answer.entry?.id,
      documentNo: null,
      legalBasis: null,
      becomes: null,
    },
    entry,
  });
  expect(await entriesOf(uscc)).toEqual([{ ...entry, id: answer.entry?.id }]);
});

test('an approved listing is found by its id and by filters', async () => {
  const { listing, answer } = await approvedListing();
  const { body } = await graph.query(
    'PUBLIC',
    `query ($id: ID!) { record(id: $id) { __typename id version ... on NameListEntry { documentNo state } } }`,
    { id: answer.entry?.id },
  );
  expect(body.data).toEqual({
    record: {
      __typename: 'NameListEntry',
      id: answer.entry?.id,
      version: 1,
      documentNo: listing['documentNo'],
      state: 'LISTED',
    },
  });
  const listed = await graph.query(
    'PUBLIC',
    `query ($from: Date) {
      nameListEntries(
        filter: { types: ["SAMR_SERIOUS"], province: "33", sector: "F", activeOnly: true, listedFrom: $from },
        first: 100
      ) {
        nodes { id }
      }
    }`,
    { from: LISTED_ON },
  );
  expect((listed.body.data?.['nameListEntries'] as { nodes: unknown[] } | undefined)?.nodes).toContainEqual({
    id: answer.entry?.id,
  });
});

test('an approved listing is delivered once and audited', async () => {
  const { uscc, listing, proposal } = await approvedListing();
  const [version] = await graph.sql(
    `select to_jsonb(recorded_at) #>> '{}' as recorded_at, record_id, recorded_at as at
      from namelist.entry
      where uscc = $1`,
    [uscc],
  );
  expect(await delivered(uscc)).toEqual([
    {
      kind: 'ADDED',
      reason: null,
      version: 1,
      had: false,
      basis: { documentNo: listing['documentNo'], legalBasis: '某办法第十条', validFrom: LISTED_ON },
      filing_id: null,
      recorded_at: version?.['recorded_at'],
      uscc,
    },
  ]);
  const by = (person: Person) => ({
    organisation: UNIT,
    role: 'DETERMINING_UNIT',
    actor: person.actor,
    purpose: 'SUPERVISION',
    token_id: (jwt.decode(tokenOf(person)) as jwt.JwtPayload).jti,
  });
  const inside = Buffer.from(proposal.id, 'base64url').toString().split(':')[2];
  expect((await audited('decideListing')).at(-1)).toEqual({
    action: 'decideListing',
    ...by(two),
    uscc,
    record_id: version?.['record_id'],
    version: 1,
    row_count: 1,
    details: { proposal: inside, approved: true, proposedBy: '1001' },
    at: version?.['at'],
  });
  expect((await audited('proposeListing')).at(-1)).toEqual({
    action: 'proposeListing',
    ...by(one),
    uscc: null,
    record_id: null,
    version: null,
    row_count: 0,
    details: { proposal: inside },
    at: expect.any(Date),
  });
});

test('an approved listing is the entry of a filing: filed it is not added again', async () => {
  const { uscc, listing } = await approvedListing();
  expect(await file(rowFor(listing))).toEqual({ added: 0, corrected: 0, unchanged: 1 });
  expect(await file(rowFor(listing, { MD_LRSY: '更正后的事由' }))).toEqual({ added: 0, corrected: 1, unchanged: 0 });
  expect((await delivered(uscc)).map(({ kind, version: number }) => [kind, number])).toEqual([
    ['ADDED', 1],
    ['CORRECTED', 2],
  ]);
  expect(await run(one, 'proposeListing', { ...listing, idempotencyKey: randomUUID() })).toEqual(
    conflict('EXISTS', 'documentNo'),
  );
});

test('what was filed before the decision is not listed a second time', async () => {
  const uscc = newEntity();
  const listing = listingOf(uscc);
  const proposal = proposalOf(await run(one, 'proposeListing', listing));
  expect(await file(rowFor(listing))).toEqual({ added: 1, corrected: 0, unchanged: 0 });
  expect(await run(two, 'decideListing', decisionOf(proposal))).toEqual(conflict('EXISTS', 'id'));
  expect(await versionsOf(uscc)).toHaveLength(1);
});

test('a decision and a filing of the same document at the same moment make one entry', async () => {
  for (let round = 0; round < 5; round += 1) {
    const uscc = newEntity();
    const listing = listingOf(uscc);
    const proposal = proposalOf(await run(one, 'proposeListing', listing));
    const [decided, receipt] = await Promise.all([
      run(two, 'decideListing', decisionOf(proposal)),
      file(rowFor(listing)),
    ]);
    expect([decided['code'] ?? decided.__typename, receipt]).toEqual(
      receipt['added'] === 1
        ? ['EXISTS', { added: 1, corrected: 0, unchanged: 0 }]
        : ['ListingDecided', { added: 0, corrected: 0, unchanged: 1 }],
    );
    expect((await delivered(uscc)).map(({ kind, version }) => [kind, version])).toEqual([['ADDED', 1]]);
  }
});

test('a list that need not be published is not, unless its unit says so', async () => {
  const { entry } = await approved('proposeListing', listingOf(newEntity(), { listType: 'FOCUS' }));
  expect(entry).toMatchObject({ disclosureLevel: 'GOV_SHARED', publicUntil: null });
  const published = await approved(
    'proposeListing',
    listingOf(newEntity(), { listType: 'FOCUS', disclosureLevel: 'PUBLIC', publicUntil: daysFromNow(90) }),
  );
  expect(published.entry).toMatchObject({ disclosureLevel: 'PUBLIC', publicUntil: daysFromNow(90) });
});

test('laid aside, a proposal changes nothing, leaves no content and is not decided again', async () => {
  const uscc = newEntity();
  const proposal = proposalOf(await run(one, 'proposeListing', listingOf(uscc)));
  expect(await run(two, 'decideListing', decisionOf(proposal, { approve: false }))).toEqual({
    __typename: 'ListingDecided',
    proposal: {
      ...proposal,
      version: 2,
      state: 'REJECTED',
      decidedByActor: '1002',
      documentNo: null,
      legalBasis: null,
      becomes: null,
    },
    entry: null,
  });
  expect([await delivered(uscc), await versionsOf(uscc)]).toEqual([[], []]);
  expect((await audited('decideListing')).at(-1)).toMatchObject({
    actor: '1002',
    record_id: null,
    row_count: 0,
    details: { approved: false, proposedBy: '1001' },
  });
  expect(await run(two, 'decideListing', decisionOf({ ...proposal, version: 2 }))).toEqual(conflict('DECIDED', 'id'));
  expect(await graph.sql('select filed as content from namelist.proposal where uscc = $1', [uscc])).toEqual([
    { content: null },
  ]);
});

// --- keys and races --------------------------------------------------------------------------------------------------

test('the same key does it once and answers alike; another content under it is a conflict', async () => {
  const uscc = newEntity();
  const listing = listingOf(uscc);
  const proposed = await run(one, 'proposeListing', listing);
  expect(await run(one, 'proposeListing', listing)).toEqual(proposed);
  expect(await run(one, 'proposeListing', { ...listing, grounds: '其他事由' })).toEqual(
    conflict('IDEMPOTENCY_KEY', 'idempotencyKey'),
  );
  const decision = decisionOf(proposalOf(proposed));
  const decided = await run(two, 'decideListing', decision);
  // Later changes do not show under its key.
  await file(rowFor(listing, { MD_LRSY: '更正后的事由' }));
  await graph.gateway.sources.refresh();
  expect(await run(two, 'decideListing', decision)).toEqual(decided);
  expect(await run(two, 'decideListing', { ...decision, approve: false })).toEqual(
    conflict('IDEMPOTENCY_KEY', 'idempotencyKey'),
  );
  const removal = removalOf({ id: String(decided.entry?.id), version: 2 });
  const removed = await run(one, 'removeListing', removal);
  expect(await run(one, 'removeListing', removal)).toEqual(removed);
  expect(await run(one, 'removeListing', { ...removal, reason: 'EXPIRED' })).toEqual(
    conflict('IDEMPOTENCY_KEY', 'idempotencyKey'),
  );
  const correction = correctionOf({ id: String(decided.entry?.id), version: 2 }, { grounds: '又一事由' });
  const corrected = await run(one, 'correctListing', correction);
  expect(await run(one, 'correctListing', correction)).toEqual(corrected);
  expect(await run(one, 'correctListing', { ...correction, changes: {} })).toEqual(
    conflict('IDEMPOTENCY_KEY', 'idempotencyKey'),
  );
  expect((await graph.sql('select count(*)::int as n from namelist.proposal where uscc = $1', [uscc]))[0]).toEqual({
    n: 3,
  });
});

test('of two simultaneous calls one acts; the other has its result, or DECIDED under another key', async () => {
  const uscc = newEntity();
  const listing = listingOf(uscc);
  const [first, second] = await Promise.all([run(one, 'proposeListing', listing), run(one, 'proposeListing', listing)]);
  expect(first).toEqual(second);
  const proposal = proposalOf(first);
  const answers = await Promise.all([
    run(two, 'decideListing', decisionOf(proposal)),
    run(personOf(UNIT, '1003'), 'decideListing', decisionOf(proposal, { approve: false })),
  ]);
  expect(answers.map(({ __typename, code }) => code ?? __typename).toSorted()).toEqual(['DECIDED', 'ListingDecided']);

  const again = listingOf(newEntity());
  const both = await Promise.all([
    run(one, 'proposeListing', again),
    run(personOf(UNIT, '1004'), 'proposeListing', { ...again, idempotencyKey: randomUUID() }),
  ]);
  const decided = await Promise.all(both.map((each) => run(two, 'decideListing', decisionOf(proposalOf(each)))));
  expect(decided.map(({ __typename, code }) => code ?? __typename).toSorted()).toEqual(['EXISTS', 'ListingDecided']);
  expect(await delivered(String(again['subject']))).toHaveLength(1);
  expect(await versionsOf(String(again['subject']))).toHaveLength(1);
});

test('an entry that has changed since is not removed or corrected, at proposal or at decision', async () => {
  const listing = listingOf(newEntity());
  const { entry } = await approved('proposeListing', listing);
  const [removal, correction] = [
    await run(one, 'removeListing', removalOf(entry)),
    await run(one, 'correctListing', correctionOf(entry, { grounds: '其他事由' })),
  ];
  await file(rowFor(listing, { MD_LRSY: '更正后的事由' }));
  expect(await run(one, 'removeListing', removalOf(entry))).toEqual(conflict('VERSION', 'expectedVersion'));
  expect(await run(one, 'correctListing', correctionOf(entry, { grounds: '其他事由' }))).toEqual(
    conflict('VERSION', 'expectedVersion'),
  );
  for (const each of [removal, correction]) {
    expect(await run(two, 'decideListing', decisionOf(proposalOf(each)))).toEqual(conflict('VERSION', 'id'));
    expect(await run(two, 'decideListing', decisionOf(proposalOf(each), { approve: false }))).toMatchObject({
      proposal: { state: 'REJECTED' },
      entry: null,
    });
  }
  // Of two at the same moment too one is done.
  const current = { ...entry, version: 2 };
  const proposals = await Promise.all([
    run(one, 'removeListing', removalOf(current)),
    run(one, 'correctListing', correctionOf(current, { grounds: '又一事由' })),
  ]);
  const decided = await Promise.all(proposals.map((each) => run(two, 'decideListing', decisionOf(proposalOf(each)))));
  expect(decided.map(({ __typename, code }) => code ?? __typename).toSorted()).toEqual(['ListingDecided', 'VERSION']);
  expect(await versionsOf(String(listing['subject']))).toMatchObject([
    { version: 1, superseded: true },
    { version: 2, superseded: true },
    { version: 3, superseded: false },
  ]);
});

test('a decision that fails at its commit leaves no entry, log row or audit record', async () => {
  const uscc = newEntity();
  const proposal = proposalOf(await run(one, 'proposeListing', listingOf(uscc)));
  const decision = decisionOf(proposal);
  const before = (await audited('decideListing')).length;
  await graph.sql(
    `create function public.refuse() returns trigger language plpgsql as $$
      begin raise exception 'refused by the test'; end $$`,
  );
  await graph.sql(
    `create constraint trigger refuse after insert on audit.change
      deferrable initially deferred for each row execute function public.refuse()`,
  );
  try {
    const { body } = await asked(two, documentFor('decideListing'), { input: decision });
    expect(body.data?.['decideListing'] ?? null).toBeNull();
  } finally {
    await graph.sql('drop function public.refuse() cascade');
  }
  expect([await delivered(uscc), await versionsOf(uscc), (await audited('decideListing')).length]).toEqual([
    [],
    [],
    before,
  ]);
  expect(await run(two, 'decideListing', decision)).toMatchObject({
    __typename: 'ListingDecided',
    entry: { version: 1 },
  });
});

// --- removal and correction ------------------------------------------------------------------------------------------

test('a removal is delivered with its document, and a filing that states it too adds no second one', async () => {
  const uscc = newEntity();
  const listing = listingOf(uscc);
  const { entry } = await approved('proposeListing', listing);
  const proposal = proposalOf(await run(one, 'removeListing', removalOf(entry)));
  expect(proposal).toMatchObject({
    action: 'REMOVE',
    recordId: entry.id,
    entryVersion: 1,
    documentNo: '浙示移〔2026〕9号',
    legalBasis: '某办法第十六条',
    becomes: {
      documentNo: listing['documentNo'],
      legalBasis: '某办法第十条',
      removedOn: TODAY,
      removalReason: 'CORRECTED',
      publicUntil: TODAY,
    },
  });
  expect((await delivered(uscc)).length).toBe(1);
  const answer = await run(two, 'decideListing', decisionOf(proposal));
  expect(answer).toMatchObject({
    __typename: 'ListingDecided',
    proposal: { state: 'APPROVED', recordId: entry.id, entryVersion: 1, becomes: null },
    entry: {
      id: entry.id,
      version: 2,
      state: 'REMOVED',
      removedOn: TODAY,
      removalReason: 'CORRECTED',
      grounds: '严重违法',
      validTo: TODAY,
    },
  });
  expect((await delivered(uscc)).at(-1)).toMatchObject({
    kind: 'DELISTED',
    reason: null,
    version: 2,
    had: true,
    basis: { documentNo: '浙示移〔2026〕9号', legalBasis: '某办法第十六条' },
  });
  expect(await versionsOf(uscc)).toMatchObject([
    { version: 1, superseded: true, public_until: TODAY, withdrawn_on: null },
    { version: 2, superseded: false, public_until: TODAY, removed_on: TODAY },
  ]);
  expect(await run(one, 'removeListing', removalOf({ ...entry, version: 2 }))).toEqual(conflict('REMOVED', 'recordId'));
  expect(await file(rowFor(listing, { MD_YCRQ: TODAY.replaceAll('-', '/'), MD_YCYY: '已改正' }))).toEqual({
    added: 0,
    corrected: 1,
    unchanged: 0,
  });
  expect((await delivered(uscc)).at(-1)).toMatchObject({ kind: 'CORRECTED', version: 3 });
});

test.each(['REVOKED', 'REPAIRED'])(
  'an entry that is %s is gone at once for all but its subject, its unit and auditors',
  async (reason) => {
    const uscc = newEntity();
    const { entry } = await approved('proposeListing', listingOf(uscc));
    const answer = await approved('removeListing', removalOf(entry, { reason }));
    expect(answer.entry).toMatchObject({ version: 2, state: reason, removalReason: reason });
    expect((await delivered(uscc)).at(-1)).toMatchObject({
      kind: 'WITHDRAWN',
      reason,
      version: 2,
      had: true,
      basis: { documentNo: '浙示移〔2026〕9号' },
    });
    await entriesOf(uscc);
    const seen = await Promise.all(roles.map(async (role) => [role, (await entriesOf(uscc, role)).length] as const));
    expect(seen.flatMap(([role, entries]) => (entries > 0 ? [role] : []))).toEqual(['DETERMINING_UNIT', 'AUDITOR']);
    expect(await versionsOf(uscc)).toMatchObject([{ withdrawn_on: TODAY }, { withdrawn_on: TODAY }]);
    expect(await run(one, 'removeListing', removalOf(answer.entry))).toEqual(conflict('WITHDRAWN', 'recordId'));
    expect(await run(one, 'correctListing', correctionOf(answer.entry, { grounds: '其他' }))).toEqual(
      conflict('WITHDRAWN', 'recordId'),
    );
  },
);

test('a correction changes what it names, with the term of all versions, and leaves the rest', async () => {
  const uscc = newEntity();
  const listing = listingOf(uscc);
  const { entry } = await approved('proposeListing', listing);
  const shorter = daysFromNow(300);
  const answer = await approved(
    'correctListing',
    correctionOf(entry, { termUntil: shorter, grounds: '更正后的事由', industryCode: 'G5411' }),
  );
  expect(answer.entry).toEqual({
    ...entry,
    version: 2,
    termUntil: shorter,
    publicUntil: shorter,
    validTo: daysFromNow(301),
    grounds: '更正后的事由',
  });
  expect((await delivered(uscc)).at(-1)).toMatchObject({
    kind: 'CORRECTED',
    version: 2,
    had: true,
    basis: { documentNo: '浙示更〔2026〕5号', legalBasis: '某办法第二十条' },
  });
  expect(await versionsOf(uscc)).toMatchObject([
    { public_until: shorter, sector: null },
    { public_until: shorter, sector: 'G', filing_id: null },
  ]);

  const hidden = await approved(
    'correctListing',
    correctionOf(answer.entry, { termUntil: null, disclosureLevel: 'GOV_SHARED' }),
  );
  expect(hidden.entry).toMatchObject({ version: 3, termUntil: null, disclosureLevel: 'GOV_SHARED', publicUntil: null });
  expect([await entriesOf(uscc), (await entriesOf(uscc, 'AUDITOR')).length]).toEqual([[], 1]);
  expect(await file(rowFor(listing))).toEqual({ added: 0, corrected: 1, unchanged: 0 });
});

test.each<[string, Json, Json]>([
  ['nothing', {}, refused('UNCHANGED', 'changes')],
  ['what it says already', { grounds: '严重违法', termUntil: daysFromNow(700) }, refused('UNCHANGED', 'changes')],
  ['a text that an entry has to have', { grounds: null }, refused('MISSING', 'changes', 'grounds')],
  ['the legal basis away', { legalBasis: '—' }, refused('MISSING', 'changes', 'legalBasis')],
  ['the term to before the listing', { termUntil: daysFromNow(-31) }, refused('BAD_PERIOD', 'changes', 'termUntil')],
  [
    'the publication to before the listing',
    { publicUntil: daysFromNow(-31) },
    refused('BAD_PERIOD', 'changes', 'publicUntil'),
  ],
  ['the industry to none', { industryCode: 'Z1' }, refused('UNKNOWN_CODE', 'changes', 'industryCode')],
])('a correction does not change %s', async (_, changes, expected) => {
  const { entry } = await approved('proposeListing', listingOf(newEntity()));
  expect(await run(one, 'correctListing', correctionOf(entry, changes))).toEqual(expected);
});

test.each<[string, Json, Json]>([
  ['before the listing', { removedOn: daysFromNow(-31) }, refused('BAD_PERIOD', 'removedOn')],
  ['after today', { removedOn: daysFromNow(1) }, refused('BAD_PERIOD', 'removedOn')],
  ['for a reason that there is not', { reason: 'BORED' }, refused('UNKNOWN_CODE', 'reason')],
  ['for no reason', { reason: '' }, refused('MISSING', 'reason')],
  ['by no document', { documentNo: '' }, refused('MISSING', 'documentNo')],
  ['on no basis', { legalBasis: '/' }, refused('MISSING', 'legalBasis')],
])('no entry leaves its list %s', async (_, more, expected) => {
  const { entry } = await approved('proposeListing', listingOf(newEntity()));
  expect(await run(one, 'removeListing', removalOf(entry, more))).toEqual(expected);
});

test('an entry is changed by its determining unit and that unit’s province; others learn no more', async () => {
  const far = [personOf(FAR, '1'), personOf(FAR, '2')] as const;
  const near = [personOf(NEAR, '1'), personOf(NEAR, '2')] as const;
  const province = [
    personOf(organisationOf('PROVINCIAL_PLATFORM').organisation, '1', 'PROVINCIAL_PLATFORM'),
    personOf(organisationOf('PROVINCIAL_PLATFORM').organisation, '2', 'PROVINCIAL_PLATFORM'),
  ] as const;
  const [theirs, hidden, ofProvince] = [
    await approved('proposeListing', listingOf(newEntity()), far),
    await approved(
      'proposeListing',
      listingOf(newEntity('440305'), { disclosureLevel: 'GOV_SHARED', industryCode: 'C2710' }),
      far,
    ),
    await approved('proposeListing', listingOf(newEntity()), near),
  ];
  const [centre, sector] = (['NATIONAL_CENTRE', 'SECTOR_REGULATOR'] as const).map((role) =>
    personOf(organisationOf(role).organisation, '1', role),
  ) as [Person, Person];
  for (const person of [one, province[0], centre, sector]) {
    expect(await run(person, 'removeListing', removalOf(theirs.entry))).toEqual(refused('NOT_YOURS', 'recordId'));
    expect(await run(person, 'correctListing', correctionOf(theirs.entry, { grounds: '其他' }))).toEqual(
      refused('NOT_YOURS', 'recordId'),
    );
  }
  for (const person of [one, province[0], sector]) {
    for (const id of [hidden.entry.id, encodeId('NameListEntry', newEntity(), randomUUID()), 'x']) {
      expect(await run(person, 'removeListing', removalOf({ id, version: 1 }))).toEqual(
        refused('NOT_FOUND', 'recordId'),
      );
      expect(await run(person, 'correctListing', correctionOf({ id, version: 1 }, { grounds: '其他' }))).toEqual(
        refused('NOT_FOUND', 'recordId'),
      );
    }
  }
  expect(await run(one, 'removeListing', removalOf(ofProvince.entry))).toEqual(refused('NOT_YOURS', 'recordId'));
  // Filed for the unit that decided by another, it is not the other's.
  const uscc = newEntity();
  const listing = listingOf(uscc);
  await file(rowFor(listing, { MD_RDJGDM: NEAR }));
  const [{ id } = { id: '' }] = await entriesOf(uscc);
  expect(await run(one, 'removeListing', removalOf({ id: String(id), version: 1 }))).toEqual(
    refused('NOT_YOURS', 'recordId'),
  );
  expect((await approved('removeListing', removalOf({ id: String(id), version: 1 }), near)).entry).toMatchObject({
    version: 2,
    provenance: { sourceUnit: { uscc: UNIT } },
  });

  const answer = await approved('removeListing', removalOf(ofProvince.entry), province);
  expect(answer).toMatchObject({
    proposal: { unit: province[0].organisation },
    entry: { version: 2, removedOn: TODAY },
  });
  expect((await approved('correctListing', correctionOf(theirs.entry, { grounds: '其他' }), far)).entry).toMatchObject({
    version: 2,
  });
});

test.each(deciders)('a %s lists by its own decision', async (role) => {
  const { organisation } = organisationOf(role);
  const { entry } = await approved('proposeListing', listingOf(newEntity()), [
    personOf(organisation, '1', role),
    personOf(organisation, '2', role),
  ]);
  expect(entry).toMatchObject({ version: 1, authority: { uscc: organisation } });
});

test('proposals come in pages, newest first, in the state that is asked', async () => {
  const unit = syntheticUnit('33', 'COURT').uscc;
  await graph.sql(
    `insert into gateway.grant (id, organisation, role, valid_from, granted_by)
      values ($1, $2, 'DETERMINING_UNIT', now() - interval '1 minute', 'test')`,
    [randomUUID(), unit],
  );
  await register(graph, 'namelist', unit, ['name-list']);
  const [proposer, decider] = [personOf(unit, '1'), personOf(unit, '2')];
  const made: string[] = [];
  for (let number = 0; number < 5; number += 1)
    made.unshift(proposalOf(await run(proposer, 'proposeListing', listingOf(newEntity()))).id);
  await run(decider, 'decideListing', decisionOf({ id: made[1] ?? '', version: 1 }));
  const page = async (
    state: string | null,
    after: string | null,
  ): Promise<{
    nodes: { id: string }[];
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
    totalCount: Json;
  }> => {
    const { body, text } = await asked(
      decider,
      `query ($state: ListingProposalState, $after: Cursor) {
        listingProposals(state: $state, first: 2, after: $after) {
          nodes { id } edges { cursor } pageInfo { hasNextPage endCursor } totalCount { value exact }
        }
      }`,
      { state, after },
    );
    if (!body.data?.['listingProposals']) throw new Error(text);
    return body.data['listingProposals'] as Awaited<ReturnType<typeof page>>;
  };
  const all = async (state: string | null): Promise<string[]> => {
    const found: string[] = [];
    for (let after: string | null = null; ;) {
      const { nodes, pageInfo, totalCount } = await page(state, after);
      found.push(...nodes.map(({ id }) => id));
      if (!pageInfo.hasNextPage) {
        expect(totalCount).toEqual({ value: found.length, exact: true });
        return found;
      }
      after = pageInfo.endCursor;
    }
  };
  expect(await all(null)).toEqual(made);
  expect(await all('PROPOSED')).toEqual(made.filter((_, index) => index !== 1));
  expect(await all('APPROVED')).toEqual([made[1]]);
  const { pageInfo } = await page(null, null);
  const other = await asked(
    decider,
    'query ($after: Cursor) { listingProposals(state: PROPOSED, first: 2, after: $after) { nodes { id } } }',
    { after: pageInfo.endCursor },
  );
  expect(other.body.errors?.map(({ extensions }) => extensions['code'])).toEqual(['BAD_CURSOR']);
});

test('while the rules let unregistered units file, they decide too', async () => {
  const ruleSet = {
    id: 'LENIENT-LISTS',
    kind: 'FILING',
    name: '数据来源单位补登记期',
    source: '示例文件',
    effectiveFrom: TODAY,
    effectiveTo: daysFromNow(1),
    region: null,
    values: [{ code: 'UNREGISTERED_UNITS_MAY_FILE', number: 1, unit: 'FLAG' }],
  };
  const [proposer, approver] = ['1', '2'].map((actor) =>
    personOf(organisationOf('RULE_KEEPER').organisation, actor, 'RULE_KEEPER'),
  ) as [Person, Person];
  const proposed = await asked(
    proposer,
    `mutation ($input: ProposeRuleChangeInput!) {
      proposeRuleChange(input: $input) { ... on RuleChangeProposed { change { id } } }
    }`,
    { input: { idempotencyKey: randomUUID(), action: 'ADD', ruleSet } },
  );
  const { change } = (proposed.body.data?.['proposeRuleChange'] ?? {}) as { change?: { id: string } };
  await asked(
    approver,
    'mutation ($input: ApproveRuleChangeInput!) { approveRuleChange(input: $input) { __typename } }',
    { input: { idempotencyKey: randomUUID(), id: change?.id } },
  );
  // In effect within a second, wherever rules are read.
  const until = performance.now() + 5000;
  let answer = await run(personOf(UNREGISTERED, '1'), 'proposeListing', listingOf(newEntity()));
  while (answer['code'] === 'UNIT_NOT_REGISTERED' && performance.now() < until)
    answer = await run(personOf(UNREGISTERED, '1'), 'proposeListing', listingOf(newEntity()));
  expect(await run(personOf(UNREGISTERED, '2'), 'decideListing', decisionOf(proposalOf(answer)))).toMatchObject({
    __typename: 'ListingDecided',
    entry: { authority: { uscc: UNREGISTERED } },
  });
});
