import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { subgraphNames } from '#subgraphs/definitions.ts';
import { composeUscc } from '#standards/uscc.ts';
import type { Settings } from '#test/bench/bench.ts';
import { type BenchServer, openServer } from '#test/bench/postgres.ts';

// The database of rows 4 and 5: six acts an entity on average, two to twenty; an evaluation each; a list entry in ten. Loaded
// straight by SQL, since the doors that file records are measured elsewhere, and kept for the next run.

export const ENTITIES = { ci: 20_000, full: 1_000_000 } as const;

/** The two times all operations ask for. */
export const TIMES = { validAt: '2025-12-31', knownAt: '2026-01-01T00:00:00.000Z' } as const;

const RECORDED_AT = '2025-07-01T00:00:00.000Z';
/** Part of the folder's name: data of an older shape is left alone and a new set is loaded. */
const SHAPE = 1;

export const codeOf = (number: number): string => composeUscc('91330106', `B${String(number).padStart(7, '0')}`);

export async function openFileDatabase(
  { dataDir, scale }: Settings,
  say: (line: string) => void,
): Promise<BenchServer> {
  const server = await openServer(join(dataDir, `files-${scale}-${SHAPE}`));
  try {
    await fill(server.url, ENTITIES[scale], say);
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** Loads the records where there are none, and has their sources in time. */
export async function fill(url: string, entities: number, say: (line: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // Sources in time, whenever the data was loaded.
    const { rows: clock } = await client.query<{ loaded: boolean }>(
      'select exists (select from evaluation.result) as loaded',
    );
    if (clock[0]?.loaded !== true) {
      say(`loading ${entities} entities with their records`);
      await load(client, entities);
    }
    for (const schema of subgraphNames) await client.query(`update ${schema}.source_unit set last_filed_at = now()`);
  } finally {
    await client.end();
  }
}

const UNIT = { uscc: composeUscc('11330100', 'MB123456'), name: '示例市市场监督管理局' };

/** The record columns of a table: the same for all records of the set. `$n` stand for no parameter: values are ours. */
const common = (table: string, content: string, day: string): Record<string, string> => ({
  uscc: 'code.uscc',
  record_id: `md5('${table}' || code.number || '-' || part)::uuid`,
  version: '1',
  digest: `sha256(convert_to('${table}' || code.number || '-' || part, 'UTF8'))`,
  source_unit: `'${UNIT.uscc}'`,
  source_unit_name: `'${UNIT.name}'`,
  source_record_id: "'SRC-' || code.number || '-' || part",
  catalogue_code: `'${table.toUpperCase()}'`,
  collected_at: `'${RECORDED_AT}'`,
  disclosure_level: "'PUBLIC'",
  public_from: day,
  public_until: "date '2099-12-31'",
  province: "'33'",
  sector: "'I'",
  determining_unit: `'${UNIT.uscc}'`,
  valid_from: day,
  recorded_at: `'${RECORDED_AT}'`,
  content,
});

const insertInto = (table: string, columns: Readonly<Record<string, string>>, from: string): string =>
  `insert into ${table} (${Object.keys(columns).join(', ')}) select ${Object.values(columns).join(', ')} from ${from}`;

/** A day of 2024 or 2025 that moves with the number and the part. */
const DAY = "(date '2024-01-01' + ((code.number * 7 + part * 31) % 700)::int)";
/** Six on average: half the entities have two acts, one in ten twenty. */
const ACTS =
  'case when code.number % 10 < 5 then 2 when code.number % 10 < 8 then 5 when code.number % 10 = 8 then 15 else 20 end';

/** The entities, by which everything else is inserted; until the end of the transaction. */
async function copyCodes(client: pg.Client, entities: number): Promise<void> {
  await client.query('create temporary table code (number integer, uscc text) on commit drop');
  const lines = Readable.from(
    (function* () {
      for (let start = 0; start < entities; start += 1000) {
        let block = '';
        for (let number = start; number < Math.min(start + 1000, entities); number += 1)
          block += `${number}\t${codeOf(number)}\n`;
        yield Buffer.from(block);
      }
    })(),
  );
  await pipeline(lines, client.query(copyFrom('copy code from stdin')));
}

async function load(client: pg.Client, entities: number): Promise<void> {
  await client.query('begin');
  await copyCodes(client, entities);

  const profile = `jsonb_build_object('name', '示例' || code.number || '号信息科技有限公司', 'industryCode', 'I65', 'divisionCode', '330106', 'establishedOn', '2015-03-02', 'address', '浙江省杭州市西湖区示例路' || code.number || '号', 'legalRepresentative', '张例一', 'disclosureLevel', 'PUBLIC')`;
  await client.query(
    insertInto(
      'entity.profile',
      {
        ...common('profile', profile, "date '2015-03-02'"),
        name: "'示例' || code.number || '号信息科技有限公司'",
        kind: "'ENTERPRISE'",
        status: "'ACTIVE'",
      },
      '(select 0 as part) one, code',
    ),
  );

  const act = `jsonb_build_object('documentName', '行政许可决定书', 'documentNo', '杭西市监许〔2025〕' || code.number || '-' || part || '号', 'content', '准予示例' || code.number || '号信息科技有限公司从事食品经营，许可范围以许可证副本为准', 'licenceCategory', '普通', 'certificateName', '食品经营许可证', 'certificateNo', 'JY133010' || code.number, 'authorityName', '${UNIT.name}', 'authorityUscc', '${UNIT.uscc}', 'decidedOn', ${DAY}, 'licenceStatus', 'VALID', 'disclosureLevel', 'PUBLIC', 'publicFrom', ${DAY}, 'publicUntil', '2099-12-31')`;
  await client.query(
    insertInto(
      'disclosure.act',
      {
        ...common('act', act, DAY),
        kind: "'LICENCE'",
        document_no: "'杭西市监许〔2025〕' || code.number || '-' || part || '号'",
        authority_name: `'${UNIT.name}'`,
        decided_on: DAY,
      },
      `code cross join lateral generate_series(1, ${ACTS}) part`,
    ),
  );

  const entry = `jsonb_build_object('grounds', '通过登记的住所无法联系', 'legalBasis', '企业经营异常名录管理办法', 'disclosureLevel', 'PUBLIC', 'publicUntil', '2099-12-31')`;
  await client.query(
    insertInto(
      'namelist.entry',
      {
        ...common('entry', entry, DAY),
        list_type: "'ABNORMAL_OPERATION'",
        category: "'ABNORMAL'",
        document_no: "'杭西市监列〔2025〕' || code.number || '号'",
        authority_name: `'${UNIT.name}'`,
        listed_on: DAY,
      },
      '(select 0 as part) one, code where code.number % 10 = 3',
    ),
  );

  const result = `jsonb_build_object('evaluatorName', '${UNIT.name}', 'evaluatorUscc', '${UNIT.uscc}', 'validUntil', '2099-12-31', 'dataAsOf', '2025-05-31', 'cause', 'PERIODIC', 'disclosureLevel', 'PUBLIC')`;
  await client.query(
    insertInto(
      'evaluation.result',
      {
        ...common('result', result, "date '2025-06-15'"),
        scheme: "'PUBLIC_CREDIT'",
        scheme_version: "'2025'",
        grade: 'chr(65 + code.number % 4)',
        score: '600 + code.number % 400',
        score_max: '1000',
        evaluated_on: "date '2025-06-15'",
      },
      '(select 0 as part) one, code',
    ),
  );

  for (const schema of subgraphNames)
    await client.query(
      `insert into ${schema}.source_unit (uscc, kind, promised_delay_hours, last_filed_at) values ($1, 'bench', 840, now())`,
      [UNIT.uscc],
    );
  await client.query('commit');
  await client.query('vacuum analyze');
  await client.query('checkpoint');
}
