import { randomUUID } from 'node:crypto';
import { composeUscc } from '#standards/uscc.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { purposesOf } from '#test/support/purposes.ts';
import { type Cells, know, register } from '#test/support/registered.ts';
import { createRuleKeeper } from '#test/support/ruleKeeper.ts';
import { until } from '#test/support/until.ts';
import { penalty, unit } from '#test/graph/publication/rows.ts';

// R20: codes that a registry issued although their check character does not fit. They are rule data: two persons list
// them with the registry's confirmation, for a time.

let today = '2026-11-25';
const now = (): Date => new Date(`${today}T04:00:00.000Z`);

const misprinted = (body: string, prefix = '91330106') => {
  const code = composeUscc(prefix, body);
  const expected = code.at(-1) ?? '';
  return { code: code.slice(0, 17) + (expected === '1' ? '2' : '1'), expected };
};
const listed = misprinted('MA9EF201');
const unlisted = misprinted('MA9EF202');
const toCome = misprinted('MA9EF203');
const shop = misprinted('MA9EF204', '92330106');
const correct = composeUscc('91330106', 'MA9EF205');

let graph: TestGraph;
let keeper: ReturnType<typeof createRuleKeeper>;
let watchlist: { readonly id: string };
beforeAll(async () => {
  graph = await startGraph({ now });
  keeper = createRuleKeeper(graph, now);
  await register(graph, 'disclosure', unit, ['penalty']);
  const { body } = await graph.query(
    'FINANCIAL_INSTITUTION',
    `mutation ($input: CreateWatchlistInput!) {
      done: createWatchlist(input: $input) { ... on WatchlistCreated { watchlist { id } } }
    }`,
    { input: { idempotencyKey: randomUUID(), name: '示例' } },
  );
  ({ watchlist } = (body.data as { done: { watchlist: { id: string } } }).done);
});
afterAll(() => graph[Symbol.asyncDispose]());

const set = (id: string, codes: readonly string[], more: Record<string, unknown> = {}) => ({
  action: 'ADD',
  ruleSet: {
    id,
    kind: 'ISSUED_CODE',
    name: '登记机关已核发、校验码不符的代码',
    source: '示例登记机关〔2026〕1号 核实函',
    effectiveFrom: today,
    values: codes.map((code) => ({ code, number: 1, unit: 'FLAG' })),
    ...more,
  },
});

const refusals = async (text: string, variables: Record<string, unknown> = {}): Promise<unknown[]> =>
  ((await graph.query('PUBLIC', text, variables)).body.errors ?? []).map(({ extensions }) => [
    extensions['code'],
    extensions['reason'],
    extensions['expected'],
  ]);
const AS_VARIABLE = 'query ($uscc: USCC!) { creditFile(uscc: $uscc) { uscc } }';
const asLiteral = (code: string): string => `{ creditFile(uscc: "${code}") { uscc } }`;

const fileOne = async (row: Cells) => {
  const { body, text } = await graph.query(
    'NATIONAL_CENTRE',
    `mutation ($input: FileRecordsInput!) {
      done: fileRecords(input: $input) {
        ... on RecordsFiled { rows { outcome recordId problems { column code message } } }
      }
    }`,
    { input: { idempotencyKey: randomUUID(), kind: 'penalty', rows: [row] } },
  );
  const done = body.data?.['done'] as
    { rows?: { outcome: string; recordId: string | null; problems: Problem[] }[] } | undefined;
  const [result] = done?.rows ?? [];
  if (!result) throw new Error(text);
  return result;
};
type Problem = { readonly column: string; readonly code: string; readonly message: string };

const watch = async (code: string): Promise<unknown> =>
  (
    await graph.query(
      'FINANCIAL_INSTITUTION',
      `mutation ($input: AddToWatchlistInput!) {
        done: addToWatchlist(input: $input) { ... on WatchlistChanged { codes { outcome reason } } }
      }`,
      { input: { idempotencyKey: randomUUID(), id: watchlist.id, codes: [code] } },
    )
  ).body.data?.['done'];

