import {
  evaluationSchemes,
  findEvaluationScheme,
  findSchemeVersion,
  findSchemeVersionOn,
  type EvaluationScheme,
  type Grade,
  type SchemeVersion,
} from '#standards/evaluationSchemes.ts';
import { addDays, addMonths } from '#standards/publicationTerms.ts';

/** The meaning of a grade for readers: English with the scheme's own word in brackets. */
const meaningOf = ({ meaning, name }: Grade): string => `${meaning} (${name})`;

const showVersion = (scheme: EvaluationScheme, version: SchemeVersion) => ({
  code: scheme.code,
  version: version.version,
  name: scheme.name,
  owner: scheme.owner,
  grades: version.grades
    .toSorted((a, b) => a.rank - b.rank)
    .map((grade) => ({ grade: grade.code, meaning: meaningOf(grade) })),
  verified: !scheme.unverified && !version.unverified && !version.grades.some(({ unverified }) => unverified),
  effectiveFrom: version.effectiveFrom,
  effectiveTo: version.effectiveTo,
  source: version.source,
});

/** The version of each scheme in force on a day in Asia/Shanghai. */
export const schemesOn = (day: string) =>
  evaluationSchemes.flatMap((scheme) => {
    const version = findSchemeVersionOn(scheme.code, day);
    return version ? [showVersion(scheme, version)] : [];
  });

/**
 * One version of a scheme, in force or not. Null when it is not in the catalogue: a result under it is refused at
 * filing.
 */
export function findScheme(code: string, version: string) {
  const scheme = findEvaluationScheme(code);
  const found = findSchemeVersion(code, version);
  return scheme && found && showVersion(scheme, found);
}

export function findGradeMeaning(code: string, version: string, grade: string): string | null {
  const found = findSchemeVersion(code, version)?.grades.find((each) => each.code === grade);
  return found ? meaningOf(found) : null;
}

export const findFamilyName = (code: string, family: string): string | null =>
  findEvaluationScheme(code)?.indicatorFamilies.find((each) => each.code === family)?.name ?? null;

/**
 * The disclosure level of a result whose row has none. Credit results are published. A risk class guides the
 * regulator's own inspections and is no statement about credit (国市监信发〔2022〕6号, unverified).
 */
export const defaultLevel = (code: string): 'PUBLIC' | 'GOV_SHARED' =>
  findEvaluationScheme(code)?.measures === 'RISK' ? 'GOV_SHARED' : 'PUBLIC';

/**
 * The last day before the next round, for a result without an end of validity. It follows from the period of the
 * scheme's version.
 */
export function lastDayOfRound(code: string, version: string, evaluatedOn: string): string {
  const [, count, unit] = /^P(\d+)([YM])$/.exec(findSchemeVersion(code, version)?.period ?? '') ?? [];
  if (count === undefined) throw new Error(`${code} ${version} has no period in years or months`);
  return addDays(addMonths(evaluatedOn, Number(count) * (unit === 'Y' ? 12 : 1)), -1);
}
