import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { subgraphNames } from '#subgraphs/definitions.ts';
import type { Role } from '#policy/roles.ts';
import { composeUscc } from '#standards/uscc.ts';
import { AUTHORITY } from '#test/support/listings.ts';
import { registerUnits } from '#test/support/units.ts';

// What is in the database before a fault, loaded straight by SQL, and what each tenant has to be answered from it.
// Nothing here asks the gateway: the expected answers come from the rules that the rows were made by. Restricted rows
// carry a canary that names their readers.

export const ENTITIES = 240;

export interface Tenant {
  readonly name: string;
  readonly role: Role;
  readonly organisation: string | null;
  readonly province: string | null;
  readonly sector: string | null;
  readonly purpose: string | null;
}

const organisation = (number: number): string => composeUscc('11100000', `MB7T${String(number).padStart(4, '0')}`);
const tenant = (name: string, role: Role, number: number, more: Partial<Tenant>): Tenant => ({
  name,
  role,
  organisation: organisation(number),
  province: null,
  sector: null,
  purpose: 'SUPERVISION',
  ...more,
});

export const PUBLIC: Tenant = {
  name: 'public',
  role: 'PUBLIC',
  organisation: null,
  province: null,
  sector: null,
  purpose: null,
};
export const CENTRE = tenant('centre', 'NATIONAL_CENTRE', 1, {});
const BANKS = [
  tenant('bank 0', 'FINANCIAL_INSTITUTION', 6, { purpose: 'CREDIT_GRANTING' }),
  tenant('bank 1', 'FINANCIAL_INSTITUTION', 7, { purpose: 'CREDIT_GRANTING' }),
] as const;
/** The callers; none of them may see all, and any two of them see different records. */
export const tenants: readonly Tenant[] = [
  PUBLIC,
  tenant('province 33', 'PROVINCIAL_PLATFORM', 2, { province: '33' }),
  tenant('province 44', 'PROVINCIAL_PLATFORM', 3, { province: '44' }),
  tenant('sector C', 'SECTOR_REGULATOR', 4, { sector: 'C' }),
  tenant('sector F', 'SECTOR_REGULATOR', 5, { sector: 'F' }),
  ...BANKS,
];

const provinceOf = (entity: number): string => (entity % 2 === 0 ? '33' : '44');
const sectorOf = (entity: number): string => (entity % 4 < 2 ? 'C' : 'F');
const bankOf = (entity: number): number => (entity % 3 === 0 ? 0 : 1);
export const codeOf = (entity: number): string =>
  composeUscc(`91${provinceOf(entity)}0100`, `MA7F${String(entity).padStart(4, '0')}`);
export const nameOf = (entity: number): string => `云帆第${String(entity).padStart(4, '0')}信息科技有限公司`;
/** Valid, and nobody has it. */
export const UNKNOWN_CODE = composeUscc('91330100', 'MA7N0000');

const sharedCanary = (entity: number): string => `CANARY-${provinceOf(entity)}-${sectorOf(entity)}-${entity}-`;
const restrictedCanary = (entity: number): string => `CANARY-BANK${bankOf(entity)}-${entity}-`;

const seesShared = ({ role, province, sector }: Tenant, entity: number): boolean =>
  role === 'NATIONAL_CENTRE' ||
  (role === 'PROVINCIAL_PLATFORM' && province === provinceOf(entity)) ||
  (role === 'SECTOR_REGULATOR' && sector === sectorOf(entity));
const seesRestricted = (who: Tenant, entity: number): boolean =>
  who.role === 'NATIONAL_CENTRE' || who === BANKS[bankOf(entity)];

/** Canaries in the text that this tenant may not see. */
export function strangeCanaries(text: string, who: Tenant): string[] {
  const found = new Set(text.match(/CANARY-[A-Z0-9]+-(?:[CF]-)?\d+-/g) ?? []);
  return [...found].filter((canary) => {
    const entity = Number(canary.split('-').at(-2));
    return canary.startsWith('CANARY-BANK') ? !seesRestricted(who, entity) : !seesShared(who, entity);
  });
}

