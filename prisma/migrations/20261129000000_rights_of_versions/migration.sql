-- A version is never shown wider than the narrower of its own rights and those of the record now (docs/adr/0004-data-access.md). What a
-- superseded version said of itself stands in own_level, own_province and own_sector; disclosure_level, province and sector stay what every
-- read looks at, and are the narrower of both. Of versions that were superseded before, the level is that of their content, and where that
-- does not say, the narrowest; the province is that of the code, which never moves; the sector was kept nowhere, so no sector sees them.
create function pg_temp.narrowest(one text, other text) returns text language sql immutable as $$
  select (array['PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL'])[greatest(
    coalesce(array_position(array['PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL'], one), 4),
    coalesce(array_position(array['PUBLIC', 'GOV_SHARED', 'RESTRICTED', 'INTERNAL'], other), 4)
  )]
$$;

alter table disclosure.act
  add column own_level text,
  add column own_province text,
  add column own_sector text;

alter table disclosure.commitment
  add column own_level text,
  add column own_province text,
  add column own_sector text;

alter table disclosure.judicial_record
  add column own_level text,
  add column own_province text,
  add column own_sector text;

alter table disclosure.complaint
  add column own_level text,
  add column own_province text,
  add column own_sector text;

alter table disclosure.voluntary_item
  add column own_level text,
  add column own_province text,
  add column own_sector text;

alter table namelist.entry
  add column own_level text,
  add column own_province text,
  add column own_sector text;

alter table evaluation.result
  add column own_level text,
  add column own_province text,
  add column own_sector text;

alter table entity.profile
  add column own_level text,
  add column own_province text,
  add column own_sector text;

update disclosure.act
set own_level = pg_temp.narrowest(content->>'disclosureLevel', 'PUBLIC'),
    own_province = province,
    disclosure_level = pg_temp.narrowest(content->>'disclosureLevel', disclosure_level),
    sector = null
where superseded_at <> 'infinity';

update disclosure.commitment
set own_level = pg_temp.narrowest(content->>'disclosureLevel', 'PUBLIC'),
    own_province = province,
    disclosure_level = pg_temp.narrowest(content->>'disclosureLevel', disclosure_level),
    sector = null
where superseded_at <> 'infinity';

update disclosure.judicial_record
set own_level = pg_temp.narrowest(content->>'disclosureLevel', 'PUBLIC'),
    own_province = province,
    disclosure_level = pg_temp.narrowest(content->>'disclosureLevel', disclosure_level),
    sector = null
where superseded_at <> 'infinity';

update disclosure.complaint
set own_level = pg_temp.narrowest(content->>'disclosureLevel', 'PUBLIC'),
    own_province = province,
    disclosure_level = pg_temp.narrowest(content->>'disclosureLevel', disclosure_level),
    sector = null
where superseded_at <> 'infinity';

update namelist.entry
set own_level = pg_temp.narrowest(content->>'disclosureLevel', 'PUBLIC'),
    own_province = province,
    disclosure_level = pg_temp.narrowest(content->>'disclosureLevel', disclosure_level),
    sector = null
where superseded_at <> 'infinity';

update evaluation.result
set own_level = pg_temp.narrowest(content->>'disclosureLevel', 'PUBLIC'),
    own_province = province,
    disclosure_level = pg_temp.narrowest(content->>'disclosureLevel', disclosure_level),
    sector = null
where superseded_at <> 'infinity';

-- What nobody had verified was shared in government at most; a version speaks for the purposes that it was authorised for itself.
update disclosure.voluntary_item
set own_level = pg_temp.narrowest(content->'authorisation'->>'disclosureLevel', case verification when 'VERIFIED' then 'PUBLIC' else 'GOV_SHARED' end),
    own_province = province,
    disclosure_level = pg_temp.narrowest(pg_temp.narrowest(content->'authorisation'->>'disclosureLevel', case verification when 'VERIFIED' then 'PUBLIC' else 'GOV_SHARED' end), disclosure_level),
    sector = null,
    authorised_for = array(select unnest(authorised_for) intersect select jsonb_array_elements_text(coalesce(content->'authorisation'->'purposes', '[]')))
where superseded_at <> 'infinity';

-- A state of the register that was filed without a level is public; its rights were those of the newest state, also where that was wider.
update entity.profile
set own_level = case when erased_at is null then coalesce(content->>'disclosureLevel', 'PUBLIC') else 'INTERNAL' end,
    own_province = case when superseded_at = 'infinity' then null when left(content->>'divisionCode', 2) = province then province else '00' end,
    disclosure_level = pg_temp.narrowest(case when erased_at is null then coalesce(content->>'disclosureLevel', 'PUBLIC') end, disclosure_level),
    province = case when superseded_at = 'infinity' or left(content->>'divisionCode', 2) = province then province else '00' end,
    sector = case when superseded_at = 'infinity' then sector end
where superseded_at <> 'infinity'
   or coalesce(content->>'disclosureLevel', 'PUBLIC') <> disclosure_level;