const LOOKUPS = `query ($codes: [String!]!) {
  entities(codes: $codes) { status reason expected }
  creditFiles(codes: $codes) { reason expected file { uscc } }
  evaluations(codes: $codes) { reason expected entity { uscc } }
}`;
const lookUp = async (code: string): Promise<unknown> =>
  (await graph.query('PUBLIC', LOOKUPS, { codes: [code] })).body.data;

/** What the weakest role, and a filer, get for a code that is none. */
const expectRefused = async ({ code, expected }: typeof listed): Promise<void> => {
  const refused = [['BAD_USER_INPUT', 'CHECK_CHARACTER', expected]];
  const literal = (await graph.query('PUBLIC', asLiteral(code))).body.errors ?? [];
  expect(literal.map(({ extensions }) => [extensions['reason'], extensions['expected']])).toEqual([
    ['CHECK_CHARACTER', expected],
  ]);
  expect(await refusals(AS_VARIABLE, { uscc: code })).toEqual(refused);
  const bad = { reason: 'CHECK_CHARACTER', expected };
  expect(await lookUp(code)).toEqual({
    entities: [{ status: 'INVALID', ...bad }],
    creditFiles: [{ ...bad, file: null }],
    evaluations: [{ ...bad, entity: null }],
  });
  expect(await watch(code)).toEqual({ codes: [{ outcome: 'REFUSED', reason: 'CHECK_CHARACTER' }] });
  const { outcome, problems } = await fileOne(penalty({ CF_XDR_SHXYM: code }));
  expect([outcome, problems]).toEqual([
    'REJECTED',
    [
      {
        column: 'CF_XDR_SHXYM',
        code: 'CHECK_CHARACTER',
        message:
          `The check character (position 18) is "${code[17]}"; the first 17 characters ask for "${expected}". ` +
          'One of the 18 is wrong.',
      },
    ],
  ]);
};

const isTaken = async (code: string): Promise<boolean> =>
  (await refusals(AS_VARIABLE, { uscc: code })).every((error) => (error as unknown[])[1] !== 'CHECK_CHARACTER');

/** Whether every source has the rules as they were decided: a second at most. `shop` is listed as long as `listed`. */
const isInEffect = async (isListed: boolean): Promise<boolean> => {
  const { outcome } = await fileOne(penalty({ CF_XDR_SHXYM: shop.code, CF_JDRQ: '2026/09/01' }));
  const found = JSON.stringify(await lookUp(shop.code));
  return (
    (await isTaken(shop.code)) === isListed &&
    (outcome !== 'REJECTED') === isListed &&
    !found.includes('CHECK_CHARACTER') === isListed
  );
};

/** Proposes an entry of a list by mutation: what it answers, or why it is refused. */
const proposeListing = async (subject: string): Promise<unknown> => {
  const iat = Math.floor(now().getTime() / 1000);
  const token = graph.issuer.token(
    { role: 'DETERMINING_UNIT', organisation: unit, purposes: purposesOf('DETERMINING_UNIT'), actor: '1001' },
    { payload: { iat, exp: iat + 600 } },
  );
  const entry = {
    industryCode: 'F5211',
    listType: 'SAMR_SERIOUS',
    documentNo: '示列〔2026〕20号',
    authorityName: '示例认定机关',
    legalBasis: '某办法第十条',
    grounds: '严重违法',
    listedOn: '2026-11-20',
  };
  const { body } = await graph.query(
    'DETERMINING_UNIT',
    `mutation ($input: ProposeListingInput!) {
      done: proposeListing(input: $input) {
        __typename
        ... on DomainError { code path }
        ... on ListingProposed { proposal { subject { uscc } } }
      }
    }`,
    { input: { idempotencyKey: randomUUID(), subject, ...entry } },
    { token },
  );
  return body.errors?.map(({ extensions }) => extensions['reason']) ?? body.data?.['done'];
};

