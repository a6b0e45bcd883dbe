import { findPurpose } from '#standards/purposes.ts';
import { mayNamePurpose, purposesByRole } from './purposes.ts';
import { roles } from './roles.ts';

test('every purpose of a role is in the catalogue, once', () => {
  for (const role of roles) {
    const codes: readonly string[] = purposesByRole[role];
    expect([role, codes.filter((code) => findPurpose(code) === null), codes.length - new Set(codes).size]).toEqual([
      role,
      [],
      0,
    ]);
  }
});

test('a role that reads no data about anybody, or what is public alone, names none; every other names some', () => {
  expect(roles.filter((role) => purposesByRole[role].length === 0)).toEqual(['PUBLIC', 'RULE_KEEPER', 'OPERATOR']);
});

test('no role reads for a purpose of another', () => {
  expect(roles.filter((role) => mayNamePurpose(role, 'AUDIT'))).toEqual(['AUDITOR', 'NATIONAL_CENTRE']);
  expect(roles.filter((role) => mayNamePurpose(role, 'POST_LOAN'))).toEqual(['FINANCIAL_INSTITUTION']);
  expect(roles.filter((role) => mayNamePurpose(role, 'OWN_FILE'))).toEqual(['SUBJECT']);
  for (const code of ['', 'MADE_UP', 'constructor', 'length'])
    expect(roles.filter((role) => mayNamePurpose(role, code))).toEqual([]);
});
