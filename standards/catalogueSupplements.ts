import { type CatalogueItem, type CatalogueSupplement, findCatalogueItem, type LocalRegulation } from './catalogue.ts';
import { provinces, XPCC } from './divisions.ts';
import { isNoText, LONGEST_TEXT, problem, quoted, type RuleProblem } from './ruleProblem.ts';
import { inForce, type Rules, type RuleSet } from './ruleSets.ts';

// Local supplements to the collection catalogue (地方公共信用信息补充目录, 信用修复管理办法 第四条). A supplement rests on a local
// regulation and holds in one region alone. It is rule data: a set of kind CATALOGUE_SUPPLEMENT with its region and its
// days, and items that name their regulation each.

/** The kind of the rule sets that supplement the catalogue. */
export const CATALOGUE_SUPPLEMENT = 'CATALOGUE_SUPPLEMENT';

/** As many as the SDL says that a set has (RuleSet.catalogueItems). */
export const MAX_ITEMS_OF_SET = 50;

/**
 * The kinds whose records take the level of their item (subgraphs/disclosure/ingest.ts). Lists and evaluations have
 * levels of their own, and the register of entities is the State's.
 */
const KINDS = [
  'licence',
  'penalty',
  'compulsion',
  'confirmation',
  'levy',
  'payment',
  'adjudication',
  'compensation',
  'reward',
  'inspection',
  'commitment',
  'judicial-record',
  'complaint',
] as const;

/** An item of a supplement, as an item of the catalogue. */
export interface LocalItem extends CatalogueItem {
  readonly localRegulation: LocalRegulation;
  readonly region: string;
  readonly ruleSet: RuleSet;
}

const CATEGORY = { code: 'LOCAL', name: '地方补充目录' };

const itemsOf = (ruleSet: RuleSet): readonly LocalItem[] => {
  const { region, catalogueItems = [] } = ruleSet;
  if (region === null) return [];
  const { id, name, source, effectiveFrom, effectiveTo, unverified = false } = ruleSet;
  const edition = { code: id, name, source, effectiveFrom, effectiveTo, unverified };
  return catalogueItems.map(({ code, name: itemName, kind, disclosureLevel, localRegulation }) => ({
    code,
    name: itemName,
    category: CATEGORY,
    admits: { [kind]: [] },
    legalBasis: `${localRegulation.name}（${localRegulation.number}）${localRegulation.article}`,
    disclosureLevel,
    editions: [edition],
    effectiveFrom,
    effectiveTo,
    unverified,
    localRegulation,
    region,
    ruleSet,
  }));
};

const known = new WeakMap<Rules, readonly LocalItem[]>();

/** All items of supplements, whether or not in force, those that came into force last first. */
export function localItems(rules: Rules): readonly LocalItem[] {
  let items = known.get(rules);
  if (!items)
    known.set(
      rules,
      (items = rules.sets
        .filter(({ kind }) => kind === CATALOGUE_SUPPLEMENT)
        .toReversed()
        .toSorted(({ effectiveFrom: a }, { effectiveFrom: b }) => (a < b ? 1 : a > b ? -1 : 0)) // stable
        .flatMap(itemsOf)),
    );
  return items;
}

/** The items that supplements add in a region on a day 'YYYY-MM-DD', each code once. */
export function localItemsOn(rules: Rules, region: string, day: string): readonly LocalItem[] {
  const inForceThere = localItems(rules).filter((item) => item.region === region && inForce(day, item.ruleSet));
  return inForceThere.filter(({ code }, at) => inForceThere.findIndex((other) => other.code === code) === at);
}

/**
 * The item of a code for a record of a region (null: of none, as of a unit of the state level) and of a day
 * 'YYYY-MM-DD' (null: without one): of the national catalogue, whether or not in force, or of a supplement that is in
 * force there on that day. Null where there is none.
 */
export function findItemFor(
  rules: Rules,
  code: string,
  region: string | null,
  day: string | null,
): CatalogueItem | null {
  const national = findCatalogueItem(code);
  if (national !== null || region === null || day === null) return national;
  return localItemsOn(rules, region, day).find((item) => item.code === code) ?? null;
}

const CODE = /^[A-Z][A-Z0-9_]{2,63}$/;

/** What is wrong with a new supplement, whose name, source and days are in order; null when nothing is. */
export function supplementProblem(rules: Rules, { region, values, catalogueItems = [] }: RuleSet): RuleProblem | null {
  if (region === null || (region !== XPCC.code && !provinces.some(({ code }) => code === region)))
    return problem(
      'UNKNOWN_REGION',
      `A supplement to the catalogue holds in one province alone: name its two digits of GB/T 2260, or ${XPCC.code} ` +
        `for ${XPCC.name}.`,
      'ruleSet',
      'region',
    );
  if (Object.keys(values).length > 0)
    return problem('UNKNOWN_RULE', `Rules of kind ${CATALOGUE_SUPPLEMENT} have no values.`, 'ruleSet', 'values');
  const { length } = catalogueItems;
  if (length === 0)
    return problem('MISSING', 'A supplement to the catalogue has at least one item.', 'ruleSet', 'catalogueItems');
  if (length > MAX_ITEMS_OF_SET)
    return problem(
      'TOO_MANY',
      `A supplement has at most ${MAX_ITEMS_OF_SET} items, not ${length}.`,
      'ruleSet',
      'catalogueItems',
    );
  const codes = catalogueItems.map(({ code }) => code);
  for (const [at, item] of catalogueItems.entries()) {
    const wrong = itemProblem(rules, item, region) ?? (codes.indexOf(item.code) < at ? twice(item) : null);
    if (wrong) return { ...wrong, path: ['ruleSet', 'catalogueItems', String(at), ...wrong.path] };
  }
  return null;
}

const twice = ({ code }: CatalogueSupplement): RuleProblem =>
  problem('TAKEN', `A supplement has each item once; ${code} came twice.`, 'code');

function itemProblem(rules: Rules, item: CatalogueSupplement, region: string): RuleProblem | null {
  const { code, name, kind, localRegulation } = item;
  if (!CODE.test(code))
    return problem(
      'UNKNOWN_RULE',
      `${quoted(code)} is no code of an item; it has 3 to 64 capital letters, digits and underscores.`,
      'code',
    );
  const taken = findCatalogueItem(code)
    ? 'the national catalogue has'
    : localItems(rules).some((other) => other.code === code && (other.region !== region || !(kind in other.admits)))
      ? 'a supplement of another region or for another kind has'
      : null;
  if (taken !== null) return problem('TAKEN', `${code} is an item that ${taken}; a new item has its own code.`, 'code');
  if (isNoText(name)) return problem('MISSING', `An item has a name of 1 to ${LONGEST_TEXT} characters.`, 'name');
  if (!(KINDS as readonly string[]).includes(kind))
    return problem(
      'UNKNOWN_RULE',
      `A supplement is of one of the kinds ${KINDS.join(', ')}, not ${quoted(kind)}.`,
      'kind',
    );
  for (const [field, text] of Object.entries(localRegulation))
    if (isNoText(text))
      return problem(
        'MISSING',
        `${code} names the local regulation (地方性法规) that requires it: ` +
          `its ${field} has 1 to ${LONGEST_TEXT} characters.`,
        'localRegulation',
        field,
      );
  return null;
}
