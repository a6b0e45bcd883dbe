import { createPool, type Pool } from '#kit/postgres/pool.ts';
import { createInstants } from '#records/instants.ts';
import { createDigester } from '#records/record.ts';
import { createRuleStore } from '#records/ruleStore.ts';
import { createRecomputation, type Recomputation } from '#subgraphs/disclosure/recomputation.ts';
import { createRules, releasedRules, type RuleSet } from '#standards/ruleSets.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, know, lines, register } from '#test/support/registered.ts';
import { penalty, subject, unit } from './rows.ts';

// What was computed by other rules is computed again: it shortens and hides by itself, and never shows.

const now = (): Date => new Date('2026-11-29T04:00:00Z');

let graph: TestGraph;
let pool: Pool;
let recomputation: Recomputation;
let runtime: object;
beforeAll(async () => {
  graph = await startGraph({ now });
  await know(graph, subject);
  await register(graph, 'disclosure', unit, ['penalty']);
  pool = createPool({
    url: graph.database.url,
    role: 'credit_disclosure',
    applicationName: 'recomputation',
    max: 4,
    statementTimeoutMs: 5000,
  });
  runtime = {
    pool,
    rules: createRuleStore(pool),
    instants: createInstants(pool, 'disclosure'),
    digest: createDigester([{ id: 'test', secret: Buffer.alloc(32, 7) }]),
    now,
  };
  recomputation = createRecomputation(runtime as never);
});
afterAll(async () => {
  await pool[Symbol.asyncDispose]();
  await graph[Symbol.asyncDispose]();
});

const row = (number: string, more: Cells = {}): Cells =>
  penalty({ CF_WSH: `示罚〔2026〕${number}号`, CF_JDRQ: '2026/07/01', CF_NR: '见决定书', ...more });
const rows = {
  unending: row('无期'),
  minor: row('轻微', { CF_CFLB: '警告', CF_NR_FK: '' }),
  // Serious, with an end before the shortest term: by the rules it would be published longer.
  short: row('过短', { CF_CFLB: '吊销许可证件', CF_NR_FK: '', CF_GSJZQ: '2026/12/15' }),
  ended: row('已止', { CF_JDRQ: '2025/11/01' }),
  // Published once, and over before the rule that withholds it.
  endedMinor: row('旧轻', { CF_CFLB: '警告', CF_NR_FK: '', CF_JDRQ: '2025/01/01' }),
  right: row('无误', { CF_GSJZQ: '2027/01/15' }),
  // With an end that the unit stated, after which it went on until performance.
  stated: row('有期', { CF_GSJZQ: '2027/02/15' }),
};

/** As the rules of an earlier release had recorded a row. */
const recordedBefore = (number: string, columns: string, content: object): Promise<unknown> =>
  graph.sql(
    `update disclosure.act
     set ${columns},
         digest = sha256(digest),
         content = (content - array['publicUntilStated', 'termStartsOn', 'withheld', 'publicationRule',
                                    'publicationRuleSet', 'publicUntil', 'publicFrom']) || $2::jsonb
     where document_no = $1`,
    [`示罚〔2026〕${number}号`, JSON.stringify(content)],
  );

interface Read {
  readonly publicUntil: string | null;
  readonly version: number;
  readonly level: string;
}

const read = async (role: 'AUDITOR' | 'PUBLIC', knownAt: string | null = null): Promise<Record<string, Read>> => {
  await graph.gateway.sources.refresh(); // or the latest sealed instant may lie before the run
  const { body, text } = await graph.query(
    role,
    `query ($uscc: USCC!, $knownAt: DateTime) {
      creditFile(uscc: $uscc, knownAt: $knownAt) {
        knownAt
        administrativeActs(first: 100) { nodes { documentNo version disclosureLevel publication { publicUntil } } }
      }
    }`,
    { uscc: subject, knownAt },
  );
  const file = body.data?.['creditFile'] as
    | {
        administrativeActs: {
          nodes: {
            documentNo: string;
            version: number;
            disclosureLevel: string;
            publication: { publicUntil: string | null };
          }[];
        };
      }
    | undefined;
  if (!file) throw new Error(text);
  return Object.fromEntries(
    file.administrativeActs.nodes.map(({ documentNo, version, disclosureLevel, publication }) => [
      documentNo.slice(8, -1),
      { publicUntil: publication.publicUntil, version, level: disclosureLevel },
    ]),
  );
};

const RUNS = '{ recomputations { finishedAt examined shortened withheld leftAsStated } }';

