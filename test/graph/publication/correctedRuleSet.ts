import { randomUUID } from 'node:crypto';
import { createPool } from '#kit/postgres/pool.ts';
import { createInstants } from '#records/instants.ts';
import { createDigester } from '#records/record.ts';
import { createRuleStore } from '#records/ruleStore.ts';
import { createRecomputation } from '#subgraphs/disclosure/recomputation.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, know, lines, register } from '#test/support/registered.ts';
import { penalty, unit } from './rows.ts';

// A rule set that was recorded wrongly is corrected by two persons, and what was computed by it is computed again, in a
// run that is cut off and goes on. The number of records is the test's.

export const now = (): Date => new Date('2026-11-29T04:00:00Z');
const KEEPER = organisationOf('RULE_KEEPER').organisation;
const ROWS_AT_ONCE = 10_000;
const SUBJECTS = 1000;

/** The n-th of some synthetic subjects. */
const subjectOf = (n: number): string => composeUscc('91330106', `MA8${String(n % SUBJECTS).padStart(5, '0')}`);
/** The first, whose acts a test reads. */
export const firstSubject = subjectOf(0);

export type Json = Record<string, unknown>;

/** A graph with so many penalties, decided on 2026-07-01 and public until 2027-07-01. */
export async function startWithPenalties(count: number): Promise<TestGraph> {
  const graph = await startGraph({ now });
  await know(graph, firstSubject);
  await register(graph, 'disclosure', unit, ['penalty']);
  for (let start = 0; start < count; start += ROWS_AT_ONCE) {
    const rows = Array.from({ length: Math.min(ROWS_AT_ONCE, count - start) }, (_, index): Cells => {
      const n = start + index;
      return penalty({ CF_XDR_SHXYM: subjectOf(n), CF_WSH: `示改〔2026〕${n}号`, CF_JDRQ: '2026/07/01' });
    });
    const { added } = await graph.file('penalty', lines(rows), { format: 'NDJSON' });
    if (added !== rows.length) throw new Error(`${String(added)} of ${rows.length} penalties were added`);
  }
  return graph;
}

/** One operation as a person of the rule keeper. */
const keep = async (graph: TestGraph, actor: string, query: string, input: Json): Promise<Json> => {
  const iat = Math.floor(now().getTime() / 1000);
  const token = graph.issuer.token(
    { role: 'RULE_KEEPER', organisation: KEEPER, actor },
    { payload: { iat, exp: iat + 1800 } },
  );
  const { body, text } = await graph.query('RULE_KEEPER', query, { input }, { token });
  if (!body.data) throw new Error(text);
  return body.data['done'] as Json;
};
const PROPOSE = `mutation ($input: ProposeRuleChangeInput!) {
  done: proposeRuleChange(input: $input) {
    __typename
    ... on RuleChangeProposed { change { id } }
    ... on DomainError { code path }
  }
}`;
const APPROVE = `mutation ($input: ApproveRuleChangeInput!) {
  done: approveRuleChange(input: $input) {
    __typename
    ... on RuleChangeApproved { change { action state ruleSet { id values { code number } } } }
    ... on DomainError { code path }
  }
}`;

/** A rule set as it stands, with some numbers replaced: the input of a correction. */
export async function correctedSet(graph: TestGraph, id: string, numbers: Readonly<Record<string, number>>) {
  const { body, text } = await graph.query(
    'PUBLIC',
    '{ ruleSets { id kind name source effectiveFrom effectiveTo region values { code number unit } } }',
  );
  const sets = body.data?.['ruleSets'] as
    (Json & { id: string; values: { code: string; number: number; unit: string }[] })[] | undefined;
  const set = sets?.find((each) => each.id === id);
  if (!set) throw new Error(text);
  return { ...set, values: set.values.map((value) => ({ ...value, number: numbers[value.code] ?? value.number })) };
}

export const proposeCorrection = (graph: TestGraph, actor: string, ruleSet: Json): Promise<Json> =>
  keep(graph, actor, PROPOSE, { idempotencyKey: randomUUID(), action: 'CORRECT', ruleSet });
export const approve = (graph: TestGraph, actor: string, id: string): Promise<Json> =>
  keep(graph, actor, APPROVE, { idempotencyKey: randomUUID(), id });

/** The general penalty is published for six months at most, and not for twelve, as it was recorded. */
export async function correctMaximum(graph: TestGraph, months: number): Promise<void> {
  const ruleSet = await correctedSet(graph, 'NDRC-36', { MAXIMUM_GENERAL: months, PENALTY_GENERAL: months });
  const { change } = await proposeCorrection(graph, '1001', ruleSet);
  const approved = await approve(graph, '1002', (change as { id: string }).id);
  if (approved['__typename'] !== 'RuleChangeApproved') throw new Error(JSON.stringify(approved));
}

let runs = 0;

/**
 * Runs the recomputation as one instance does.
 * @param steps after which it is cut off, in the middle of a transaction; left out: it is not
 * @returns how many records became others
 */
export async function recompute(graph: TestGraph, steps = Infinity): Promise<number> {
  await using pool = createPool({
    url: graph.database.url,
    role: 'credit_disclosure',
    applicationName: 'recomputation',
    max: 4,
    statementTimeoutMs: 30_000,
  });
  let done = 0;
  runs += 1;
  const at = new Date(now().getTime() + runs * 60_000);
  // Each step takes the digest of a record that it changes, so the last one fails half way.
  const digest = createDigester([{ id: 'test', secret: Buffer.alloc(32, 7) }]);
  const run = createRecomputation({
    pool,
    rules: createRuleStore(pool),
    instants: createInstants(pool, 'disclosure'),
    digest: (canonical: string) => {
      if (++done > steps * 1000) throw new Error('cut off');
      return digest(canonical);
    },
    now: () => at,
  } as never);
  return await run.run();
}

const RUNS = '{ recomputations { finishedAt examined shortened withheld leftAsStated } }';
/** What the runs report, the latest first. */
export const runsOf = async (graph: TestGraph): Promise<unknown> =>
  (await graph.query('AUDITOR', RUNS)).body.data?.['recomputations'];

/** How many acts there are by version and end of publication, of those that are believed now. */
export const endsOf = (graph: TestGraph): Promise<unknown> =>
  graph.sql(
    `select version, public_until::text as until, count(*)::int as acts
     from disclosure.act where superseded_at = 'infinity' group by 1, 2 order by 1, 2`,
  );
