import { randomUUID } from 'node:crypto';
import type { Role } from '#policy/viewer.ts';
import { roles } from '#policy/viewer.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, type Reply, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';

// Units that file, rows over the API, and the same rows through every door.

const UNIT = composeUscc('11330000', 'MB1EEE31');
const OTHER = composeUscc('11440000', 'MB1EEE32');
const FILE = 'mutation ($input: FileRecordsInput!) { fileRecords(input: $input) { __typename ... on RecordsFiled { filing { status receipt { rows added corrected unchanged rejected warned } } rows { row outcome recordId version problems { column code } } } ... on DomainError { code path } } }';
const REGISTER = 'mutation ($input: RegisterSourceUnitsInput!) { registerSourceUnits(input: $input) { __typename ... on SourceUnitsRegistered { count } ... on DomainError { code path } } }';
const UNITS = 'query ($unit: USCC!) { sourceUnits(unit: $unit) { unit name kind source province sector promisedDelayHours registered lastFiledAt late } }';

const penalty = (uscc: string, number: string, more: Cells = {}): Cells => ({
  CF_XDR_MC: '示例云帆科技有限公司', CF_XDR_LB: '法人及非法人组织', CF_XDR_SHXYM: uscc, CF_FRDB: '示例人', CF_WSH: `浙测〔2026〕${number}号`, CF_WFXW: '超范围经营', CF_SY: '超出登记的经营范围',
  CF_YJ: '某条例第一条', CF_CFLB: '警告;罚款', CF_NR: '警告并处罚款', CF_NR_FK: '0.2', CF_JDRQ: '2026/09/18', CF_GSJZQ: '2027/09/18', CF_CFJG: '示例市监局', CF_CFJGDM: UNIT, CF_SJLY: '示例市监局', CF_SJLYDM: UNIT, ...more,
});
const licence = (uscc: string, number: string, more: Cells = {}): Cells => ({
  XK_XDR_MC: '示例云帆科技有限公司', XK_XDR_LB: '法人及非法人组织', XK_XDR_SHXYM: uscc, XK_FRDB: '示例人', XK_XKWS: '准予许可决定书', XK_WSH: `浙测〔2026〕${number}号`, XK_XKLB: '普通', XK_NR: '食品经营许可',
  XK_JDRQ: '2026/09/18', XK_YXQZ: '2026/09/18', XK_YXQZI: '2099/12/31', XK_XKJG: '示例市监局', XK_XKJGDM: UNIT, XK_ZT: '1', XK_LYDW: '示例市监局', XK_LYDWDM: UNIT, NEWER: '新字段', ...more,
});
const listing = (uscc: string, number: string): Cells => ({
  MD_XDR_MC: '示例云帆科技有限公司', MD_XDR_SHXYM: uscc, MD_LX: 'SAMR_SERIOUS', MD_WSH: `浙测〔2026〕${number}号`, MD_LRRQ: '2026/03/01', MD_LRSY: '示例事由', MD_FLYJ: '某条例', MD_RDJG: '示例市监局', MD_RDJGDM: UNIT, MD_LYDW: '示例市监局', MD_LYDWDM: UNIT,
});

const csv = (rows: readonly Cells[]): string => [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))].map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\r\n');

/** A field of an answer, whose shape the query says. */
const fieldOf = <Field>({ body }: Reply, name: string): Field => body.data?.[name] as Field;

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
  for (const unit of [UNIT, organisationOf('DETERMINING_UNIT').organisation]) await register(graph, 'disclosure', unit, ['licence', 'penalty']);
  await register(graph, 'namelist', UNIT, ['name-list']);
});
afterAll(() => graph[Symbol.asyncDispose]());

const fileRows = (kind: string, rows: readonly unknown[], role: Role = 'NATIONAL_CENTRE', idempotencyKey: string = randomUUID()) => graph.query(role, FILE, { input: { idempotencyKey, kind, rows } });

