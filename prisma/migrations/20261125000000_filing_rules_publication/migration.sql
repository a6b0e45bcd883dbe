-- Filing by registered units, rules that change by decision, withdrawal and erasure of records, and three more kinds of record.

-- Why a record left the answers (the public reason, 行政处罚法 第四十八条), kept alike on all versions; and when the content of a version was erased
-- (retention, or found wrong): its id, dates and keyed digest stay, so that chains still verify.
alter table entity.profile add column withdrawal_reason text, add column erased_at timestamptz(3);
alter table disclosure.act add column withdrawal_reason text, add column erased_at timestamptz(3);
alter table disclosure.commitment add column withdrawal_reason text, add column erased_at timestamptz(3);
alter table namelist.entry add column withdrawal_reason text, add column erased_at timestamptz(3);
alter table evaluation.result add column withdrawal_reason text, add column erased_at timestamptz(3);

-- Acts of one authority, for its publication duties; acts of one source, for its catalogue items and full replacements; notices of withdrawal.
create index act_by_authority on disclosure.act (determining_unit, decided_on desc, record_id desc) where superseded_at = 'infinity';
create index act_by_source on disclosure.act (source_unit, catalogue_code, collected_at) where superseded_at = 'infinity';
create index act_withdrawn on disclosure.act (determining_unit, withdrawn_on desc, record_id desc) where superseded_at = 'infinity' and withdrawn_on is not null;
create index commitment_by_source on disclosure.commitment (source_unit, catalogue_code, collected_at) where superseded_at = 'infinity';
create index entry_by_source on namelist.entry (source_unit, catalogue_code, collected_at) where superseded_at = 'infinity';
create index result_by_source on evaluation.result (source_unit, catalogue_code, collected_at) where superseded_at = 'infinity';
create index profile_by_source on entity.profile (source_unit, catalogue_code, collected_at) where superseded_at = 'infinity';

-- A unit is registered before it files: for which kind, about subjects of which province and sector (null: any), and within how many
-- hours it promises to file again. One that has not filed since its registration is late by the same promise.
alter table entity.source_unit
  add column name text,
  add column province text,
  add column sector text,
  add column registered_at timestamptz(3) not null default now(),
  add column registered_by text,
  alter column last_filed_at drop not null;
-- What a full replacement has seen, so that what it has not can be found, also when it is confirmed later or applied again after a crash.
create table entity.filed_row (
  filing_id uuid not null,
  uscc text not null,
  record_id uuid not null,
  -- Whether the unit had it before, not withdrawn.
  stood boolean not null,
  constraint filed_row_pkey primary key (filing_id, uscc, record_id)
);
grant select, insert on entity.filed_row to credit_entity;

-- A unit is registered before it files: for which kind, about subjects of which province and sector (null: any), and within how many
-- hours it promises to file again. One that has not filed since its registration is late by the same promise.
alter table disclosure.source_unit
  add column name text,
  add column province text,
  add column sector text,
  add column registered_at timestamptz(3) not null default now(),
  add column registered_by text,
  alter column last_filed_at drop not null;
-- The acts beside licence and penalty are eight kinds of filing now: who delivered them in one is registered for each.
insert into disclosure.source_unit (uscc, kind, promised_delay_hours, last_filed_at)
select unit.uscc, each.kind, unit.promised_delay_hours, unit.last_filed_at
from disclosure.source_unit unit
cross join unnest(array['compulsion', 'confirmation', 'levy', 'payment', 'adjudication', 'compensation', 'reward', 'inspection']) each (kind)
where unit.kind = 'other-act'
on conflict do nothing;
delete from disclosure.source_unit where kind = 'other-act';
-- What a full replacement has seen, so that what it has not can be found, also when it is confirmed later or applied again after a crash.
create table disclosure.filed_row (
  filing_id uuid not null,
  uscc text not null,
  record_id uuid not null,
  -- Whether the unit had it before, not withdrawn.
  stood boolean not null,
  constraint filed_row_pkey primary key (filing_id, uscc, record_id)
);
grant select, insert on disclosure.filed_row to credit_disclosure;

