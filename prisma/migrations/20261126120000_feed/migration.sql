-- Changes and who follows them (docs/PROTOCOL.md): what subgraphs write in the transaction of a change, the log that one sequencer
-- numbers after the commit, and watchlists.

do $$ begin
  create role credit_sequencer nologin;
exception when duplicate_object or unique_violation then null; -- roles belong to the whole server: another database made it
end $$;
create schema feed;
grant usage on schema feed to credit_entity, credit_disclosure, credit_namelist, credit_evaluation, credit_gateway, credit_sequencer;

-- Written in the transaction of the change; taken away when it is numbered. The rights columns are those of a table of records, as they
-- are with this change, so that the row rule of policy/rows.ts holds here as it is.
create table feed.outbox (
  id bigint generated always as identity,
  -- NAME_LIST and EVALUATION: one row a record. ACT and ENTITY: one row a batch, of no record.
  topic text not null,
  -- ADDED, CORRECTED, DELISTED, WITHDRAWN, PUBLISHED, UNPUBLISHED, ERASED, PRESENT; BATCH for a batch.
  kind text not null,
  reason text,
  uscc text,
  record_id uuid,
  version integer,
  recorded_at timestamptz(3) not null,
  disclosure_level text,
  public_from date,
  public_until date,
  withdrawn_on date,
  erased_at timestamptz(3),
  province text,
  sector text,
  source_unit text,
  determining_unit text,
  -- The list type, or the scheme of an evaluation; and the category of a list.
  type text,
  category text,
  -- Rights, type and category as they were before, by the same names; null: there was no such record.
  before jsonb,
  -- Why: documentNo, legalBasis, as the record says.
  basis jsonb,
  -- For the followers of this watchlist alone: the present state of what was added to it.
  watchlist uuid,
  filing_id uuid,
  row_count integer not null default 1,
  constraint outbox_pkey primary key (id),
  constraint outbox_of_record check (kind = 'BATCH' or (uscc is not null and record_id is not null and version is not null and disclosure_level is not null and province is not null and source_unit is not null and type is not null))
);
grant insert on feed.outbox to credit_entity, credit_disclosure, credit_namelist, credit_evaluation, credit_gateway;
grant select, delete on feed.outbox to credit_sequencer;
-- How long the oldest has waited; nothing of what it is.
grant select (recorded_at) on feed.outbox to credit_gateway;

-- Dense from 1, in the order of commits of each schema. Only the sequencer writes.
create table feed.log (
  seq bigint not null,
  topic text not null,
  kind text not null,
  reason text,
  uscc text,
  record_id uuid,
  version integer,
  recorded_at timestamptz(3) not null,
  disclosure_level text,
  public_from date,
  public_until date,
  withdrawn_on date,
  erased_at timestamptz(3),
  province text,
  sector text,
  source_unit text,
  determining_unit text,
  type text,
  category text,
  before jsonb,
  basis jsonb,
  watchlist uuid,
  filing_id uuid,
  row_count integer not null,
  sequenced_at timestamptz(3) not null,
  constraint log_pkey primary key (seq)
);
create index log_by_topic on feed.log (topic, seq);
create index log_by_record on feed.log (uscc, record_id, seq) where record_id is not null;
grant select, insert, delete on feed.log to credit_sequencer;
grant select on feed.log to credit_gateway;

-- Until which day it was told what began and ended to be published by the calendar.
alter table namelist.clock add column published_through date not null default (now() at time zone 'Asia/Shanghai')::date;
alter table evaluation.clock add column published_through date not null default (now() at time zone 'Asia/Shanghai')::date;
create index entry_by_end on namelist.entry (public_until) where superseded_at = 'infinity' and disclosure_level = 'PUBLIC';
create index entry_by_begin on namelist.entry (public_from) where superseded_at = 'infinity' and disclosure_level = 'PUBLIC';
create index result_by_end on evaluation.result (public_until) where superseded_at = 'infinity' and disclosure_level = 'PUBLIC';
create index result_by_begin on evaluation.result (public_from) where superseded_at = 'infinity' and disclosure_level = 'PUBLIC';

