import { randomUUID } from 'node:crypto';
import { type Role, roles } from '#policy/roles.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, know, lines, register } from '#test/support/registered.ts';

// Rules that change by decision of two persons, through the public API: one proposes, another approves, and from its
// date on every computed date is another. The clock stands at noon of a day in Shanghai and moves forwards with the
// tests, except where one says so.

const KEEPER = organisationOf('RULE_KEEPER').organisation;
const ZHEJIANG = composeUscc('11330100', 'MB9EEE31');
const GUANGDONG = composeUscc('11440100', 'MB9EEE41');
const MINISTRY = composeUscc('11100000', 'MB9EEE91');
const subject = composeUscc('91330106', 'MA9EEE01');

let today = '2026-11-25';
const now = (): Date => new Date(`${today}T04:00:00.000Z`);

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ now });
  await know(graph, subject);
  for (const unit of [ZHEJIANG, GUANGDONG, MINISTRY]) await register(graph, 'disclosure', unit, ['licence', 'penalty']);
});
afterAll(() => graph[Symbol.asyncDispose]());

type Json = Record<string, unknown>;

/** One operation as a person of the rule keeper; without a number, as nobody in particular. */
const keep = async (actor: string | null, query: string, variables: Json = {}): Promise<Json> => {
  const iat = Math.floor(now().getTime() / 1000);
  const token = graph.issuer.token(
    { role: 'RULE_KEEPER', organisation: KEEPER, ...(actor === null ? null : { actor }) },
    { payload: { iat, exp: iat + 1800 } },
  );
  const { body } = await graph.query('RULE_KEEPER', query, variables, { token });
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  return body.data as Json;
};

const CHANGE = `id action state
  ruleSet { id kind name source effectiveFrom effectiveTo region verified values { code number unit } }
  proposedBy proposedByActor proposedAt decidedBy decidedByActor decidedAt`;
const PROPOSE = `mutation ($input: ProposeRuleChangeInput!) {
  done: proposeRuleChange(input: $input) {
    __typename
    ... on RuleChangeProposed { change { ${CHANGE} } }
    ... on DomainError { code message retryable path }
  }
}`;
const APPROVE = `mutation ($input: ApproveRuleChangeInput!) {
  done: approveRuleChange(input: $input) {
    __typename
    ... on RuleChangeApproved { change { ${CHANGE} } }
    ... on DomainError { code message retryable path }
  }
}`;
const REJECT = `mutation ($input: RejectRuleChangeInput!) {
  done: rejectRuleChange(input: $input) {
    __typename
    ... on RuleChangeRejected { change { id state decidedByActor } }
    ... on DomainError { code message retryable path }
  }
}`;

type Change = Json & { id: string };
type Done = Json & { __typename: string; change?: Change };

const run = async (actor: string | null, mutation: string, input: Json): Promise<Done> =>
  (await keep(actor, mutation, { input: { idempotencyKey: randomUUID(), ...input } }))['done'] as Done;
const propose = (actor: string | null, input: Json): Promise<Done> => run(actor, PROPOSE, input);
const add = (actor: string | null, ruleSet: Json): Promise<Done> => propose(actor, { action: 'ADD', ruleSet });

const newSet = (
  id: string,
  kind: string,
  values: readonly (readonly [string, number, string])[],
  more: Json = {},
): Json => ({
  id,
  kind,
  name: `示例规则 ${id}`,
  source: '示例〔2026〕1号',
  effectiveFrom: '2026-12-01',
  values: values.map(([code, number, unit]) => ({ code, number, unit })),
  ...more,
});

/** Proposed by one, approved by another. */
const decide = async (proposal: Promise<Done>): Promise<string> => {
  const id = (await proposal).change?.id;
  const approved = await run('1002', APPROVE, { id });
  if (approved.__typename !== 'RuleChangeApproved' || id === undefined) throw new Error(JSON.stringify(approved));
  return id;
};

const setsOf = async (validAt: string, region: string | null = null): Promise<(Json & { id: string })[]> =>
  (
    (
      await graph.query(
        'PUBLIC',
        'query ($day: Date, $region: String) { ruleSets(validAt: $day, region: $region) { id effectiveTo } }',
        { day: validAt, region },
      )
    ).body.data as { ruleSets: (Json & { id: string })[] }
  ).ruleSets;

