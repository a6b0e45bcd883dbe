import type { TextSearch } from './textSearch.ts';

// Finds the numbers of passports and of permits to travel. They have too few characters to be known by themselves: the
// word for the document stands before them.

const DOCUMENT = /护照|passport|通行证|回乡证|台胞证|旅行证|海员证/gi;
// 》（号码：, 号码为, ，证件号码：, (No.
const BETWEEN = new RegExp(
  '^(?:[^0-9A-Za-z，。、\\n]{0,16}|[^0-9A-Za-z。\\n]{0,12}证件号码?[为是:： (]{0,3}|' +
    '[^0-9A-Za-z，。、\\n]{0,8}(?:No|ID)[.:：]? ?)$',
  'i',
);
const FORM = /^(?:[A-Z]{0,2}\d{6,9}|[HM]\d{10}|[A-Z](?=(?:[A-Z]*\d){5})[A-Z0-9]{7,8})$/i;
const IS_DAY = /^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/;
const OF_A_DAY = /有效|签发|日期|至|出生/;
/** A quantity, or the rest of a longer number. */
const IS_OTHER = /^\s*(?:元|万|亿|本|人|次|年|件|份)|^-\d/;

/** How far behind its word a number begins at most, and how many characters of it are looked at. */
const REACH = 22;
const LONGEST = 16;

/** Finds numbers of passports, of permits for Hong Kong, Macao and Taiwan, and of seamen's books. */
export function findPassports(search: TextSearch): void {
  const { plain } = search;
  for (const { 0: word, index } of plain.matchAll(DOCUMENT)) {
    const from = index + word.length;
    for (const { 0: number, index: offset } of plain.slice(from, from + REACH + LONGEST).matchAll(/[0-9A-Za-z]+/g)) {
      if (offset > REACH) break;
      const between = plain.slice(from, from + offset);
      const start = from + offset;
      const end = start + number.length;
      if (!BETWEEN.test(between) || !FORM.test(number)) continue;
      if ((IS_DAY.test(number) && OF_A_DAY.test(between)) || IS_OTHER.test(plain.slice(end, end + 4))) continue;
      search.claim({ kind: 'PASSPORT', start, end });
      break;
    }
  }
}
