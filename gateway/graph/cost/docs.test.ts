import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OperationDefinitionNode, parse, validate } from 'graphql';
import { parseConfig } from '#kit/config.ts';
import { scalars } from '#kit/scalars.ts';
import { standardBudgets } from '#policy/budgets.ts';
import { apiSchema } from '#gateway/graph/engine/apiSchema.ts';
import { planningLimits } from '#gateway/graph/limits.ts';
import { coerceVariables } from '#gateway/graph/engine/variables.ts';
import { createCostGuard } from './costGuard.ts';
import { createHomes } from './homes.ts';
import { readWeights } from './weights.ts';

// docs/COST.md states the cost of its examples, and the costs are right.

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/COST.md'), 'utf8');
const supergraph = parse(readFileSync(join(root, 'gateway/supergraph.graphql'), 'utf8'), { noLocation: true });
const schema = apiSchema(supergraph, scalars);
const KEYS = `a:${Buffer.alloc(32, 1).toString('base64')}`;
const { cost: limit, answerBytes } = parseConfig({
  PASSPORT_KEYS: KEYS,
  CURSOR_KEYS: KEYS,
  DIGEST_KEYS: KEYS,
}).operationLimits;
const guard = createCostGuard({
  schema,
  weights: readWeights(supergraph),
  homes: createHomes(supergraph),
  limits: { cost: limit, ...planningLimits },
});

const examples = [...page.matchAll(/```graphql\n# costs (\d+)(?: with (\d+) of \$(\w+))?\n([\s\S]*?)```/g)].map(
  ([, cost, count, name, text = '']) => ({
    cost: Number(cost),
    variables: name ? { [name]: Array.from({ length: Number(count) }, () => 'x') } : {},
    text,
  }),
);

test.each(examples)('an example costs $cost', ({ cost, variables, text }) => {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  const operation = document.definitions[0] as OperationDefinitionNode;
  const coerced = coerceVariables(schema, operation, variables);
  if (coerced.errors) throw coerced.errors[0] as Error;
  expect(guard(operation, {}, coerced.variables, 1)).toEqual({ estimated: cost, limit });
});

test('there are examples, and the limits that the page names are those that hold', () => {
  expect(examples).toHaveLength(5);
  const { fetches, selections } = planningLimits;
  const cells = page.replaceAll(/ +\|/g, ' |'); // a table is padded to its widest cell
  for (const each of [limit, answerBytes, fetches, selections])
    expect(cells).toContain(`| ${each.toLocaleString('en').replaceAll(',', ' ')} |`);
});

test('every budget has room for the dearest operation, a province’s for 1000 batches of whole files an hour', () => {
  for (const { points } of Object.values(standardBudgets)) expect(points).toBeGreaterThan(limit);
  const { points, seconds } = standardBudgets.PROVINCIAL_PLATFORM;
  const ofABatch = examples.find(({ text }) => text.includes('judicialRecords'))?.cost ?? Number.NaN;
  expect((ofABatch * 1000 * seconds) / 3600).toBeLessThan(points);
});
