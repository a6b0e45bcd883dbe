import type { Form } from './form.ts';
import { findForm, forms } from './forms.ts';
import { readHeader } from './header.ts';
import { otherActForms } from './otherActs.ts';
import { createRowParser, parseRow, readCell } from './parse.ts';

const LICENCE = {
  XK_XDR_MC: '示例云帆科技有限公司',
  XK_XDR_LB: '法人及非法人组织',
  XK_XDR_SHXYM: '91110105MA0EEE1197',
  XK_XDR_GSZC: '110108000000016',
  XK_FRDB: '张三',
  XK_XKWS: '准予许可决定书',
  XK_WSH: '京市监许【2026】 12号',
  XK_XKLB: '其他-补证',
  XK_NR: '食品经营许可',
  XK_JDRQ: '2026/09/18',
  XK_YXQZ: '2026/09/18',
  XK_YXQZI: '2099/12/31',
  XK_XKJG: '示例市监局',
  XK_XKJGDM: '11650100MB0EEE665G',
  XK_ZT: '1',
  XK_LYDW: '示例平台',
  XK_LYDWDM: '00000000000000000X',
  XK_SYFW: '0',
};

const PENALTY = {
  CF_XDR_MC: '示例云帆科技有限公司',
  CF_XDR_LB: '法人及非法人组织',
  CF_XDR_SHXYM: '91110105MA0EEE1197',
  CF_FRDB: '张三',
  CF_WSH: '京市监罚〔2026〕7号',
  CF_WFXW: '超范围经营',
  CF_SY: '超出登记的经营范围',
  CF_YJ: '某条例第一条',
  CF_CFLB: '警告;罚款',
  CF_NR: '警告并处罚款',
  CF_NR_FK: '0.2',
  CF_JDRQ: '2026年9月18日',
  CF_GSJZQ: '2027-09-18',
  CF_CFJG: '示例市监局',
  CF_CFJGDM: '11650100MB0EEE665G',
  CF_SJLY: '示例市监局',
  CF_SJLYDM: '11650100MB0EEE665G',
};

function rejected(form: Form, cells: Record<string, unknown>): unknown {
  const result = parseRow(form, cells);
  return result.ok ? 'accepted' : result.problems;
}

test('a licence row becomes a typed record, and what is missing is said', () => {
  expect(parseRow(forms.licence, LICENCE)).toEqual({
    ok: true,
    record: {
      subjectName: '示例云帆科技有限公司',
      subjectCategory: 'ORGANISATION',
      subjectUscc: '91110105MA0EEE1197',
      industryCode: null,
      registrationNumber: '110108000000016',
      organisationCode: null,
      taxNumber: null,
      institutionCertificate: null,
      socialOrganisationCertificate: null,
      legalRepresentative: '张三',
      documentName: '准予许可决定书',
      documentNo: '京市监许【2026】 12号',
      documentNoKey: '京市监许〔2026〕12号',
      licenceCategory: 'OTHER',
      licenceCategoryText: '补证',
      certificateName: null,
      certificateNo: null,
      content: '食品经营许可',
      decidedOn: '2026-09-18',
      validFrom: '2026-09-18',
      validTo: null,
      longTerm: true,
      authorityName: '示例市监局',
      authorityUscc: '11650100MB0EEE665G',
      licenceStatus: 'VALID',
      sourceUnitName: '示例平台',
      sourceUnitUscc: null,
      remark: null,
      disclosureLevel: 'PUBLIC',
      ownSiteOn: null,
      catalogueCode: null,
      sourceRecordId: null,
      localDivision: null,
    },
    warnings: [{ column: 'XK_LYDWDM', code: 'MISSING', message: '数据来源单位统一社会信用代码 is missing.' }],
    additionalFields: {},
  });
});

test('a penalty row has its money as fen and as it was written', () => {
  const result = parseRow(forms.penalty, PENALTY);
  expect(result).toMatchObject({
    ok: true,
    record: {
      documentNoKey: '京市监罚〔2026〕7号',
      categories: ['WARNING', 'FINE'],
      categoryText: null,
      fineFen: 200_000n,
      fineText: '0.2',
      confiscatedFen: null,
      confiscatedText: null,
      decidedOn: '2026-09-18',
      publicUntil: '2027-09-18',
      validTo: null,
      longTerm: false,
    },
    warnings: [],
    additionalFields: {},
  });
});

