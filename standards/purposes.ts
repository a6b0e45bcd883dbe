import table from './data/purposes.json' with { type: 'json' };

export interface Purpose {
  code: string;
  name: string;
  englishName: string;
  legalBasis: string;
  /** The subject's consent is needed for a reader who does not act inside a statutory duty. */
  consent: boolean;
  unverified?: boolean;
}

/** What a reader of non-public data reads it for (使用目的). */
export const purposes: readonly Purpose[] = table.items;

const byCode = new Map(purposes.map(purpose => [purpose.code, purpose]));

export function findPurpose(code: string): Purpose | null {
  return byCode.get(code) ?? null;
}
