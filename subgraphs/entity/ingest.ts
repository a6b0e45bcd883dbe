import { createFilingIntake, type RowProblems, type RowSurroundings } from '#records/filing/intake.ts';
import type { AfterMerge } from '#records/filing/merge.ts';
import { type FiledRow, type RecordTable, textOf } from '#records/filing/record.ts';
import { recordIdOf } from '#records/record.ts';
import type { FilingIntake, SubgraphRuntime } from '#records/subgraph.ts';
import { keepOwnRights, narrowestLevel, NO_PROVINCE, ownLevel } from '#policy/rows.ts';
import { provinceOfCode, reportingUnitOf } from '#standards/divisions.ts';
import type { ParsedRecord } from '#standards/forms/form.ts';
import { forms } from '#standards/forms/forms.ts';
import { findIndustry } from '#standards/industry.ts';
import { searchable } from '#standards/names.ts';
import { LONG_TERM_DAY } from '#standards/publicationTerms.ts';
import { kindOfCode } from '#standards/registrationDepartments.ts';

const profile: RecordTable<'name' | 'kind' | 'status' | 'successor'> = {
  schema: 'entity',
  name: 'profile',
  columns: ['name', 'kind', 'status', 'successor'],
  feed: { topic: 'ENTITY' },
};

type ProfileRow = FiledRow<(typeof profile)['columns'][number]>;

/** The first day of a state whose form has no day at all: before every entity that the register can hold. */
const FROM_THE_START = '1949-10-01';

const identifierFields = forms.entity.fields.filter(({ type }) => type === 'identifier');
// These fields are kept in columns of their own, or under `identifiers`.
const NOT_CONTENT = new Set([
  'uscc',
  'entityKind',
  'status',
  'successorUscc',
  'sourceUnitName',
  'sourceUnitUscc',
  'sourceRecordId',
  'catalogueCode',
  ...identifierFields.map(({ name }) => name),
]);

function contentOf(record: ParsedRecord): Record<string, unknown> {
  const content: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) {
    if (value === null || value === false || NOT_CONTENT.has(name)) continue;
    content[name] = typeof value === 'bigint' ? String(value) : value;
  }
  const identifiers = identifierFields.flatMap(({ name, scheme }) =>
    record[name] ? [{ scheme, value: record[name] }] : [],
  );
  if (identifiers.length > 0) content['identifiers'] = identifiers;
  return content;
}

/**
 * A state of the register, in force from the day of the change, or from the establishment when the form has no day of
 * change. States of one code and one day are one record: filing another is a correction of it.
 */
export function profileRow(
  record: ParsedRecord,
  { viewer, additionalFields, warn }: Pick<RowSurroundings, 'viewer' | 'additionalFields' | 'warn'>,
): ProfileRow | RowProblems {
  const uscc = record['uscc'] as string; // no row without it, as name, kind and status below
  const authority = textOf(record, 'registrationAuthorityUscc');
  const sourceUnit = textOf(record, 'sourceUnitUscc') ?? authority ?? viewer.organisation;
  if (sourceUnit === null)
    return [
      {
        column: 'DJ_LYDWDM',
        code: 'MISSING',
        message: 'A record needs the Unified Social Credit Code of the unit that filed it.',
      },
    ];
  const filedKind = record['entityKind'] as string;
  // Which rules of privacy hold depends on the kind, so a row cannot make a self-employed person a company.
  const kind = kindOfCode(uscc) ?? filedKind;
  if (kind !== filedKind)
    warn({
      column: 'DJ_LX',
      code: 'CATEGORY',
      message: `Codes with ${uscc.slice(0, 2)} are those of ${kind} and not of ${filedKind}: ${kind} is taken.`,
    });
  const level = textOf(record, 'disclosureLevel') ?? 'PUBLIC';
  const establishedOn = textOf(record, 'establishedOn');
  const validFrom = textOf(record, 'changedOn') ?? establishedOn ?? FROM_THE_START;
  const division = textOf(record, 'divisionCode');
  const industry = textOf(record, 'industryCode');
  return {
    uscc,
    record_id: recordIdOf('ENTITY', uscc, validFrom),
    source_unit: sourceUnit,
    source_unit_name: textOf(record, 'sourceUnitName'),
    source_record_id: textOf(record, 'sourceRecordId'),
    catalogue_code: textOf(record, 'catalogueCode') ?? 'ENTITY',
    disclosure_level: level,
    // Registered identity is published as long as the register exists (企业信息公示暂行条例), so no rule ends it.
    public_from: level === 'PUBLIC' ? (establishedOn ?? validFrom) : null,
    public_until: level === 'PUBLIC' ? LONG_TERM_DAY : null,
    // The province of the present registration. A code keeps the division of the first registration.
    province: (division === null ? null : reportingUnitOf(division)) ?? provinceOfCode(uscc) ?? NO_PROVINCE,
    sector: industry === null ? null : (findIndustry(industry)?.section ?? null),
    determining_unit: authority,
    valid_from: validFrom,
    valid_to: null,
    content: contentOf(record),
    additional_fields: additionalFields,
    name: searchable(record['name'] as string),
    kind,
    status: record['status'] as string,
    successor: textOf(record, 'successorUscc'),
  };
}

