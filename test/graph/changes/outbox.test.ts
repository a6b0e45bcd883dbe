import { randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { parseKeyRing } from '#kit/keys.ts';
import { silentLog } from '#kit/log.ts';
import { createPool } from '#kit/postgres/pool.ts';
import { encodeId } from '#records/record.ts';
import { createSubgraph, type SubgraphDefinition } from '#records/subgraph.ts';
import { addDays, addMonths } from '#standards/publicationTerms.ts';
import { syntheticUnit } from '#standards/demoOrganisations.ts';
import { composeUscc } from '#standards/uscc.ts';
import { definition as disclosure } from '#subgraphs/disclosure/index.ts';
import { definition as namelist } from '#subgraphs/namelist/index.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';
import { purposeFor } from '#test/support/purposes.ts';

// P1 of docs/PROTOCOL.md: a change, its audit record and its row for the log are one transaction. List entries and
// evaluations write one row each, acts and registrations one a batch.

const UNIT = composeUscc('11330000', 'MB1EEE60');
const AUTHORITY = composeUscc('11330000', 'MB1EEE61');
const OWN = syntheticUnit('33', 'TRANSPORT').uscc;
const slashed = (day: string): string => day.replaceAll('-', '/');
const LISTED_ON = daysFromNow(-100);
const TERM_UNTIL = addDays(addMonths(LISTED_ON, 36), -1);

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

type Json = Record<string, unknown>;

const clockOf = async (schema: string): Promise<string> =>
  String((await graph.sql(`select last::text from ${schema}.clock`))[0]?.['last']);

/**
 * What was written for the log and for the audit while something was done, in order; rows that were numbered meanwhile
 * too.
 */
async function during(
  schema: string,
  topic: string,
  work: () => Promise<unknown>,
): Promise<{ feed: Json[]; audit: Json[] }> {
  const since = await clockOf(schema);
  const [{ audited } = {}] = await graph.sql('select coalesce(max(id), 0) as audited from audit.change');
  await work();
  const own =
    'topic, kind, reason, uscc, record_id, version, recorded_at, disclosure_level, public_from, ' +
    'public_until, withdrawn_on, erased_at, province, sector, source_unit, determining_unit, type, ' +
    'category, before, basis, watchlist, filing_id, row_count';
  const feed = await graph.sql(
    `select to_jsonb(told) - 'place' - 'number' as told
     from (select 1 as place, seq as number, ${own} from feed.log union all select 2, id, ${own} from feed.outbox) told
     where topic = $1 and recorded_at > $2::timestamptz
     order by recorded_at, place, number`,
    [topic, since],
  );
  const audit = await graph.sql(
    `select to_jsonb(change) - 'id' as change from audit.change where id > $1 order by id`,
    [audited],
  );
  return {
    feed: feed.map(({ told: delivered }) => delivered as Json),
    audit: audit.map(({ change }) => change as Json),
  };
}

interface Version {
  readonly record_id: string;
  readonly version: number;
  readonly recorded_at: string;
  readonly filing_id: string | null;
}

/** The version of a record that is believed now, with times as `during` gives them. */
async function current(table: string, uscc: string): Promise<Version> {
  const [row] = await graph.sql(
    `select to_jsonb(record) as version
      from (select record_id, version, recorded_at, filing_id from ${table} where uscc = $1
        and superseded_at = 'infinity') record`,
    [uscc],
  );
  return row?.['version'] as Version;
}

const byCentre = () => ({
  organisation: organisationOf('NATIONAL_CENTRE').organisation,
  role: 'NATIONAL_CENTRE',
  actor: null,
  purpose: null,
  token_id: (jwt.decode(graph.tokenOf('NATIONAL_CENTRE')) as jwt.JwtPayload).jti,
});
const ofNoRecord = { uscc: null, record_id: null, version: null };
const audited = (
  schema: string,
  action: string,
  { recorded_at, filing_id }: Pick<Version, 'recorded_at' | 'filing_id'>,
  rows: number,
  more: Json = {},
) => ({
  at: recorded_at,
  schema,
  action,
  ...byCentre(),
  filing_id,
  ...ofNoRecord,
  row_count: rows,
  details: null,
  ...more,
});

let made = 0;
const newEntity = (): string => composeUscc('91330106', `MA6EE${String((made += 1)).padStart(3, '0')}`);

// --- list entries ----------------------------------------------------------------------------------------------------

const entryRow = (uscc: string, more: Cells = {}): Cells => ({
  MD_XDR_MC: '示例云帆零售有限公司',
  MD_XDR_SHXYM: uscc,
  MD_LX: 'SAMR_SERIOUS',
  MD_WSH: '浙市监〔2026〕60号',
  MD_LRRQ: slashed(LISTED_ON),
  MD_LRSY: '严重违法',
  MD_FLYJ: '某办法第一条',
  MD_QXZ: slashed(TERM_UNTIL),
  MD_RDJG: '示例市场监管局',
  MD_RDJGDM: AUTHORITY,
  MD_LYDW: '示例中心',
  MD_LYDWDM: UNIT,
  ...more,
});

/** What an entry of `entryRow` is matched by. */
const entryFacets = (more: Json = {}): Json => ({
  disclosure_level: 'PUBLIC',
  public_from: LISTED_ON,
  public_until: TERM_UNTIL,
  withdrawn_on: null,
  erased_at: null,
  province: '33',
  sector: null,
  source_unit: UNIT,
  determining_unit: AUTHORITY,
  type: 'SAMR_SERIOUS',
  category: 'SERIOUS',
  ...more,
});
const entryBasis = (more: Json = {}): Json => ({
  documentNo: '浙市监〔2026〕60号',
  legalBasis: '某办法第一条',
  validFrom: LISTED_ON,
  ...more,
});
const deliveredOf = (
  uscc: string,
  version: Version,
  kind: string,
  facets: Json,
  before: Json | null,
  more: Json = {},
): Json => ({
  topic: 'NAME_LIST',
  kind,
  reason: null,
  uscc,
  ...version,
  ...facets,
  before,
  basis: entryBasis(),
  watchlist: null,
  row_count: 1,
  ...more,
});

const fileEntries = (...rows: Cells[]): Promise<Json> => graph.file('name-list', lines(rows), { format: 'NDJSON' });
const entry = async (uscc: string): Promise<Version> => current('namelist.entry', uscc);

test('an added entry has its matching columns and reason in the log, and its filer in the audit', async () => {
  const [one, other] = [newEntity(), newEntity()];
  const { feed, audit } = await during('namelist', 'NAME_LIST', () =>
    fileEntries(entryRow(one), entryRow(other, { MD_SYFW: '政务共享' })),
  );
  const version = await entry(one);
  expect(version).toMatchObject({ version: 1 });
  expect(feed).toEqual([
    deliveredOf(one, version, 'ADDED', entryFacets(), null),
    deliveredOf(
      other,
      await entry(other),
      'ADDED',
      entryFacets({ disclosure_level: 'GOV_SHARED', public_from: null, public_until: null }),
      null,
    ),
  ]);
  expect(audit).toEqual([audited('namelist', 'name-list', version, 2)]);
});

test('a correction is written with the state before it, also where it changes the readers', async () => {
  const uscc = newEntity();
  await fileEntries(entryRow(uscc));
  const { feed, audit } = await during('namelist', 'NAME_LIST', () =>
    fileEntries(entryRow(uscc, { MD_SYFW: '政务共享', MD_FLYJ: '某办法第二条' })),
  );
  const version = await entry(uscc);
  expect(version).toMatchObject({ version: 2 });
  const shared = entryFacets({ disclosure_level: 'GOV_SHARED', public_from: null, public_until: null });
  expect(feed).toEqual([
    deliveredOf(uscc, version, 'CORRECTED', shared, entryFacets(), {
      basis: entryBasis({ legalBasis: '某办法第二条' }),
    }),
  ]);
  expect(audit).toEqual([audited('namelist', 'name-list', version, 1)]);
});

test('an entry that leaves its list is DELISTED once; what is corrected afterwards is a correction', async () => {
  const uscc = newEntity();
  await fileEntries(entryRow(uscc));
  const gone = { MD_YCRQ: slashed(daysFromNow(0)), MD_YCYY: '期限届满' };
  const { feed } = await during('namelist', 'NAME_LIST', async () => {
    await fileEntries(entryRow(uscc, gone));
    await fileEntries(entryRow(uscc, { ...gone, MD_LRSY: '其他事由' }));
  });
  const over = entryFacets({ public_until: daysFromNow(0) });
  const last = await entry(uscc);
  expect(feed).toEqual([
    deliveredOf(
      uscc,
      { ...last, version: 2, recorded_at: String(feed[0]?.['recorded_at']), filing_id: String(feed[0]?.['filing_id']) },
      'DELISTED',
      over,
      entryFacets(),
    ),
    deliveredOf(uscc, last, 'CORRECTED', over, over),
  ]);
});

test.each([
  ['信用修复', 'REPAIRED'],
  ['认定撤销', 'REVOKED'],
])(
  'an entry whose removal is %s is WITHDRAWN for that reason, and keeps it in later versions',
  async (removal, reason) => {
    const uscc = newEntity();
    await fileEntries(entryRow(uscc));
    const gone = { MD_YCRQ: slashed(daysFromNow(0)), MD_YCYY: removal };
    const withdrawn = entryFacets({ public_until: daysFromNow(0), withdrawn_on: daysFromNow(0) });
    const first = await during('namelist', 'NAME_LIST', () => fileEntries(entryRow(uscc, gone)));
    expect(first.feed).toEqual([
      deliveredOf(uscc, await entry(uscc), 'WITHDRAWN', withdrawn, entryFacets(), { reason }),
    ]);
    const second = await during('namelist', 'NAME_LIST', () =>
      fileEntries(entryRow(uscc, { ...gone, MD_LRSY: '其他事由' })),
    );
    expect(second.feed).toEqual([deliveredOf(uscc, await entry(uscc), 'CORRECTED', withdrawn, withdrawn, { reason })]);
  },
);

test('a batch writes a row for each added, corrected or delisted entry, and none for the others', async () => {
  const [added, corrected, delisted, unchanged, rejected] = [
    newEntity(),
    newEntity(),
    newEntity(),
    newEntity(),
    newEntity(),
  ];
  await fileEntries(entryRow(corrected), entryRow(delisted), entryRow(unchanged));
  const { feed, audit } = await during('namelist', 'NAME_LIST', () =>
    fileEntries(
      entryRow(rejected, { MD_LX: '没有的名单' }),
      entryRow(unchanged),
      entryRow(delisted, { MD_YCRQ: slashed(daysFromNow(0)), MD_YCYY: '已改正' }),
      entryRow(corrected, { MD_LRSY: '其他事由' }),
      entryRow(added),
    ),
  );
  expect(
    feed.map(({ uscc, kind, version, recorded_at }) => [uscc, kind, version, recorded_at === audit[0]?.['at']]),
  ).toEqual([
    [delisted, 'DELISTED', 2, true],
    [corrected, 'CORRECTED', 2, true],
    [added, 'ADDED', 1, true],
  ]);
  expect(audit).toEqual([audited('namelist', 'name-list', await entry(added), 3)]);
});

test('what is filed again as it stands writes nothing', async () => {
  const uscc = newEntity();
  await fileEntries(entryRow(uscc));
  expect(await during('namelist', 'NAME_LIST', () => fileEntries(entryRow(uscc)))).toEqual({ feed: [], audit: [] });
});

test('a batch that fails at its commit leaves nothing, and one whose audit fails leaves no records', async () => {
  const uscc = newEntity();
  for (const when of [
    'after insert on audit.change deferrable initially deferred',
    'after insert on audit.change',
    'after insert on feed.outbox',
  ]) {
    await graph.sql(
      `create or replace function public.refuse() returns trigger language plpgsql as $$
        begin raise exception 'refused by the test'; end $$`,
    );
    await graph.sql(`create constraint trigger refuse ${when} for each row execute function public.refuse()`);
    try {
      expect(
        await during('namelist', 'NAME_LIST', async () =>
          expect(fileEntries(entryRow(uscc))).rejects.toThrow('part: '),
        ),
      ).toEqual({ feed: [], audit: [] });
    } finally {
      await graph.sql(`drop function public.refuse() cascade`);
    }
    expect(await entry(uscc)).toBeUndefined();
  }
  const { feed } = await during('namelist', 'NAME_LIST', () => fileEntries(entryRow(uscc)));
  expect(feed).toEqual([deliveredOf(uscc, await entry(uscc), 'ADDED', entryFacets(), null)]);
});

test('the rows of writers at the same time follow their commits by recorded time', async () => {
  const codes = Array.from({ length: 12 }, newEntity);
  const { feed } = await during('namelist', 'NAME_LIST', () =>
    Promise.all(
      codes.map(async (uscc) => {
        await fileEntries(entryRow(uscc));
        await fileEntries(entryRow(uscc, { MD_LRSY: '其他事由' }));
      }),
    ),
  );
  expect(feed).toHaveLength(24);
  expect(new Set(feed.map(({ recorded_at }) => recorded_at)).size).toBe(24);
  for (const uscc of codes)
    expect(feed.filter((row) => row['uscc'] === uscc).map(({ kind }) => kind)).toEqual(['ADDED', 'CORRECTED']);
  const [{ recorded } = {}] = await graph.sql(
    `select array_agg(to_jsonb(recorded_at) #>> '{}' order by recorded_at) as recorded
      from namelist.entry
      where uscc = any($1)`,
    [codes],
  );
  expect(feed.map(({ recorded_at }) => recorded_at)).toEqual(recorded);
});

const CREATE =
  'mutation ($input: CreateFilingInput!) { createFiling(input: $input) { ... on FilingCreated { filing { id } } } }';

const COMPLETE = `mutation ($input: CompleteFilingInput!) {
  completeFiling(input: $input) { ... on FilingCompleted { filing { status replacement { ended } } } }
}`;

const CONFIRM = `mutation ($input: ConfirmFilingInput!) {
  confirmFiling(input: $input) { ... on FilingConfirmed { filing { status } } }
}`;

/** Replaces what the unit has filed: one person of it files, and a second one confirms. Gives the filing's id. */
async function replaceList(rows: readonly Cells[], token: string, second: string): Promise<string> {
  const ask = async (query: string, input: Json, by = token) =>
    (await graph.query('DETERMINING_UNIT', query, { input }, { token: by })).body.data as Record<
      string,
      { filing: Json }
    >;
  const id = String(
    (
      await ask(CREATE, {
        idempotencyKey: randomUUID(),
        kind: 'name-list',
        format: 'NDJSON',
        partsExpected: 1,
        mode: 'REPLACE',
      })
    )['createFiling']?.filing['id'],
  );
  const part = await fetch(`${graph.url}/filings/${id}/parts/1`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
    body: lines(rows),
  });
  expect(part.status).toBe(200);
  // The list is one of serious violations: nobody leaves it by what one person filed.
  expect((await ask(COMPLETE, { idempotencyKey: id, id }))['completeFiling']?.filing['status']).toBe('QUARANTINED');
  expect((await ask(CONFIRM, { idempotencyKey: id, id, apply: true }, second))['confirmFiling']?.filing['status']).toBe(
    'COMPLETED',
  );
  return id;
}

