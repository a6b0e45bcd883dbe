import { randomUUID } from 'node:crypto';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, know, lines, register } from '#test/support/registered.ts';
import { fieldOf, penalty, UNIT } from './rows.ts';

// A filing that replaces all that a unit has filed before. The tests of a graph follow each other: each begins with the
// records that the one before has left.

/** The unit that replaces what it has filed. */
const own = composeUscc('11330000', 'MB1EEE36');

const CREATE = `mutation ($input: CreateFilingInput!) {
  createFiling(input: $input) {
    __typename ... on FilingCreated { filing { id mode } } ... on DomainError { code path }
  }
}`;

const COMPLETE = `mutation ($input: CompleteFilingInput!) {
  completeFiling(input: $input) {
    ... on FilingCompleted {
      filing { status replacement { standing missing ended } receipt { rows rejected } }
    }
    ... on DomainError { code }
  }
}`;

const CONFIRM = `mutation ($input: ConfirmFilingInput!) {
  confirmFiling(input: $input) {
    __typename
    ... on FilingConfirmed { filing { status replacement { standing missing ended } } }
    ... on DomainError { code }
  }
}`;

const subjects = Array.from({ length: 20 }, (_, n) => composeUscc('91330106', `MA3EE7${String(n).padStart(2, '0')}`));

const row = (uscc: string, more: Cells = {}) => penalty(uscc, '700', { CF_CFJGDM: own, CF_SJLYDM: own, ...more });

/** What stands once a replacement has ended half of it: the rows of `kept` and `rest`, 11 in all. */
const kept = subjects.slice(10, 15).map((uscc) => row(uscc));
const rest = [...subjects.slice(15).map((uscc) => row(uscc)), row(subjects[0] ?? '', { CF_WSH: '浙测〔2026〕701号' })];