test('a fine without an amount is a warning', () => {
  expect(parseRow(forms.penalty, { ...PENALTY, CF_NR_FK: '— —' })).toMatchObject({
    ok: true,
    record: { fineFen: null },
    warnings: [
      {
        column: 'CF_NR_FK',
        code: 'MISSING',
        message: '罚款金额 is missing although the category of the penalty asks for it.',
      },
    ],
  });
});

test('every problem of a row is named, by column', () => {
  expect(
    rejected(forms.penalty, {
      ...PENALTY,
      CF_XDR_SHXYM: '91110105MA0EEE1198',
      CF_WSH: '/',
      CF_JDRQ: '2022-09-31',
      CF_SYFW: '机密',
    }),
  ).toEqual([
    {
      column: 'CF_XDR_SHXYM',
      code: 'CHECK_CHARACTER',
      message: 'The check character (position 18) is "8"; the first 17 characters ask for "7". One of the 18 is wrong.',
    },
    { column: 'CF_WSH', code: 'MISSING', message: '行政处罚决定书文号 is missing.' },
    { column: 'CF_JDRQ', code: 'BAD_DATE', message: '"2022-09-31" is not a day in the form YYYY/MM/DD that exists.' },
    { column: 'CF_SYFW', code: 'UNKNOWN_CODE', message: '"机密" is not a value of 信息使用范围.' },
  ]);
});

test('an unknown category of penalty refuses the row, and names the nearest that there are', () => {
  expect(rejected(forms.penalty, { ...PENALTY, CF_CFLB: '吊销' })).toEqual([
    {
      column: 'CF_CFLB',
      code: 'UNKNOWN_CODE',
      message: '"吊销" is not a value of 处罚类别. The nearest are 吊销许可证件, 暂扣或者吊销许可证、执照.',
    },
  ]);
});

test('a bad value that does not reject the row is null, reported, and kept as it was', () => {
  expect(
    parseRow(forms.penalty, {
      ...PENALTY,
      CF_GSJZQ: '2022-09-31',
      CF_NR_FK: '两千',
      CF_CFJGDM: '123',
    }),
  ).toMatchObject({
    ok: true,
    record: { publicUntil: null, fineFen: null, authorityUscc: null },
    warnings: [
      { column: 'CF_NR_FK', code: 'BAD_MONEY', message: '"两千" is not an amount in 万元 with at most six decimals.' },
      { column: 'CF_GSJZQ', code: 'BAD_DATE' },
      { column: 'CF_CFJGDM', code: 'LENGTH' },
      { column: 'CF_NR_FK', code: 'MISSING' },
    ],
    additionalFields: { CF_GSJZQ: '2022-09-31', CF_NR_FK: '两千', CF_CFJGDM: '123' },
  });
});

test('a row needs a code or an older identifier of its subject', () => {
  expect(rejected(forms.penalty, { ...PENALTY, CF_XDR_SHXYM: '' })).toEqual([
    {
      column: 'CF_XDR_SHXYM',
      code: 'MISSING',
      message: 'No code names the subject: one of the identifier columns is needed.',
    },
  ]);
  expect(parseRow(forms.penalty, { ...PENALTY, CF_XDR_SHXYM: '无', CF_XDR_ZZJG: '71526726-X' })).toMatchObject({
    ok: true,
    record: { subjectUscc: null, organisationCode: '71526726X' },
  });
});

