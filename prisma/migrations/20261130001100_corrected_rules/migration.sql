-- A rule set that was recorded wrongly is stated again by two persons, from its own first day on.
alter table rules.change drop constraint change_action_known,
  add constraint change_action_known check (action in ('ADD', 'CORRECT', 'END'));

-- What a recomputation did with an act, by its latest run: those that it left are tasks for the unit.
create table disclosure.recomputed (
  uscc text not null,
  record_id uuid not null,
  unit text not null,
  decided_on date not null,
  outcome text not null,
  version integer not null,
  at timestamptz(3) not null,
  constraint recomputed_pkey primary key (uscc, record_id),
  constraint recomputed_outcome_known check (outcome in ('SHORTENED', 'WITHHELD', 'LEFT_AS_STATED'))
);
create index recomputed_by_unit on disclosure.recomputed (unit, outcome, decided_on desc, record_id desc);
grant select, insert, update on disclosure.recomputed to credit_disclosure;
