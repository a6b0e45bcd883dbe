// A spreadsheet takes a cell that begins with one of these for a formula, which may fetch addresses or start programs (OWASP, CSV injection). What
// others have filed is opened by clerks: in files that we write such a cell begins with an apostrophe, which a spreadsheet takes for text.

/** With apostrophes before it that were there already, so that what was put there can be told from them. */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/;
const FORMULA_AT = /'*[=+\-@\t\r\n＝＋－＠]/y;

/** The cell as it may be opened. */
export const neutralised = (cell: string): string => (FORMULA.test(cell) ? `'${cell}` : cell);

/** The cell as it was before `neutralised`. */
export const restored = (cell: string): string => (cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell);

/** The same for a record of CSV as it stands in its file, quoted or not, whose cells are otherwise left as they are. */
export function neutralisedRecord(record: string): string {
  let text = '';
  let copied = 0;
  for (let at = 0; at <= record.length; ) {
    const isQuoted = record[at] === '"';
    const start = isQuoted ? at + 1 : at;
    FORMULA_AT.lastIndex = start;
    if (FORMULA_AT.test(record)) {
      text += `${record.slice(copied, start)}'`;
      copied = start;
    }
    const comma = record.indexOf(',', isQuoted ? afterQuote(record, start) : start);
    if (comma < 0) break;
    at = comma + 1;
  }
  return text + record.slice(copied);
}

/** Behind the mark that closes a quoted cell; two together are one within it. */
function afterQuote(record: string, from: number): number {
  for (let at = record.indexOf('"', from); at >= 0; at = record.indexOf('"', at + 2)) if (record[at + 1] !== '"') return at + 1;
  return record.length;
}
