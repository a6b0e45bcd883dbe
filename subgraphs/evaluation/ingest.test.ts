import { publicViewer } from '#policy/viewer.ts';
import { forms } from '#standards/forms/forms.ts';
import { parseRow } from '#standards/forms/parse.ts';
import { resultOf } from './ingest.ts';

const row = {
  PJ_XDR_MC: '示例有限公司',
  PJ_XDR_SHXYM: '91110105MA0EEE1197',
  PJ_FA: 'PUBLIC_CREDIT',
  PJ_FABB: '2026',
  PJ_DJ: 'A',
  PJ_RQ: '2026/06/30',
  PJ_DW: '示例评价单位',
  PJ_DWDM: '12500000MB1EEE5523',
};
const risk = { PJ_FA: 'SAMR_RISK', PJ_FABB: '2022' };

function rowOf(cells: Record<string, string>) {
  const parsed = parseRow(forms.evaluation, { ...row, ...cells });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return resultOf(parsed.record, { additionalFields: null, viewer: publicViewer });
}

test.each<[string, Record<string, string>, string, string | null]>([
  ['a credit result is published until the next yearly round', {}, 'PUBLIC', '2027-06-29'],
  ['or as long as it says that it holds', { PJ_YXQZ: '2026/12/31' }, 'PUBLIC', '2026-12-31'],
  ['a risk class is shared in government', risk, 'GOV_SHARED', null],
  [
    'a risk class that is published is so until the next monthly round',
    { ...risk, PJ_SYFW: '社会公开' },
    'PUBLIC',
    '2026-07-29',
  ],
  ['what a row says of its level counts', { PJ_SYFW: '授权查询' }, 'RESTRICTED', null],
])('%s', (_, cells, level, until) => {
  expect(rowOf(cells)).toMatchObject({
    disclosure_level: level,
    public_from: until && '2026-06-30',
    public_until: until,
  });
});

test('a result is known by evaluator, scheme, subject and day: another grade or version of it is a correction', () => {
  const [first, corrected, other] = [rowOf({}), rowOf({ PJ_DJ: 'B', PJ_FABB: '2025' }), rowOf({ PJ_RQ: '2026/07/01' })];
  if (!('uscc' in first && 'uscc' in corrected && 'uscc' in other)) throw new Error('rows');
  expect(corrected.record_id).toBe(first.record_id);
  expect(other.record_id).not.toBe(first.record_id);
});

test('a result of nobody, filed by nobody, is refused', () => {
  expect(rowOf({ PJ_DW: '', PJ_DWDM: '' })).toEqual([
    {
      column: 'PJ_LYDWDM',
      code: 'MISSING',
      message: 'A record needs the Unified Social Credit Code of a unit that filed it.',
    },
  ]);
});
