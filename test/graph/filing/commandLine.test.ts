import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Api, createApi } from '#cli/api.ts';
import { decideFiling, filingLine, findFiling } from '#cli/filing.ts';
import { ingest } from '#cli/ingest.ts';
import { findUnit, registerUnits, unitLine } from '#cli/units.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { register } from '#test/support/registered.ts';

// What the command line does with the public API: files with refused rows, and units that file.

const UNIT = composeUscc('11330000', 'MB1EEE81');
const [first, second, third] = [1, 2, 3].map((n) => composeUscc('91330106', `MA3EEE8${n}`)) as [string, string, string];

const COLUMNS = [
  'CF_XDR_MC',
  'CF_XDR_LB',
  'CF_XDR_SHXYM',
  'CF_FRDB',
  'CF_WSH',
  'CF_WFXW',
  'CF_SY',
  'CF_YJ',
  'CF_CFLB',
  'CF_NR',
  'CF_NR_FK',
  'CF_JDRQ',
  'CF_GSJZQ',
  'CF_CFJG',
  'CF_CFJGDM',
  'CF_SJLY',
  'CF_SJLYDM',
];
const row = (uscc: string, day: string, kind = '法人及非法人组织'): string =>
  [
    '示例云帆科技有限公司',
    kind,
    uscc,
    '示例人',
    '浙测〔2026〕81号',
    '超范围经营',
    '"超出登记的, 经营范围"',
    '某条例第一条',
    '罚款',
    '罚款',
    '0.2',
    day,
    '2027/09/18',
    '示例市监局',
    UNIT,
    '示例市监局',
    UNIT,
  ].join(',');

let graph: TestGraph;
let directory: string;
let api: Api;
beforeAll(async () => {
  graph = await startGraph();
  directory = await mkdtemp(join(tmpdir(), 'credit-graph-filing-'));
  await register(graph, 'disclosure', UNIT, ['penalty']);
  api = createApi({ url: graph.url, token: () => graph.tokenOf('NATIONAL_CENTRE') });
});
afterAll(async () => {
  await rm(directory, { recursive: true });
  await graph[Symbol.asyncDispose]();
});

test('refused rows are corrected in their file and filed as it is; no natural person is in it', async () => {
  const file = join(directory, 'penalties.csv');
  await writeFile(
    file,
    [
      COLUMNS.join(','),
      row(first, '2026/09/18'),
      row(second, '2026/09/31'),
      row('', '2026/09/18', '自然人'),
      row(third, '2026/13/18'),
    ].join('\r\n'),
  );
  const { receipt, rejectedFile, rejectedListed } = await ingest({ api, file, kind: 'penalty' });
  expect({ receipt, rejectedFile, rejectedListed }).toMatchObject({
    receipt: { rows: 4, added: 1, rejected: 3 },
    rejectedFile: `${file}.rejected.csv`,
    rejectedListed: 3,
  });
  const [header, ...lines] = (await readFile(`${file}.rejected.csv`, 'utf8')).trimEnd().split('\r\n');
  expect(header).toBe(`\uFEFFREJECTED_ROW,REJECTED_BECAUSE,${COLUMNS.join(',')}`);
  expect(lines).toEqual([
    expect.stringMatching(/^3,.*CF_JDRQ BAD_DATE: .*,示例云帆科技有限公司,/),
    expect.stringMatching(/^4,[^\r]*OUT_OF_SCOPE_NATURAL_PERSON: [^\r]*,{17}$/),
    expect.stringMatching(/^5,.*CF_JDRQ BAD_DATE: .*,示例云帆科技有限公司,/),
  ]);
  expect(lines[1]).not.toContain('示例人');

  const mended = join(directory, 'mended.csv');
  await writeFile(
    mended,
    [header, lines[0]?.replace(',2026/09/31,', ',2026/09/30,'), lines[2]?.replace(',2026/13/18,', ',2026/09/18,')].join(
      '\r\n',
    ),
  );
  expect(await ingest({ api, file: mended, kind: 'penalty' })).toMatchObject({
    receipt: { rows: 2, added: 2, rejected: 0 },
    rejectedFile: null,
  });
  await expect(access(`${mended}.rejected.csv`)).rejects.toThrow('ENOENT');
  expect(
    await graph.sql('select distinct additional_fields from disclosure.act where source_unit = $1', [UNIT]),
  ).toEqual([{ additional_fields: null }]);
});