describe('who lists a code', () => {
  test('R20: a code that nobody listed is refused everywhere, with the character that was expected', () =>
    expectRefused(listed));

  test('R20: one person alone lists none', async () => {
    const proposed = await keeper.propose('1001', set('ISSUED-ALONE', [listed.code]));
    expect(proposed.__typename).toBe('RuleChangeProposed');
    expect(await keeper.approve('1001', proposed.change?.id)).toMatchObject({ code: 'SECOND_PERSON' });
    await expectRefused(listed);
  });

  test.each(['PUBLIC', 'SUBJECT', 'NATIONAL_CENTRE', 'OPERATOR'] as const)('R20: %s lists none', async (role) => {
    const { body } = await graph.query(
      role,
      'mutation ($input: ProposeRuleChangeInput!) { proposeRuleChange(input: $input) { __typename } }',
      { input: { idempotencyKey: randomUUID(), ...set('ISSUED-OTHERS', [listed.code]) } },
    );
    expect([body.data, body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([
      { proposeRuleChange: null },
      ['UNAUTHORIZED_FIELD_OR_TYPE'],
    ]);
  });

  const id = `330106${'19850505'}123`;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = Array.from(id).reduce((all, digit, at) => all + Number(digit) * (weights[at] ?? 0), 0);
  const personNumber = `${id}${'10X98765432'[sum % 11] ?? ''}`;
  test.each<[string, string[], string, Record<string, unknown>]>([
    ['a code whose check character fits', [correct], 'UNKNOWN_RULE', {}],
    ['a code of another length', [listed.code.slice(1)], 'UNKNOWN_RULE', {}],
    ['a code with a letter that no code has', [`I${listed.code.slice(1)}`], 'UNKNOWN_RULE', {}],
    ['a code in another spelling', [listed.code.toLowerCase()], 'UNKNOWN_RULE', {}],
    ['a person’s identity number', [personNumber], 'UNKNOWN_RULE', {}],
    ['no code at all', [], 'MISSING', {}],
    [
      'more codes than a set has',
      Array.from({ length: 51 }, (_, at) => misprinted(`MA9EG1${String(at).padStart(2, '0')}`).code),
      'TOO_MANY',
      {},
    ],
    ['a code of one province', [listed.code], 'NO_PILOT', { region: '33' }],
    ['a code without the registry’s confirmation', [listed.code], 'MISSING', { source: '' }],
    ['a code for days that have passed', [listed.code], 'BACKWARDS', { effectiveFrom: '2026-11-24' }],
    ['a code that is listed with 0', [], 'RANGE', { values: [{ code: listed.code, number: 0, unit: 'FLAG' }] }],
  ])('R20: a list is refused that has %s', async (_, codes, code, more) => {
    const reply = await keeper.propose('1001', set('ISSUED-BAD', codes, more));
    expect([reply.__typename, reply.code]).toEqual(['InvalidInput', code]);
    expect(reply.message).not.toContain(personNumber);
  });
});

describe('while it is listed', () => {
  beforeAll(async () => {
    await keeper.decide(set('ISSUED-2', [toCome.code], { effectiveFrom: '2026-11-27' }));
    await keeper.decide(set('ISSUED-1', [listed.code, shop.code]));
    await until('the decision', () => isInEffect(true));
  });

  test('R20: a row with it is taken, with a warning, and its record is found by its id', async () => {
    await know(graph, listed.code);
    const { outcome, problems, recordId } = await fileOne(
      penalty({ CF_XDR_SHXYM: listed.code, CF_JDRQ: '2026/09/01' }),
    );
    expect([outcome, problems.filter(({ code }) => code === 'CHECK_CHARACTER')]).toEqual([
      'ADDED',
      [
        {
          column: 'CF_XDR_SHXYM',
          code: 'CHECK_CHARACTER',
          message: 'The check character (position 18) does not fit; the registry confirmed that it issued this code.',
        },
      ],
    ]);
    const { body } = await graph.query(
      'PUBLIC',
      'query ($id: ID!) { record(id: $id) { __typename subject { uscc name } } }',
      { id: recordId },
    );
    expect(body.data).toEqual({
      record: {
        __typename: 'AdministrativePenalty',
        subject: { uscc: listed.code, name: '示例云帆零售有限公司' },
      },
    });
  });

  test('R20: every look-up takes it: variable, literal, lists of codes, watchlists', async () => {
    const acts = 'administrativeActs(first: 1) { totalCount { value } }';
    const file = { uscc: listed.code, administrativeActs: { totalCount: { value: 1 } } };
    const entity = { uscc: listed.code, creditFile: file };
    const { body } = await graph.query(
      'PUBLIC',
      `query ($uscc: USCC!) {
        creditFile(uscc: $uscc) { uscc ${acts} }
        entity(uscc: "${listed.code}") { uscc creditFile { uscc ${acts} } }
      }`,
      { uscc: ` ${listed.code.toLowerCase()} ` },
    );
    expect([body.errors, body.data]).toEqual([undefined, { creditFile: file, entity }]);
    const good = { reason: null, expected: null };
    expect(await lookUp(listed.code)).toEqual({
      entities: [{ status: 'FOUND', ...good }],
      creditFiles: [{ ...good, file: { uscc: listed.code } }],
      evaluations: [{ ...good, entity: { uscc: listed.code } }],
    });
    expect(await watch(listed.code)).toEqual({ codes: [{ outcome: 'ADDED', reason: null }] });
  });

  test('R20: a mutation takes it, and refuses another', async () => {
    await register(graph, 'namelist', unit, ['name-list']);
    expect(await proposeListing(listed.code)).toEqual({
      __typename: 'ListingProposed',
      proposal: { subject: { uscc: listed.code } },
    });
    expect(await proposeListing(unlisted.code)).toEqual(['CHECK_CHARACTER']);
  });
});

describe('the days and the bounds of a list', () => {
  test('R20: another code is refused as before', () => expectRefused(unlisted));

  test('R20: a code of a list that is not in force yet is refused until its day', async () => {
    await expectRefused(toCome);
    today = '2026-11-27';
    expect(await isTaken(toCome.code)).toBe(true);
    expect((await fileOne(penalty({ CF_XDR_SHXYM: toCome.code, CF_JDRQ: '2026/09/01' }))).outcome).toBe('ADDED');
    expect(await refusals(asLiteral(toCome.code))).toEqual([['NOT_FOUND', undefined, undefined]]);
  });

  test('the list names no self-employed business to whom lists do not name them', async () => {
    const codesFor = async (role: 'PUBLIC' | 'NATIONAL_CENTRE'): Promise<string[]> => {
      const { body } = await graph.query(role, '{ ruleSets { kind values { code } } }');
      return (body.data as { ruleSets: { kind: string; values: { code: string }[] }[] }).ruleSets
        .filter(({ kind }) => kind === 'ISSUED_CODE')
        .flatMap(({ values }) => values.map(({ code }) => code));
    };
    expect(await codesFor('PUBLIC')).toEqual([toCome.code, listed.code]);
    expect(await codesFor('NATIONAL_CENTRE')).toEqual([toCome.code, listed.code, shop.code]);
  });
});

test('R20: a past list excuses no code any more, nor a text that was taken while it was in force', async () => {
  expect(await refusals(asLiteral(listed.code))).toEqual([]); // the text is known now
  await keeper.decide({ action: 'END', ruleSetId: 'ISSUED-1', effectiveTo: '2026-11-28' });
  expect(await isTaken(listed.code)).toBe(true); // until its last day has passed
  today = '2026-11-28';
  await until('the end', () => isInEffect(false));
  await expectRefused(listed);
  const { body } = await graph.query(
    'FINANCIAL_INSTITUTION',
    `mutation ($input: RemoveFromWatchlistInput!) {
      done: removeFromWatchlist(input: $input) { ... on WatchlistChanged { codes { outcome } } }
    }`,
    { input: { idempotencyKey: randomUUID(), id: watchlist.id, codes: [listed.code] } },
  );
  expect(body.data).toEqual({ done: { codes: [{ outcome: 'TAKEN_AWAY' }] } });
});
