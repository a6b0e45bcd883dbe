-- Two sources that contradict each other are both kept until it is decided (国办发〔2019〕35号 第十四条). The other statement is a version of
-- the record that is never believed; the record is then stated again, with the conflict's id, so that what was known at an earlier
-- instant stays. A nullable column and a check that is not verified for rows that are there: no table is rewritten or read.
create schema conflict;
grant usage on schema conflict to credit_entity, credit_disclosure, credit_namelist, credit_evaluation, credit_gateway;

create table conflict.fact_conflict (
  id uuid not null,
  uscc text not null,
  record_id uuid not null,
  -- The kind of filing, which says who keeps the record.
  kind text not null,
  province text not null,
  sector text,
  -- What the sides state differently, by the names of fields.
  fields text[] not null,
  opened_at timestamptz(3) not null,
  closed_at timestamptz(3),
  -- CORRECTION: the sides agree. AUTHORITY: it withdrew or decided. DECISION: with a reason.
  closed_by text,
  reason text,
  constraint fact_conflict_pkey primary key (uscc, id),
  constraint fact_conflict_closed_by_known check (closed_by in ('CORRECTION', 'AUTHORITY', 'DECISION')),
  constraint fact_conflict_closed check ((closed_at is null) = (closed_by is null))
);
create unique index fact_conflict_open on conflict.fact_conflict (uscc, record_id) where closed_at is null;
create index fact_conflict_by_time on conflict.fact_conflict (opened_at desc, id desc);

-- The latest statement of each source, by the version of the record that holds it.
create table conflict.side (
  uscc text not null,
  conflict uuid not null,
  source_unit text not null,
  source_unit_name text,
  determining_unit text,
  -- Where the source is registered; null: nowhere in a province.
  province text,
  version integer not null,
  recorded_at timestamptz(3) not null,
  constraint side_pkey primary key (uscc, conflict, source_unit),
  constraint side_of_conflict foreign key (uscc, conflict) references conflict.fact_conflict (uscc, id)
);
create index side_by_unit on conflict.side (source_unit);
grant select, insert, update on conflict.fact_conflict, conflict.side to credit_entity, credit_disclosure, credit_namelist, credit_evaluation;
grant select on conflict.fact_conflict, conflict.side to credit_gateway;

-- The open conflict about the record, with the version under which it is open.
alter table entity.profile add column fact_conflict uuid, drop constraint profile_believed_forwards,
  add constraint profile_believed_forwards check (superseded_at >= recorded_at) not valid;
alter table disclosure.act add column fact_conflict uuid, drop constraint act_believed_forwards,
  add constraint act_believed_forwards check (superseded_at >= recorded_at) not valid;
alter table disclosure.commitment add column fact_conflict uuid, drop constraint commitment_believed_forwards,
  add constraint commitment_believed_forwards check (superseded_at >= recorded_at) not valid;
alter table disclosure.judicial_record add column fact_conflict uuid, drop constraint judicial_record_believed_forwards,
  add constraint judicial_record_believed_forwards check (superseded_at >= recorded_at) not valid;
alter table disclosure.complaint add column fact_conflict uuid, drop constraint complaint_believed_forwards,
  add constraint complaint_believed_forwards check (superseded_at >= recorded_at) not valid;
alter table disclosure.voluntary_item add column fact_conflict uuid, drop constraint voluntary_item_believed_forwards,
  add constraint voluntary_item_believed_forwards check (superseded_at >= recorded_at) not valid;
alter table namelist.entry add column fact_conflict uuid, drop constraint entry_believed_forwards,
  add constraint entry_believed_forwards check (superseded_at >= recorded_at) not valid;
alter table evaluation.result add column fact_conflict uuid, drop constraint result_believed_forwards,
  add constraint result_believed_forwards check (superseded_at >= recorded_at) not valid;
