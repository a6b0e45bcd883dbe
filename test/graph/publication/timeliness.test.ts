import { type Role, roles } from '#policy/roles.ts';
import { syntheticUnit } from '#standards/demoOrganisations.ts';
import { composeUscc } from '#standards/uscc.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, know, lines, register } from '#test/support/registered.ts';
import { licence, penalty, reward, subject, unit } from './rows.ts';

// What a unit still owes of publication, and how it did in a month: figures that are the sum of the acts behind them.

const guangdong = syntheticUnit('44', 'TRANSPORT').uscc;
const decidedBy = (code: string): Cells => ({ XK_XKJGDM: code, XK_LYDWDM: code });

// At noon in Shanghai; by 2026-11-25 the notice of holidays of 2027 was not there.
let today = '2026-11-25';
const now = (): Date => new Date(`${today}T04:00:00.000Z`);

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ now });
  await know(graph, subject);
  for (const code of [unit, guangdong]) await register(graph, 'disclosure', code, ['licence', 'penalty', 'reward']);
});
afterAll(() => graph[Symbol.asyncDispose]());

type Json = Record<string, unknown>;

const file = async (kind: string, ...rows: Cells[]): Promise<void> => {
  const { added } = await graph.file(kind, lines(rows), { format: 'NDJSON' });
  if (added !== rows.length) throw new Error(`${rows.length} rows, ${String(added)} added`);
};

const FIGURES = 'decided onTime late notYet noDuty provisional';
const REPORT = `query ($unit: USCC!, $month: String!) {
  timelinessReport(unit: $unit, month: $month) {
    unit month total { ${FIGURES} } mandatory { ${FIGURES} } promoted { ${FIGURES} } ruleSets { id }
  }
}`;
const figures = (decided: number, onTime: number, late: number, notYet: number, noDuty = 0, provisional = 0): Json => ({
  decided,
  onTime,
  late,
  notYet,
  noDuty,
  provisional,
});

interface Acts {
  nodes: { documentNo: string; publication: { onTime: boolean | null } }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: { value: number; exact: boolean };
}

const report = async (month: string, of = unit, role: Role = 'AUDITOR'): Promise<unknown> => {
  const { body } = await graph.query(role, REPORT, { unit: of, month });
  return body.errors
    ? body.errors.map(({ extensions }) => extensions['reason'] ?? extensions['code'])
    : body.data?.['timelinessReport'];
};

/** All acts behind a figure, in pages of two. */
async function behind(month: string, which: Json, role: Role = 'AUDITOR', of = unit): Promise<Acts['nodes']> {
  const found: Acts['nodes'] = [];
  for (let after: string | null = null; ;) {
    const { body } = await graph.query(
      role,
      `query (
        $unit: USCC!, $month: String!, $outcome: PublicationOutcome, $duty: PublicationDuty,
        $provisional: Boolean, $after: Cursor
      ) {
        timelinessReport(unit: $unit, month: $month) {
          acts(outcome: $outcome, duty: $duty, provisional: $provisional, first: 2, after: $after) {
            nodes { documentNo publication { onTime } } pageInfo { hasNextPage endCursor }
            totalCount { value exact }
          }
        }
      }`,
      { unit: of, month, after, ...which },
    );
    const acts = (body.data?.['timelinessReport'] as { acts: Acts } | null | undefined)?.acts;
    if (!acts || body.errors) throw new Error(JSON.stringify(body));
    found.push(...acts.nodes);
    if (!acts.pageInfo.hasNextPage) {
      expect(acts.totalCount).toEqual({ value: found.length, exact: true });
      return found;
    }
    after = acts.pageInfo.endCursor;
  }
}

const owed = async (state: string, role: Role = 'AUDITOR', of = unit): Promise<unknown> => {
  const { body } = await graph.query(
    role,
    `query ($unit: USCC!, $state: PublicationDutyState!) {
      publicationDuties(unit: $unit, state: $state, first: 100) {
        nodes { documentNo publication { dueOn } } totalCount { value exact }
      }
    }`,
    { unit: of, state },
  );
  if (body.errors) return body.errors.map(({ extensions }) => extensions['code']);
  const { nodes, totalCount } = (body.data ?? {})['publicationDuties'] as {
    nodes: { documentNo: string; publication: { dueOn: string } }[];
    totalCount: Json;
  };
  expect(totalCount).toEqual({ value: nodes.length, exact: true });
  return nodes.map(({ documentNo, publication }) => [documentNo, publication.dueOn]);
};

