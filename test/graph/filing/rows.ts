import { composeUscc } from '#standards/uscc.ts';
import type { Reply } from '#test/support/graph.ts';
import type { Cells } from '#test/support/registered.ts';

// What the tests of filing file, and how they read the answer.

/** A unit that is registered for all that it files. */
export const UNIT = composeUscc('11330000', 'MB1EEE31');

/** A row of the form of penalties, by `UNIT` where the cells do not say otherwise. */
export const penalty = (uscc: string, number: string, more: Cells = {}): Cells => ({
  CF_XDR_MC: '示例云帆科技有限公司',
  CF_XDR_LB: '法人及非法人组织',
  CF_XDR_SHXYM: uscc,
  CF_FRDB: '示例人',
  CF_WSH: `浙测〔2026〕${number}号`,
  CF_WFXW: '超范围经营',
  CF_SY: '超出登记的经营范围',
  CF_YJ: '某条例第一条',
  CF_CFLB: '警告;罚款',
  CF_NR: '警告并处罚款',
  CF_NR_FK: '0.2',
  CF_JDRQ: '2026/09/18',
  CF_GSJZQ: '2027/09/18',
  CF_CFJG: '示例市监局',
  CF_CFJGDM: UNIT,
  CF_SJLY: '示例市监局',
  CF_SJLYDM: UNIT,
  ...more,
});

/** A field of an answer, whose shape the query says. */
export const fieldOf = <Field>({ body }: Reply, name: string): Field => body.data?.[name] as Field;