/** Until every reader has the rules as they are now: a second at most. */
const inEffect = async (isThere: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 1500;
  while (!(await isThere()))
    if (Date.now() > deadline) throw new Error('The decision was not in effect after a second');
};

const due = async (decidedOn: string, region: string | null = null): Promise<unknown> => {
  const { body } = await graph.query(
    'PUBLIC',
    `query ($day: Date!, $region: String) {
      publicationDueDate(decidedOn: $day, duty: MANDATORY, region: $region) {
        date provisional ruleSet { id } inputs { name value }
      }
    }`,
    { day: decidedOn, region },
  );
  return (body.data as { publicationDueDate: unknown }).publicationDueDate;
};
const given = (name: string, value: string): Json => ({ name, value });

let numbered = 0;
const licence = (unit: string, decidedOn: string): Cells => ({
  XK_XDR_MC: '示例云帆零售有限公司',
  XK_XDR_LB: '法人及非法人组织',
  XK_XDR_SHXYM: subject,
  XK_FRDB: '欧阳示例',
  XK_XKWS: '准予许可决定书',
  XK_WSH: `示许〔2026〕${(numbered += 1)}号`,
  XK_XKLB: '普通',
  XK_NR: '食品经营许可',
  XK_JDRQ: decidedOn,
  XK_YXQZ: decidedOn,
  XK_YXQZI: '2031/09/17',
  XK_XKJG: '示例市监局',
  XK_XKJGDM: unit,
  XK_ZT: '1',
  XK_LYDW: '示例市监局',
  XK_LYDWDM: unit,
});
const penalty = (unit: string, decidedOn: string, category: string): Cells => ({
  CF_XDR_MC: '示例云帆零售有限公司',
  CF_XDR_LB: '法人及非法人组织',
  CF_XDR_SHXYM: subject,
  CF_FRDB: '欧阳示例',
  CF_WSH: `示罚〔2026〕${(numbered += 1)}号`,
  CF_WFXW: '超范围经营',
  CF_SY: '超出登记的经营范围',
  CF_YJ: '某条例第一条',
  CF_CFLB: category,
  CF_NR: category,
  CF_NR_FK: category === '罚款' ? '0.2' : '',
  CF_GSBYX: '公共安全',
  CF_JDRQ: decidedOn,
  CF_CFJG: '示例市监局',
  CF_CFJGDM: unit,
  CF_SJLY: '示例市监局',
  CF_SJLYDM: unit,
});
const ACTS = `query ($uscc: USCC!) { creditFile(uscc: $uscc) { administrativeActs(first: 100) { nodes { documentNo
  publication { publicUntil dueOn provisional ruleSet { id } inputs { name value } }
  ... on AdministrativePenalty { severity severityRuleSet { id } } } } } }`;
type Act = {
  documentNo: string;
  publication: { publicUntil: string; dueOn: string; provisional: boolean; ruleSet: { id: string }; inputs: Json[] };
  severity?: string;
  severityRuleSet?: { id: string };
};
/** Files rows and gives what they became, in their order. */
const fileActs = async (kind: string, rows: readonly Cells[]): Promise<Act[]> => {
  expect(await graph.file(kind, lines(rows), { format: 'NDJSON' })).toMatchObject({
    rows: rows.length,
    added: rows.length,
  });
  const { body } = await graph.query('NATIONAL_CENTRE', ACTS, { uscc: subject });
  const { nodes } = (body.data as { creditFile: { administrativeActs: { nodes: Act[] } } }).creditFile
    .administrativeActs;
  return rows.map((row) => {
    const number = row['XK_WSH'] ?? row['CF_WSH'];
    const act = nodes.find(({ documentNo }) => documentNo === number);
    if (!act) throw new Error(`${number} is not there`);
    return act;
  });
};
const [licences, penalties] = [
  (rows: readonly Cells[]) => fileActs('licence', rows),
  (rows: readonly Cells[]) => fileActs('penalty', rows),
];

