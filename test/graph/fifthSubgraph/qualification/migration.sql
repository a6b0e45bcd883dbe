-- As a migration of prisma/migrations would make it. Tables that every subgraph has are those of `evaluation`.

do $$ begin
  create role credit_qualification nologin;
exception when duplicate_object or unique_violation then null; -- roles belong to the whole server: another database made it
end $$;

create schema qualification;
grant usage on schema qualification, feed, audit, conflict, consent, rules to credit_qualification;
grant insert on feed.outbox, audit.change to credit_qualification;
grant select, insert, update on conflict.fact_conflict, conflict.side to credit_qualification;
grant select on feed.sequencer, consent.consent, rules.change to credit_qualification;

create table qualification.clock (like evaluation.clock including all);
create table qualification.filed_row (like evaluation.filed_row including all);
create table qualification.replacing_filing (like evaluation.replacing_filing including all);
create table qualification.source_unit (like evaluation.source_unit including all);
insert into qualification.clock default values;

create table qualification.certificate (like evaluation.result including defaults including constraints);
alter table qualification.certificate
  drop column scheme,
  drop column scheme_version,
  drop column grade,
  drop column score,
  drop column score_max,
  drop column evaluated_on,
  add column certificate_no text not null,
  add column field_of_work text not null,
  add column issued_on date not null,
  add primary key (uscc, record_id, version);
create unique index certificate_current on qualification.certificate (uscc, record_id)
  where superseded_at = 'infinity';

grant select, insert, update on all tables in schema qualification to credit_qualification;
grant delete on qualification.filed_row to credit_qualification;
