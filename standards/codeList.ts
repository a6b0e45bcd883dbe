export interface CodeEntry {
  code: string;
  /** The Chinese term. */
  name: string;
  /** Further spellings that files use, official digits included. */
  spellings?: readonly string[];
}

export interface CodesRead {
  codes: string[];
  /** The text after 其他, if any. */
  otherText: string | null;
  /** Parts that are not a code of the list. */
  unknown: string[];
}

export interface CodeList {
  entries: readonly CodeEntry[];
  /** Reads one value: a code, its Chinese term or a spelling. Null when it is none of them. */
  read(text: string): { code: string; otherText: string | null } | null;
  /** Several values separated by `;`, or by 、 where each is of the list, in order and without repeats. */
  readMany(text: string): CodesRead;
  /** The Chinese terms that are most like a text which is none of them, at most three, the nearest first. */
  nearest(text: string): string[];
}

const MAX_NEAREST = 3;

/** How alike two short texts are: the characters of the one that the other has, and more where it has all of it. */
function likeness(text: string, spelling: string): number {
  const shared = Array.from(new Set(text)).filter((character) => spelling.includes(character)).length;
  return spelling.includes(text) || text.includes(spelling) ? shared + text.length : shared;
}

const OTHER = /^其他\s*[-—－:：]*\s*(.*)$/;

/**
 * Makes a list of codes that understands how files write them. With `other`, text after 其他 (其他-补证) is read as that code
 * and kept apart, as the published records do.
 */
export function createCodeList(entries: readonly CodeEntry[], other?: string): CodeList {
  const bySpelling = new Map<string, { code: string; otherText: null }>();
  for (const entry of entries) {
    const value = { code: entry.code, otherText: null };
    for (const spelling of [entry.code, entry.name, ...(entry.spellings ?? [])]) bySpelling.set(spelling, value);
  }
  const read: CodeList['read'] = (text) => {
    const exact = bySpelling.get(text);
    if (exact !== undefined) return exact;
    const spelling = text.normalize('NFKC').trim();
    const found = bySpelling.get(spelling);
    if (found !== undefined || other === undefined) return found ?? null;
    const match = OTHER.exec(spelling);
    return match === null ? null : { code: other, otherText: match[1] === '' ? null : (match[1] ?? null) };
  };
  const readMany: CodeList['readMany'] = (text) => {
    const exact = bySpelling.get(text);
    if (exact !== undefined) return { codes: [exact.code], otherText: null, unknown: [] };
    const result: CodesRead = { codes: [], otherText: null, unknown: [] };
    for (const part of text.split(/[;；]/)) {
      if (part.trim() === '') continue;
      const whole = read(part);
      // The law's own text joins categories with 、: 警告、通报批评. It is read so only where each piece is a category.
      const pieces = whole === null ? part.split(/[、,，]/).map((piece) => read(piece.trim())) : [whole];
      if (pieces.includes(null)) result.unknown.push(part.trim());
      for (const value of pieces.includes(null) ? [] : pieces) {
        if (value === null) continue;
        if (!result.codes.includes(value.code)) result.codes.push(value.code);
        result.otherText ??= value.otherText;
      }
    }
    return result;
  };
  const nearest: CodeList['nearest'] = (text) => {
    const spelling = text.normalize('NFKC').trim().slice(0, 40);
    return entries
      .map(({ name, spellings = [] }) => ({
        name,
        alike: Math.max(...[name, ...spellings].map((each) => likeness(spelling, each) / (each.length + 1))),
        shared: Math.max(...[name, ...spellings].map((each) => likeness(spelling, each))),
      }))
      .filter(({ shared }) => shared > 0)
      .toSorted((a, b) => b.shared - a.shared || b.alike - a.alike)
      .slice(0, MAX_NEAREST)
      .map(({ name }) => name);
  };
  return { entries, read, readMany, nearest };
}
