import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';

// The publication of consumers' complaints (国办发〔2019〕35号 第四条), through the public API.

const UNIT = composeUscc('11330000', 'MB1EEE12');
const subject = organisationOf('SUBJECT').organisation;
const [handledOn, closedOn] = [daysFromNow(-90), daysFromNow(-60)];

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
  await know(graph, subject);
  await register(graph, 'disclosure', UNIT, ['complaint']);
});
afterAll(() => graph[Symbol.asyncDispose]());

const complaint: Cells = {
  TS_XDR_MC: '示例云帆零售有限公司',
  TS_XDR_SHXYM: subject,
  TS_BH: '12315-2026-0001',
  TS_CLRQ: handledOn,
  TS_SX: '商品与说明不符',
  TS_CLFS: '调解',
  TS_CLJG: '退货退款',
  TS_CLDW: '示例市监局',
  TS_CLDWDM: UNIT,
  TS_LYDW: '示例市监局',
  TS_LYDWDM: UNIT,
};

const COMPLAINTS = `query ($uscc: USCC!) { creditFile(uscc: $uscc) { complaints(first: 10) {
  nodes {
    __typename complaintNo handledOn handledBy { name uscc } matter handling result disclosureLevel version
    subject { uscc } provenance { catalogueCode }
  }
  totalCount { value exact } } } }`;

test('a complaint comes out with every field of its form, and ends with the term of the rules', async () => {
  const ended = { ...complaint, TS_BH: '12315-2020-0001', TS_CLRQ: '2020/08/20' };
  expect(await graph.file('complaint', lines([complaint, ended]), { format: 'NDJSON' })).toMatchObject({
    rows: 2,
    added: 2,
    rejected: 0,
  });
  const published = {
    __typename: 'ConsumerComplaint',
    complaintNo: '12315-2026-0001',
    handledOn,
    handledBy: { name: '示例市监局', uscc: UNIT },
    matter: '商品与说明不符',
    handling: '调解',
    result: '退货退款',
    disclosureLevel: 'PUBLIC',
    version: 1,
    subject: { uscc: subject },
    provenance: { catalogueCode: 'COMPLAINT' },
  };
  const asked = await graph.query('PUBLIC', COMPLAINTS, { uscc: subject });
  expect(asked.body.errors).toBeUndefined();
  expect(asked.body.data).toEqual({
    creditFile: { complaints: { nodes: [published], totalCount: { value: 1, exact: true } } },
  });
  const own = await graph.query('SUBJECT', COMPLAINTS, { uscc: subject });
  expect(own.body.data).toEqual({
    creditFile: {
      complaints: {
        nodes: [published, { ...published, complaintNo: '12315-2020-0001', handledOn: '2020-08-20' }],
        totalCount: { value: 2, exact: true },
      },
    },
  });
});

test('a remark is returned to the subject, and denied to the public', async () => {
  expect(await graph.file('complaint', lines([{ ...complaint, BZ: '示例备注' }]), { format: 'NDJSON' })).toMatchObject({
    corrected: 1,
  });
  const REMARKS = `query ($uscc: USCC!) {
    creditFile(uscc: $uscc) { complaints(first: 1) { nodes { complaintNo remark } } }
  }`;
  const delivered = (remark: string | null) => ({
    creditFile: { complaints: { nodes: [{ complaintNo: '12315-2026-0001', remark }] } },
  });
  expect((await graph.query('SUBJECT', REMARKS, { uscc: subject })).body).toMatchObject({
    data: delivered('示例备注'),
  });
  const { body } = await graph.query('PUBLIC', REMARKS, { uscc: subject });
  expect([body.data, body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([
    delivered(null),
    ['UNAUTHORIZED_FIELD_OR_TYPE'],
  ]);
});

test('a complaint that is closed another way later is a version of the same record', async () => {
  expect(
    await graph.file('complaint', lines([{ ...complaint, TS_CLRQ: closedOn, TS_CLJG: '换货' }]), { format: 'NDJSON' }),
  ).toMatchObject({ added: 0, corrected: 1 });
  const { body } = await graph.query(
    'PUBLIC',
    `query ($uscc: USCC!) { creditFile(uscc: $uscc) { complaints(first: 10) { nodes { version handledOn result } } } }`,
    { uscc: subject },
  );
  expect(body.data).toEqual({
    creditFile: { complaints: { nodes: [{ version: 3, handledOn: closedOn, result: '换货' }] } },
  });
});

test('a row without its number or day is refused, and whose subject is a person leaves nothing', async () => {
  const { TS_BH: _number, ...numberless } = complaint;
  const outcome = await graph.file(
    'complaint',
    lines([
      { ...numberless, TS_BH: '无' },
      { ...complaint, TS_CLRQ: '2026/02/30' },
      { ...complaint, TS_XDR_LB: '个人' },
    ]),
    { format: 'NDJSON' },
  );
  const problems = (outcome['rejectedRows'] as { problems: { column: string; code: string }[] }[]).map(
    ({ problems: found }) => found.map(({ column, code }) => `${column} ${code}`),
  );
  expect([outcome['added'], problems]).toEqual([
    0,
    [['TS_BH MISSING'], ['TS_CLRQ BAD_DATE'], ['TS_XDR_LB OUT_OF_SCOPE_NATURAL_PERSON']],
  ]);
});
