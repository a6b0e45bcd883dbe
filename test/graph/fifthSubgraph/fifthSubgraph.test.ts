import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { composeUscc } from '#standards/uscc.ts';
import { definitions } from '#subgraphs/definitions.ts';
import { type Database, openDatabase } from '#test/support/database.ts';
import { type Reply, startGraph, type TestGraph } from '#test/support/graph.ts';
import { daysFromNow, know, lines } from '#test/support/registered.ts';
import { type Following, followBySse, isCheckpoint } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';
import { definition as qualification } from './qualification/index.ts';

// A subgraph is a folder and a line. The folder is ./qualification, and this is the line:
const subgraphs = [...definitions, qualification];

const BUILDER = composeUscc('91330106', 'MA7EE201');
const UNIT = composeUscc('11330000', 'MB1EEE72');
const slashed = (day: string): string => day.replaceAll('-', '/');
const ISSUED_ON = daysFromNow(-10);
const VALID_UNTIL = daysFromNow(700);

const certificate = (certificateNo: string, more: Record<string, string> = {}) => ({
  ZZ_XDR_MC: '示例云帆建筑有限公司',
  ZZ_XDR_SHXYM: BUILDER,
  ZZ_ZSBH: certificateNo,
  ZZ_LB: 'BUILDING',
  ZZ_FZRQ: slashed(ISSUED_ON),
  ZZ_YXQZ: slashed(VALID_UNTIL),
  ZZ_LYDW: '示例住房城乡建设局',
  ZZ_LYDWDM: UNIT,
  ...more,
});
const ofGovernment = { ZZ_SYFW: '政务共享' };

interface FileData {
  readonly creditFile: { readonly certificates: readonly { readonly id: string; readonly certificateNo: string }[] };
}
const FILE = `{ creditFile(uscc: "${BUILDER}") {
  certificates { id certificateNo fieldOfWork issuedOn validUntil disclosureLevel subject { name } }
} }`;
const EVENT = `... on CertificateChange {
  kind version subject { uscc name } certificate { certificateNo disclosureLevel }
} ... on Checkpoint { __typename }`;
const STREAM = `subscription { certificateChanges(filter: { fieldsOfWork: ["BUILDING"] }) { ${EVENT} } }`;
const pageOf = (fieldOfWork: string): string =>
  `{ certificateChanges(first: 10, filter: { fieldsOfWork: ["${fieldOfWork}"] }) { events { ${EVENT} } } }`;

async function databaseWithFifth(): Promise<Database> {
  const database = await openDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query(await readFile(join(import.meta.dirname, 'qualification/migration.sql'), 'utf8'));
  } finally {
    await client.end();
  }
  return database;
}

interface Stage {
  readonly graph: TestGraph;
  readonly published: Following;
  readonly shared: Following;
}
const modes = ['in the gateway’s process', 'over HTTP'] as const;
const stages = new Map<string, Stage>();
const stageOf = (mode: string): Stage => stages.get(mode) as Stage; // each is begun before the tests
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  for (const mode of modes) {
    const database = stack.use(await databaseWithFifth());
    const graph = stack.use(await startGraph({ database, subgraphs, remote: mode === 'over HTTP' }));
    await know(graph, BUILDER);
    const published = stack.use(await followBySse(graph.url, null, STREAM));
    const shared = stack.use(await followBySse(graph.url, graph.tokenOf('PROVINCIAL_PLATFORM'), STREAM));
    stages.set(mode, { graph, published, shared });
  }
});
afterAll(() => stack.disposeAsync());

/** The data of an answer that has some. */
const dataOf = <Data>({ body }: Reply): Data => body.data as Data;

test.each(modes)('%s: its units are registered and its rows filed by its own kind, through the API', async (mode) => {
  const { graph } = stageOf(mode);
  const registered = await graph.query(
    'NATIONAL_CENTRE',
    `mutation ($input: RegisterSourceUnitsInput!) {
      registerSourceUnits(input: $input) { ... on SourceUnitsRegistered { count } ... on DomainError { message } }
    }`,
    { input: { idempotencyKey: 'unit', units: [{ unit: UNIT, kind: 'qualification' }] } },
  );
  expect(registered.body.data).toEqual({ registerSourceUnits: { count: 1 } });
  const rows = [certificate('甲-1'), certificate('甲-2', ofGovernment), certificate('甲-3', { ZZ_LB: 'TUNNELS' })];
  expect(await graph.file('qualification', lines(rows), { format: 'NDJSON', registersUnits: false })).toMatchObject({
    rows: 3,
    added: 2,
    rejected: 1,
  });
});

test.each(modes)(
  '%s: its form is among the forms, and an unknown kind is refused with its name among the known',
  async (mode) => {
    const { graph } = stageOf(mode);
    const { body } = await graph.query('PUBLIC', '{ officialForms(kind: "qualification") { kind source } }');
    expect(body.data).toEqual({ officialForms: [{ kind: 'qualification', source: 'A form of the tests.' }] });
    const refused = await graph.query('PUBLIC', '{ officialForms(kind: "qualifications") { kind } }');
    expect(refused.body.errors?.[0]?.extensions['expected']).toMatch(/^entity, .*, evaluation, qualification$/);
  },
);

