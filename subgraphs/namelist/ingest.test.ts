import { forms } from '#standards/forms/forms.ts';
import { parseRow } from '#standards/forms/parse.ts';
import { entryOf, recordOf } from './ingest.ts';

const row = {
  MD_XDR_MC: '示例有限公司',
  MD_XDR_SHXYM: '91110105MA0EEE1197',
  MD_LX: 'SAMR_SERIOUS',
  MD_WSH: '京市监〔2026〕1号',
  MD_LRRQ: '2026/03/10',
  MD_LRSY: '示例事由',
  MD_FLYJ: '示例依据',
  MD_RDJG: '示例局',
  MD_RDJGDM: '12500000MB1EEE5523',
};

function entry(cells: Record<string, string>) {
  const parsed = parseRow(forms['name-list'], { ...row, ...cells });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  let warnings = 0;
  const made = entryOf(parsed.record, { additionalFields: null, warn: () => (warnings += 1) });
  if (!('uscc' in made)) throw new Error(JSON.stringify(made));
  return { made, warnings };
}

test.each<[string, Record<string, string>, string, string | null, string | null]>([
  ['a serious entry without an end is published for the term of its list', {}, 'PUBLIC', '2026-03-10', '2029-03-09'],
  ['an entry is published for its own term', { MD_QXZ: '2029/03/09' }, 'PUBLIC', '2026-03-10', '2029-03-09'],
  [
    'unless another end was filed',
    { MD_QXZ: '2029/03/09', MD_GSJZQ: '2028/03/09' },
    'PUBLIC',
    '2026-03-10',
    '2028-03-09',
  ],
  [
    'removal ends publication',
    { MD_QXZ: '2029/03/09', MD_YCRQ: '2027/01/01', MD_YCYY: '已改正' },
    'PUBLIC',
    '2026-03-10',
    '2027-01-01',
  ],
  [
    'removal after the term does not prolong it',
    { MD_QXZ: '2029/03/09', MD_YCRQ: '2029/03/10', MD_YCYY: '到期' },
    'PUBLIC',
    '2026-03-10',
    '2029-03-09',
  ],
  [
    'a list that is left on correction has no usual end',
    { MD_LX: 'ABNORMAL_OPERATION' },
    'PUBLIC',
    '2026-03-10',
    'infinity',
  ],
  ['a focus entry is not published unless its unit chose to', { MD_LX: 'FOCUS' }, 'GOV_SHARED', null, null],
  [
    'a focus entry its unit chose to publish has the usual term',
    { MD_LX: 'FOCUS', MD_SYFW: '社会公开' },
    'PUBLIC',
    '2026-03-10',
    '2027-03-09',
  ],
  ['what is not public has no term of publication', { MD_SYFW: '内部', MD_QXZ: '2029/03/09' }, 'INTERNAL', null, null],
])('%s', (_, cells, level, from, until) => {
  const { made } = entry(cells);
  expect([made.disclosure_level, made.public_from, made.public_until]).toEqual([level, from, until]);
  // The current entry states what was filed.
  expect(entryOf(recordOf(made), { additionalFields: null, warn: () => {} })).toEqual(made);
});

test('a current entry has all that is kept of its filing, and an end by its term follows the term', () => {
  const { made } = entry({
    MD_XDR_HYDM: 'C2710',
    MD_QXZ: '2029/03/09',
    MD_ZGYQ: '整改',
    MD_ZGQX: '2026/06/01',
    MD_LVQK: '部分履行',
    MD_XQ: '专有',
    BZ: '备注',
    MD_LYDW: '示例中心',
    MD_LYDWDM: '12330000MB1EEE552X',
    YJLBS: 'A-1',
  });
  const kept = recordOf(made);
  const again = (more: Record<string, unknown>) =>
    entryOf({ ...kept, ...more }, { additionalFields: null, warn: () => {} });
  expect(again({})).toEqual(made);
  expect(again({ termUntil: '2028-03-09' })).toMatchObject({
    record_id: made.record_id,
    term_until: '2028-03-09',
    public_until: '2028-03-09',
    valid_to: '2028-03-10',
  });
});

test.each([
  ['信用修复', '2027-01-01'],
  ['认定撤销', '2027-01-01'],
  ['已改正', null],
  ['期限届满', null],
])('移出原因 %s withdraws the record on %s', (reason, withdrawnOn) => {
  expect(entry({ MD_YCRQ: '2027/01/01', MD_YCYY: reason }).made.withdrawn_on).toBe(withdrawnOn);
});

test('what an entry states holds until the earlier of its term and its removal', () => {
  expect(entry({}).made.valid_to).toBeNull();
  expect(entry({ MD_QXZ: '2029/03/09' }).made.valid_to).toBe('2029-03-10');
  expect(entry({ MD_QXZ: '2029/03/09', MD_YCRQ: '2027/01/01', MD_YCYY: '已改正' }).made.valid_to).toBe('2027-01-01');
});

test('one document that lists an entity on two lists makes two entries; its brackets make none', () => {
  const first = entry({}).made.record_id;
  expect(entry({ MD_LX: 'WORK_SAFETY' }).made.record_id).not.toBe(first);
  expect(entry({ MD_WSH: '京市监【2026】1号', MD_LRSY: '更正后的事由' }).made.record_id).toBe(first);
});

test('a serious entry kept from the public is a warning, a focus entry is not', () => {
  expect([
    entry({ MD_SYFW: '政务共享' }).warnings,
    entry({ MD_SYFW: '社会公开' }).warnings,
    entry({ MD_LX: 'FOCUS', MD_SYFW: '政务共享' }).warnings,
  ]).toEqual([1, 0, 0]);
});

test('without a source unit the authority is the source', () => {
  expect(entry({}).made.source_unit).toBe('12500000MB1EEE5523');
});
