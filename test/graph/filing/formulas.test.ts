import { composeUscc } from '#standards/uscc.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { newEntity } from '#test/support/listings.ts';

// Cells that a spreadsheet would take for formulas: in a file of refused rows they begin with an apostrophe, and filed
// again they are what they were.

const UNIT = composeUscc('11330000', 'MB1EEE71');
const COLUMNS = [
  'MD_XDR_MC',
  'MD_XDR_SHXYM',
  'MD_LX',
  'MD_WSH',
  'MD_LRRQ',
  'MD_LRSY',
  'MD_FLYJ',
  'MD_RDJG',
  'MD_RDJGDM',
  'MD_LYDW',
  'MD_LYDWDM',
  'MD_SYFW',
];
const rowOf = (uscc: string, documentNo: string, grounds: string): string =>
  [
    '示例主体',
    uscc,
    '市场监督管理严重违法失信名单',
    documentNo,
    '2026/09/18',
    grounds,
    '某办法第一条',
    '示例市监局',
    UNIT,
    '示例市监局',
    UNIT,
    '社会公开',
  ].join(',');

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const groundsOf = async (uscc: string): Promise<unknown> => {
  const { body } = await graph.query(
    'NATIONAL_CENTRE',
    'query ($uscc: USCC!) { creditFile(uscc: $uscc) { nameListEntries(first: 1) { nodes { grounds } } } }',
    { uscc },
  );
  return (body.data as { creditFile: { nameListEntries: { nodes: { grounds: string }[] } } | null } | null)?.creditFile
    ?.nameListEntries.nodes[0]?.grounds;
};
const entities: string[] = [];
const known = async (): Promise<string> => {
  const uscc = newEntity();
  entities.push(uscc);
  await graph.file(
    'entity',
    `DJ_SHXYM,DJ_MC,DJ_LX,DJ_ZT,DJ_LYDW,DJ_LYDWDM\n${uscc},示例第${entities.length}公司,企业,存续,示例市监局,${UNIT}\n`,
  );
  return uscc;
};

test('in a file of refused rows an apostrophe before a formula is ours, and is taken away', async () => {
  const [one, other] = [await known(), await known()];
  const rejected = ['REJECTED_ROW,REJECTED_BECAUSE', ...COLUMNS].join(',');
  const text =
    `\uFEFF${rejected}\n7,MD_LRSY BAD_FORM: It is so.,${rowOf(one, '示列〔2026〕71号', "'=1+2")}\n8,` +
    `MD_LRSY BAD_FORM: It is so.,${rowOf(other, '示列〔2026〕72号', "''-x")}\n`;
  expect(await graph.file('name-list', text)).toMatchObject({ added: 2, rejected: 0 });
  expect([await groundsOf(one), await groundsOf(other)]).toEqual(['=1+2', "'-x"]);
});

test('in any other file it is the filer’s own', async () => {
  const uscc = await known();
  expect(
    await graph.file('name-list', `${COLUMNS.join(',')}\n${rowOf(uscc, '示列〔2026〕73号', "'=1+2")}\n`),
  ).toMatchObject({ added: 1 });
  expect(await groundsOf(uscc)).toBe("'=1+2");
});
