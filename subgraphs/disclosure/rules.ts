import type { SubgraphContext } from '#kit/context.ts';
import { badInput } from '#kit/errors.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { RuleStore } from '#records/ruleStore.ts';
import { provinces, regionOf, XPCC } from '#standards/divisions.ts';
import { penaltySeverity } from '#standards/publicationTerms.ts';
import {
  type DueDate,
  publicationDueDate,
  type PublicationDuty,
  type Rules,
  type RuleSet,
} from '#standards/ruleSets.ts';
import { isGivenInLists } from '#policy/bulk.ts';
import { ISSUED_CODE } from '#standards/issuedCodes.ts';
import { actKinds } from './acts.ts';
import { listedIn, listedOn } from './catalogue.ts';
import type { ActRow } from './repository.ts';
import { penaltyFacts } from './terms.ts';

/** @throws BAD_USER_INPUT (UNKNOWN_CODE) because a misspelt province would look like one without pilots */
function checkRegion(region: string | null | undefined): string | null {
  if (region && region !== XPCC.code && !provinces.some(({ code }) => code === region))
    throw badInput('region', 'UNKNOWN_CODE', 'There is no such province.', 'two digits of GB/T 2260');
  return region ?? null;
}

/** Issued codes without those of self-employed businesses, which the viewer receives in no list. */
function withoutCodes(set: RuleSet, viewer: Viewer): RuleSet {
  if (set.kind !== ISSUED_CODE) return set;
  const values = Object.entries(set.values).filter(([code]) => isGivenInLists(viewer, code));
  return { ...set, values: Object.fromEntries(values) };
}

/** The last day for publishing an act; null when there was no such duty. */
export const dueDateOf = (rules: Rules, { kind, day, determining_unit, uscc }: ActRow): DueDate | null =>
  publicationDueDate(rules, day, actKinds[kind].duty, regionOf(determining_unit, uscc));

/**
 * The answers that depend on the present rules: the rules themselves, the day on which an act is due, and the severity
 * of a penalty.
 */
export function createRuleFields(store: RuleStore) {
  const dueOf = async (row: ActRow) => dueDateOf(await store.fresh(), row);
  const severityOf = async (row: ActRow) =>
    penaltySeverity(
      await store.fresh(),
      penaltyFacts(row.content, row.day, regionOf(row.determining_unit, row.uscc), row.authority_name),
    );

  return {
    Query: {
      ruleSets: async (
        _: unknown,
        { validAt, region }: { validAt?: string | null; region?: string | null },
        { moment, viewer }: SubgraphContext,
      ) => {
        const where = checkRegion(region);
        return (await store.fresh()).on(validAt ?? moment.validAt, where).map((set) => withoutCodes(set, viewer));
      },
      collectionCatalogue: async (
        _: unknown,
        { validAt, region }: { validAt?: string | null; region?: string | null },
        { moment }: SubgraphContext,
      ) => {
        const where = checkRegion(region);
        const day = validAt ?? moment.validAt;
        const national = listedOn(day);
        return where === null ? national : [...national, ...listedIn(await store.fresh(), where, day)];
      },
      publicationDueDate: async (
        _: unknown,
        { decidedOn, duty, region }: { decidedOn: string; duty: PublicationDuty; region?: string | null },
      ) => {
        const where = checkRegion(region);
        return publicationDueDate(await store.fresh(), decidedOn, duty, where);
      },
    },
    Publication: {
      dueOn: async (row: ActRow) => (await dueOf(row))?.date ?? null,
      provisional: async (row: ActRow) => (await dueOf(row))?.provisional ?? null,
      ruleSet: async (row: ActRow) => (await dueOf(row))?.ruleSet ?? null,
      inputs: async (row: ActRow) => (await dueOf(row))?.inputs ?? null,
    },
    AdministrativePenalty: {
      severity: async (row: ActRow) => (await severityOf(row)).severity,
      severityRuleSet: async (row: ActRow) => (await severityOf(row)).ruleSet,
    },
  };
}
