import fc from 'fast-check';
import { organisationCodeCheck, composeUscc } from './uscc.ts';
import { findPersonalData, maskSpans, type PersonalDataOptions } from './personalData.ts';
import { isPersonNumber } from './personalNumbers.ts';
import { registrationNumberCheck } from './registrationNumber.ts';

/** The text with all personal data masked, and which numbers were; null where there is nothing of any kind. */
function maskPersonalNumbers(text: string, options?: PersonalDataOptions) {
  const spans = findPersonalData(text, options);
  if (spans.length === 0) return null;
  const has = (sought: string): boolean => spans.some(({ kind }) => kind === sought);
  return {
    text: maskSpans(text, spans),
    hasIdentityNumber: has('IDENTITY_NUMBER'),
    hasTelephone: has('TELEPHONE'),
  };
}

const stars = (count: number): string => '*'.repeat(count);
const masked = (text: string, options?: PersonalDataOptions): string =>
  maskPersonalNumbers(text, options)?.text ?? text;

test.each([
  ['18 characters', '负责人（11010519491231002X）在场', `负责人（${stars(18)}）在场`],
  ['a small x', '身份证11010519491231002x', `身份证${stars(18)}`],
  ['full width', '身份证１１０１０５１９４９１２３１００２Ｘ。', `身份证${stars(18)}。`],
  ['in groups', '证件号码 110105 19491231 002X', `证件号码 ${stars(20)}`],
  ['with hyphens', '110105-19491231-002X', stars(20)],
  ['two of them', '11010519491231002X、440524188001010014', `${stars(18)}、${stars(18)}`],
  ['one digit wrong', '身份证号110105194912310021', `身份证号${stars(18)}`],
  ['after its word', 'ID11010519491231002X', `ID${stars(18)}`],
  ['a child’s', '童工身份证号330106202609180001', `童工身份证号${stars(18)}`],
  ['15 digits', '当事人身份证号110105491231002', `当事人身份证号${stars(15)}`],
  ['15 digits without a word before', '李某，110105491231003，男', `李某，${stars(15)}，男`],
])('an identity number is masked: %s', (_, text, expected) => {
  expect(maskPersonalNumbers(text)).toEqual({ text: expected, hasIdentityNumber: true, hasTelephone: false });
});

test.each([
  ['a mobile', '联系13800138000。', `联系${stars(11)}。`],
  ['in groups', '138 0013 8000', stars(13)],
  ['with hyphens', '138-0013-8000', stars(13)],
  ['in groups of another kind', '138-001-38000', stars(13)],
  ['with the country', '请致电+86 13800138000或+86-138-0013-8000', `请致电${stars(15)}或${stars(17)}`],
  ['with the country, no plus', '008613800138000', stars(15)],
  ['full width', '电话：１３８００１３８０００', `电话：${stars(11)}`],
  ['two', '13800138000/13900139000', `${stars(11)}/${stars(11)}`],
  ['two with a comma', '13800138000,13900139000', `${stars(11)},${stars(11)}`],
  ['after a hyphen', '张某-2-13800138000', `张某-2-${stars(11)}`],
  ['after its word', 'tel13800138000', `tel${stars(11)}`],
  ['a landline', '投诉电话010-62345678', `投诉电话${stars(12)}`],
  ['a landline in brackets', '（0571）8765 4321', stars(15)],
  ['a landline without a hyphen', '座机057187654321转8001', `座机${stars(12)}转8001`],
  ['seven digits', '0898-6234567', stars(12)],
  ['a landline with the country', '+86 571 8765 4321', stars(17)],
  ['followed by 号, said to be one', '手机13800138000号', `手机${stars(11)}号`],
])('a telephone number is masked: %s', (_, text, expected) => {
  expect(maskPersonalNumbers(text)).toEqual({ text: expected, hasIdentityNumber: false, hasTelephone: true });
});

test('both in one text', () => {
  for (const between of ['，', ',', '、', '/', '-', ' '])
    expect(masked(`440524188001010014${between}13800138000`)).toBe(`${stars(18)}${between}${stars(11)}`);
  expect(maskPersonalNumbers('张某，11010519491231002X，13800138000')).toEqual({
    text: `张某，${stars(18)}，${stars(11)}`,
    hasIdentityNumber: true,
    hasTelephone: true,
  });
});

test.each([
  '京市监罚〔2026〕13800138000号',
  '罚款13800138000元',
  '人民币13800138000',
  '13800138000.50',
  '注册资本13800138000万元',
  '合同编号138-2026-0001',
  '编号2026-138-0001-8000',
  '0571-20260918',
  '2026-09-18至2027-09-18',
  '2026年9月18日10时30分，编号330106202609180001',
  '许可证编号JY13301060012345',
  '注册号110105491231003',
  '统一社会信用代码911100001000044477',
  '序列号AB13800138000',
])('%s stays as it is', (text) => {
  expect(maskPersonalNumbers(text)).toBeNull();
});

