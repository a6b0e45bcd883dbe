-- Which entities an entity replaced is read from the states that name it as their successor; few states name one.
create index profile_by_successor on entity.profile (successor, uscc) where successor is not null;
