import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import { parseKeyRing } from '#kit/keys.ts';
import { silentLog } from '#kit/log.ts';
import { createPool, type Pool } from '#kit/postgres/pool.ts';
import { createSubgraph, type PartOutcome, type Subgraph } from '#records/subgraph.ts';
import { type Role } from '#policy/roles.ts';
import { createViewer, publicViewer, type Viewer } from '#policy/viewer.ts';
import { composeUscc } from '#standards/uscc.ts';
import { definition } from '#subgraphs/entity/index.ts';
import { openDatabase, type Database } from '#test/support/database.ts';
import { lines } from '#test/support/registered.ts';
import { registerNamedUnits } from '#test/support/units.ts';

// Everything is filed through the API, as it is in use.

const UNIT = composeUscc('11330000', 'MB1EEE00');
const keys = parseKeyRing(`test:${Buffer.alloc(32, 7).toString('base64')}`);

let database: Database;
let owner: Pool;
let entity: Subgraph;
let statements = 0;

beforeAll(async () => {
  database = await openDatabase();
  owner = createPool({ url: database.url, applicationName: 'test', max: 2, statementTimeoutMs: 10_000 });
  const pool = createPool({
    url: database.url,
    role: 'credit_entity',
    applicationName: 'entity',
    max: 4,
    statementTimeoutMs: 10_000,
  });
  const run = pool.query.bind(pool);
  pool.query = ((...args: Parameters<typeof run>) => {
    statements += 1;
    return run(...args);
  }) as typeof pool.query;
  entity = createSubgraph(definition, {
    pool,
    cursorKeys: keys,
    digestKeys: keys,
    log: silentLog,
    now: () => new Date(),
  });
});

