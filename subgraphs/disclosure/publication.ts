import { filed, said } from '#kit/recordFields.ts';
import type { RuleBook } from '#kit/ruleBook.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { actKinds } from './acts.ts';
import type { ActRow } from './repository.ts';
import { dueDateOf } from './rules.ts';
import { termInputs } from './terms.ts';

// Publication has two steps (893 第四条, 发改办财金〔2018〕424号): on the unit's own site, and here.

const ownSiteOn = (row: ActRow): string | null => filed(row, 'ownSiteOn');

/** The day in Shanghai on which it was collected, of what is to be published. */
const creditChinaOn = ({ disclosure_level, collected_at }: ActRow): string | null => (disclosure_level === 'PUBLIC' ? shanghaiDay(new Date(collected_at)) : null);

const publishedOn = (row: ActRow): string | null => ownSiteOn(row) ?? creditChinaOn(row);

/** The resolvers of `Publication` beside those of its due date (rules.ts). */
export function createPublicationFields(book: RuleBook) {
  return {
    duty: ({ kind }: ActRow) => actKinds[kind].duty,
    ownSiteOn,
    creditChinaOn,
    publishedOn,
    async onTime(row: ActRow) {
      const due = dueDateOf(await book.fresh(), row);
      const published = publishedOn(row);
      return due === null || published === null ? null : published <= due.date;
    },
    publicUntil: said('publicUntil'),
    termEndsOn: (row: ActRow) => filed(row, 'termEndsOn') ?? filed(row, 'publicUntil'),
    endsWhenPerformed: ({ content }: ActRow) => (content['publicFrom'] === undefined ? null : content['endsWhenPerformed'] === true),
    async termRuleSet({ content }: ActRow) {
      const id = content['publicationRuleSet'];
      return id === undefined ? null : ((await book.fresh()).sets.find((set) => set.id === id) ?? null);
    },
    termInputs: async ({ content }: ActRow) => (content['publicFrom'] === undefined ? null : termInputs(await book.fresh(), content)),
    withdrawnOn: ({ withdrawn_on }: ActRow) => withdrawn_on,
  };
}
