import pg from 'pg';
import { openEmptyDatabase } from '#test/support/database.ts';
import { dumpSchema } from './dumpSchema.ts';

test('the dump shows every kind of thing that a migration makes, whatever the order it was made in', async () => {
  await using database = await openEmptyDatabase();
  const role = `dump_test_${process.pid}`; // roles belong to the whole server
  await run(database.url, `
    create role ${role} nologin;
    create schema listing;
    create schema entity;
    create extension pg_trgm with schema public;
    create type listing.state as enum ('PUBLISHED', 'ENDED');
    create sequence entity.numbers as bigint increment 10;
    create table entity.profile (
      uscc char(18) not null, name text not null default 'it''s', tags text[] not null default '{}',
      recorded_at timestamptz(3) not null default now(), id bigint generated always as identity,
      lower_name text generated always as (lower(name)) stored,
      constraint profile_pkey primary key (uscc, id), constraint profile_name_check check (name <> '')
    ) partition by hash (uscc);
    create table entity.profile_0 partition of entity.profile for values with (modulus 2, remainder 0);
    create unlogged table listing.entry (uscc char(18), state listing.state);
    create index entry_by_state on listing.entry (state) where state = 'PUBLISHED';
    create index profile_by_name on entity.profile using gin (name public.gin_trgm_ops);
    create view listing.open as select uscc from listing.entry where state = 'PUBLISHED';
    create function listing.refuse() returns trigger language plpgsql as $$begin raise exception 'append-only'; end$$;
    create trigger entry_append_only before update or delete on listing.entry for each row execute function listing.refuse();
    grant usage on schema entity to ${role};
    grant select, insert on entity.profile to ${role};
    grant update (name) on entity.profile to ${role};
    comment on table entity.profile is 'Who is who';
    create table public._prisma_migrations (id text);`);
  try {
    expect((await dumpSchema(database.url)).replaceAll(role, 'reader')).toBe(EXPECTED);
  } finally {
    await run(database.url, `drop owned by ${role}; drop role ${role}`);
  }
});

const EXPECTED = `EXPECTED`;

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