describe('who may', () => {
  const others = roles.filter((role): role is Role => role !== 'RULE_KEEPER');
  const proposal = {
    idempotencyKey: 'other',
    action: 'ADD',
    ruleSet: newSet('NEVER', 'PUBLICATION_DUTY', [['MANDATORY', 1, 'WORKING_DAYS']]),
  };

  test.each(others)('%s neither proposes nor decides a change of the rules', async (role) => {
    const id = randomUUID();
    for (const [mutation, input] of [
      [PROPOSE, proposal],
      [APPROVE, { idempotencyKey: 'other', id }],
      [REJECT, { idempotencyKey: 'other', id }],
    ] as const) {
      const { body } = await graph.query(role, mutation, { input });
      expect([body.data, body.errors?.map(({ path, extensions }) => [path, extensions['code']])]).toEqual([
        { done: null },
        [[['done'], 'UNAUTHORIZED_FIELD_OR_TYPE']],
      ]);
    }
  });

  test.each(others.filter((role) => role !== 'AUDITOR'))('%s does not read what is proposed', async (role) => {
    const { body } = await graph.query(role, '{ ruleChanges(first: 10) { nodes { state } totalCount { value } } }');
    expect([body.data, body.errors?.[0]?.extensions['code']]).toEqual([
      { ruleChanges: null },
      'UNAUTHORIZED_FIELD_OR_TYPE',
    ]);
  });

  test('nothing of that was recorded', async () => {
    const { body } = await graph.query(
      'AUDITOR',
      '{ ruleChanges(first: 10) { nodes { id } totalCount { value exact } } }',
    );
    expect(body.data).toEqual({ ruleChanges: { nodes: [], totalCount: { value: 0, exact: true } } });
  });
});

const twoPersonsSet = newSet('TWO-PERSONS', 'REPAIR', [['DECIDE_WITHIN', 2, 'WORKING_DAYS']], {
  effectiveFrom: '2027-06-01',
});

const displayedSet = {
  id: 'TWO-PERSONS',
  kind: 'REPAIR',
  name: '示例规则 TWO-PERSONS',
  source: '示例〔2026〕1号',
  effectiveFrom: '2027-06-01',
  effectiveTo: null,
  region: null,
  verified: true,
  values: [{ code: 'DECIDE_WITHIN', number: 2, unit: 'WORKING_DAYS' }],
};
let proposed: Change;

describe('two persons', () => {
  test('a token that does not name a person proposes nothing', async () => {
    expect(await add(null, twoPersonsSet)).toEqual({
      __typename: 'InvalidInput',
      code: 'SECOND_PERSON',
      message: 'Rules are changed by two persons, so your token has to say who proposes (claim `actor`).',
      retryable: false,
      path: ['input'],
    });
  });

  test('what one person proposes changes nothing yet', async () => {
    const done = await add('1001', twoPersonsSet);
    expect(done).toEqual({
      __typename: 'RuleChangeProposed',
      change: {
        id: expect.any(String),
        action: 'ADD',
        state: 'PROPOSED',
        ruleSet: displayedSet,
        proposedBy: KEEPER,
        proposedByActor: '1001',
        proposedAt: '2026-11-25T04:00:00.000Z',
        decidedBy: null,
        decidedByActor: null,
        decidedAt: null,
      },
    });
    proposed = done.change as Change;
    expect((await setsOf('2027-06-01')).map(({ id }) => id)).not.toContain('TWO-PERSONS');
  });

  test('the same person does not approve it, nor one who is nobody in particular', async () => {
    expect(await run('1001', APPROVE, { id: proposed.id })).toEqual({
      __typename: 'InvalidInput',
      code: 'SECOND_PERSON',
      message: 'Who proposed a change does not approve it: a second person does.',
      retryable: false,
      path: ['input', 'id'],
    });
    expect(await run(null, APPROVE, { id: proposed.id })).toMatchObject({
      __typename: 'InvalidInput',
      code: 'SECOND_PERSON',
      path: ['input'],
    });
    expect((await setsOf('2027-06-01')).map(({ id }) => id)).not.toContain('TWO-PERSONS');
  });

  test('a second person does, once: the same key gives the same answer, another finds it decided', async () => {
    const key = randomUUID();
    const approved = await run('1002', APPROVE, { idempotencyKey: key, id: proposed.id });
    expect(approved).toEqual({
      __typename: 'RuleChangeApproved',
      change: {
        ...proposed,
        state: 'APPROVED',
        decidedBy: KEEPER,
        decidedByActor: '1002',
        decidedAt: '2026-11-25T04:00:00.000Z',
      },
    });
    expect(await run('1002', APPROVE, { idempotencyKey: key, id: proposed.id })).toEqual(approved);
    expect(await run('1003', APPROVE, { id: proposed.id })).toEqual({
      __typename: 'InvalidInput',
      code: 'DECIDED',
      message: 'This change was approved before: propose it anew.',
      retryable: false,
      path: ['input', 'id'],
    });
    expect(await run('1003', REJECT, { id: proposed.id })).toMatchObject({ code: 'DECIDED' });
    await inEffect(async () => (await setsOf('2027-06-01')).some(({ id }) => id === 'TWO-PERSONS'));
    expect((await setsOf('2027-05-31')).map(({ id }) => id)).not.toContain('TWO-PERSONS');
  });
});