describe('a full replacement', () => {
  const subjects = Array.from({ length: 10 }, newEntity);
  const missing = subjects[0] as string; // of ten
  const row = (uscc: string, more: Cells = {}): Cells => entryRow(uscc, { MD_RDJGDM: OWN, MD_LYDWDM: OWN, ...more });
  const facets = (more: Json = {}): Json => entryFacets({ source_unit: OWN, determining_unit: OWN, ...more });
  let [token, second] = ['', ''];

  beforeAll(async () => {
    await register(graph, 'namelist', OWN, ['name-list']);
    await graph.query('OPERATOR', 'mutation ($input: GrantRoleInput!) { grantRole(input: $input) { __typename } }', {
      input: { idempotencyKey: randomUUID(), organisation: OWN, role: 'DETERMINING_UNIT' },
    });
    token = graph.issuer.token({ role: 'DETERMINING_UNIT', organisation: OWN, purposes: ['SUPERVISION'], actor: '17' });
    second = graph.issuer.token({
      role: 'DETERMINING_UNIT',
      organisation: OWN,
      purposes: ['SUPERVISION'],
      actor: '18',
    });
    await fileEntries(...subjects.map((uscc) => row(uscc)));
  });

  const byUnit = () => ({
    organisation: OWN,
    role: 'DETERMINING_UNIT',
    actor: '18',
    token_id: (jwt.decode(second) as jwt.JwtPayload).jti,
  });

  test('writes what it ends as WITHDRAWN, by whom, and what is filed again afterwards as CORRECTED', async () => {
    let filing = '';
    const ended = await during(
      'namelist',
      'NAME_LIST',
      async () =>
        (filing = await replaceList(
          subjects.slice(1).map((uscc) => row(uscc)),
          token,
          second,
        )),
    );
    const version = await entry(missing);
    expect(version).toMatchObject({ version: 2, filing_id: filing });
    const gone = facets({ withdrawn_on: daysFromNow(0) });
    expect(ended.feed).toEqual([
      deliveredOf(missing, version, 'WITHDRAWN', gone, facets(), { reason: 'NOT_IN_REPLACEMENT' }),
    ]);
    expect(ended.audit).toEqual([
      audited('namelist', 'name-list', version, 1, {
        ...byUnit(),
        purpose: 'SUPERVISION',
        details: { reason: 'NOT_IN_REPLACEMENT' },
      }),
    ]);

    const back = await during('namelist', 'NAME_LIST', () => fileEntries(row(missing)));
    const again = await entry(missing);
    expect(again).toMatchObject({ version: 3 });
    expect(back.feed).toEqual([deliveredOf(missing, again, 'CORRECTED', facets(), gone)]);
    expect(back.audit).toEqual([audited('namelist', 'name-list', again, 1)]);
  });
});