describe('the same rows through every door', () => {
  const subjects = [1, 2, 3].map((n) => composeUscc('91330106', `MA3EEE3${n}`));
  test.each([
    ['licence', 'disclosure.act', licence],
    ['penalty', 'disclosure.act', penalty],
    ['name-list', 'namelist.entry', listing],
  ] as const)('%s: CSV, NDJSON and the API leave identical records', async (kind, table, row) => {
    const stored: unknown[] = [];
    for (const door of ['CSV', 'NDJSON', 'API']) {
      // The same database, emptied between: a digest is keyed, and the key is the graph's.
      await graph.sql(`delete from ${table}`);
      const rows = subjects.map((uscc, n) => row(uscc, String(n + 1)));
      if (door === 'API') expect((await fileRows(kind, rows)).body.data?.['fileRecords']).toMatchObject({ __typename: 'RecordsFiled', filing: { receipt: { rows: 3, added: 3, rejected: 0 } } });
      else expect(await graph.file(kind, door === 'CSV' ? csv(rows) : lines(rows), { format: door as 'CSV' | 'NDJSON' })).toMatchObject({ rows: 3, added: 3, rejected: 0 });
      stored.push(await graph.sql(`select to_jsonb(record) - array['filing_id', 'collected_at', 'recorded_at'] as record from ${table} record order by uscc, record_id`));
    }
    expect(stored[0]).toHaveLength(3);
    expect(stored[1]).toEqual(stored[0]);
    expect(stored[2]).toEqual(stored[0]);
  });
});

test('a batch tells what became of every row, once', async () => {
  const uscc = composeUscc('91330106', 'MA3EEE41');
  await fileRows('penalty', [penalty(uscc, '401'), penalty(uscc, '402')]);
  const rows = [penalty(uscc, '401'), penalty(uscc, '402', { CF_NR: '另一决定' }), penalty(uscc, '403'), penalty(uscc, '404', { CF_JDRQ: '2026/09/31' }), penalty(uscc, '405', { CF_YXQ: '2026-13-01' }), { CF_WSH: 'x' }, penalty(uscc, '403')];
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
      { row: 4, outcome: 'REJECTED', recordId: null, version: null, problems: [{ column: 'CF_JDRQ', code: 'BAD_DATE' }] },
      { row: 5, outcome: 'ADDED', recordId: expect.any(String), version: 1, problems: [{ column: 'CF_YXQ', code: 'BAD_DATE' }] },
      { row: 6, outcome: 'REJECTED', recordId: null, version: null, problems: expect.arrayContaining([{ column: 'CF_XDR_MC', code: 'MISSING_COLUMN' }]) },
      { row: 7, outcome: 'UNCHANGED', recordId: answer.rows[2]?.recordId, version: 1, problems: [] },
    ],
  });
  // Sent again: the first answer, and nothing is recorded twice. With other rows under the same key: a conflict.
  const count = async () => (await graph.sql('select count(*)::int as n from disclosure.act where uscc = $1', [uscc]))[0]?.['n'];
  const before = await count();
  expect((await fileRows('penalty', rows, 'NATIONAL_CENTRE', key)).body.data).toEqual(body.data);
  expect((await fileRows('penalty', rows.slice(1), 'NATIONAL_CENTRE', key)).body.data).toEqual({ fileRecords: { __typename: 'Conflict', code: 'IDEMPOTENCY_KEY', path: ['input', 'idempotencyKey'] } });
  expect(await count()).toBe(before);
  // What a batch names can be asked for.
  const record = await graph.query('PUBLIC', 'query ($id: ID!) { record(id: $id) { version ... on AdministrativePenalty { documentNo } } }', { id: answer.rows[2]?.recordId });
  expect(record.body.data).toEqual({ record: { version: 1, documentNo: '浙测〔2026〕403号' } });
});