describe('proposals', () => {
  test('a proposal laid aside is not approved any more', async () => {
    const { change } = await add('1001', { ...twoPersonsSet, id: 'LAID-ASIDE' });
    expect(await run('1001', REJECT, { id: change?.id })).toEqual({
      __typename: 'RuleChangeRejected',
      change: { id: change?.id, state: 'REJECTED', decidedByActor: '1001' },
    });
    expect(await run('1002', APPROVE, { id: change?.id })).toMatchObject({
      __typename: 'InvalidInput',
      code: 'DECIDED',
      message: 'This change was rejected before: propose it anew.',
    });
  });

  test('what cannot be is refused, with what was expected', async () => {
    expect(await add('1001', { ...twoPersonsSet, id: 'NDRC-36' })).toMatchObject({
      __typename: 'InvalidInput',
      code: 'TAKEN',
      path: ['input', 'ruleSet', 'id'],
    });
    expect(await add('1001', { ...twoPersonsSet, id: 'BACK', effectiveFrom: '2026-11-24' })).toMatchObject({
      code: 'BACKWARDS',
      path: ['input', 'ruleSet', 'effectiveFrom'],
      message: 'A rule does not work backwards: 2026-11-24 lies before 2026-11-25, the day of the decision.',
    });
    expect(
      await add('1001', {
        ...twoPersonsSet,
        id: 'TWICE',
        values: [...(twoPersonsSet['values'] as Json[]), ...(twoPersonsSet['values'] as Json[])],
      }),
    ).toMatchObject({ code: 'UNKNOWN_RULE', path: ['input', 'ruleSet', 'values'] });
    expect(await propose('1001', { action: 'ADD' })).toMatchObject({ code: 'MISSING', path: ['input', 'action'] });
    expect(await propose('1001', { action: 'END', ruleSetId: 'NDRC-36' })).toMatchObject({
      code: 'MISSING',
      path: ['input', 'action'],
    });
    expect(await run('1002', APPROVE, { id: 'x' })).toMatchObject({ code: 'NOT_FOUND', path: ['input', 'id'] });
    const key = randomUUID();
    expect(
      (await propose('1001', { idempotencyKey: key, action: 'ADD', ruleSet: { ...twoPersonsSet, id: 'KEYED' } }))
        .__typename,
    ).toBe('RuleChangeProposed');
    expect(
      await propose('1001', { idempotencyKey: key, action: 'ADD', ruleSet: { ...twoPersonsSet, id: 'KEYED-2' } }),
    ).toMatchObject({ __typename: 'Conflict', code: 'IDEMPOTENCY_KEY' });
  });

  test('of two proposals of one rule set the first that is approved is it', async () => {
    const [first, second] = [
      await add('1001', { ...twoPersonsSet, id: 'ONLY-ONE' }),
      await add('1003', { ...twoPersonsSet, id: 'ONLY-ONE' }),
    ];
    expect((await run('1002', APPROVE, { id: first.change?.id })).__typename).toBe('RuleChangeApproved');
    expect(await run('1002', APPROVE, { id: second.change?.id })).toMatchObject({
      code: 'TAKEN',
      path: ['input', 'id'],
    });
  });

  test('a proposal that was not approved before its first day would work backwards', async () => {
    const { change } = await add('1001', { ...twoPersonsSet, id: 'TOO-LATE', effectiveFrom: '2026-11-25' });
    today = '2026-11-26';
    expect(await run('1002', APPROVE, { id: change?.id })).toMatchObject({
      __typename: 'InvalidInput',
      code: 'BACKWARDS',
      path: ['input', 'id'],
    });
  });
});

