import { parseOfficialDate, shanghaiDay } from './dates.ts';
import { normaliseDocumentNumber } from './documentNumber.ts';
import { fenFrom10kYuan, formatAs10kYuan } from './money.ts';

test.each([
  '2026/09/18',
  '2026-09-18',
  '2026.9.18',
  '2026年9月18日',
  '２０２６／０９／１８',
  ' 2026-09-18 ',
  '2026-09-18 00:00:00',
])('%j is the same day', (text) => {
  expect(parseOfficialDate(text)).toEqual({ day: '2026-09-18', longTerm: false });
});

test.each(['2099/12/31', '2099-01-31', '2099年12月31日', '长期'])('%j is long-term', (text) => {
  expect(parseOfficialDate(text)).toEqual({ day: null, longTerm: true });
});

test.each([
  '2022-09-31',
  '2023-02-29',
  '1900/02/29',
  '2026-00-10',
  '2026-13-01',
  '2026-1-0',
  '2026-09/18',
  '20260918',
  '2026-09-18 08:30:00',
  'abc',
  '',
  '0026-09-18',
])('%j is no date', (text) => {
  expect(parseOfficialDate(text)).toBeNull();
});

test('leap days are those of the Gregorian calendar', () => {
  expect(parseOfficialDate('2024-02-29')).toEqual({ day: '2024-02-29', longTerm: false });
  expect(parseOfficialDate('2000/02/29')).toEqual({ day: '2000-02-29', longTerm: false });
});

test('a day begins at midnight in Shanghai', () => {
  expect(shanghaiDay(new Date('2026-02-13T15:59:59.999Z'))).toBe('2026-02-13');
  expect(shanghaiDay(new Date('2026-02-13T16:00:00.000Z'))).toBe('2026-02-14');
});

test.each([
  ['0.2', 200_000n],
  ['1', 1_000_000n],
  ['0', 0n],
  ['0.000001', 1n],
  ['123456789012.123456', 123456789012123456n],
  ['1,234.5', 1_234_500_000n],
  ['１２．５', 12_500_000n],
])('%s 万元 is %s fen exactly', (text, fen) => {
  expect(fenFrom10kYuan(text)).toBe(fen);
});

test.each(['', '-1', '1e3', '0.0000001', '1.', '.5', '5万', '1234567890123', '1,23'])('%j is no amount', (text) => {
  expect(fenFrom10kYuan(text)).toBeNull();
});

test('an amount is written back as it was', () => {
  for (const text of ['0.2', '1', '0', '0.000001', '123456789012.123456'])
    expect(formatAs10kYuan(fenFrom10kYuan(text) ?? -1n)).toBe(text);
});

test('brackets, width, case and spaces do not make another document', () => {
  const spellings = [
    '浙市监罚〔2026〕12号',
    '浙市监罚【2026】１２号',
    '浙市监罚[2026] 12 号',
    '浙市监罚（2026）12号',
    '浙市监罚(2026)12号',
  ];
  expect(new Set(spellings.map(normaliseDocumentNumber))).toEqual(new Set(['浙市监罚〔2026〕12号']));
  expect(normaliseDocumentNumber('gs-2026a')).toBe('GS-2026A');
});
