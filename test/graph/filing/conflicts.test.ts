import { randomUUID } from 'node:crypto';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, know, register } from '#test/support/registered.ts';
import { listEntry, penalty, subject, unit } from '#test/graph/publication/rows.ts';

// R11: two sources, each entitled to state a fact, that contradict each other about it (国办发〔2019〕35号 第十四条).

const now = (): Date => new Date('2026-11-29T04:00:00Z');
const other = composeUscc('11330100', 'MB1C0001');
const unregistered = composeUscc('11330100', 'MB1C0002');
const registrars = [organisationOf('SECTOR_REGULATOR').organisation, other];

interface Logged {
  readonly viewer: { readonly role: string };
  readonly reads: readonly { readonly uscc: string; readonly dataClass: string }[];
}
const accessLog: Logged[] = [];
const start = async (remote: boolean): Promise<TestGraph> => {
  const started = await startGraph({ now, remote, accessSink: async (entry) => void accessLog.push(entry) });
  await know(started, subject);
  for (const each of [unit, other]) {
    await register(started, 'entity', each, ['entity']);
    await register(started, 'disclosure', each, ['penalty']);
    await register(started, 'namelist', each, ['name-list']);
  }
  return started;
};

let graph: TestGraph;
beforeAll(async () => {
  graph = await start(false);
});
afterAll(() => graph[Symbol.asyncDispose]());

const FILE = `mutation ($input: FileRecordsInput!) {
  fileRecords(input: $input) {
    ... on RecordsFiled { rows { outcome problems { code } } }
    ... on DomainError { code message }
  }
}`;
type Filed = readonly [outcome: string, codes: readonly string[]];

const file = (kind: string, ...rows: readonly Cells[]): Promise<readonly Filed[]> => fileTo(graph, kind, ...rows);
const fileTo = async (to: TestGraph, kind: string, ...rows: readonly Cells[]): Promise<readonly Filed[]> => {
  const input = { idempotencyKey: randomUUID(), kind, rows };
  const { body, text } = await to.query('NATIONAL_CENTRE', FILE, { input });
  const result = body.data?.['fileRecords'] as
    { readonly rows?: readonly { outcome: string; problems: readonly { code: string }[] }[] } | undefined;
  if (!result?.rows) throw new Error(text);
  return result.rows.map(({ outcome, problems }) => [
    outcome,
    problems.flatMap(({ code }) => (code.startsWith('MISSING') ? [] : [code])),
  ]);
};

const LIST = `query ($filter: FactConflictFilter) {
  factConflicts(filter: $filter, first: 10) {
    totalCount { value }
    nodes {
      id state field closedBy reason
      subject { uscc }
      record { __typename id }
      sides { version source { uscc } record { __typename } }
    }
  }
}`;
interface Conflict {
  readonly id: string;
  readonly [field: string]: unknown;
}
const conflictsOf = async (
  role: 'NATIONAL_CENTRE' | 'DETERMINING_UNIT' | 'SECTOR_REGULATOR' | 'SUBJECT',
  filter: object = {},
): Promise<readonly Conflict[]> => {
  const { body, text } = await graph.query(role, LIST, { filter });
  const page = body.data?.['factConflicts'] as { readonly nodes: readonly Conflict[] } | null | undefined;
  if (!page) throw new Error(text);
  return page.nodes;
};
const CLOSE = `mutation ($input: CloseFactConflictInput!) {
  closeFactConflict(input: $input) {
    __typename
    ... on FactConflictClosed { conflict { state closedBy reason } }
    ... on DomainError { code path }
  }
}`;
const close = async (
  role: 'NATIONAL_CENTRE' | 'PROVINCIAL_PLATFORM' | 'DETERMINING_UNIT',
  id: string,
  reason = '核实',
) => (await graph.query(role, CLOSE, { input: { idempotencyKey: randomUUID(), id, reason } })).body;

const disputedIn = (extensions: Readonly<Record<string, unknown>> | undefined): unknown =>
  (extensions?.['completeness'] as { disputed?: unknown } | undefined)?.disputed;