test('keepers and auditors read all changes, newest first, page by page and by state', async () => {
  const PAGE = `query ($state: RuleChangeState, $first: Int!, $after: Cursor) {
    ruleChanges(state: $state, first: $first, after: $after) {
      nodes { state ruleSet { id } } pageInfo { hasNextPage endCursor } totalCount { value }
    }
  }`;
  type Page = {
    nodes: { state: string; ruleSet: { id: string } }[];
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
    totalCount: { value: number };
  };
  const page = async (variables: Json): Promise<Page> => (await keep('1001', PAGE, variables))['ruleChanges'] as Page;
  const all = await page({ first: 100 });
  const [some] = [await page({ first: 2 })];
  const rest = await page({ first: 100, after: some.pageInfo.endCursor });
  expect([some.nodes.length, some.pageInfo.hasNextPage, rest.pageInfo.hasNextPage]).toEqual([2, true, false]);
  expect([...some.nodes, ...rest.nodes]).toEqual(all.nodes);
  expect(all.totalCount.value).toBe(all.nodes.length);
  expect((await page({ first: 10, state: 'REJECTED' })).nodes).toEqual([
    { state: 'REJECTED', ruleSet: { id: 'LAID-ASIDE' } },
  ]);
  const { body } = await graph.query('AUDITOR', PAGE, { first: 100 });
  expect((body.data as { ruleChanges: Page }).ruleChanges.nodes).toEqual(all.nodes);
});

async function decideOnRules(): Promise<void> {
  await decide(add('1001', newSet('DUTY-2026', 'PUBLICATION_DUTY', [['MANDATORY', 3, 'WORKING_DAYS']])));
  await decide(add('1001', newSet('SEVERITY-2026', 'SEVERITY', [['FINE', 1, 'LEVEL']])));
  await decide(add('1001', newSet('TERM-2026', 'PUBLICATION_TERM', [['PENALTY_MINOR', 2, 'MONTHS']])));
  await decide(
    add(
      '1001',
      newSet('PILOT-33', 'PUBLICATION_DUTY', [['MANDATORY', 1, 'WORKING_DAYS']], {
        region: '33',
        effectiveFrom: '2026-12-07',
      }),
    ),
  );
  await decide(
    add(
      '1001',
      newSet('PILOT-33-SEVERITY', 'SEVERITY', [['WARNING', 3, 'LEVEL']], {
        region: '33',
        effectiveFrom: '2026-12-07',
      }),
    ),
  );
  await decide(
    add(
      '1001',
      newSet('PILOT-33-TERM', 'PUBLICATION_TERM', [['PENALTY_MINOR', 1, 'MONTHS']], {
        region: '33',
        effectiveFrom: '2026-12-07',
      }),
    ),
  );
  await inEffect(async () => (await setsOf('2026-12-07', '33')).some(({ id }) => id === 'PILOT-33-TERM'));
}

let deciding: Promise<void> | undefined;
/** Decides once, whichever test comes first. */
const decided = (): Promise<void> => (deciding ??= decideOnRules());

describe('a decision changes due dates, from its date on', () => {
  beforeAll(decided);

  test('due dates by every caller', async () => {
    expect([await due('2026-11-30'), await due('2026-12-01')]).toEqual([
      {
        date: '2026-12-09',
        provisional: false,
        ruleSet: { id: 'NDRC-424' },
        inputs: [given('decidedOn', '2026-11-30'), given('duty', 'MANDATORY'), given('workingDays', '7')],
      },
      {
        date: '2026-12-04',
        provisional: false,
        ruleSet: { id: 'DUTY-2026' },
        inputs: [given('decidedOn', '2026-12-01'), given('duty', 'MANDATORY'), given('workingDays', '3')],
      },
    ]);
  });

  test('a pilot changes the dates of its region alone', async () => {
    expect([
      await due('2026-12-07'),
      await due('2026-12-07', '44'),
      await due('2026-12-06', '33'),
      await due('2026-12-07', '33'),
    ]).toMatchObject([
      { date: '2026-12-10', ruleSet: { id: 'DUTY-2026' } },
      { date: '2026-12-10', ruleSet: { id: 'DUTY-2026' } },
      { date: '2026-12-09', ruleSet: { id: 'DUTY-2026' } },
      {
        date: '2026-12-08',
        ruleSet: { id: 'PILOT-33' },
        inputs: [
          given('decidedOn', '2026-12-07'),
          given('duty', 'MANDATORY'),
          given('region', '33'),
          given('workingDays', '1'),
        ],
      },
    ]);
    const { body } = await graph.query(
      'PUBLIC',
      '{ publicationDueDate(decidedOn: "2026-12-07", duty: MANDATORY, region: "99") { date } }',
    );
    expect([body.data, body.errors?.[0]?.extensions]).toEqual([
      { publicationDueDate: null },
      { code: 'BAD_USER_INPUT', argument: 'region', reason: 'UNKNOWN_CODE', expected: 'two digits of GB/T 2260' },
    ]);
  });

  test('a late December date is provisional without the next holiday notice, by any rule set', async () => {
    expect(await due('2026-12-30')).toMatchObject({
      date: '2027-01-04',
      provisional: true,
      ruleSet: { id: 'DUTY-2026' },
    });
  });
});