afterAll(async () => {
  await entity[Symbol.asyncDispose]();
  await owner[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const viewer = (role: Role, more: Partial<Viewer> = {}): Viewer =>
  role === 'PUBLIC'
    ? publicViewer
    : createViewer({
        role,
        organisation: composeUscc('91110000', 'MA1EEE99'),
        province: null,
        sector: null,
        purposes: ['P'],
        purpose: 'P',
        tokenId: null,
        ...more,
      });
const centre = viewer('NATIONAL_CENTRE');
const zhejiang = viewer('PROVINCIAL_PLATFORM', { province: '33' });
const guangdong = viewer('PROVINCIAL_PLATFORM', { province: '44' });
const TODAY = '2026-11-23';

async function ask(
  document: string,
  variables: Record<string, unknown> = {},
  as: Viewer = publicViewer,
  validAt = TODAY,
): Promise<ExecutionResult> {
  const { sealed } = await entity.status();
  return JSON.parse(
    JSON.stringify(
      await entity.execute({
        document,
        variables,
        viewer: as,
        moment: { validAt, knownAt: sealed },
        signal: AbortSignal.timeout(10_000),
      }),
    ),
  ) as ExecutionResult;
}
/** The data of an answer without errors. */
async function data<Data>(...args: Parameters<typeof ask>): Promise<Data> {
  const result = await ask(...args);
  expect(result.errors).toBeUndefined();
  return result.data as Data;
}

let made = 0;
const newCode = (prefix = '91330106'): string => composeUscc(prefix, `MA${String((made += 1)).padStart(6, '0')}`);

const form = (cells: Record<string, string> & { DJ_SHXYM: string }): Record<string, string> => ({
  DJ_MC: `测试主体${cells.DJ_SHXYM}`,
  DJ_LX: '企业',
  DJ_ZT: '存续',
  DJ_HYDM: 'C39',
  DJ_QHDM: '330106',
  DJ_DZ: '浙江省杭州市西湖区示例路1号2层',
  DJ_DH: '0571-00001234',
  DJ_CLRQ: '2015/03/01',
  DJ_FRDB: '张某某',
  DJ_DJJG: '测试登记机关',
  DJ_DJJGDM: UNIT,
  DJ_LYDW: '测试来源单位',
  DJ_LYDWDM: UNIT,
  YJLBS: 'SRC-1',
  ...cells,
});

async function file(...rows: (Record<string, string> & { DJ_SHXYM: string })[]): Promise<PartOutcome> {
  const transport = entity.filings['entity'];
  if (!transport) throw new Error('no door');
  const text = lines(rows.map(form));
  await registerNamedUnits((statement, values) => owner.query(statement, [...values]), 'entity', text, 'NDJSON', UNIT);
  const outcome = await transport(
    centre,
    { filingId: randomUUID(), number: 1, kind: 'entity', format: 'NDJSON' },
    Readable.from([Buffer.from(text)]),
  );
  expect(outcome.rejectedRows).toEqual([]);
  return outcome;
}

const sealedNow = async (): Promise<string> => (await entity.status()).sealed;

const WHOLE = `query ($uscc: USCC!) { entity(uscc: $uscc) {
  uscc name status kind industry { code name } registeredDivision { code name } establishedOn address { text masked }
  identifiers { scheme value } formerNames { name until } legalRepresentative { name masked } successor
  creditFile { uscc validAt isKnown entity { name } }
} }`;

describe('one entity', () => {
  test('the public sees what is registered, persons masked', async () => {
    const uscc = newCode();
    await file({ DJ_SHXYM: uscc, DJ_MC: '示例科技（杭州）有限公司', DJ_CYM: '旧名厂', DJ_GSZC: '110108000000016' });
    expect(await data(WHOLE, { uscc })).toEqual({
      entity: {
        uscc,
        name: '示例科技（杭州）有限公司',
        status: 'ACTIVE',
        kind: 'ENTERPRISE',
        industry: { code: 'C39', name: '计算机、通信和其他电子设备制造业' },
        registeredDivision: { code: '330106', name: '浙江省杭州市西湖区' },
        establishedOn: '2015-03-01',
        address: { text: '浙江省杭州市西湖区示例路1号2层', masked: false },
        identifiers: [{ scheme: 'REGISTRATION_NUMBER', value: '110108000000016' }],
        formerNames: [{ name: '旧名厂', until: null }],
        legalRepresentative: { name: '张*', masked: true },
        successor: null,
        creditFile: { uscc, validAt: TODAY, isKnown: true, entity: { name: '示例科技（杭州）有限公司' } },
      },
    });
  });

  test('a code that is not known is null with NOT_FOUND; its credit file says that it is not known', async () => {
    const uscc = newCode();
    const result = await ask(
      'query ($uscc: USCC!) { entity(uscc: $uscc) { name } creditFile(uscc: $uscc) { uscc isKnown entity { name } } }',
      { uscc },
    );
    expect(result.data).toEqual({ entity: null, creditFile: { uscc, isKnown: false, entity: null } });
    expect(result.errors).toMatchObject([{ path: ['entity'], extensions: { code: 'NOT_FOUND' } }]);
  });

  test('other subgraphs refer to an entity and to a credit file by their keys', async () => {
    const uscc = newCode();
    await file({ DJ_SHXYM: uscc, DJ_MC: '被引用有限公司' });
    const representations = [
      { __typename: 'Entity', uscc },
      { __typename: 'Entity', uscc: newCode() },
      { __typename: 'CreditFile', uscc, validAt: TODAY, knownAt: await sealedNow() },
    ];
    expect(
      await data(
        `query ($r: [_Any!]!) {
          _entities(representations: $r) { ... on Entity { name } ... on CreditFile { entity { name } } }
        }`,
        { r: representations },
      ),
    ).toEqual({
      _entities: [{ name: '被引用有限公司' }, null, { entity: { name: '被引用有限公司' } }],
    });
  });
});

describe('a hidden entity', () => {
  test('a hidden entity does not exist for the public, and reading it is noted', async () => {
    const uscc = newCode();
    await file({ DJ_SHXYM: uscc, DJ_SYFW: '政务共享', DJ_MC: '保密测试主体有限公司' });
    const document = `query ($uscc: USCC!) {
      creditFile(uscc: $uscc) { isKnown entity { name } }
      searchEntities(query: "保密测试", first: 5) { nodes { uscc } totalCount { value } }
    }`;
    expect(await data(document, { uscc })).toEqual({
      creditFile: { isKnown: false, entity: null },
      searchEntities: { nodes: [], totalCount: { value: 0 } },
    });
    const seen = await ask(document, { uscc }, zhejiang);
    expect(seen.data).toEqual({
      creditFile: { isKnown: true, entity: { name: '保密测试主体有限公司' } },
      searchEntities: { nodes: [{ uscc }], totalCount: { value: 1 } },
    });
    expect(seen.extensions).toMatchObject({
      reads: [
        { uscc, dataClass: 'IDENTITY', version: 1 },
        { uscc, dataClass: 'IDENTITY', version: 1 },
      ],
    });
    expect(await data(document, { uscc }, guangdong)).toEqual({
      creditFile: { isKnown: false, entity: null },
      searchEntities: { nodes: [], totalCount: { value: 0 } },
    });
  });

  test('an entity that is hidden from now on is hidden on every day of the past', async () => {
    const uscc = newCode();
    const document =
      'query ($uscc: USCC!) { creditFile(uscc: $uscc, validAt: "2019-01-01") { isKnown entity { name } } }';
    await file({ DJ_SHXYM: uscc, DJ_MC: '公开时名有限公司' });
    expect(await data(document, { uscc })).toEqual({
      creditFile: { isKnown: true, entity: { name: '公开时名有限公司' } },
    });
    await file({ DJ_SHXYM: uscc, DJ_MC: '不公开时名有限公司', DJ_HZRQ: '2020/06/01', DJ_SYFW: '政务共享' });
    expect(await data(document, { uscc })).toEqual({ creditFile: { isKnown: false, entity: null } });
    expect(await data(document, { uscc }, zhejiang)).toEqual({
      creditFile: { isKnown: true, entity: { name: '公开时名有限公司' } },
    });
  });
});

describe('masking', () => {
  const FIELDS =
    'query ($uscc: USCC!) { entity(uscc: $uscc) { address { text masked } legalRepresentative { name masked } } }';
  const CONTACT = 'query ($uscc: USCC!) { entity(uscc: $uscc) { phone } }';
  let shop = '';
  beforeAll(async () => {
    shop = newCode('92330106');
    await file({ DJ_SHXYM: shop, DJ_LX: '个体工商户', DJ_MC: '示例小吃店' });
  });

  test.each<[string, Viewer, string, boolean, string]>([
    ['the public', publicViewer, '浙江省杭州市西湖区', true, '张*'],
    ['a bank', viewer('FINANCIAL_INSTITUTION'), '浙江省杭州市西湖区', true, '张*'],
    ['the platform of another province', guangdong, '浙江省杭州市西湖区', true, '张*'],
    [
      'its own platform without a purpose',
      viewer('PROVINCIAL_PLATFORM', { province: '33', purpose: null }),
      '浙江省杭州市西湖区',
      true,
      '张*',
    ],
    ['its own platform', zhejiang, '浙江省杭州市西湖区示例路1号2层', false, '张*'],
    ['the national centre', centre, '浙江省杭州市西湖区示例路1号2层', false, '张*'],
  ])('the address of a self-employed business as %s sees it', async (_, as, text, masked, name) => {
    expect(await data(FIELDS, { uscc: shop }, as)).toEqual({
      entity: { address: { text, masked }, legalRepresentative: { name, masked: true } },
    });
  });

  test('the subject sees itself whole', async () => {
    expect(await data(FIELDS, { uscc: shop }, viewer('SUBJECT', { organisation: shop }))).toEqual({
      entity: {
        address: { text: '浙江省杭州市西湖区示例路1号2层', masked: false },
        legalRepresentative: { name: '张某某', masked: false },
      },
    });
  });

  test('a telephone is for those in reach, with a purpose; the read is noted', async () => {
    expect(await ask(CONTACT, { uscc: shop }, zhejiang)).toMatchObject({
      data: { entity: { phone: '0571-00001234' } },
      extensions: { reads: [{ uscc: shop, dataClass: 'CONTACT' }] },
    });
    expect(await ask(CONTACT, { uscc: shop }, guangdong)).toMatchObject({
      data: { entity: { phone: null } },
      errors: [{ path: ['entity', 'phone'], extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } }],
    });
    expect(await ask(CONTACT, { uscc: shop })).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } }],
    });
  });

  test('where a record came from is public, its number at the source is not', async () => {
    const document = `query ($uscc: USCC!) {
      creditFile(uscc: $uscc) { entity { provenance { sourceUnit { name uscc } catalogueCode } } }
    }`;
    expect(await data(document, { uscc: shop })).toEqual({
      creditFile: {
        entity: { provenance: { sourceUnit: { name: '测试来源单位', uscc: UNIT }, catalogueCode: 'ENTITY' } },
      },
    });
    const source = 'query ($uscc: USCC!) { creditFile(uscc: $uscc) { entity { provenance { sourceRecordId } } } }';
    expect(await data(source, { uscc: shop }, zhejiang)).toEqual({
      creditFile: { entity: { provenance: { sourceRecordId: 'SRC-1' } } },
    });
    expect((await ask(source, { uscc: shop }, guangdong)).errors).toMatchObject([
      { extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } },
    ]);
  });
});

