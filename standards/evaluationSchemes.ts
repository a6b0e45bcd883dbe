import table from './data/evaluationSchemes.json' with { type: 'json' };

export interface Grade {
  code: string;
  name: string;
  meaning: string;
  /** 1 is best. Ranks are comparable only inside one version of one scheme. */
  rank: number;
  unverified?: boolean;
}

export interface SchemeVersion {
  version: string;
  /** Inclusive; effectiveTo is exclusive, null while in force. */
  effectiveFrom: string;
  effectiveTo: string | null;
  source: string;
  /** How often it is evaluated, ISO 8601 ('P1Y', 'P1M'). */
  period: string;
  /** Decimal text; null where the version publishes no score. */
  scoreMax: string | null;
  grades: Grade[];
  unverified?: boolean;
}

export interface EvaluationScheme {
  code: string;
  name: string;
  englishName: string;
  /** A–D of a RISK scheme and A–D of a CREDIT scheme have different meanings. */
  measures: 'CREDIT' | 'RISK';
  owner: string;
  versions: SchemeVersion[];
  indicatorFamilies: { code: string; name: string; englishName: string }[];
  unverified?: boolean;
}

/** Evaluation schemes (评价方案) with every version, as data. */
export const evaluationSchemes: readonly EvaluationScheme[] = table.items as EvaluationScheme[];

const byCode = new Map(evaluationSchemes.map((scheme) => [scheme.code, scheme]));

/** The scheme of a code; null when there is none. */
export function findEvaluationScheme(code: string): EvaluationScheme | null {
  return byCode.get(code) ?? null;
}

/** A version of a scheme by its name, whether or not in force; null when there is none. */
export function findSchemeVersion(schemeCode: string, version: string): SchemeVersion | null {
  return byCode.get(schemeCode)?.versions.find((candidate) => candidate.version === version) ?? null;
}

/** The version in force on a day 'YYYY-MM-DD', or null before the first. */
export function findSchemeVersionOn(schemeCode: string, day: string): SchemeVersion | null {
  const versions = byCode.get(schemeCode)?.versions ?? [];
  return (
    versions.find(
      (version) => version.effectiveFrom <= day && (version.effectiveTo === null || day < version.effectiveTo),
    ) ?? null
  );
}