describe('a decision changes acts that are filed, from its date on', () => {
  beforeAll(decided);

  test('acts filed afterwards are due, graded and published by the rules of the day of their decision', async () => {
    today = '2026-12-03';
    const [licenceBefore, licenceAfter] = await licences([
      licence(GUANGDONG, '2026/11/30'),
      licence(GUANGDONG, '2026/12/01'),
    ]);
    expect(licenceBefore?.publication).toMatchObject({
      dueOn: '2026-12-09',
      provisional: false,
      ruleSet: { id: 'NDRC-424' },
      inputs: [
        given('decidedOn', '2026-11-30'),
        given('duty', 'MANDATORY'),
        given('region', '44'),
        given('workingDays', '7'),
      ],
    });
    expect(licenceAfter?.publication).toMatchObject({
      dueOn: '2026-12-04',
      provisional: false,
      ruleSet: { id: 'DUTY-2026' },
      inputs: [
        given('decidedOn', '2026-12-01'),
        given('duty', 'MANDATORY'),
        given('region', '44'),
        given('workingDays', '3'),
      ],
    });

    const acts = await penalties(
      ['2026/11/30', '2026/12/01'].flatMap((day) =>
        ['警告', '罚款'].map((category) => penalty(GUANGDONG, day, category)),
      ),
    );
    expect(acts.map(({ severity, severityRuleSet }) => [severity, severityRuleSet?.id])).toEqual([
      ['MINOR', 'NDRC-36-SEVERITY'],
      ['GENERAL', 'NDRC-36-SEVERITY'],
      ['MINOR', 'NDRC-36-SEVERITY'],
      ['MINOR', 'SEVERITY-2026'],
    ]);
    expect([acts[0], acts[2], acts[3]].map((act) => act?.publication.publicUntil)).toEqual([
      '2027-02-28',
      '2027-02-01',
      '2027-02-01',
    ]);
    expect(acts.map(({ publication }) => publication.dueOn)).toEqual([
      '2026-12-09',
      '2026-12-09',
      '2026-12-04',
      '2026-12-04',
    ]);
  });

  test('a pilot covers acts of units of its region alone, not of a province or a ministry elsewhere', async () => {
    today = '2026-12-08';
    const acts = await licences([ZHEJIANG, GUANGDONG, MINISTRY].map((unit) => licence(unit, '2026/12/07')));
    expect(acts.map(({ publication: { dueOn, ruleSet } }) => [dueOn, ruleSet.id])).toEqual([
      ['2026-12-08', 'PILOT-33'],
      ['2026-12-10', 'DUTY-2026'],
      ['2026-12-10', 'DUTY-2026'],
    ]);

    const graded = await penalties([
      penalty(ZHEJIANG, '2026/12/07', '警告'),
      penalty(GUANGDONG, '2026/12/07', '警告'),
      penalty(MINISTRY, '2026/12/07', '警告'),
      penalty(ZHEJIANG, '2026/12/07', '罚款'),
    ]);
    expect(graded.map(({ severity, severityRuleSet }) => [severity, severityRuleSet?.id])).toEqual([
      ['SERIOUS', 'PILOT-33-SEVERITY'],
      ['MINOR', 'NDRC-36-SEVERITY'],
      ['MINOR', 'NDRC-36-SEVERITY'],
      ['MINOR', 'SEVERITY-2026'],
    ]);
    expect(graded.slice(1).map(({ publication }) => publication.publicUntil)).toEqual([
      '2027-02-07',
      '2027-02-07',
      '2027-01-07',
    ]);
  });
});

