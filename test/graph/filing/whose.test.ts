import { randomUUID } from 'node:crypto';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';

// Whose records a filer may write, and which rows one person does not write alone (design §7), through the public API.

const REGULATOR = composeUscc('11110000', 'MB1EEE91');
const AUTHORITY = composeUscc('11330000', 'MB1EEE92');
const OTHER = composeUscc('11440000', 'MB1EEE93');
const FILE = `mutation ($input: FileRecordsInput!) { fileRecords(input: $input) { __typename
  ... on RecordsFiled {
    filing { receipt { rows added corrected unchanged pending rejected } }
    rows { row outcome recordId version proposalId problems { column code message } }
  }
  ... on DomainError { code message } } }`;
const DECIDE = `mutation ($input: DecideListingInput!) {
  decideListing(input: $input) {
    __typename
    ... on ListingDecided { proposal { state } entry { version state grounds } }
    ... on DomainError { code message }
  }
}`;
const ENTRIES = `query ($uscc: USCC!) {
  creditFile(uscc: $uscc) {
    nameListEntries(first: 10) {
      nodes { id version state grounds authority { uscc } provenance { sourceUnit { uscc } } }
    }
  }
}`;

interface FiledRows {
  readonly filing: { readonly receipt: Record<string, number> };
  readonly rows: readonly {
    readonly outcome: string;
    readonly recordId: string | null;
    readonly version: number | null;
    readonly proposalId: string | null;
    readonly problems: readonly { column: string; code: string; message: string }[];
  }[];
}

let graph: TestGraph;
let made = 0;
const newEntity = (): string => composeUscc('91330106', `MA4EE${String((made += 1)).padStart(3, '0')}`);
beforeAll(async () => {
  graph = await startGraph();
  for (const unit of [REGULATOR, AUTHORITY, OTHER]) await register(graph, 'namelist', unit, ['name-list']);
  await graph.sql(
    `insert into gateway.grant (id, organisation, role, province, sector, valid_from, granted_by)
     select gen_random_uuid(), organisation, role, province, sector, now() - interval '1 minute', 'test'
     from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as given(organisation, role, province, sector)`,
    [
      [REGULATOR, AUTHORITY, OTHER, OTHER],
      ['SECTOR_REGULATOR', 'DETERMINING_UNIT', 'DETERMINING_UNIT', 'PROVINCIAL_PLATFORM'],
      [null, null, null, '44'],
      ['F', null, null, null],
    ],
  );
});
afterAll(() => graph[Symbol.asyncDispose]());

const regulator = { role: 'SECTOR_REGULATOR', organisation: REGULATOR, actor: '1' } as const;
const authority = { role: 'DETERMINING_UNIT', organisation: AUTHORITY, actor: '1' } as const;
const centre = { role: 'NATIONAL_CENTRE', organisation: organisationOf('NATIONAL_CENTRE').organisation } as const;
type Who = {
  readonly role: 'SECTOR_REGULATOR' | 'DETERMINING_UNIT' | 'NATIONAL_CENTRE' | 'PROVINCIAL_PLATFORM';
  readonly organisation: string;
  readonly actor?: string;
};
const ask = async (who: Who, query: string, variables: Record<string, unknown>): Promise<Record<string, unknown>> => {
  const { body, text } = await graph.query(who.role, query, variables, {
    token: graph.issuer.token({ ...who, purposes: ['SUPERVISION'] }),
  });
  if (!body.data) throw new Error(text);
  return body.data;
};
const file = async (who: Who, ...rows: readonly Cells[]): Promise<FiledRows> =>
  (await ask(who, FILE, { input: { idempotencyKey: randomUUID(), kind: 'name-list', rows } }))[
    'fileRecords'
  ] as FiledRows;
const outcomes = ({ rows }: FiledRows): unknown[] =>
  rows.map(({ outcome, problems }) =>
    problems.length === 0 ? outcome : `${outcome} ${problems.map(({ code }) => code).join()}`,
  );