const disputedEntity = composeUscc('91330106', 'MA7C0001');
const state = (status: string, source: string, more: Cells = {}): Cells => ({
  DJ_SHXYM: disputedEntity,
  DJ_MC: '示例争议有限公司',
  DJ_LX: '企业',
  DJ_ZT: status,
  DJ_QHDM: '330106',
  DJ_CLRQ: '2020/05/05',
  DJ_DJJG: '示例登记机关',
  DJ_DJJGDM: registrars[0] as string,
  DJ_LYDW: '示例登记机关',
  DJ_LYDWDM: source,
  ...more,
});
const ENTITY = `query ($uscc: USCC!, $knownAt: DateTime) {
  entity(uscc: $uscc) { status factConflict { id state field } }
  creditFile(uscc: $uscc, knownAt: $knownAt) { entity { status factConflict { state } } knownAt }
}`;
const readEntity = async (knownAt: string | null = null) => {
  const { body, text } = await graph.query('PUBLIC', ENTITY, { uscc: disputedEntity, knownAt });
  if (!body.data) throw new Error(text);
  return { data: body.data as Record<string, { [name: string]: unknown }>, disputed: disputedIn(body.extensions) };
};

describe('R11: the state of an entity', () => {
  const uscc = disputedEntity;
  const read = readEntity;

  test('is kept as it was stated first, and marked, and both sides are listed', async () => {
    const [first, second] = registrars as [string, string];
    await register(graph, 'entity', first, ['entity']);
    expect(await file('entity', state('存续', first))).toEqual([['ADDED', []]]);
    expect((await read()).disputed).toBeUndefined();
    expect(await file('entity', state('注销', second))).toEqual([['PENDING', ['CONTRADICTION']]]);
    expect(await file('entity', state('注销', second))).toEqual([['UNCHANGED', []]]);

    const [conflict, ...more] = await conflictsOf('NATIONAL_CENTRE', { subject: uscc });
    expect([conflict, more]).toEqual([
      {
        id: expect.any(String),
        state: 'OPEN',
        field: 'status',
        closedBy: null,
        reason: null,
        subject: { uscc },
        record: null,
        sides: [
          { version: 2, source: { uscc: second }, record: null },
          { version: 3, source: { uscc: first }, record: null },
        ],
      },
      [],
    ]);
    const { id } = conflict as Conflict;
    const { data, disputed } = await read();
    expect([data['entity'], disputed]).toEqual([
      { status: 'ACTIVE', factConflict: { id, state: 'OPEN', field: 'status' } },
      [{ conflict: id, subject: uscc }],
    ]);
    expect(await conflictsOf('SECTOR_REGULATOR', { subject: uscc })).toHaveLength(1);
    expect(await conflictsOf('DETERMINING_UNIT', { subject: uscc })).toEqual([]);
  });

  test('the public sees the mark, not the sides nor the list', async () => {
    const { body } = await graph.query(
      'PUBLIC',
      `query ($uscc: USCC!) {
        entity(uscc: $uscc) { factConflict { state sides { version } } }
        factConflicts(first: 1) { totalCount { value } }
      }`,
      { uscc },
    );
    expect(body.data).toEqual({ entity: { factConflict: { state: 'OPEN', sides: null } }, factConflicts: null });
    expect(body.errors?.map(({ extensions }) => extensions['code'])).toEqual([
      'UNAUTHORIZED_FIELD_OR_TYPE',
      'UNAUTHORIZED_FIELD_OR_TYPE',
    ]);
  });

  test('no source decides it; a decision needs a reason, ends the mark, and what was known stays', async () => {
    const [{ id } = { id: '' }] = await conflictsOf('NATIONAL_CENTRE', { subject: uscc });
    const { data: before } = await read();
    expect((await close('DETERMINING_UNIT', id)).errors?.[0]?.extensions['code']).toBe('UNAUTHORIZED_FIELD_OR_TYPE');
    expect((await close('NATIONAL_CENTRE', id, ' ')).data?.['closeFactConflict']).toMatchObject({ code: 'REASON' });
    expect((await close('NATIONAL_CENTRE', id, '以登记机关为准')).data?.['closeFactConflict']).toEqual({
      __typename: 'FactConflictClosed',
      conflict: { state: 'CLOSED', closedBy: 'DECISION', reason: '以登记机关为准' },
    });
    expect((await close('NATIONAL_CENTRE', id)).data?.['closeFactConflict']).toMatchObject({
      __typename: 'Conflict',
      code: 'CLOSED',
    });
    const after = await read();
    expect([after.data['entity'], after.disputed]).toEqual([{ status: 'ACTIVE', factConflict: null }, undefined]);
    const then = await read(String(before['creditFile']?.['knownAt']));
    expect(then.data['creditFile']).toMatchObject({ entity: { status: 'ACTIVE', factConflict: { state: 'CLOSED' } } });
    // Filed again the next night, what was decided against begins no conflict anew; another statement does.
    expect(await file('entity', state('注销', registrars[1] as string))).toEqual([['UNCHANGED', []]]);
    expect(await conflictsOf('NATIONAL_CENTRE', { subject: uscc, state: 'OPEN' })).toEqual([]);
    expect(await file('entity', state('吊销', registrars[1] as string))).toEqual([['PENDING', ['CONTRADICTION']]]);
  });
});