describe('many entities', () => {
  const ENTITIES =
    'query ($codes: [String!]!) { entities(codes: $codes) { input status reason expected successor entity { name } } }';

  test('order and duplicates are kept, and a bad code spoils only its own item', async () => {
    const [known, gone, successor] = [newCode(), newCode(), newCode()];
    await file(
      { DJ_SHXYM: known, DJ_MC: '甲测试有限公司' },
      { DJ_SHXYM: gone, DJ_MC: '乙测试有限公司', DJ_ZT: '注销', DJ_CXDM: successor },
    );
    const unknown = newCode();
    const last = known.at(-1) ?? '';
    const wrong = known.slice(0, 17) + (last === '1' ? '2' : '1');
    const nothing = { reason: null, expected: null, successor: null, entity: null };
    const codes = [
      known,
      wrong,
      `I${known.slice(1)}`,
      '123',
      '00000000000000000X',
      '',
      unknown,
      gone,
      ` ${known.toLowerCase()} `,
      known,
    ];
    expect(await data(ENTITIES, { codes })).toEqual({
      entities: [
        { ...nothing, input: known, status: 'FOUND', entity: { name: '甲测试有限公司' } },
        { ...nothing, input: wrong, status: 'INVALID', reason: 'CHECK_CHARACTER', expected: last },
        { ...nothing, input: `I${known.slice(1)}`, status: 'INVALID', reason: 'ALPHABET' },
        { ...nothing, input: '123', status: 'INVALID', reason: 'LENGTH' },
        { ...nothing, input: '00000000000000000X', status: 'MISSING', reason: 'PLACEHOLDER' },
        { ...nothing, input: '', status: 'MISSING', reason: 'PLACEHOLDER' },
        { ...nothing, input: unknown, status: 'UNKNOWN' },
        { ...nothing, input: gone, status: 'SUPERSEDED', successor, entity: { name: '乙测试有限公司' } },
        { ...nothing, input: ` ${known.toLowerCase()} `, status: 'FOUND', entity: { name: '甲测试有限公司' } },
        { ...nothing, input: known, status: 'FOUND', entity: { name: '甲测试有限公司' } },
      ],
    });
  });

  test('more than 1 000 codes are refused', async () => {
    expect((await ask(ENTITIES, { codes: Array.from({ length: 1001 }, () => 'x') })).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', argument: 'codes', reason: 'TOO_MANY' } },
    ]);
  });

  test('a hundred credit files take as many statements as one', async () => {
    const document = `query ($codes: [String!]!) {
      creditFiles(codes: $codes) {
        file { isKnown entity { name identifiers { value } formerNames { name } address { text } } }
      }
    }`;
    const codes = Array.from({ length: 100 }, () => newCode());
    await file(...codes.map((code) => ({ DJ_SHXYM: code })));
    const count = async (asked: readonly string[]): Promise<number> => {
      await ask(document, { codes: asked });
      const before = statements;
      const { creditFiles } = await data<{ creditFiles: { file: { isKnown: boolean } }[] }>(document, { codes: asked });
      expect(creditFiles.every(({ file: { isKnown } }) => isKnown)).toBe(true);
      return statements - before;
    };
    const ofOne = await count(codes.slice(0, 1));
    expect(await count(codes)).toBe(ofOne);
    expect(ofOne).toBeLessThanOrEqual(4); // status, sealing, states, former names
  });
});