// The identifiers of an entity are those of its newest state.
const followIdentifiers = `
  with newest as materialized (
    select filed.uscc, state.content
    from (select distinct uscc from unnest($1::text[]) as filed(uscc)) filed
    cross join lateral (
      select profile.content
      from entity.profile
      where profile.uscc = filed.uscc and profile.superseded_at = 'infinity'
      order by profile.valid_from desc, profile.record_id desc
      limit 1
    ) state
  ), borne as materialized (
    select newest.uscc, identifier.scheme, identifier.value
    from newest
    cross join lateral jsonb_to_recordset(coalesce(newest.content -> 'identifiers', '[]'))
      as identifier(scheme text, value text)
  ), gone as (
    delete from entity.identifier
    using newest
    where identifier.uscc = newest.uscc
      and not exists (
        select from borne
        where borne.uscc = identifier.uscc
          and borne.scheme = identifier.scheme
          and borne.value = identifier.value
      )
  )
  insert into entity.identifier (uscc, scheme, value)
  select uscc, scheme, value from borne
  on conflict do nothing`;

const addNames = `
  insert into entity.name (uscc, name, kind, province, status)
  select distinct uscc, name, kind, province, status
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as filed(uscc, name, kind, province, status)
  on conflict do nothing`;

// The rights of an entity are also those of its newest state: an entity that is hidden from now on is hidden on every
// day of the past. A state with narrower rights of its own keeps them.
const rights = ['disclosure_level', 'public_from', 'public_until', 'withdrawn_on'] as const;
const stateLevel = narrowestLevel(ownLevel('profile'), 'standing.level', 'newest.level');
const newestRights = rights.map((column) =>
  column === 'disclosure_level' ? `${column} = ${stateLevel}` : `${column} = newest.${column}`,
);
const followRights = `
  with standing as materialized (
    select profile.uscc, profile.record_id, profile.valid_from, ${ownLevel('profile')} as level,
           profile.public_from, profile.public_until, profile.withdrawn_on
    from (select distinct uscc from unnest($1::text[]) as filed(uscc)) filed
    join entity.profile on profile.uscc = filed.uscc and profile.superseded_at = 'infinity'
  ), newest as materialized (
    select distinct on (standing.uscc) standing.*
    from standing
    order by standing.uscc, standing.valid_from desc, standing.record_id desc
  )
  update entity.profile
  set ${newestRights.join(', ')},
      ${keepOwnRights('profile')}
  from standing
  join newest on newest.uscc = standing.uscc
  where profile.uscc = standing.uscc
    and profile.record_id = standing.record_id
    and (profile.disclosure_level, profile.withdrawn_on) is distinct from (${stateLevel}, newest.withdrawn_on)`;

const followRows: AfterMerge<(typeof profile)['columns'][number]> = async (client, rows) => {
  const column = (name: 'uscc' | 'name' | 'kind' | 'province' | 'status') => rows.map((row) => row[name]);
  await client.query(followIdentifiers, [column('uscc')]);
  await client.query(followRights, [column('uscc')]);
  await client.query(addNames, [column('uscc'), column('name'), column('kind'), column('province'), column('status')]);
};

/** The filing intake of this subgraph. */
export const createFilings = (runtime: SubgraphRuntime): Record<'entity', FilingIntake> => ({
  entity: createFilingIntake(
    { kind: 'entity', form: forms.entity, table: profile, toRow: profileRow, afterMerge: followRows },
    runtime,
  ),
});
