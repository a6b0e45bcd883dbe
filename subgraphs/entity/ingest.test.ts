import { parseRow } from '#standards/forms/parse.ts';
import { publicViewer } from '#policy/viewer.ts';
import { profileRow } from './ingest.ts';
import { forms } from '#standards/forms/forms.ts';

const form = {
  DJ_MC: '示例科技（杭州）有限公司',
  DJ_LX: '企业',
  DJ_ZT: '存续',
  DJ_HYDM: 'C3912',
  DJ_QHDM: '330106',
  DJ_CLRQ: '2015/03/01',
};

function state(cells: Record<string, string>) {
  const parsed = parseRow(forms.entity, { ...form, ...cells, DJ_SHXYM: CODE, DJ_LYDWDM: UNIT });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const row = profileRow(parsed.record, { viewer: publicViewer, additionalFields: null, warn: () => {} });
  if (!('uscc' in row)) throw new Error(JSON.stringify(row));
  return row;
}

const CODE = '93330106MA2EEE3316';
const UNIT = '12500000MB1EEE5523';

test('a state is in force from the day of the change, else from the establishment, else from the start', () => {
  expect(state({ DJ_HZRQ: '2020/06/01' }).valid_from).toBe('2020-06-01');
  expect(state({}).valid_from).toBe('2015-03-01');
  expect(state({ DJ_CLRQ: '' }).valid_from).toBe('1949-10-01');
});

test('filing a state of the same day again is the same record, whatever it says; another day is another', () => {
  const { record_id } = state({});
  expect(state({ DJ_MC: '更正后的名称' }).record_id).toBe(record_id);
  expect(state({ DJ_HZRQ: '2020/06/01' }).record_id).not.toBe(record_id);
});

test('the name is kept as registered, and in a column as it is searched', () => {
  const row = state({});
  expect([row.content['name'], row.name]).toEqual(['示例科技（杭州）有限公司', '示例科技(杭州)有限公司']);
});

test('an entity lies where it is registered now, the Corps apart; else where its code was issued', () => {
  expect([
    state({}).province,
    state({ DJ_QHDM: '659001' }).province,
    state({ DJ_QHDM: '440305' }).province,
    state({ DJ_QHDM: '' }).province,
  ]).toEqual(['33', '66', '44', '33']);
});

test('its sector is the section of its industry', () => {
  expect([state({}).sector, state({ DJ_HYDM: '' }).sector, state({ DJ_HYDM: 'ZZ' }).sector]).toEqual(['C', null, null]);
});

test('a state that is not public has no term of publication', () => {
  const row = state({ DJ_SYFW: '授权查询' });
  expect([row.disclosure_level, row.public_from, row.public_until]).toEqual(['RESTRICTED', null, null]);
});

test('content has the identifiers under their schemes and nothing that was left empty', () => {
  expect(state({ DJ_ZZJG: '71526726-X' }).content).toEqual({
    name: '示例科技（杭州）有限公司',
    industryCode: 'C3912',
    divisionCode: '330106',
    establishedOn: '2015-03-01',
    identifiers: [{ scheme: 'ORGANISATION_CODE', value: '71526726X' }],
  });
});