describe('the two times', () => {
  test('a name changes on a day and is corrected at an instant: each cell of the grid has its own', async () => {
    const uscc = newCode();
    const beforeAnything = await sealedNow();
    await file({ DJ_SHXYM: uscc, DJ_MC: '原名有限公司' });
    const first = await sealedNow();
    await file({ DJ_SHXYM: uscc, DJ_MC: '新名有限公司', DJ_HZRQ: '2020/06/01' });
    const renamed = await sealedNow();
    await file({ DJ_SHXYM: uscc, DJ_MC: '新名（更正）有限公司', DJ_HZRQ: '2020/06/01' });
    const corrected = await sealedNow();
    const cell = async (validAt: string, knownAt: string) => {
      const document = `query ($uscc: USCC!, $validAt: Date, $knownAt: DateTime) {
        creditFile(uscc: $uscc, validAt: $validAt, knownAt: $knownAt) {
          isKnown entity { name formerNames { name until } }
        }
      }`;
      const { creditFile } = await data<{
        creditFile: {
          isKnown: boolean;
          entity: { name: string; formerNames: { name: string; until: string }[] } | null;
        };
      }>(document, { uscc, validAt, knownAt });
      return [
        creditFile.isKnown,
        creditFile.entity?.name ?? null,
        creditFile.entity?.formerNames.map(({ name, until }) => `${name} ${until}`).join() ?? null,
      ];
    };
    const grid = [];
    for (const knownAt of [beforeAnything, first, renamed, corrected])
      for (const validAt of ['2015-02-28', '2020-05-31', '2020-06-01']) grid.push(await cell(validAt, knownAt));
    expect(grid).toEqual([
      [false, null, null],
      [false, null, null],
      [false, null, null],
      [true, null, null],
      [true, '原名有限公司', ''],
      [true, '原名有限公司', ''],
      [true, null, null],
      [true, '原名有限公司', ''],
      [true, '新名有限公司', '原名有限公司 2020-05-31'],
      [true, null, null],
      [true, '原名有限公司', ''],
      [true, '新名（更正）有限公司', '原名有限公司 2020-05-31'],
    ]);
  });

  test('until the day of its closing a closed entity was in operation', async () => {
    const uscc = newCode();
    await file({ DJ_SHXYM: uscc, DJ_ZT: '注销', DJ_ZXRQ: '2022/05/01' });
    const document = `query ($uscc: USCC!) {
      before: creditFile(uscc: $uscc, validAt: "2022-04-30") { entity { status } }
      after: creditFile(uscc: $uscc, validAt: "2022-05-01") { entity { status } }
    }`;
    expect(await data(document, { uscc })).toEqual({
      before: { entity: { status: 'ACTIVE' } },
      after: { entity: { status: 'DEREGISTERED' } },
    });
  });

  test('what is not settled yet cannot be asked', async () => {
    const result = await ask(
      'query ($uscc: USCC!) { creditFile(uscc: $uscc, knownAt: "2100-01-01T00:00:00Z") { isKnown } }',
      { uscc: newCode() },
    );
    expect(result).toMatchObject({
      data: { creditFile: null },
      errors: [{ extensions: { code: 'KNOWN_AT_TOO_LATE' } }],
    });
  });

  test('the same filing again changes nothing', async () => {
    const row = { DJ_SHXYM: newCode() };
    expect(await file(row)).toMatchObject({ added: 1, unchanged: 0 });
    expect(await file(row)).toMatchObject({ added: 0, corrected: 0, unchanged: 1 });
  });
});

