import { derivedIdentifiers, organisationCodeOf } from './identifierSchemes.ts';
import { composeUscc } from './uscc.ts';

const uscc = composeUscc('91330106', 'MA5EEE19');

test('an organisation code is characters 9 to 17 of a code', () => {
  expect(organisationCodeOf(uscc)).toMatch(/^MA5EEE19[0-9X]$/);
});

test.each([
  ['a code', uscc, { scheme: 'USCC', value: uscc }],
  ['division and organisation code', '33010671526726X', { scheme: 'ORGANISATION_CODE', value: '71526726X' }],
])('a tax number that is %s names what that names, too', (_, value, derived) => {
  expect(derivedIdentifiers({ scheme: 'TAX_NUMBER', value })).toEqual([{ scheme: 'TAX_NUMBER', value }, derived]);
});

test.each([
  ['TAX_NUMBER', `${uscc.slice(0, 17)}${uscc.endsWith('0') ? '1' : '0'}`],
  ['TAX_NUMBER', '33010671526726Y'],
  ['TAX_NUMBER', '3301067152672600'],
  ['REGISTRATION_NUMBER', '330106715267260'],
  ['ORGANISATION_CODE', '71526726X'],
])('the %s %s names nothing but itself', (scheme, value) => {
  expect(derivedIdentifiers({ scheme, value })).toEqual([{ scheme, value }]);
});