-- Who numbers, and how far. A sequencer that was stopped and wakes finds another epoch, and its statement does nothing.
create table feed.sequencer (
  only_row boolean not null default true,
  epoch bigint not null default 0,
  holder text,
  last_seq bigint not null default 0,
  -- What is up to here was kept long enough and is gone.
  purged_through bigint not null default 0,
  at timestamptz(3) not null default '2000-01-01Z',
  constraint sequencer_pkey primary key (only_row),
  constraint sequencer_only_one check (only_row)
);
insert into feed.sequencer default values;
grant select, update on feed.sequencer to credit_sequencer;
grant select on feed.sequencer to credit_entity, credit_disclosure, credit_namelist, credit_evaluation, credit_gateway;

-- Who did what, in the same transaction: one row a mutation or batch. Nobody changes or takes away a row.
create schema audit;
grant usage on schema audit to credit_entity, credit_disclosure, credit_namelist, credit_evaluation, credit_gateway;
create table audit.change (
  id bigint generated always as identity,
  at timestamptz(3) not null,
  -- The schema that changed, and the mutation, or kind of filing, that changed it.
  schema text not null,
  action text not null,
  organisation text,
  role text not null,
  actor text,
  purpose text,
  token_id text,
  filing_id uuid,
  uscc text,
  record_id uuid,
  version integer,
  row_count integer not null,
  details jsonb,
  constraint change_pkey primary key (id)
);
create index change_by_record on audit.change (uscc, record_id, id) where record_id is not null;
grant insert on audit.change to credit_entity, credit_disclosure, credit_namelist, credit_evaluation, credit_gateway;

-- Codes that an organisation follows, since a bank's borrowers do not fit into a filter.
create table gateway.watchlist (
  id uuid not null,
  organisation text not null,
  role text not null,
  name text not null,
  size integer not null default 0,
  created_at timestamptz(3) not null,
  constraint watchlist_pkey primary key (id)
);
create index watchlist_by_organisation on gateway.watchlist (organisation, role, created_at desc, id desc);
grant select, insert, update on gateway.watchlist to credit_gateway;
create table gateway.watchlist_item (
  watchlist uuid not null,
  uscc text not null,
  added_at timestamptz(3) not null,
  -- When the present state of its records was put into the log for the followers; null until then.
  told_at timestamptz(3),
  constraint watchlist_item_pkey primary key (watchlist, uscc),
  constraint watchlist_item_of_watchlist foreign key (watchlist) references gateway.watchlist (id)
);
create index watchlist_item_by_code on gateway.watchlist_item (uscc, watchlist);
create index watchlist_item_untold on gateway.watchlist_item (added_at) where told_at is null;
grant select, insert, update, delete on gateway.watchlist_item to credit_gateway;

-- Receivers that are told that there is something new, and where their reading stands.
create table gateway.webhook (
  id uuid not null,
  organisation text not null,
  role text not null,
  purpose text,
  url text not null,
  topic text not null,
  filter jsonb not null,
  -- Encrypted under a key of the gateway; the former one signs too until it ends.
  secret bytea not null,
  former_secret bytea,
  former_secret_until timestamptz(3),
  state text not null default 'ACTIVE',
  state_reason text,
  -- Everything up to here was told and taken.
  position text not null,
  failures integer not null default 0,
  failing_since timestamptz(3),
  next_attempt_at timestamptz(3) not null,
  leased_until timestamptz(3),
  created_at timestamptz(3) not null,
  constraint webhook_pkey primary key (id),
  constraint webhook_state_known check (state in ('ACTIVE', 'PAUSED'))
);
create index webhook_by_organisation on gateway.webhook (organisation, role, created_at desc, id desc);
create index webhook_due on gateway.webhook (next_attempt_at) where state = 'ACTIVE';
grant select, insert, update on gateway.webhook to credit_gateway;
create table gateway.webhook_delivery (
  id uuid not null,
  webhook uuid not null,
  at timestamptz(3) not null,
  -- Null while no answer has come.
  status integer,
  outcome text not null,
  attempt integer not null,
  body jsonb not null,
  took_ms integer,
  constraint webhook_delivery_pkey primary key (id),
  constraint webhook_delivery_of_webhook foreign key (webhook) references gateway.webhook (id)
);
create index webhook_delivery_by_webhook on gateway.webhook_delivery (webhook, at desc, id desc);
grant select, insert, delete on gateway.webhook_delivery to credit_gateway;

