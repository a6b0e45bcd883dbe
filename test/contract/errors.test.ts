import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodes } from '#kit/errors.ts';

// docs/ERRORS.md is what clients branch by: it has every code and reason that the code can give, and none that it cannot.

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const sourcesOf = (pattern: string): string =>
  globSync(pattern, { cwd: root })
    .filter((file) => !/\.test\.ts$|\.generated\.ts$/.test(file))
    .map(read)
    .join('\n');

const document = read('docs/ERRORS.md');

/** The first column of a section's table. */
const listed = (heading: string): string[] => {
  const section = document.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1] ?? '').toSorted();
};

const found = (text: string, ...patterns: readonly RegExp[]): string[] =>
  [...new Set(patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? '')))].toSorted();

/** The members of a union of literals. */
const union = (text: string, name: string): string[] => found(new RegExp(`type ${name} =([^;]*);`).exec(text)?.[1] ?? '', /'(\w+)'/g);

const product = sourcesOf('{kit,gateway,subgraphs,policy,standards}/**/*.ts');

test('every code is explained', () => {
  expect(listed('Codes')).toEqual(errorCodes.toSorted());
});

test('every reason for which a token is refused is explained', () => {
  const reasons = union(read('gateway/auth/token.ts'), 'Reason');
  expect(reasons).toContain('AUDIENCE');
  expect(listed('Reasons of UNAUTHENTICATED')).toEqual(reasons);
});

test('every reason of bad input is explained', () => {
  const reasons = found(product, /badInput\([^,]+,\s*'([A-Z_]+)'/g, /\breason: '([A-Z_]+)'/g, /\breason: (?:'[A-Z_]+' \| )+'([A-Z_]+)'/g, /\breason: '[A-Z_]+' \| '([A-Z_]+)'/g);
  expect(reasons).toContain('PAGE_SIZE');
  expect([...listed('Reasons of BAD_USER_INPUT'), ...listed('Reasons of RATE_LIMITED')].toSorted()).toEqual(reasons);
});

test('every reason for which somebody has to wait is explained, and no other', () => {
  const limited = product.split('\n').flatMap((line) => (line.includes("'RATE_LIMITED'") || /^\s+reason: '[A-Z_]+', expected: `at most/.test(line) ? found(line, /\breason: '([A-Z_]+)'/g) : []));
  expect(listed('Reasons of RATE_LIMITED')).toEqual([...new Set(limited)].toSorted());
});

test('every code that is explained is given somewhere', () => {
  // A union of codes, and the list of all of them, give none.
  const given = found(
    product.replace(/export const errorCodes = \[[^\]]*\]/, ''),
    /\b(?:clientError|unavailable|error|finding|refusal)\('([A-Z_]+)'/g, /\bcode: '([A-Z_]+)'/g, /\brefuse\(\d+, '([A-Z_]+)'/g, /\bclientError\(error \? '([A-Z_]+)'/g, /\bcode: \w+ === '\w+' \? '([A-Z_]+)'/g,
    /, '([A-Z_]+)'\);?$/gm, /\? '([A-Z_]+)' : '[A-Z_]+'/g, /\? '[A-Z_]+' : '([A-Z_]+)'/g,
  );
  const explained = [...listed('Codes'), ...listed('Codes of the protocol')];
  expect(explained.filter((code) => !given.includes(code))).toEqual([]);
});

/** Why a record may not be filed, in whatever way it comes. */
const ofAdmission = found(read('kit/filing/admission.ts'), /\bcode: '([A-Z_]+)', message/g);

test('every code of a mutation’s result is explained', () => {
  const desk = sourcesOf('gateway/{desk,trustedDocuments}/*.ts');
  const subgraphs = sourcesOf('subgraphs/**/*.ts');
  const codes = found(`${desk}\n${subgraphs}`, /\binvalid\('([A-Z_]+)'/g, /__typename: 'Conflict', code: '([A-Z_]+)'/g, /return \{ code: '([A-Z_]+)', message/g, /\b(?:refuse|moved)\('([A-Z_]+)'/g);
  const ofRules = found(read('standards/ruleProposals.ts'), /\bproblem\('([A-Z_]+)'/g);
  expect(codes).toContain('PARTS_MISSING');
  expect(listed('Codes of mutation results')).toEqual([...new Set([...codes, ...ofRules, ...ofAdmission])].toSorted());
});

test('every code of a rejected row is explained', () => {
  const byDoors = found(sourcesOf('{kit/filing,subgraphs}/**/*.ts'), /column: [^\n]*code: '([A-Z_]+)'/g);
  const bySecondPerson = found(read('subgraphs/namelist/filedProposals.ts'), /\bcode: '([A-Z_]+)', message/g);
  const byForms = union(read('standards/forms/form.ts'), 'ProblemCode');
  expect(byForms).toContain('BAD_DATE');
  expect(listed('Codes of rejected rows')).toEqual([...new Set([...byForms, ...byDoors, ...ofAdmission, ...bySecondPerson])].toSorted());
});

test('every code of an error that the product writes itself is explained', () => {
  const everywhere = ['Codes', 'Codes of the protocol', 'Codes of mutation results', 'Codes of rejected rows'].flatMap(listed);
  const written = found(sourcesOf('{gateway,kit}/**/*.ts'), /\bclientError\('([A-Z_]+)'/g, /\brefusal\('([A-Z_]+)'/g, /\bcode: '([A-Z_]+)'/g);
  expect(written).toContain('CONFLICT');
  expect(written.filter((code) => !everywhere.includes(code))).toEqual([]);
});