describe('older identifiers', () => {
  const RESOLVE = `query ($scheme: String!, $value: String!) {
    resolveIdentifier(scheme: $scheme, value: $value) { input status reason entity { uscc } }
  }`;
  const resolve = (scheme: string, value: string, as?: Viewer) => data(RESOLVE, { scheme, value }, as);

  test('two entities may have one number; a hidden one is not returned', async () => {
    const codes = [newCode(), newCode()].toSorted();
    await file(...codes.map((code) => ({ DJ_SHXYM: code, DJ_ZZJG: '71526726-X' })), {
      DJ_SHXYM: newCode(),
      DJ_ZZJG: '71526726-X',
      DJ_SYFW: '内部',
    });
    expect(await resolve('ORGANISATION_CODE', '７１５２６７２６-x')).toEqual({
      resolveIdentifier: codes.map((uscc) => ({
        input: '７１５２６７２６-x',
        status: 'FOUND',
        reason: null,
        entity: { uscc },
      })),
    });
  });

  test('a number that the newest state no longer has resolves to nothing', async () => {
    const uscc = newCode();
    await file({ DJ_SHXYM: uscc, DJ_GSZC: '440301103097413' });
    expect(await resolve('REGISTRATION_NUMBER', '440301103097413')).toEqual({
      resolveIdentifier: [{ input: '440301103097413', status: 'FOUND', reason: null, entity: { uscc } }],
    });
    await file({ DJ_SHXYM: uscc, DJ_GSZC: '' });
    expect(await resolve('REGISTRATION_NUMBER', '440301103097413')).toEqual({
      resolveIdentifier: [{ input: '440301103097413', status: 'UNKNOWN', reason: null, entity: null }],
    });
  });

  test('a value that is not in the form of its scheme says so; a scheme that does not exist is refused', async () => {
    expect(await resolve('REGISTRATION_NUMBER', '12')).toEqual({
      resolveIdentifier: [{ input: '12', status: 'INVALID', reason: 'FORM', entity: null }],
    });
    expect(await resolve('REGISTRATION_NUMBER', ' ')).toEqual({
      resolveIdentifier: [{ input: ' ', status: 'MISSING', reason: 'PLACEHOLDER', entity: null }],
    });
    expect((await ask(RESOLVE, { scheme: 'PASSPORT', value: '1' })).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', argument: 'scheme', reason: 'UNKNOWN_CODE' } },
    ]);
  });

  test('the known schemes are returned', async () => {
    const { identifierSchemes } = await data<{ identifierSchemes: unknown[] }>('{ identifierSchemes { code name } }');
    expect(identifierSchemes[1]).toEqual({ code: 'REGISTRATION_NUMBER', name: '工商注册号' });
  });
});