test('in a column of numbers only what holds the check of an identity number is masked', () => {
  expect(masked('13800138000', { isNumber: true })).toBe('13800138000');
  expect(masked('110105491231003', { isNumber: true })).toBe('110105491231003');
  expect(masked('11010519491231002X', { isNumber: true })).toBe(stars(18));
  expect(masked('110105194912310021', { isNumber: true })).toBe('110105194912310021');
  expect(masked('110105491231003', { before: '注册号' })).toBe('110105491231003');
});

// What surrounds a number in a sentence.
const words = fc.constantFrom('', '当事人', '经查，', '（', '：', ' ', '联系人张某', '编号为', '，', '。');
const digits = (count: number) =>
  fc.integer({ min: 0, max: 10 ** count - 1 }).map((number) => String(number).padStart(count, '0'));
const day = fc
  .date({ min: new Date('1990-01-01'), max: new Date('2035-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const division = fc.constantFrom(
  '110105',
  '330106',
  '440305',
  '310000',
  '650100',
  '500103',
  '522301',
  '330119',
  '120119',
);

const survivors = {
  'a code of an entity': fc
    .tuple(
      fc.constantFrom('91', '92', '93', '51', '12', '11', '13', '52', '53', '31', '41', '54'),
      fc.constantFrom('110105', '330106', '440305', '310000'),
      digits(8),
    )
    .map(([kind, place, body]) => composeUscc(kind + place, body)),
  'a registration number': fc.tuple(division, fc.integer({ min: 0, max: 2 }), digits(7)).map(([place, first, rest]) => {
    const first14 = `${place}${first}${rest}`;
    return first14 + registrationNumberCheck(first14);
  }),
  'a tax number of 15 digits': fc
    .tuple(division, digits(8))
    .map(([place, body]) => place + body + organisationCodeCheck(body)),
  'a document number': fc
    .tuple(
      fc.constantFrom('京市监罚', '(浙)税许', '示例'),
      fc.constantFrom('〔2026〕', '[2025]', '【2024】'),
      fc.integer({ min: 1, max: 99_999_999 }),
    )
    .map(([word, year, number]) => `${word}${year}${number}号`),
  'a day': day,
  'a day in slashes': day.map((each) => each.replaceAll('-', '/')),
  'two days': fc.tuple(day, day).map(([from, to]) => `${from}至${to}`),
  'a period in digits': fc.tuple(day, day).map(([from, to]) => `${from.replaceAll('-', '')}-${to.replaceAll('-', '')}`),
  'an amount': fc
    .tuple(fc.integer({ min: 0, max: 99_999_999_999 }), fc.constantFrom('元', '万元', '亿元'))
    .map(([amount, unit]) => `${amount}${unit}`),
  'an amount with decimals': fc
    .tuple(fc.integer({ min: 0, max: 99_999_999_999 }), digits(2))
    .map(([amount, cents]) => `${amount}.${cents}`),
  'an amount in groups': fc.integer({ min: 0, max: 99_999_999_999 }).map((amount) => amount.toLocaleString('en')),
};

test.each(Object.entries(survivors))('%s survives in any sentence', (_, value) => {
  fc.assert(
    fc.property(words, value, words, (before, text, after) => {
      expect(masked(before + text + after)).toBe(before + text + after);
    }),
    { numRuns: 500 },
  );
});

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const birthday = fc
  .date({ min: new Date('1931-01-01'), max: new Date('2005-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10).replaceAll('-', ''));
const identityNumber = fc.tuple(division, birthday, digits(3)).map(([place, born, sequence]) => {
  const first17 = place + born + sequence;
  const sum = WEIGHTS.reduce((total, weight, index) => total + weight * Number(first17[index]), 0);
  return first17 + '10X98765432'[sum % 11];
});

test('no identity number that is no code of an entity is left in any sentence, in no width', () => {
  fc.assert(
    fc.property(words, identityNumber.filter(isPersonNumber), words, fc.boolean(), (before, number, after, isWide) => {
      const written = isWide
        ? number.replace(/./g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0))
        : number;
      expect(masked(before + written + after)).toBe(before + stars(18) + after);
    }),
    { numRuns: 500 },
  );
});

test('no mobile and no landline is left in any sentence', () => {
  const mobile = fc
    .tuple(fc.constantFrom('', '+86', '+86-', '86 ', '0086'), fc.integer({ min: 3, max: 9 }), digits(9))
    .map(([country, second, rest]) => `${country}1${second}${rest}`);
  const landline = fc
    .tuple(
      fc.constantFrom('010', '021', '0571', '0898', '0991'),
      fc.constantFrom('-', ' ', ''),
      fc.integer({ min: 3, max: 8 }),
      digits(7),
    )
    .map(([area, between, first, rest]) => `${area}${between}${first}${rest}`);
  fc.assert(
    fc.property(words, fc.oneof(mobile, landline), words, (before, number, after) => {
      expect(masked(before + number + after)).toBe(before + stars(number.length) + after);
    }),
    { numRuns: 500 },
  );
});
