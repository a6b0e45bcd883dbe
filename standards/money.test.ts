import { amountsIn } from './money.ts';

test.each<[string, bigint[]]>([
  ['处200元罚款', [20_000n]],
  ['罚款人民币贰拾万元整', [20_000_000n]],
  ['罚款 1,234,567.89 元，没收违法所得3万元', [123_456_789n, 3_000_000n]],
  ['罚款1.5亿元', [15_000_000_000n]],
  ['罚款一千零五十元', [105_000n]],
  ['责令改正，万元以下', []],
  ['2026年7月1日第12号', []],
])('%s names %j', (text, amounts) => {
  expect(amountsIn(text)).toEqual(amounts);
});

// A row may have twenty thousand characters in a cell, and a file a million rows.
test.each([
  ['spaces', (n: number) => `1${' '.repeat(n)}`],
  ['thousands', (n: number) => `1${',111'.repeat(n)}`],
  ['digits', (n: number) => '1'.repeat(n)],
  ['characters', (n: number) => '万'.repeat(n)],
])('a text of %s, twice as long, takes at most some four times as long', (_, textOf) => {
  const spent = (n: number): number => {
    const times = Array.from({ length: 5 }, () => {
      const { user } = process.cpuUsage();
      amountsIn(textOf(n));
      return process.cpuUsage().user - user;
    });
    return Math.min(...times);
  };
  spent(10_000);
  expect(spent(40_000)).toBeLessThan(4 * spent(20_000) + 20_000);
});
