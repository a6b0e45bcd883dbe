-- Breaking: a gateway from before approves no change of the rules any more; it would leave the number out.
-- Decisions count in the order in which they were made, which `decided_at` does not tell: it is the clock of whichever gateway took them.
alter table rules.change add column approval_no integer;

update rules.change
set approval_no = numbered.approval_no
from (
  select id, row_number() over (order by decided_at, id) as approval_no
  from rules.change
  where state = 'APPROVED'
) numbered
where change.id = numbered.id;

alter table rules.change
  add constraint change_approval_no_key unique (approval_no),
  add constraint change_approval_numbered check ((state = 'APPROVED') = (approval_no is not null));

-- A rule set comes into force once. Its end can be moved to an earlier day by another decision.
drop index rules.change_approved;
create unique index change_added on rules.change (rule_set) where state = 'APPROVED' and action = 'ADD';
