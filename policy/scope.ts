// What rows a viewer may see, as data: each role says it in policy/roles.ts, and policy/rows.ts applies it.

export const disclosureLevels = ['PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL'] as const;
export type DisclosureLevel = (typeof disclosureLevels)[number];

/**
 * Which rows a viewer may see, as parameters of one fixed predicate: every viewer runs the same prepared statement. A
 * public row outside its publication term counts as shared in government: a viewer who may see those still sees it, in
 * the same reach. Levels and states are those of now, whatever `validAt` and `knownAt` were requested (design §5); a
 * version narrower than that stays so.
 */
export interface RowScope {
  /** Levels seen of any entity anywhere. */
  readonly everywhere: readonly DisclosureLevel[];
  /** Levels seen within `province` and `sector` (null: not bound). */
  readonly within: readonly DisclosureLevel[];
  readonly province: string | null;
  readonly sector: string | null;
  /** Levels seen of rows about `file`, or decided or filed by `unit`. */
  readonly own: readonly DisclosureLevel[];
  readonly file: string | null;
  readonly unit: string | null;
  /** Whether the withdrawn, revoked and repaired rows of others are seen. */
  readonly withdrawn: boolean;
  /**
   * The organisation whose consents count, and for which purpose: RESTRICTED rows about a subject are seen while its
   * consent to both is in force. Null: no consent counts.
   */
  readonly consentTo: string | null;
  readonly consentFor: string | null;
}

/** What everybody may see. */
export const publishedOnly: RowScope = {
  everywhere: ['PUBLIC'],
  within: [],
  province: null,
  sector: null,
  own: [],
  file: null,
  unit: null,
  withdrawn: false,
  consentTo: null,
  consentFor: null,
};

export const nothing: RowScope = { ...publishedOnly, everywhere: [] };

/** What a field-level ROW checks: whose row it is and where. */
export interface Reach {
  readonly uscc: string;
  readonly province?: string | null;
  readonly sector?: string | null;
  readonly units?: readonly (string | null)[];
  /** Who was asked to verify what the field states, or has verified it. */
  readonly verifiers?: readonly (string | null)[];
}
