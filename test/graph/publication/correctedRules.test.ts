import type { TestGraph } from '#test/support/graph.ts';
import {
  approve,
  correctedSet,
  correctMaximum,
  endsOf,
  firstSubject,
  proposeCorrection,
  recompute,
  runsOf,
  startWithPenalties,
} from './correctedRuleSet.ts';
import { unit } from './rows.ts';

const COUNT = 2500;
let graph: TestGraph;
beforeAll(async () => {
  graph = await startWithPenalties(COUNT);
});
afterAll(() => graph[Symbol.asyncDispose]());

const ACTS = `query ($uscc: USCC!, $knownAt: DateTime) {
  creditFile(uscc: $uscc, knownAt: $knownAt) {
    knownAt
    administrativeActs(first: 1) { nodes { version publication { publicUntil } } }
  }
}`;
const read = async (knownAt: string | null = null) => {
  await graph.gateway.sources.refresh();
  const { body, text } = await graph.query('NATIONAL_CENTRE', ACTS, { uscc: firstSubject, knownAt });
  const file = body.data?.['creditFile'] as
    { knownAt: string; administrativeActs: { nodes: unknown[] } } | null | undefined;
  if (!file) throw new Error(text);
  return [file.knownAt, file.administrativeActs.nodes[0]] as const;
};

test('a correction keeps kind and region, says something, and takes two persons', async () => {
  const set = await correctedSet(graph, 'NDRC-36', { MAXIMUM_GENERAL: 6 });
  const refusals = [
    [await correctedSet(graph, 'NDRC-36', {}), 'NOTHING', ['input', 'ruleSet']],
    [{ ...set, id: 'NEVER-WAS' }, 'UNKNOWN_RULE_SET', ['input', 'ruleSet', 'id']],
    [{ ...set, kind: 'SEVERITY' }, 'UNKNOWN_RULE_SET', ['input', 'ruleSet', 'kind']],
    [{ ...set, region: '33' }, 'UNKNOWN_RULE_SET', ['input', 'ruleSet', 'region']],
    [{ ...set, source: ' ' }, 'MISSING', ['input', 'ruleSet', 'source']],
    [await correctedSet(graph, 'NDRC-36', { MAXIMUM_GENERAL: -1 }), 'RANGE', ['input', 'ruleSet', 'values']],
  ] as const;
  for (const [ruleSet, code, path] of refusals)
    expect(await proposeCorrection(graph, '1001', ruleSet)).toEqual({ __typename: 'InvalidInput', code, path });
  const { change } = await proposeCorrection(graph, '1001', set);
  expect(await approve(graph, '1001', (change as { id: string }).id)).toMatchObject({ code: 'SECOND_PERSON' });
  expect(await runsOf(graph)).toEqual([]);
});

test('what was computed by it is computed again; the run is cut off, goes on, and says what changed', async () => {
  // What the first release would compute again, before anything is corrected.
  expect(await recompute(graph)).toBe(0);
  const [before, act] = await read();
  expect(act).toEqual({ version: 1, publication: { publicUntil: '2027-07-01' } });

  await correctMaximum(graph, 6);
  await expect(recompute(graph, 1.5)).rejects.toThrow('cut off');
  expect(await endsOf(graph)).toEqual([
    { version: 1, until: '2027-07-01', acts: COUNT - 1000 },
    { version: 2, until: '2027-01-01', acts: 1000 },
  ]);
  expect(await recompute(graph)).toBe(COUNT - 1000);
  expect(await recompute(graph)).toBe(0);
  expect(await endsOf(graph)).toEqual([{ version: 2, until: '2027-01-01', acts: COUNT }]);
  expect(await runsOf(graph)).toEqual([
    { finishedAt: expect.any(String), examined: COUNT, shortened: COUNT, withheld: 0, leftAsStated: 0 },
    { finishedAt: expect.any(String), examined: COUNT, shortened: 0, withheld: 0, leftAsStated: 0 },
  ]);
  expect((await read())[1]).toEqual({ version: 2, publication: { publicUntil: '2027-01-01' } });
  expect((await read(before))[1]).toEqual({ version: 1, publication: { publicUntil: '2027-07-01' } });
});

test('a correction that would publish longer changes nothing: each act is a task of its unit', async () => {
  await correctMaximum(graph, 9);
  expect(await recompute(graph)).toBe(0);
  expect(await endsOf(graph)).toEqual([{ version: 2, until: '2027-01-01', acts: COUNT }]);
  expect(await runsOf(graph)).toMatchObject([{ examined: COUNT, shortened: 0, leftAsStated: COUNT }, {}, {}]);
  const LEFT = `query ($unit: USCC!, $outcome: RecomputationOutcome!) {
    recomputedActs(unit: $unit, outcome: $outcome, first: 1) {
      totalCount { value }
      nodes { version publication { publicUntil } }
    }
  }`;
  const ask = async (role: 'DETERMINING_UNIT' | 'SECTOR_REGULATOR' | 'PUBLIC', outcome: string) => {
    const { body } = await graph.query(role, LEFT, { unit, outcome });
    return [body.data?.['recomputedActs'], body.errors?.map(({ extensions }) => extensions['code'])];
  };
  expect(await ask('DETERMINING_UNIT', 'LEFT_AS_STATED')).toEqual([
    { totalCount: { value: COUNT }, nodes: [{ version: 2, publication: { publicUntil: '2027-01-01' } }] },
    undefined,
  ]);
  expect(await ask('DETERMINING_UNIT', 'SHORTENED')).toEqual([{ totalCount: { value: 0 }, nodes: [] }, undefined]);
  for (const role of ['SECTOR_REGULATOR', 'PUBLIC'] as const)
    expect(await ask(role, 'LEFT_AS_STATED')).toEqual([null, ['UNAUTHORIZED_FIELD_OR_TYPE']]);
});
