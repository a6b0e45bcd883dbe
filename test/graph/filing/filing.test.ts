import { randomUUID } from 'node:crypto';
import type { Role } from '#policy/roles.ts';
import { roles } from '#policy/roles.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';
import { fieldOf, penalty, UNIT } from './rows.ts';

// Units that file, rows over the API, and the same rows by every way of filing.

const OTHER = composeUscc('11440000', 'MB1EEE32');
const FILE = `mutation ($input: FileRecordsInput!) {
  fileRecords(input: $input) {
    __typename
    ... on RecordsFiled {
      filing { status receipt { rows added corrected unchanged rejected warned } }
      rows { row outcome recordId version problems { column code } }
    }
    ... on DomainError { code path }
  }
}`;
const REGISTER = `mutation ($input: RegisterSourceUnitsInput!) {
  registerSourceUnits(input: $input) {
    __typename ... on SourceUnitsRegistered { count } ... on DomainError { code path }
  }
}`;
const UNITS = `query ($unit: USCC!) {
  sourceUnits(unit: $unit) {
    unit name kind source province sector promisedDelayHours registered lastFiledAt late
  }
}`;

const licence = (uscc: string, number: string, more: Cells = {}): Cells => ({
  XK_XDR_MC: '示例云帆科技有限公司',
  XK_XDR_LB: '法人及非法人组织',
  XK_XDR_SHXYM: uscc,
  XK_FRDB: '示例人',
  XK_XKWS: '准予许可决定书',
  XK_WSH: `浙测〔2026〕${number}号`,
  XK_XKLB: '普通',
  XK_NR: '食品经营许可',
  XK_JDRQ: '2026/09/18',
  XK_YXQZ: '2026/09/18',
  XK_YXQZI: '2099/12/31',
  XK_XKJG: '示例市监局',
  XK_XKJGDM: UNIT,
  XK_ZT: '1',
  XK_LYDW: '示例市监局',
  XK_LYDWDM: UNIT,
  NEWER: '新字段',
  ...more,
});
const listing = (uscc: string, number: string): Cells => ({
  MD_XDR_MC: '示例云帆科技有限公司',
  MD_XDR_SHXYM: uscc,
  MD_LX: 'SAMR_SERIOUS',
  MD_WSH: `浙测〔2026〕${number}号`,
  MD_LRRQ: '2026/03/01',
  MD_LRSY: '示例事由',
  MD_FLYJ: '某条例',
  MD_RDJG: '示例市监局',
  MD_RDJGDM: UNIT,
  MD_LYDW: '示例市监局',
  MD_LYDWDM: UNIT,
});

const csv = (rows: readonly Cells[]): string =>
  [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))]
    .map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
    .join('\r\n');

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
  for (const unit of [UNIT, organisationOf('DETERMINING_UNIT').organisation])
    await register(graph, 'disclosure', unit, ['licence', 'penalty']);
  await register(graph, 'namelist', UNIT, ['name-list']);
});
afterAll(() => graph[Symbol.asyncDispose]());

const fileRows = (
  kind: string,
  rows: readonly unknown[],
  role: Role = 'NATIONAL_CENTRE',
  idempotencyKey: string = randomUUID(),
) => graph.query(role, FILE, { input: { idempotencyKey, kind, rows } });

describe('the same rows by every way of filing', () => {
  const subjects = [1, 2, 3].map((n) => composeUscc('91330106', `MA3EEE3${n}`));
  test.each([
    ['licence', 'disclosure.act', licence],
    ['penalty', 'disclosure.act', penalty],
    ['name-list', 'namelist.entry', listing],
  ] as const)('%s: CSV, NDJSON and the API leave identical records', async (kind, table, row) => {
    const stored: unknown[] = [];
    for (const transport of ['CSV', 'NDJSON', 'API']) {
      // The same database, emptied between: a digest is keyed, and the key is the graph's.
      await graph.sql(`delete from ${table}`);
      const rows = subjects.map((uscc, n) => row(uscc, String(n + 1)));
      if (transport === 'API')
        expect((await fileRows(kind, rows)).body.data?.['fileRecords']).toMatchObject({
          __typename: 'RecordsFiled',
          filing: { receipt: { rows: 3, added: 3, rejected: 0 } },
        });
      else
        expect(
          await graph.file(kind, transport === 'CSV' ? csv(rows) : lines(rows), {
            format: transport as 'CSV' | 'NDJSON',
          }),
        ).toMatchObject({ rows: 3, added: 3, rejected: 0 });
      stored.push(
        await graph.sql(
          `select to_jsonb(record) - array['filing_id', 'collected_at', 'recorded_at'] as record
            from ${table} record
            order by uscc, record_id`,
        ),
      );
    }
    expect(stored[0]).toHaveLength(3);
    expect(stored[1]).toEqual(stored[0]);
    expect(stored[2]).toEqual(stored[0]);
  });
});

