import table from './data/purposes.json' with { type: 'json' };

export interface Purpose {
  code: string;
  name: string;
  englishName: string;
  legalBasis: string;
  /** Whether a reader that does not act under a statutory duty needs the subject's consent. */
  consent: boolean;
  unverified?: boolean;
}

/** The purposes for which non-public data is read (使用目的). */
export const purposes: readonly Purpose[] = table.items;

const byCode = new Map(purposes.map((purpose) => [purpose.code, purpose]));

/** The purpose of a code; null when there is none. */
export function findPurpose(code: string): Purpose | null {
  return byCode.get(code) ?? null;
}