const number = (row: Cells): string => row['XK_WSH'] ?? row['CF_WSH'] ?? row['JL_WSH'] ?? '';

test('the figures of a month are the acts behind them, and their sum is what was decided', async () => {
  const onTime = [
    licence({ XK_GSRQ: '2026/09/29' }),
    penalty({ CF_GSRQ: '2026/09/18', CF_GSJZQ: '2027/01/01' }),
    reward({ JL_GSRQ: '2026/09/20' }),
  ];
  // The second came here after its day.
  const late = [licence({ XK_GSRQ: '2026/09/30' }), licence(), reward({ JL_GSRQ: '2026/10/20' })];
  const notYet = [licence({ XK_SYFW: '政务共享' })];
  const others = [
    licence({ XK_JDRQ: '2026/08/31', XK_GSRQ: '2026/09/01' }),
    licence({ XK_JDRQ: '2026/10/01', XK_GSRQ: '2026/10/08' }),
    licence({ ...decidedBy(guangdong), XK_GSRQ: '2026/09/18' }),
  ];
  await file('licence', ...[...onTime, ...late, ...notYet, ...others].filter((row) => 'XK_WSH' in row));
  await file('penalty', ...onTime.filter((row) => 'CF_WSH' in row));
  await file('reward', ...[...onTime, ...late].filter((row) => 'JL_WSH' in row));
  expect(await report('2026-09')).toEqual({
    unit,
    month: '2026-09',
    total: figures(7, 3, 3, 1),
    mandatory: figures(5, 2, 2, 1),
    promoted: figures(2, 1, 1, 0),
    ruleSets: [{ id: 'NDRC-424' }, { id: 'STATE-COUNCIL-35' }],
  });

  const numbersOf = async (which: Json): Promise<string[]> =>
    (await behind('2026-09', which)).map(({ documentNo }) => documentNo).toSorted();
  const all = [...onTime, ...late, ...notYet];
  expect(await numbersOf({})).toEqual(all.map(number).toSorted());
  expect(await numbersOf({ outcome: 'ON_TIME' })).toEqual(onTime.map(number).toSorted());
  expect(await numbersOf({ outcome: 'LATE' })).toEqual(late.map(number).toSorted());
  expect(await numbersOf({ outcome: 'NOT_YET' })).toEqual(notYet.map(number).toSorted());
  expect(await numbersOf({ duty: 'PROMOTED', outcome: 'LATE' })).toEqual(
    late.filter((row) => 'JL_WSH' in row).map(number),
  );
  expect(await numbersOf({ provisional: true })).toEqual([]);
  // What an act says of itself is what it was counted as.
  expect(
    new Set((await behind('2026-09', { outcome: 'ON_TIME' })).map(({ publication }) => publication.onTime)),
  ).toEqual(new Set([true]));
  expect(new Set((await behind('2026-09', { outcome: 'LATE' })).map(({ publication }) => publication.onTime))).toEqual(
    new Set([false]),
  );
});

test('acts before the duty owe nothing, and what a coming notice may move is provisional', async () => {
  await file(
    'licence',
    licence({ XK_JDRQ: '2018/07/24', XK_GSRQ: '2018/07/25' }),
    licence({ XK_JDRQ: '2018/07/25', XK_GSRQ: '2018/08/03' }),
  );
  expect(await report('2018-07')).toMatchObject({ total: figures(2, 1, 0, 0, 1), ruleSets: [{ id: 'NDRC-424' }] });
  today = '2026-12-30';
  const [settled, open] = [
    licence({ XK_JDRQ: '2026/12/08', XK_GSRQ: '2026/12/08' }),
    licence({ XK_JDRQ: '2026/12/24', XK_GSRQ: '2026/12/28' }),
  ];
  await file('licence', settled, open);
  expect(await report('2026-12')).toMatchObject({ total: figures(2, 2, 0, 0, 0, 1) });
  expect([
    (await behind('2026-12', { provisional: true })).map(({ documentNo }) => documentNo),
    (await behind('2026-12', { provisional: false })).map(({ documentNo }) => documentNo),
  ]).toEqual([[number(open)], [number(settled)]]);
  today = '2026-11-25';
});