const SEARCH = `query ($query: String!, $filter: EntityFilter, $first: Int = 100, $after: Cursor) {
  searchEntities(query: $query, filter: $filter, first: $first, after: $after) {
    nodes { name } pageInfo { hasNextPage endCursor } totalCount { value exact }
  }
}`;

interface Found {
  nodes: { name: string }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: { value: number; exact: boolean };
}

const search = async (query: string, more: Record<string, unknown> = {}, as?: Viewer): Promise<Found> =>
  (await data<{ searchEntities: Found }>(SEARCH, { query, ...more }, as)).searchEntities;

const names = async (...args: Parameters<typeof search>): Promise<string[]> => {
  const { nodes, totalCount } = await search(...args);
  if (args[1]?.['first'] === undefined) expect(totalCount).toEqual({ value: nodes.length, exact: true });
  return nodes.map(({ name }) => name);
};

/** The codes of all pages of a search. */
const pagedCodes = async (size: number): Promise<string[]> => {
  const seen: string[] = [];
  for (let after: string | null = null; ;) {
    const {
      searchEntities: page,
    }: { searchEntities: { edges: { cursor: string; node: { uscc: string } }[]; pageInfo: Found['pageInfo'] } } =
      await data(
        `query ($first: Int!, $after: Cursor) {
          searchEntities(query: "分页测试实业有限公司", first: $first, after: $after) {
            edges { cursor node { uscc } } pageInfo { hasNextPage endCursor }
          }
        }`,
        { first: size, after },
      );
    seen.push(...page.edges.map(({ node }) => node.uscc));
    expect(page.edges.at(-1)?.cursor ?? null).toBe(page.pageInfo.endCursor);
    if (!page.pageInfo.hasNextPage) return seen;
    after = page.pageInfo.endCursor;
  }
};

