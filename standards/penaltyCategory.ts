import { createCodeList } from './codeList.ts';
import table from './data/penaltyCategories.json' with { type: 'json' };

export interface PenaltyCategory {
  code: string;
  name: string;
  englishName: string;
  /** The item of Article 9, Administrative Penalty Law (2021). */
  item: number;
  /** Chinese spellings accepted in files: those of the law and those of the data standard before it. */
  spellings: string[];
}

export const penaltyCategories: readonly PenaltyCategory[] = table.items;

/** Penalty categories (处罚类别) as files write them: several in a cell separated by `;`, and 其他-… with its text. */
export const penaltyCategoryList = createCodeList(penaltyCategories, 'OTHER');