test('an act is counted by what was first reported of it, a withdrawn one not at all', async () => {
  const [first, second] = [
    licence({ XK_JDRQ: '2026/05/06', XK_GSRQ: '2026/07/01' }),
    licence({ XK_JDRQ: '2026/05/06', XK_GSRQ: '2026/05/07' }),
  ];
  await file('licence', first, second);
  expect(await report('2026-05')).toMatchObject({ total: figures(2, 1, 1, 0) });
  await graph.file('licence', lines([{ ...first, XK_GSRQ: '2026/05/08' }]), { format: 'NDJSON' });
  expect(await report('2026-05')).toMatchObject({ total: figures(2, 1, 1, 0) });
  const { body } = await graph.query(
    'DETERMINING_UNIT',
    `query ($unit: USCC!) {
      timelinessReport(unit: $unit, month: "2026-05") { acts(first: 2) { nodes { id version documentNo } } }
    }`,
    { unit },
  );
  const { acts } = (body.data ?? {})['timelinessReport'] as {
    acts: { nodes: { id: string; version: number; documentNo: string }[] };
  };
  const { id, version } = acts.nodes.find(({ documentNo }) => documentNo === number(first)) ??
    acts.nodes[0] ?? { id: '', version: 0 };
  const done = await graph.query(
    'DETERMINING_UNIT',
    `mutation ($input: WithdrawRecordInput!) {
      withdrawRecord(input: $input) { __typename ... on DomainError { code message } }
    }`,
    {
      input: {
        idempotencyKey: 'counted',
        recordId: id,
        expectedVersion: version,
        reason: '决定被撤销',
        documentNo: '示撤〔2026〕1号',
        revokedOn: '2026-11-25',
      },
    },
  );
  expect(done.body.data).toEqual({ withdrawRecord: { __typename: 'RecordWithdrawn' } });
  expect(await report('2026-05')).toMatchObject({ total: figures(1, 1, 0, 0) });
  expect((await behind('2026-05', {})).map(({ documentNo }) => documentNo)).toEqual([number(second)]);
});

test('what is owed is listed longest due first: about to be due on the last day, then overdue', async () => {
  // Friday 2026-09-18 is due on 2026-09-29, the Thursday before on 2026-09-28.
  const code = composeUscc('11330100', 'MB9EEE51');
  await register(graph, 'disclosure', code, ['licence', 'penalty', 'reward']);
  const ours = { ...decidedBy(code), XK_XKJG: '示例住房和城乡建设厅' };
  const [friday, thursday, reported, unpublished, old] = [
    licence(ours),
    licence({ ...ours, XK_JDRQ: '2026/09/17' }),
    licence({ ...ours, XK_GSRQ: '2026/09/18' }),
    licence({ ...ours, XK_SYFW: '政务共享' }),
    licence({ ...ours, XK_JDRQ: '2018/07/24' }),
  ];
  const praised = reward({ JL_JDJGDM: code, JL_LYDWDM: code });
  const ended = penalty({ CF_CFLB: '警告', CF_JDRQ: '2026/04/01', CF_CFJGDM: code, CF_SJLYDM: code });
  await file('licence', friday, thursday, reported, unpublished, old);
  await file('reward', praised);
  await file('penalty', ended);
  const both = [
    [number(friday), '2026-09-29'],
    [number(praised), '2026-09-29'],
  ];
  const ofFriday = async (state: string): Promise<unknown> => {
    const [first, ...rest] = (await owed(state, 'AUDITOR', code)) as string[][];
    return [first, ...rest.toSorted()];
  };
  today = '2026-09-21'; // three working days on it is the 24th, the day before a holiday
  expect([await owed('DUE_SOON', 'AUDITOR', code), await owed('OVERDUE', 'AUDITOR', code)]).toEqual([[], []]);
  today = '2026-09-22';
  expect([await owed('DUE_SOON', 'AUDITOR', code), await owed('OVERDUE', 'AUDITOR', code)]).toEqual([
    [[number(thursday), '2026-09-28']],
    [],
  ]);
  today = '2026-09-29';
  expect([
    ((await owed('DUE_SOON', 'AUDITOR', code)) as string[][]).toSorted(),
    await owed('OVERDUE', 'AUDITOR', code),
  ]).toEqual([both.toSorted(), [[number(thursday), '2026-09-28']]]);
  today = '2026-09-30';
  expect([await owed('DUE_SOON', 'AUDITOR', code), await ofFriday('OVERDUE')]).toEqual([
    [],
    [[number(thursday), '2026-09-28'], ...both.toSorted()],
  ]);
  today = '2026-11-25';
  expect(await ofFriday('OVERDUE')).toEqual([[number(thursday), '2026-09-28'], ...both.toSorted()]);
  // Reported, it is owed no longer.
  await graph.file('licence', lines([{ ...thursday, XK_GSRQ: '2026/11/20' }]), { format: 'NDJSON' });
  expect(((await owed('OVERDUE', 'AUDITOR', code)) as string[][]).toSorted()).toEqual(both.toSorted());
});