const entries = async (uscc: string): Promise<Record<string, unknown>[]> => {
  const { body } = await graph.query('NATIONAL_CENTRE', ENTRIES, { uscc });
  return (body.data as { creditFile: { nameListEntries: { nodes: Record<string, unknown>[] } } }).creditFile
    .nameListEntries.nodes;
};
const row = (uscc: string, unit: string, more: Cells = {}): Cells => ({
  MD_XDR_MC: '示例云帆零售有限公司',
  MD_XDR_SHXYM: uscc,
  MD_LX: 'SAMR_SERIOUS',
  MD_WSH: '示监〔2026〕9号',
  MD_LRRQ: daysFromNow(-20).replaceAll('-', '/'),
  MD_LRSY: '示例事由',
  MD_FLYJ: '示例依据',
  MD_RDJG: '示例机关',
  MD_RDJGDM: unit,
  MD_LYDW: '示例机关',
  MD_LYDWDM: unit,
  MD_XDR_HYDM: 'F5211',
  ...more,
});
/** Another list, which one person of its authority keeps. */
const abnormal = (uscc: string, unit: string, more: Cells = {}): Cells =>
  row(uscc, unit, { MD_LX: 'ABNORMAL_OPERATION', ...more });

describe('a filer corrects records of its own units alone, within its sector or province', () => {
  test('a regulator puts no words under the name of another unit, and adds no listing outside its sector', async () => {
    const [uscc, other] = [newEntity(), newEntity()];
    for (const each of [uscc, other]) await know(graph, each);
    expect(outcomes(await file(centre, row(uscc, AUTHORITY)))).toEqual(['ADDED']);
    const before = await entries(uscc);
    const received = await file(
      regulator,
      row(uscc, AUTHORITY, { MD_LRSY: '改写' }),
      row(uscc, AUTHORITY, { MD_LRSY: '改写', MD_LYDWDM: REGULATOR }),
      abnormal(other, REGULATOR, { MD_XDR_HYDM: 'C2710' }),
      abnormal(other, REGULATOR, { MD_XDR_HYDM: '' }),
      abnormal(other, REGULATOR),
    );
    expect(outcomes(received)).toEqual([
      'REJECTED NOT_YOURS',
      'REJECTED NOT_YOURS',
      'REJECTED NOT_YOURS',
      'REJECTED NOT_YOURS',
      'ADDED',
    ]);
    const [{ problems: [problem] = [] } = { problems: [] }] = received.rows;
    expect(problem?.message).toBe(
      `Your organisation may not file this record: it files and corrects its own records (${REGULATOR} ` +
        'as source unit and authority) about entities of sector F. The row names the source unit ' +
        `${AUTHORITY} and an industry of sector F, about ${uscc}.`,
    );
    expect(await entries(uscc)).toEqual(before);
    expect((await entries(other)).map(({ authority: of }) => of)).toEqual([{ uscc: REGULATOR }]);
  });

  test('another unit or another province may not, in a file or a batch; the unit and the centre may', async () => {
    const uscc = newEntity();
    await know(graph, uscc);
    expect(outcomes(await file(centre, abnormal(uscc, AUTHORITY)))).toEqual(['ADDED']);
    const changed = abnormal(uscc, AUTHORITY, { MD_LRSY: '改写' });
    expect(
      outcomes(
        await file(
          { role: 'DETERMINING_UNIT', organisation: OTHER },
          changed,
          { ...changed, MD_LYDWDM: OTHER },
          abnormal(uscc, OTHER, { MD_RDJGDM: AUTHORITY }),
        ),
      ),
    ).toEqual(['REJECTED NOT_YOURS', 'REJECTED NOT_YOURS', 'REJECTED NOT_YOURS']);
    expect(
      outcomes(
        await file({ role: 'PROVINCIAL_PLATFORM', organisation: OTHER }, changed, { ...changed, MD_LYDWDM: OTHER }),
      ),
    ).toEqual(['REJECTED NOT_YOURS', 'PENDING CONTRADICTION']);
    expect(
      await graph.file('name-list', lines([changed]), { role: 'SECTOR_REGULATOR', format: 'NDJSON' }),
    ).toMatchObject({ rejected: 1, corrected: 0, rejectedRows: [{ row: 1, problems: [{ code: 'NOT_YOURS' }] }] });
    // Stated again beside what the platform states in its own name.
    expect((await entries(uscc)).map(({ version, grounds }) => [version, grounds])).toEqual([[3, '示例事由']]);
    expect(outcomes(await file(authority, changed))).toEqual(['CORRECTED']);
    expect(outcomes(await file(centre, abnormal(uscc, AUTHORITY)))).toEqual(['CORRECTED']);
  });

  test('a province files about its own entities, and corrects no record of another province’s unit', async () => {
    const near = composeUscc('91440305', 'MA4EE900');
    await know(graph, near);
    expect(outcomes(await file(centre, abnormal(near, AUTHORITY)))).toEqual(['ADDED']);
    const platform = { role: 'PROVINCIAL_PLATFORM', organisation: OTHER } as const;
    expect(
      outcomes(
        await file(
          platform,
          abnormal(near, AUTHORITY, { MD_LRSY: '改写' }),
          abnormal(near, AUTHORITY, { MD_WSH: '示监〔2026〕10号' }),
        ),
      ),
    ).toEqual(['REJECTED NOT_YOURS', 'ADDED']);
  });
});