test('a platform decides among its own units alone, and learns of no other conflict', async () => {
  const platform = organisationOf('PROVINCIAL_PLATFORM').organisation;
  await graph.sql(
    `insert into gateway.grant (id, organisation, role, province, valid_from, granted_by)
     values (gen_random_uuid(), $1, 'PROVINCIAL_PLATFORM', '44', now() - interval '3 days', 'test')`,
    [platform],
  );
  const iat = Math.floor(now().getTime() / 1000);
  const token = graph.issuer.token(
    { role: 'PROVINCIAL_PLATFORM', organisation: platform, province: '44', purposes: ['RECORD_EXCHANGE'] },
    { payload: { iat, exp: iat + 600 } },
  );
  const [{ id } = { id: '' }] = await conflictsOf('NATIONAL_CENTRE', { subject: disputedEntity });
  const input = { idempotencyKey: randomUUID(), id, reason: '核实' };
  const far = await graph.query('PROVINCIAL_PLATFORM', CLOSE, { input }, { token });
  expect(far.body.data?.['closeFactConflict']).toMatchObject({ code: 'NOT_FOUND' });
  const listed = await graph.query('PROVINCIAL_PLATFORM', LIST, { filter: {} }, { token });
  expect(listed.body.data).toEqual({ factConflicts: { totalCount: { value: 0 }, nodes: [] } });
});

test('who looked at the sides is in the access log; who saw the mark of what is public is not', async () => {
  accessLog.length = 0;
  await readEntity();
  expect(accessLog).toEqual([]);
  await conflictsOf('SECTOR_REGULATOR', { subject: disputedEntity });
  expect(
    accessLog.flatMap(({ viewer, reads }) => reads.map((each) => [viewer.role, each.uscc, each.dataClass])),
  ).toContainEqual(['SECTOR_REGULATOR', disputedEntity, 'HISTORY']);
});