/** A graph, and what a unit does in it. */
function replacingIn(there: TestGraph) {
  const tokenOf = (actor?: string): string =>
    there.issuer.token({
      role: 'DETERMINING_UNIT',
      organisation: own,
      purposes: ['SUPERVISION'],
      ...(actor === undefined ? null : { actor }),
    });

  const ask = (query: string, input: Record<string, unknown>, actor?: string) =>
    there.query('DETERMINING_UNIT', query, { input }, { token: tokenOf(actor) });

  /** Files the rows as all that the unit has. */
  const replace = async (rows: readonly Cells[]) => {
    const created = await ask(
      CREATE,
      { idempotencyKey: randomUUID(), kind: 'penalty', format: 'NDJSON', partsExpected: 1, mode: 'REPLACE' },
      '1',
    );
    const { id } = fieldOf<{ filing: { id: string } }>(created, 'createFiling').filing;
    const part = await fetch(`${there.url}/filings/${id}/parts/1`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${tokenOf('1')}`, 'content-type': 'application/x-ndjson' },
      body: lines(rows),
    });
    expect(part.status).toBe(200);
    const completed = await ask(COMPLETE, { idempotencyKey: id, id }, '1');
    return { id, filing: fieldOf<{ filing: unknown }>(completed, 'completeFiling').filing };
  };

  /** How many records of the subjects are published. */
  const published = async (): Promise<number> => {
    const answer = await there.query(
      'NATIONAL_CENTRE',
      `query ($codes: [String!]!) {
        creditFiles(codes: $codes) {
          file { administrativeActs(kinds: [PENALTY], first: 1) { totalCount { value } } }
        }
      }`,
      { codes: subjects },
    );
    return fieldOf<{ file: { administrativeActs: { totalCount: { value: number } } } | null }[]>(
      answer,
      'creditFiles',
    ).reduce((sum, { file }) => sum + (file?.administrativeActs.totalCount.value ?? 0), 0);
  };

  const fileAgain = (rows: readonly Cells[]) => there.file('penalty', lines(rows), { format: 'NDJSON' });

  /** Rows that were filed again while a replacement waits. */
  const noted = () => there.sql('select filing_id, count(*)::int as rows from disclosure.filed_row group by filing_id');

  const decide = async (id: string, apply: boolean) =>
    fieldOf<{ filing: unknown }>(await ask(CONFIRM, { idempotencyKey: randomUUID(), id, apply }, '2'), 'confirmFiling')
      .filing;

  /** A replacement by `kept` alone, which waits for a second person. */
  const wait = async (): Promise<string> => {
    const { id, filing } = await replace(kept);
    expect(filing).toEqual({
      status: 'QUARANTINED',
      replacement: { standing: 11, missing: 6, ended: 0 },
      receipt: { rows: 5, rejected: 0 },
    });
    return id;
  };

  /** How many records of the unit stand. */
  const currentRecords = async () =>
    (
      await there.sql(
        `select count(*)::int as records
          from disclosure.act
          where source_unit = $1 and superseded_at = 'infinity' and withdrawn_on is null`,
        [own],
      )
    )[0]?.['records'];

  /** Until so many sessions of the database wait for a lock. */
  const waiting = async (sessions: number): Promise<void> => {
    for (;;) {
      const [found] = await there.sql(`
        select count(distinct pid)::int as sessions
        from pg_locks
        where not granted
          and pid in (select pid from pg_locks where database = (select oid from pg_database
            where datname = current_database()))`);
      if (Number(found?.['sessions']) >= sessions) return;
    }
  };
  return { there, ask, replace, published, fileAgain, noted, decide, wait, currentRecords, waiting };
}

const modes = { 'in one process': { remote: false }, 'with subgraphs over HTTP': { remote: true } } as const;
type Mode = keyof typeof modes;
const MODES = Object.keys(modes) as Mode[];
const graphs = new Map<Mode, ReturnType<typeof replacingIn>>();
/** Started before the first test. */
const replacing = (mode: Mode) => graphs.get(mode) as ReturnType<typeof replacingIn>;

beforeAll(async () => {
  for (const mode of MODES) graphs.set(mode, replacingIn(await startReplacing(modes[mode])));
}, 120_000);
afterAll(async () => {
  for (const { there } of graphs.values()) await there[Symbol.asyncDispose]();
});

async function startReplacing({ remote }: { readonly remote: boolean }): Promise<TestGraph> {
  const there = await startGraph({ remote });
  for (const uscc of subjects) await know(there, uscc);
  await register(there, 'disclosure', own, ['penalty']);
  await there.query('OPERATOR', 'mutation ($input: GrantRoleInput!) { grantRole(input: $input) { __typename } }', {
    input: { idempotencyKey: randomUUID(), organisation: own, role: 'DETERMINING_UNIT' },
  });
  return there;
}

describe.each(MODES)('a full replacement, %s,', (mode) => {
  test('ends what is missing where that is plausible, and brings back what is filed again', async () => {
    const { there, replace, published } = replacing(mode);
    expect(await replace(subjects.map((uscc) => row(uscc)))).toMatchObject({
      filing: {
        status: 'COMPLETED',
        replacement: { standing: 0, missing: 0, ended: 0 },
        receipt: { rows: 20, rejected: 0 },
      },
    });
    expect(await published()).toBe(20);
    expect(await replace(subjects.slice(1).map((uscc) => row(uscc)))).toMatchObject({
      filing: { status: 'COMPLETED', replacement: { standing: 20, missing: 1, ended: 1 } },
    });
    expect(await published()).toBe(19);
    expect(await replace(subjects.map((uscc) => row(uscc)))).toMatchObject({
      filing: { status: 'COMPLETED', replacement: { standing: 19, missing: 0, ended: 0 } },
    });
    expect(await published()).toBe(20);
    expect(
      await there.sql(
        'select version, withdrawn_on, withdrawal_reason from disclosure.act where uscc = $1 order by version',
        [subjects[0]],
      ),
    ).toEqual([1, 2, 3].map((version) => ({ version, withdrawn_on: null, withdrawal_reason: null })));
  });

  test('that would end an implausible share waits for a second person, and nothing ends before', async () => {
    const { there, ask, replace, published } = replacing(mode);
    const { id, filing } = await replace(subjects.slice(10).map((uscc) => row(uscc)));
    expect(filing).toEqual({
      status: 'QUARANTINED',
      replacement: { standing: 20, missing: 10, ended: 0 },
      receipt: { rows: 10, rejected: 0 },
    });
    expect(await published()).toBe(20);
    const decide = async (actor: string | undefined, idempotencyKey: string = randomUUID()) =>
      (await ask(CONFIRM, { idempotencyKey, id, apply: true }, actor)).body.data;
    const refused = { confirmFiling: { __typename: 'InvalidInput', code: 'SECOND_PERSON' } };
    expect([await decide('1'), await decide(undefined)]).toEqual([refused, refused]);
    // Completed again, it waits as before; what its unit files in the meantime is not what the filing lacks.
    expect((await ask(COMPLETE, { idempotencyKey: randomUUID(), id }, '1')).body.data).toEqual({
      completeFiling: { filing },
    });
    await there.file('penalty', lines([row(subjects[0] ?? '', { CF_WSH: '浙测〔2026〕701号' })]), { format: 'NDJSON' });
    expect(await published()).toBe(21);
    // Another organisation does not even learn that there is such a filing.
    expect(
      (await there.query('DETERMINING_UNIT', CONFIRM, { input: { idempotencyKey: randomUUID(), id, apply: true } }))
        .body.data,
    ).toEqual({ confirmFiling: { __typename: 'InvalidInput', code: 'NOT_FOUND' } });
    const confirmed = {
      confirmFiling: {
        __typename: 'FilingConfirmed',
        filing: { status: 'COMPLETED', replacement: { standing: 20, missing: 10, ended: 10 } },
      },
    };
    const key = randomUUID();
    expect([await decide('2', key), await decide('2', key)]).toEqual([confirmed, confirmed]);
    expect(await decide('2')).toEqual({ confirmFiling: { __typename: 'InvalidInput', code: 'NOT_QUARANTINED' } });
    expect(await published()).toBe(11);
  });

  test('with a refused row waits too, and can be discarded', async () => {
    const { ask, replace, published } = replacing(mode);
    const { id, filing } = await replace([
      ...subjects.slice(10).map((uscc) => row(uscc)),
      row(subjects[0] ?? '', { CF_SJLYDM: UNIT }),
    ]);
    expect(filing).toMatchObject({ status: 'QUARANTINED', receipt: { rows: 11, rejected: 1 } });
    expect((await ask(CONFIRM, { idempotencyKey: randomUUID(), id, apply: false }, '2')).body.data).toMatchObject({
      confirmFiling: { filing: { status: 'CANCELLED', replacement: { missing: 1, ended: 0 } } },
    });
    expect(await published()).toBe(11);
  });
});

describe.each(MODES)('a full replacement that waits, %s,', (mode) => {
  test('what its unit files again is not missing, also unchanged; notes end with the replacement', async () => {
    const { there, fileAgain, noted, decide, wait } = replacing(mode);
    const id = await wait();
    expect(await fileAgain(rest.slice(0, 2))).toMatchObject({ unchanged: 2 });
    // What another unit files is not its concern.
    await there.file('penalty', lines([row(composeUscc('91330106', 'MA3EE8F0'), { CF_SJLYDM: UNIT })]), {
      format: 'NDJSON',
    });
    expect(await noted()).toEqual([{ filing_id: id, rows: 7 }]);
    expect(await decide(id, true)).toEqual({
      status: 'COMPLETED',
      replacement: { standing: 11, missing: 6, ended: 4 },
    });
    expect(await noted()).toEqual([]);
    expect(await fileAgain(rest)).toMatchObject({ unchanged: 2, corrected: 4 });
    expect(await noted()).toEqual([]);
  });

  test('what was noted is forgotten when it is discarded, and nothing has ended', async () => {
    const { fileAgain, noted, decide, wait } = replacing(mode);
    const id = await wait();
    expect(await fileAgain(rest.slice(0, 1))).toMatchObject({ unchanged: 1 });
    expect(await decide(id, false)).toEqual({
      status: 'CANCELLED',
      replacement: { standing: 11, missing: 6, ended: 0 },
    });
    expect(await noted()).toEqual([]);
    expect(await fileAgain(rest)).toMatchObject({ unchanged: 6 });
    expect(await noted()).toEqual([]);
  });

  test.each([
    ['before', { unchanged: 6 }, 0],
    ['after', { corrected: 6 }, 6],
  ])(
    'filed again at the same time as it is confirmed, and recorded %s that, a record stands',
    async (order, receipt, ended) => {
      const { there, fileAgain, noted, decide, wait, currentRecords, waiting } = replacing(mode);
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
      expect(await Promise.all(answers)).toEqual([
        expect.objectContaining(receipt),
        { status: 'COMPLETED', replacement: { standing: 11, missing: 6, ended } },
      ]);
      expect(await currentRecords()).toBe(11);
      expect(await noted()).toEqual([]);
    },
  );
});

describe.each(MODES)('a full replacement and who decides on it, %s,', (mode) => {
  test('may be decided on by the centre, which is not asked about other filings', async () => {
    const { there, ask, replace, published } = replacing(mode);
    const { id, filing } = await replace([row(subjects[0] ?? '', { CF_WSH: '浙测〔2026〕702号' })]);
    expect(filing).toEqual({
      status: 'QUARANTINED',
      replacement: { standing: 11, missing: 11, ended: 0 },
      receipt: { rows: 1, rejected: 0 },
    });
    const centre = there.issuer.token({
      role: 'NATIONAL_CENTRE',
      organisation: organisationOf('NATIONAL_CENTRE').organisation,
      purposes: ['SUPERVISION'],
      actor: '9',
    });
    const confirmed = await there.query(
      'NATIONAL_CENTRE',
      CONFIRM,
      { input: { idempotencyKey: randomUUID(), id, apply: true } },
      { token: centre },
    );
    expect(confirmed.body.data).toEqual({
      confirmFiling: {
        __typename: 'FilingConfirmed',
        filing: { status: 'COMPLETED', replacement: { standing: 11, missing: 11, ended: 11 } },
      },
    });
    expect(await published()).toBe(1);
    const added = await ask(
      CREATE,
      { idempotencyKey: randomUUID(), kind: 'penalty', format: 'NDJSON', partsExpected: 1 },
      '1',
    );
    const other = fieldOf<{ filing: { id: string } }>(added, 'createFiling').filing.id;
    expect(
      (
        await there.query(
          'NATIONAL_CENTRE',
          CONFIRM,
          { input: { idempotencyKey: randomUUID(), id: other, apply: true } },
          { token: centre },
        )
      ).body.data,
    ).toEqual({ confirmFiling: { __typename: 'InvalidInput', code: 'NOT_FOUND' } });
  });

  test('needs to know who acts, and never replaces the register', async () => {
    const { ask } = replacing(mode);
    expect(
      (
        await ask(CREATE, {
          idempotencyKey: randomUUID(),
          kind: 'penalty',
          format: 'NDJSON',
          partsExpected: 1,
          mode: 'REPLACE',
        })
      ).body.data,
    ).toEqual({ createFiling: { __typename: 'InvalidInput', code: 'ACTOR', path: ['input', 'mode'] } });
    expect(
      (
        await ask(
          CREATE,
          { idempotencyKey: randomUUID(), kind: 'entity', format: 'NDJSON', partsExpected: 1, mode: 'REPLACE' },
          '1',
        )
      ).body.data,
    ).toEqual({ createFiling: { __typename: 'InvalidInput', code: 'MODE', path: ['input', 'mode'] } });
  });
});
