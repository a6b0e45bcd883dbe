import { codeCheckOn, issuedCodesProblem, MAX_ISSUED_CODES } from './issuedCodes.ts';
import { changedRules, releasedRules, type RuleSet } from './ruleSets.ts';
import { composeUscc } from './uscc.ts';

const misprinted = (at: number): string => {
  const code = composeUscc('91330106', `MA9EJ${String(at).padStart(3, '0')}`);
  return code.slice(0, 17) + (code.endsWith('1') ? '2' : '1');
};

const set = (id: string, codes: readonly string[], more: Partial<RuleSet> = {}): RuleSet => ({
  id,
  kind: 'ISSUED_CODE',
  name: '示例',
  source: '示例登记机关 核实函',
  effectiveFrom: '2026-12-01',
  effectiveTo: '2027-01-01',
  region: null,
  values: Object.fromEntries(codes.map((code) => [code, [1, 'FLAG'] as const])),
  ...more,
});
const rulesWith = (...sets: readonly RuleSet[]) =>
  changedRules(
    releasedRules,
    sets.map((ruleSet) => ({ action: 'ADD', ruleSet })),
  );

test('a listed code is valid with a warning while its set is in force, and on no other day', () => {
  const code = misprinted(1);
  const rules = rulesWith(set('ONE', [code]), set('LATER', [code], { effectiveFrom: '2027-02-01', effectiveTo: null }));
  const onDay = (day: string) => codeCheckOn(rules, day)(` ${code.toLowerCase()} `);
  const valid = { status: 'VALID', uscc: code, warnings: ['CHECK_CHARACTER'] };
  const invalid = { status: 'INVALID', reason: 'CHECK_CHARACTER' };
  expect(onDay('2026-11-30')).toMatchObject(invalid);
  expect(onDay('2026-12-01')).toEqual(valid);
  expect(onDay('2026-12-31')).toEqual(valid);
  expect(onDay('2027-01-01')).toMatchObject(invalid);
  expect(onDay('2027-02-01')).toEqual(valid);
});

test('only the check character is excused, and only that of the code that is listed', () => {
  const code = misprinted(1);
  const check = codeCheckOn(rulesWith(set('ONE', [code])), '2026-12-01');
  const reasonOf = (input: string): string | undefined => {
    const checked = check(input);
    return checked.status === 'INVALID' ? checked.reason : checked.status;
  };
  expect([
    reasonOf(code.slice(1)),
    reasonOf(`${code.slice(0, 17)}I`),
    reasonOf(misprinted(2)),
    reasonOf(code.slice(0, 17) + (code.endsWith('3') ? '4' : '3')),
  ]).toEqual(['LENGTH', 'ALPHABET', 'CHECK_CHARACTER', 'CHECK_CHARACTER']);
});

test('all sets together list a thousand codes, those of past sets included', () => {
  const sets = Array.from({ length: MAX_ISSUED_CODES / 50 }, (_, of) =>
    set(
      `SET-${of}`,
      Array.from({ length: 50 }, (__, at) => misprinted(of * 50 + at)),
    ),
  );
  expect(issuedCodesProblem(rulesWith(...sets.slice(1)), sets[0] as RuleSet)).toBeNull();
  expect(issuedCodesProblem(rulesWith(...sets), set('MORE', [misprinted(1)]))).toEqual({
    code: 'TOO_MANY',
    message: 'All sets of kind ISSUED_CODE list at most 1000 codes; 1000 are listed already.',
    path: ['ruleSet', 'values'],
  });
});
