import { organisationOf } from '#test/support/graph.ts';
import type { Cells } from '#test/support/registered.ts';

// Rows of the official forms about the subject of the tests, decided by the unit of the tests. A test says what matters
// to it.

export const subject = organisationOf('SUBJECT').organisation;
export const unit = organisationOf('DETERMINING_UNIT').organisation;

let numbered = 0;
export const newNumber = (word: string): string => `示${word}〔2026〕${(numbered += 1)}号`;

export const licence = (more: Cells = {}): Cells => ({
  XK_XDR_MC: '示例云帆零售有限公司',
  XK_XDR_LB: '法人及非法人组织',
  XK_XDR_SHXYM: subject,
  XK_FRDB: '欧阳示例',
  XK_XKWS: '准予许可决定书',
  XK_WSH: newNumber('许'),
  XK_XKLB: '普通',
  XK_NR: '食品经营许可',
  XK_JDRQ: '2026/09/18',
  XK_YXQZ: '2026/09/18',
  XK_YXQZI: '2031/09/17',
  XK_XKJG: '示例交通运输厅',
  XK_XKJGDM: unit,
  XK_ZT: '1',
  XK_LYDW: '示例交通运输厅',
  XK_LYDWDM: unit,
  XK_GSRQ: '',
  ...more,
});

/** A general penalty, whose publication goes on until it is performed. */
export const penalty = (more: Cells = {}): Cells => ({
  CF_XDR_MC: '示例云帆零售有限公司',
  CF_XDR_LB: '法人及非法人组织',
  CF_XDR_SHXYM: subject,
  CF_FRDB: '欧阳示例',
  CF_WSH: newNumber('罚'),
  CF_WFXW: '超限运输',
  CF_SY: '货物超限',
  CF_YJ: '某条例第一条',
  CF_CFLB: '罚款',
  CF_NR: '处罚款',
  CF_NR_FK: '0.2',
  CF_JDRQ: '2026/09/18',
  CF_GSJZQ: '',
  CF_CFJG: '示例交通运输厅',
  CF_CFJGDM: unit,
  CF_SJLY: '示例交通运输厅',
  CF_SJLYDM: unit,
  CF_GSRQ: '',
  CF_LXRQ: '',
  ...more,
});

export const reward = (more: Cells = {}): Cells => ({
  JL_XDR_MC: '示例云帆零售有限公司',
  JL_XDR_SHXYM: subject,
  JL_WSH: newNumber('奖'),
  JL_SX: '质量奖',
  JL_NR: '给予奖励',
  JL_JDRQ: '2026/09/18',
  JL_JDJG: '示例交通运输厅',
  JL_JDJGDM: unit,
  JL_LYDW: '示例交通运输厅',
  JL_LYDWDM: unit,
  JL_GSRQ: '',
  ...more,
});

export const commitment = (more: Cells = {}): Cells => ({
  CN_XDR_MC: '示例云帆零售有限公司',
  CN_XDR_SHXYM: subject,
  CN_LX: '主动型',
  CN_BM: newNumber('诺'),
  CN_SY: '守法经营',
  CN_RQ: '2026/09/18',
  CN_SLDW: '示例交通运输厅',
  CN_SLDWDM: unit,
  CN_ZT: '全部履行',
  CN_LYDW: '示例交通运输厅',
  CN_LYDWDM: unit,
  ...more,
});

export const listEntry = (more: Cells = {}): Cells => ({
  MD_XDR_MC: '示例云帆零售有限公司',
  MD_XDR_SHXYM: subject,
  MD_LX: '市场监督管理严重违法失信名单',
  MD_WSH: newNumber('列'),
  MD_LRRQ: '2026/09/18',
  MD_LRSY: '严重违法',
  MD_FLYJ: '某办法第一条',
  MD_RDJG: '示例交通运输厅',
  MD_RDJGDM: unit,
  MD_LYDW: '示例交通运输厅',
  MD_LYDWDM: unit,
  ...more,
});
