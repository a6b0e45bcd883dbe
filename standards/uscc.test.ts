import { checkIdentifier, findIdentifierScheme, identifierSchemes } from './identifierSchemes.ts';
import { isRegistrationNumber, registrationNumberCheck } from './registrationNumber.ts';
import { organisationCategoryName } from './registrationDepartments.ts';
import { isResidentId } from './residentId.ts';
import { checkUscc, composeUscc, organisationCodeCheck, usccCheckCharacter } from './uscc.ts';

const WIDELY_PUBLISHED = [
  '914403001922038216',
  '91440300192317458F',
  '9144030071526726XG',
  '91350900587527783P',
  '91440300708461136T',
  '9144030010001686XA',
  '91330100716105852F',
  '91440606722473344C',
  '91330100799655058B',
  '91440400192548256N',
  '91110000710925462X',
  '9144030027939873X7',
  '91110000710926094P',
  '91310000132260250X',
  '91100000100003962T',
  '91310000631696382C',
  '911100001000044477',
  '91370200264574251E',
  '911000001000013428',
  '91440300192181490G',
  '911100001000054748',
  '9152000071430580XT',
  '9131000010000595XD',
  '91440300100012316L',
  '9131000013221158XC',
  '914403001017814402',
  '91110108551385082Q',
  '9111000071093123XX',
  '12100000470095016Q',
  '12100000400000624D',
  '11320100MB1886843H',
  '11230500001755309F',
];

const SYNTHETIC = [
  '91110105MA0EEE1197',
  '92440305MA5EEE222Y',
  '93330106MA2EEE3316',
  '51310000MJ0EEE445K',
  '12500000MB1EEE5523',
  '11650100MB0EEE665G',
  '52420100MJ1EEE770B',
];

test.each([...WIDELY_PUBLISHED, ...SYNTHETIC])('%s is valid without a warning', (code) => {
  expect(checkUscc(code)).toEqual({ status: 'VALID', uscc: code, warnings: [] });
});

test.each(['91310000631295002H', '913100001322041051'])('%s is kept although its inner digit is wrong', (code) => {
  expect(checkUscc(code)).toEqual({ status: 'VALID', uscc: code, warnings: ['ORGANISATION_CODE'] });
});

test('an unknown division and an unknown category only warn', () => {
  const code = composeUscc('99999999', 'MA0EEE11');
  expect(checkUscc(code)).toEqual({ status: 'VALID', uscc: code, warnings: ['DIVISION', 'CATEGORY'] });
});

test('a wrong check character says which one was expected', () => {
  expect(checkUscc('914403001922038217')).toEqual({
    status: 'INVALID',
    reason: 'CHECK_CHARACTER',
    message: 'The check character (position 18) is "7"; the first 17 characters ask for "6". One of the 18 is wrong.',
    expected: '6',
  });
});

test.each([
  ['I14403001922038216', 1, 'I', '1'],
  ['914403001O22038216', 10, 'O', '0'],
  ['91440300192203821Z', 18, 'Z', '2'],
])('a look-alike letter in %s is named and suggested, never mapped', (code, position, character, suggestion) => {
  expect(checkUscc(code)).toEqual({
    status: 'INVALID',
    reason: 'ALPHABET',
    message:
      `Position ${position} is "${character}"; ` +
      `a code has digits and capital letters without I, O, S, V, Z. Did you mean "${suggestion}"?`,
    position,
  });
});

test('a character outside the basic plane counts as one', () => {
  expect(checkUscc('91440300192203821😀')).toEqual({
    status: 'INVALID',
    reason: 'ALPHABET',
    message: 'Position 18 is "😀"; a code has digits and capital letters without I, O, S, V, Z.',
    position: 18,
  });
  expect(checkUscc('9144030019220382😀')).toMatchObject({ status: 'INVALID', reason: 'LENGTH' });
});

test.each(['00000000000000000X', '000000000000000000', '0000 0000-0000000000'])(
  'seventeen zeros (%s) are a code that was not known',
  (code) => {
    expect(checkUscc(code)).toEqual({
      status: 'MISSING',
      reason: 'PLACEHOLDER',
      message: 'Seventeen zeros stand for a code that was not known.',
    });
  },
);

test.each(['', '   ', '\u3000', '-'])('nothing written (%j) is missing', (input) => {
  expect(checkUscc(input)).toEqual({ status: 'MISSING', reason: 'EMPTY', message: 'No code was given.' });
});

test.each([
  '９１４４０３００７１５２６７２６ＸＧ',
  ' 9144030071526726xg\n',
  '914403-0071526726 XG',
  '\ufeff9144030071526726XG',
])('%j is the same code', (input) => {
  expect(checkUscc(input)).toEqual({ status: 'VALID', uscc: '9144030071526726XG', warnings: [] });
});

