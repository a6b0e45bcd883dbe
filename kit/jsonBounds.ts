/**
 * How deep and how large a JSON text may be before anything parses or walks it. V8 parses any depth, but code that
 * walks the value afterwards recurses: 5 000 levels in 30 KB ended the process when a ping's payload was written back.
 */
export interface JsonBounds {
  /** Objects and arrays within one another. */
  readonly depth: number;
  /** Members of all objects and items of all arrays, counted by their commas and opening brackets. */
  readonly members: number;
}

/** What clients send: a batch of 1 000 rows has 7 levels and about 60 000 members. */
export const requestBounds: JsonBounds = { depth: 64, members: 200_000 };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const isOpening = (code: number): boolean => code === 0x7b || code === 0x5b;
const isClosing = (code: number): boolean => code === 0x7d || code === 0x5d;

/**
 * Checks a text in one pass over the characters, without recursion; it stops at the first bound that is exceeded. A
 * text that is not JSON is counted in the same way, and the parser refuses it.
 *
 * @returns a sentence that names the bound, or null when the text is within both
 */
export function jsonBoundsProblem(text: string, { depth, members }: JsonBounds = requestBounds): string | null {
  let open = 0;
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      continue;
    }
    if (code === COMMA) count += 1;
    else if (isOpening(code)) {
      open += 1;
      count += 1;
      if (open > depth) return `JSON is nested at most ${depth} levels deep here.`;
    } else if (isClosing(code)) open -= 1;
    if (count > members) return `JSON has at most ${members} members and items here.`;
  }
  return null;
}

/**
 * The end of the string that begins at `at`, or of the text: the next quote without an odd number of backslashes before
 * it.
 */
function endOfString(text: string, at: number): number {
  for (let quote = text.indexOf('"', at + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let first = quote;
    while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
    if ((quote - first) % 2 === 0) return quote;
  }
  return text.length;
}
