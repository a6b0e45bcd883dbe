-- A regulator's full replacement ends records of its own sector alone; null: of any.
alter table entity.replacing_filing add column sector text;
alter table disclosure.replacing_filing add column sector text;
alter table namelist.replacing_filing add column sector text;
alter table evaluation.replacing_filing add column sector text;

-- Rows of serious lists that a unit files itself become proposals: what is filed again while one waits is found here.
create index proposal_open on namelist.proposal (uscc, record_id) where state = 'PROPOSED';