test('a rule set that a decision ends is in force to the day before', async () => {
  await decided();
  const id = await decide(propose('1001', { action: 'END', ruleSetId: 'DUTY-2026', effectiveTo: '2026-12-15' }));
  await inEffect(async () => !(await setsOf('2026-12-15')).some((set) => set.id === 'DUTY-2026'));
  expect([await due('2026-12-14'), await due('2026-12-15')]).toMatchObject([
    { date: '2026-12-17', ruleSet: { id: 'DUTY-2026' } },
    { date: '2026-12-24', ruleSet: { id: 'NDRC-424' } },
  ]);
  expect((await setsOf('2026-12-14')).find((set) => set.id === 'DUTY-2026')).toEqual({
    id: 'DUTY-2026',
    effectiveTo: '2026-12-15',
  });
  expect(
    await keep('1001', 'query { ruleChanges(first: 1) { nodes { id action ruleSet { id effectiveTo } } } }'),
  ).toEqual({
    ruleChanges: { nodes: [{ id, action: 'END', ruleSet: { id: 'DUTY-2026', effectiveTo: '2026-12-15' } }] },
  });
  expect(await propose('1001', { action: 'END', ruleSetId: 'DUTY-2026', effectiveTo: '2026-12-15' })).toMatchObject({
    code: 'ENDED',
  });
  expect(await propose('1001', { action: 'END', ruleSetId: 'NDRC-424', effectiveTo: '2026-12-07' })).toMatchObject({
    code: 'BACKWARDS',
    path: ['input', 'effectiveTo'],
  });
});

describe('an end that was decided', () => {
  const end = (actor: string, ruleSetId: string, effectiveTo: string): Promise<Done> =>
    propose(actor, { action: 'END', ruleSetId, effectiveTo });
  const begin = (id: string): Promise<string> =>
    decide(add('1001', newSet(id, 'REPAIR', [['DECIDE_WITHIN', 2, 'WORKING_DAYS']], { effectiveFrom: '2027-06-01' })));
  /** The only end that a reader finds: the set is there on the day before, and not on the day itself. */
  const endsOn = async (id: string, dayBefore: string, day: string): Promise<void> => {
    await inEffect(async () => (await setsOf(dayBefore)).find((set) => set.id === id)?.['effectiveTo'] === day);
    expect((await setsOf(day)).map((set) => set.id)).not.toContain(id);
  };

  test('is moved to an earlier day by another decision, and not to a later one', async () => {
    await begin('MOVED');
    await decide(end('1001', 'MOVED', '2028-06-01'));
    await decide(end('1001', 'MOVED', '2028-03-01'));
    await endsOn('MOVED', '2028-02-29', '2028-03-01');
    await decide(end('1001', 'MOVED', '2028-02-01'));
    await endsOn('MOVED', '2028-01-31', '2028-02-01');
    expect(await end('1001', 'MOVED', '2028-02-02')).toEqual({
      __typename: 'InvalidInput',
      code: 'ENDED',
      message: 'MOVED ends on 2028-02-01 already; another decision moves that to an earlier day alone.',
      retryable: false,
      path: ['input', 'effectiveTo'],
    });
  });

  test('stands when a later one is approved that was proposed before', async () => {
    await begin('OVERTAKEN');
    const [later, earlier] = [
      await end('1001', 'OVERTAKEN', '2028-06-01'),
      await end('1001', 'OVERTAKEN', '2028-03-01'),
    ];
    expect((await run('1002', APPROVE, { id: earlier.change?.id })).__typename).toBe('RuleChangeApproved');
    expect(await run('1002', APPROVE, { id: later.change?.id })).toMatchObject({
      __typename: 'InvalidInput',
      code: 'ENDED',
      path: ['input', 'id'],
    });
    await endsOn('OVERTAKEN', '2028-02-29', '2028-03-01');
  });

  test('is the earlier one of two that are approved at the same time', async () => {
    await begin('AT-ONCE');
    const both = [await end('1001', 'AT-ONCE', '2028-06-01'), await end('1003', 'AT-ONCE', '2028-03-01')];
    const [later, earlier] = await Promise.all(both.map(({ change }) => run('1002', APPROVE, { id: change?.id })));
    expect(earlier?.__typename).toBe('RuleChangeApproved');
    // Whether it came before or after.
    expect(later?.['code'] ?? later?.__typename).toMatch(/^(ENDED|RuleChangeApproved)$/);
    await endsOn('AT-ONCE', '2028-02-29', '2028-03-01');
  });
});