test('all refused rows of a part are reported, however many they are', async () => {
  const file = join(directory, 'many.csv');
  await writeFile(
    file,
    [COLUMNS.join(','), ...Array.from({ length: 1500 }, () => row(second, '2026/09/31'))].join('\n'),
  );
  expect(await ingest({ api, file, kind: 'penalty' })).toMatchObject({
    receipt: { rows: 1500, rejected: 1500 },
    rejectedListed: 1500,
  });
  // Asked again the gateway repeats them.
  expect(await ingest({ api, file, kind: 'penalty' })).toMatchObject({
    receipt: { rows: 1500, rejected: 1500 },
    rejectedListed: 1500,
  });
});

test('a full replacement that would end too much waits for a second person to apply or discard it', async () => {
  const { organisation } = organisationOf('NATIONAL_CENTRE');
  const acting = (actor: string): Api =>
    createApi({ url: graph.url, token: () => graph.issuer.token({ role: 'NATIONAL_CENTRE', organisation, actor }) });
  const [one, other] = [acting('1'), acting('2')];
  const own = (uscc: string): string => row(uscc, '2026/09/18').replaceAll(UNIT, organisation);
  const fileOf = async (name: string, rows: readonly string[]): Promise<string> => {
    await writeFile(join(directory, name), [COLUMNS.join(','), ...rows].join('\n'));
    return join(directory, name);
  };
  await registerUnits(api, [{ unit: organisation, kind: 'penalty' }]);
  const whole = await fileOf('whole.csv', [first, second, third].map(own));
  const cut = await fileOf('cut.csv', [own(first)]);

  await expect(ingest({ api, file: whole, kind: 'penalty', replace: true })).rejects.toThrow('(ACTOR)');
  expect(await ingest({ api: one, file: whole, kind: 'penalty', replace: true })).toMatchObject({
    receipt: { added: 3 },
    status: 'COMPLETED',
    replacement: { standing: 0, missing: 0, ended: 0 },
  });
  const waiting = await ingest({ api: one, file: cut, kind: 'penalty', replace: true });
  expect(waiting).toMatchObject({
    receipt: { unchanged: 1 },
    status: 'QUARANTINED',
    replacement: { standing: 3, missing: 2, ended: 0 },
  });
  const { filing: id } = waiting;
  expect(await ingest({ api: one, file: cut, kind: 'penalty', replace: true })).toEqual(waiting);
  expect(filingLine(await findFiling(other, id))).toBe('QUARANTINED: 2 of 3 records are missing, 0 have ended');
  await expect(decideFiling(one, id, true)).rejects.toThrow('(SECOND_PERSON)');
  const ended = { id, status: 'COMPLETED', replacement: { standing: 3, missing: 2, ended: 2 } };
  expect([await decideFiling(other, id, true), await decideFiling(other, id, true)]).toEqual([ended, ended]);
  await expect(decideFiling(other, id, false)).rejects.toThrow('(NOT_QUARANTINED)');

  // What ended is back with the file that has it, though that file was filed before.
  expect(await ingest({ api: one, file: whole, kind: 'penalty', replace: true })).toMatchObject({
    receipt: { unchanged: 1, corrected: 2 },
    status: 'COMPLETED',
    replacement: { standing: 1, missing: 0, ended: 0 },
  });
  const again = await ingest({ api: one, file: cut, kind: 'penalty', replace: true });
  expect(await decideFiling(other, again.filing, false)).toEqual({
    id: again.filing,
    status: 'CANCELLED',
    replacement: { standing: 3, missing: 2, ended: 0 },
  });
  const added = await ingest({ api: one, file: cut, kind: 'penalty' });
  await expect(decideFiling(other, added.filing, true)).rejects.toThrow('is COMPLETED and does not wait for anybody');
  await expect(findFiling(other, '00000000-0000-4000-8000-000000000000')).rejects.toThrow('There is no filing');
});

test('a unit is registered, changed and shown', async () => {
  const unit = composeUscc('11330000', 'MB1EEE82');
  expect(await findUnit(api, unit)).toEqual([]);
  await registerUnits(
    api,
    ['licence', 'name-list'].map((kind) => ({ unit, kind, name: '示例单位', province: '33' })),
  );
  await registerUnits(api, [{ unit, kind: 'licence', province: '33', sector: 'F', promisedDelayHours: 48 }]);
  const kinds = await findUnit(api, unit);
  expect(kinds.map(unitLine)).toEqual([
    'licence           33 F     every 48 h   never filed   in time',
    'name-list         33 *     every 840 h   never filed   in time',
  ]);
  await expect(
    registerUnits(createApi({ url: graph.url, token: () => null }), [{ unit, kind: 'licence' }]),
  ).rejects.toThrow('UNAUTHORIZED_FIELD_OR_TYPE');
});
