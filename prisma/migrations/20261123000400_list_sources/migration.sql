-- When a unit first filed: what was known before that day says nothing about its lists, so it cannot say that an entity is on none.
alter table namelist.source_unit add column first_filed_at timestamptz(3) not null default now();

-- Entries of a category over all entities, in the order in which they are paged.
create index entry_by_category on namelist.entry (category, listed_on desc, record_id desc, uscc);