-- A unit is registered before it files: for which kind, about subjects of which province and sector (null: any), and within how many
-- hours it promises to file again. One that has not filed since its registration is late by the same promise.
alter table namelist.source_unit
  add column name text,
  add column province text,
  add column sector text,
  add column registered_at timestamptz(3) not null default now(),
  add column registered_by text,
  alter column last_filed_at drop not null;
-- What a full replacement has seen, so that what it has not can be found, also when it is confirmed later or applied again after a crash.
create table namelist.filed_row (
  filing_id uuid not null,
  uscc text not null,
  record_id uuid not null,
  -- Whether the unit had it before, not withdrawn.
  stood boolean not null,
  constraint filed_row_pkey primary key (filing_id, uscc, record_id)
);
grant select, insert on namelist.filed_row to credit_namelist;

-- A unit is registered before it files: for which kind, about subjects of which province and sector (null: any), and within how many
-- hours it promises to file again. One that has not filed since its registration is late by the same promise.
alter table evaluation.source_unit
  add column name text,
  add column province text,
  add column sector text,
  add column registered_at timestamptz(3) not null default now(),
  add column registered_by text,
  alter column last_filed_at drop not null;
-- What a full replacement has seen, so that what it has not can be found, also when it is confirmed later or applied again after a crash.
create table evaluation.filed_row (
  filing_id uuid not null,
  uscc text not null,
  record_id uuid not null,
  -- Whether the unit had it before, not withdrawn.
  stood boolean not null,
  constraint filed_row_pkey primary key (filing_id, uscc, record_id)
);
grant select, insert on evaluation.filed_row to credit_evaluation;

-- Null until it has filed.
alter table namelist.source_unit alter column first_filed_at drop not null, alter column first_filed_at drop default;
alter table entity.source_unit add column first_filed_at timestamptz(3);
alter table disclosure.source_unit add column first_filed_at timestamptz(3);
alter table evaluation.source_unit add column first_filed_at timestamptz(3);

-- Judgments and enforcement about entities (893 clause 4).
create table disclosure.judicial_record (
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
  withdrawal_reason text,
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
  erased_at timestamptz(3),
  kind text not null,
  case_no text not null,
  court_name text,
  decided_on date not null,
  constraint judicial_record_pkey primary key (uscc, record_id, version),
  constraint judicial_record_disclosure_level_known check (disclosure_level in ('PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL')),
  -- 893 §4: nothing is published without an end.
  constraint judicial_record_public_has_end check (disclosure_level <> 'PUBLIC' or (public_from is not null and public_until is not null)),
  constraint judicial_record_believed_forwards check (superseded_at > recorded_at)
);
-- One version of a record is believed at a time.
create unique index judicial_record_current on disclosure.judicial_record (uscc, record_id) where superseded_at = 'infinity';
create index judicial_record_by_subject on disclosure.judicial_record (uscc, decided_on desc, record_id desc);
create index judicial_record_by_source on disclosure.judicial_record (source_unit, catalogue_code, collected_at) where superseded_at = 'infinity';
grant select, insert, update on disclosure.judicial_record to credit_disclosure;

-- Consumer complaints that are published (35 clause 4).
create table disclosure.complaint (
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
  withdrawal_reason text,
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
  erased_at timestamptz(3),
  kind text not null,
  complaint_no text not null,
  handled_on date not null,
  constraint complaint_pkey primary key (uscc, record_id, version),
  constraint complaint_disclosure_level_known check (disclosure_level in ('PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL')),
  -- 893 §4: nothing is published without an end.
  constraint complaint_public_has_end check (disclosure_level <> 'PUBLIC' or (public_from is not null and public_until is not null)),
  constraint complaint_believed_forwards check (superseded_at > recorded_at)
);
-- One version of a record is believed at a time.
create unique index complaint_current on disclosure.complaint (uscc, record_id) where superseded_at = 'infinity';
create index complaint_by_subject on disclosure.complaint (uscc, handled_on desc, record_id desc);
create index complaint_by_source on disclosure.complaint (source_unit, catalogue_code, collected_at) where superseded_at = 'infinity';
grant select, insert, update on disclosure.complaint to credit_disclosure;