/** A record of another kind about an entity, of one unit. */
const slashed = (days: number): string => daysFromNow(days).replaceAll('-', '/');
const common = (prefix: string, uscc: string) => ({
  [`${prefix}_XDR_MC`]: '示例云帆零售有限公司',
  [`${prefix}_XDR_SHXYM`]: uscc,
});
const otherKinds: readonly (readonly [
  kind: string,
  schema: string,
  row: (uscc: string, unit: string) => Cells,
  words: string,
  source: string,
])[] = [
  [
    'penalty',
    'disclosure',
    (uscc, unit) => ({
      ...common('CF', uscc),
      CF_WSH: '示罚〔2026〕9号',
      CF_WFXW: '示例',
      CF_SY: '示例',
      CF_YJ: '示例',
      CF_CFLB: '罚款',
      CF_NR: '示例',
      CF_JDRQ: slashed(-20),
      CF_GSJZQ: slashed(300),
      CF_CFJG: '示例机关',
      CF_CFJGDM: unit,
      CF_SJLY: '示例机关',
      CF_SJLYDM: unit,
      CF_XDR_HYDM: 'F5211',
    }),
    'CF_NR',
    'CF_SJLYDM',
  ],
  [
    'licence',
    'disclosure',
    (uscc, unit) => ({
      ...common('XK', uscc),
      XK_XKWS: '示例许可',
      XK_WSH: '示许〔2026〕9号',
      XK_XKLB: '普通',
      XK_NR: '示例',
      XK_JDRQ: slashed(-20),
      XK_YXQZ: slashed(-20),
      XK_YXQZI: slashed(300),
      XK_XKJG: '示例机关',
      XK_XKJGDM: unit,
      XK_ZT: '1',
      XK_LYDW: '示例机关',
      XK_LYDWDM: unit,
      XK_XDR_HYDM: 'F5211',
    }),
    'XK_NR',
    'XK_LYDWDM',
  ],
  [
    'commitment',
    'disclosure',
    (uscc, unit) => ({
      ...common('CN', uscc),
      CN_LX: '主动型',
      CN_BM: '示承9',
      CN_SY: '示例',
      CN_NR: '示例',
      CN_RQ: slashed(-20),
      CN_LXQX: slashed(300),
      CN_SLDW: '示例机关',
      CN_SLDWDM: unit,
      CN_ZT: '全部履行',
      CN_LYDW: '示例机关',
      CN_LYDWDM: unit,
      CN_XDR_HYDM: 'F5211',
    }),
    'CN_NR',
    'CN_LYDWDM',
  ],
  [
    'evaluation',
    'evaluation',
    (uscc, unit) => ({
      ...common('PJ', uscc),
      PJ_FA: 'PUBLIC_CREDIT',
      PJ_FABB: '2026',
      PJ_DJ: 'A',
      PJ_RQ: slashed(-20),
      PJ_DW: '示例机关',
      PJ_DWDM: unit,
      PJ_LYDW: '示例机关',
      PJ_LYDWDM: unit,
      PJ_YY: '示例',
      PJ_XDR_HYDM: 'F5211',
    }),
    'PJ_YY',
    'PJ_LYDWDM',
  ],
];

