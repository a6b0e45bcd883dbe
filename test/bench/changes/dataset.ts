import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { subgraphNames } from '#subgraphs/definitions.ts';
import { findListType } from '#standards/listTypes.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf } from '#test/support/graph.ts';

// The records whose changes are followed, and who follows them. Entities have an entry on a list, a profile and an evaluation each; the
// number of an entity says its province, sector and list type, evenly, so that two of them make a hundred filters of 1 % each.

export const ENTITIES = 20_000;

const PROVINCES = ['11', '13', '21', '31', '32', '33', '37', '44', '51', '61'] as const;
const SECTORS = ['A', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'L', 'N'] as const;
const TYPES = [
  'JUDGMENT_DEFAULTER',
  'MAJOR_TAX_VIOLATION',
  'WAGE_ARREARS',
  'SAMR_SERIOUS',
  'WORK_SAFETY',
  'CUSTOMS_DISCREDITED',
  'MEDICAL_INSURANCE',
  'SAFETY_FOCUS',
  'ABNORMAL_OPERATION',
  'TAX_GRADE_A',
] as const;
const UNIT = { uscc: composeUscc('11330100', 'MB123456'), name: '示例市市场监督管理局' };

const digitOf = (number: number, power: number): number => Math.floor(number / 10 ** power) % 10;
const provinceOf = (number: number): string => PROVINCES[digitOf(number, 0)] as string; // ten of each, by a digit
const sectorOf = (number: number): string => SECTORS[digitOf(number, 1)] as string;
const typeOf = (number: number): string => TYPES[digitOf(number, 2)] as string;

export const codeOf = (number: number): string =>
  composeUscc(`91${provinceOf(number)}0100`, `B${String(number).padStart(7, '0')}`);

// --- who follows --------------------------------------------------------------------------------------------------

/** Whose rights changes are delivered by. One grant each; every subscriber has a token of its own. */
export const followers = ['PUBLIC', 'FINANCIAL_INSTITUTION', 'PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR'] as const;
export type Follower = (typeof followers)[number];

export const PURPOSES = {
  PUBLIC: null,
  FINANCIAL_INSTITUTION: 'CREDIT_GRANTING',
  PROVINCIAL_PLATFORM: 'SUPERVISION',
  SECTOR_REGULATOR: 'SUPERVISION',
} as const satisfies Record<Follower, string | null>;

/** Which entities a subscriber asks for: all, or one of a hundred filters by two of province, sector and type; or one of a hundred watchlists. */
export type Share = { readonly of: 'everything' } | { readonly of: 'pair' | 'watchlist'; readonly number: number };