describe('R11: the same penalty with another fine', () => {
  const decided = (more: Cells): Cells => penalty({ CF_JDRQ: '2026/07/01', CF_NR: '见决定书', ...more });
  const ACTS = `query ($uscc: USCC!) {
    creditFile(uscc: $uscc) {
      administrativeActs(first: 100) {
        nodes { id documentNo version factConflict { state } ... on AdministrativePenalty { fine } }
      }
    }
  }`;
  const actOf = async ({ CF_WSH }: Cells) => {
    const { body, text } = await graph.query('PUBLIC', ACTS, { uscc: subject });
    const answer = body.data?.['creditFile'] as
      { administrativeActs: { nodes: { id: string; documentNo: string }[] } } | undefined;
    if (!answer) throw new Error(text);
    return answer.administrativeActs.nodes.find(({ documentNo }) => documentNo === CF_WSH);
  };

  test('both are kept; the conflict ends when one corrects its own, by the last word of each', async () => {
    const row = decided({ CF_NR_FK: '20' });
    const theirs = { ...row, CF_NR_FK: '30', CF_SJLYDM: other };
    expect(await file('penalty', row)).toEqual([['ADDED', []]]);
    expect(await file('penalty', theirs)).toEqual([['PENDING', ['CONTRADICTION']]]);
    expect(await actOf(row)).toMatchObject({ version: 3, factConflict: { state: 'OPEN' } });
    // The other side changes its mind, and still contradicts; so does the first.
    expect(await file('penalty', { ...theirs, CF_NR_FK: '31' })).toEqual([['PENDING', ['CONTRADICTION']]]);
    expect(await file('penalty', { ...row, CF_NR_FK: '21' })).toEqual([['CORRECTED', []]]);
    const [conflict] = await conflictsOf('DETERMINING_UNIT', { unit: other, state: 'OPEN' });
    expect(conflict).toMatchObject({
      field: 'fineFen',
      record: { __typename: 'AdministrativePenalty' },
      sides: [{ source: { uscc: other } }, { source: { uscc: unit } }],
    });
    expect(await file('penalty', { ...row, CF_NR_FK: '31' })).toEqual([['CORRECTED', []]]);
    expect(await actOf(row)).toMatchObject({ factConflict: null });
    // The subject sees what is disputed about it.
    for (const role of ['DETERMINING_UNIT', 'SUBJECT'] as const)
      expect(await conflictsOf(role, { unit: other })).toEqual([
        expect.objectContaining({ state: 'CLOSED', closedBy: 'CORRECTION' }),
      ]);
  });

  test('it ends when the other side comes to agree, and when the determining unit withdraws', async () => {
    const [agreed, withdrawn] = [decided({ CF_NR_FK: '20' }), decided({ CF_NR_FK: '20' })];
    for (const row of [agreed, withdrawn]) {
      await file('penalty', row);
      expect(await file('penalty', { ...row, CF_NR_FK: '30', CF_SJLYDM: other })).toEqual([
        ['PENDING', ['CONTRADICTION']],
      ]);
    }
    expect(await file('penalty', { ...agreed, CF_SJLYDM: other })).toEqual([['UNCHANGED', []]]);
    expect(await actOf(agreed)).toMatchObject({ factConflict: null });

    const { id, version } = (await actOf(withdrawn)) as unknown as { id: string; version: number };
    const { body, text } = await graph.query(
      'DETERMINING_UNIT',
      `mutation ($input: WithdrawRecordInput!) { withdrawRecord(input: $input) { __typename } }`,
      {
        input: {
          idempotencyKey: randomUUID(),
          recordId: id,
          expectedVersion: version,
          documentNo: '撤〔2026〕1号',
          reason: '处罚决定被撤销',
          revokedOn: '2026-11-27',
        },
      },
    );
    expect([body.data, text]).toEqual([{ withdrawRecord: { __typename: 'RecordWithdrawn' } }, expect.anything()]);
    const conflicts = await conflictsOf('NATIONAL_CENTRE', { unit: other, state: 'CLOSED' });
    expect(conflicts.map(({ closedBy }) => closedBy).slice(0, 2)).toEqual(['AUTHORITY', 'CORRECTION']);
  });

  test('a unit that is not registered contradicts nobody, and one that adds nothing else is no side', async () => {
    const row = decided({ CF_NR_FK: '20' });
    await file('penalty', row);
    const [[outcome, codes] = ['', []]] = await file('penalty', { ...row, CF_NR_FK: '30', CF_SJLYDM: unregistered });
    expect([outcome, codes]).toEqual(['REJECTED', ['UNIT_NOT_REGISTERED']]);
    expect(await file('penalty', { ...row, CF_SJLYDM: other, CF_CFJG: '示例 交通运输厅' })).toEqual([
      ['CORRECTED', []],
    ]);
    expect(await actOf(row)).toMatchObject({ factConflict: null });
  });
});