test('the unit, its province and those who see all read a report and what is owed; nobody else does', async () => {
  const answered = async (query: string, of: string): Promise<Role[]> => {
    const answers = await Promise.all(
      roles.map(async (role) => [role, (await graph.query(role, query, { unit: of })).body] as const),
    );
    for (const [, { data, errors }] of answers)
      if (errors)
        expect([Object.values(data ?? {}), errors.map(({ extensions }) => extensions['code'])]).toEqual([
          [null],
          ['UNAUTHORIZED_FIELD_OR_TYPE'],
        ]);
    return answers.flatMap(([role, { errors }]) => (errors ? [] : [role]));
  };
  for (const query of [
    'query ($unit: USCC!) { timelinessReport(unit: $unit, month: "2026-09") { month } }',
    'query ($unit: USCC!) { publicationDuties(unit: $unit, state: OVERDUE, first: 1) { pageInfo { hasNextPage } } }',
  ]) {
    expect(await answered(query, unit)).toEqual([
      'PROVINCIAL_PLATFORM',
      'DETERMINING_UNIT',
      'ASSESSOR',
      'AUDITOR',
      'NATIONAL_CENTRE',
    ]);
    expect(await answered(query, guangdong)).toEqual(['ASSESSOR', 'AUDITOR', 'NATIONAL_CENTRE']);
  }
});

test('an assessor counts all acts, and sees of those behind a figure what is published', async () => {
  await file(
    'licence',
    licence({ XK_JDRQ: '2026/06/10', XK_GSRQ: '2026/06/11' }),
    licence({ XK_JDRQ: '2026/06/10', XK_SYFW: '内部' }),
  );
  expect(await report('2026-06', unit, 'ASSESSOR')).toMatchObject({ total: figures(2, 1, 0, 1) });
  expect((await behind('2026-06', {}, 'ASSESSOR')).length).toBe(1);
  expect((await behind('2026-06', {}, 'DETERMINING_UNIT')).length).toBe(2);
});

test('what is no month is refused, and a cursor is good for the figure that gave it alone', async () => {
  expect(await Promise.all(['2026-13', '2026-9', '0999-01', 'September'].map((month) => report(month)))).toEqual([
    ['MONTH'],
    ['MONTH'],
    ['MONTH'],
    ['MONTH'],
  ]);
  const ask = (which: string): string =>
    `query ($unit: USCC!, $after: Cursor) {
      timelinessReport(unit: $unit, month: "2026-09") {
        acts(${which} first: 1, after: $after) { nodes { documentNo } pageInfo { endCursor } }
      }
    }`;
  const { body } = await graph.query('AUDITOR', ask('outcome: LATE,'), { unit });
  const { acts } = (body.data ?? {})['timelinessReport'] as { acts: Acts };
  expect((await graph.query('AUDITOR', ask(''), { unit, after: acts.pageInfo.endCursor })).body.errors).toMatchObject([
    { extensions: { code: 'BAD_CURSOR' } },
  ]);
});
