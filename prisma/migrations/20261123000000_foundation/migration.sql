-- The four subgraphs and the gateway: a schema and a role each. A role owns nothing and reads nothing but its own schema.

do $$ begin
  create role credit_entity nologin;
exception when duplicate_object or unique_violation then null; -- roles belong to the whole server: another database made it
end $$;
create schema entity;
grant usage on schema entity to credit_entity;
do $$ begin
  create role credit_disclosure nologin;
exception when duplicate_object or unique_violation then null; -- roles belong to the whole server: another database made it
end $$;
create schema disclosure;
grant usage on schema disclosure to credit_disclosure;
do $$ begin
  create role credit_namelist nologin;
exception when duplicate_object or unique_violation then null; -- roles belong to the whole server: another database made it
end $$;
create schema namelist;
grant usage on schema namelist to credit_namelist;
do $$ begin
  create role credit_evaluation nologin;
exception when duplicate_object or unique_violation then null; -- roles belong to the whole server: another database made it
end $$;
create schema evaluation;
grant usage on schema evaluation to credit_evaluation;
do $$ begin
  create role credit_gateway nologin;
exception when duplicate_object or unique_violation then null; -- roles belong to the whole server: another database made it
end $$;
create schema gateway;
grant usage on schema gateway to credit_gateway;

-- The last instant given to a commit of this schema, or sealed. A writer stamps its rows from it and holds the row until it
-- commits, so instants follow commit order and nothing is ever recorded at or before a committed value.
create table entity.clock (
  only_row boolean not null default true,
  last timestamptz(3) not null default '2000-01-01Z',
  constraint clock_pkey primary key (only_row),
  constraint clock_only_one check (only_row)
);
insert into entity.clock default values;

-- The units that file to this subgraph, what they promised and when they last filed.
create table entity.source_unit (
  uscc text not null,
  kind text not null,
  promised_delay_hours integer not null default 840,
  last_filed_at timestamptz(3) not null,
  constraint source_unit_pkey primary key (uscc, kind)
);

-- The last instant given to a commit of this schema, or sealed. A writer stamps its rows from it and holds the row until it
-- commits, so instants follow commit order and nothing is ever recorded at or before a committed value.
create table disclosure.clock (
  only_row boolean not null default true,
  last timestamptz(3) not null default '2000-01-01Z',
  constraint clock_pkey primary key (only_row),
  constraint clock_only_one check (only_row)
);
insert into disclosure.clock default values;

-- The units that file to this subgraph, what they promised and when they last filed.
create table disclosure.source_unit (
  uscc text not null,
  kind text not null,
  promised_delay_hours integer not null default 840,
  last_filed_at timestamptz(3) not null,
  constraint source_unit_pkey primary key (uscc, kind)
);

-- The last instant given to a commit of this schema, or sealed. A writer stamps its rows from it and holds the row until it
-- commits, so instants follow commit order and nothing is ever recorded at or before a committed value.
create table namelist.clock (
  only_row boolean not null default true,
  last timestamptz(3) not null default '2000-01-01Z',
  constraint clock_pkey primary key (only_row),
  constraint clock_only_one check (only_row)
);
insert into namelist.clock default values;

-- The units that file to this subgraph, what they promised and when they last filed.
create table namelist.source_unit (
  uscc text not null,
  kind text not null,
  promised_delay_hours integer not null default 840,
  last_filed_at timestamptz(3) not null,
  constraint source_unit_pkey primary key (uscc, kind)
);

-- The last instant given to a commit of this schema, or sealed. A writer stamps its rows from it and holds the row until it
-- commits, so instants follow commit order and nothing is ever recorded at or before a committed value.
create table evaluation.clock (
  only_row boolean not null default true,
  last timestamptz(3) not null default '2000-01-01Z',
  constraint clock_pkey primary key (only_row),
  constraint clock_only_one check (only_row)
);
insert into evaluation.clock default values;

-- The units that file to this subgraph, what they promised and when they last filed.
create table evaluation.source_unit (
  uscc text not null,
  kind text not null,
  promised_delay_hours integer not null default 840,
  last_filed_at timestamptz(3) not null,
  constraint source_unit_pkey primary key (uscc, kind)
);

