-- Documents that two operators published for a role. Manifests stand beside one another: a document is trusted while one published manifest
-- has it, so that the clients of yesterday and of today both work. What a manifest says is never changed: only its state moves on.
create table gateway.document_manifest (
  id uuid not null,
  role text not null,
  -- Of the role, from 1, in the order of publishing; null until then.
  version integer,
  state text not null default 'PROPOSED',
  -- SHA-256 of its ids and texts: the same manifest does not stand twice.
  digest bytea not null,
  document_count integer not null,
  bytes integer not null,
  proposed_by text not null,
  proposed_by_actor text not null,
  proposed_at timestamptz(3) not null,
  published_by text,
  published_by_actor text,
  published_at timestamptz(3),
  withdrawn_by text,
  withdrawn_by_actor text,
  withdrawn_at timestamptz(3),
  constraint document_manifest_pkey primary key (id),
  constraint document_manifest_state_known check (state in ('PROPOSED', 'PUBLISHED', 'WITHDRAWN')),
  constraint document_manifest_published check ((published_at is null) = (version is null) and (state <> 'PUBLISHED' or version is not null)),
  constraint document_manifest_withdrawn check ((withdrawn_at is not null) = (state = 'WITHDRAWN')),
  constraint document_manifest_two_persons check (published_at is null or (published_by_actor is not null and published_by_actor <> proposed_by_actor))
);
create unique index document_manifest_version on gateway.document_manifest (role, version);
create unique index document_manifest_content on gateway.document_manifest (role, digest) where state <> 'WITHDRAWN';
create index document_manifest_newest on gateway.document_manifest (proposed_at desc, id desc);
grant select, insert on gateway.document_manifest to credit_gateway;
grant update (version, state, published_by, published_by_actor, published_at, withdrawn_by, withdrawn_by_actor, withdrawn_at) on gateway.document_manifest to credit_gateway;

create table gateway.trusted_document (
  manifest_id uuid not null,
  -- In its manifest, from 1.
  position integer not null,
  document_id text not null,
  name text not null,
  text text not null,
  constraint trusted_document_pkey primary key (manifest_id, position),
  constraint trusted_document_of_manifest foreign key (manifest_id) references gateway.document_manifest (id)
);
create unique index trusted_document_by_id on gateway.trusted_document (manifest_id, document_id);
grant select, insert on gateway.trusted_document to credit_gateway;