// --- retention -------------------------------------------------------------------------------------------------------

/** Erases what a subgraph no longer keeps on a day. */
async function sweepOn(day: string, definition: SubgraphDefinition): Promise<number> {
  const keys = parseKeyRing(`test:${Buffer.alloc(32, 7).toString('base64')}`);
  const pool = createPool({
    url: graph.database.url,
    role: `credit_${definition.name}`,
    applicationName: 'sweep',
    max: 4,
    statementTimeoutMs: 5000,
  });
  await using subgraph = createSubgraph(definition, {
    pool,
    cursorKeys: keys,
    digestKeys: keys,
    log: silentLog,
    now: () => new Date(`${day}T04:00:00.000Z`),
  });
  return await subgraph.sweep(); // before the pool is closed
}

const byNobody = { organisation: null, role: 'SYSTEM', actor: null, purpose: null, token_id: null, filing_id: null };

test('an erased entry is ERASED without its content, and a sweep without effect writes nothing', async () => {
  const uscc = newEntity();
  await fileEntries(entryRow(uscc, { MD_QXZ: slashed(daysFromNow(30)) }), entryRow(newEntity()));
  const due = addMonths(daysFromNow(31), 60);
  await sweepOn(addDays(due, -1), namelist); // what other tests have ended
  expect(
    await during('namelist', 'NAME_LIST', async () => expect(await sweepOn(addDays(due, -1), namelist)).toBe(0)),
  ).toEqual({ feed: [], audit: [] });
  const { feed, audit } = await during('namelist', 'NAME_LIST', async () =>
    expect(await sweepOn(due, namelist)).toBe(1),
  );
  const at = feed[0]?.['recorded_at'];
  const [{ sealed } = {}] = await graph.sql(`select to_jsonb(last) #>> '{}' as sealed from namelist.clock`);
  expect(at).toBe(sealed);
  const before = entryFacets({ public_until: daysFromNow(30) });
  expect(feed).toEqual([
    deliveredOf(
      uscc,
      { ...(await entry(uscc)), recorded_at: String(at), filing_id: null },
      'ERASED',
      { ...before, erased_at: `${due}T04:00:00+00:00` },
      before,
      { basis: { validFrom: LISTED_ON } },
    ),
  ]);
  expect(audit).toEqual([
    {
      ...audited('namelist', 'retention', { recorded_at: String(at), filing_id: null }, 1),
      ...byNobody,
      details: { table: 'entry' },
    },
  ]);
});