describe('search', () => {
  beforeAll(async () => {
    await file(
      { DJ_SHXYM: newCode(), DJ_MC: '云帆' },
      { DJ_SHXYM: newCode(), DJ_MC: '云帆网络科技有限公司' },
      { DJ_SHXYM: newCode('91440305'), DJ_MC: '深圳云帆网络科技有限公司', DJ_QHDM: '440305' },
      { DJ_SHXYM: newCode('93330106'), DJ_MC: '舟山云帆渔业专业合作社', DJ_LX: '农民专业合作社', DJ_ZT: '歇业' },
      { DJ_SHXYM: newCode('92330106'), DJ_MC: '云帆小吃店', DJ_LX: '个体工商户' },
      { DJ_SHXYM: newCode(), DJ_MC: '青松（浙江）ABC新材料股份有限公司' },
    );
  });

  test('the name itself comes first, then names that begin with it, names that contain it', async () => {
    expect(await names('云帆')).toEqual([
      '云帆',
      '云帆网络科技有限公司',
      '深圳云帆网络科技有限公司',
      '舟山云帆渔业专业合作社',
    ]);
  });

  test('then names alike: one character wrong, missing or too many', async () => {
    for (const query of ['深圳云凡网络科技有限公司', '深圳云网络科技有限公司', '深圳云云帆网络科技有限公司'])
      expect((await names(query))[0]).toBe('深圳云帆网络科技有限公司');
  });

  test('two characters from the middle are enough; width, case, brackets and spaces do not matter', async () => {
    const expected = ['青松（浙江）ABC新材料股份有限公司'];
    for (const query of ['C新', ' （浙江） ', '(浙江)ａｂｃ', '青松 (浙江) abc'])
      expect(await names(query)).toEqual(expected);
  });

  test('characters that mean something to a pattern are characters', async () => {
    for (const query of ['%%', '__', '云%', "云'", '\\\\']) expect(await names(query)).toEqual([]);
  });

  test('a self-employed business is found by its exact name alone, by every caller', async () => {
    for (const as of [publicViewer, centre]) {
      expect(await names('云帆小吃', {}, as)).toEqual([]);
      expect(await names('云帆小吃点', {}, as)).toEqual([]);
      expect(await names('云帆小吃店', {}, as)).toEqual(['云帆小吃店']);
      expect(await names('云帆', { filter: { kinds: ['SELF_EMPLOYED'] } }, as)).toEqual([]);
    }
  });

  test('a filter narrows by province, kind and status', async () => {
    expect(await names('云帆', { filter: { province: '44' } })).toEqual(['深圳云帆网络科技有限公司']);
    expect(await names('云帆', { filter: { kinds: ['COOPERATIVE'] } })).toEqual(['舟山云帆渔业专业合作社']);
    expect(await names('云帆', { filter: { statuses: ['SUSPENDED'] } })).toEqual(['舟山云帆渔业专业合作社']);
    expect(await names('云帆', { filter: { province: '44', kinds: ['COOPERATIVE'], statuses: null } })).toEqual([]);
  });

  test('only the present name is found, from the day it is in force', async () => {
    const uscc = newCode();
    await file(
      { DJ_SHXYM: uscc, DJ_MC: '旧称测试有限公司' },
      { DJ_SHXYM: uscc, DJ_MC: '现称测试有限公司', DJ_HZRQ: '2020/06/01' },
      { DJ_SHXYM: uscc, DJ_MC: '将称测试有限公司', DJ_HZRQ: '2030/06/01' },
    );
    expect([(await names('旧称')).length, await names('现称'), (await names('将称')).length]).toEqual([
      0,
      ['现称测试有限公司'],
      0,
    ]);
  });
});

