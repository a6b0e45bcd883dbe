import { checkPeriod } from './checks.ts';
import { disclosure, ownSite, provenance, subject, unit } from './common.ts';
import type { Form, FormField, OtherActKind } from './form.ts';

/** Our names of the columns between document and date; each kind of act has those that belong to it. */
interface OwnFields {
  /** What the act is about. */
  matter?: string;
  /** How it was done. */
  method?: string;
  /** The result of the act. */
  result?: string;
  /** Its amount of money; 万元 in the form. */
  amount?: string;
  /** It holds for a time. */
  hasPeriod?: true;
}

/** A form of ours: `noun` is the act's word in the labels of its columns, `prefix` begins their codes. */
function act(
  kind: OtherActKind,
  prefix: string,
  noun: string,
  { matter, method, result, amount, hasPeriod }: OwnFields,
): Form {
  const field = (
    column: string,
    name: string,
    label: string,
    more: Pick<FormField, 'type' | 'rule'> & Partial<FormField>,
  ): FormField => ({ column: `${prefix}_${column}`, name, label, unverified: true, ...more });
  return {
    kind,
    edition: '1',
    source: 'Our form; the kinds of act from 国办发〔2019〕35号 第十五条. No national column codes are known to us.',
    subject: 'subjectUscc',
    subjectCategory: 'subjectCategory',
    fields: [
      ...subject(prefix),
      field('WSMC', 'documentName', `${noun}决定文书名称`, {
        aliases: ['决定文书名称'],
        type: 'text',
        maxLength: 200,
        rule: 'optional',
      }),
      field('WSH', 'documentNo', `${noun}决定文书号`, {
        also: 'documentNoKey',
        aliases: ['决定文书号'],
        type: 'documentNo',
        maxLength: 128,
        rule: 'reject',
      }),
      ...(matter === undefined
        ? []
        : [field('SX', 'matter', matter, { aliases: ['事项名称'], type: 'text', maxLength: 500, rule: 'warn' })]),
      field('NR', 'content', `${noun}内容`, { aliases: ['决定内容'], type: 'text', rule: 'warn' }),
      ...(method === undefined
        ? []
        : [field('FS', 'method', method, { aliases: ['实施方式'], type: 'text', maxLength: 200, rule: 'optional' })]),
      ...(result === undefined
        ? []
        : [field('JG', 'result', result, { aliases: ['结果'], type: 'text', maxLength: 2000, rule: 'optional' })]),
      ...(amount === undefined
        ? []
        : [
            field('JE', 'amountFen', `${amount}（万元）`, {
              also: 'amountText',
              aliases: [amount, '金额'],
              type: 'money10k',
              rule: 'optional',
            }),
          ]),
      field('YJ', 'legalBasis', `${noun}依据`, { aliases: ['法律依据'], type: 'text', rule: 'optional' }),
      field('JDRQ', 'decidedOn', `${noun}决定日期`, {
        aliases: ['决定日期'],
        type: 'date',
        isPast: true,
        rule: 'reject',
      }),
      ...(hasPeriod === undefined
        ? []
        : [
            field('YXQZ', 'validFrom', '有效期自', { type: 'date', rule: 'optional' }),
            field('YXQZI', 'validTo', '有效期至', { also: 'longTerm', type: 'dateOrLongTerm', rule: 'optional' }),
          ]),
      ...unit(`${prefix}_JDJG`, `${prefix}_JDJGDM`, 'authority', '决定机关', 'warn'),
      ...unit(`${prefix}_LYDW`, `${prefix}_LYDWDM`, 'sourceUnit', '数据来源单位', 'warn'),
      { column: 'BZ', name: 'remark', label: '备注', type: 'text', rule: 'optional' },
      disclosure(prefix),
      ownSite(prefix),
      ...provenance,
    ],
    ...(hasPeriod && {
      check: (record, _reject, warn) => checkPeriod(record, warn, 'validFrom', 'validTo', `${prefix}_YXQZI`),
    }),
  };
}

/** The eight kinds of act beside licence and penalty, a form each. */
export const otherActForms: Record<OtherActKind, Form> = {
  compulsion: act('compulsion', 'QZ', '行政强制', { method: '强制措施种类', result: '强制执行结果', hasPeriod: true }),
  confirmation: act('confirmation', 'QR', '行政确认', { matter: '确认事项', result: '确认结果', hasPeriod: true }),
  levy: act('levy', 'ZS', '行政征收', { matter: '征收事项', result: '缴纳情况', amount: '征收金额' }),
  payment: act('payment', 'JF', '行政给付', { matter: '给付事项', result: '给付情况', amount: '给付金额' }),
  adjudication: act('adjudication', 'CJ', '行政裁决', { matter: '裁决事项', result: '裁决结果' }),
  compensation: act('compensation', 'BC', '行政补偿', { matter: '补偿事项', result: '补偿情况', amount: '补偿金额' }),
  reward: act('reward', 'JL', '行政奖励', { matter: '奖励事项', method: '奖励方式', amount: '奖励金额' }),
  inspection: act('inspection', 'JC', '行政监督检查', { matter: '检查事项', method: '检查方式', result: '检查结果' }),
};