// --- evaluations -----------------------------------------------------------------------------------------------------

test('an evaluation is written when it is added and corrected, with its scheme for a type', async () => {
  const uscc = newEntity();
  const row = (more: Cells = {}): Cells => ({
    PJ_XDR_MC: '示例云帆零售有限公司',
    PJ_XDR_SHXYM: uscc,
    PJ_FA: 'PUBLIC_CREDIT',
    PJ_FABB: '2026',
    PJ_DJ: 'A',
    PJ_RQ: slashed(LISTED_ON),
    PJ_SJJZ: slashed(LISTED_ON),
    PJ_YXQZ: slashed(TERM_UNTIL),
    PJ_DW: '示例评价单位',
    PJ_DWDM: AUTHORITY,
    PJ_LYDW: '示例中心',
    PJ_LYDWDM: UNIT,
    PJ_SYFW: '社会公开',
    ...more,
  });
  const facets = entryFacets({ type: 'PUBLIC_CREDIT', category: null });
  const delivered = (version: Version, kind: string, before: Json | null, more: Json = {}) =>
    deliveredOf(uscc, version, kind, facets, before, { topic: 'EVALUATION', basis: { validFrom: LISTED_ON }, ...more });

  const added = await during('evaluation', 'EVALUATION', () =>
    graph.file('evaluation', lines([row()]), { format: 'NDJSON' }),
  );
  const first = await current('evaluation.result', uscc);
  expect(added.feed).toEqual([delivered(first, 'ADDED', null)]);
  expect(added.audit).toEqual([audited('evaluation', 'evaluation', first, 1)]);
  const corrected = await during('evaluation', 'EVALUATION', () =>
    graph.file('evaluation', lines([row({ PJ_DJ: 'B' })]), { format: 'NDJSON' }),
  );
  expect(corrected.feed).toEqual([delivered(await current('evaluation.result', uscc), 'CORRECTED', facets)]);
});