test.each(otherKinds)(
  'so of %s: nobody but its unit and the centre corrects a record, under whichever name',
  async (kind, schema, rowFor, words, source) => {
    const uscc = newEntity();
    await know(graph, uscc);
    for (const unit of [REGULATOR, AUTHORITY, OTHER]) await register(graph, schema, unit, [kind]);
    const fileOf = async (who: Who, ...rows: readonly Cells[]): Promise<unknown[]> =>
      // A row that is taken may have warnings: what its form would have as well.
      outcomes(
        (await ask(who, FILE, { input: { idempotencyKey: randomUUID(), kind, rows } }))['fileRecords'] as FiledRows,
      ).map((outcome) => (String(outcome).startsWith('REJECTED') ? outcome : String(outcome).split(' ')[0]));
    expect(await fileOf(centre, rowFor(uscc, AUTHORITY))).toEqual(['ADDED']);
    const changed = { ...rowFor(uscc, AUTHORITY), [words]: '改写' };
    for (const [who, ...expected] of [
      [regulator, 'REJECTED NOT_YOURS', 'REJECTED NOT_YOURS'],
      [{ role: 'DETERMINING_UNIT', organisation: OTHER }, 'REJECTED NOT_YOURS', 'REJECTED NOT_YOURS'],
      // In its own name a platform that is registered for such records contradicts the record: it is kept beside it.
      [{ role: 'PROVINCIAL_PLATFORM', organisation: OTHER }, 'REJECTED NOT_YOURS', 'PENDING'],
    ] as const)
      expect([who.role, await fileOf(who, changed, { ...changed, [source]: who.organisation })]).toEqual([
        who.role,
        expected,
      ]);
    expect(await fileOf(centre, rowFor(uscc, AUTHORITY))).toEqual(['UNCHANGED']);
    expect(await fileOf(authority, changed)).toEqual(['CORRECTED']);
  },
);

/** Begins a filing of one part, and gives its id. */
async function createFiling(who: Who, input: { readonly format: Format; readonly mode?: 'REPLACE' }): Promise<string> {
  const { createFiling: created } = await ask(
    who,
    `mutation ($input: CreateFilingInput!) {
      createFiling(input: $input) { ... on FilingCreated { filing { id } } }
    }`,
    { input: { idempotencyKey: randomUUID(), kind: 'name-list', partsExpected: 1, ...input } },
  );
  return (created as { filing: { id: string } }).filing.id;
}

type Format = 'CSV' | 'NDJSON';

