-- A full replacement that was weighed and is not decided yet: what its unit files of the kind in the meantime is not missing, also where it
-- is unchanged and writes no version. So whoever files looks here, and notes in `filed_row` what it has while one is open.
-- A row stays when its filing is over, since its `filed_row` is cleared then: weighed again by a late call, it would miss everything.
create table entity.replacing_filing (
  filing_id uuid not null,
  unit text not null,
  kind text not null,
  open boolean not null default true,
  -- Records that it has ended, which may be back by now.
  ended integer not null default 0,
  constraint replacing_filing_pkey primary key (filing_id)
);
create index replacing_filing_open on entity.replacing_filing (unit, kind) where open;
grant select, insert, update on entity.replacing_filing to credit_entity;
grant delete on entity.filed_row to credit_entity;

create table disclosure.replacing_filing (
  filing_id uuid not null,
  unit text not null,
  kind text not null,
  open boolean not null default true,
  -- Records that it has ended, which may be back by now.
  ended integer not null default 0,
  constraint replacing_filing_pkey primary key (filing_id)
);
create index replacing_filing_open on disclosure.replacing_filing (unit, kind) where open;
grant select, insert, update on disclosure.replacing_filing to credit_disclosure;
grant delete on disclosure.filed_row to credit_disclosure;

create table namelist.replacing_filing (
  filing_id uuid not null,
  unit text not null,
  kind text not null,
  open boolean not null default true,
  -- Records that it has ended, which may be back by now.
  ended integer not null default 0,
  constraint replacing_filing_pkey primary key (filing_id)
);
create index replacing_filing_open on namelist.replacing_filing (unit, kind) where open;
grant select, insert, update on namelist.replacing_filing to credit_namelist;
grant delete on namelist.filed_row to credit_namelist;

create table evaluation.replacing_filing (
  filing_id uuid not null,
  unit text not null,
  kind text not null,
  open boolean not null default true,
  -- Records that it has ended, which may be back by now.
  ended integer not null default 0,
  constraint replacing_filing_pkey primary key (filing_id)
);
create index replacing_filing_open on evaluation.replacing_filing (unit, kind) where open;
grant select, insert, update on evaluation.replacing_filing to credit_evaluation;
grant delete on evaluation.filed_row to credit_evaluation;

-- Those that wait already. The register is never replaced.
insert into namelist.replacing_filing (filing_id, unit, kind)
select id, unit, kind from gateway.filing where replacement is not null and status in ('QUARANTINED', 'RUNNING') and kind = 'name-list';
insert into evaluation.replacing_filing (filing_id, unit, kind)
select id, unit, kind from gateway.filing where replacement is not null and status in ('QUARANTINED', 'RUNNING') and kind = 'evaluation';
insert into disclosure.replacing_filing (filing_id, unit, kind)
select id, unit, kind from gateway.filing where replacement is not null and status in ('QUARANTINED', 'RUNNING') and kind not in ('name-list', 'evaluation');

-- What a unit promises that nobody registered is a rule's number (FILING, PROMISED_DELAY), which whoever files it writes.
alter table entity.source_unit alter column promised_delay_hours drop default;
alter table disclosure.source_unit alter column promised_delay_hours drop default;
alter table namelist.source_unit alter column promised_delay_hours drop default;
alter table evaluation.source_unit alter column promised_delay_hours drop default;