test('a batch returns the outcome of every row, once', async () => {
  const uscc = composeUscc('91330106', 'MA3EEE41');
  await fileRows('penalty', [penalty(uscc, '401'), penalty(uscc, '402')]);
  const rows = [
    penalty(uscc, '401'),
    penalty(uscc, '402', { CF_NR: '另一决定' }),
    penalty(uscc, '403'),
    penalty(uscc, '404', { CF_JDRQ: '2026/09/31' }),
    penalty(uscc, '405', { CF_YXQ: '2026-13-01' }),
    { CF_WSH: 'x' },
    penalty(uscc, '403'),
  ];
  const key = randomUUID();
  const { body } = await fileRows('penalty', rows, 'NATIONAL_CENTRE', key);
  const answer = body.data?.['fileRecords'] as { rows: { recordId: string | null }[] };
  expect(answer).toEqual({
    __typename: 'RecordsFiled',
    filing: { status: 'COMPLETED', receipt: { rows: 7, added: 2, corrected: 1, unchanged: 2, rejected: 2, warned: 1 } },
    rows: [
      { row: 1, outcome: 'UNCHANGED', recordId: expect.any(String), version: 1, problems: [] },
      { row: 2, outcome: 'CORRECTED', recordId: expect.any(String), version: 2, problems: [] },
      { row: 3, outcome: 'ADDED', recordId: expect.any(String), version: 1, problems: [] },
      {
        row: 4,
        outcome: 'REJECTED',
        recordId: null,
        version: null,
        problems: [{ column: 'CF_JDRQ', code: 'BAD_DATE' }],
      },
      {
        row: 5,
        outcome: 'ADDED',
        recordId: expect.any(String),
        version: 1,
        problems: [{ column: 'CF_YXQ', code: 'BAD_DATE' }],
      },
      {
        row: 6,
        outcome: 'REJECTED',
        recordId: null,
        version: null,
        problems: expect.arrayContaining([{ column: 'CF_XDR_MC', code: 'MISSING_COLUMN' }]),
      },
      { row: 7, outcome: 'UNCHANGED', recordId: answer.rows[2]?.recordId, version: 1, problems: [] },
    ],
  });
  // Sent again: the first answer, and nothing is recorded twice. With other rows under the same key: a conflict.
  const count = async () =>
    (await graph.sql('select count(*)::int as n from disclosure.act where uscc = $1', [uscc]))[0]?.['n'];
  const before = await count();
  expect((await fileRows('penalty', rows, 'NATIONAL_CENTRE', key)).body.data).toEqual(body.data);
  expect((await fileRows('penalty', rows.slice(1), 'NATIONAL_CENTRE', key)).body.data).toEqual({
    fileRecords: { __typename: 'Conflict', code: 'IDEMPOTENCY_KEY', path: ['input', 'idempotencyKey'] },
  });
  expect(await count()).toBe(before);
  // What a batch names can be asked for.
  const record = await graph.query(
    'PUBLIC',
    'query ($id: ID!) { record(id: $id) { version ... on AdministrativePenalty { documentNo } } }',
    { id: answer.rows[2]?.recordId },
  );
  expect(record.body.data).toEqual({ record: { version: 1, documentNo: '浙测〔2026〕403号' } });
});