/** Sends the only part of a filing. */
function sendPart(who: Who, id: string, format: Format, rows: readonly Cells[]): Promise<Response> {
  const csv = [Object.keys(rows[0] ?? {}), ...rows.map((each) => Object.values(each))]
    .map((cells) => cells.join(','))
    .join('\n');
  return fetch(`${graph.url}/filings/${id}/parts/1`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${graph.issuer.token({ ...who, purposes: ['SUPERVISION'] })}`,
      'content-type': format === 'CSV' ? 'text/csv' : 'application/x-ndjson',
    },
    body: format === 'CSV' ? csv : lines(rows),
  });
}

const decide = async (id: string | null, actor: string, approve = true) =>
  (
    await ask({ ...authority, actor }, DECIDE, {
      input: { idempotencyKey: randomUUID(), id, approve, expectedVersion: 1 },
    })
  )['decideListing'] as Record<string, unknown>;

describe('a row of a list of serious violations that its authority files itself', () => {
  test('waits for a second person, who is not the filer; nothing is written before', async () => {
    const uscc = newEntity();
    await know(graph, uscc);
    const listed = await file(authority, row(uscc, AUTHORITY));
    expect(listed).toMatchObject({
      filing: { receipt: { rows: 1, added: 0, corrected: 0, unchanged: 0, pending: 1, rejected: 0 } },
      rows: [{ row: 1, outcome: 'PENDING', recordId: null, version: null, problems: [] }],
    });
    expect(await entries(uscc)).toEqual([]);
    // Filed again it waits once.
    const again = await file(authority, row(uscc, AUTHORITY));
    expect(again.rows[0]?.proposalId).toBe(listed.rows[0]?.proposalId);
    expect(await decide(listed.rows[0]?.proposalId ?? null, '1')).toMatchObject({
      __typename: 'InvalidInput',
      code: 'SECOND_PERSON',
    });
    expect(await decide(listed.rows[0]?.proposalId ?? null, '2')).toMatchObject({
      __typename: 'ListingDecided',
      proposal: { state: 'APPROVED' },
    });
    expect(await entries(uscc)).toMatchObject([{ version: 1, state: 'LISTED', grounds: '示例事由' }]);
    expect(outcomes(await file(authority, row(uscc, AUTHORITY)))).toEqual(['UNCHANGED']);

    const removal = row(uscc, AUTHORITY, { MD_YCRQ: daysFromNow(-1).replaceAll('-', '/'), MD_YCYY: '期限届满' });
    const removed = await file(authority, row(uscc, AUTHORITY, { MD_LRSY: '更正' }), removal);
    expect(outcomes(removed)).toEqual(['REJECTED DUPLICATE', 'PENDING']);
    expect(removed.rows[1]).toMatchObject({ version: 1, recordId: expect.any(String) });
    expect(await entries(uscc)).toMatchObject([{ version: 1, state: 'LISTED' }]);
    expect(await decide(removed.rows[1]?.proposalId ?? null, '2', false)).toMatchObject({
      proposal: { state: 'REJECTED' },
      entry: null,
    });
    expect(await entries(uscc)).toMatchObject([{ version: 1, state: 'LISTED' }]);
    const once = await file(authority, removal);
    expect(await decide(once.rows[0]?.proposalId ?? null, '2')).toMatchObject({
      proposal: { state: 'APPROVED' },
      entry: { version: 2, state: 'REMOVED' },
    });
  });

  test('is refused without an actor in the token or a document; other lists need one person', async () => {
    const uscc = newEntity();
    await know(graph, uscc);
    const { role, organisation } = authority;
    expect(outcomes(await file({ role, organisation }, row(uscc, AUTHORITY), abnormal(uscc, AUTHORITY)))).toEqual([
      'REJECTED ACTOR',
      'ADDED',
    ]);
    expect(outcomes(await file(authority, row(uscc, AUTHORITY, { MD_WSH: '〔〕' })))).toEqual(['REJECTED DOCUMENT']);
    // Who collects from the authority names it with its document, and is taken at once.
    expect(outcomes(await file(centre, row(uscc, AUTHORITY, { MD_WSH: '〔〕' }), row(uscc, AUTHORITY)))).toEqual([
      'REJECTED DOCUMENT',
      'ADDED',
    ]);
  });
});

test.each(['CSV', 'NDJSON'] as const)(
  'a serious entry waits as well where it comes in a file (%s), and is refused there without an actor',
  async (format) => {
    const [uscc, other] = [newEntity(), newEntity()];
    for (const each of [uscc, other]) await know(graph, each);
    const send = async (who: Who, rows: readonly Cells[]): Promise<unknown> =>
      (await sendPart(who, await createFiling(who, { format }), format, rows)).json();
    const none = { corrected: 0, unchanged: 0, warned: 0, digest: expect.any(String) };
    expect(await send(authority, [row(uscc, AUTHORITY), abnormal(other, AUTHORITY)])).toEqual({
      ...none,
      rows: 2,
      added: 1,
      pending: 1,
      rejected: 0,
      rejectedRows: [],
    });
    const { role, organisation } = authority;
    expect(await send({ role, organisation }, [row(uscc, AUTHORITY)])).toEqual({
      ...none,
      rows: 1,
      added: 0,
      pending: 0,
      rejected: 1,
      rejectedRows: [
        { row: format === 'CSV' ? 2 : 1, problems: [{ column: '', code: 'ACTOR', message: expect.any(String) }] },
      ],
    });
    expect(await entries(uscc)).toEqual([]);
  },
);

test('a serious entry that is missing from a full replacement stands until a second person has looked', async () => {
  const uscc = newEntity();
  await know(graph, uscc);
  await file(centre, row(uscc, OTHER), ...Array.from({ length: 20 }, () => abnormal(newEntity(), OTHER)));
  const unit = { role: 'DETERMINING_UNIT', organisation: OTHER, actor: '1' } as const;
  const id = await createFiling(unit, { format: 'NDJSON', mode: 'REPLACE' });
  const kept = await graph.sql(
    `select uscc
      from namelist.entry
      where source_unit = $1 and category <> 'SERIOUS' and determining_unit = $1
      order by uscc`,
    [OTHER],
  );
  const part = await sendPart(
    unit,
    id,
    'NDJSON',
    kept.map((each) => abnormal(String(each['uscc']), OTHER)),
  );
  expect(await part.json()).toMatchObject({ rows: 20, unchanged: 20 });
  const completed = await ask(
    unit,
    `mutation ($input: CompleteFilingInput!) {
      completeFiling(input: $input) {
        ... on FilingCompleted { filing { status replacement { standing missing ended } } }
      }
    }`,
    { input: { idempotencyKey: randomUUID(), id } },
  );
  expect(completed).toEqual({
    completeFiling: { filing: { status: 'QUARANTINED', replacement: { standing: 21, missing: 1, ended: 0 } } },
  });
  expect(await entries(uscc)).toMatchObject([{ state: 'LISTED' }]);
});