test('a batch has at least one row and at most a thousand, of a kind that there is', async () => {
  const uscc = composeUscc('91330106', 'MA3EEE42');
  for (const rows of [[], Array.from({ length: 1001 }, () => penalty(uscc, '1'))])
    expect((await fileRows('penalty', rows)).body.data).toEqual({ fileRecords: { __typename: 'InvalidInput', code: 'TOO_MANY', path: ['input', 'rows'] } });
  expect((await fileRows('nonsense', [{}])).body.data).toEqual({ fileRecords: { __typename: 'InvalidInput', code: 'UNKNOWN_KIND', path: ['input', 'kind'] } });
  expect((await fileRows('penalty', ['text'])).body.errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
});

test('a variable inside of a row that is written out is refused, at the first time and at every later one', async () => {
  const text = `mutation ($uscc: String, $key: String!) { fileRecords(input: { idempotencyKey: $key, kind: "penalty", rows: [{ CF_XDR_SHXYM: $uscc }] }) { __typename } }`;
  for (let time = 0; time < 3; time += 1) {
    const { body } = await graph.query('NATIONAL_CENTRE', text, { uscc: composeUscc('91330106', 'MA3EEE46'), key: randomUUID() });
    expect([body.data, body.errors?.[0]?.extensions]).toMatchObject([undefined, { code: 'BAD_USER_INPUT', reason: 'VARIABLE', expected: 'whole rows in a variable, or none' }]);
  }
});

test('an entity is found by its code: what holds its row has no id', async () => {
  await register(graph, 'entity', UNIT, ['entity']);
  const row = { DJ_SHXYM: composeUscc('91330106', 'MA3EEE47'), DJ_MC: '示例云帆零售有限公司', DJ_LX: '企业', DJ_ZT: '存续', DJ_QHDM: '330106', DJ_CLRQ: '2015/05/05', DJ_DJJG: '示例登记机关', DJ_DJJGDM: UNIT, DJ_LYDW: '示例登记机关', DJ_LYDWDM: UNIT };
  expect(fieldOf<{ rows: unknown }>(await fileRows('entity', [row]), 'fileRecords').rows).toMatchObject([{ row: 1, outcome: 'ADDED', recordId: null, version: 1 }]);
});

const mayFile: readonly Role[] = ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'];
test.each(roles.filter((role) => !mayFile.includes(role)))('%s files nothing and registers nobody', async (role) => {
  const uscc = composeUscc('91330106', 'MA3EEE43');
  for (const answer of [await fileRows('penalty', [penalty(uscc, '1')], role), await graph.query(role, REGISTER, { input: { idempotencyKey: randomUUID(), units: [{ unit: UNIT, kind: 'penalty' }] } })]) {
    expect(answer.body.errors?.map(({ extensions }) => extensions['code'])).toEqual(['UNAUTHORIZED_FIELD_OR_TYPE']);
    expect(Object.values(answer.body.data ?? {})).toEqual([null]);
  }
});

test('a determining unit files its own rows over the API and not those of another', async () => {
  const own = organisationOf('DETERMINING_UNIT').organisation;
  const uscc = composeUscc('91330106', 'MA3EEE44');
  const answer = await fileRows('penalty', [penalty(uscc, '1', { CF_CFJGDM: own, CF_SJLYDM: own }), penalty(uscc, '2')], 'DETERMINING_UNIT');
  expect(fieldOf<{ rows: unknown }>(answer, 'fileRecords').rows).toMatchObject([{ outcome: 'ADDED' }, { outcome: 'REJECTED', problems: [{ column: 'CF_SJLYDM', code: 'NOT_YOURS' }] }]);
});

describe('registered units', () => {
  const registerUnits = (units: readonly Record<string, unknown>[], role: Role = 'NATIONAL_CENTRE') => graph.query(role, REGISTER, { input: { idempotencyKey: randomUUID(), units } });

  test('a unit files about subjects of the province and sector it is registered for, and no others', async () => {
    const unit = composeUscc('11330000', 'MB1EEE33');
    const own = (uscc: string, number: string, more: Cells = {}) => penalty(uscc, number, { CF_CFJGDM: unit, CF_SJLYDM: unit, CF_XDR_HYDM: '52', ...more });
    expect((await registerUnits([{ unit, kind: 'penalty', name: '示例单位', province: '33', sector: 'F' }])).body.data).toEqual({ registerSourceUnits: { __typename: 'SourceUnitsRegistered', count: 1 } });
    const [near, far] = [composeUscc('91330106', 'MA3EEE51'), composeUscc('91440305', 'MA3EEE52')];
    const answer = await fileRows('penalty', [own(near, '1'), own(far, '2'), own(near, '3', { CF_XDR_HYDM: '62' })]);
    expect(fieldOf<{ rows: unknown }>(answer, 'fileRecords').rows).toMatchObject([{ outcome: 'ADDED' }, { outcome: 'REJECTED', problems: [{ code: 'OUTSIDE_REGISTRATION' }] }, { outcome: 'REJECTED', problems: [{ code: 'OUTSIDE_REGISTRATION' }] }]);
    const units = await graph.query('ASSESSOR', UNITS, { unit });
    expect(units.body.data).toEqual({ sourceUnits: [{ unit, name: '示例单位', kind: 'penalty', source: 'disclosure', province: '33', sector: 'F', promisedDelayHours: 840, registered: true, lastFiledAt: expect.any(String), late: false }] });
  });

  test('a unit that is not registered files nothing, unless the rules let it', async () => {
    const unit = composeUscc('11330000', 'MB1EEE34');
    const uscc = composeUscc('91330106', 'MA3EEE53');
    const outcomeOf = async (number: string): Promise<unknown> => fieldOf<{ rows: unknown }>(await fileRows('penalty', [penalty(uscc, number, { CF_CFJGDM: unit, CF_SJLYDM: unit })]), 'fileRecords').rows;
    expect(await outcomeOf('1')).toEqual([{ row: 1, outcome: 'REJECTED', recordId: null, version: null, problems: [{ column: 'CF_SJLYDM', code: 'UNIT_NOT_REGISTERED' }] }]);
    await registerUnits([{ unit, kind: 'penalty' }]);
    expect(await outcomeOf('1')).toMatchObject([{ outcome: 'ADDED' }]);

    const key = randomUUID();
    const [first, second] = ['1', '2'].map((actor) => graph.issuer.token({ role: 'RULE_KEEPER', organisation: organisationOf('RULE_KEEPER').organisation, actor }));
    const ruleSet = { id: 'LENIENT-1', kind: 'FILING', name: '数据来源单位补登记期', source: '示例文件', effectiveFrom: daysFromNow(0), effectiveTo: daysFromNow(1), region: null, values: [{ code: 'UNREGISTERED_UNITS_MAY_FILE', number: 1, unit: 'FLAG' }] };
    const proposed = await graph.query('RULE_KEEPER', 'mutation ($input: ProposeRuleChangeInput!) { proposeRuleChange(input: $input) { __typename ... on RuleChangeProposed { change { id } } ... on DomainError { code message } } }', { input: { idempotencyKey: key, action: 'ADD', ruleSet } }, { token: first ?? '' });
    expect(proposed.text).toContain('RuleChangeProposed');
    const { change } = fieldOf<{ change: { id: string } }>(proposed, 'proposeRuleChange');
    const approved = await graph.query('RULE_KEEPER', 'mutation ($input: ApproveRuleChangeInput!) { approveRuleChange(input: $input) { __typename } }', { input: { idempotencyKey: key, id: change.id } }, { token: second ?? '' });
    expect(approved.text).toContain('RuleChangeApproved');
    // In effect within a second, wherever rules are read.
    const late = composeUscc('11330000', 'MB1EEE37');
    const lateOutcome = async (): Promise<string> => JSON.stringify(fieldOf<{ rows: unknown }>(await fileRows('penalty', [penalty(uscc, '2', { CF_CFJGDM: late, CF_SJLYDM: late })]), 'fileRecords').rows);
    const until = performance.now() + 5000;
    let outcome = await lateOutcome();
    while (outcome.includes('UNIT_NOT_REGISTERED') && performance.now() < until) outcome = await lateOutcome();
    expect(outcome).toContain('"outcome":"ADDED"');
    expect((await graph.query('ASSESSOR', UNITS, { unit: late })).body.data).toMatchObject({ sourceUnits: [{ kind: 'penalty', registered: false, promisedDelayHours: 840 }] });
  });

  test('a province registers its own units for its own subjects alone', async () => {
    expect((await registerUnits([{ unit: composeUscc('11330000', 'MB1EEE35'), kind: 'licence', province: '33' }], 'PROVINCIAL_PLATFORM')).body.data).toEqual({ registerSourceUnits: { __typename: 'SourceUnitsRegistered', count: 1 } });
    for (const unit of [{ unit: OTHER, kind: 'licence', province: '33' }, { unit: UNIT, kind: 'licence' }, { unit: UNIT, kind: 'licence', province: '44' }]) {
      const answer = await registerUnits([unit], 'PROVINCIAL_PLATFORM');
      expect([answer.body.data, answer.body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([{ registerSourceUnits: null }, ['UNAUTHORIZED_FIELD_OR_TYPE']]);
    }
    expect((await graph.query('PROVINCIAL_PLATFORM', UNITS, { unit: OTHER })).body.errors?.[0]?.extensions['code']).toBe('UNAUTHORIZED_FIELD_OR_TYPE');
  });

  test.each([
    [{ unit: UNIT, kind: 'nonsense' }, 'UNKNOWN_KIND', 'kind'],
    [{ unit: UNIT, kind: 'licence', province: '99' }, 'UNKNOWN_CODE', 'province'],
    [{ unit: UNIT, kind: 'licence', sector: '52' }, 'UNKNOWN_CODE', 'sector'],
    [{ unit: UNIT, kind: 'licence', promisedDelayHours: 0 }, 'HOURS', 'promisedDelayHours'],
  ])('%j is refused as %s', async (unit, code, field) => {
    expect((await registerUnits([unit])).body.data).toEqual({ registerSourceUnits: { __typename: 'InvalidInput', code, path: ['input', 'units', '0', field] } });
  });
});

test('a unit that stops filing beyond its promised delay shows as late, and what rests on it turns from false to unknown', async () => {
  let clock = new Date();
  await using later = await startGraph({ now: () => clock });
  const uscc = composeUscc('91330106', 'MA3EEE61');
  const listed = composeUscc('91330106', 'MA3EEE62');
  await know(later, uscc);
  const registered = await later.query('NATIONAL_CENTRE', REGISTER, { input: { idempotencyKey: randomUUID(), units: [{ unit: UNIT, kind: 'name-list', promisedDelayHours: 20 }] } });
  expect(registered.text).toContain('SourceUnitsRegistered');
  await later.file('name-list', lines([listing(listed, '1')]), { format: 'NDJSON' });
  const ask = () => later.query('PUBLIC', 'query ($uscc: USCC!) { creditFile(uscc: $uscc) { hasActiveSeriousListing } sourceStatus { source state lateUnits } }', { uscc });
  const ofLists = (state: string, lateUnits: readonly string[]) => expect.arrayContaining([{ source: 'namelist', state, lateUnits }]);
  expect((await ask()).body.data).toEqual({ creditFile: { hasActiveSeriousListing: false }, sourceStatus: ofLists('IN_TIME', []) });
  clock = new Date(clock.getTime() + 19 * 3_600_000);
  await later.gateway.sources.refresh();
  expect((await ask()).body.data).toEqual({ creditFile: { hasActiveSeriousListing: false }, sourceStatus: ofLists('IN_TIME', []) });
  clock = new Date(clock.getTime() + 2 * 3_600_000);
  await later.gateway.sources.refresh();
  const { body } = await ask();
  expect(body.data).toEqual({ creditFile: { hasActiveSeriousListing: null }, sourceStatus: ofLists('LATE', [UNIT]) });
  expect([body.errors?.map(({ extensions }) => extensions['code']), body.extensions?.['completeness']]).toMatchObject([['SOURCE_LATE'], { status: 'PARTIAL' }]);
  await later.file('name-list', lines([listing(listed, '1')]), { format: 'NDJSON' });
  await later.gateway.sources.refresh();
  expect((await ask()).body.data).toEqual({ creditFile: { hasActiveSeriousListing: false }, sourceStatus: ofLists('IN_TIME', []) });
});

test('a unit that was registered and has never filed is late by the same promise', async () => {
  await register(graph, 'disclosure', OTHER, ['inspection'], 1);
  await graph.sql(`update disclosure.source_unit set registered_at = now() - interval '2 hours' where uscc = $1`, [OTHER]);
  expect((await graph.query('AUDITOR', UNITS, { unit: OTHER })).body.data).toMatchObject({ sourceUnits: [{ kind: 'inspection', lastFiledAt: null, late: true }] });
});

describe.each([['in one process', false], ['with subgraphs over HTTP', true]] as const)('a full replacement, %s,', (_where, remote) => {
  let there: TestGraph;
  const own = composeUscc('11330000', 'MB1EEE36');
  const CREATE = 'mutation ($input: CreateFilingInput!) { createFiling(input: $input) { __typename ... on FilingCreated { filing { id mode } } ... on DomainError { code path } } }';
  const COMPLETE = 'mutation ($input: CompleteFilingInput!) { completeFiling(input: $input) { ... on FilingCompleted { filing { status replacement { standing missing ended } receipt { rows rejected } } } ... on DomainError { code } } }';
  const CONFIRM = 'mutation ($input: ConfirmFilingInput!) { confirmFiling(input: $input) { __typename ... on FilingConfirmed { filing { status replacement { standing missing ended } } } ... on DomainError { code } } }';
  const tokenOf = (actor?: string): string => there.issuer.token({ role: 'DETERMINING_UNIT', organisation: own, purposes: ['SUPERVISION'], ...(actor === undefined ? null : { actor }) });
  const ask = (query: string, input: Record<string, unknown>, actor?: string) => there.query('DETERMINING_UNIT', query, { input }, { token: tokenOf(actor) });
  const subjects = Array.from({ length: 20 }, (_, n) => composeUscc('91330106', `MA3EE7${String(n).padStart(2, '0')}`));
  const row = (uscc: string, more: Cells = {}) => penalty(uscc, '700', { CF_CFJGDM: own, CF_SJLYDM: own, ...more });
  const replace = async (rows: readonly Cells[]) => {
    const created = await ask(CREATE, { idempotencyKey: randomUUID(), kind: 'penalty', format: 'NDJSON', partsExpected: 1, mode: 'REPLACE' }, '1');
    const { id } = fieldOf<{ filing: { id: string } }>(created, 'createFiling').filing;
    const part = await fetch(`${there.url}/filings/${id}/parts/1`, { method: 'PUT', headers: { authorization: `Bearer ${tokenOf('1')}`, 'content-type': 'application/x-ndjson' }, body: lines(rows) });
    expect(part.status).toBe(200);
    const completed = await ask(COMPLETE, { idempotencyKey: id, id }, '1');
    return { id, filing: fieldOf<{ filing: unknown }>(completed, 'completeFiling').filing };
  };
  const published = async (): Promise<number> => {
    const answer = await there.query('NATIONAL_CENTRE', `query ($codes: [String!]!) { creditFiles(codes: $codes) { file { administrativeActs(kinds: [PENALTY], first: 1) { totalCount { value } } } } }`, { codes: subjects });
    return fieldOf<{ file: { administrativeActs: { totalCount: { value: number } } } | null }[]>(answer, 'creditFiles').reduce((sum, { file }) => sum + (file?.administrativeActs.totalCount.value ?? 0), 0);
  };

  beforeAll(async () => {
    there = await startGraph({ remote });
    for (const uscc of subjects) await know(there, uscc);
    await register(there, 'disclosure', own, ['penalty']);
    await there.query('OPERATOR', 'mutation ($input: GrantRoleInput!) { grantRole(input: $input) { __typename } }', { input: { idempotencyKey: randomUUID(), organisation: own, role: 'DETERMINING_UNIT' } });
  });

  afterAll(() => there[Symbol.asyncDispose]());

  test('ends what is missing where that is plausible, and brings back what is filed again', async () => {
    expect(await replace(subjects.map((uscc) => row(uscc)))).toMatchObject({ filing: { status: 'COMPLETED', replacement: { standing: 0, missing: 0, ended: 0 }, receipt: { rows: 20, rejected: 0 } } });
    expect(await published()).toBe(20);
    expect(await replace(subjects.slice(1).map((uscc) => row(uscc)))).toMatchObject({ filing: { status: 'COMPLETED', replacement: { standing: 20, missing: 1, ended: 1 } } });
    expect(await published()).toBe(19);
    expect(await replace(subjects.map((uscc) => row(uscc)))).toMatchObject({ filing: { status: 'COMPLETED', replacement: { standing: 19, missing: 0, ended: 0 } } });
    expect(await published()).toBe(20);
    expect(await there.sql('select version, withdrawn_on, withdrawal_reason from disclosure.act where uscc = $1 order by version', [subjects[0]])).toEqual([1, 2, 3].map((version) => ({ version, withdrawn_on: null, withdrawal_reason: null })));
  });

  test('that would end an implausible share waits for a second person, and nothing ends before', async () => {
    const { id, filing } = await replace(subjects.slice(10).map((uscc) => row(uscc)));
    expect(filing).toEqual({ status: 'QUARANTINED', replacement: { standing: 20, missing: 10, ended: 0 }, receipt: { rows: 10, rejected: 0 } });
    expect(await published()).toBe(20);
    const decide = async (actor: string | undefined, idempotencyKey: string = randomUUID()) => (await ask(CONFIRM, { idempotencyKey, id, apply: true }, actor)).body.data;
    const refused = { confirmFiling: { __typename: 'InvalidInput', code: 'SECOND_PERSON' } };
    expect([await decide('1'), await decide(undefined)]).toEqual([refused, refused]);
    // Completed again, it waits as before; what its unit files in the meantime is not what the filing lacks.
    expect((await ask(COMPLETE, { idempotencyKey: randomUUID(), id }, '1')).body.data).toEqual({ completeFiling: { filing } });
    await there.file('penalty', lines([row(subjects[0] ?? '', { CF_WSH: '浙测〔2026〕701号' })]), { format: 'NDJSON' });
    expect(await published()).toBe(21);
    // Another organisation does not even learn that there is such a filing.
    expect((await there.query('DETERMINING_UNIT', CONFIRM, { input: { idempotencyKey: randomUUID(), id, apply: true } })).body.data).toEqual({ confirmFiling: { __typename: 'InvalidInput', code: 'NOT_FOUND' } });
    const confirmed = { confirmFiling: { __typename: 'FilingConfirmed', filing: { status: 'COMPLETED', replacement: { standing: 20, missing: 10, ended: 10 } } } };
    const key = randomUUID();
    expect([await decide('2', key), await decide('2', key)]).toEqual([confirmed, confirmed]);
    expect(await decide('2')).toEqual({ confirmFiling: { __typename: 'InvalidInput', code: 'NOT_QUARANTINED' } });
    expect(await published()).toBe(11);
  });

  test('with a refused row waits too, and can be discarded', async () => {
    const { id, filing } = await replace([...subjects.slice(10).map((uscc) => row(uscc)), row(subjects[0] ?? '', { CF_SJLYDM: UNIT })]);
    expect(filing).toMatchObject({ status: 'QUARANTINED', receipt: { rows: 11, rejected: 1 } });
    expect((await ask(CONFIRM, { idempotencyKey: randomUUID(), id, apply: false }, '2')).body.data).toMatchObject({ confirmFiling: { filing: { status: 'CANCELLED', replacement: { missing: 1, ended: 0 } } } });
    expect(await published()).toBe(11);
  });

  describe('while it waits', () => {
    const kept = subjects.slice(10, 15).map((uscc) => row(uscc));
    const rest = [...subjects.slice(15).map((uscc) => row(uscc)), row(subjects[0] ?? '', { CF_WSH: '浙测〔2026〕701号' })];
    const fileAgain = (rows: readonly Cells[]) => there.file('penalty', lines(rows), { format: 'NDJSON' });
    const noted = () => there.sql('select filing_id, count(*)::int as rows from disclosure.filed_row group by filing_id');
    const decide = async (id: string, apply: boolean) => fieldOf<{ filing: unknown }>(await ask(CONFIRM, { idempotencyKey: randomUUID(), id, apply }, '2'), 'confirmFiling').filing;
    /** Standing: 11, the rows of `kept` and `rest`. */
    const wait = async (): Promise<string> => {
      const { id, filing } = await replace(kept);
      expect(filing).toEqual({ status: 'QUARANTINED', replacement: { standing: 11, missing: 6, ended: 0 }, receipt: { rows: 5, rejected: 0 } });
      return id;
    };

    test('what its unit files again is not missing, also where it is unchanged; what was noted is forgotten when it is over', async () => {
      const id = await wait();
      expect(await fileAgain(rest.slice(0, 2))).toMatchObject({ unchanged: 2 });
      // What another unit files is not its concern.
      await there.file('penalty', lines([row(composeUscc('91330106', 'MA3EE8F0'), { CF_SJLYDM: UNIT })]), { format: 'NDJSON' });
      expect(await noted()).toEqual([{ filing_id: id, rows: 7 }]);
      expect(await decide(id, true)).toEqual({ status: 'COMPLETED', replacement: { standing: 11, missing: 6, ended: 4 } });
      expect(await noted()).toEqual([]);
      expect(await fileAgain(rest)).toMatchObject({ unchanged: 2, corrected: 4 });
      expect(await noted()).toEqual([]);
    });

    test('what was noted is forgotten when it is discarded, and nothing has ended', async () => {
      const id = await wait();
      expect(await fileAgain(rest.slice(0, 1))).toMatchObject({ unchanged: 1 });
      expect(await decide(id, false)).toEqual({ status: 'CANCELLED', replacement: { standing: 11, missing: 6, ended: 0 } });
      expect(await noted()).toEqual([]);
      expect(await fileAgain(rest)).toMatchObject({ unchanged: 6 });
      expect(await noted()).toEqual([]);
    });

    test.each([['before', { unchanged: 6 }, 0], ['after', { corrected: 6 }, 6]])('filed again at the same time as it is confirmed, and recorded %s that, a record stands', async (order, receipt, ended) => {
      const id = await wait();
      // Both wait for the clock, in this order.
      await there.sql('begin');
      await there.sql('select last from disclosure.clock for update');
      const calls = [() => fileAgain(rest), () => decide(id, true)];
      if (order === 'after') calls.reverse();
      const answers: Promise<unknown>[] = [];
      for (const call of calls) {
        answers.push(call());
        await waiting(answers.length);
      }
      await there.sql('commit');
      if (order === 'after') answers.reverse();
      expect(await Promise.all(answers)).toEqual([expect.objectContaining(receipt), { status: 'COMPLETED', replacement: { standing: 11, missing: 6, ended } }]);
      expect(await standing()).toBe(11);
      expect(await noted()).toEqual([]);
    });

    const standing = async () => (await there.sql(`select count(*)::int as records from disclosure.act where source_unit = $1 and superseded_at = 'infinity' and withdrawn_on is null`, [own]))[0]?.['records'];

    /** Until so many sessions of the database wait for a lock. */
    const waiting = async (sessions: number): Promise<void> => {
      for (;;) {
        const [found] = await there.sql(`
          select count(distinct pid)::int as sessions
          from pg_locks
          where not granted and pid in (select pid from pg_locks where database = (select oid from pg_database where datname = current_database()))`);
        if (Number(found?.['sessions']) >= sessions) return;
      }
    };
  });

  test('may be decided on by the centre, which is not asked about other filings', async () => {
    const { id, filing } = await replace([row(subjects[0] ?? '', { CF_WSH: '浙测〔2026〕702号' })]);
    expect(filing).toEqual({ status: 'QUARANTINED', replacement: { standing: 11, missing: 11, ended: 0 }, receipt: { rows: 1, rejected: 0 } });
    const centre = there.issuer.token({ role: 'NATIONAL_CENTRE', organisation: organisationOf('NATIONAL_CENTRE').organisation, purposes: ['SUPERVISION'], actor: '9' });
    const confirmed = await there.query('NATIONAL_CENTRE', CONFIRM, { input: { idempotencyKey: randomUUID(), id, apply: true } }, { token: centre });
    expect(confirmed.body.data).toEqual({ confirmFiling: { __typename: 'FilingConfirmed', filing: { status: 'COMPLETED', replacement: { standing: 11, missing: 11, ended: 11 } } } });
    expect(await published()).toBe(1);
    const added = await ask(CREATE, { idempotencyKey: randomUUID(), kind: 'penalty', format: 'NDJSON', partsExpected: 1 }, '1');
    const other = fieldOf<{ filing: { id: string } }>(added, 'createFiling').filing.id;
    expect((await there.query('NATIONAL_CENTRE', CONFIRM, { input: { idempotencyKey: randomUUID(), id: other, apply: true } }, { token: centre })).body.data).toEqual({ confirmFiling: { __typename: 'InvalidInput', code: 'NOT_FOUND' } });
  });

  test('needs to know who acts, and never replaces the register', async () => {
    expect((await ask(CREATE, { idempotencyKey: randomUUID(), kind: 'penalty', format: 'NDJSON', partsExpected: 1, mode: 'REPLACE' })).body.data).toEqual({ createFiling: { __typename: 'InvalidInput', code: 'ACTOR', path: ['input', 'mode'] } });
    expect((await ask(CREATE, { idempotencyKey: randomUUID(), kind: 'entity', format: 'NDJSON', partsExpected: 1, mode: 'REPLACE' }, '1')).body.data).toEqual({ createFiling: { __typename: 'InvalidInput', code: 'MODE', path: ['input', 'mode'] } });
  });
});
