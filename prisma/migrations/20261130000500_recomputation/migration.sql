-- What was computed by rules is computed again when these change, in a run that can be cut off and goes on where it was.
create table disclosure.recomputation (
  rules_digest text not null,
  began_at timestamptz(3) not null,
  finished_at timestamptz(3),
  -- The last record that the run has examined.
  uscc text not null default '',
  record_id uuid not null default '00000000-0000-0000-0000-000000000000',
  examined integer not null default 0,
  shortened integer not null default 0,
  withheld integer not null default 0,
  left_as_stated integer not null default 0,
  constraint recomputation_pkey primary key (rules_digest)
);
grant select, insert, update on disclosure.recomputation to credit_disclosure;
