import table from './data/industries.json' with { type: 'json' };

export interface Industry {
  /** A section letter (A–T) or a division's two digits of GB/T 4754-2017. "Sector" in this product is such a code. */
  code: string;
  name: string;
  englishName: string | null;
  section: string;
}

/**
 * All sections and two-digit divisions (国民经济行业分类). Written from general knowledge: unverified against the standard's
 * text.
 */
export const industries: readonly Industry[] = table.items.flatMap((section) => [
  { code: section.code, name: section.name, englishName: section.englishName, section: section.code },
  ...section.divisions.map((division) => ({
    code: division.slice(0, 2),
    name: division.slice(2),
    englishName: null,
    section: section.code,
  })),
]);

const byCode = new Map(industries.map((industry) => [industry.code, industry]));

/**
 * The industry of a code: 'C', '39', or a longer code of the classification ('C3912', '3912'), which is cut to its
 * division. Null when its division is unknown or not in the section that the code names.
 */
export function findIndustry(code: string): Industry | null {
  const exact = byCode.get(code);
  if (exact !== undefined) return exact;
  const match = /^([A-T])?(\d{2})\d{0,2}$/.exec(code);
  const division = match === null ? undefined : byCode.get(match[2] ?? '');
  if (division === undefined || (match?.[1] !== undefined && match[1] !== division.section)) return null;
  return division;
}

/** Whether an industry belongs to a sector (the same code, or its section's letter). */
export function isInSector(code: string, sector: string): boolean {
  const found = findIndustry(code);
  return found !== null && (found.code === sector || found.section === sector);
}