test.each(modes)('%s: its section is in the credit file, by the rights of the reader', async (mode) => {
  const { graph } = stageOf(mode);
  const found = {
    id: expect.any(String),
    fieldOfWork: 'BUILDING',
    issuedOn: ISSUED_ON,
    validUntil: VALID_UNTIL,
    subject: { name: '示例云帆零售有限公司' },
  };
  const open = { ...found, certificateNo: '甲-1', disclosureLevel: 'PUBLIC' };
  const ofOffices = { ...found, certificateNo: '甲-2', disclosureLevel: 'GOV_SHARED' };
  const publics = await graph.query('PUBLIC', FILE);
  expect(publics.body).toMatchObject({ extensions: { completeness: { status: 'COMPLETE' } } });
  expect(publics.body.data).toEqual({ creditFile: { certificates: [open] } });
  const { certificates } = dataOf<FileData>(await graph.query('PROVINCIAL_PLATFORM', FILE)).creditFile;
  expect(certificates.toSorted((a, b) => (a.certificateNo < b.certificateNo ? -1 : 1))).toEqual([open, ofOffices]);
});

test.each(modes)('%s: its records are found by their id, by who may see them', async (mode) => {
  const { graph } = stageOf(mode);
  const { certificates } = dataOf<FileData>(await graph.query('PROVINCIAL_PLATFORM', FILE)).creditFile;
  const record = async (as: 'PUBLIC' | 'PROVINCIAL_PLATFORM', certificateNo: string) => {
    const { id } = certificates.find((each) => each.certificateNo === certificateNo) as { id: string }; // filed above
    const text = `{ record(id: "${id}") { __typename version ... on Certificate { certificateNo } } }`;
    const answer = await graph.query(as, text);
    return answer.body.data?.['record'] ?? answer.body.errors?.[0]?.extensions['code'];
  };
  const first = { __typename: 'Certificate', version: 1 };
  expect(await record('PUBLIC', '甲-1')).toEqual({ ...first, certificateNo: '甲-1' });
  expect(await record('PUBLIC', '甲-2')).toBe('NOT_FOUND');
  expect(await record('PROVINCIAL_PLATFORM', '甲-2')).toEqual({ ...first, certificateNo: '甲-2' });
});

test.each(modes)('%s: its changes are followed in streams and pages, by who may see them', async (mode) => {
  const { graph, published, shared } = stageOf(mode);
  const change = (certificateNo: string, disclosureLevel: string) => ({
    kind: 'ADDED',
    version: 1,
    subject: { uscc: BUILDER, name: '示例云帆零售有限公司' },
    certificate: { certificateNo, disclosureLevel },
  });
  const [open, ofOffices] = [change('甲-1', 'PUBLIC'), change('甲-2', 'GOV_SHARED')];
  expect((await published.event()).data).toEqual({ certificateChanges: open });
  const seen = [await shared.event(), await shared.event()].map(({ data }) => data?.['certificateChanges']);
  expect(seen).toEqual(expect.arrayContaining([open, ofOffices]));
  const page = await until('a page with both changes', async () => {
    const answer = await graph.query('PROVINCIAL_PLATFORM', pageOf('BUILDING'));
    const { events } = dataOf<{ certificateChanges: { events: unknown[] } }>(answer).certificateChanges;
    return events.length === 2 && events;
  });
  expect(page).toEqual(expect.arrayContaining([open, ofOffices]));
  expect(published.waiting().filter((message) => !isCheckpoint(message))).toEqual([]);
  const { body } = await graph.query('PUBLIC', pageOf('TUNNELS'));
  expect(body.errors?.[0]?.extensions).toMatchObject({ reason: 'UNKNOWN_CODE', expected: 'a field of work' });
});

test.each(modes)('%s: snapshots and webhooks offer its topic', async (mode) => {
  const { graph } = stageOf(mode);
  const created = await graph.query(
    'PROVINCIAL_PLATFORM',
    `mutation ($input: CreateExportInput!) {
      createExport(input: $input) { ... on ExportCreated { export { id } } ... on DomainError { message } }
    }`,
    { input: { idempotencyKey: 'snapshot', certificateChanges: {} } },
  );
  const { id } = dataOf<{ createExport: { export: { id: string } } }>(created).createExport.export;
  const made = await until('the snapshot', async () => {
    const text = `{ export(id: "${id}") { status rows parts { path } } }`;
    const answer = await graph.query('PROVINCIAL_PLATFORM', text);
    const found = dataOf<{ export: { status: string; rows: number } }>(answer).export;
    return found.status === 'COMPLETED' && found;
  });
  expect(made.rows).toBe(2);
  const refused = await graph.query(
    'PROVINCIAL_PLATFORM',
    `mutation ($input: CreateWebhookInput!) {
      createWebhook(input: $input) { ... on InvalidInput { code message } }
    }`,
    {
      input: {
        idempotencyKey: 'both',
        url: 'https://receiver.example/',
        certificateChanges: {},
        evaluationChanges: {},
      },
    },
  );
  expect(refused.body.data).toEqual({
    createWebhook: {
      code: 'TOPIC',
      message:
        'A webhook is for changes of one kind: give `nameListChanges` or `evaluationChanges` or `certificateChanges`.',
    },
  });
});
