import { createPool, type Pool } from '#kit/postgres/pool.ts';
import { createSweep, type Sweep } from '#records/retention.ts';
import { createRuleStore } from '#records/ruleStore.ts';
import { encodeId } from '#records/record.ts';
import type { Role } from '#policy/roles.ts';
import { composeUscc } from '#standards/uscc.ts';
import { addDays, addMonths } from '#standards/publicationTerms.ts';
import { releasedRules } from '#standards/ruleSets.ts';
import { erasable } from '#subgraphs/disclosure/retention.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';

// Records are kept as long as the rules say after they have ended, and then their content is erased (design §6).

const subject = organisationOf('SUBJECT').organisation;
const unit = organisationOf('DETERMINING_UNIT').organisation;
const slashed = (days: number): string => daysFromNow(days).replaceAll('-', '/');
const MONTHS = 60;

let graph: TestGraph;
let clock = new Date();
let pool: Pool;
let sweep: Sweep;
beforeAll(async () => {
  graph = await startGraph({ now: () => clock });
  await know(graph, subject);
  await register(graph, 'disclosure', unit, ['penalty', 'licence', 'complaint']);
  pool = createPool({
    url: graph.database.url,
    role: 'credit_disclosure',
    applicationName: 'sweep',
    max: 4,
    statementTimeoutMs: 5000,
  });
  // Slices of two, so that a sweep has many.
  sweep = createSweep({ pool, rules: createRuleStore(pool), now: () => clock }, erasable, 2);
});
afterAll(async () => {
  await pool[Symbol.asyncDispose]();
  await graph[Symbol.asyncDispose]();
});

let numbered = 0;
const texts = (word: string): string => `zq${word}zq`;
const penalty = (word: string, more: Cells = {}): Cells => ({
  CF_XDR_MC: '示例云帆零售有限公司',
  CF_XDR_SHXYM: subject,
  CF_WSH: `${texts(word)}〔2026〕${++numbered}号`,
  CF_WFXW: texts(word),
  CF_SY: texts(word),
  CF_YJ: texts(word),
  CF_CFLB: '罚款',
  CF_NR: texts(word),
  CF_NR_FK: '1',
  CF_JDRQ: slashed(-100),
  CF_YXQ: slashed(10),
  CF_GSJZQ: slashed(20),
  CF_LXRQ: slashed(-5),
  CF_CFJG: texts(word),
  CF_CFJGDM: unit,
  CF_SJLY: '示例处罚机关',
  CF_SJLYDM: unit,
  YJLBS: texts(word),
  NEWFIELD: texts(word),
  ...more,
});
const licence = (word: string, more: Cells = {}): Cells => ({
  XK_XDR_MC: '示例云帆零售有限公司',
  XK_XDR_SHXYM: subject,
  XK_XKWS: texts(word),
  XK_WSH: `${texts(word)}〔2026〕${++numbered}号`,
  XK_XKLB: '普通',
  XK_NR: texts(word),
  XK_JDRQ: slashed(-60),
  XK_YXQZ: slashed(-60),
  XK_YXQZI: '2099/12/31',
  XK_XKJG: '示例机关',
  XK_XKJGDM: unit,
  XK_ZT: '有效',
  XK_LYDW: '示例机关',
  XK_LYDWDM: unit,
  ...more,
});
const complaint: Cells = {
  TS_XDR_MC: '示例云帆零售有限公司',
  TS_XDR_SHXYM: subject,
  TS_BH: texts('complaint'),
  TS_CLRQ: slashed(-60),
  TS_SX: texts('complaint'),
  TS_CLFS: '调解',
  TS_CLJG: texts('complaint'),
  TS_CLDW: '示例机关',
  TS_CLDWDM: unit,
  TS_LYDW: '示例机关',
  TS_LYDWDM: unit,
};

const keptWords = async (): Promise<string[]> =>
  (
    await graph.sql(
      `select distinct substring(document_no from 'zq([a-z]+)zq') as word
        from disclosure.act
        where erased_at is null
        union
        select substring(complaint_no from 'zq([a-z]+)zq')
        from disclosure.complaint
        where erased_at is null
        order by 1`,
    )
  ).map(({ word }) => String(word));
/** At noon in Shanghai. */
const turnTo = (day: string): void => void (clock = new Date(`${day}T04:00:00.000Z`));
const noun = (id: string, role: Role) =>
  graph.query(
    role,
    `query ($id: ID!) {
      record(id: $id) {
        __typename id version digest validFrom
        ... on AdministrativeAct { documentNo content }
        history(first: 9) {
          nodes { version digest recordedAt erasedAt content { name } additionalFields { column } }
        }
      }
    }`,
    { id },
  );