/** Newest first, as they are answered. */
export const actsOf = (entity: number, who: Tenant): { documentNo: string }[] => [
  { documentNo: `公示许〔2025〕${entity}号` },
  ...(seesShared(who, entity) ? [{ documentNo: `${sharedCanary(entity)}act` }] : []),
  ...(seesRestricted(who, entity) ? [{ documentNo: `${restrictedCanary(entity)}act` }] : []),
];
export const entriesOf = (entity: number, who: Tenant): { grounds: string }[] => [
  ...(seesShared(who, entity) ? [{ grounds: `${sharedCanary(entity)}entry` }] : []),
  { grounds: `公示事由${entity}` },
];
export const gradeOf = (entity: number): string => 'ABCD'[entity % 4] as string;

/** The newest listings of a province that are public, by their day of listing. */
export const publicListings = (
  province: string,
  first: number,
): { grounds: string; subject: { uscc: string; name: string } }[] =>
  Array.from({ length: ENTITIES }, (_, index) => ENTITIES - 1 - index)
    .filter((entity) => provinceOf(entity) === province)
    .slice(0, first)
    .map((entity) => ({ grounds: `公示事由${entity}`, subject: { uscc: codeOf(entity), name: nameOf(entity) } }));

// --- loading ------------------------------------------------------------------------------------------------------

const UNIT = { uscc: composeUscc('11330100', 'MB123456'), name: '示例市市场监督管理局' };
const RECORDED_AT = '2025-07-01T00:00:00.000Z';

const common = (part: string, level: string, content: string): Record<string, string> => ({
  uscc: 'code.uscc',
  record_id: `md5('${part}' || code.number)::uuid`,
  version: '1',
  digest: `sha256(convert_to('${part}' || code.number, 'UTF8'))`,
  source_unit: `'${UNIT.uscc}'`,
  source_unit_name: `'${UNIT.name}'`,
  source_record_id: `'SRC-${part}-' || code.number`,
  catalogue_code: "'FIXTURE'",
  collected_at: `'${RECORDED_AT}'`,
  disclosure_level: `'${level}'`,
  public_from: "date '2023-01-01'",
  public_until: "date '2099-12-31'",
  province: 'code.province',
  sector: 'code.sector',
  determining_unit: `'${UNIT.uscc}'`,
  valid_from: "date '2023-01-01'",
  recorded_at: `'${RECORDED_AT}'`,
  content,
});

const insertInto = (table: string, columns: Readonly<Record<string, string>>): string =>
  `insert into ${table} (${Object.keys(columns).join(', ')}) select ${Object.values(columns).join(', ')} from code`;

/** The entities, by which everything else is inserted; until the end of the transaction. */
async function insertCodes(client: pg.Client): Promise<void> {
  await client.query(
    `create temporary table code (number integer, uscc text, name text, province text, sector text,
        shared text, restricted text) on commit drop`,
  );
  const numbers = Array.from({ length: ENTITIES }, (_, number) => number);
  const columns = [
    numbers,
    ...[codeOf, nameOf, provinceOf, sectorOf, sharedCanary, restrictedCanary].map((of) =>
      numbers.map((number) => of(number)),
    ),
  ];
  await client.query(
    `insert into code
      select *
      from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])`,
    columns,
  );
}

/** What the register has of each. */
async function insertProfiles(client: pg.Client): Promise<void> {
  const profile =
    "jsonb_build_object('name', code.name, 'industryCode', code.sector || '65', 'divisionCode', " +
    "code.province || '0100', 'establishedOn', '2015-03-02', 'disclosureLevel', 'PUBLIC')";
  await client.query(
    insertInto('entity.profile', {
      ...common('profile', 'PUBLIC', profile),
      name: 'code.name',
      kind: "'ENTERPRISE'",
      status: "'ACTIVE'",
    }),
  );
  await client.query(
    `insert into entity.name (uscc, name, kind, province, status)
      select uscc, name, 'ENTERPRISE', province, 'ACTIVE'
      from code`,
  );
}