test.each([
  ['a category that says so', { CF_XDR_LB: '自然人' }, 'CF_XDR_LB'],
  ['another spelling of it', { CF_XDR_LB: ' 个人 ' }, 'CF_XDR_LB'],
  ['a person’s number in place of the code', { CF_XDR_SHXYM: '11010519491231002X' }, 'CF_XDR_SHXYM'],
])('a row about a natural person is refused and nothing of it is repeated: %s', (_, cells, column) => {
  const person = {
    ...PENALTY,
    CF_XDR_MC: '赵某某',
    CF_XDR_ZJHM: '440524188001010014',
    CF_JDRQ: 'x440524188001010014',
    ...cells,
  };
  expect(parseRow(forms.penalty, person)).toEqual({
    ok: false,
    problems: [
      {
        column,
        code: 'OUT_OF_SCOPE_NATURAL_PERSON',
        message: 'The row is about a natural person. Nothing of it is kept.',
      },
    ],
  });
  const entity = { DJ_SHXYM: '91110105MA0EEE1197', DJ_MC: '赵某某', DJ_LX: '自然人', DJ_ZT: '存续' };
  expect(rejected(forms.entity, entity)).toMatchObject([{ column: 'DJ_LX', code: 'OUT_OF_SCOPE_NATURAL_PERSON' }]);
});

