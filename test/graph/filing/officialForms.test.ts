import { forms } from '#standards/forms/forms.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const FORMS = `query ($kind: String) {
  officialForms(kind: $kind) {
    kind edition source subjectColumns
    fields {
      column label name aliases type maxLength rule isStrict codes { code name spellings } scheme isDropped
      verified
    }
  }
}`;

test('the form of a kind is open to all, with what a file is read by', async () => {
  const { body } = await graph.query('PUBLIC', FORMS, { kind: 'penalty' });
  expect(body.errors).toBeUndefined();
  const [form, ...others] = (body.data ?? {})['officialForms'] as { fields: { column: string }[] }[];
  expect(others).toEqual([]);
  expect(form).toMatchObject({
    kind: 'penalty',
    edition: '2018',
    source: '发改办财金〔2018〕424号',
    subjectColumns: ['CF_XDR_SHXYM', 'CF_XDR_GSZC', 'CF_XDR_ZZJG', 'CF_XDR_SWDJ', 'CF_XDR_SYDW', 'CF_XDR_SHZZ'],
  });
  const field = (column: string) => form?.fields.find((each) => each.column === column);
  expect(field('CF_WSH')).toEqual({
    column: 'CF_WSH',
    label: '行政处罚决定书文号',
    name: 'documentNo',
    aliases: ['行政处罚决定文书号'],
    type: 'DOCUMENT_NUMBER',
    maxLength: 128,
    rule: 'REJECT',
    isStrict: true,
    codes: null,
    scheme: null,
    isDropped: false,
    verified: true,
  });
  expect(field('CF_NR_FK')).toEqual({
    column: 'CF_NR_FK',
    label: '罚款金额（万元）',
    name: 'fineFen',
    aliases: ['罚款金额'],
    type: 'MONEY_10K',
    maxLength: null,
    rule: 'OPTIONAL',
    isStrict: false,
    codes: null,
    scheme: null,
    isDropped: false,
    verified: true,
  });
  expect(field('CF_SYFW')).toMatchObject({
    type: 'CODE',
    rule: 'OPTIONAL',
    isStrict: true,
    verified: false,
    codes: [
      { code: 'PUBLIC', name: '社会公开', spellings: ['公开', '公示', '0'] },
      { code: 'GOV_SHARED' },
      { code: 'RESTRICTED' },
      { code: 'INTERNAL' },
    ],
  });
  expect(field('CF_XDR_ZZJG')).toMatchObject({ type: 'IDENTIFIER', scheme: 'ORGANISATION_CODE' });
  expect(field('CF_FR_ZJHM')).toMatchObject({ isDropped: true });
});

test('without a kind all are given, one for each kind of filing, with every column', async () => {
  const { body } = await graph.query('FINANCIAL_INSTITUTION', '{ officialForms { kind fields { column } } }');
  expect(body.errors).toBeUndefined();
  expect(body.data).toEqual({
    officialForms: Object.entries(forms).map(([kind, { fields }]) => ({
      kind,
      fields: fields.map(({ column }) => ({ column })),
    })),
  });
});

test('a kind without a form is bad input', async () => {
  for (const kind of ['other', '__proto__']) {
    const { body } = await graph.query('PUBLIC', FORMS, { kind });
    expect(body.data).toEqual({ officialForms: null });
    expect(body.errors).toMatchObject([
      { path: ['officialForms'], extensions: { code: 'BAD_USER_INPUT', argument: 'kind', reason: 'UNKNOWN_CODE' } },
    ]);
  }
});