const watchlistId = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** Which two digits of an entity's number a pair filter asks for: a third of the filters each. */
const pairOf = (number: number): readonly [number, number] =>
  (
    [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const
  )[number % 3] as readonly [number, number]; // 0, 1 or 2

export function filterOf(share: Share): object {
  if (share.of === 'everything') return {};
  if (share.of === 'watchlist') return { watchlist: watchlistId(share.number) };
  const facets = [{ provinces: PROVINCES }, { sectors: SECTORS }, { types: TYPES }];
  const values = [digitOf(share.number, 0), digitOf(share.number, 1)];
  return Object.fromEntries(
    pairOf(share.number).map(
      (facet, index) =>
        Object.entries(facets[facet] ?? {}).map(([name, all]) => [name, [all[values[index] ?? 0]]])[0] as [
          string,
          string[],
        ],
    ),
  ); // each facet has one name
}

export function isInShare(share: Share, entity: number): boolean {
  if (share.of === 'everything') return true;
  if (share.of === 'watchlist') return entity % 100 === share.number;
  const [one, other] = pairOf(share.number);
  return digitOf(entity, one) === digitOf(share.number, 0) && digitOf(entity, other) === digitOf(share.number, 1);
}

// --- loading ------------------------------------------------------------------------------------------------------

const common = (table: string, content: string): Record<string, string> => ({
  uscc: 'code.uscc',
  record_id: `md5('${table}' || code.number)::uuid`,
  version: '1',
  digest: `sha256(convert_to('${table}' || code.number, 'UTF8'))`,
  source_unit: `'${UNIT.uscc}'`,
  source_unit_name: `'${UNIT.name}'`,
  source_record_id: "'SRC-' || code.number",
  catalogue_code: `'${table.toUpperCase()}'`,
  collected_at: "'2025-07-01T00:00:00Z'",
  disclosure_level: "'PUBLIC'",
  public_from: "date '2025-06-15'",
  public_until: "date '2099-12-31'",
  province: 'code.province',
  sector: 'code.sector',
  determining_unit: `'${UNIT.uscc}'`,
  valid_from: "date '2025-06-15'",
  recorded_at: "'2025-07-01T00:00:00Z'",
  content,
});

const insertInto = (table: string, columns: Readonly<Record<string, string>>): string =>
  `insert into ${table} (${Object.keys(columns).join(', ')}) select ${Object.values(columns).join(', ')} from code`;

/** The entities, by which everything else is inserted; until the end of the transaction. */
async function insertCodes(client: pg.Client): Promise<void> {
  await client.query(
    'create temporary table code (number integer, uscc text, province text, sector text, type text, category text) on commit drop',
  );
  const numbers = Array.from({ length: ENTITIES }, (_, number) => number);
  await client.query(
    'insert into code select * from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])',
    [
      numbers,
      numbers.map(codeOf),
      numbers.map(provinceOf),
      numbers.map(sectorOf),
      numbers.map(typeOf),
      numbers.map((number) => findListType(typeOf(number))?.category),
    ],
  );
}

/** A profile, an entry and an evaluation of each. */
async function insertRecords(client: pg.Client): Promise<void> {
  const profile = `jsonb_build_object('name', '示例' || code.number || '号信息科技有限公司', 'industryCode', 'I65', 'divisionCode', code.province || '0100', 'establishedOn', '2015-03-02', 'address', '示例路' || code.number || '号', 'legalRepresentative', '张例一', 'disclosureLevel', 'PUBLIC')`;
  await client.query(
    insertInto('entity.profile', {
      ...common('profile', profile),
      name: "'示例' || code.number || '号信息科技有限公司'",
      kind: "'ENTERPRISE'",
      status: "'ACTIVE'",
    }),
  );
  const grounds =
    '当事人未按照规定履行法定义务，情节严重，经责令限期改正后逾期仍未改正，社会影响恶劣，依照有关规定列入本名单并予以公示；当事人可以在履行义务、消除不良影响之后依照规定申请信用修复。';
  const entry = `jsonb_build_object('grounds', '${grounds}', 'legalBasis', '示例管理办法第九条', 'disclosureLevel', 'PUBLIC', 'publicUntil', '2099-12-31')`;
  await client.query(
    insertInto('namelist.entry', {
      ...common('entry', entry),
      list_type: 'code.type',
      category: 'code.category',
      document_no: "'示监列〔2025〕' || code.number || '号'",
      authority_name: `'${UNIT.name}'`,
      listed_on: "date '2025-06-15'",
    }),
  );
  const result = `jsonb_build_object('evaluatorName', '${UNIT.name}', 'evaluatorUscc', '${UNIT.uscc}', 'validUntil', '2099-12-31', 'dataAsOf', '2025-05-31', 'cause', 'PERIODIC', 'disclosureLevel', 'PUBLIC')`;
  await client.query(
    insertInto('evaluation.result', {
      ...common('result', result),
      scheme: "'PUBLIC_CREDIT'",
      scheme_version: "'2025'",
      grade: 'chr(65 + code.number % 4)',
      score: '600 + code.number % 400',
      score_max: '1000',
      evaluated_on: "date '2025-06-15'",
    }),
  );
}

/** Grants of those that follow changes, and watchlists over all entities. */
async function insertFollowers(client: pg.Client): Promise<void> {
  for (const role of followers) {
    if (role === 'PUBLIC') continue;
    const { organisation, province, sector } = organisationOf(role);
    await client.query(
      `insert into gateway.grant (id, organisation, role, province, sector, valid_from, granted_by) values ($1, $2, $3, $4, $5, now() - interval '1 minute', 'bench')`,
      [randomUUID(), organisation, role, province, sector],
    );
  }
  const lists = Array.from({ length: 100 }, (_, number) => watchlistId(number));
  await client.query(
    `insert into gateway.watchlist (id, organisation, role, name, size, created_at) select id, $2, 'FINANCIAL_INSTITUTION', 'bench', $3, now() from unnest($1::uuid[]) id`,
    [lists, organisationOf('FINANCIAL_INSTITUTION').organisation, ENTITIES / 100],
  );
  await client.query(
    'insert into gateway.watchlist_item (watchlist, uscc, added_at, told_at) select ($1::uuid[])[1 + code.number % 100], code.uscc, now(), now() from code',
    [lists],
  );
}

/** Loads the entities straight by SQL, and lets the followers read and have their watchlists. None of it is a change. */
export async function load(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('begin');
    await insertCodes(client);
    await insertRecords(client);
    for (const schema of subgraphNames)
      await client.query(
        `insert into ${schema}.source_unit (uscc, kind, promised_delay_hours, first_filed_at, last_filed_at) values ($1, 'bench', 840, now(), now())`,
        [UNIT.uscc],
      );
    await insertFollowers(client);
    await client.query('commit');
    await tidy(client);
  } finally {
    await client.end();
  }
}

/** What autovacuum does on other servers: between measurements, and never in the middle of one. */
export async function tidy(client: pg.Client): Promise<void> {
  await client.query('vacuum analyze');
  await client.query('checkpoint');
}