test('identity numbers of persons are dropped or masked wherever they stand', () => {
  const id = '11010519491231002X';
  const result = parseRow(forms.penalty, {
    ...PENALTY,
    CF_FR_ZJLX: '身份证',
    CF_FR_SFZH: id,
    CF_XDR_ZJHM: id,
    CF_XDR_SWDJ: `${id}01`,
    CF_SY: `经查，负责人（${id}）在场`,
    CF_CFJGDM: id,
    LXRSFZH: id,
    LOCAL: id,
    LOCAL2: `联系人${id}`,
    OTHER_CODE: '9111000071092609 4P',
  });
  expect(
    JSON.stringify(result, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  ).not.toContain('1949');
  expect(result).toMatchObject({
    ok: true,
    record: { facts: '经查，负责人（******************）在场', taxNumber: null, authorityUscc: null },
    additionalFields: { OTHER_CODE: '9111000071092609 4P' },
  });
  expect(result.ok && result.warnings.map((warning) => [warning.column, warning.code])).toEqual([
    ['CF_XDR_SWDJ', 'PERSONAL_NUMBER_DROPPED'],
    ['CF_SY', 'PERSONAL_NUMBER_DROPPED'],
    ['CF_CFJGDM', 'PERSONAL_NUMBER_DROPPED'],
    ['LOCAL', 'PERSONAL_NUMBER_DROPPED'],
    ['LOCAL2', 'PERSONAL_NUMBER_DROPPED'],
  ]);
});

test('telephone numbers are masked in texts and in columns of no form, not where numbers belong', () => {
  const result = parseRow(forms.licence, {
    ...LICENCE,
    XK_NR: '联系13800138000',
    XK_XKBH: '13800138000',
    YJLBS: '13900139000',
    XK_XKLB: '其他-致电0571-87654321',
    联系方式: '138-0013-8000',
  });
  expect(result).toMatchObject({
    ok: true,
    record: {
      content: '联系***********',
      certificateNo: '13800138000',
      sourceRecordId: '13900139000',
      licenceCategory: 'OTHER',
      licenceCategoryText: '致电*************',
    },
    additionalFields: { 联系方式: '*************' },
  });
  expect(
    result.ok && result.warnings.flatMap(({ column, code }) => (code === 'TELEPHONE_MASKED' ? [column] : [])),
  ).toEqual(['XK_XKLB', 'XK_NR', '联系方式']);
  const entity = {
    DJ_SHXYM: '91110105MA0EEE1197',
    DJ_MC: '示例云帆科技有限公司',
    DJ_LX: '企业',
    DJ_ZT: '存续',
    DJ_DH: '13800138000',
    DJ_DZ: '某路1号，13800138000',
  };
  expect(parseRow(forms.entity, entity)).toMatchObject({
    ok: true,
    record: { phone: '13800138000', address: '某路1号，***********' },
  });
});

test('other data of persons is masked in texts as well, and what may be an address is a warning', () => {
  const result = parseRow(forms.penalty, {
    ...PENALTY,
    CF_SY: '货款转入张某个人卡6217000000000000012，联系微信zhang_88、QQ：100001，邮箱zhang@example.com',
    CF_NR: '罚款2000元，缴至示例市财政局专户，账号：6217000000000000012',
    BZ: '护照E00000001，家住示例县丹枫路12号3幢201室',
    CF_CFJG: '示例市监局',
    CF_WFXW: '消费者收到的商品寄自示例路1号，退货寄至示例县丹枫路12号3幢201室',
    微信号: 'zhang_88',
  });
  expect(result).toMatchObject({
    ok: true,
    record: {
      facts: `货款转入张某个人卡${'*'.repeat(19)}，联系微信********、QQ：******，邮箱${'*'.repeat(17)}`,
      content: '罚款2000元，缴至示例市财政局专户，账号：6217000000000000012',
      remark: '护照*********，家住示例县丹枫路*********',
      violation: '消费者收到的商品寄自示例路1号，退货寄至示例县丹枫路12号3幢201室',
    },
    additionalFields: { 微信号: '********' },
  });
  expect(result.ok && result.warnings.map(({ column, code, message }) => [column, code, message])).toEqual([
    ['CF_WFXW', 'PERSON_ADDRESS', 'This may be the home address of a person. If it is, file the row without it.'],
    ['CF_SY', 'PERSONAL_DATA_MASKED', 'A bank card or a person’s account was masked.'],
    ['CF_SY', 'PERSONAL_DATA_MASKED', 'An e-mail address was masked.'],
    ['CF_SY', 'PERSONAL_DATA_MASKED', 'A name in a messenger was masked.'],
    ['BZ', 'PERSONAL_DATA_MASKED', 'A passport number was masked.'],
    ['BZ', 'PERSONAL_DATA_MASKED', 'The house number in a person’s address was masked.'],
    ['微信号', 'PERSONAL_DATA_MASKED', 'A name in a messenger was masked.'],
  ]);
});

test('a message repeats no e-mail address, and the address is masked beside the record', () => {
  const result = parseRow(forms.penalty, { ...PENALTY, CF_NR_FK: 'zhang@example.com' });
  expect(result).toMatchObject({ ok: true, additionalFields: { CF_NR_FK: '*'.repeat(17) } });
  expect(result.ok && result.warnings.map(({ message }) => message).join()).not.toContain('zhang');
});

test('a bad value with a telephone number is kept and told without it', () => {
  const result = parseRow(forms.penalty, { ...PENALTY, CF_NR_FK: '138 0013 8000' });
  expect(result).toMatchObject({
    ok: true,
    record: { fineFen: null },
    additionalFields: { CF_NR_FK: '*************' },
  });
  expect(
    JSON.stringify(result, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  ).not.toContain('8000');
});

test.each([
  '2026-09-18',
  '2026年9月18日',
  '京市监罚〔2026〕7号',
  '（2026）7号',
  '第12号',
  '0f8fad5b-d9cb-469f-a165-70867728950e',
  '示例双公示系统-2',
  '示例双公示系统',
  '11650100MB0EEE665G',
])('%s is no name of an authority: the row is taken with a warning, and the text kept beside it', (name) => {
  expect(parseRow(forms.penalty, { ...PENALTY, CF_CFJG: name })).toMatchObject({
    ok: true,
    record: { authorityName: null },
    warnings: [{ column: 'CF_CFJG', code: 'SUSPECT_NAME' }],
    additionalFields: { CF_CFJG: name },
  });
});

test.each([
  '示例市市场监督管理局',
  '国家税务总局示例市税务局第一税务分局',
  '示例市公安局110指挥中心',
  '示例市12345政务服务中心',
  '示例市系统监管局',
])('%s is one', (name) => {
  expect(parseRow(forms.penalty, { ...PENALTY, CF_CFJG: name })).toMatchObject({
    ok: true,
    record: { authorityName: name },
    warnings: [],
  });
});

test('a subject without a code that has an identity document is a natural person, whatever the category says', () => {
  const row = { ...PENALTY, CF_XDR_SHXYM: '', CF_XDR_LB: '', CF_XDR_MC: '赵某某', CF_XDR_ZJHM: '440524188001010014' };
  expect(rejected(forms.penalty, row)).toMatchObject([{ column: 'CF_XDR_LB', code: 'OUT_OF_SCOPE_NATURAL_PERSON' }]);
  expect(rejected(forms.penalty, { ...row, CF_XDR_ZJHM: '无' })).toMatchObject([
    { column: 'CF_XDR_SHXYM', code: 'MISSING' },
  ]);
  expect(rejected(forms.penalty, { ...row, CF_XDR_SHXYM: '91110105MA0EEE1197' })).toBe('accepted');
});

test('the columns of 2016 are read; its status digits that mean others today are reported', () => {
  const { XK_XDR_MC, XK_FRDB, XK_YXQZI, XK_XKJG, XK_ZT: _, ...rest } = LICENCE;
  const older = {
    ...rest,
    XK_XDR: XK_XDR_MC,
    XK_FR: XK_FRDB,
    XK_JZQ: XK_YXQZI,
    XK_XZJG: XK_XKJG,
    XK_XDR_ZDM: '71526726-X',
    XK_XDR_SFZ: '11010519491231002X',
  };
  expect(parseRow(forms.licence, { ...older, XK_ZT: '正常' })).toMatchObject({
    ok: true,
    record: {
      subjectName: XK_XDR_MC,
      legalRepresentative: XK_FRDB,
      longTerm: true,
      authorityName: XK_XKJG,
      organisationCode: '71526726X',
      licenceStatus: 'VALID',
    },
  });
  for (const digit of ['0', '3'])
    expect(parseRow(forms.licence, { ...older, XK_ZT: digit })).toMatchObject({
      ok: true,
      record: { licenceStatus: null },
      additionalFields: { XK_ZT: digit },
    });
});

test('categories are read in the spellings before and after 2021, joined by ; or as the law joins them', () => {
  const read = (text: string): unknown => {
    const result = parseRow(forms.penalty, { ...PENALTY, CF_CFLB: text });
    return result.ok && [result.record['categories'], result.record['categoryText']];
  };
  expect(read('警告；罚款;没收违法所得')).toEqual([['WARNING', 'FINE', 'CONFISCATE_GAINS'], null]);
  expect(read('警告、通报批评')).toEqual([['WARNING', 'PUBLIC_CRITICISM'], null]);
  expect(read('暂扣或者吊销许可证')).toEqual([['SUSPEND_OR_REVOKE_LICENCE'], null]);
  expect(read('暂扣或者吊销许可证、执照')).toEqual([['SUSPEND_OR_REVOKE_LICENCE'], null]);
  expect(read('罚款;其他-责令改正、停止使用')).toEqual([['FINE', 'OTHER'], '责令改正、停止使用']);
  expect(read('警告、扣分')).toBe(false);
});

test('each of the eight other acts has a form of its own, with the columns that belong to it', () => {
  const own = Object.fromEntries(
    Object.entries(otherActForms).map(([kind, { fields }]) => [
      kind,
      fields.flatMap(({ name }) =>
        ['matter', 'method', 'result', 'amountFen', 'validTo'].includes(name) ? [name] : [],
      ),
    ]),
  );
  expect(own).toEqual({
    compulsion: ['method', 'result', 'validTo'],
    confirmation: ['matter', 'result', 'validTo'],
    levy: ['matter', 'result', 'amountFen'],
    payment: ['matter', 'result', 'amountFen'],
    adjudication: ['matter', 'result'],
    compensation: ['matter', 'result', 'amountFen'],
    reward: ['matter', 'method', 'amountFen'],
    inspection: ['matter', 'method', 'result'],
  });
  for (const form of [forms.licence, forms.penalty, ...Object.values(otherActForms)])
    expect(form.fields.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'subjectName',
        'subjectUscc',
        'documentNo',
        'content',
        'decidedOn',
        'authorityUscc',
        'sourceUnitUscc',
        'disclosureLevel',
        'ownSiteOn',
        'catalogueCode',
      ]),
    );
});

