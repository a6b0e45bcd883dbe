// A spreadsheet takes a cell that begins with one of these characters for a formula, which may fetch addresses or start
// programs (OWASP, CSV injection). Clerks open what others have filed. In files that we write such a cell therefore
// begins with an apostrophe, which makes it text to a spreadsheet.

/** Apostrophes that were already there are included, so that an added one can be distinguished. */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/;
const FORMULA_AT = /'*[=+\-@\t\r\n＝＋－＠]/y;

/** The cell in the form in which a spreadsheet may open it. */
export const neutralised = (cell: string): string => (FORMULA.test(cell) ? `'${cell}` : cell);

/** The inverse of `neutralised`: the cell without the apostrophe that it has added, if it has. */
export const restored = (cell: string): string => (cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell);

/** The same for a record of CSV as written in its file, quoted or not; other cells are left as they are. */
export function neutralisedRecord(record: string): string {
  let text = '';
  let copied = 0;
  for (let at = 0; at <= record.length;) {
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

/** The position behind the mark that closes a quoted cell; a doubled mark is one within the cell. */
function afterQuote(record: string, from: number): number {
  for (let at = record.indexOf('"', from); at >= 0; at = record.indexOf('"', at + 2))
    if (record[at + 1] !== '"') return at + 1;
  return record.length;
}