// --- batches ---------------------------------------------------------------------------------------------------------

const ofBatch = (
  topic: string,
  { recorded_at, filing_id }: Pick<Version, 'recorded_at' | 'filing_id'>,
  rows: number,
): Json => ({
  topic,
  kind: 'BATCH',
  reason: null,
  ...ofNoRecord,
  recorded_at,
  disclosure_level: null,
  public_from: null,
  public_until: null,
  withdrawn_on: null,
  erased_at: null,
  province: null,
  sector: null,
  source_unit: null,
  determining_unit: null,
  type: null,
  category: null,
  before: null,
  basis: null,
  watchlist: null,
  filing_id,
  row_count: rows,
});
const licence = (uscc: string, more: Cells = {}): Cells => ({
  XK_XDR_MC: '示例云帆零售有限公司',
  XK_XDR_SHXYM: uscc,
  XK_XKWS: '准予许可决定书',
  XK_WSH: '示许〔2026〕60号',
  XK_XKLB: '普通',
  XK_NR: '食品经营许可',
  XK_JDRQ: slashed(LISTED_ON),
  XK_YXQZ: slashed(LISTED_ON),
  XK_YXQZI: '2099/12/31',
  XK_XKJG: '示例机关',
  XK_XKJGDM: UNIT,
  XK_ZT: '1',
  XK_LYDW: '示例机关',
  XK_LYDWDM: UNIT,
  ...more,
});