create table entity.profile (
  uscc text not null,
  record_id uuid not null,
  version integer not null,
  digest bytea not null,
  source_unit text not null,
  source_unit_name text,
  source_record_id text,
  catalogue_code text not null,
  filing_id uuid,
  collected_at timestamptz(3) not null,
  -- The present rights of the record, kept alike on all its versions: rights are those of the moment of asking.
  disclosure_level text not null,
  public_from date,
  public_until date,
  withdrawn_on date,
  province text not null,
  sector text,
  determining_unit text,
  under_objection boolean not null default false,
  -- What the version states, and when it was believed: [recorded_at, superseded_at).
  valid_from date not null,
  valid_to date,
  recorded_at timestamptz(3) not null,
  superseded_at timestamptz(3) not null default 'infinity',
  content jsonb not null,
  additional_fields jsonb,
  name text not null,
  kind text not null,
  status text not null,
  successor text,
  constraint profile_pkey primary key (uscc, record_id, version),
  constraint profile_disclosure_level_known check (disclosure_level in ('PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL')),
  -- 893 §4: nothing is published without an end.
  constraint profile_public_has_end check (disclosure_level <> 'PUBLIC' or (public_from is not null and public_until is not null)),
  constraint profile_believed_forwards check (superseded_at > recorded_at)
);
-- One version of a record is believed at a time.
create unique index profile_current on entity.profile (uscc, record_id) where superseded_at = 'infinity';
-- Names now in force: any two characters of a name, and names alike (reference/data-layer.md, search).
create function entity.bigrams(name text) returns text[] language sql immutable strict parallel safe
  return (select coalesce(array_agg(distinct substr(name, at, 2)), '{}') from generate_series(1, length(name) - 1) at);
create index profile_name_bigrams on entity.profile using gin (entity.bigrams(name)) where superseded_at = 'infinity';
create index profile_name on entity.profile (name) where superseded_at = 'infinity';

-- Identifiers of older schemes, of the profiles now in force.
create table entity.identifier (
  uscc text not null,
  scheme text not null,
  value text not null,
  constraint identifier_pkey primary key (uscc, scheme, value)
);
create index identifier_by_value on entity.identifier (scheme, value);

create table disclosure.act (
  uscc text not null,
  record_id uuid not null,
  version integer not null,
  digest bytea not null,
  source_unit text not null,
  source_unit_name text,
  source_record_id text,
  catalogue_code text not null,
  filing_id uuid,
  collected_at timestamptz(3) not null,
  -- The present rights of the record, kept alike on all its versions: rights are those of the moment of asking.
  disclosure_level text not null,
  public_from date,
  public_until date,
  withdrawn_on date,
  province text not null,
  sector text,
  determining_unit text,
  under_objection boolean not null default false,
  -- What the version states, and when it was believed: [recorded_at, superseded_at).
  valid_from date not null,
  valid_to date,
  recorded_at timestamptz(3) not null,
  superseded_at timestamptz(3) not null default 'infinity',
  content jsonb not null,
  additional_fields jsonb,
  kind text not null,
  document_no text not null,
  authority_name text,
  decided_on date not null,
  constraint act_pkey primary key (uscc, record_id, version),
  constraint act_disclosure_level_known check (disclosure_level in ('PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL')),
  -- 893 §4: nothing is published without an end.
  constraint act_public_has_end check (disclosure_level <> 'PUBLIC' or (public_from is not null and public_until is not null)),
  constraint act_believed_forwards check (superseded_at > recorded_at)
);
-- One version of a record is believed at a time.
create unique index act_current on disclosure.act (uscc, record_id) where superseded_at = 'infinity';
create index act_by_subject on disclosure.act (uscc, decided_on desc, record_id desc);

create table disclosure.commitment (
  uscc text not null,
  record_id uuid not null,
  version integer not null,
  digest bytea not null,
  source_unit text not null,
  source_unit_name text,
  source_record_id text,
  catalogue_code text not null,
  filing_id uuid,
  collected_at timestamptz(3) not null,
  -- The present rights of the record, kept alike on all its versions: rights are those of the moment of asking.
  disclosure_level text not null,
  public_from date,
  public_until date,
  withdrawn_on date,
  province text not null,
  sector text,
  determining_unit text,
  under_objection boolean not null default false,
  -- What the version states, and when it was believed: [recorded_at, superseded_at).
  valid_from date not null,
  valid_to date,
  recorded_at timestamptz(3) not null,
  superseded_at timestamptz(3) not null default 'infinity',
  content jsonb not null,
  additional_fields jsonb,
  kind text not null,
  commitment_no text,
  made_on date not null,
  constraint commitment_pkey primary key (uscc, record_id, version),
  constraint commitment_disclosure_level_known check (disclosure_level in ('PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL')),
  -- 893 §4: nothing is published without an end.
  constraint commitment_public_has_end check (disclosure_level <> 'PUBLIC' or (public_from is not null and public_until is not null)),
  constraint commitment_believed_forwards check (superseded_at > recorded_at)
);
-- One version of a record is believed at a time.
create unique index commitment_current on disclosure.commitment (uscc, record_id) where superseded_at = 'infinity';
create index commitment_by_subject on disclosure.commitment (uscc, made_on desc, record_id desc);

