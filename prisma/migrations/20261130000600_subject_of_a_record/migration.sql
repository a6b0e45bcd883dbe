-- The subject of a record: what a filing asks the register, and entities by the organisation code in their code.

-- Characters 9 to 17 of a code are the organisation code (GB 11714). One row a state: about two seconds for a million.
create index profile_by_organisation_code on entity.profile (substr(uscc, 9, 9), uscc)
  where superseded_at = 'infinity';

-- The codes that an identifier names, whoever may see them. `standards/identifierSchemes.ts` derives what a tax number
-- contains.
create function entity.bearers(scheme text, value text) returns setof text
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select identifier.uscc
  from entity.identifier
  where identifier.scheme = bearers.scheme and identifier.value = bearers.value
  union
  select profile.uscc
  from entity.profile
  where bearers.scheme = 'ORGANISATION_CODE'
    and substr(profile.uscc, 9, 9) = bearers.value
    and profile.superseded_at = 'infinity'
  union
  select bearers.value
  where bearers.scheme = 'USCC';
end;
revoke execute on function entity.bearers(text, text) from public;
grant execute on function entity.bearers(text, text) to credit_entity;

-- The two questions of a filing. The roles of the other subgraphs may read nothing of the register: these functions run
-- with the rights of their owner, and answer about entities alone that everybody may see, on the day that is asked for.

-- Of each code and name (in the form for searching) the names in the register, where the name is neither the one in
-- force nor that of an earlier state. `former` has the former names that the state in force states without a day.
-- Each code costs two lookups in the primary key, about 10 µs. With `not exists` the planner, which knows nothing of a
-- new table, reads all of it for each row: 11 s for 5 000 names in a register of 20 000.
create function entity.other_names(codes text[], names text[], on_day date)
returns table (uscc text, name text, registered text, former text[])
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select asked.uscc, asked.name, state.content ->> 'name',
         array(select jsonb_array_elements_text(state.content -> 'formerNames'))
  from unnest(codes, names) as asked(uscc, name)
  cross join lateral (
    select profile.name, profile.content, profile.disclosure_level, profile.withdrawn_on, profile.erased_at
    from entity.profile
    where profile.uscc = asked.uscc
      and profile.valid_from <= on_day
      and profile.superseded_at >= 'infinity'
    order by profile.valid_from desc, profile.record_id desc
    limit 1
  ) state
  left join lateral (
    select true as is_known
    from entity.profile
    where profile.uscc = asked.uscc
      and profile.name = asked.name
      and profile.valid_from <= on_day
      and profile.superseded_at >= 'infinity'
      and profile.disclosure_level = 'PUBLIC'
      and profile.withdrawn_on is null
      and profile.erased_at is null
    order by profile.record_id, profile.version
    limit 1
  ) earlier on true
  where state.disclosure_level = 'PUBLIC'
    and state.withdrawn_on is null
    and state.erased_at is null
    and state.name <> asked.name
    and earlier.is_known is null;
end;

-- The codes that each identifier names, at most a hundred: no real number belongs to so many entities.
create function entity.published_bearers(schemes text[], numbers text[], on_day date)
returns table (scheme text, number text, uscc text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select asked.scheme, asked.number, bearer.uscc
  from unnest(schemes, numbers) as asked(scheme, number)
  cross join lateral (
    select named.uscc
    from entity.bearers(asked.scheme, asked.number) as named(uscc)
    cross join lateral (
      select profile.disclosure_level, profile.withdrawn_on, profile.erased_at
      from entity.profile
      where profile.uscc = named.uscc
        and profile.valid_from <= on_day
        and profile.superseded_at >= 'infinity'
      order by profile.valid_from desc, profile.record_id desc
      limit 1
    ) state
    where state.disclosure_level = 'PUBLIC'
      and state.withdrawn_on is null
      and state.erased_at is null
    order by named.uscc
    limit 100
  ) bearer;
end;

revoke execute on function
  entity.other_names(text[], text[], date),
  entity.published_bearers(text[], text[], date)
from public;
grant execute on function
  entity.other_names(text[], text[], date),
  entity.published_bearers(text[], text[], date)
to credit_disclosure, credit_namelist, credit_evaluation;
-- Without this a function of the schema cannot be named. It gives no right to a table.
grant usage on schema entity to credit_disclosure, credit_namelist, credit_evaluation;