test('licences and registrations write one row a batch, and an unchanged batch writes none', async () => {
  const codes = [newEntity(), newEntity(), newEntity()];
  const one = codes[0] as string; // of three
  const added = await during('disclosure', 'ACT', () =>
    graph.file('licence', lines(codes.map((uscc) => licence(uscc))), { format: 'NDJSON' }),
  );
  const first = await current('disclosure.act', one);
  expect(added).toEqual({ feed: [ofBatch('ACT', first, 3)], audit: [audited('disclosure', 'licence', first, 3)] });

  const mixed = await during('disclosure', 'ACT', () =>
    graph.file(
      'licence',
      lines([licence(newEntity()), licence(one, { XK_NR: '餐饮服务许可' }), licence(codes[1] as string)]),
      { format: 'NDJSON' },
    ),
  );
  const second = await current('disclosure.act', one);
  expect(second).toMatchObject({ version: 2 });
  expect(mixed).toEqual({ feed: [ofBatch('ACT', second, 2)], audit: [audited('disclosure', 'licence', second, 2)] });
  expect(
    await during('disclosure', 'ACT', () =>
      graph.file('licence', lines([licence(one, { XK_NR: '餐饮服务许可' })]), { format: 'NDJSON' }),
    ),
  ).toEqual({ feed: [], audit: [] });

  const registered = await during('entity', 'ENTITY', () => know(graph, one));
  const profile = await current('entity.profile', one);
  expect(registered).toEqual({
    feed: [ofBatch('ENTITY', profile, 1)],
    audit: [audited('entity', 'entity', profile, 1)],
  });
});