create table namelist.entry (
  uscc text not null,
  record_id uuid not null,
  version integer not null,
  digest bytea not null,
  source_unit text not null,
  source_unit_name text,
  source_record_id text,
  catalogue_code text not null,
  filing_id uuid,
  collected_at timestamptz(3) not null,
  -- The present rights of the record, kept alike on all its versions: rights are those of the moment of asking.
  disclosure_level text not null,
  public_from date,
  public_until date,
  withdrawn_on date,
  province text not null,
  sector text,
  determining_unit text,
  under_objection boolean not null default false,
  -- What the version states, and when it was believed: [recorded_at, superseded_at).
  valid_from date not null,
  valid_to date,
  recorded_at timestamptz(3) not null,
  superseded_at timestamptz(3) not null default 'infinity',
  content jsonb not null,
  additional_fields jsonb,
  list_type text not null,
  category text not null,
  document_no text not null,
  authority_name text,
  listed_on date not null,
  term_until date,
  removed_on date,
  constraint entry_pkey primary key (uscc, record_id, version),
  constraint entry_disclosure_level_known check (disclosure_level in ('PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL')),
  -- 893 §4: nothing is published without an end.
  constraint entry_public_has_end check (disclosure_level <> 'PUBLIC' or (public_from is not null and public_until is not null)),
  constraint entry_believed_forwards check (superseded_at > recorded_at)
);
-- One version of a record is believed at a time.
create unique index entry_current on namelist.entry (uscc, record_id) where superseded_at = 'infinity';
create index entry_by_subject on namelist.entry (uscc, listed_on desc, record_id desc);
create index entry_by_day on namelist.entry (listed_on desc, record_id desc, uscc);
create index entry_by_type on namelist.entry (list_type, listed_on desc, record_id desc, uscc);
create index entry_by_province on namelist.entry (province, listed_on desc, record_id desc, uscc);
create index entry_by_sector on namelist.entry (sector, listed_on desc, record_id desc, uscc);

create table evaluation.result (
  uscc text not null,
  record_id uuid not null,
  version integer not null,
  digest bytea not null,
  source_unit text not null,
  source_unit_name text,
  source_record_id text,
  catalogue_code text not null,
  filing_id uuid,
  collected_at timestamptz(3) not null,
  -- The present rights of the record, kept alike on all its versions: rights are those of the moment of asking.
  disclosure_level text not null,
  public_from date,
  public_until date,
  withdrawn_on date,
  province text not null,
  sector text,
  determining_unit text,
  under_objection boolean not null default false,
  -- What the version states, and when it was believed: [recorded_at, superseded_at).
  valid_from date not null,
  valid_to date,
  recorded_at timestamptz(3) not null,
  superseded_at timestamptz(3) not null default 'infinity',
  content jsonb not null,
  additional_fields jsonb,
  scheme text not null,
  scheme_version text not null,
  grade text not null,
  score numeric,
  score_max numeric,
  evaluated_on date not null,
  constraint result_pkey primary key (uscc, record_id, version),
  constraint result_disclosure_level_known check (disclosure_level in ('PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL')),
  -- 893 §4: nothing is published without an end.
  constraint result_public_has_end check (disclosure_level <> 'PUBLIC' or (public_from is not null and public_until is not null)),
  constraint result_believed_forwards check (superseded_at > recorded_at)
);
-- One version of a record is believed at a time.
create unique index result_current on evaluation.result (uscc, record_id) where superseded_at = 'infinity';
create index result_by_subject on evaluation.result (uscc, scheme, evaluated_on desc, record_id desc);

create table gateway.grant (
  id uuid not null,
  organisation text not null,
  role text not null,
  province text,
  sector text,
  valid_from timestamptz(3) not null,
  valid_to timestamptz(3),
  granted_by text not null,
  constraint grant_pkey primary key (id)
);
create index grant_by_organisation on gateway.grant (organisation, role);

create table gateway.revoked_token (
  token_id text not null,
  reason text not null,
  revoked_at timestamptz(3) not null,
  revoked_by text not null,
  constraint revoked_token_pkey primary key (token_id)
);

create table gateway.filing (
  id uuid not null,
  unit text not null,
  kind text not null,
  format text not null,
  status text not null,
  parts_expected integer not null,
  created_at timestamptz(3) not null,
  completed_at timestamptz(3),
  receipt jsonb,
  constraint filing_pkey primary key (id)
);

create table gateway.filing_part (
  filing_id uuid not null,
  number integer not null,
  digest bytea not null,
  outcome jsonb not null,
  recorded_at timestamptz(3) not null,
  constraint filing_part_pkey primary key (filing_id, number),
  constraint filing_part_of_filing foreign key (filing_id) references gateway.filing (id)
);

-- An idempotency key, whose it is, and what was answered; kept 30 days (design §5).
create table gateway.idempotency (
  organisation text not null,
  mutation text not null,
  key text not null,
  input_digest bytea not null,
  result jsonb not null,
  created_at timestamptz(3) not null,
  constraint idempotency_pkey primary key (organisation, mutation, key)
);

grant select, insert, update on all tables in schema entity to credit_entity;
grant select, insert, update on all tables in schema disclosure to credit_disclosure;
grant select, insert, update on all tables in schema namelist to credit_namelist;
grant select, insert, update on all tables in schema evaluation to credit_evaluation;
-- Identifiers follow the profile: those it no longer has go.
grant delete on entity.identifier to credit_entity;
grant select, insert, update on all tables in schema gateway to credit_gateway;
grant delete on gateway.idempotency to credit_gateway;
