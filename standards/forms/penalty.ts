import { amountsIn, formatAs10kYuan } from '#standards/money.ts';
import { penaltyCategoryList } from '#standards/penaltyCategory.ts';
import { checkPeriod } from './checks.ts';
import { penaltyProcedures } from './codeLists.ts';
import { disclosure, officialSubject, ownSite, provenance, subjectIdentifierNames, unit } from './common.ts';
import type { Form, ParsedRecord, Report } from './form.ts';

// A field that the form requires when the categories name such a penalty: [column, name, label, categories].
const WANTED = [
  ['CF_NR_FK', 'fineFen', '罚款金额', ['FINE']],
  ['CF_NR_WFFF', 'confiscatedFen', '没收违法所得、没收非法财物的金额', ['CONFISCATE_GAINS', 'CONFISCATE_PROPERTY']],
  [
    'CF_NR_ZKDX',
    'affectedLicence',
    '暂扣或吊销证照名称及编号',
    ['SUSPEND_LICENCE', 'REVOKE_LICENCE', 'SUSPEND_OR_REVOKE_LICENCE'],
  ],
] as const;

function checkPenalty(record: ParsedRecord, _reject: Report, warn: Report): void {
  const categories = record['categories'] as string[] | null;
  for (const [column, name, label, when] of WANTED) {
    if (record[name] === null && categories?.some((category) => (when as readonly string[]).includes(category))) {
      warn(column, 'MISSING', `${label} is missing although the category of the penalty asks for it.`);
    }
  }
  checkAmount(record, warn);
  checkPeriod(record, warn, 'decidedOn', 'validTo', 'CF_YXQ');
  checkPeriod(record, warn, 'decidedOn', 'publicUntil', 'CF_GSJZQ');
}

/** A fine in 万元 that was filed in 元 is ten thousand times too large: the content then names another amount. */
function checkAmount(record: ParsedRecord, warn: Report): void {
  const [fine, confiscated] = [record['fineFen'], record['confiscatedFen']] as (bigint | null)[];
  const content = record['content'] as string | null;
  if (fine == null || content === null) return;
  const named = amountsIn(content);
  const possible = [fine, fine + (confiscated ?? 0n)];
  if (named.length === 0 || named.some((amount) => possible.includes(amount))) return;
  // Several fines of one decision are filed as their sum.
  if (named.reduce((sum, amount) => sum + amount, 0n) === fine) return;
  warn(
    'CF_NR_FK',
    'AMOUNT',
    `罚款金额 is ${formatAs10kYuan(fine)} 万元, and 处罚内容 names ${named.map(formatAs10kYuan).join('、')} 万元.`,
  );
}

/** 行政处罚 */
export const penaltyForm: Form = {
  kind: 'penalty',
  edition: '2018',
  source: '发改办财金〔2018〕424号',
  isOfficial: true,
  subject: 'subjectUscc',
  subjectCategory: 'subjectCategory',
  oneOf: subjectIdentifierNames,
  fields: [
    ...officialSubject('CF'),
    {
      column: 'CF_WSH',
      name: 'documentNo',
      also: 'documentNoKey',
      label: '行政处罚决定书文号',
      aliases: ['行政处罚决定文书号'],
      type: 'documentNo',
      maxLength: 128,
      rule: 'reject',
    },
    { column: 'CF_WFXW', name: 'violation', label: '违法行为类型', type: 'text', rule: 'warn' },
    { column: 'CF_SY', name: 'facts', label: '违法事实', type: 'text', rule: 'warn' },
    { column: 'CF_YJ', name: 'legalBasis', label: '处罚依据', type: 'text', rule: 'warn' },
    {
      column: 'CF_CFLB',
      name: 'categories',
      also: 'categoryText',
      label: '处罚类别',
      type: 'codes',
      codes: penaltyCategoryList,
      maxLength: 500,
      rule: 'warn',
      // The category decides how long a penalty is published: an unknown one is not read as another.
      strict: true,
      unverified: true,
    },
    { column: 'CF_NR', name: 'content', label: '处罚内容', type: 'text', rule: 'warn' },
    {
      column: 'CF_NR_FK',
      name: 'fineFen',
      also: 'fineText',
      label: '罚款金额（万元）',
      aliases: ['罚款金额'],
      type: 'money10k',
      rule: 'optional',
    },
    {
      column: 'CF_NR_WFFF',
      name: 'confiscatedFen',
      also: 'confiscatedText',
      label: '没收违法所得、没收非法财物的金额（万元）',
      aliases: ['没收违法所得、没收非法财物的金额'],
      type: 'money10k',
      rule: 'optional',
    },
    {
      column: 'CF_NR_ZKDX',
      name: 'affectedLicence',
      label: '暂扣或吊销证照名称及编号',
      type: 'text',
      maxLength: 200,
      rule: 'optional',
    },
    { column: 'CF_JDRQ', name: 'decidedOn', label: '处罚决定日期', type: 'date', isPast: true, rule: 'reject' },
    {
      column: 'CF_YXQ',
      name: 'validTo',
      also: 'longTerm',
      label: '处罚有效期',
      type: 'dateOrLongTerm',
      rule: 'optional',
    },
    { column: 'CF_GSJZQ', name: 'publicUntil', label: '公示截止期', type: 'date', rule: 'warn' },
    ...unit('CF_CFJG', 'CF_CFJGDM', 'authority', '处罚机关', 'warn', ['CF_XZJG']),
    ...unit('CF_SJLY', 'CF_SJLYDM', 'sourceUnit', '数据来源单位', 'warn'),
    { column: 'BZ', name: 'remark', label: '备注', type: 'text', rule: 'optional' },
    disclosure('CF'),
    ownSite('CF'),
    // The end of publication requires it (信用修复管理办法); an extra field of ours.
    // By what procedure it was decided, and why a minor one is published, decide its publication: extras of ours.
    {
      column: 'CF_CFCX',
      name: 'procedure',
      label: '处罚程序',
      type: 'code',
      codes: penaltyProcedures,
      rule: 'optional',
      strict: true,
      unverified: true,
    },
    {
      column: 'CF_GSBYX',
      name: 'publicationNeed',
      label: '公示必要性说明',
      type: 'text',
      maxLength: 500,
      rule: 'optional',
      unverified: true,
    },
    { column: 'CF_LXRQ', name: 'performedOn', label: '履行完毕日期', type: 'date', rule: 'optional', unverified: true },
    ...provenance,
  ],
  check: checkPenalty,
};