const WITHDRAW = 'mutation ($input: WithdrawRecordInput!) { withdrawRecord(input: $input) { __typename } }';

/** Withdraws a licence: again with its key nothing happens, with another the version is none any more. */
async function withdrawOnce(subject: string, recordId: string): Promise<void> {
  const input = {
    idempotencyKey: randomUUID(),
    recordId: encodeId('AdministrativeLicence', subject, recordId),
    expectedVersion: 1,
    reason: '行政复议决定撤销',
    documentNo: '示复〔2026〕7号',
    revokedOn: daysFromNow(0),
  };
  expect((await graph.query('DETERMINING_UNIT', WITHDRAW, { input })).body.data).toEqual({
    withdrawRecord: { __typename: 'RecordWithdrawn' },
  });
  expect((await graph.query('DETERMINING_UNIT', WITHDRAW, { input })).body.data).toEqual({
    withdrawRecord: { __typename: 'RecordWithdrawn' },
  });
  expect(
    (await graph.query('DETERMINING_UNIT', WITHDRAW, { input: { ...input, idempotencyKey: randomUUID() } })).body.data,
  ).toMatchObject({ withdrawRecord: { __typename: 'Conflict' } });
}

/** The subject declares a licence, and says for how long it may be shown. */
async function declareItem(): Promise<void> {
  const input = {
    idempotencyKey: randomUUID(),
    kind: 'LICENCE',
    itemNo: 'A-1',
    title: '质量管理体系认证',
    content: '示例内容',
    truthCommitment: true,
    authorisation: { purposes: ['SUPERVISION'], until: daysFromNow(90) },
  };
  expect(
    (
      await graph.query(
        'SUBJECT',
        'mutation ($input: DeclareInformationInput!) { declareInformation(input: $input) { __typename } }',
        { input },
      )
    ).body.data,
  ).toEqual({ declareInformation: { __typename: 'InformationDeclared' } });
}