test('a long or telephone-like value is not repeated in a message', () => {
  expect(rejected(forms.penalty, { ...PENALTY, CF_JDRQ: '13800138000' })).toEqual([
    { column: 'CF_JDRQ', code: 'BAD_DATE', message: 'The value is not a day in the form YYYY/MM/DD that exists.' },
  ]);
});

test('lengths are counted in characters; too long is a rejection only where the form is sure of it', () => {
  expect(parseRow(forms.penalty, { ...PENALTY, CF_WSH: '😀'.repeat(128) })).toMatchObject({ ok: true, warnings: [] });
  expect(rejected(forms.penalty, { ...PENALTY, CF_WSH: '😀'.repeat(129) })).toMatchObject([
    { column: 'CF_WSH', code: 'TOO_LONG' },
  ]);
  expect(parseRow(forms.penalty, { ...PENALTY, CF_XDR_MC: '😀'.repeat(201) })).toMatchObject({
    ok: true,
    warnings: [{ column: 'CF_XDR_MC', code: 'TOO_LONG' }],
  });
  expect(rejected(forms.penalty, { ...PENALTY, BZ: 'x'.repeat(20_001) })).toMatchObject([
    { column: 'BZ', code: 'TOO_LONG' },
  ]);
});

test.each(['', '  ', '无', '/', '— —', '——', '-', 'NULL'])('%j in a cell is nothing', (text) => {
  expect(readCell(text)).toBeNull();
});