test.each([
  ['FILING', ['PROMISED_DELAY', 7, 'DAYS']],
  ['RETENTION', ['PENALTY', 12, 'MONTHS']],
] as const)('%s has no pilots, since nothing would read one', async (kind, value) => {
  const set = newSet(`PILOT-33-${kind}`, kind, [value], { effectiveFrom: '2027-06-01' });
  expect(await add('1001', { ...set, region: '33' })).toEqual({
    __typename: 'InvalidInput',
    code: 'NO_PILOT',
    message:
      `Rules of kind ${kind} are the whole country's, so they have no region; kinds with pilots are ` +
      'PUBLICATION_TERM, SEVERITY, PUBLICATION_DUTY, WITHDRAWAL, REPAIR, MARKET_REPAIR.',
    retryable: false,
    path: ['input', 'ruleSet', 'region'],
  });
  expect((await add('1001', set)).__typename).toBe('RuleChangeProposed');
});

test('a decision can let penalties of market authorities be published until they are performed', async () => {
  await decide(
    add(
      '1001',
      newSet(
        'MARKET-2026',
        'MARKET_REPAIR',
        [
          ['END_NEEDS_PERFORMANCE_MINOR', 1, 'FLAG'],
          ['END_NEEDS_PERFORMANCE_GENERAL', 1, 'FLAG'],
        ],
        { effectiveFrom: '2026-12-09' },
      ),
    ),
  );
  await inEffect(async () => (await setsOf('2026-12-09')).some(({ id }) => id === 'MARKET-2026'));
  today = '2026-12-09';
  const ends = await penalties(
    ['暂扣许可证件', '警告'].flatMap((category) =>
      ['2026/12/08', '2026/12/09'].map((day) => penalty(GUANGDONG, day, category)),
    ),
  );
  expect(ends.map(({ severity, publication }) => [severity, publication.publicUntil])).toEqual([
    ['GENERAL', '2027-12-08'],
    ['GENERAL', null],
    ['MINOR', '2027-02-08'],
    ['MINOR', null],
  ]);
});

test('of two rule sets of one day the one decided last counts, also by a gateway whose clock is behind', async () => {
  const sets = ['CLOCK-AHEAD', 'CLOCK-BEHIND'].map((id, index) =>
    newSet(id, 'PUBLICATION_DUTY', [['MANDATORY', 4 + index, 'WORKING_DAYS']], { effectiveFrom: '2026-12-20' }),
  );
  for (const [index, set] of sets.entries()) {
    today = ['2026-12-09', '2026-12-08'][index] as string;
    await decide(add('1001', set));
  }
  await inEffect(async () => (await setsOf('2026-12-20')).some(({ id }) => id === 'CLOCK-BEHIND'));
  expect(await due('2026-12-20')).toMatchObject({ ruleSet: { id: 'CLOCK-BEHIND' } });
});

test('after ten thousand decisions the next one counts as the first did', async () => {
  // Through the API they would take minutes.
  await graph.sql(`
    insert into rules.change (id, action, rule_set, definition, state, proposed_by, proposed_by_actor,
      proposed_at, decided_by, decided_by_actor, decided_at, approval_no)
    select gen_random_uuid(), 'ADD', 'MANY-' || n, jsonb_build_object('id', 'MANY-' || n, 'kind', 'REPAIR',
      'name', '示例', 'source', '示例', 'effectiveFrom', '2100-01-01', 'effectiveTo', null, 'region', null,
      'values', '{"DECIDE_WITHIN": [2, "WORKING_DAYS"]}'::jsonb),
      'APPROVED', '示例', '1001', now(), '示例', '1002', now(), (select max(approval_no) from rules.change) + n
    from generate_series(1, 10000) n`);
  await decide(
    add(
      '1001',
      newSet('AFTER-MANY', 'PUBLICATION_DUTY', [['MANDATORY', 6, 'WORKING_DAYS']], { effectiveFrom: '2026-12-20' }),
    ),
  );
  await inEffect(async () => (await setsOf('2026-12-20')).some(({ id }) => id === 'AFTER-MANY'));
  expect(await due('2026-12-20')).toMatchObject({ ruleSet: { id: 'AFTER-MANY' } });
});