test('a batch has at least one row and at most a thousand, of a kind that there is', async () => {
  const uscc = composeUscc('91330106', 'MA3EEE42');
  for (const rows of [[], Array.from({ length: 1001 }, () => penalty(uscc, '1'))])
    expect((await fileRows('penalty', rows)).body.data).toEqual({
      fileRecords: { __typename: 'InvalidInput', code: 'TOO_MANY', path: ['input', 'rows'] },
    });
  expect((await fileRows('nonsense', [{}])).body.data).toEqual({
    fileRecords: { __typename: 'InvalidInput', code: 'UNKNOWN_KIND', path: ['input', 'kind'] },
  });
  expect((await fileRows('penalty', ['text'])).body.errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
});

test('a variable inside a literal row is refused, the first time and every later one', async () => {
  const text = `mutation ($uscc: String, $key: String!) {
    fileRecords(input: { idempotencyKey: $key, kind: "penalty", rows: [{ CF_XDR_SHXYM: $uscc }] }) {
      __typename
    }
  }`;
  for (let time = 0; time < 3; time += 1) {
    const { body } = await graph.query('NATIONAL_CENTRE', text, {
      uscc: composeUscc('91330106', 'MA3EEE46'),
      key: randomUUID(),
    });
    expect([body.data, body.errors?.[0]?.extensions]).toMatchObject([
      undefined,
      { code: 'BAD_USER_INPUT', reason: 'VARIABLE', expected: 'whole rows in a variable, or none' },
    ]);
  }
});

test('an entity is found by its code: what holds its row has no id', async () => {
  await register(graph, 'entity', UNIT, ['entity']);
  const row = {
    DJ_SHXYM: composeUscc('91330106', 'MA3EEE47'),
    DJ_MC: '示例云帆零售有限公司',
    DJ_LX: '企业',
    DJ_ZT: '存续',
    DJ_QHDM: '330106',
    DJ_CLRQ: '2015/05/05',
    DJ_DJJG: '示例登记机关',
    DJ_DJJGDM: UNIT,
    DJ_LYDW: '示例登记机关',
    DJ_LYDWDM: UNIT,
  };
  expect(fieldOf<{ rows: unknown }>(await fileRows('entity', [row]), 'fileRecords').rows).toMatchObject([
    { row: 1, outcome: 'ADDED', recordId: null, version: 1 },
  ]);
});

const mayFile: readonly Role[] = ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'];
test.each(roles.filter((role) => !mayFile.includes(role)))('%s files nothing and registers nobody', async (role) => {
  const uscc = composeUscc('91330106', 'MA3EEE43');
  for (const answer of [
    await fileRows('penalty', [penalty(uscc, '1')], role),
    await graph.query(role, REGISTER, {
      input: { idempotencyKey: randomUUID(), units: [{ unit: UNIT, kind: 'penalty' }] },
    }),
  ]) {
    expect(answer.body.errors?.map(({ extensions }) => extensions['code'])).toEqual(['UNAUTHORIZED_FIELD_OR_TYPE']);
    expect(Object.values(answer.body.data ?? {})).toEqual([null]);
  }
});

test('a determining unit files its own rows over the API and not those of another', async () => {
  const own = organisationOf('DETERMINING_UNIT').organisation;
  const uscc = composeUscc('91330106', 'MA3EEE44');
  const answer = await fileRows(
    'penalty',
    [penalty(uscc, '1', { CF_CFJGDM: own, CF_SJLYDM: own }), penalty(uscc, '2')],
    'DETERMINING_UNIT',
  );
  expect(fieldOf<{ rows: unknown }>(answer, 'fileRecords').rows).toMatchObject([
    { outcome: 'ADDED' },
    { outcome: 'REJECTED', problems: [{ column: 'CF_SJLYDM', code: 'NOT_YOURS' }] },
  ]);
});

const registerUnits = (units: readonly Record<string, unknown>[], role: Role = 'NATIONAL_CENTRE') =>
  graph.query(role, REGISTER, { input: { idempotencyKey: randomUUID(), units } });

describe('registered units', () => {
  test('a unit files its own acts, of others those about its province, and all of its sector alone', async () => {
    const unit = composeUscc('11330000', 'MB1EEE33');
    const own = (uscc: string, number: string, more: Cells = {}) =>
      penalty(uscc, number, { CF_CFJGDM: unit, CF_SJLYDM: unit, CF_XDR_HYDM: '52', ...more });
    expect(
      (await registerUnits([{ unit, kind: 'penalty', name: '示例单位', province: '33', sector: 'F' }])).body.data,
    ).toEqual({ registerSourceUnits: { __typename: 'SourceUnitsRegistered', count: 1 } });
    const [near, far] = [composeUscc('91330106', 'MA3EEE51'), composeUscc('91440305', 'MA3EEE52')];
    const others = { CF_CFJGDM: composeUscc('11440000', 'MB1EEE34') };
    const answer = await fileRows('penalty', [
      own(near, '1'),
      own(far, '2'),
      own(far, '4', others),
      own(near, '3', { CF_XDR_HYDM: '62' }),
    ]);
    expect(fieldOf<{ rows: unknown }>(answer, 'fileRecords').rows).toMatchObject([
      { outcome: 'ADDED' },
      { outcome: 'ADDED', problems: [] },
      { outcome: 'REJECTED', problems: [{ code: 'OUTSIDE_REGISTRATION' }] },
      { outcome: 'REJECTED', problems: [{ code: 'OUTSIDE_REGISTRATION' }] },
    ]);
    const units = await graph.query('ASSESSOR', UNITS, { unit });
    expect(units.body.data).toEqual({
      sourceUnits: [
        {
          unit,
          name: '示例单位',
          kind: 'penalty',
          source: 'disclosure',
          province: '33',
          sector: 'F',
          promisedDelayHours: 840,
          registered: true,
          lastFiledAt: expect.any(String),
          late: false,
        },
      ],
    });
  });

  test('a province registers its own units for its own subjects alone', async () => {
    expect(
      (
        await registerUnits(
          [{ unit: composeUscc('11330000', 'MB1EEE35'), kind: 'licence', province: '33' }],
          'PROVINCIAL_PLATFORM',
        )
      ).body.data,
    ).toEqual({ registerSourceUnits: { __typename: 'SourceUnitsRegistered', count: 1 } });
    for (const unit of [
      { unit: OTHER, kind: 'licence', province: '33' },
      { unit: UNIT, kind: 'licence' },
      { unit: UNIT, kind: 'licence', province: '44' },
    ]) {
      const answer = await registerUnits([unit], 'PROVINCIAL_PLATFORM');
      expect([answer.body.data, answer.body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([
        { registerSourceUnits: null },
        ['UNAUTHORIZED_FIELD_OR_TYPE'],
      ]);
    }
    expect(
      (await graph.query('PROVINCIAL_PLATFORM', UNITS, { unit: OTHER })).body.errors?.[0]?.extensions['code'],
    ).toBe('UNAUTHORIZED_FIELD_OR_TYPE');
  });

  test.each([
    [{ unit: UNIT, kind: 'nonsense' }, 'UNKNOWN_KIND', 'kind'],
    [{ unit: UNIT, kind: 'licence', province: '99' }, 'UNKNOWN_CODE', 'province'],
    [{ unit: UNIT, kind: 'licence', sector: '52' }, 'UNKNOWN_CODE', 'sector'],
    [{ unit: UNIT, kind: 'licence', promisedDelayHours: 0 }, 'HOURS', 'promisedDelayHours'],
  ])('%j is refused as %s', async (unit, code, field) => {
    expect((await registerUnits([unit])).body.data).toEqual({
      registerSourceUnits: { __typename: 'InvalidInput', code, path: ['input', 'units', '0', field] },
    });
  });
});

/** Two persons decide on a rule set by which units that are not registered may file, today. */
async function letUnregisteredUnitsFile(): Promise<void> {
  const key = randomUUID();
  const [first, second] = ['1', '2'].map((actor) =>
    graph.issuer.token({ role: 'RULE_KEEPER', organisation: organisationOf('RULE_KEEPER').organisation, actor }),
  );
  const ruleSet = {
    id: 'LENIENT-1',
    kind: 'FILING',
    name: '数据来源单位补登记期',
    source: '示例文件',
    effectiveFrom: daysFromNow(0),
    effectiveTo: daysFromNow(1),
    region: null,
    values: [{ code: 'UNREGISTERED_UNITS_MAY_FILE', number: 1, unit: 'FLAG' }],
  };
  const proposed = await graph.query(
    'RULE_KEEPER',
    `mutation ($input: ProposeRuleChangeInput!) {
      proposeRuleChange(input: $input) {
        __typename ... on RuleChangeProposed { change { id } } ... on DomainError { code message }
      }
    }`,
    { input: { idempotencyKey: key, action: 'ADD', ruleSet } },
    { token: first ?? '' },
  );
  expect(proposed.text).toContain('RuleChangeProposed');
  const { change } = fieldOf<{ change: { id: string } }>(proposed, 'proposeRuleChange');
  const approved = await graph.query(
    'RULE_KEEPER',
    'mutation ($input: ApproveRuleChangeInput!) { approveRuleChange(input: $input) { __typename } }',
    { input: { idempotencyKey: key, id: change.id } },
    { token: second ?? '' },
  );
  expect(approved.text).toContain('RuleChangeApproved');
}

test('a unit that is not registered files nothing, unless the rules let it', async () => {
  const unit = composeUscc('11330000', 'MB1EEE34');
  const uscc = composeUscc('91330106', 'MA3EEE53');
  const outcomeOf = async (number: string): Promise<unknown> =>
    fieldOf<{ rows: unknown }>(
      await fileRows('penalty', [penalty(uscc, number, { CF_CFJGDM: unit, CF_SJLYDM: unit })]),
      'fileRecords',
    ).rows;
  expect(await outcomeOf('1')).toEqual([
    {
      row: 1,
      outcome: 'REJECTED',
      recordId: null,
      version: null,
      problems: [{ column: 'CF_SJLYDM', code: 'UNIT_NOT_REGISTERED' }],
    },
  ]);
  await registerUnits([{ unit, kind: 'penalty' }]);
  expect(await outcomeOf('1')).toMatchObject([{ outcome: 'ADDED' }]);

  await letUnregisteredUnitsFile();
  // In effect within a second, wherever rules are read.
  const late = composeUscc('11330000', 'MB1EEE37');
  const lateOutcome = async (): Promise<string> =>
    JSON.stringify(
      fieldOf<{ rows: unknown }>(
        await fileRows('penalty', [penalty(uscc, '2', { CF_CFJGDM: late, CF_SJLYDM: late })]),
        'fileRecords',
      ).rows,
    );
  const until = performance.now() + 5000;
  let outcome = await lateOutcome();
  while (outcome.includes('UNIT_NOT_REGISTERED') && performance.now() < until) outcome = await lateOutcome();
  expect(outcome).toContain('"outcome":"ADDED"');
  expect((await graph.query('ASSESSOR', UNITS, { unit: late })).body.data).toMatchObject({
    sourceUnits: [{ kind: 'penalty', registered: false, promisedDelayHours: 840 }],
  });
});

test('a unit beyond its promised delay shows as late, and verdicts that rest on it become unknown', async () => {
  let clock = new Date();
  await using later = await startGraph({ now: () => clock });
  const uscc = composeUscc('91330106', 'MA3EEE61');
  const listed = composeUscc('91330106', 'MA3EEE62');
  await know(later, uscc);
  const registered = await later.query('NATIONAL_CENTRE', REGISTER, {
    input: { idempotencyKey: randomUUID(), units: [{ unit: UNIT, kind: 'name-list', promisedDelayHours: 20 }] },
  });
  expect(registered.text).toContain('SourceUnitsRegistered');
  await later.file('name-list', lines([listing(listed, '1')]), { format: 'NDJSON' });
  const ask = () =>
    later.query(
      'PUBLIC',
      `query ($uscc: USCC!) {
        creditFile(uscc: $uscc) { hasActiveSeriousListing }
        sourceStatus { source state lateUnits }
      }`,
      { uscc },
    );
  const ofLists = (state: string, lateUnits: readonly string[]) =>
    expect.arrayContaining([{ source: 'namelist', state, lateUnits }]);
  expect((await ask()).body.data).toEqual({
    creditFile: { hasActiveSeriousListing: false },
    sourceStatus: ofLists('IN_TIME', []),
  });
  clock = new Date(clock.getTime() + 19 * 3_600_000);
  await later.gateway.sources.refresh();
  expect((await ask()).body.data).toEqual({
    creditFile: { hasActiveSeriousListing: false },
    sourceStatus: ofLists('IN_TIME', []),
  });
  clock = new Date(clock.getTime() + 2 * 3_600_000);
  await later.gateway.sources.refresh();
  const { body } = await ask();
  expect(body.data).toEqual({ creditFile: { hasActiveSeriousListing: null }, sourceStatus: ofLists('LATE', [UNIT]) });
  expect([body.errors?.map(({ extensions }) => extensions['code']), body.extensions?.['completeness']]).toMatchObject([
    ['SOURCE_LATE'],
    { status: 'PARTIAL' },
  ]);
  await later.file('name-list', lines([listing(listed, '1')]), { format: 'NDJSON' });
  await later.gateway.sources.refresh();
  expect((await ask()).body.data).toEqual({
    creditFile: { hasActiveSeriousListing: false },
    sourceStatus: ofLists('IN_TIME', []),
  });
});

test('a unit that was registered and has never filed is late by the same promise', async () => {
  await register(graph, 'disclosure', OTHER, ['inspection'], 1);
  await graph.sql(`update disclosure.source_unit set registered_at = now() - interval '2 hours' where uscc = $1`, [
    OTHER,
  ]);
  expect((await graph.query('AUDITOR', UNITS, { unit: OTHER })).body.data).toMatchObject({
    sourceUnits: [{ kind: 'inspection', lastFiledAt: null, late: true }],
  });
});