/** A licence of each level for each. */
async function insertActs(client: pg.Client): Promise<void> {
  const act = (part: string, level: string, documentNo: string, day: string): string =>
    insertInto('disclosure.act', {
      ...common(
        part,
        level,
        `jsonb_build_object('documentNo', ${documentNo}, 'content', '准予', 'licenceCategory', '普通', ` +
          `'authorityName', '${UNIT.name}', 'authorityUscc', '${UNIT.uscc}', 'decidedOn', '${day}', ` +
          `'licenceStatus', 'VALID', 'disclosureLevel', '${level}', 'publicFrom', '${day}', 'publicUntil', ` +
          `'2099-12-31')`,
      ),
      kind: "'LICENCE'",
      document_no: documentNo,
      authority_name: `'${UNIT.name}'`,
      decided_on: `date '${day}'`,
    });
  await client.query(act('act', 'PUBLIC', "'公示许〔2025〕' || code.number || '号'", '2025-03-01'));
  await client.query(act('shared-act', 'GOV_SHARED', "code.shared || 'act'", '2025-02-01'));
  await client.query(act('restricted-act', 'RESTRICTED', "code.restricted || 'act'", '2025-01-01'));
}

/** A published entry and a shared one for each. */
async function insertEntries(client: pg.Client): Promise<void> {
  const entry = (part: string, level: string, grounds: string, day: string): string =>
    insertInto('namelist.entry', {
      ...common(
        part,
        level,
        `jsonb_build_object('grounds', ${grounds}, 'legalBasis', '示例办法', 'disclosureLevel', '${level}', ` +
          `'publicUntil', '2099-12-31')`,
      ),
      list_type: "'ABNORMAL_OPERATION'",
      category: "'ABNORMAL'",
      document_no: `'示〔2025〕${part}' || code.number || '号'`,
      authority_name: `'${UNIT.name}'`,
      listed_on: day,
    });
  await client.query(entry('entry', 'PUBLIC', "'公示事由' || code.number", "date '2023-06-01' + code.number"));
  await client.query(entry('shared-entry', 'GOV_SHARED', "code.shared || 'entry'", "date '2024-06-01' + code.number"));
}

/** An evaluation of each. */
async function insertResults(client: pg.Client): Promise<void> {
  const result =
    `jsonb_build_object('evaluatorName', '${UNIT.name}', 'evaluatorUscc', '${UNIT.uscc}', ` +
    `'validUntil', '2099-12-31', 'dataAsOf', '2025-05-31', 'cause', 'PERIODIC', 'disclosureLevel', ` +
    `'PUBLIC')`;
  await client.query(
    insertInto('evaluation.result', {
      ...common('result', 'PUBLIC', result),
      scheme: "'PUBLIC_CREDIT'",
      scheme_version: "'2025'",
      grade: 'chr(65 + code.number % 4)',
      score: '600',
      score_max: '1000',
      evaluated_on: "date '2025-06-15'",
    }),
  );
}

/** What the tenants may do. */
async function grantToTenants(client: pg.Client): Promise<void> {
  for (const who of [...tenants, CENTRE]) {
    if (who.organisation === null) continue;
    await client.query(
      `insert into gateway.grant (id, organisation, role, province, sector, valid_from, granted_by)
        values ($1, $2, $3, $4, $5, now() - interval '1 day', 'test')`,
      [randomUUID(), who.organisation, who.role, who.province, who.sector],
    );
  }
}

/** Each entity lets its bank read. */
async function consentToBanks(client: pg.Client): Promise<void> {
  for (let entity = 0; entity < ENTITIES; entity += 1) {
    await client.query(
      `insert into consent.consent (id, subject, grantee, purpose, given_at, expires_at)
        values ($1, $2, $3, 'CREDIT_GRANTING', now() - interval '1 day', now() + interval '1 year')`,
      [randomUUID(), codeOf(entity), BANKS[bankOf(entity)]?.organisation],
    );
  }
}

/**
 * Loads the records, the grants of the tenants, the consents to the banks, and the units that the mutations file for.
 */
export async function loadFixtures(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('begin');
    await insertCodes(client);
    await insertProfiles(client);
    await insertActs(client);
    await insertEntries(client);
    await insertResults(client);
    for (const schema of subgraphNames)
      await client.query(
        `insert into ${schema}.source_unit (uscc, kind, promised_delay_hours, first_filed_at, last_filed_at)
          values ($1, 'bench', 840, now(), now())`,
        [UNIT.uscc],
      );
    await grantToTenants(client);
    await consentToBanks(client);
    await registerUnits(
      (text, values) => client.query(text, [...values]),
      'namelist',
      [AUTHORITY],
      ['name-list'],
      CENTRE.organisation as string,
    ); // an organisation has one
    await client.query('commit');
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}