-- Snapshots: what they are of is fixed by an instant, so that a part can be read again at any time; only sizes and digests are kept.
create table gateway.export (
  id uuid not null,
  organisation text not null,
  role text not null,
  -- Of the grant with which it was made.
  province text,
  sector text,
  purpose text,
  topic text not null,
  filter jsonb not null,
  status text not null,
  known_at timestamptz(3) not null,
  valid_at date not null,
  position text not null,
  -- What of each record, as a selection of GraphQL.
  selection text not null,
  row_count bigint not null default 0,
  failure text,
  leased_until timestamptz(3),
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  constraint export_pkey primary key (id),
  constraint export_status_known check (status in ('CREATED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLING', 'CANCELLED', 'EXPIRED'))
);
create index export_by_organisation on gateway.export (organisation, role, created_at desc, id desc);
create index export_to_make on gateway.export (created_at, id) where status in ('CREATED', 'RUNNING', 'CANCELLING');
grant select, insert, update on gateway.export to credit_gateway;
create table gateway.export_part (
  export uuid not null,
  number integer not null,
  -- Records after this one, up to and with that one.
  after_uscc text not null,
  after_record uuid not null,
  to_uscc text not null,
  to_record uuid not null,
  row_count integer not null,
  bytes bigint not null,
  digest bytea not null,
  constraint export_part_pkey primary key (export, number),
  constraint export_part_of_export foreign key (export) references gateway.export (id)
);
grant select, insert on gateway.export_part to credit_gateway;

-- Proposed list decisions: two persons of a unit, one proposes, another decides (subgraphs/namelist/listing.ts).
create table namelist.proposal (
  id uuid not null,
  uscc text not null,
  record_id uuid not null,
  action text not null,
  -- The version of the entry that is removed or corrected.
  entry_version integer,
  state text not null default 'PROPOSED',
  version integer not null default 1,
  unit text not null,
  -- The entry's next version as a filing would have it; once decided, the entry has it or nobody.
  filed jsonb,
  proposed_by_actor text not null,
  proposed_at timestamptz(3) not null,
  decided_by_actor text,
  decided_at timestamptz(3),
  constraint proposal_pkey primary key (uscc, id),
  constraint proposal_action_known check (action in ('LIST', 'REMOVE', 'CORRECT')),
  constraint proposal_state_known check (state in ('PROPOSED', 'APPROVED', 'REJECTED')),
  constraint proposal_of_version check ((action = 'LIST') = (entry_version is null)),
  constraint proposal_content_until_decided check ((state = 'PROPOSED') = (filed is not null)),
  constraint proposal_two_persons check (state = 'PROPOSED' or (decided_by_actor is not null and decided_at is not null and decided_by_actor <> proposed_by_actor))
);
create index proposal_by_unit on namelist.proposal (unit, proposed_at desc, id desc);
grant select, insert, update on namelist.proposal to credit_namelist;
create table namelist.idempotency (
  organisation text not null,
  mutation text not null,
  key text not null,
  input_digest bytea not null,
  result jsonb not null,
  created_at timestamptz(3) not null,
  constraint idempotency_pkey primary key (organisation, mutation, key)
);
grant select, insert, update, delete on namelist.idempotency to credit_namelist;