test('withdrawn or erased acts and declared items name their subject in the audit alone', async () => {
  const subject = organisationOf('SUBJECT').organisation;
  await know(graph, subject);
  const unit = organisationOf('DETERMINING_UNIT').organisation;
  await graph.file(
    'licence',
    lines([licence(subject, { XK_XKJGDM: unit, XK_LYDWDM: unit, XK_YXQZI: slashed(daysFromNow(30)) })]),
    { format: 'NDJSON' },
  );
  const { record_id: recordId } = await current('disclosure.act', subject);
  const by = (role: 'DETERMINING_UNIT' | 'SUBJECT') => ({
    ...byCentre(),
    organisation: organisationOf(role).organisation,
    role,
    purpose: purposeFor(role),
    token_id: (jwt.decode(graph.tokenOf(role)) as jwt.JwtPayload).jti,
  });

  const withdrawn = await during('disclosure', 'ACT', () => withdrawOnce(subject, recordId));
  const at = { recorded_at: (await current('disclosure.act', subject)).recorded_at, filing_id: null };
  expect(withdrawn).toEqual({
    feed: [ofBatch('ACT', at, 1)],
    audit: [
      audited('disclosure', 'withdrawRecord', at, 1, {
        ...by('DETERMINING_UNIT'),
        uscc: subject,
        record_id: recordId,
        version: 2,
      }),
    ],
  });

  const declared = await during('disclosure', 'ACT', declareItem);
  const [item] = await graph.sql(
    `select record_id, to_jsonb(recorded_at) #>> '{}' as recorded_at from disclosure.voluntary_item where uscc = $1`,
    [subject],
  );
  const then = { recorded_at: String(item?.['recorded_at']), filing_id: null };
  expect(declared).toEqual({
    feed: [ofBatch('ACT', then, 1)],
    audit: [
      audited('disclosure', 'declareInformation', then, 1, {
        ...by('SUBJECT'),
        uscc: subject,
        record_id: item?.['record_id'],
        version: 1,
      }),
    ],
  });

  // The licence, and the item whose authorisation has ended: a transaction for each table.
  const erased = await during('disclosure', 'ACT', async () =>
    expect(await sweepOn(addMonths(daysFromNow(0), 60), disclosure)).toBe(2),
  );
  const swept = erased.feed.map(({ recorded_at }) => ({ recorded_at: String(recorded_at), filing_id: null }));
  expect(erased).toEqual({
    feed: swept.map((each) => ofBatch('ACT', each, 1)),
    audit: ['act', 'voluntary_item'].map((table, index) => ({
      ...audited('disclosure', 'retention', swept[index] ?? then, 1),
      ...byNobody,
      details: { table },
    })),
  });
});

test('a sweep leaves alone an item that its subject is changing, and the subject waits for its clock', async () => {
  const subject = organisationOf('SUBJECT').organisation;
  const input = {
    kind: 'CONTRACT',
    itemNo: 'A-2',
    title: '合同履约',
    content: '示例内容',
    truthCommitment: true,
    authorisation: { purposes: ['SUPERVISION'], until: daysFromNow(90) },
  };
  for (const expectedVersion of [null, 1]) {
    const { body } = await graph.query(
      'SUBJECT',
      'mutation ($input: DeclareInformationInput!) { declareInformation(input: $input) { __typename } }',
      { input: { ...input, expectedVersion, idempotencyKey: randomUUID() } },
    );
    expect(body.data).toEqual({ declareInformation: { __typename: 'InformationDeclared' } });
  }
  const due = addMonths(daysFromNow(91), 12);
  await graph.sql('begin');
  await graph.sql(
    `select from disclosure.voluntary_item where uscc = $1 and item_no = 'A-2' and version = 1 for update`,
    [subject],
  );
  expect(await sweepOn(due, disclosure)).toBe(0);
  await graph.sql('commit');
  expect(await sweepOn(due, disclosure)).toBe(1);
  expect(
    await graph.sql(
      `select version, erased_at is not null as erased
        from disclosure.voluntary_item
        where uscc = $1 and content = '{}'
        order by declared_on, version`,
      [subject],
    ),
  ).toContainEqual({ version: 2, erased: true });
});