describe('R11: a listing and its removal', () => {
  const FILE_OF = `query ($uscc: USCC!) {
    creditFile(uscc: $uscc) {
      hasActiveSeriousListing
      nameListEntries(first: 100) { nodes { documentNo state factConflict { state } } }
    }
  }`;
  const uscc = composeUscc('91330106', 'MA7C0003');
  const read = async () => {
    const { body, text } = await graph.query('PUBLIC', FILE_OF, { uscc });
    if (!body.data) throw new Error(text);
    return [body.data['creditFile'], disputedIn(body.extensions)];
  };

  test('makes the verdict unknown, whitewashes nobody, and is in the feed; its end too', async () => {
    await know(graph, uscc);
    const row = listEntry({ MD_XDR_SHXYM: uscc });
    expect(await file('name-list', row)).toEqual([['ADDED', []]]);
    const listed = { documentNo: row['MD_WSH'], state: 'LISTED' };
    expect(await read()).toEqual([
      { hasActiveSeriousListing: true, nameListEntries: { nodes: [{ ...listed, factConflict: null }] } },
      undefined,
    ]);
    const removal = { ...row, MD_LYDWDM: other, MD_YCRQ: '2026/11/01', MD_YCSY: '期满' };
    expect(await file('name-list', removal)).toEqual([['PENDING', ['CONTRADICTION']]]);
    expect(await read()).toEqual([
      {
        hasActiveSeriousListing: null,
        nameListEntries: { nodes: [{ ...listed, factConflict: { state: 'OPEN' } }] },
      },
      [{ conflict: expect.any(String), subject: uscc }],
    ]);
    const [{ id } = { id: '' }] = await conflictsOf('NATIONAL_CENTRE', { subject: uscc });
    await close('NATIONAL_CENTRE', id);
    expect((await read())[0]).toMatchObject({ hasActiveSeriousListing: true });
    const { body } = await graph.query(
      'PUBLIC',
      `query { nameListChanges(filter: { types: ["SAMR_SERIOUS"] }, first: 100) {
        events { ... on NameListChange { kind version subject { uscc } entry { factConflict { state } state } } }
      } }`,
    );
    const { events } = (body.data as { nameListChanges: { events: { subject: { uscc: string } }[] } }).nameListChanges;
    expect(events.filter((event) => event.subject.uscc === uscc)).toEqual([
      { kind: 'ADDED', version: 1, subject: { uscc }, entry: { factConflict: null, state: 'LISTED' } },
      {
        kind: 'CORRECTED',
        version: 3,
        subject: { uscc },
        entry: { factConflict: { state: 'CLOSED' }, state: 'LISTED' },
      },
      { kind: 'CORRECTED', version: 4, subject: { uscc }, entry: { factConflict: null, state: 'LISTED' } },
    ]);
  });

  test('a conflict about something else leaves the verdict as it is', async () => {
    const company = composeUscc('91330106', 'MA7C0004');
    await know(graph, company);
    const row = listEntry({ MD_XDR_SHXYM: company });
    await file('name-list', row, { ...row, MD_WSH: `${row['MD_WSH']}甲` });
    expect(await file('name-list', { ...row, MD_LYDWDM: other, MD_LRSY: '拒不改正' })).toEqual([
      ['PENDING', ['CONTRADICTION']],
    ]);
    const { body } = await graph.query('PUBLIC', FILE_OF, { uscc: company });
    expect(body.data?.['creditFile']).toMatchObject({ hasActiveSeriousListing: true });
  });
});

test('R11: over HTTP a conflict opens and is closed as in one process', async () => {
  await using far = await start(true);
  const row = penalty({ CF_JDRQ: '2026/07/01', CF_NR: '见决定书', CF_NR_FK: '20' });
  expect(await fileTo(far, 'penalty', row, { ...row, CF_NR_FK: '30', CF_SJLYDM: other })).toEqual([
    ['REJECTED', ['DUPLICATE']],
    ['ADDED', []],
  ]);
  expect(await fileTo(far, 'penalty', row)).toEqual([['PENDING', ['CONTRADICTION']]]);
  const listed = await far.query('NATIONAL_CENTRE', LIST, { filter: { state: 'OPEN' } });
  const { nodes } = (listed.body.data as { factConflicts: { nodes: Conflict[] } }).factConflicts;
  const [conflict] = nodes;
  const closed = await far.query('NATIONAL_CENTRE', CLOSE, {
    input: { idempotencyKey: randomUUID(), id: conflict?.id, reason: '核实' },
  });
  expect([nodes.length, closed.body.data]).toEqual([
    1,
    {
      closeFactConflict: {
        __typename: 'FactConflictClosed',
        conflict: { state: 'CLOSED', closedBy: 'DECISION', reason: '核实' },
      },
    },
  ]);
});