function lengthMessage(input: string): unknown {
  const check = checkUscc(input);
  return check.status === 'INVALID' && check.reason === 'LENGTH' ? check.message : check;
}

test('a wrong length is distinguished from an older identifier', () => {
  expect(lengthMessage('9')).toBe('The code has 1 character; a Unified Social Credit Code has 18.');
  expect(lengthMessage('9144030019220382160')).toBe('The code has 19 characters; a Unified Social Credit Code has 18.');
  expect(lengthMessage('110108000000016')).toBe(
    'The code has 15 characters; a Unified Social Credit Code has 18. ' +
      'Fifteen digits may be an old registration number (工商注册号).',
  );
  expect(lengthMessage('71526726-X')).toBe(
    'The code has 9 characters; a Unified Social Credit Code has 18. ' +
      'Nine characters may be an organisation code (组织机构代码).',
  );
});

test('one wrong character among 18 is always found', () => {
  for (let position = 0; position < 18; position++) {
    for (const symbol of '0123456789ABCDEFGHJKLMNPQRTUWXY') {
      const code = WIDELY_PUBLISHED[0] ?? '';
      const changed = code.slice(0, position) + symbol + code.slice(position + 1);
      expect(checkUscc(changed).status).toBe(changed === code ? 'VALID' : 'INVALID');
    }
  }
});

test('check characters are computed as the standards print them', () => {
  expect(usccCheckCharacter('91440300192203821')).toBe('6');
  expect(usccCheckCharacter('9144030071526726X')).toBe('G');
  expect(usccCheckCharacter('00000000000000000')).toBe('0');
  expect(organisationCodeCheck('71526726')).toBe('X');
  expect(organisationCodeCheck('19220382')).toBe('1');
  expect(organisationCodeCheck('13226025')).toBe('0');
  expect(() => usccCheckCharacter('9144')).toThrow(RangeError);
  expect(() => usccCheckCharacter('I1440300192203821')).toThrow(RangeError);
  expect(() => organisationCodeCheck('7152672中')).toThrow(RangeError);
});

test('a category is named from the first two characters', () => {
  expect(organisationCategoryName('91')).toBe('企业');
  expect(organisationCategoryName('12')).toBe('事业单位');
  expect(organisationCategoryName('99')).toBeNull();
});

test('the old registration number has its own check digit', () => {
  expect(isRegistrationNumber('110108000000016')).toBe(true);
  expect(isRegistrationNumber('440301103097413')).toBe(true);
  expect(isRegistrationNumber('330108000014576')).toBe(false);
  expect(isRegistrationNumber('11010800000001')).toBe(false);
  expect(registrationNumberCheck('11010800000001')).toBe('6');
  expect(() => registrationNumberCheck('1101')).toThrow(RangeError);
});

test('a person’s number is recognised, to keep it out', () => {
  expect(isResidentId('11010519491231002X')).toBe(true);
  expect(isResidentId('440524188001010014')).toBe(true);
  expect(isResidentId('110105194912310021')).toBe(false);
  expect(isResidentId('914403001922038216')).toBe(false);
});

test('identifiers of every scheme are normalised, and a wrong check digit only warns', () => {
  expect(identifierSchemes.map((scheme) => scheme.code)).toEqual([
    'USCC',
    'REGISTRATION_NUMBER',
    'ORGANISATION_CODE',
    'TAX_NUMBER',
    'INSTITUTION_CERTIFICATE',
    'SOCIAL_ORGANISATION_CERTIFICATE',
  ]);
  expect(findIdentifierScheme('ORGANISATION_CODE')?.name).toBe('组织机构代码');
  expect(findIdentifierScheme('PASSPORT')).toBeNull();
  expect(checkIdentifier('ORGANISATION_CODE', '71526726-x')).toEqual({
    status: 'VALID',
    value: '71526726X',
    warning: false,
  });
  expect(checkIdentifier('ORGANISATION_CODE', '71526726-1')).toEqual({
    status: 'VALID',
    value: '715267261',
    warning: true,
  });
  expect(checkIdentifier('REGISTRATION_NUMBER', '330108000014576')).toEqual({
    status: 'VALID',
    value: '330108000014576',
    warning: true,
  });
  expect(checkIdentifier('REGISTRATION_NUMBER', '')).toEqual({ status: 'MISSING' });
  expect(checkIdentifier('REGISTRATION_NUMBER', '33010800001457')).toEqual({
    status: 'INVALID',
    reason: 'FORM',
    message:
      'The value has 14 characters and is not in the form of a ' +
      'Registration number of industry and commerce (GS 15-2006).',
  });
  expect(checkIdentifier('PASSPORT', 'E1')).toMatchObject({ status: 'INVALID', reason: 'SCHEME' });
});