test('text that only begins like nothing is kept, without NUL', () => {
  expect(readCell('无照经营')).toBe('无照经营');
  expect(readCell(' a\0b ')).toBe('ab');
});

test('a header is read by codes, labels, older names or English names, whatever the width', () => {
  const result = readHeader(forms.licence, [
    '\ufeff行政相对人名称',
    'ＸＫ＿ＸＤＲ＿ＳＨＸＹＭ',
    'xk_wsh',
    'decidedOn',
    '法定代表人身份证号',
    '地方特色',
    '联系人证件号',
    '护照号码',
  ]);
  expect(result).toMatchObject({
    ok: true,
    header: {
      fields: [
        { field: { column: 'XK_XDR_MC' }, index: 0 },
        { field: { column: 'XK_XDR_SHXYM' }, index: 1 },
        { field: { column: 'XK_WSH' }, index: 2 },
        { field: { column: 'XK_JDRQ' }, index: 3 },
      ],
      additional: [{ column: '地方特色', index: 5 }],
      dropped: ['法定代表人身份证号', '联系人证件号', '护照号码'],
    },
  });
  expect(result.ok && result.header.warnings.map((warning) => warning.column)).toEqual([
    'XK_XDR_LB',
    'XK_FRDB',
    'XK_XKWS',
    'XK_XKLB',
    'XK_NR',
    'XK_YXQZ',
    'XK_YXQZI',
    'XK_XKJG',
    'XK_XKJGDM',
    'XK_ZT',
    'XK_LYDW',
    'XK_LYDWDM',
  ]);
});

test('a header without what a row must have says which columns are missing, twice or unknown', () => {
  expect(readHeader(forms.licence, ['XK_XDR_MC', 'XK_XDR_MC', '文号'])).toEqual({
    ok: false,
    problems: [
      {
        column: 'XK_XDR_MC',
        code: 'DUPLICATE_COLUMN',
        message: 'The column XK_XDR_MC (行政相对人名称) is there twice.',
      },
      { column: 'XK_WSH', code: 'MISSING_COLUMN', message: 'There is no column XK_WSH (行政许可决定文书号).' },
      { column: 'XK_JDRQ', code: 'MISSING_COLUMN', message: 'There is no column XK_JDRQ (许可决定日期).' },
      {
        column: 'XK_XDR_SHXYM',
        code: 'MISSING_COLUMN',
        message:
          'One of the columns XK_XDR_SHXYM, XK_XDR_GSZC, XK_XDR_ZZJG, XK_XDR_SWDJ, XK_XDR_SYDW, XK_XDR_SHZZ is needed.',
      },
    ],
    unknown: ['文号'],
  });
});