test('nothing is kept shorter than its publication, and each rule is of an item of the catalogue', () => {
  const rules = releasedRules
    .on(daysFromNow(0))
    .filter(({ kind }) => kind === 'RETENTION')
    .flatMap(({ values }) => Object.entries(values));
  expect(rules.length).toBeGreaterThan(20);
  expect(rules.filter(([code, [months]]) => months < (code === 'VOLUNTARY' ? 12 : 60))).toEqual([]);
});

test('a record is erased the rules’ months after its validity and publication, not a day before', async () => {
  expect(
    await graph.file(
      'penalty',
      lines([
        penalty('published'),
        penalty('valid', { CF_YXQ: slashed(30) }),
        penalty('objected'),
        penalty('unlimited', { CF_YXQ: '2099/12/31' }),
        penalty('unruled'),
        penalty('unperformed', { CF_LXRQ: '' }),
      ]),
      { format: 'NDJSON' },
    ),
  ).toMatchObject({ added: 6 });
  expect(
    await graph.file(
      'licence',
      lines([licence('longterm'), licence('ended', { XK_YXQZI: slashed(10), XK_SYFW: '政务共享' })]),
      { format: 'NDJSON' },
    ),
  ).toMatchObject({ added: 2 });
  expect(await graph.file('complaint', lines([complaint]), { format: 'NDJSON' })).toMatchObject({ added: 1 });
  await graph.sql(`update disclosure.act set under_objection = true where document_no like 'zqobjected%'`);
  await graph.sql(`update disclosure.act set catalogue_code = 'NO_RULE' where document_no like 'zqunruled%'`);
  const all = [
    'complaint',
    'ended',
    'longterm',
    'objected',
    'published',
    'unlimited',
    'unperformed',
    'unruled',
    'valid',
  ];
  const [{ complained } = {}] = await graph.sql('select public_until::text as complained from disclosure.complaint');

  const due = async (day: string): Promise<[number, string[]]> => {
    turnTo(day);
    const erased = await sweep();
    return [erased, await keptWords()];
  };
  const after = (days: number): string => addMonths(daysFromNow(days), MONTHS);
  const without = (...words: string[]): string[] => all.filter((word) => !words.includes(word));
  expect(await due(addDays(after(11), -1))).toEqual([0, all]);
  expect(await due(after(11))).toEqual([1, without('ended')]);
  expect(await due(addDays(after(21), -1))).toEqual([0, without('ended')]);
  // Publication ends by itself, performed or not.
  expect(await due(after(21))).toEqual([2, without('ended', 'published', 'unperformed')]);
  expect(await due(after(31))).toEqual([1, without('ended', 'published', 'unperformed', 'valid')]);
  expect(await due(addMonths(String(complained), MONTHS))).toEqual([
    0,
    without('ended', 'published', 'unperformed', 'valid'),
  ]);
  expect(await due(addDays(addMonths(String(complained), MONTHS), 1))).toEqual([
    1,
    without('ended', 'published', 'unperformed', 'valid', 'complaint'),
  ]);
  expect(await due('2200-01-01')).toEqual([0, ['longterm', 'objected', 'unlimited', 'unruled']]);
  const rows = await graph.sql(
    `select jsonb_agg(to_jsonb(act))::text || (select jsonb_agg(to_jsonb(complaint))::text
        from disclosure.complaint) as everything
      from disclosure.act`,
  );
  for (const word of all)
    expect([word, String(rows[0]?.['everything']).includes(texts(word))]).toEqual([
      word,
      ['longterm', 'objected', 'unlimited', 'unruled'].includes(word),
    ]);
  turnTo(daysFromNow(0));
});

test('what was erased is gone for all; readers of histories find ids, dates and digests alone', async () => {
  const row = penalty('erased');
  await graph.file('penalty', lines([row]), { format: 'NDJSON' });
  await graph.file('penalty', lines([{ ...row, CF_NR_FK: '2' }]), { format: 'NDJSON' });
  const [kept] = await graph.sql(
    `select record_id, array_agg(encode(digest, 'hex') order by version) as digests,
        array_agg(recorded_at order by version) as recorded
      from disclosure.act
      where document_no like 'zqerased%'
      group by 1`,
  );
  const id = encodeId('AdministrativePenalty', subject, String(kept?.['record_id']));
  const digests = kept?.['digests'] as string[];
  const recorded = ((kept?.['recorded'] ?? []) as Date[]).map((each) => each.toISOString());
  turnTo(addMonths(daysFromNow(21), MONTHS));
  expect(await sweep()).toBe(1);
  const erasedAt = clock.toISOString();
  for (const role of ['AUDITOR', 'NATIONAL_CENTRE'] as const) {
    const { data, errors } = (await noun(id, role)).body;
    expect([role, errors, data]).toEqual([
      role,
      undefined,
      {
        record: {
          __typename: 'AdministrativePenalty',
          id,
          version: 2,
          digest: digests[1],
          validFrom: daysFromNow(-100),
          documentNo: null,
          content: null,
          history: {
            nodes: [1, 0].map((at) => ({
              version: at + 1,
              digest: digests[at],
              recordedAt: recorded[at],
              erasedAt,
              content: null,
              additionalFields: null,
            })),
          },
        },
      },
    ]);
  }
  for (const role of [
    'PUBLIC',
    'SUBJECT',
    'DETERMINING_UNIT',
    'PROVINCIAL_PLATFORM',
    'SECTOR_REGULATOR',
    'FINANCIAL_INSTITUTION',
    'ASSESSOR',
  ] as const) {
    const { data, errors } = (await noun(id, role)).body;
    expect([role, data, errors?.find(({ path }) => path?.join() === 'record')?.extensions]).toEqual([
      role,
      { record: null },
      { code: 'NOT_FOUND' },
    ]);
  }
  const listed = await graph.query(
    'AUDITOR',
    'query ($uscc: USCC!) { creditFile(uscc: $uscc) { administrativeActs(first: 100) { nodes { id } } } }',
    { uscc: subject },
  );
  expect(listed.text).not.toContain(id);
  turnTo(daysFromNow(0));
});

