import { isDeepStrictEqual } from 'node:util';
import { CATALOGUE_SUPPLEMENT, supplementProblem } from './catalogueSupplements.ts';
import { provinces, XPCC } from './divisions.ts';
import { ISSUED_CODE, issuedCodesProblem } from './issuedCodes.ts';
import { isNoText, LONGEST_TEXT, problem, quoted, type RuleProblem } from './ruleProblem.ts';
import { releasedRules, type RuleChange, type Rules, type RuleSet, type RuleUnit, ruleUnits } from './ruleSets.ts';

// A decision can change what the code looks up, and the periods of repair that `ruleSets` returns: kinds and codes of
// the release with their units. Nothing would read a new one. Schemes of evaluation have their versions in their own
// data (evaluationSchemes.json). test/contract/rules.test.ts compares this with what the code looks up.
const known = new Map<string, Map<string, RuleUnit>>();
for (const { kind, values } of releasedRules.sets) {
  if (kind === 'EVALUATION') continue;
  const codes = known.get(kind) ?? new Map<string, RuleUnit>();
  for (const [code, [, unit]] of Object.entries(values)) codes.set(code, unit);
  known.set(kind, codes);
}
// What the rules of all say of the publication of penalties, those of market authorities may say of theirs.
const ofPenalties = /^(?:PENALTY|MINIMUM|MAXIMUM|PUBLISHED|END_NEEDS_PERFORMANCE)_|^FROM_DECISION$/;
for (const [code, unit] of known.get('PUBLICATION_TERM') ?? [])
  if (ofPenalties.test(code)) known.get('MARKET_REPAIR')?.set(code, unit);

/** Kinds whose sets list something that the release does not name, by what is wrong with such a list. */
const lists: Readonly<Record<string, (rules: Rules, ruleSet: RuleSet) => RuleProblem | null>> = {
  [ISSUED_CODE]: issuedCodesProblem,
  [CATALOGUE_SUPPLEMENT]: supplementProblem,
};
const isList = (kind: string): boolean => Object.hasOwn(lists, kind);

// Kinds that are looked up by the region of an act, or of the reader of `ruleSets`. Filing, retention, consent and the
// feed of changes are the same everywhere: nothing would read a pilot of them.
const kindsWithPilots: readonly string[] = [
  'PUBLICATION_TERM',
  'SEVERITY',
  'PUBLICATION_DUTY',
  'WITHDRAWAL',
  'REPAIR',
  'MARKET_REPAIR',
];

/** What was promised to readers, so that no decision goes below it, whatever its unit allows: docs/PROTOCOL.md P5. */
const promised: Readonly<Record<string, number>> = { 'FEED RETENTION_DAYS': 90 };

const ID = /^[A-Z0-9][A-Z0-9-]{2,63}$/;

/**
 * What is wrong with a change to `rules` decided on a day 'YYYY-MM-DD'; null when it is possible. No new rule is
 * retroactive: the day itself is the earliest. A correction says what the text has always said, so it acts from the
 * first day of the rule set; what follows from it for records only ever hides (subgraphs/disclosure/recomputation.ts).
 */
export function ruleProblem(rules: Rules, change: RuleChange, today: string): RuleProblem | null {
  if (change.action === 'ADD') return problemOfSet(rules, change.ruleSet, today);
  if (change.action === 'CORRECT') return problemOfCorrection(rules, change.ruleSet);
  return problemOfEnd(rules, change.id, change.effectiveTo, today);
}

/** In the order in which a person would mend them: what the set is called, when and where it acts, what it states. */
function problemOfSet(rules: Rules, ruleSet: RuleSet, today: string): RuleProblem | null {
  const { id, kind, name, source } = ruleSet;
  if (!ID.test(id))
    return problem(
      'RULE_SET_ID',
      `${quoted(id)} is no code of a rule set; it has 3 to 64 capital letters, digits and hyphens, such as NDRC-36.`,
      'ruleSet',
      'id',
    );
  if (rules.sets.some((set) => set.id === id))
    return problem('TAKEN', `There is a rule set ${id} already; a new one needs a code of its own.`, 'ruleSet', 'id');
  const codes = known.get(kind);
  if (!codes && !isList(kind)) {
    const kinds = [...known.keys(), ...Object.keys(lists)].join(', ');
    return problem(
      'UNKNOWN_RULE_KIND',
      `There are no rules of kind ${quoted(kind)} that a decision changes; there are ${kinds}.`,
      'ruleSet',
      'kind',
    );
  }
  return (
    problemOfTexts({ name, source }) ??
    problemOfStart(ruleSet, today) ??
    problemOfPeriod(ruleSet) ??
    problemOfRegion(ruleSet) ??
    problemOfItems(ruleSet) ??
    (codes ? problemOfValues(ruleSet, codes) : (lists[kind]?.(rules, ruleSet) ?? null))
  );
}

function problemOfItems({ kind, catalogueItems = [] }: RuleSet): RuleProblem | null {
  return catalogueItems.length > 0 && kind !== CATALOGUE_SUPPLEMENT
    ? problem('UNKNOWN_RULE', `Rules of kind ${kind} have no items of a catalogue.`, 'ruleSet', 'catalogueItems')
    : null;
}

function problemOfTexts(texts: Pick<RuleSet, 'name' | 'source'>): RuleProblem | null {
  for (const [field, text] of Object.entries(texts))
    if (isNoText(text))
      return problem('MISSING', `A rule set has a ${field} of 1 to ${LONGEST_TEXT} characters.`, 'ruleSet', field);
  return null;
}

