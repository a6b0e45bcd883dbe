-- Search by name reads a narrow table of its own: with the bigrams on entity.profile, every candidate was a page of wide rows
-- (2 000 000 names: a fuzzy search read 3 200 pages). Rows are only ever added: each spelling an entity had in its register.
-- What an entity is called today says its profile; a search joins it, so an older name is never found.

drop index entity.profile_name_bigrams;
drop index entity.profile_name;

create table entity.name (
  uscc text not null,
  -- As it is searched: half width, upper case, without spaces (subgraphs/entity/names.ts). "C": order and ranges by code point.
  name text collate "C" not null,
  kind text not null,
  province text not null,
  constraint name_pkey primary key (uscc, name, kind, province)
);
create index name_exact on entity.name (name, uscc);
-- Self-employed businesses are nearly persons: found by their exact name alone, so no other index knows them. Frequent texts are
-- looked for in the order of names; what the search needs is in the index, so the table is not read for names passed over.
create index name_ordered on entity.name (name, uscc) include (kind, province) where kind <> 'SELF_EMPLOYED';
create index name_ordered_by_province on entity.name (province, name, uscc) include (kind) where kind <> 'SELF_EMPLOYED';
-- A search reads the whole list of pending entries: kept short.
create index name_bigrams on entity.name using gin (entity.bigrams(name)) with (gin_pending_list_limit = 256) where kind <> 'SELF_EMPLOYED';

grant select, insert on entity.name to credit_entity;