-- What entities register about themselves (35 clause 5).
create table disclosure.voluntary_item (
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
  withdrawal_reason text,
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
  erased_at timestamptz(3),
  kind text not null,
  item_no text not null,
  declared_on date not null,
  -- Declared by the subject: it counts only once a unit has verified it, and leaves with the authorisation (35 clause 5).
  verification text not null default 'UNVERIFIED',
  verified_by text,
  verified_on date,
  -- Purposes that the subject consents to. A present right like `public_until`, which is the last day of the authorisation at every level.
  authorised_for text[] not null,
  constraint voluntary_item_pkey primary key (uscc, record_id, version),
  constraint voluntary_item_disclosure_level_known check (disclosure_level in ('PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL')),
  -- 893 §4: nothing is published without an end.
  constraint voluntary_item_public_has_end check (disclosure_level <> 'PUBLIC' or (public_from is not null and public_until is not null)),
  constraint voluntary_item_verification_known check (verification in ('UNVERIFIED', 'VERIFIED', 'REFUTED')),
  constraint voluntary_item_believed_forwards check (superseded_at > recorded_at)
);
-- One version of a record is believed at a time.
create unique index voluntary_item_current on disclosure.voluntary_item (uscc, record_id) where superseded_at = 'infinity';
create index voluntary_item_by_subject on disclosure.voluntary_item (uscc, declared_on desc, record_id desc);
create index voluntary_item_by_source on disclosure.voluntary_item (source_unit, catalogue_code, collected_at) where superseded_at = 'infinity';
grant select, insert, update on disclosure.voluntary_item to credit_disclosure;

-- As gateway.idempotency, for mutations that this subgraph runs itself: key, effect and answer are one transaction.
create table disclosure.idempotency (
  organisation text not null,
  mutation text not null,
  key text not null,
  input_digest bytea not null,
  result jsonb not null,
  created_at timestamptz(3) not null,
  constraint idempotency_pkey primary key (organisation, mutation, key)
);
grant select, insert, update, delete on disclosure.idempotency to credit_disclosure;

-- Rules that were changed by decision, over those that came with the release (standards/data/ruleSets.json). Everybody reads them;
-- only the gateway's desk writes. Two persons: who approves is not who proposed.
create schema rules;
create table rules.change (
  id uuid not null,
  -- ADD brings a rule set into force from its date; END ends one.
  action text not null,
  rule_set text not null,
  definition jsonb not null,
  state text not null default 'PROPOSED',
  proposed_by text not null,
  proposed_by_actor text not null,
  proposed_at timestamptz(3) not null,
  decided_by text,
  decided_by_actor text,
  decided_at timestamptz(3),
  constraint change_pkey primary key (id),
  constraint change_action_known check (action in ('ADD', 'END')),
  constraint change_state_known check (state in ('PROPOSED', 'APPROVED', 'REJECTED')),
  constraint change_two_persons check (state <> 'APPROVED' or (decided_by_actor is not null and decided_by_actor <> proposed_by_actor))
);
create unique index change_approved on rules.change (rule_set, action) where state = 'APPROVED';
grant usage on schema rules to credit_entity, credit_disclosure, credit_namelist, credit_evaluation, credit_gateway;
grant select on rules.change to credit_entity, credit_disclosure, credit_namelist, credit_evaluation, credit_gateway;
grant insert, update on rules.change to credit_gateway;

-- ADD: rows are added and corrected. REPLACE: they are all that the unit has of this kind; what is missing ends when the filing is applied,
-- and a filing that would end an implausible share waits for a second person.
alter table gateway.filing
  add column mode text not null default 'ADD',
  add column replacement jsonb,
  add column created_by_actor text,
  add column confirmed_by text,
  add column confirmed_by_actor text,
  add column confirmed_at timestamptz(3),
  add constraint filing_mode_known check (mode in ('ADD', 'REPLACE'));
