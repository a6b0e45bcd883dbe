-- Lists are read by the levels that a viewer may see (policy/rows.ts, levelsSeen): whoever may not see 50 000 rows of an entity does not
-- walk them, and waits no longer for them.
drop index disclosure.act_by_subject;
create index act_by_subject on disclosure.act (uscc, disclosure_level, decided_on desc, record_id desc);
drop index disclosure.commitment_by_subject;
create index commitment_by_subject on disclosure.commitment (uscc, disclosure_level, made_on desc, record_id desc);
drop index disclosure.judicial_record_by_subject;
create index judicial_record_by_subject on disclosure.judicial_record (uscc, disclosure_level, decided_on desc, record_id desc);
drop index disclosure.complaint_by_subject;
create index complaint_by_subject on disclosure.complaint (uscc, disclosure_level, handled_on desc, record_id desc);
drop index disclosure.voluntary_item_by_subject;
create index voluntary_item_by_subject on disclosure.voluntary_item (uscc, disclosure_level, declared_on desc, record_id desc);
drop index namelist.entry_by_subject;
create index entry_by_subject on namelist.entry (uscc, disclosure_level, listed_on desc, record_id desc);
drop index evaluation.result_by_subject;
create index result_by_subject on evaluation.result (uscc, scheme, disclosure_level, evaluated_on desc, record_id desc);
drop index namelist.entry_by_category;
create index entry_by_category on namelist.entry (disclosure_level, category, listed_on desc, record_id desc, uscc);
drop index namelist.entry_by_day;
create index entry_by_day on namelist.entry (disclosure_level, listed_on desc, record_id desc, uscc);
drop index namelist.entry_by_province;
create index entry_by_province on namelist.entry (disclosure_level, province, listed_on desc, record_id desc, uscc);
drop index namelist.entry_by_sector;
create index entry_by_sector on namelist.entry (disclosure_level, sector, listed_on desc, record_id desc, uscc);
drop index namelist.entry_by_type;
create index entry_by_type on namelist.entry (disclosure_level, list_type, listed_on desc, record_id desc, uscc);

-- A search in names with a filter that almost nothing meets begins where little is: each name stands with its status too, and is walked in
-- the order of names within one status or kind.
truncate entity.name;
alter table entity.name drop constraint name_pkey, add column status text not null, add constraint name_pkey primary key (uscc, name, kind, province, status);
insert into entity.name (uscc, name, kind, province, status)
select distinct profile.uscc, profile.name, profile.kind, profile.province, profile.status
from entity.profile
where profile.superseded_at = 'infinity';
drop index entity.name_ordered;
drop index entity.name_ordered_by_province;
create index name_ordered on entity.name (name, uscc) include (kind, province, status) where kind <> 'SELF_EMPLOYED';
create index name_ordered_by_province on entity.name (province, name, uscc) include (kind, status) where kind <> 'SELF_EMPLOYED';
create index name_ordered_by_status on entity.name (status, name, uscc) include (kind, province) where kind <> 'SELF_EMPLOYED';
create index name_ordered_by_kind on entity.name (kind, name, uscc) include (province, status) where kind <> 'SELF_EMPLOYED';