test('a run shortens, withholds, leaves what the rules would publish longer, and is reported', async () => {
  await graph.file('penalty', lines(Object.values(rows)), { format: 'NDJSON' });
  const byRule = { publicFrom: '2026-07-01', publicationRuleSet: 'NDRC-36' };
  await recordedBefore('无期', "public_until = 'infinity'", {
    ...byRule,
    publicationRule: 'PENALTY_GENERAL',
    termEndsOn: '2027-07-01',
    endsWhenPerformed: true,
  });
  await recordedBefore('轻微', "disclosure_level = 'PUBLIC', public_from = '2026-11-01', public_until = '2027-02-01'", {
    ...byRule,
    publicationRule: 'PENALTY_MINOR',
    publicUntil: '2027-02-01',
    disclosureLevel: 'PUBLIC',
  });
  await recordedBefore('旧轻', "disclosure_level = 'PUBLIC', public_from = '2025-01-01', public_until = '2025-04-01'", {
    ...byRule,
    publicFrom: '2025-01-01',
    publicationRule: 'PENALTY_MINOR',
    publicUntil: '2025-04-01',
    disclosureLevel: 'PUBLIC',
  });
  await recordedBefore('过短', "public_until = '2026-12-15'", { publicFrom: '2026-07-01', publicUntil: '2026-12-15' });
  await recordedBefore('有期', "public_until = 'infinity'", {
    publicFrom: '2026-07-01',
    termEndsOn: '2027-02-15',
    endsWhenPerformed: true,
  });
  const before = (await graph.sql('select max(recorded_at) as at from disclosure.act'))[0] as { at: Date };
  expect(Object.keys(await read('PUBLIC')).toSorted()).toEqual(['无期', '无误', '有期', '轻微', '过短'].toSorted());

  // Two instances at once do it once.
  const done = await Promise.all([recomputation.run(), recomputation.run()]);
  expect(done.reduce((sum, count) => sum + count, 0)).toBe(3);
  expect(await recomputation.run()).toBe(0);
  expect((await graph.query('AUDITOR', RUNS)).body.data).toEqual({
    recomputations: [{ finishedAt: expect.any(String), examined: 7, shortened: 2, withheld: 1, leftAsStated: 1 }],
  });

  expect(await read('AUDITOR')).toEqual({
    无期: { publicUntil: '2027-07-01', version: 2, level: 'PUBLIC' },
    轻微: { publicUntil: null, version: 2, level: 'GOV_SHARED' },
    过短: { publicUntil: '2026-12-15', version: 1, level: 'PUBLIC' },
    旧轻: { publicUntil: '2025-04-01', version: 1, level: 'PUBLIC' },
    已止: { publicUntil: '2026-11-01', version: 1, level: 'PUBLIC' },
    无误: { publicUntil: '2027-01-15', version: 1, level: 'PUBLIC' },
    有期: { publicUntil: '2027-02-15', version: 2, level: 'PUBLIC' },
  });
  // What was known before is answered as it was, with the rights of now.
  const earlier = await read('AUDITOR', before.at.toISOString());
  expect(earlier['无期']).toEqual({ publicUntil: null, version: 1, level: 'PUBLIC' });
  expect(Object.keys(await read('PUBLIC')).toSorted()).toEqual(['无期', '无误', '有期', '过短'].toSorted());
  expect(Object.keys(await read('PUBLIC', before.at.toISOString()))).not.toContain('轻微');
});

test('the same file afterwards is unchanged, and a run that was cut off goes on where it was', async () => {
  expect(await graph.file('penalty', lines(Object.values(rows)), { format: 'NDJSON' })).toMatchObject({
    added: 0,
    corrected: 0,
    unchanged: 7,
  });
  // As it was when the process died after the record before the last.
  const [last] = (await graph.sql(
    'select uscc, record_id from disclosure.act where version = 1 order by uscc, record_id offset 4 limit 1',
  )) as { uscc: string; record_id: string }[];
  await graph.sql(
    'update disclosure.recomputation set finished_at = null, examined = 5, uscc = $1, record_id = $2::uuid',
    [last?.uscc, last?.record_id],
  );
  expect(await recomputation.run()).toBe(0);
  expect((await graph.query('AUDITOR', RUNS)).body.data).toMatchObject({
    recomputations: [{ finishedAt: expect.any(String), examined: 7 }],
  });
});

test('a rule set that goes first for earlier acts begins a run on its day; none touches what is erased', async () => {
  await graph.sql("update disclosure.act set erased_at = now(), content = '{}' where document_no like '%过短%'");
  let at = now();
  const later = {
    ...releasedRules.sets.find(({ id }) => id === 'NDRC-36'),
    id: 'LATER',
    effectiveFrom: '2026-12-05',
    values: { MAXIMUM_GENERAL: [6, 'MONTHS'], MORE_LENIENT_FOR_EARLIER: [1, 'FLAG'] },
  } as RuleSet;
  const rules = createRules([...releasedRules.sets, later]);
  const other = createRecomputation({ ...runtime, now: () => at, rules: { fresh: async () => rules } } as never);
  expect(await other.run()).toBe(0);
  at = new Date('2026-12-05T04:00:00Z');
  expect(await other.run()).toBe(3);
  expect(await read('PUBLIC')).toMatchObject({
    无期: { publicUntil: '2027-01-01' },
    无误: { publicUntil: '2027-01-01' },
    有期: { publicUntil: '2027-01-01' },
  });
  expect(
    await graph.sql("select count(*)::int as versions from disclosure.act where document_no like '%过短%'"),
  ).toEqual([{ versions: 1 }]);
});

test('only who keeps or audits rules reads the runs', async () => {
  for (const role of ['PUBLIC', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'] as const) {
    const { body } = await graph.query(role, RUNS);
    expect([role, body.data, body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([
      role,
      { recomputations: null },
      ['UNAUTHORIZED_FIELD_OR_TYPE'],
    ]);
  }
});
