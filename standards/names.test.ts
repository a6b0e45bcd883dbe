import { searchable } from './names.ts';

test.each([
  ['示例科技（浙江）有限公司', '示例科技(浙江)有限公司'],
  ['  示例 abc　科技 ', '示例ABC科技'],
  ['ＡＢＣ１２', 'ABC12'],
  ['示例科技有限公司', '示例科技有限公司'],
])('%s is searched as %s', (name, expected) => {
  expect(searchable(name)).toBe(expected);
});
