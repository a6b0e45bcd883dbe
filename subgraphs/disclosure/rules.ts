import type { SubgraphContext } from '#kit/context.ts';
import { provinceOfCode } from '#kit/filing/admission.ts';
import { badInput } from '#kit/errors.ts';
import { filed } from '#kit/recordFields.ts';
import type { RuleBook } from '#kit/ruleBook.ts';
import { provinces, XPCC } from '#standards/divisions.ts';
import { penaltySeverity } from '#standards/publicationTerms.ts';
import { type DueDate, publicationDueDate, type PublicationDuty, type Rules } from '#standards/ruleSets.ts';
import { actKinds } from './acts.ts';
import type { ActRow } from './repository.ts';

/**
 * Where an act is judged by pilots (试点): the province of the unit that decided, and without a code of it that of the subject. A unit of
 * the state level has none, whoever its acts are about: no province's pilot binds it.
 */
export const regionOf = (unit: string | null, subject: string | null): string | null => (unit !== null ? provinceOfCode(unit) : subject !== null ? provinceOfCode(subject) : null);

/** @throws BAD_USER_INPUT (UNKNOWN_CODE): under a misspelt province its pilots would look like none. */
function checkRegion(region: string | null | undefined): string | null {
  if (region && region !== XPCC.code && !provinces.some(({ code }) => code === region)) throw badInput('region', 'UNKNOWN_CODE', 'There is no such province.', 'two digits of GB/T 2260');
  return region ?? null;
}

/** By when an act has to be published; null where there was no such duty. */
export const dueDateOf = (rules: Rules, { kind, day, determining_unit, uscc }: ActRow): DueDate | null => publicationDueDate(rules, day, actKinds[kind].duty, regionOf(determining_unit, uscc));

/** What is answered by the rules as they are now: the rules themselves, by when an act is due, and how grave a penalty is. */
export function createRuleFields(book: RuleBook) {
  const dueOf = async (row: ActRow) => dueDateOf(await book.fresh(), row);
  const severityOf = async (row: ActRow) => penaltySeverity(await book.fresh(), filed<readonly string[]>(row, 'categories'), row.day, regionOf(row.determining_unit, row.uscc));

  return {
    Query: {
      ruleSets: async (_: unknown, { validAt, region }: { validAt?: string | null; region?: string | null }, { moment }: SubgraphContext) => {
        const where = checkRegion(region);
        return (await book.fresh()).on(validAt ?? moment.validAt, where);
      },
      publicationDueDate: async (_: unknown, { decidedOn, duty, region }: { decidedOn: string; duty: PublicationDuty; region?: string | null }) => {
        const where = checkRegion(region);
        return publicationDueDate(await book.fresh(), decidedOn, duty, where);
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
