import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import penaltyCategories from '#standards/data/penaltyCategories.json' with { type: 'json' };
import { penaltyPublication, type PublicationKind, publicationTerm } from '#standards/publicationTerms.ts';
import { ruleProblem } from '#standards/ruleProposals.ts';
import { publicationDueDate, type PublicationDuty, releasedRules, type Rules } from '#standards/ruleSets.ts';

// A decision can change every value that the code looks up, and the code looks up every value that a decision can set:
// a value that only one of the two knows would have no effect, and nobody would find out why.

const root = join(import.meta.dirname, '../..');
const DAY = '2026-12-01';

/**
 * Every call of `find` and `nearest` in the product: its kind, its code where that is written out, and whether it asks
 * for a region.
 */
const lookups = globSync('{kit,records,gateway,subgraphs,standards}/**/*.ts', { cwd: root })
  .filter((file) => !/\.test\.ts$|\.generated\.ts$/.test(file))
  .flatMap((file) => [
    ...readFileSync(join(root, file), 'utf8').matchAll(
      /\.(?:find|nearest)\('([A-Z_]+)', (?:'([A-Z_]+)'|\w+), ([^)]*)\)/g,
    ),
  ])
  .map(([, kind = '', code = null, when = '']) => ({ kind, code, byRegion: when.endsWith(', region') }));

/** The codes that are made up when they are looked up, by looking up all there can be. */
const computed = ((): Set<string> => {
  const asked = new Set<string>();
  const recorded =
    (lookup: Rules['find']): Rules['find'] =>
    (kind, code, ...when) => {
      asked.add(`${kind} ${code}`);
      return lookup(kind, code, ...when);
    };
  const rules: Rules = {
    ...releasedRules,
    find: recorded(releasedRules.find),
    nearest: recorded(releasedRules.nearest),
  };
  const kinds: Record<PublicationKind, null> = {
    PENALTY_MINOR: null,
    PENALTY_GENERAL: null,
    PENALTY_SERIOUS: null,
    COMPULSION: null,
    CONFIRMATION: null,
    LEVY: null,
    PAYMENT: null,
    ADJUDICATION: null,
    COMPENSATION: null,
    REWARD: null,
    INSPECTION: null,
    COMMITMENT: null,
    JUDICIAL: null,
    COMPLAINT: null,
  };
  const duties: Record<PublicationDuty, null> = { MANDATORY: null, PROMOTED: null };
  for (const kind of Object.keys(kinds) as PublicationKind[]) publicationTerm(rules, kind, DAY);
  const severities = [['WARNING'], ['FINE'], penaltyCategories.items.map(({ code }) => code)];
  for (const categories of severities)
    for (const isMarket of [true, false])
      for (const fineFen of [null, '1'])
        for (const procedure of ['SIMPLE', null]) {
          const facts = { decidedOn: DAY, categories, procedure, fineFen, region: null, isMarket };
          penaltyPublication(rules, facts, DAY, null, DAY);
        }
  for (const duty of Object.keys(duties) as PublicationDuty[]) publicationDueDate(rules, DAY, duty);
  return asked;
})();

const proposed = (kind: string, code: string, region: string | null = null) =>
  ruleProblem(
    releasedRules,
    {
      action: 'ADD',
      ruleSet: {
        id: 'EXAMPLE',
        kind,
        name: '示例',
        source: '示例',
        effectiveFrom: DAY,
        effectiveTo: null,
        region,
        values: { [code]: [1, 'FLAG'] },
      },
    },
    DAY,
  )?.code;

test('every code that is looked up can be decided', () => {
  const codes = [...computed, ...lookups.flatMap(({ kind, code }) => (code === null ? [] : [`${kind} ${code}`]))];
  expect(codes).toEqual(
    expect.arrayContaining([
      'CONSENT MAX_DAYS',
      'FEED RETENTION_DAYS',
      'FILING PROMISED_DELAY',
      'MARKET_REPAIR END_NEEDS_PERFORMANCE_GENERAL',
      'PUBLICATION_TERM MAXIMUM_SERIOUS',
      'SEVERITY FINE',
      'WITHDRAWAL WITHDRAW_WITHIN',
    ]),
  );
  const refused = codes.filter((each) =>
    ['UNKNOWN_RULE_KIND', 'UNKNOWN_RULE'].includes(proposed(...(each.split(' ') as [string, string])) ?? ''),
  );
  expect(refused).toEqual([]);
});

test('a computed code is one of those listed here, or of a kind whose rule sets have it', () => {
  const kinds = new Set(lookups.filter(({ code }) => code === null).map(({ kind }) => kind));
  expect([...kinds].filter((kind) => ![...computed].some((each) => each.startsWith(`${kind} `)))).toEqual([
    'RETENTION',
  ]);
});

test('a kind has pilots when every look-up of it asks for a region, and none when no one does', () => {
  const kinds = [...new Set(lookups.map(({ kind }) => kind))].toSorted();
  expect(kinds).toEqual([
    'CONSENT',
    'FEED',
    'FILING',
    'MARKET_REPAIR',
    'PUBLICATION_DUTY',
    'PUBLICATION_TERM',
    'RETENTION',
    'SEVERITY',
    'WITHDRAWAL',
  ]);
  const asks = kinds.map((kind) => [
    kind,
    [...new Set(lookups.flatMap((each) => (each.kind === kind ? [each.byRegion] : [])))],
  ]);
  expect(asks).toEqual(kinds.map((kind) => [kind, [proposed(kind, 'ANY', '33') !== 'NO_PILOT']]));
});
