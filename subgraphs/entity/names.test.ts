import { bigrams, formerNames } from './names.ts';

test('bigrams are pairs of characters, each once, also of characters outside the basic plane', () => {
  expect(bigrams('中国中国')).toEqual(['中国', '国中']);
  expect(bigrams('𠮷野家')).toEqual(['𠮷野', '野家']);
  expect(bigrams('中')).toEqual([]);
});

test('former names are those of earlier states, the latest first, then those filed without a day', () => {
  const states = [
    { name: '甲', until: '2015-05-31' },
    { name: '甲', until: '2018-05-31' },
    { name: '乙', until: '2020-05-31' },
    { name: '丙', until: null },
  ];
  expect(formerNames(states, ['乙', '丁', '丙'])).toEqual([
    { name: '乙', until: '2020-05-31' },
    { name: '甲', until: '2018-05-31' },
    { name: '丁', until: null },
  ]);
});

test('a change that kept the name makes no former name', () => {
  expect(
    formerNames(
      [
        { name: '甲', until: '2015-05-31' },
        { name: '甲', until: null },
      ],
      [],
    ),
  ).toEqual([]);
});