test('columns the form does not know are kept beside the record, and a short row is refused', () => {
  const columns = [...Object.keys(LICENCE), '新栏目'];
  const header = readHeader(forms.licence, columns);
  if (!header.ok) throw new Error('the header is in the form');
  const parse = createRowParser(header.header);
  expect(parse([...Object.values(LICENCE), '新内容'])).toMatchObject({
    ok: true,
    additionalFields: { 新栏目: '新内容' },
  });
  expect(parse([...Object.values(LICENCE), '— —'])).toMatchObject({ ok: true, additionalFields: {} });
  expect(parse(Object.values(LICENCE))).toEqual({
    ok: false,
    problems: [
      {
        column: '',
        code: 'CELL_COUNT',
        message: `The row has ${columns.length - 1} cells, the header ${columns.length}.`,
      },
    ],
  });
});

test('a grade is one of its scheme’s version', () => {
  const evaluation = {
    PJ_XDR_MC: '示例云帆科技有限公司',
    PJ_XDR_SHXYM: '91110105MA0EEE1197',
    PJ_FA: 'PUBLIC_CREDIT',
    PJ_FABB: '2026',
    PJ_DJ: 'B',
    PJ_FS: '812.50',
    PJ_MF: '1000',
    PJ_RQ: '2026-06-30',
    PJ_ZB: 'COMPLIANCE:280/300;RISK:90.5/100',
    PJ_YY: '按期公示年报；无行政处罚',
  };
  expect(parseRow(forms.evaluation, evaluation)).toMatchObject({
    ok: true,
    record: {
      scheme: 'PUBLIC_CREDIT',
      grade: 'B',
      score: '812.5',
      scoreMax: '1000',
      indicators: [
        { code: 'COMPLIANCE', score: '280', max: '300' },
        { code: 'RISK', score: '90.5', max: '100' },
      ],
      reasons: ['按期公示年报', '无行政处罚'],
    },
  });
  expect(rejected(forms.evaluation, { ...evaluation, PJ_DJ: '优' })).toEqual([
    { column: 'PJ_DJ', code: 'UNKNOWN_CODE', message: 'The grades of this version are A, B, C, D.' },
  ]);
  expect(rejected(forms.evaluation, { ...evaluation, PJ_FABB: '2030' })).toMatchObject([
    { column: 'PJ_FABB', code: 'UNKNOWN_CODE' },
  ]);
});

test('an entry of a list that nobody registered is refused', () => {
  const entry = {
    MD_XDR_MC: '示例云帆科技有限公司',
    MD_XDR_SHXYM: '91110105MA0EEE1197',
    MD_LX: '拖欠农民工工资失信联合惩戒对象',
    MD_WSH: '人社〔2026〕1号',
    MD_LRRQ: '2026-03-01',
    MD_RDJG: '示例人社局',
    MD_RDJGDM: '11650100MB0EEE665G',
  };
  expect(parseRow(forms['name-list'], entry)).toMatchObject({
    ok: true,
    record: { listType: 'WAGE_ARREARS', listedOn: '2026-03-01', removedOn: null },
  });
  expect(rejected(forms['name-list'], { ...entry, MD_LX: '自编名单' })).toEqual([
    {
      column: 'MD_LX',
      code: 'UNKNOWN_CODE',
      message:
        '"自编名单" is not a value of 名单类型. ' +
        'The nearest are 重点关注名单, 建筑市场主体严重失信名单, 社会组织严重违法失信名单.',
    },
  ]);
});

test('columns and names are unique in a form, and personal documents are dropped fields', () => {
  for (const form of Object.values(forms)) {
    const names = form.fields.flatMap((field) => (field.also === undefined ? [field.name] : [field.name, field.also]));
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(form.fields.map((field) => field.column)).size).toBe(form.fields.length);
    expect(form.fields.some((field) => field.name === form.subject && field.type === 'uscc')).toBe(true);
    for (const field of form.fields) expect(field.dropped ?? false).toBe(/ZJLX|ZJHM/.test(field.column));
    for (const field of form.fields)
      if (field.type === 'code' || field.type === 'codes') expect(field.codes).toBeDefined();
  }
  expect(findForm('licence')).toBe(forms.licence);
  expect(findForm('__proto__')).toBeNull();
});
