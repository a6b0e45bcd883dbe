const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * A name that occurs twice in one object of a JSON text, null when there is none. JSON readers differ about which of
 * the two counts, so that a token with one could mean two things (RFC 7515 §4, RFC 7519 §4).
 * @param text valid JSON; one pass over its characters, without recursion
 */
export function repeatedName(text: string): string | null {
  const open: (Set<string> | null)[] = []; // null: a list
  const colon = /\s*:/y;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(null);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      const names = open.at(-1);
      colon.lastIndex = end + 1;
      if (names && colon.test(text)) {
        const name = JSON.parse(text.slice(at, end + 1)) as string; // escapes can spell the same name differently
        if (names.has(name)) return name;
        names.add(name);
      }
      at = end;
    }
  }
  return null;
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
