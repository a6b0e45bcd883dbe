import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodes } from '#kit/errors.ts';
import { type Family, readGivenCodes } from '#test/support/givenCodes.ts';

// docs/ERRORS.md is what clients branch by: it has every code and reason that the product can give, and none that it
// cannot.

const root = join(import.meta.dirname, '../..');
const document = readFileSync(join(root, 'docs/ERRORS.md'), 'utf8');

/** The first column of a section's table. */
const wordsUnder = (heading: string): string[] => {
  const section = document.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `(\w+)` +\|/gm)].map((match) => match[1] ?? '').toSorted();
};

const given = readGivenCodes(root);

/** In which of two sets a word is missing, and where the other one has it. */
function differences(explained: readonly string[], words: ReadonlyMap<string, string>): string[] {
  return [
    ...explained
      .filter((word) => !words.has(word))
      .map((word) => `${word} stands in docs/ERRORS.md, and nothing gives it`),
    ...[...words]
      .filter(([word]) => !explained.includes(word))
      .map(([word, place]) => `${word} is given at ${place}, and docs/ERRORS.md does not explain it`),
  ];
}

// A text that is not in its form has the code of a rejected row, also in a mutation's result and in a refused part.
const OF_ROWS = ['BAD_FORM'];

test.each<[family: Family, sections: readonly string[], elsewhere: readonly string[]]>([
  ['error', ['Codes', 'Codes of the protocol'], []],
  ['reason of UNAUTHENTICATED', ['Reasons of UNAUTHENTICATED'], []],
  ['reason of RATE_LIMITED', ['Reasons of RATE_LIMITED'], []],
  ['reason of BAD_USER_INPUT', ['Reasons of BAD_USER_INPUT'], OF_ROWS],
  ['mutation', ['Codes of mutation results'], OF_ROWS],
  ['row', ['Codes of rejected rows'], []],
])('%s: what is given is what docs/ERRORS.md explains', (family, sections, elsewhere) => {
  const explained = sections.flatMap(wordsUnder);
  expect(explained.length).toBeGreaterThan(3);
  const words = given.words.get(family) ?? new Map<string, string>();
  expect(differences([...explained, ...elsewhere], words)).toEqual([]);
  expect(wordsUnder('Codes of rejected rows')).toEqual(expect.arrayContaining([...elsewhere]));
});

test('the codes of the graph are those that clients are given the type of', () => {
  expect(wordsUnder('Codes')).toEqual(errorCodes.toSorted());
});

test('no section explains a word twice', () => {
  const sections = [...document.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading);
  const twice = sections.flatMap((heading) =>
    wordsUnder(heading)
      .filter((word, at, words) => words.indexOf(word) !== at)
      .map((word) => `${heading}: ${word}`),
  );
  expect(twice).toEqual([]);
});

test('every code and reason of the product can be read', () => {
  const known = [
    // A watchlist's item has the reason of the check of its code, under another name on its way.
    /\bwatchlists\b.*: refused$/,
    // A number of OpenTelemetry.
    /\botlp\.ts:\d+: SpanStatusCode\.ERROR$/,
  ];
  expect(given.unread.filter((each) => !known.some((pattern) => pattern.test(each)))).toEqual([]);
});

test('codes and reasons are found in whatever way they are written', () => {
  const { words, unread } = readGivenCodes(
    root,
    new Map([
      [
        'kit/example.ts',
        `
        type Options = { extensions: Record<string, unknown> };
        declare class Failure extends Error { constructor(message: string, options: Options) }
        declare const isLate: boolean, name: string, check: { reason: 'OF_TYPE_A' | 'OF_TYPE_B' };
        const CONSTANT = "OF_CONSTANT";
        const fail = (code: string, message: string, details: { reason?: string } = {}) =>
          new Failure(message, { extensions: { code, ...details } });
        function refuse(status: number, code: 'OF_UNION_USED' | 'OF_UNION_UNUSED') { return fail(code, 'x'); }
        const problem: (column: string, code: string) => object = (column, code) => ({ column, code, message: 'x' });
        export class Refused { value; constructor(code: string) { this.value = { code, message: 'x', path: [] } } }
        export const all = [
          fail(isLate ? "OF_CHOICE_A" : \`OF_CHOICE_B\`, 'x'),
          fail(CONSTANT, 'x'),
          refuse(400, 'OF_UNION_USED'),
          { extensions: { 'code': ('OF_QUOTED_NAME' as string) ?? 'x' } },
          { status: 500, code: 'OF_STATUS', message: 'x' },
          problem('a', 'OF_FUNCTION_TYPE'),
          new Refused('OF_CLASS'),
          fail('RATE_LIMITED', 'x', { reason: 'REASON_RATE' }),
          fail('BAD_USER_INPUT', 'x', { reason: check.reason }),
          { extensions: { code: 'UNAUTHENTICATED', reason: 'REASON_TOKEN' } },
          { code: 'OF_LIST', name: 'an entry of a code list' },
          { code: 'OF_NOTHING_KNOWN' },
          { extensions: { code: name.trim() } },
        ];
        const error: any = new Error();
        error.extensions['code'] = 'OF_ASSIGNMENT';`,
      ],
    ]),
  );
  const wordsOf = (family: Family): string[] => [...(words.get(family)?.keys() ?? [])].toSorted();
  expect({
    error: wordsOf('error'),
    mutation: wordsOf('mutation'),
    row: wordsOf('row'),
    tokens: wordsOf('reason of UNAUTHENTICATED'),
    limits: wordsOf('reason of RATE_LIMITED'),
    input: wordsOf('reason of BAD_USER_INPUT'),
  }).toEqual({
    error: [
      'BAD_USER_INPUT',
      'OF_CHOICE_A',
      'OF_CHOICE_B',
      'OF_CONSTANT',
      'OF_QUOTED_NAME',
      'OF_STATUS',
      'OF_UNION_USED',
      'RATE_LIMITED',
      'UNAUTHENTICATED',
    ],
    mutation: ['OF_CLASS'],
    row: ['OF_FUNCTION_TYPE'],
    tokens: ['REASON_TOKEN'],
    limits: ['REASON_RATE'],
    input: ['OF_TYPE_A', 'OF_TYPE_B'],
  });
  expect(unread.map((each) => each.replace(/^kit\/example\.ts:\d+: /, ''))).toEqual([
    '{code}',
    'name.trim()',
    "error.extensions['code'] = 'OF_ASSIGNMENT'",
  ]);
});