test('simultaneous sweeps erase each record once, and leave alone one that a filing corrects', async () => {
  const rows = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((word) =>
    penalty(`twice${word}`, { CF_XDR_SHXYM: composeUscc('91330106', `MA0EEE4${numbered}`.slice(0, 8)) }),
  );
  expect(await graph.file('penalty', lines(rows), { format: 'NDJSON' })).toMatchObject({ added: 7 });
  turnTo(addMonths(daysFromNow(21), MONTHS));
  // A correction under way holds its row.
  await graph.sql('begin');
  await graph.sql(`update disclosure.act set public_until = public_until + 1 where document_no like 'zqtwiceg%'`);
  const counts = await Promise.all([sweep(), sweep(), sweep()]);
  await graph.sql('commit');
  expect(counts.reduce((a, b) => a + b)).toBe(6);
  expect((await keptWords()).filter((word) => word.startsWith('twice'))).toEqual(['twiceg']);
  turnTo(daysFromNow(0));
});

test('a withdrawn record is kept from its withdrawal on; refiled it stays erased unless it differs', async () => {
  const row = penalty('withdrawn', { CF_YXQ: '2099/12/31' });
  await graph.file('penalty', lines([row]), { format: 'NDJSON' });
  await graph.sql(
    `update disclosure.act set withdrawn_on = $1, withdrawal_reason = '复议撤销' where document_no like 'zqwithdrawn%'`,
    [daysFromNow(-1)],
  );
  turnTo(addDays(addMonths(daysFromNow(-1), MONTHS), -1));
  expect((await sweep(), await keptWords()).includes('withdrawn')).toBe(true);
  turnTo(addMonths(daysFromNow(-1), MONTHS));
  expect((await sweep(), await keptWords()).includes('withdrawn')).toBe(false);
  expect(
    await graph.sql(`select count(*)::int as count from disclosure.act where withdrawal_reason is not null`),
  ).toEqual([{ count: 0 }]);
  turnTo(daysFromNow(0));
  expect(await graph.file('penalty', lines([row]), { format: 'NDJSON' })).toMatchObject({ unchanged: 1 });
  expect((await keptWords()).includes('withdrawn')).toBe(false);
  expect(await graph.file('penalty', lines([{ ...row, CF_NR_FK: '3' }]), { format: 'NDJSON' })).toMatchObject({
    corrected: 1,
  });
  expect(
    await graph.sql(
      `select version, erased_at is null as kept
        from disclosure.act
        where uscc = $1
          and record_id = (select record_id from disclosure.act where document_no like 'zqwithdrawn%')
        order by 1`,
      [subject],
    ),
  ).toEqual([
    { version: 1, kept: false },
    { version: 2, kept: true },
  ]);
});

test('what a replacement ended comes back when refiled, also after erasure; a withdrawal does not', async () => {
  const rows = [penalty('replaced'), penalty('withdrawn')];
  await graph.file('penalty', lines(rows), { format: 'NDJSON' });
  await graph.sql(
    `update disclosure.act
      set withdrawn_on = $1, withdrawal_reason = case when document_no like 'zqreplaced%'
        then 'NOT_IN_REPLACEMENT' else 'found wrong' end
      where document_no ~ '^zq(replaced|withdrawn)'`,
    [daysFromNow(0)],
  );
  const left = async (): Promise<string[]> =>
    (await keptWords()).filter((word) => word === 'replaced' || word === 'withdrawn');
  expect(await left()).toEqual(['replaced', 'withdrawn']);
  turnTo(addMonths(daysFromNow(1), MONTHS));
  await sweep();
  expect(await left()).toEqual([]);
  expect(await graph.file('penalty', lines(rows), { format: 'NDJSON' })).toMatchObject({
    added: 0,
    corrected: 1,
    unchanged: 1,
  });
  expect(await left()).toEqual(['replaced']);
  turnTo(daysFromNow(0));
});