/** A correction states the whole rule set again, of the same kind and region. */
function problemOfCorrection(rules: Rules, ruleSet: RuleSet): RuleProblem | null {
  const { id, kind, region, name, source } = ruleSet;
  const stands = rules.sets.find((set) => set.id === id);
  const codes = stands && known.get(stands.kind);
  if (!stands || !codes)
    return problem(
      'UNKNOWN_RULE_SET',
      `There is no rule set ${quoted(id)} that a decision corrects; \`ruleSets\` lists those in force.`,
      'ruleSet',
      'id',
    );
  for (const [field, says, expected] of [
    ['kind', kind, stands.kind],
    ['region', region, stands.region],
  ] as const)
    if (says !== expected)
      return problem(
        'UNKNOWN_RULE_SET',
        `${id} has the ${field} ${quoted(expected ?? 'none')}, which a correction keeps; it says ` +
          `${quoted(says ?? 'none')}.`,
        'ruleSet',
        field,
      );
  const wrong =
    problemOfTexts({ name, source }) ??
    problemOfPeriod(ruleSet) ??
    problemOfItems(ruleSet) ??
    problemOfValues(ruleSet, codes);
  if (wrong) return wrong;
  return isDeepStrictEqual(stated(ruleSet), stated(stands))
    ? problem('NOTHING', `${id} says just that already.`, 'ruleSet')
    : null;
}

/** What a correction can change of a rule set. */
const stated = ({ name, source, effectiveFrom, effectiveTo, values }: RuleSet) => ({
  name,
  source,
  effectiveFrom,
  effectiveTo,
  values: Object.fromEntries(Object.entries(values).map(([code, [number, unit]]) => [code, [number, unit]])),
});

function problemOfStart({ effectiveFrom }: RuleSet, today: string): RuleProblem | null {
  if (effectiveFrom >= today) return null;
  return problem(
    'BACKWARDS',
    `A rule does not work backwards: ${effectiveFrom} lies before ${today}, the day of the decision.`,
    'ruleSet',
    'effectiveFrom',
  );
}

function problemOfPeriod({ effectiveFrom, effectiveTo }: RuleSet): RuleProblem | null {
  if (effectiveTo !== null && effectiveTo <= effectiveFrom)
    return problem(
      'BAD_PERIOD',
      `effectiveTo is the first day without the rule, so it lies after ${effectiveFrom}.`,
      'ruleSet',
      'effectiveTo',
    );
  return null;
}

function problemOfRegion({ kind, region }: RuleSet): RuleProblem | null {
  if (region === null || kind === CATALOGUE_SUPPLEMENT) return null; // which is no pilot, and has a region of its own
  if (region !== XPCC.code && !provinces.some(({ code }) => code === region))
    return problem(
      'UNKNOWN_REGION',
      `${quoted(region)} is no province; a pilot names two digits of GB/T 2260, or ${XPCC.code} for ${XPCC.name}.`,
      'ruleSet',
      'region',
    );
  if (!kindsWithPilots.includes(kind))
    return problem(
      'NO_PILOT',
      `Rules of kind ${kind} are the whole country's, so they have no region; ` +
        `kinds with pilots are ${kindsWithPilots.join(', ')}.`,
      'ruleSet',
      'region',
    );
  return null;
}

/** @param codes the codes that rules of the kind have, with their units */
function problemOfValues({ kind, values }: RuleSet, codes: ReadonlyMap<string, RuleUnit>): RuleProblem | null {
  if (Object.keys(values).length === 0)
    return problem('MISSING', 'A rule set has at least one value.', 'ruleSet', 'values');
  for (const [code, [number, unit]] of Object.entries(values)) {
    const expected = codes.get(code);
    if (!expected)
      return problem(
        'UNKNOWN_RULE',
        `Rules of kind ${kind} have no ${quoted(code)}; they have ${[...codes.keys()].join(', ')}.`,
        'ruleSet',
        'values',
      );
    if (unit !== expected)
      return problem(
        'UNIT',
        `${code} of ${kind} is given in ${expected}, not in ${quoted(unit)}.`,
        'ruleSet',
        'values',
      );
    const [minOfUnit, max] = ruleUnits[expected];
    const min = promised[`${kind} ${code}`] ?? minOfUnit;
    if (!Number.isInteger(number) || number < min || number > max)
      return problem(
        'RANGE',
        `${code} of ${kind} is a whole number from ${min} to ${max} ${expected}, not ${number}.`,
        'ruleSet',
        'values',
      );
  }
  return null;
}

function problemOfEnd(rules: Rules, id: string, effectiveTo: string, today: string): RuleProblem | null {
  const set = rules.sets.find((each) => each.id === id);
  if (!set || !(known.has(set.kind) || isList(set.kind)))
    return problem(
      'UNKNOWN_RULE_SET',
      `There is no rule set ${quoted(id)} that a decision ends; \`ruleSets\` lists those in force.`,
      'ruleSetId',
    );
  if (effectiveTo < today)
    return problem(
      'BACKWARDS',
      `A rule does not end in the past: ${effectiveTo} lies before ${today}, the day of the decision.`,
      'effectiveTo',
    );
  if (set.effectiveTo !== null && set.effectiveTo <= effectiveTo)
    return problem(
      'ENDED',
      `${id} ends on ${set.effectiveTo} already; another decision moves that to an earlier day alone.`,
      'effectiveTo',
    );
  if (effectiveTo <= set.effectiveFrom)
    return problem(
      'BAD_PERIOD',
      `${id} comes into force on ${set.effectiveFrom}; its end lies after that day.`,
      'effectiveTo',
    );
  return null;
}