describe('pages and arguments of a search', () => {
  test('pages of any size cover all exactly once, over equal names and equal likeness', async () => {
    await file(
      ...Array.from({ length: 7 }, () => ({ DJ_SHXYM: newCode(), DJ_MC: '分页测试实业有限公司' })),
      ...Array.from({ length: 6 }, (_, index) => ({
        DJ_SHXYM: newCode(),
        DJ_MC: `嘉兴${'甲乙丙丁戊己'[index]}分页测试实业有限公司`,
      })),
      ...Array.from({ length: 6 }, (_, index) => ({
        DJ_SHXYM: newCode(),
        DJ_MC: `分页测验实业有限公司${'甲甲乙乙丙丙'[index]}`,
      })),
    );
    const whole = await pagedCodes(100);
    expect([whole.length, new Set(whole).size]).toEqual([19, 19]);
    for (const size of [1, 2, 5, 19]) expect(await pagedCodes(size)).toEqual(whole);
  });

  test('a cursor is good for its own search and viewer', async () => {
    const { pageInfo } = await search('分页测试', { first: 1 });
    const codes = async (query: string, as?: Viewer, filter?: unknown) =>
      (await ask(SEARCH, { query, filter, first: 1, after: pageInfo.endCursor }, as)).errors?.map(
        ({ extensions }) => extensions?.['code'],
      );
    expect([
      await codes('分页 测试'),
      await codes('分页测'),
      await codes('分页测试', zhejiang),
      await codes('分页测试', publicViewer, { province: '33' }),
    ]).toEqual([undefined, ['BAD_CURSOR'], ['BAD_CURSOR'], ['BAD_CURSOR']]);
  });

  test.each([
    ['云', {}, 'query', 'LENGTH'],
    [' 云　', {}, 'query', 'LENGTH'],
    ['云'.repeat(101), {}, 'query', 'LENGTH'],
    ['云帆', { first: 101 }, 'first', 'PAGE_SIZE'],
    ['云帆', { filter: { province: '99' } }, 'filter.province', 'UNKNOWN_CODE'],
  ])('a bad argument is named: %s %j', async (query, more, argument, reason) => {
    expect((await ask(SEARCH, { query, ...more })).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', argument, reason } },
    ]);
  });

  test('a role that may not see identity may not search', async () => {
    expect(
      (await ask('{ searchEntities(query: "云帆", first: 1) { nodes { uscc } } }', {}, viewer('OPERATOR'))).errors,
    ).toMatchObject([{ extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } }]);
  });
});
