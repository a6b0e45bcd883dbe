-- A small database as 0c81015 made it; README.md says how. For an empty database.
do $$
declare
  role text;
begin
  foreach role in array array['credit_entity', 'credit_disclosure', 'credit_namelist', 'credit_evaluation', 'credit_gateway', 'credit_sequencer'] loop
    begin
      execute format('create role %I nologin', role);
    exception when duplicate_object or unique_violation then null; -- roles belong to the whole server: another database made it
    end;
  end loop;
end $$;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA audit;
CREATE SCHEMA consent;
CREATE SCHEMA disclosure;
CREATE SCHEMA entity;
CREATE SCHEMA evaluation;
CREATE SCHEMA feed;
CREATE SCHEMA gateway;
CREATE SCHEMA namelist;
CREATE SCHEMA rules;
CREATE TABLE consent.consent (
    id uuid NOT NULL,
    subject text NOT NULL,
    grantee text NOT NULL,
    purpose text NOT NULL,
    given_at timestamp(3) with time zone NOT NULL,
    expires_at timestamp(3) with time zone NOT NULL,
    revoked_at timestamp(3) with time zone,
    given_by_actor text,
    CONSTRAINT consent_ends_after_its_beginning CHECK ((expires_at > given_at))
);
CREATE FUNCTION consent.is_given(subject text, grantee text, purpose text) RETURNS boolean
    LANGUAGE sql STABLE COST 1 PARALLEL SAFE
    RETURN (EXISTS (SELECT FROM consent.consent given WHERE ((given.grantee = is_given.grantee) AND (given.purpose = is_given.purpose) AND (given.subject = is_given.subject) AND (given.revoked_at IS NULL) AND (given.given_at <= now()) AND (given.expires_at > now()))));
CREATE FUNCTION entity.bigrams(name text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT COALESCE(array_agg(DISTINCT substr(bigrams.name, at.at, 2)), '{}'::text[]) AS "coalesce" FROM generate_series(1, (length(bigrams.name) - 1)) at(at));
CREATE TABLE audit.change (
    id bigint NOT NULL,
    at timestamp(3) with time zone NOT NULL,
    schema text NOT NULL,
    action text NOT NULL,
    organisation text,
    role text NOT NULL,
    actor text,
    purpose text,
    token_id text,
    filing_id uuid,
    uscc text,
    record_id uuid,
    version integer,
    row_count integer NOT NULL,
    details jsonb
);
ALTER TABLE audit.change ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit.change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE disclosure.act (
    uscc text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    digest bytea NOT NULL,
    source_unit text NOT NULL,
    source_unit_name text,
    source_record_id text,
    catalogue_code text NOT NULL,
    filing_id uuid,
    collected_at timestamp(3) with time zone NOT NULL,
    disclosure_level text NOT NULL,
    public_from date,
    public_until date,
    withdrawn_on date,
    province text NOT NULL,
    sector text,
    determining_unit text,
    under_objection boolean DEFAULT false NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    recorded_at timestamp(3) with time zone NOT NULL,
    superseded_at timestamp(3) with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    content jsonb NOT NULL,
    additional_fields jsonb,
    kind text NOT NULL,
    document_no text NOT NULL,
    authority_name text,
    decided_on date NOT NULL,
    withdrawal_reason text,
    erased_at timestamp(3) with time zone,
    CONSTRAINT act_believed_forwards CHECK ((superseded_at > recorded_at)),
    CONSTRAINT act_disclosure_level_known CHECK ((disclosure_level = ANY (ARRAY['PUBLIC'::text, 'GOV_SHARED'::text, 'RESTRICTED'::text, 'INTERNAL'::text]))),
    CONSTRAINT act_public_has_end CHECK (((disclosure_level <> 'PUBLIC'::text) OR ((public_from IS NOT NULL) AND (public_until IS NOT NULL))))
);
CREATE TABLE disclosure.clock (
    only_row boolean DEFAULT true NOT NULL,
    last timestamp(3) with time zone DEFAULT '2000-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    CONSTRAINT clock_only_one CHECK (only_row)
);
CREATE TABLE disclosure.commitment (
    uscc text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    digest bytea NOT NULL,
    source_unit text NOT NULL,
    source_unit_name text,
    source_record_id text,
    catalogue_code text NOT NULL,
    filing_id uuid,
    collected_at timestamp(3) with time zone NOT NULL,
    disclosure_level text NOT NULL,
    public_from date,
    public_until date,
    withdrawn_on date,
    province text NOT NULL,
    sector text,
    determining_unit text,
    under_objection boolean DEFAULT false NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    recorded_at timestamp(3) with time zone NOT NULL,
    superseded_at timestamp(3) with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    content jsonb NOT NULL,
    additional_fields jsonb,
    kind text NOT NULL,
    commitment_no text,
    made_on date NOT NULL,
    withdrawal_reason text,
    erased_at timestamp(3) with time zone,
    CONSTRAINT commitment_believed_forwards CHECK ((superseded_at > recorded_at)),
    CONSTRAINT commitment_disclosure_level_known CHECK ((disclosure_level = ANY (ARRAY['PUBLIC'::text, 'GOV_SHARED'::text, 'RESTRICTED'::text, 'INTERNAL'::text]))),
    CONSTRAINT commitment_public_has_end CHECK (((disclosure_level <> 'PUBLIC'::text) OR ((public_from IS NOT NULL) AND (public_until IS NOT NULL))))
);
CREATE TABLE disclosure.complaint (
    uscc text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    digest bytea NOT NULL,
    source_unit text NOT NULL,
    source_unit_name text,
    source_record_id text,
    catalogue_code text NOT NULL,
    filing_id uuid,
    collected_at timestamp(3) with time zone NOT NULL,
    disclosure_level text NOT NULL,
    public_from date,
    public_until date,
    withdrawn_on date,
    withdrawal_reason text,
    province text NOT NULL,
    sector text,
    determining_unit text,
    under_objection boolean DEFAULT false NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    recorded_at timestamp(3) with time zone NOT NULL,
    superseded_at timestamp(3) with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    content jsonb NOT NULL,
    additional_fields jsonb,
    erased_at timestamp(3) with time zone,
    kind text NOT NULL,
    complaint_no text NOT NULL,
    handled_on date NOT NULL,
    CONSTRAINT complaint_believed_forwards CHECK ((superseded_at > recorded_at)),
    CONSTRAINT complaint_disclosure_level_known CHECK ((disclosure_level = ANY (ARRAY['PUBLIC'::text, 'GOV_SHARED'::text, 'RESTRICTED'::text, 'INTERNAL'::text]))),
    CONSTRAINT complaint_public_has_end CHECK (((disclosure_level <> 'PUBLIC'::text) OR ((public_from IS NOT NULL) AND (public_until IS NOT NULL))))
);
CREATE TABLE disclosure.filed_row (
    filing_id uuid NOT NULL,
    uscc text NOT NULL,
    record_id uuid NOT NULL,
    stood boolean NOT NULL
);
CREATE TABLE disclosure.idempotency (
    organisation text NOT NULL,
    mutation text NOT NULL,
    key text NOT NULL,
    input_digest bytea NOT NULL,
    result jsonb NOT NULL,
    created_at timestamp(3) with time zone NOT NULL
);
CREATE TABLE disclosure.judicial_record (
    uscc text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    digest bytea NOT NULL,
    source_unit text NOT NULL,
    source_unit_name text,
    source_record_id text,
    catalogue_code text NOT NULL,
    filing_id uuid,
    collected_at timestamp(3) with time zone NOT NULL,
    disclosure_level text NOT NULL,
    public_from date,
    public_until date,
    withdrawn_on date,
    withdrawal_reason text,
    province text NOT NULL,
    sector text,
    determining_unit text,
    under_objection boolean DEFAULT false NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    recorded_at timestamp(3) with time zone NOT NULL,
    superseded_at timestamp(3) with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    content jsonb NOT NULL,
    additional_fields jsonb,
    erased_at timestamp(3) with time zone,
    kind text NOT NULL,
    case_no text NOT NULL,
    court_name text,
    decided_on date NOT NULL,
    CONSTRAINT judicial_record_believed_forwards CHECK ((superseded_at > recorded_at)),
    CONSTRAINT judicial_record_disclosure_level_known CHECK ((disclosure_level = ANY (ARRAY['PUBLIC'::text, 'GOV_SHARED'::text, 'RESTRICTED'::text, 'INTERNAL'::text]))),
    CONSTRAINT judicial_record_public_has_end CHECK (((disclosure_level <> 'PUBLIC'::text) OR ((public_from IS NOT NULL) AND (public_until IS NOT NULL))))
);
CREATE TABLE disclosure.replacing_filing (
    filing_id uuid NOT NULL,
    unit text NOT NULL,
    kind text NOT NULL,
    open boolean DEFAULT true NOT NULL,
    ended integer DEFAULT 0 NOT NULL
);
CREATE TABLE disclosure.source_unit (
    uscc text NOT NULL,
    kind text NOT NULL,
    promised_delay_hours integer NOT NULL,
    last_filed_at timestamp(3) with time zone,
    name text,
    province text,
    sector text,
    registered_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    registered_by text,
    first_filed_at timestamp(3) with time zone
);
CREATE TABLE disclosure.voluntary_item (
    uscc text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    digest bytea NOT NULL,
    source_unit text NOT NULL,
    source_unit_name text,
    source_record_id text,
    catalogue_code text NOT NULL,
    filing_id uuid,
    collected_at timestamp(3) with time zone NOT NULL,
    disclosure_level text NOT NULL,
    public_from date,
    public_until date,
    withdrawn_on date,
    withdrawal_reason text,
    province text NOT NULL,
    sector text,
    determining_unit text,
    under_objection boolean DEFAULT false NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    recorded_at timestamp(3) with time zone NOT NULL,
    superseded_at timestamp(3) with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    content jsonb NOT NULL,
    additional_fields jsonb,
    erased_at timestamp(3) with time zone,
    kind text NOT NULL,
    item_no text NOT NULL,
    declared_on date NOT NULL,
    verification text DEFAULT 'UNVERIFIED'::text NOT NULL,
    verified_by text,
    verified_on date,
    authorised_for text[] NOT NULL,
    CONSTRAINT voluntary_item_believed_forwards CHECK ((superseded_at > recorded_at)),
    CONSTRAINT voluntary_item_disclosure_level_known CHECK ((disclosure_level = ANY (ARRAY['PUBLIC'::text, 'GOV_SHARED'::text, 'RESTRICTED'::text, 'INTERNAL'::text]))),
    CONSTRAINT voluntary_item_public_has_end CHECK (((disclosure_level <> 'PUBLIC'::text) OR ((public_from IS NOT NULL) AND (public_until IS NOT NULL)))),
    CONSTRAINT voluntary_item_verification_known CHECK ((verification = ANY (ARRAY['UNVERIFIED'::text, 'VERIFIED'::text, 'REFUTED'::text])))
);
CREATE TABLE entity.clock (
    only_row boolean DEFAULT true NOT NULL,
    last timestamp(3) with time zone DEFAULT '2000-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    CONSTRAINT clock_only_one CHECK (only_row)
);
CREATE TABLE entity.filed_row (
    filing_id uuid NOT NULL,
    uscc text NOT NULL,
    record_id uuid NOT NULL,
    stood boolean NOT NULL
);
CREATE TABLE entity.identifier (
    uscc text NOT NULL,
    scheme text NOT NULL,
    value text NOT NULL
);
CREATE TABLE entity.name (
    uscc text NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    province text NOT NULL
);
CREATE TABLE entity.profile (
    uscc text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    digest bytea NOT NULL,
    source_unit text NOT NULL,
    source_unit_name text,
    source_record_id text,
    catalogue_code text NOT NULL,
    filing_id uuid,
    collected_at timestamp(3) with time zone NOT NULL,
    disclosure_level text NOT NULL,
    public_from date,
    public_until date,
    withdrawn_on date,
    province text NOT NULL,
    sector text,
    determining_unit text,
    under_objection boolean DEFAULT false NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    recorded_at timestamp(3) with time zone NOT NULL,
    superseded_at timestamp(3) with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    content jsonb NOT NULL,
    additional_fields jsonb,
    name text NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    successor text,
    withdrawal_reason text,
    erased_at timestamp(3) with time zone,
    CONSTRAINT profile_believed_forwards CHECK ((superseded_at > recorded_at)),
    CONSTRAINT profile_disclosure_level_known CHECK ((disclosure_level = ANY (ARRAY['PUBLIC'::text, 'GOV_SHARED'::text, 'RESTRICTED'::text, 'INTERNAL'::text]))),
    CONSTRAINT profile_public_has_end CHECK (((disclosure_level <> 'PUBLIC'::text) OR ((public_from IS NOT NULL) AND (public_until IS NOT NULL))))
);
CREATE TABLE entity.replacing_filing (
    filing_id uuid NOT NULL,
    unit text NOT NULL,
    kind text NOT NULL,
    open boolean DEFAULT true NOT NULL,
    ended integer DEFAULT 0 NOT NULL
);
CREATE TABLE entity.source_unit (
    uscc text NOT NULL,
    kind text NOT NULL,
    promised_delay_hours integer NOT NULL,
    last_filed_at timestamp(3) with time zone,
    name text,
    province text,
    sector text,
    registered_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    registered_by text,
    first_filed_at timestamp(3) with time zone
);
CREATE TABLE evaluation.clock (
    only_row boolean DEFAULT true NOT NULL,
    last timestamp(3) with time zone DEFAULT '2000-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    published_through date DEFAULT ((now() AT TIME ZONE 'Asia/Shanghai'::text))::date NOT NULL,
    CONSTRAINT clock_only_one CHECK (only_row)
);
CREATE TABLE evaluation.filed_row (
    filing_id uuid NOT NULL,
    uscc text NOT NULL,
    record_id uuid NOT NULL,
    stood boolean NOT NULL
);
CREATE TABLE evaluation.replacing_filing (
    filing_id uuid NOT NULL,
    unit text NOT NULL,
    kind text NOT NULL,
    open boolean DEFAULT true NOT NULL,
    ended integer DEFAULT 0 NOT NULL
);
CREATE TABLE evaluation.result (
    uscc text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    digest bytea NOT NULL,
    source_unit text NOT NULL,
    source_unit_name text,
    source_record_id text,
    catalogue_code text NOT NULL,
    filing_id uuid,
    collected_at timestamp(3) with time zone NOT NULL,
    disclosure_level text NOT NULL,
    public_from date,
    public_until date,
    withdrawn_on date,
    province text NOT NULL,
    sector text,
    determining_unit text,
    under_objection boolean DEFAULT false NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    recorded_at timestamp(3) with time zone NOT NULL,
    superseded_at timestamp(3) with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    content jsonb NOT NULL,
    additional_fields jsonb,
    scheme text NOT NULL,
    scheme_version text NOT NULL,
    grade text NOT NULL,
    score numeric,
    score_max numeric,
    evaluated_on date NOT NULL,
    withdrawal_reason text,
    erased_at timestamp(3) with time zone,
    CONSTRAINT result_believed_forwards CHECK ((superseded_at > recorded_at)),
    CONSTRAINT result_disclosure_level_known CHECK ((disclosure_level = ANY (ARRAY['PUBLIC'::text, 'GOV_SHARED'::text, 'RESTRICTED'::text, 'INTERNAL'::text]))),
    CONSTRAINT result_public_has_end CHECK (((disclosure_level <> 'PUBLIC'::text) OR ((public_from IS NOT NULL) AND (public_until IS NOT NULL))))
);
CREATE TABLE evaluation.source_unit (
    uscc text NOT NULL,
    kind text NOT NULL,
    promised_delay_hours integer NOT NULL,
    last_filed_at timestamp(3) with time zone,
    name text,
    province text,
    sector text,
    registered_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    registered_by text,
    first_filed_at timestamp(3) with time zone
);
CREATE TABLE feed.log (
    seq bigint NOT NULL,
    topic text NOT NULL,
    kind text NOT NULL,
    reason text,
    uscc text,
    record_id uuid,
    version integer,
    recorded_at timestamp(3) with time zone NOT NULL,
    disclosure_level text,
    public_from date,
    public_until date,
    withdrawn_on date,
    erased_at timestamp(3) with time zone,
    province text,
    sector text,
    source_unit text,
    determining_unit text,
    type text,
    category text,
    before jsonb,
    basis jsonb,
    watchlist uuid,
    filing_id uuid,
    row_count integer NOT NULL,
    sequenced_at timestamp(3) with time zone NOT NULL
);
CREATE TABLE feed.outbox (
    id bigint NOT NULL,
    topic text NOT NULL,
    kind text NOT NULL,
    reason text,
    uscc text,
    record_id uuid,
    version integer,
    recorded_at timestamp(3) with time zone NOT NULL,
    disclosure_level text,
    public_from date,
    public_until date,
    withdrawn_on date,
    erased_at timestamp(3) with time zone,
    province text,
    sector text,
    source_unit text,
    determining_unit text,
    type text,
    category text,
    before jsonb,
    basis jsonb,
    watchlist uuid,
    filing_id uuid,
    row_count integer DEFAULT 1 NOT NULL,
    CONSTRAINT outbox_of_record CHECK (((kind = 'BATCH'::text) OR ((uscc IS NOT NULL) AND (record_id IS NOT NULL) AND (version IS NOT NULL) AND (disclosure_level IS NOT NULL) AND (province IS NOT NULL) AND (source_unit IS NOT NULL) AND (type IS NOT NULL))))
);
ALTER TABLE feed.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME feed.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE feed.sequencer (
    only_row boolean DEFAULT true NOT NULL,
    epoch bigint DEFAULT 0 NOT NULL,
    holder text,
    last_seq bigint DEFAULT 0 NOT NULL,
    purged_through bigint DEFAULT 0 NOT NULL,
    at timestamp(3) with time zone DEFAULT '2000-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    CONSTRAINT sequencer_only_one CHECK (only_row)
);
CREATE TABLE gateway.export (
    id uuid NOT NULL,
    organisation text NOT NULL,
    role text NOT NULL,
    province text,
    sector text,
    purpose text,
    topic text NOT NULL,
    filter jsonb NOT NULL,
    status text NOT NULL,
    known_at timestamp(3) with time zone NOT NULL,
    valid_at date NOT NULL,
    "position" text NOT NULL,
    selection text NOT NULL,
    row_count bigint DEFAULT 0 NOT NULL,
    failure text,
    leased_until timestamp(3) with time zone,
    created_at timestamp(3) with time zone NOT NULL,
    expires_at timestamp(3) with time zone NOT NULL,
    CONSTRAINT export_status_known CHECK ((status = ANY (ARRAY['CREATED'::text, 'RUNNING'::text, 'COMPLETED'::text, 'FAILED'::text, 'CANCELLING'::text, 'CANCELLED'::text, 'EXPIRED'::text])))
);
CREATE TABLE gateway.export_part (
    export uuid NOT NULL,
    number integer NOT NULL,
    after_uscc text NOT NULL,
    after_record uuid NOT NULL,
    to_uscc text NOT NULL,
    to_record uuid NOT NULL,
    row_count integer NOT NULL,
    bytes bigint NOT NULL,
    digest bytea NOT NULL
);
CREATE TABLE gateway.filing (
    id uuid NOT NULL,
    unit text NOT NULL,
    kind text NOT NULL,
    format text NOT NULL,
    status text NOT NULL,
    parts_expected integer NOT NULL,
    created_at timestamp(3) with time zone NOT NULL,
    completed_at timestamp(3) with time zone,
    receipt jsonb,
    mode text DEFAULT 'ADD'::text NOT NULL,
    replacement jsonb,
    created_by_actor text,
    confirmed_by text,
    confirmed_by_actor text,
    confirmed_at timestamp(3) with time zone,
    CONSTRAINT filing_mode_known CHECK ((mode = ANY (ARRAY['ADD'::text, 'REPLACE'::text])))
);
CREATE TABLE gateway.filing_part (
    filing_id uuid NOT NULL,
    number integer NOT NULL,
    digest bytea NOT NULL,
    outcome jsonb NOT NULL,
    recorded_at timestamp(3) with time zone NOT NULL
);
CREATE TABLE gateway."grant" (
    id uuid NOT NULL,
    organisation text NOT NULL,
    role text NOT NULL,
    province text,
    sector text,
    valid_from timestamp(3) with time zone NOT NULL,
    valid_to timestamp(3) with time zone,
    granted_by text NOT NULL
);
CREATE TABLE gateway.idempotency (
    organisation text NOT NULL,
    mutation text NOT NULL,
    key text NOT NULL,
    input_digest bytea NOT NULL,
    result jsonb NOT NULL,
    created_at timestamp(3) with time zone NOT NULL
);
CREATE TABLE gateway.revoked_token (
    token_id text NOT NULL,
    reason text NOT NULL,
    revoked_at timestamp(3) with time zone NOT NULL,
    revoked_by text NOT NULL
);
CREATE TABLE gateway.watchlist (
    id uuid NOT NULL,
    organisation text NOT NULL,
    role text NOT NULL,
    name text NOT NULL,
    size integer DEFAULT 0 NOT NULL,
    created_at timestamp(3) with time zone NOT NULL
);
CREATE TABLE gateway.watchlist_item (
    watchlist uuid NOT NULL,
    uscc text NOT NULL,
    added_at timestamp(3) with time zone NOT NULL,
    told_at timestamp(3) with time zone
);
CREATE TABLE gateway.webhook (
    id uuid NOT NULL,
    organisation text NOT NULL,
    role text NOT NULL,
    purpose text,
    url text NOT NULL,
    topic text NOT NULL,
    filter jsonb NOT NULL,
    secret bytea NOT NULL,
    former_secret bytea,
    former_secret_until timestamp(3) with time zone,
    state text DEFAULT 'ACTIVE'::text NOT NULL,
    state_reason text,
    "position" text NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp(3) with time zone,
    next_attempt_at timestamp(3) with time zone NOT NULL,
    leased_until timestamp(3) with time zone,
    created_at timestamp(3) with time zone NOT NULL,
    CONSTRAINT webhook_state_known CHECK ((state = ANY (ARRAY['ACTIVE'::text, 'PAUSED'::text])))
);
CREATE TABLE gateway.webhook_delivery (
    id uuid NOT NULL,
    webhook uuid NOT NULL,
    at timestamp(3) with time zone NOT NULL,
    status integer,
    outcome text NOT NULL,
    attempt integer NOT NULL,
    body jsonb NOT NULL,
    took_ms integer
);
CREATE TABLE namelist.clock (
    only_row boolean DEFAULT true NOT NULL,
    last timestamp(3) with time zone DEFAULT '2000-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    published_through date DEFAULT ((now() AT TIME ZONE 'Asia/Shanghai'::text))::date NOT NULL,
    CONSTRAINT clock_only_one CHECK (only_row)
);
CREATE TABLE namelist.entry (
    uscc text NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    digest bytea NOT NULL,
    source_unit text NOT NULL,
    source_unit_name text,
    source_record_id text,
    catalogue_code text NOT NULL,
    filing_id uuid,
    collected_at timestamp(3) with time zone NOT NULL,
    disclosure_level text NOT NULL,
    public_from date,
    public_until date,
    withdrawn_on date,
    province text NOT NULL,
    sector text,
    determining_unit text,
    under_objection boolean DEFAULT false NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    recorded_at timestamp(3) with time zone NOT NULL,
    superseded_at timestamp(3) with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    content jsonb NOT NULL,
    additional_fields jsonb,
    list_type text NOT NULL,
    category text NOT NULL,
    document_no text NOT NULL,
    authority_name text,
    listed_on date NOT NULL,
    term_until date,
    removed_on date,
    withdrawal_reason text,
    erased_at timestamp(3) with time zone,
    CONSTRAINT entry_believed_forwards CHECK ((superseded_at > recorded_at)),
    CONSTRAINT entry_disclosure_level_known CHECK ((disclosure_level = ANY (ARRAY['PUBLIC'::text, 'GOV_SHARED'::text, 'RESTRICTED'::text, 'INTERNAL'::text]))),
    CONSTRAINT entry_public_has_end CHECK (((disclosure_level <> 'PUBLIC'::text) OR ((public_from IS NOT NULL) AND (public_until IS NOT NULL))))
);
CREATE TABLE namelist.filed_row (
    filing_id uuid NOT NULL,
    uscc text NOT NULL,
    record_id uuid NOT NULL,
    stood boolean NOT NULL
);
CREATE TABLE namelist.idempotency (
    organisation text NOT NULL,
    mutation text NOT NULL,
    key text NOT NULL,
    input_digest bytea NOT NULL,
    result jsonb NOT NULL,
    created_at timestamp(3) with time zone NOT NULL
);
CREATE TABLE namelist.proposal (
    id uuid NOT NULL,
    uscc text NOT NULL,
    record_id uuid NOT NULL,
    action text NOT NULL,
    entry_version integer,
    state text DEFAULT 'PROPOSED'::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    unit text NOT NULL,
    filed jsonb,
    proposed_by_actor text NOT NULL,
    proposed_at timestamp(3) with time zone NOT NULL,
    decided_by_actor text,
    decided_at timestamp(3) with time zone,
    CONSTRAINT proposal_action_known CHECK ((action = ANY (ARRAY['LIST'::text, 'REMOVE'::text, 'CORRECT'::text]))),
    CONSTRAINT proposal_content_until_decided CHECK (((state = 'PROPOSED'::text) = (filed IS NOT NULL))),
    CONSTRAINT proposal_of_version CHECK (((action = 'LIST'::text) = (entry_version IS NULL))),
    CONSTRAINT proposal_state_known CHECK ((state = ANY (ARRAY['PROPOSED'::text, 'APPROVED'::text, 'REJECTED'::text]))),
    CONSTRAINT proposal_two_persons CHECK (((state = 'PROPOSED'::text) OR ((decided_by_actor IS NOT NULL) AND (decided_at IS NOT NULL) AND (decided_by_actor <> proposed_by_actor))))
);
CREATE TABLE namelist.replacing_filing (
    filing_id uuid NOT NULL,
    unit text NOT NULL,
    kind text NOT NULL,
    open boolean DEFAULT true NOT NULL,
    ended integer DEFAULT 0 NOT NULL
);
CREATE TABLE namelist.source_unit (
    uscc text NOT NULL,
    kind text NOT NULL,
    promised_delay_hours integer NOT NULL,
    last_filed_at timestamp(3) with time zone,
    first_filed_at timestamp(3) with time zone,
    name text,
    province text,
    sector text,
    registered_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    registered_by text
);
CREATE TABLE public._prisma_migrations (
    id character varying(36) NOT NULL,
    checksum character varying(64) NOT NULL,
    finished_at timestamp with time zone,
    migration_name character varying(255) NOT NULL,
    logs text,
    rolled_back_at timestamp with time zone,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_steps_count integer DEFAULT 0 NOT NULL
);
CREATE TABLE rules.change (
    id uuid NOT NULL,
    action text NOT NULL,
    rule_set text NOT NULL,
    definition jsonb NOT NULL,
    state text DEFAULT 'PROPOSED'::text NOT NULL,
    proposed_by text NOT NULL,
    proposed_by_actor text NOT NULL,
    proposed_at timestamp(3) with time zone NOT NULL,
    decided_by text,
    decided_by_actor text,
    decided_at timestamp(3) with time zone,
    approval_no integer,
    CONSTRAINT change_action_known CHECK ((action = ANY (ARRAY['ADD'::text, 'END'::text]))),
    CONSTRAINT change_approval_numbered CHECK (((state = 'APPROVED'::text) = (approval_no IS NOT NULL))),
    CONSTRAINT change_state_known CHECK ((state = ANY (ARRAY['PROPOSED'::text, 'APPROVED'::text, 'REJECTED'::text]))),
    CONSTRAINT change_two_persons CHECK (((state <> 'APPROVED'::text) OR ((decided_by_actor IS NOT NULL) AND (decided_by_actor <> proposed_by_actor))))
);
INSERT INTO disclosure.act VALUES
	('91330106MA0EEE08XT', '93af6412-e9ce-d5a7-b5db-f90f470cc12e', 1, '\x385bfc9613fea48f6e2b0334a2437ef5ebeaab617f78b20ba3e2d2ac959ab39c', '11330000MB0EEE331E', '浙江省示例公共信用信息中心', 'L14-0', 'LICENCE', '12515e72-9f93-4b25-96c7-7ae4fe2ba39c', '2026-11-30 01:53:56.408+00', 'PUBLIC', '2023-04-11', '2028-04-09', NULL, '33', 'F', '11330000MB1EEE333T', false, '2023-04-09', '2028-04-10', '2026-11-30 01:53:56.408+00', 'infinity', '{"content": "食品经营许可：预包装食品销售、散装食品销售", "validTo": "2028-04-09", "decidedOn": "2023-04-09", "ownSiteOn": "2023-04-11", "validFrom": "2023-04-09", "documentNo": "浙市监许〔2023〕14-1号", "publicFrom": "2023-04-11", "publicUntil": "2028-04-09", "subjectName": "杭州市西湖区示例云帆零售有限公司", "documentName": "准予行政许可决定书", "authorityName": "浙江省示例市场监督管理局", "authorityUscc": "11330000MB1EEE333T", "certificateNo": "XK33010614000", "licenceStatus": "VALID", "localDivision": "330106", "certificateName": "食品经营许可证", "disclosureLevel": "PUBLIC", "licenceCategory": "ORDINARY"}', NULL, 'LICENCE', '浙市监许〔2023〕14-1号', '浙江省示例市场监督管理局', '2023-04-09', NULL, NULL),
	('91330106MA0EEE08XT', '12534720-cedb-6704-5a90-68ddfaafed9b', 1, '\x847eecfd003c8ef205acd819e1d490a4558e2b1c68b8e27c8573481c96b418aa', '11330000MB3EEE337K', '浙江省示例税务局', 'P14-1', 'PENALTY', '0e800765-276a-467b-afd3-91c50c8a6bc7', '2026-11-30 01:53:57.077+00', 'GOV_SHARED', NULL, NULL, NULL, '33', 'F', '11330000MB3EEE337K', false, '2025-09-05', NULL, '2026-11-30 01:53:57.077+00', 'infinity', '{"facts": "未按规定期限办理纳税申报", "content": "处以罚款", "fineFen": "1000000", "fineText": "1", "decidedOn": "2025-09-05", "violation": "欠缴税款", "categories": ["FINE"], "documentNo": "浙税罚【2025】14-2号", "legalBasis": "税收征收管理法第六十二条", "subjectName": "杭州市西湖区示例云帆零售有限公司", "authorityName": "浙江省示例税务局", "authorityUscc": "11330000MB3EEE337K", "localDivision": "330106", "disclosureLevel": "GOV_SHARED"}', NULL, 'PENALTY', '浙税罚【2025】14-2号', '浙江省示例税务局', '2025-09-05', NULL, NULL),
	('91330106MA0EEE08XT', 'ed69998d-305e-a618-dbae-21f82b79a202', 1, '\x0f48bce0729d950b3bae94ce3dd60e65abd1cc31812fd20d211ec4a2f11bfd98', '11330000MB0EEE331E', '浙江省示例公共信用信息中心', 'O14-9', 'COMPULSION', 'bb10a1c5-fe37-45c0-9c66-f1ff94c3944c', '2026-11-30 01:53:57.561+00', 'PUBLIC', '2022-04-17', '2023-04-17', NULL, '33', 'F', '11330000MB1EEE333T', false, '2022-04-14', '2022-05-14', '2026-11-30 01:53:57.561+00', 'infinity', '{"method": "查封", "result": "已解除", "actKind": "COMPULSION", "content": "查封涉案物品", "validTo": "2022-05-13", "decidedOn": "2022-04-14", "ownSiteOn": "2022-04-17", "validFrom": "2022-04-14", "documentNo": "浙市监行〔2022〕14-10号", "legalBasis": "行政强制法第二十二条", "publicFrom": "2022-04-17", "publicUntil": "2023-04-17", "subjectName": "杭州市西湖区示例云帆零售有限公司", "documentName": "行政强制决定书", "authorityName": "浙江省示例市场监督管理局", "authorityUscc": "11330000MB1EEE333T", "localDivision": "330106", "disclosureLevel": "PUBLIC", "publicationRule": "COMPULSION", "publicationRuleSet": "PUBLICATION-2014"}', NULL, 'COMPULSION', '浙市监行〔2022〕14-10号', '浙江省示例市场监督管理局', '2022-04-14', NULL, NULL),
	('91330106MA0EEE08XT', '79a6cc9e-2261-e234-9689-241be6fc9253', 1, '\x775d7a52dc4c4ca863072a29a5e2c41c4444772b6ffcd2a06f7b9626634f778e', '11330000MB0EEE331E', '浙江省示例公共信用信息中心', 'O15-30', 'CONFIRMATION', 'f7f528fe-1e41-4d4d-a012-1e56478f47c2', '2026-11-30 01:53:58.049+00', 'PUBLIC', '2022-12-08', '2025-12-08', NULL, '33', 'F', '11330000MB3EEE337K', false, '2022-12-05', '2025-12-05', '2026-11-30 01:53:58.049+00', 'infinity', '{"matter": "高新技术企业认定", "result": "确认", "actKind": "CONFIRMATION", "content": "确认为高新技术企业", "validTo": "2025-12-04", "decidedOn": "2022-12-05", "ownSiteOn": "2022-12-08", "validFrom": "2022-12-05", "documentNo": "浙税行〔2022〕15-31号", "legalBasis": "高新技术企业认定管理办法第十二条", "publicFrom": "2022-12-08", "publicUntil": "2025-12-08", "subjectName": "杭州市西湖区示例云帆零售有限公司", "documentName": "行政确认决定书", "authorityName": "浙江省示例税务局", "authorityUscc": "11330000MB3EEE337K", "localDivision": "330106", "disclosureLevel": "PUBLIC", "publicationRule": "CONFIRMATION", "publicationRuleSet": "PUBLICATION-2014"}', NULL, 'CONFIRMATION', '浙税行〔2022〕15-31号', '浙江省示例税务局', '2022-12-05', NULL, NULL),
	('91330106MA0EEE08XT', '6aceb517-d155-e427-9234-f692197e2bfc', 1, '\xac77ca43bee2e4168575bd276da551bbd0f6e795d8dbd7678702ecee5c2dcf48', '11330000MB0EEE331E', '浙江省示例公共信用信息中心', 'O14-4', 'LEVY', '6561fb14-5562-4013-ba01-62bc51c0b62a', '2026-11-30 01:53:58.408+00', 'PUBLIC', '2018-10-19', '2019-10-19', NULL, '33', 'F', '11330000MB6EEE332N', false, '2018-10-14', NULL, '2026-11-30 01:53:58.408+00', 'infinity', '{"matter": "城镇垃圾处理费征收", "result": "已缴纳", "actKind": "LEVY", "content": "征收年度费用", "amountFen": "360000", "decidedOn": "2018-10-14", "ownSiteOn": "2018-10-19", "amountText": "0.36", "documentNo": "浙建行〔2018〕14-5号", "legalBasis": "城市生活垃圾管理办法第四条", "publicFrom": "2018-10-19", "publicUntil": "2019-10-19", "subjectName": "杭州市西湖区示例云帆零售有限公司", "documentName": "行政征收决定书", "authorityName": "浙江省示例住房和城乡建设厅", "authorityUscc": "11330000MB6EEE332N", "localDivision": "330106", "disclosureLevel": "PUBLIC", "publicationRule": "LEVY", "publicationRuleSet": "PUBLICATION-2014"}', NULL, 'LEVY', '浙建行〔2018〕14-5号', '浙江省示例住房和城乡建设厅', '2018-10-14', NULL, NULL),
	('91330106MA0EEE08XT', '897fb0c4-3b0f-b23d-9595-34426435c276', 1, '\xc9eab327698d90d0341cab2c2f88d110e1ee2fe02789ea09aaf8691c21ae2b27', '11330000MB0EEE331E', '浙江省示例公共信用信息中心', 'O15-6', 'PAYMENT', 'a9ac963a-7874-4a56-809e-51477b70126a', '2026-11-30 01:53:58.573+00', 'PUBLIC', '2024-06-06', '2027-06-06', NULL, '33', 'F', '11330000MB2EEE3357', false, '2024-06-03', NULL, '2026-11-30 01:53:58.573+00', 'infinity', '{"matter": "稳岗返还", "result": "已发放", "actKind": "PAYMENT", "content": "发放稳岗返还资金", "amountFen": "360000", "decidedOn": "2024-06-03", "ownSiteOn": "2024-06-06", "amountText": "0.36", "documentNo": "浙人社行〔2024〕15-7号", "legalBasis": "失业保险条例第十条", "publicFrom": "2024-06-06", "publicUntil": "2027-06-06", "subjectName": "杭州市西湖区示例云帆零售有限公司", "documentName": "行政给付决定书", "authorityName": "浙江省示例人力资源和社会保障厅", "authorityUscc": "11330000MB2EEE3357", "localDivision": "330106", "disclosureLevel": "PUBLIC", "publicationRule": "PAYMENT", "publicationRuleSet": "NDRC-58"}', NULL, 'PAYMENT', '浙人社行〔2024〕15-7号', '浙江省示例人力资源和社会保障厅', '2024-06-03', NULL, NULL),
	('91330106MA0EEE08XT', 'c220ca30-6646-d24f-288e-37ec3c6564c0', 1, '\xaa5ddc97e0d16863661b4beead9cd3a30052c87024771960021a31b6edad927d', '11330000MB0EEE331E', '浙江省示例公共信用信息中心', 'O15-191', 'ADJUDICATION', '6ac5a41f-5c6d-438c-8e72-8bf2be62d6b7', '2026-11-30 01:53:58.966+00', 'PUBLIC', '2019-03-17', '2022-03-17', NULL, '33', 'F', '11330000MB1EEE333T', false, '2019-03-14', NULL, '2026-11-30 01:53:58.966+00', 'infinity', '{"matter": "政府采购投诉裁决", "result": "驳回", "actKind": "ADJUDICATION", "content": "驳回投诉", "decidedOn": "2019-03-14", "ownSiteOn": "2019-03-17", "documentNo": "浙市监行〔2019〕15-192号", "legalBasis": "政府采购法第五十六条", "publicFrom": "2019-03-17", "publicUntil": "2022-03-17", "subjectName": "杭州市西湖区示例云帆零售有限公司", "documentName": "行政裁决决定书", "authorityName": "浙江省示例市场监督管理局", "authorityUscc": "11330000MB1EEE333T", "localDivision": "330106", "disclosureLevel": "PUBLIC", "publicationRule": "ADJUDICATION", "publicationRuleSet": "PUBLICATION-2014"}', NULL, 'ADJUDICATION', '浙市监行〔2019〕15-192号', '浙江省示例市场监督管理局', '2019-03-14', NULL, NULL),
	('91330106MA0EEE08XT', '79e25e4e-24ef-33f8-b253-e5e23d360e25', 1, '\xbb4a6084cc6454e56f5958216ea396fac77576be61f85acaeb92b09fd79f908e', '11330000MB0EEE331E', '浙江省示例公共信用信息中心', 'O15-8', 'COMPENSATION', '79d1eedf-5078-4b72-b122-b0253fe84665', '2026-11-30 01:53:59.052+00', 'PUBLIC', '2021-10-19', '2024-10-19', NULL, '33', 'F', '11330000MB6EEE332N', false, '2021-10-18', NULL, '2026-11-30 01:53:59.052+00', 'infinity', '{"matter": "土地征收补偿", "result": "已支付", "actKind": "COMPENSATION", "content": "支付补偿款", "amountFen": "8000000", "decidedOn": "2021-10-18", "ownSiteOn": "2021-10-19", "amountText": "8", "documentNo": "浙建行〔2021〕15-9号", "legalBasis": "土地管理法第四十八条", "publicFrom": "2021-10-19", "publicUntil": "2024-10-19", "subjectName": "杭州市西湖区示例云帆零售有限公司", "documentName": "行政补偿决定书", "authorityName": "浙江省示例住房和城乡建设厅", "authorityUscc": "11330000MB6EEE332N", "localDivision": "330106", "disclosureLevel": "PUBLIC", "publicationRule": "COMPENSATION", "publicationRuleSet": "PUBLICATION-2014"}', NULL, 'COMPENSATION', '浙建行〔2021〕15-9号', '浙江省示例住房和城乡建设厅', '2021-10-18', NULL, NULL),
	('91330106MA0EEE08XT', 'cbf90291-972a-dd60-7dc2-8a944a303365', 1, '\xfd08a24f2c1d81fe9d4d76e3a6bdb582254fbd5daaca08d57752abf88347bcf1', '11330000MB0EEE331E', '浙江省示例公共信用信息中心', 'O15-118', 'REWARD', 'ae4d0d77-63db-47cb-b68e-7fff1675d17d', '2026-11-30 01:53:59.16+00', 'PUBLIC', '2026-06-19', '2029-06-19', NULL, '33', 'F', '11330000MB1EEE333T', false, '2026-06-15', NULL, '2026-11-30 01:53:59.16+00', 'infinity', '{"matter": "质量奖", "method": "通报表彰", "actKind": "REWARD", "content": "授予质量奖", "amountFen": "8000000", "decidedOn": "2026-06-15", "ownSiteOn": "2026-06-19", "amountText": "8", "documentNo": "浙市监行〔2026〕15-119号", "legalBasis": "产品质量法第六条", "publicFrom": "2026-06-19", "publicUntil": "2029-06-19", "subjectName": "杭州市西湖区示例云帆零售有限公司", "documentName": "行政奖励决定书", "authorityName": "浙江省示例市场监督管理局", "authorityUscc": "11330000MB1EEE333T", "localDivision": "330106", "disclosureLevel": "PUBLIC", "publicationRule": "REWARD", "publicationRuleSet": "NDRC-36"}', NULL, 'REWARD', '浙市监行〔2026〕15-119号', '浙江省示例市场监督管理局', '2026-06-15', NULL, NULL),
	('91330106MA0EEE08XT', 'f877000d-b162-128a-314a-5d64bf949165', 1, '\x6a5f9542174807c4c08c9948893ce6611d74cf750c7798a75a40c6b38b13ce30', '11330000MB0EEE331E', '浙江省示例公共信用信息中心', 'O15-39', 'INSPECTION', 'f822ddeb-3ed2-4fb7-b718-28e8a56c5732', '2026-11-30 01:53:59.328+00', 'PUBLIC', '2019-11-28', '2020-11-28', NULL, '33', 'F', '11330000MB4EEE3390', false, '2019-11-27', NULL, '2026-11-30 01:53:59.328+00', 'infinity', '{"matter": "安全生产检查", "method": "现场检查", "result": "发现问题已责令改正", "actKind": "INSPECTION", "content": "生产经营场所安全检查", "decidedOn": "2019-11-27", "ownSiteOn": "2019-11-28", "documentNo": "浙应急行〔2019〕15-40号", "legalBasis": "安全生产法第六十五条", "publicFrom": "2019-11-28", "publicUntil": "2020-11-28", "subjectName": "杭州市西湖区示例云帆零售有限公司", "documentName": "行政监督检查决定书", "authorityName": "浙江省示例应急管理厅", "authorityUscc": "11330000MB4EEE3390", "localDivision": "330106", "disclosureLevel": "PUBLIC", "publicationRule": "INSPECTION", "publicationRuleSet": "PUBLICATION-2014"}', NULL, 'INSPECTION', '浙应急行〔2019〕15-40号', '浙江省示例应急管理厅', '2019-11-27', NULL, NULL);
INSERT INTO disclosure.clock VALUES
	(true, '2026-11-30 01:54:23.512+00');
INSERT INTO disclosure.commitment VALUES
	('91330106MA0EEE08XT', 'aa6386d0-f9f5-ec7e-7208-3812aefd3003', 1, '\x2bf55f89af25d8555773bd22d03e2f2964c0cceaf113ede616fb4a94b03f9404', '11330000MB0EEE331E', '浙江省示例公共信用信息中心', 'C14-0', 'COMMITMENT', 'd80c24b1-b7e3-4fc6-ba61-3638a3810112', '2026-11-30 01:53:59.53+00', 'PUBLIC', '2020-05-01', '2023-05-01', NULL, '33', 'F', '11330000MB1EEE333T', false, '2020-05-01', '2021-05-02', '2026-11-30 01:53:59.53+00', 'infinity', '{"dueOn": "2021-05-01", "madeOn": "2020-05-01", "matter": "告知承诺制办理证明事项", "content": "示例承诺内容：依法诚信经营，自觉接受监督", "publicFrom": "2020-05-01", "performance": "FULFILLED", "publicUntil": "2023-05-01", "subjectName": "杭州市西湖区示例云帆零售有限公司", "commitmentNo": "CN14-0", "localDivision": "330106", "acceptedByName": "浙江省示例市场监督管理局", "acceptedByUscc": "11330000MB1EEE333T", "commitmentKind": "APPROVAL_SUBSTITUTE", "disclosureLevel": "PUBLIC", "publicationRule": "COMMITMENT", "publicationRuleSet": "PUBLICATION-2014"}', NULL, 'APPROVAL_SUBSTITUTE', 'CN14-0', '2020-05-01', NULL, NULL);
INSERT INTO disclosure.complaint VALUES
	('91330106MA0EEE08XT', '564be674-9068-d1ce-d2a7-9a5e387fe79d', 1, '\x5106c6ad9d673a753eebd634daa1c51263b40bc0d74485f1f052f45060707211', '11330000MB1EEE333T', '浙江省示例市场监督管理局', 'T14-0', 'COMPLAINT', '06f909bd-b786-49c2-b547-77f2edae595f', '2026-11-30 01:53:59.92+00', 'PUBLIC', '2022-08-12', '2023-08-12', NULL, NULL, '33', 'F', '11330000MB1EEE333T', false, '2022-08-12', NULL, '2026-11-30 01:53:59.92+00', 'infinity', '{"matter": "售后服务不到位", "result": "重新提供服务", "handling": "和解", "handledOn": "2022-08-12", "publicFrom": "2022-08-12", "complaintNo": "TS2022-14-1", "publicUntil": "2023-08-12", "subjectName": "杭州市西湖区示例云帆零售有限公司", "handledByName": "浙江省示例市场监督管理局", "handledByUscc": "11330000MB1EEE333T", "localDivision": "330106", "disclosureLevel": "PUBLIC", "publicationRule": "COMPLAINT", "publicationRuleSet": "PUBLICATION-2014"}', NULL, NULL, 'COMPLAINT', 'TS2022-14-1', '2022-08-12');
INSERT INTO disclosure.idempotency VALUES
	('91330106MA0EEE08XT', 'declareInformation', 'held-declaration', '\x37291665d2a1e3a2e39d83f387a2b60b10b98ad1d862806e2f760b14a6b37483', '{"uscc": "91330106MA0EEE08XT", "recordId": "025d9109-3d97-31c1-220f-e473b11fe011"}', '2026-11-30 01:54:00.8+00');
INSERT INTO disclosure.judicial_record VALUES
	('91330106MA0EEE08XT', 'f028a6cc-0048-1efe-d1c5-99c281bccea9', 1, '\x48c15bcaefce52e259fc1a3f3fb21401ddb619e45906dce5c23f474544172629', '11330000MB7EEE3343', '浙江省示例高级人民法院', 'J14-0', 'JUDICIAL', '5e8e46aa-a187-46f1-abe9-a6498661775a', '2026-11-30 01:53:59.724+00', 'PUBLIC', '2026-02-17', '2029-02-17', NULL, NULL, '33', 'F', '11330000MB7EEE3343', false, '2026-02-17', NULL, '2026-11-30 01:53:59.724+00', 'infinity', '{"cause": "买卖合同纠纷", "caseNo": "（2026）示33执14-1号", "result": "强制执行货款及逾期利息", "courtName": "浙江省示例高级人民法院", "courtUscc": "11330000MB7EEE3343", "decidedOn": "2026-02-17", "publicFrom": "2026-02-17", "recordKind": "ENFORCEMENT", "performance": "PART", "publicUntil": "2029-02-17", "subjectName": "杭州市西湖区示例云帆零售有限公司", "localDivision": "330106", "disclosureLevel": "PUBLIC", "publicationRule": "JUDICIAL", "publicationRuleSet": "NDRC-58"}', NULL, NULL, 'ENFORCEMENT', '（2026）示33执14-1号', '浙江省示例高级人民法院', '2026-02-17');
INSERT INTO disclosure.source_unit VALUES
	('11330000MB1EEE333T', 'licence', 840, NULL, NULL, NULL, NULL, '2026-11-30 01:53:56.269+00', '12100000MB1EEE018A', NULL),
	('11330000MB0EEE331E', 'licence', 840, '2026-11-30 01:53:56.346+00', NULL, NULL, NULL, '2026-11-30 01:53:56.269+00', '12100000MB1EEE018A', '2026-11-30 01:53:56.353+00'),
	('11330000MB3EEE337K', 'penalty', 840, '2026-11-30 01:53:56.955+00', NULL, NULL, NULL, '2026-11-30 01:53:56.816+00', '12100000MB1EEE018A', '2026-11-30 01:53:56.957+00'),
	('11330000MB1EEE333T', 'compulsion', 840, NULL, NULL, NULL, NULL, '2026-11-30 01:53:57.423+00', '12100000MB1EEE018A', NULL),
	('11330000MB0EEE331E', 'compulsion', 840, '2026-11-30 01:53:57.533+00', NULL, NULL, NULL, '2026-11-30 01:53:57.423+00', '12100000MB1EEE018A', '2026-11-30 01:53:57.54+00'),
	('11330000MB3EEE337K', 'confirmation', 840, NULL, NULL, NULL, NULL, '2026-11-30 01:53:57.875+00', '12100000MB1EEE018A', NULL),
	('11330000MB0EEE331E', 'confirmation', 840, '2026-11-30 01:53:58.018+00', NULL, NULL, NULL, '2026-11-30 01:53:57.875+00', '12100000MB1EEE018A', '2026-11-30 01:53:58.019+00'),
	('11330000MB6EEE332N', 'levy', 840, NULL, NULL, NULL, NULL, '2026-11-30 01:53:58.354+00', '12100000MB1EEE018A', NULL),
	('11330000MB0EEE331E', 'levy', 840, '2026-11-30 01:53:58.403+00', NULL, NULL, NULL, '2026-11-30 01:53:58.354+00', '12100000MB1EEE018A', '2026-11-30 01:53:58.404+00'),
	('11330000MB2EEE3357', 'payment', 840, NULL, NULL, NULL, NULL, '2026-11-30 01:53:58.5+00', '12100000MB1EEE018A', NULL),
	('11330000MB0EEE331E', 'payment', 840, '2026-11-30 01:53:58.568+00', NULL, NULL, NULL, '2026-11-30 01:53:58.5+00', '12100000MB1EEE018A', '2026-11-30 01:53:58.569+00'),
	('11330000MB1EEE333T', 'adjudication', 840, NULL, NULL, NULL, NULL, '2026-11-30 01:53:58.922+00', '12100000MB1EEE018A', NULL),
	('11330000MB0EEE331E', 'adjudication', 840, '2026-11-30 01:53:58.959+00', NULL, NULL, NULL, '2026-11-30 01:53:58.922+00', '12100000MB1EEE018A', '2026-11-30 01:53:58.96+00'),
	('11330000MB6EEE332N', 'compensation', 840, NULL, NULL, NULL, NULL, '2026-11-30 01:53:59.017+00', '12100000MB1EEE018A', NULL),
	('11330000MB0EEE331E', 'compensation', 840, '2026-11-30 01:53:59.044+00', NULL, NULL, NULL, '2026-11-30 01:53:59.017+00', '12100000MB1EEE018A', '2026-11-30 01:53:59.045+00'),
	('11330000MB1EEE333T', 'reward', 840, NULL, NULL, NULL, NULL, '2026-11-30 01:53:59.115+00', '12100000MB1EEE018A', NULL),
	('11330000MB0EEE331E', 'reward', 840, '2026-11-30 01:53:59.154+00', NULL, NULL, NULL, '2026-11-30 01:53:59.115+00', '12100000MB1EEE018A', '2026-11-30 01:53:59.156+00'),
	('11330000MB4EEE3390', 'inspection', 840, NULL, NULL, NULL, NULL, '2026-11-30 01:53:59.277+00', '12100000MB1EEE018A', NULL),
	('11330000MB0EEE331E', 'inspection', 840, '2026-11-30 01:53:59.323+00', NULL, NULL, NULL, '2026-11-30 01:53:59.277+00', '12100000MB1EEE018A', '2026-11-30 01:53:59.324+00'),
	('11330000MB0EEE331E', 'commitment', 840, '2026-11-30 01:53:59.518+00', NULL, NULL, NULL, '2026-11-30 01:53:59.48+00', '12100000MB1EEE018A', '2026-11-30 01:53:59.519+00'),
	('11330000MB7EEE3343', 'judicial-record', 840, '2026-11-30 01:53:59.713+00', NULL, NULL, NULL, '2026-11-30 01:53:59.596+00', '12100000MB1EEE018A', '2026-11-30 01:53:59.715+00'),
	('11330000MB1EEE333T', 'complaint', 840, '2026-11-30 01:53:59.9+00', NULL, NULL, NULL, '2026-11-30 01:53:59.839+00', '12100000MB1EEE018A', '2026-11-30 01:53:59.901+00');
INSERT INTO disclosure.voluntary_item VALUES
	('91330106MA0EEE08XT', '025d9109-3d97-31c1-220f-e473b11fe011', 1, '\x62371651f5e320e7285301bafdd11012b6f761a81935db62cf7f544b6aa882ce', '91330106MA0EEE08XT', NULL, NULL, 'VOLUNTARY', NULL, '2026-11-30 01:54:00.956+00', 'GOV_SHARED', NULL, '2027-11-30', NULL, NULL, '33', NULL, NULL, false, '2026-11-30', NULL, '2026-11-30 01:54:00.956+00', 'infinity', '{"title": "助学捐赠", "content": "向示例小学捐赠图书一千册", "authorisation": {"until": "2027-11-30", "purposes": ["CREDIT_GRANTING"], "disclosureLevel": "PUBLIC"}}', NULL, NULL, 'WELFARE', '公益〔2026〕1号', '2026-11-30', 'UNVERIFIED', NULL, NULL, '{CREDIT_GRANTING}');
INSERT INTO entity.clock VALUES
	(true, '2026-11-30 01:54:23.513+00');
INSERT INTO entity.identifier VALUES
	('91330106MA0EEE098T', 'REGISTRATION_NUMBER', '330106100000150'),
	('91330106MA0EEE098T', 'ORGANISATION_CODE', 'MA0EEE098'),
	('91330106MA0EEE08XT', 'ORGANISATION_CODE', 'MA0EEE08X'),
	('91440233MAAEEE0020', 'REGISTRATION_NUMBER', '440233100000729'),
	('91440233MAAEEE0020', 'ORGANISATION_CODE', 'MAAEEE002');
INSERT INTO entity.name VALUES
	('91330106MA0EEE08XT', '杭州市西湖区示例云帆零售有限公司', 'ENTERPRISE', '33'),
	('91330106MA0EEE098T', '杭州市西湖区示例长尾批发有限公司', 'ENTERPRISE', '33'),
	('91440233MAAEEE0020', '韶关市新丰县示例和风庚申化工有限公司', 'ENTERPRISE', '44'),
	('91330106MA0EEE08XT', '示例云帆零售有限公司', 'ENTERPRISE', '33');
INSERT INTO entity.profile VALUES
	('91330106MA0EEE08XT', 'e236d0b7-eec2-71f3-f14f-3f12b3bacca1', 1, '\x4d9d4825a3c313eb3649fc1d1b43b1289f77833866164adf360ab6716639e00c', '11330000MB0EEE331E', '浙江省示例公共信用信息中心', 'E14', 'ENTITY', '70f61763-50b9-462d-9876-d74427af75c7', '2026-11-30 01:53:55.557+00', 'PUBLIC', '2015-08-26', '2099-12-31', NULL, '33', 'F', '11330000MB1EEE333T', false, '2015-08-26', NULL, '2026-11-30 01:53:55.557+00', 'infinity', '{"name": "杭州市西湖区示例云帆零售有限公司", "address": "浙江省杭州市西湖区示例路632号18层", "validTo": "2045-08-26", "capitalFen": "50000000", "capitalText": "50", "identifiers": [{"value": "MA0EEE08X", "scheme": "ORGANISATION_CODE"}], "divisionCode": "330106", "industryCode": "52", "businessScope": "示例经营范围：依法须经批准的项目，经相关部门批准后方可开展经营活动", "establishedOn": "2015-08-26", "localDivision": "330106", "disclosureLevel": "PUBLIC", "registrationAuthorityName": "浙江省示例市场监督管理局", "registrationAuthorityUscc": "11330000MB1EEE333T"}', NULL, '杭州市西湖区示例云帆零售有限公司', 'ENTERPRISE', 'ACTIVE', NULL, NULL, NULL),
	('91330106MA0EEE098T', '1f173a63-e1a9-cc3e-dfa3-513245f1d203', 1, '\x37d70f4874cf522cdefbe0c1fc7d813e713c6b7897db7826c852662754a6dcc1', '11330000MB0EEE331E', '浙江省示例公共信用信息中心', 'E15', 'ENTITY', '70f61763-50b9-462d-9876-d74427af75c7', '2026-11-30 01:53:55.557+00', 'PUBLIC', '2011-06-08', '2099-12-31', NULL, '33', 'F', '11330000MB1EEE333T', false, '2011-06-08', NULL, '2026-11-30 01:53:55.557+00', 'infinity', '{"name": "杭州市西湖区示例长尾批发有限公司", "address": "浙江省杭州市西湖区示例路897号28层", "longTerm": true, "capitalFen": "100000000", "capitalText": "100", "identifiers": [{"value": "330106100000150", "scheme": "REGISTRATION_NUMBER"}, {"value": "MA0EEE098", "scheme": "ORGANISATION_CODE"}], "divisionCode": "330106", "industryCode": "51", "businessScope": "示例经营范围：依法须经批准的项目，经相关部门批准后方可开展经营活动", "establishedOn": "2011-06-08", "localDivision": "330106", "disclosureLevel": "PUBLIC", "registrationAuthorityName": "浙江省示例市场监督管理局", "registrationAuthorityUscc": "11330000MB1EEE333T"}', NULL, '杭州市西湖区示例长尾批发有限公司', 'ENTERPRISE', 'ACTIVE', NULL, NULL, NULL),
	('91440233MAAEEE0020', 'a2008046-956e-d7de-057e-db4ffd5a6a71', 1, '\xaa5874dabbf14f142f01c5b70ddc4700bcb12646a62f03b35245f8665acc0757', '11440000MB0EEE446F', '广东省示例公共信用信息中心', 'E72', 'ENTITY', '70f61763-50b9-462d-9876-d74427af75c7', '2026-11-30 01:53:55.557+00', 'PUBLIC', '2012-06-13', '2099-12-31', NULL, '44', 'C', '11440000MB1EEE448U', false, '2012-06-13', NULL, '2026-11-30 01:53:55.557+00', 'infinity', '{"name": "韶关市新丰县示例和风庚申化工有限公司", "address": "广东省韶关市新丰县示例路375号24层", "longTerm": true, "capitalFen": "50000000", "capitalText": "50", "identifiers": [{"value": "440233100000729", "scheme": "REGISTRATION_NUMBER"}, {"value": "MAAEEE002", "scheme": "ORGANISATION_CODE"}], "divisionCode": "440233", "industryCode": "26", "businessScope": "示例经营范围：依法须经批准的项目，经相关部门批准后方可开展经营活动", "establishedOn": "2012-06-13", "localDivision": "440233", "disclosureLevel": "PUBLIC", "registrationAuthorityName": "广东省示例市场监督管理局", "registrationAuthorityUscc": "11440000MB1EEE448U"}', NULL, '韶关市新丰县示例和风庚申化工有限公司', 'ENTERPRISE', 'ACTIVE', NULL, NULL, NULL),
	('91330106MA0EEE08XT', 'fe03ba58-ea98-207f-8df2-5e19f53c03a3', 1, '\x115ce207f264385482ffd7f8cc71bf8db2125aeea9b9efba50095bb87023dd2e', '11330000MB1EEE333T', '示例登记机关', NULL, 'ENTITY', '611e2417-9ee8-4083-8b55-450ed3a580d6', '2026-11-30 01:54:00.107+00', 'PUBLIC', '2015-05-05', '2099-12-31', NULL, '33', NULL, '11330000MB1EEE333T', false, '2015-05-05', NULL, '2026-11-30 01:54:00.107+00', 'infinity', '{"name": "示例云帆零售有限公司", "divisionCode": "330106", "establishedOn": "2015-05-05", "registrationAuthorityName": "示例登记机关", "registrationAuthorityUscc": "11330000MB1EEE333T"}', NULL, '示例云帆零售有限公司', 'ENTERPRISE', 'ACTIVE', NULL, NULL, NULL);
INSERT INTO entity.source_unit VALUES
	('11330000MB0EEE331E', 'entity', 840, '2026-11-30 01:53:55.441+00', NULL, NULL, NULL, '2026-11-30 01:53:53.815+00', '12100000MB1EEE018A', '2026-11-30 01:53:55.442+00'),
	('11440000MB0EEE446F', 'entity', 840, '2026-11-30 01:53:55.441+00', NULL, NULL, NULL, '2026-11-30 01:53:53.815+00', '12100000MB1EEE018A', '2026-11-30 01:53:55.442+00'),
	('11330000MB1EEE333T', 'entity', 840, '2026-11-30 01:54:00.101+00', NULL, NULL, NULL, '2026-11-30 01:54:00.037+00', '12100000MB1EEE018A', '2026-11-30 01:54:00.104+00');
INSERT INTO evaluation.clock VALUES
	(true, '2026-11-30 01:54:23.513+00', '2026-11-30');
INSERT INTO evaluation.result VALUES
	('91440233MAAEEE0020', '03ed645b-bf15-12fb-3562-29ed74e87494', 1, '\x566f54a2787f235ff4b506ad5f43efb1d1dbb74a19cc391f5a55d47527c2d0f8', '11330000MB1EEE0187', '示例单位', NULL, 'EVALUATION', 'b4ea2a35-6b7a-4a23-8aaf-e7119b62a956', '2026-11-30 01:54:02.109+00', 'PUBLIC', '2026-11-10', '2027-09-26', NULL, '44', NULL, '11330000MB1EEE0187', false, '2026-11-10', '2027-09-27', '2026-11-30 01:54:02.109+00', 'infinity', '{"dataAsOf": "2026-10-31", "validUntil": "2027-09-26", "evaluatorName": "示例评价单位", "evaluatorUscc": "11330000MB1EEE0187", "disclosureLevel": "PUBLIC"}', NULL, 'PUBLIC_CREDIT', '2026', 'A', NULL, NULL, '2026-11-10', NULL, NULL),
	('91330106MA0EEE098T', '25173dc5-6a8c-e6bc-136c-e6cd16ada91f', 1, '\x0bd33d927a207cd4e55bf326085d2108ce9a3817f5bad6b804d47e7de6b8339c', '11330000MB1EEE0187', '示例单位', NULL, 'EVALUATION', 'ae007bda-e5e4-47d9-95cc-7ecad10aba2f', '2026-11-30 01:54:07.465+00', 'PUBLIC', '2026-11-10', '2027-09-26', NULL, '33', NULL, '11330000MB1EEE0187', false, '2026-11-10', '2027-09-27', '2026-11-30 01:54:07.465+00', 'infinity', '{"dataAsOf": "2026-10-31", "validUntil": "2027-09-26", "evaluatorName": "示例评价单位", "evaluatorUscc": "11330000MB1EEE0187", "disclosureLevel": "PUBLIC"}', NULL, 'PUBLIC_CREDIT', '2026', 'B', NULL, NULL, '2026-11-10', NULL, NULL),
	('91330106MA0EEE08XT', 'cb6efa12-8611-a04a-ef85-690e0cf01a78', 1, '\x5bdd36bf97b57cc3f6a4987434835de78ffa0540e2599a6c6cb8088c4f206722', '11330000MB1EEE0187', '示例单位', NULL, 'EVALUATION', 'b4ea2a35-6b7a-4a23-8aaf-e7119b62a956', '2026-11-30 01:54:02.109+00', 'PUBLIC', '2026-11-10', '2027-09-26', NULL, '33', NULL, '11330000MB1EEE0187', false, '2026-11-10', '2027-09-27', '2026-11-30 01:54:02.109+00', '2026-11-30 01:54:10.943+00', '{"dataAsOf": "2026-10-31", "validUntil": "2027-09-26", "evaluatorName": "示例评价单位", "evaluatorUscc": "11330000MB1EEE0187", "disclosureLevel": "PUBLIC"}', NULL, 'PUBLIC_CREDIT', '2026', 'A', NULL, NULL, '2026-11-10', NULL, NULL),
	('91330106MA0EEE08XT', 'cb6efa12-8611-a04a-ef85-690e0cf01a78', 2, '\x760da5eb3284bd63cfb110c4336c37ce73670a8c2c60ee1576976fd6f301a832', '11330000MB1EEE0187', '示例单位', NULL, 'EVALUATION', '767c9111-e1ae-425c-ae6e-eababaee6ce6', '2026-11-30 01:54:02.109+00', 'PUBLIC', '2026-11-10', '2027-09-26', NULL, '33', NULL, '11330000MB1EEE0187', false, '2026-11-10', '2027-09-27', '2026-11-30 01:54:10.943+00', 'infinity', '{"cause": "CORRECTION", "dataAsOf": "2026-10-31", "validUntil": "2027-09-26", "evaluatorName": "示例评价单位", "evaluatorUscc": "11330000MB1EEE0187", "disclosureLevel": "PUBLIC"}', NULL, 'PUBLIC_CREDIT', '2026', 'C', NULL, NULL, '2026-11-10', NULL, NULL),
	('91440233MAAEEE0020', '6002de62-a5e1-08f0-282c-6fa488f1736b', 1, '\x812bb6c24019343b04d821bd550e8bc634eba5946cc775b38ca3c926d8c90a06', '11330000MB1EEE0187', '示例单位', NULL, 'EVALUATION', '767c9111-e1ae-425c-ae6e-eababaee6ce6', '2026-11-30 01:54:10.943+00', 'PUBLIC', '2026-11-28', '2027-09-26', NULL, '44', NULL, '11330000MB1EEE0187', false, '2026-11-28', '2027-09-27', '2026-11-30 01:54:10.943+00', 'infinity', '{"dataAsOf": "2026-11-27", "validUntil": "2027-09-26", "evaluatorName": "示例评价单位", "evaluatorUscc": "11330000MB1EEE0187", "disclosureLevel": "PUBLIC"}', NULL, 'PUBLIC_CREDIT', '2026', 'A', NULL, NULL, '2026-11-28', NULL, NULL);
INSERT INTO evaluation.source_unit VALUES
	('11330000MB1EEE0187', 'evaluation', 840, '2026-11-30 01:54:10.924+00', NULL, NULL, NULL, '2026-11-30 01:54:01.897+00', '12100000MB1EEE018A', '2026-11-30 01:54:02.045+00');
INSERT INTO feed.log VALUES
	(1, 'ENTITY', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:55.557+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '70f61763-50b9-462d-9876-d74427af75c7', 3, '2026-11-30 01:53:55.745+00'),
	(2, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:56.408+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '12515e72-9f93-4b25-96c7-7ae4fe2ba39c', 1, '2026-11-30 01:53:56.499+00'),
	(3, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:57.077+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '0e800765-276a-467b-afd3-91c50c8a6bc7', 1, '2026-11-30 01:53:57.155+00'),
	(4, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:57.561+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'bb10a1c5-fe37-45c0-9c66-f1ff94c3944c', 1, '2026-11-30 01:53:57.623+00'),
	(5, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:58.049+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'f7f528fe-1e41-4d4d-a012-1e56478f47c2', 1, '2026-11-30 01:53:58.086+00'),
	(6, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:58.408+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '6561fb14-5562-4013-ba01-62bc51c0b62a', 1, '2026-11-30 01:53:58.43+00'),
	(7, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:58.573+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'a9ac963a-7874-4a56-809e-51477b70126a', 1, '2026-11-30 01:53:58.609+00'),
	(8, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:58.966+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '6ac5a41f-5c6d-438c-8e72-8bf2be62d6b7', 1, '2026-11-30 01:53:58.985+00'),
	(9, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:59.052+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '79d1eedf-5078-4b72-b122-b0253fe84665', 1, '2026-11-30 01:53:59.069+00'),
	(10, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:59.16+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'ae4d0d77-63db-47cb-b68e-7fff1675d17d', 1, '2026-11-30 01:53:59.21+00'),
	(11, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:59.328+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'f822ddeb-3ed2-4fb7-b718-28e8a56c5732', 1, '2026-11-30 01:53:59.368+00'),
	(12, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:59.53+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'd80c24b1-b7e3-4fc6-ba61-3638a3810112', 1, '2026-11-30 01:53:59.544+00'),
	(13, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:59.724+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '5e8e46aa-a187-46f1-abe9-a6498661775a', 1, '2026-11-30 01:53:59.755+00'),
	(14, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:53:59.92+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '06f909bd-b786-49c2-b547-77f2edae595f', 1, '2026-11-30 01:53:59.949+00'),
	(15, 'ENTITY', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:54:00.107+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '611e2417-9ee8-4083-8b55-450ed3a580d6', 1, '2026-11-30 01:54:00.154+00'),
	(16, 'ACT', 'BATCH', NULL, NULL, NULL, NULL, '2026-11-30 01:54:00.956+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1, '2026-11-30 01:54:00.986+00'),
	(17, 'NAME_LIST', 'ADDED', NULL, '91330106MA0EEE098T', '9b1c8d85-b1b4-a231-c99b-f578177cac46', 1, '2026-11-30 01:54:01.273+00', 'GOV_SHARED', NULL, NULL, NULL, NULL, '33', 'C', '11330000MB1EEE0187', '11330000MB1EEE0187', 'SAMR_SERIOUS', 'SERIOUS', NULL, '{"validFrom": "2026-10-31", "documentNo": "示监〔2026〕2号", "legalBasis": "示例依据"}', NULL, '5e64b1eb-5d5a-4190-9aef-64ab36b32902', 1, '2026-11-30 01:54:01.365+00'),
	(18, 'NAME_LIST', 'ADDED', NULL, '91330106MA0EEE08XT', 'c536974f-0194-c79a-43ca-6badafa0c174', 1, '2026-11-30 01:54:01.727+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, NULL, '33', 'C', '11330000MB1EEE0187', '11330000MB1EEE0187', 'SAMR_SERIOUS', 'SERIOUS', NULL, '{"validFrom": "2026-10-31", "documentNo": "示监〔2026〕1号", "legalBasis": "示例依据"}', NULL, '780851f5-8c0b-47f9-85c1-b556145f4cd7', 1, '2026-11-30 01:54:01.753+00'),
	(19, 'NAME_LIST', 'ADDED', NULL, '91440233MAAEEE0020', 'db1fccd2-ab0d-5d45-3f26-8bde3b52723a', 1, '2026-11-30 01:54:01.727+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, NULL, '44', 'C', '11330000MB1EEE0187', '11330000MB1EEE0187', 'SAMR_SERIOUS', 'SERIOUS', NULL, '{"validFrom": "2026-10-31", "documentNo": "示监〔2026〕3号", "legalBasis": "示例依据"}', NULL, '780851f5-8c0b-47f9-85c1-b556145f4cd7', 1, '2026-11-30 01:54:01.753+00'),
	(20, 'EVALUATION', 'ADDED', NULL, '91330106MA0EEE08XT', 'cb6efa12-8611-a04a-ef85-690e0cf01a78', 1, '2026-11-30 01:54:02.109+00', 'PUBLIC', '2026-11-10', '2027-09-26', NULL, NULL, '33', NULL, '11330000MB1EEE0187', '11330000MB1EEE0187', 'PUBLIC_CREDIT', NULL, NULL, '{"validFrom": "2026-11-10"}', NULL, 'b4ea2a35-6b7a-4a23-8aaf-e7119b62a956', 1, '2026-11-30 01:54:02.226+00'),
	(21, 'EVALUATION', 'ADDED', NULL, '91440233MAAEEE0020', '03ed645b-bf15-12fb-3562-29ed74e87494', 1, '2026-11-30 01:54:02.109+00', 'PUBLIC', '2026-11-10', '2027-09-26', NULL, NULL, '44', NULL, '11330000MB1EEE0187', '11330000MB1EEE0187', 'PUBLIC_CREDIT', NULL, NULL, '{"validFrom": "2026-11-10"}', NULL, 'b4ea2a35-6b7a-4a23-8aaf-e7119b62a956', 1, '2026-11-30 01:54:02.226+00'),
	(22, 'NAME_LIST', 'PRESENT', NULL, '91330106MA0EEE098T', '9b1c8d85-b1b4-a231-c99b-f578177cac46', 1, '2026-11-30 01:54:01.273+00', 'GOV_SHARED', NULL, NULL, NULL, NULL, '33', 'C', '11330000MB1EEE0187', '11330000MB1EEE0187', 'SAMR_SERIOUS', 'SERIOUS', NULL, '{"validFrom": "2026-10-31", "documentNo": "示监〔2026〕2号", "legalBasis": "示例依据"}', '27fd29c0-d7fa-4c45-8c64-2ec5aed5da5f', NULL, 1, '2026-11-30 01:54:02.866+00'),
	(23, 'NAME_LIST', 'PRESENT', NULL, '91330106MA0EEE08XT', 'c536974f-0194-c79a-43ca-6badafa0c174', 1, '2026-11-30 01:54:01.727+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, NULL, '33', 'C', '11330000MB1EEE0187', '11330000MB1EEE0187', 'SAMR_SERIOUS', 'SERIOUS', NULL, '{"validFrom": "2026-10-31", "documentNo": "示监〔2026〕1号", "legalBasis": "示例依据"}', '27fd29c0-d7fa-4c45-8c64-2ec5aed5da5f', NULL, 1, '2026-11-30 01:54:02.866+00'),
	(24, 'EVALUATION', 'PRESENT', NULL, '91330106MA0EEE08XT', 'cb6efa12-8611-a04a-ef85-690e0cf01a78', 1, '2026-11-30 01:54:02.109+00', 'PUBLIC', '2026-11-10', '2027-09-26', NULL, NULL, '33', NULL, '11330000MB1EEE0187', '11330000MB1EEE0187', 'PUBLIC_CREDIT', NULL, NULL, '{"validFrom": "2026-11-10"}', '27fd29c0-d7fa-4c45-8c64-2ec5aed5da5f', NULL, 1, '2026-11-30 01:54:02.866+00'),
	(25, 'NAME_LIST', 'ADDED', NULL, '91330106MA0EEE08XT', 'c7bee5c4-2477-b265-34b9-2bed764a7716', 1, '2026-11-30 01:54:06.829+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, NULL, '33', 'C', '11330000MB1EEE0187', '11330000MB1EEE0187', 'SAMR_SERIOUS', 'SERIOUS', NULL, '{"validFrom": "2026-10-31", "documentNo": "示监〔2026〕4号", "legalBasis": "示例依据"}', NULL, '28762157-f8df-41a3-9a57-11f5b2056763', 1, '2026-11-30 01:54:06.892+00'),
	(26, 'EVALUATION', 'ADDED', NULL, '91330106MA0EEE098T', '25173dc5-6a8c-e6bc-136c-e6cd16ada91f', 1, '2026-11-30 01:54:07.465+00', 'PUBLIC', '2026-11-10', '2027-09-26', NULL, NULL, '33', NULL, '11330000MB1EEE0187', '11330000MB1EEE0187', 'PUBLIC_CREDIT', NULL, NULL, '{"validFrom": "2026-11-10"}', NULL, 'ae007bda-e5e4-47d9-95cc-7ecad10aba2f', 1, '2026-11-30 01:54:07.492+00'),
	(27, 'NAME_LIST', 'CORRECTED', NULL, '91330106MA0EEE08XT', 'c536974f-0194-c79a-43ca-6badafa0c174', 2, '2026-11-30 01:54:09.098+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, NULL, '33', 'C', '11330000MB1EEE0187', '11330000MB1EEE0187', 'SAMR_SERIOUS', 'SERIOUS', '{"type": "SAMR_SERIOUS", "sector": "C", "category": "SERIOUS", "province": "33", "erased_at": null, "public_from": "2026-10-31", "source_unit": "11330000MB1EEE0187", "public_until": "2099-12-31", "withdrawn_on": null, "determining_unit": "11330000MB1EEE0187", "disclosure_level": "PUBLIC"}', '{"validFrom": "2026-10-31", "documentNo": "示监〔2026〕1号", "legalBasis": "示例依据"}', NULL, '564b0bd7-49ab-4e49-beac-54dcd231ac59', 1, '2026-11-30 01:54:09.181+00'),
	(28, 'NAME_LIST', 'WITHDRAWN', 'REPAIRED', '91330106MA0EEE08XT', 'c7bee5c4-2477-b265-34b9-2bed764a7716', 2, '2026-11-30 01:54:09.525+00', 'PUBLIC', '2026-10-31', '2026-11-29', '2026-11-29', NULL, '33', 'C', '11330000MB1EEE0187', '11330000MB1EEE0187', 'SAMR_SERIOUS', 'SERIOUS', '{"type": "SAMR_SERIOUS", "sector": "C", "category": "SERIOUS", "province": "33", "erased_at": null, "public_from": "2026-10-31", "source_unit": "11330000MB1EEE0187", "public_until": "2099-12-31", "withdrawn_on": null, "determining_unit": "11330000MB1EEE0187", "disclosure_level": "PUBLIC"}', '{"validFrom": "2026-10-31", "documentNo": "示监〔2026〕4号", "legalBasis": "示例依据"}', NULL, '06f0e66f-d091-439f-9079-6fa2e6e9b7c2', 1, '2026-11-30 01:54:09.546+00'),
	(29, 'NAME_LIST', 'ADDED', NULL, '91330106MA0EEE098T', '23f47c71-f16c-5d1a-2da1-4bf9e4c64090', 1, '2026-11-30 01:54:10.042+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, NULL, '33', 'C', '11330000MB1EEE0187', '11330000MB1EEE0187', 'SAMR_SERIOUS', 'SERIOUS', NULL, '{"validFrom": "2026-10-31", "documentNo": "示监〔2026〕5号", "legalBasis": "示例依据"}', NULL, '461681ba-a8a6-4d4a-9dd5-7a5452dd0b7d', 1, '2026-11-30 01:54:10.084+00'),
	(30, 'NAME_LIST', 'ADDED', NULL, '91440233MAAEEE0020', 'fe4c31da-2570-6761-bee6-9fb8317c63f7', 1, '2026-11-30 01:54:10.042+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, NULL, '44', 'C', '11330000MB1EEE0187', '11330000MB1EEE0187', 'SAMR_SERIOUS', 'SERIOUS', NULL, '{"validFrom": "2026-10-31", "documentNo": "示监〔2026〕6号", "legalBasis": "示例依据"}', NULL, '461681ba-a8a6-4d4a-9dd5-7a5452dd0b7d', 1, '2026-11-30 01:54:10.084+00'),
	(31, 'NAME_LIST', 'CORRECTED', NULL, '91330106MA0EEE098T', '9b1c8d85-b1b4-a231-c99b-f578177cac46', 2, '2026-11-30 01:54:10.48+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, NULL, '33', 'C', '11330000MB1EEE0187', '11330000MB1EEE0187', 'SAMR_SERIOUS', 'SERIOUS', '{"type": "SAMR_SERIOUS", "sector": "C", "category": "SERIOUS", "province": "33", "erased_at": null, "public_from": null, "source_unit": "11330000MB1EEE0187", "public_until": null, "withdrawn_on": null, "determining_unit": "11330000MB1EEE0187", "disclosure_level": "GOV_SHARED"}', '{"validFrom": "2026-10-31", "documentNo": "示监〔2026〕2号", "legalBasis": "示例依据"}', NULL, 'dae9acfc-0d32-4d96-add7-ba97e5331b53', 1, '2026-11-30 01:54:10.512+00'),
	(32, 'EVALUATION', 'CORRECTED', NULL, '91330106MA0EEE08XT', 'cb6efa12-8611-a04a-ef85-690e0cf01a78', 2, '2026-11-30 01:54:10.943+00', 'PUBLIC', '2026-11-10', '2027-09-26', NULL, NULL, '33', NULL, '11330000MB1EEE0187', '11330000MB1EEE0187', 'PUBLIC_CREDIT', NULL, '{"type": "PUBLIC_CREDIT", "sector": null, "category": null, "province": "33", "erased_at": null, "public_from": "2026-11-10", "source_unit": "11330000MB1EEE0187", "public_until": "2027-09-26", "withdrawn_on": null, "determining_unit": "11330000MB1EEE0187", "disclosure_level": "PUBLIC"}', '{"cause": "CORRECTION", "validFrom": "2026-11-10"}', NULL, '767c9111-e1ae-425c-ae6e-eababaee6ce6', 1, '2026-11-30 01:54:11.022+00'),
	(33, 'EVALUATION', 'ADDED', NULL, '91440233MAAEEE0020', '6002de62-a5e1-08f0-282c-6fa488f1736b', 1, '2026-11-30 01:54:10.943+00', 'PUBLIC', '2026-11-28', '2027-09-26', NULL, NULL, '44', NULL, '11330000MB1EEE0187', '11330000MB1EEE0187', 'PUBLIC_CREDIT', NULL, NULL, '{"validFrom": "2026-11-28"}', NULL, '767c9111-e1ae-425c-ae6e-eababaee6ce6', 1, '2026-11-30 01:54:11.022+00');
INSERT INTO feed.sequencer VALUES
	(true, 1, NULL, 33, 0, '2026-11-30 01:54:23.391+00');
INSERT INTO gateway.export VALUES
	('3dde371f-e8e2-449d-ad75-51f0ca839089', '11330000MB0EEE331E', 'PROVINCIAL_PLATFORM', '33', NULL, 'SUPERVISION', 'NAME_LIST', '{"provinces": ["33"]}', 'COMPLETED', '2026-11-30 01:54:04.455+00', '2026-11-30', '24', '{
  recordId
  version
  subject {
    uscc
  }
  entry {
    id
    documentNo
    grounds
    listedOn
  }
}', 2, NULL, NULL, '2026-11-30 01:54:04.473+00', '2026-12-07 01:54:04.473+00');
INSERT INTO gateway.export_part VALUES
	('3dde371f-e8e2-449d-ad75-51f0ca839089', 1, '', '00000000-0000-0000-0000-000000000000', '91330106MA0EEE098T', '9b1c8d85-b1b4-a231-c99b-f578177cac46', 2, 732, '\x2889f7a1ea25e96707aed6f5fcce0b3ab2997f6c38611f4d5b8589243d09c9c5');
INSERT INTO gateway.filing VALUES
	('5e8e46aa-a187-46f1-abe9-a6498661775a', '12100000MB1EEE018A', 'judicial-record', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:59.605+00', '2026-11-30 01:53:59.773+00', '{"rows": 1, "added": 1, "digest": "676169fde2dfc72d89fc7bae6d6d662c9c1eb9692a218bf5e7461cf3a61d201f", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('70f61763-50b9-462d-9876-d74427af75c7', '12100000MB1EEE018A', 'entity', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:55.204+00', '2026-11-30 01:53:55.989+00', '{"rows": 3, "added": 3, "digest": "802d3081e61978fa19737b9e88f4723a2b3b356f1d7e2d90080d46e85041fa35", "warned": 3, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('12515e72-9f93-4b25-96c7-7ae4fe2ba39c', '12100000MB1EEE018A', 'licence', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:56.308+00', '2026-11-30 01:53:56.655+00', '{"rows": 1, "added": 1, "digest": "34355c7f003aa7d963ba44a0dd1cd1dd8da8b134e15ed845c991d4ed71e20dba", "warned": 1, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('b4ea2a35-6b7a-4a23-8aaf-e7119b62a956', '12100000MB1EEE018A', 'evaluation', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:54:01.964+00', '2026-11-30 01:54:02.32+00', '{"rows": 2, "added": 2, "digest": "754b6d8a4ff416ca01fbacff6d2c32531f199a6598c3be32d63ff5313e98ec34", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('0e800765-276a-467b-afd3-91c50c8a6bc7', '12100000MB1EEE018A', 'penalty', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:56.85+00', '2026-11-30 01:53:57.279+00', '{"rows": 1, "added": 1, "digest": "228f5d4d3ef0a98ec4214a5bdd862589aedf45026fdc541dbe8226069104c666", "warned": 1, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('06f909bd-b786-49c2-b547-77f2edae595f', '12100000MB1EEE018A', 'complaint', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:59.851+00', '2026-11-30 01:54:00.01+00', '{"rows": 1, "added": 1, "digest": "facd8b10f5067a280cc7c4fb7314a7d7f4f1e7cacda4dbfdc271fbeb4f603557", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('bb10a1c5-fe37-45c0-9c66-f1ff94c3944c', '12100000MB1EEE018A', 'compulsion', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:57.477+00', '2026-11-30 01:53:57.747+00', '{"rows": 1, "added": 1, "digest": "d0e836202893dd8750b5bdc3b15728e43d836f715cc3c82b4a6f8b32becd76ec", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('f7f528fe-1e41-4d4d-a012-1e56478f47c2', '12100000MB1EEE018A', 'confirmation', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:57.915+00', '2026-11-30 01:53:58.223+00', '{"rows": 1, "added": 1, "digest": "dfc4db7e9236c541f3df2b818fe67c5e6c8b5ea59483881dd8c1260365dcd7b8", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('6561fb14-5562-4013-ba01-62bc51c0b62a', '12100000MB1EEE018A', 'levy', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:58.372+00', '2026-11-30 01:53:58.45+00', '{"rows": 1, "added": 1, "digest": "dc6b3b807dcdc3156d36adbe673822119e75f732dc910d778bf5cb6070a23804", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('611e2417-9ee8-4083-8b55-450ed3a580d6', '12100000MB1EEE018A', 'entity', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:54:00.056+00', '2026-11-30 01:54:00.194+00', '{"rows": 1, "added": 1, "digest": "0e9b2bba7d4077b2f67e4a4da1758e12786c192a0c9cef9ae0037be766077675", "warned": 1, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('a9ac963a-7874-4a56-809e-51477b70126a', '12100000MB1EEE018A', 'payment', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:58.514+00', '2026-11-30 01:53:58.619+00', '{"rows": 1, "added": 1, "digest": "900504f5089ad7363829bbd9d187dd15a76d77891ab94ce2c97b0a82db8f5e1d", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('6ac5a41f-5c6d-438c-8e72-8bf2be62d6b7', '12100000MB1EEE018A', 'adjudication', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:58.936+00', '2026-11-30 01:53:58.996+00', '{"rows": 1, "added": 1, "digest": "d36ebc2d7cf1698a9fb827b31d79e42708adc337ddd274f1a706ecc23dc95db8", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('79d1eedf-5078-4b72-b122-b0253fe84665', '12100000MB1EEE018A', 'compensation', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:59.023+00', '2026-11-30 01:53:59.08+00', '{"rows": 1, "added": 1, "digest": "6358200634bea34e5ab61dec92c8357163ed3df17bae7b70c46396df3c1d2806", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('5e64b1eb-5d5a-4190-9aef-64ab36b32902', '12100000MB1EEE018A', 'name-list', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:54:01.096+00', '2026-11-30 01:54:01.471+00', '{"rows": 1, "added": 1, "digest": "2eb05035e5c9d7c2f90c3c873947293310405fa604ea4b1b2ee0ea46611b0671", "warned": 1, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('ae4d0d77-63db-47cb-b68e-7fff1675d17d', '12100000MB1EEE018A', 'reward', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:59.125+00', '2026-11-30 01:53:59.234+00', '{"rows": 1, "added": 1, "digest": "988eb1ab808a0285414f6463fb905aff1cb22be859acaf7c192ca24dbb22c493", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('f822ddeb-3ed2-4fb7-b718-28e8a56c5732', '12100000MB1EEE018A', 'inspection', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:59.282+00', '2026-11-30 01:53:59.425+00', '{"rows": 1, "added": 1, "digest": "4ca11d5b0b707a2bfdf2e0dcd5d134b0f5a85b44acbbd01e541f5e0e4a5a64eb", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('28762157-f8df-41a3-9a57-11f5b2056763', '12100000MB1EEE018A', 'name-list', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:54:06.596+00', '2026-11-30 01:54:07.091+00', '{"rows": 1, "added": 1, "digest": "9e8bf3190ddff564f3fa00e2cbbea302518d5251fafa64fabfbec1fb383fdca1", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('d80c24b1-b7e3-4fc6-ba61-3638a3810112', '12100000MB1EEE018A', 'commitment', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:53:59.489+00', '2026-11-30 01:53:59.565+00', '{"rows": 1, "added": 1, "digest": "a33d5c60456fe173498508d875b0ba396a55e4cf3faf87839191eb628e42f8aa", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('780851f5-8c0b-47f9-85c1-b556145f4cd7', '12100000MB1EEE018A', 'name-list', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:54:01.58+00', '2026-11-30 01:54:01.775+00', '{"rows": 2, "added": 2, "digest": "2895d79d7744964e87ac0372625ac1432f5487742bb1786ad8d0cb1d221f6f48", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('ae007bda-e5e4-47d9-95cc-7ecad10aba2f', '12100000MB1EEE018A', 'evaluation', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:54:07.324+00', '2026-11-30 01:54:07.605+00', '{"rows": 1, "added": 1, "digest": "a634ef8186f919fc3ea3ce703a27d2e7134f424faae8b48e1d924c7ecdc728d2", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('564b0bd7-49ab-4e49-beac-54dcd231ac59', '12100000MB1EEE018A', 'name-list', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:54:08.996+00', '2026-11-30 01:54:09.311+00', '{"rows": 1, "added": 0, "digest": "612772756abc8ee31d3665648f28f500f33eede26bcf6ba144e2c9a90d97d8f9", "warned": 0, "rejected": 0, "corrected": 1, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('06f0e66f-d091-439f-9079-6fa2e6e9b7c2', '12100000MB1EEE018A', 'name-list', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:54:09.417+00', '2026-11-30 01:54:09.661+00', '{"rows": 1, "added": 0, "digest": "87b50b143520a83a0d6f0f3359938398c5fc2de0761b2905dec00921592da67c", "warned": 0, "rejected": 0, "corrected": 1, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('461681ba-a8a6-4d4a-9dd5-7a5452dd0b7d', '12100000MB1EEE018A', 'name-list', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:54:09.848+00', '2026-11-30 01:54:10.168+00', '{"rows": 2, "added": 2, "digest": "4541739f4039c5c66e4745383e99e34107884d2c6e4e348a9eae61cc95c9ab3d", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('dae9acfc-0d32-4d96-add7-ba97e5331b53', '12100000MB1EEE018A', 'name-list', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:54:10.342+00', '2026-11-30 01:54:10.614+00', '{"rows": 1, "added": 0, "digest": "be6250facda3a6d235919a987e3dc16e2565da35a2c4295bcb823818440e63d3", "warned": 0, "rejected": 0, "corrected": 1, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL),
	('767c9111-e1ae-425c-ae6e-eababaee6ce6', '12100000MB1EEE018A', 'evaluation', 'NDJSON', 'COMPLETED', 1, '2026-11-30 01:54:10.763+00', '2026-11-30 01:54:11.211+00', '{"rows": 2, "added": 1, "digest": "a42588f2a389f13be226ba16ca46384379e31a8ef5e63906c28fcc29aef460b1", "warned": 0, "rejected": 0, "corrected": 1, "unchanged": 0}', 'ADD', NULL, NULL, NULL, NULL, NULL);
INSERT INTO gateway.filing_part VALUES
	('70f61763-50b9-462d-9876-d74427af75c7', 1, '\x64faf38e2e8fcc2b5d6785a66eac7dd2671608db776288dbe1e2e5944412b51c', '{"rows": 3, "added": 3, "digest": "64faf38e2e8fcc2b5d6785a66eac7dd2671608db776288dbe1e2e5944412b51c", "warned": 3, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:55.628+00'),
	('12515e72-9f93-4b25-96c7-7ae4fe2ba39c', 1, '\x815d34f7cbeaf719998cf39d70d3b99af38fa1952c0b98eb4fadc19039cfec99', '{"rows": 1, "added": 1, "digest": "815d34f7cbeaf719998cf39d70d3b99af38fa1952c0b98eb4fadc19039cfec99", "warned": 1, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:56.465+00'),
	('0e800765-276a-467b-afd3-91c50c8a6bc7', 1, '\x8ae03eeb0c532fe96ddbd6f1ef6bbfd664253e7a7eab96bca857e661e11a0db8', '{"rows": 1, "added": 1, "digest": "8ae03eeb0c532fe96ddbd6f1ef6bbfd664253e7a7eab96bca857e661e11a0db8", "warned": 1, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:57.137+00'),
	('bb10a1c5-fe37-45c0-9c66-f1ff94c3944c', 1, '\xf0ccb1d3dd60eecf99a285b774ce73d2de4f1331e4c51a7ad7cdf9d1090b3593', '{"rows": 1, "added": 1, "digest": "f0ccb1d3dd60eecf99a285b774ce73d2de4f1331e4c51a7ad7cdf9d1090b3593", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:57.609+00'),
	('f7f528fe-1e41-4d4d-a012-1e56478f47c2', 1, '\x990715a307e74200f7a475a493efa39d76a7ab4c55dd2a5c592e35e0a85aa872', '{"rows": 1, "added": 1, "digest": "990715a307e74200f7a475a493efa39d76a7ab4c55dd2a5c592e35e0a85aa872", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:58.077+00'),
	('6561fb14-5562-4013-ba01-62bc51c0b62a', 1, '\xe55f3f42f47b126d45d97f4a45b133a857d191145e460976c24092330ee41fff', '{"rows": 1, "added": 1, "digest": "e55f3f42f47b126d45d97f4a45b133a857d191145e460976c24092330ee41fff", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:58.42+00'),
	('a9ac963a-7874-4a56-809e-51477b70126a', 1, '\x697cd23dbe5ab88a4928acde480729c58e4984ff7113d74a4bb9b19ccb532b0f', '{"rows": 1, "added": 1, "digest": "697cd23dbe5ab88a4928acde480729c58e4984ff7113d74a4bb9b19ccb532b0f", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:58.583+00'),
	('6ac5a41f-5c6d-438c-8e72-8bf2be62d6b7', 1, '\xe8a14bc972a4be406eb75e7e4454f3b443c2aa23d0b13381c430f84f57aea211', '{"rows": 1, "added": 1, "digest": "e8a14bc972a4be406eb75e7e4454f3b443c2aa23d0b13381c430f84f57aea211", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:58.977+00'),
	('79d1eedf-5078-4b72-b122-b0253fe84665', 1, '\xd391f452cbfb435b214ac2a1d9e5b2e5183ce751562a80512dab39fba1b1d23f', '{"rows": 1, "added": 1, "digest": "d391f452cbfb435b214ac2a1d9e5b2e5183ce751562a80512dab39fba1b1d23f", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:59.06+00'),
	('ae4d0d77-63db-47cb-b68e-7fff1675d17d', 1, '\x9262f9b3ff067de753ed16eadb8efdec0eceebedff0ff79ae42205535527beba', '{"rows": 1, "added": 1, "digest": "9262f9b3ff067de753ed16eadb8efdec0eceebedff0ff79ae42205535527beba", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:59.209+00'),
	('f822ddeb-3ed2-4fb7-b718-28e8a56c5732', 1, '\x06a3939b1eb3cbc6b59601652e8ba01deb7f3627aadc5e533b9dc33682a04f29', '{"rows": 1, "added": 1, "digest": "06a3939b1eb3cbc6b59601652e8ba01deb7f3627aadc5e533b9dc33682a04f29", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:59.351+00'),
	('d80c24b1-b7e3-4fc6-ba61-3638a3810112', 1, '\x5c8d8441e518e0afa578019c242b93fe227c1f52af692b3473d506d18c77bce9', '{"rows": 1, "added": 1, "digest": "5c8d8441e518e0afa578019c242b93fe227c1f52af692b3473d506d18c77bce9", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:59.538+00'),
	('5e8e46aa-a187-46f1-abe9-a6498661775a', 1, '\xc92f862df7598c93bc369202b299b59ea19a6e5b62a7579896d2fdefc621b39c', '{"rows": 1, "added": 1, "digest": "c92f862df7598c93bc369202b299b59ea19a6e5b62a7579896d2fdefc621b39c", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:59.752+00'),
	('06f909bd-b786-49c2-b547-77f2edae595f', 1, '\x37e0fa893a26bc7a3437c33c5c52764796cbde9f799f1bc82a8121010e56ac6d', '{"rows": 1, "added": 1, "digest": "37e0fa893a26bc7a3437c33c5c52764796cbde9f799f1bc82a8121010e56ac6d", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:53:59.939+00'),
	('611e2417-9ee8-4083-8b55-450ed3a580d6', 1, '\x1a3e5d4357e5ed74f9f39892455baad202e574fcd4ddf3183ec80d3ba218efd7', '{"rows": 1, "added": 1, "digest": "1a3e5d4357e5ed74f9f39892455baad202e574fcd4ddf3183ec80d3ba218efd7", "warned": 1, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:54:00.142+00'),
	('5e64b1eb-5d5a-4190-9aef-64ab36b32902', 1, '\xf6a22bd9c494eeb79f076c43a47d7e868eda1b1c05d13d83c7afb9fc6e4ef0e3', '{"rows": 1, "added": 1, "digest": "f6a22bd9c494eeb79f076c43a47d7e868eda1b1c05d13d83c7afb9fc6e4ef0e3", "warned": 1, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:54:01.353+00'),
	('780851f5-8c0b-47f9-85c1-b556145f4cd7', 1, '\x74f7506c492a86aba0df2fff16e15f4259d0c9f533a0a0852e6628001b3a6bd3', '{"rows": 2, "added": 2, "digest": "74f7506c492a86aba0df2fff16e15f4259d0c9f533a0a0852e6628001b3a6bd3", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:54:01.743+00'),
	('b4ea2a35-6b7a-4a23-8aaf-e7119b62a956', 1, '\x8211c4b58256099250cd44fcffcc6181623d0f6f4666c50a102b98c52de2f83f', '{"rows": 2, "added": 2, "digest": "8211c4b58256099250cd44fcffcc6181623d0f6f4666c50a102b98c52de2f83f", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:54:02.18+00'),
	('28762157-f8df-41a3-9a57-11f5b2056763', 1, '\xa2e9cc1aeb43d595cf9cc9523499cce872e538f24ca1ff4d574a14ee33dd08df', '{"rows": 1, "added": 1, "digest": "a2e9cc1aeb43d595cf9cc9523499cce872e538f24ca1ff4d574a14ee33dd08df", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:54:06.874+00'),
	('ae007bda-e5e4-47d9-95cc-7ecad10aba2f', 1, '\x3c496341bcd1da13ab68e3a5bd3eae9ef625af55de31d0059d50e14f1103b0a4', '{"rows": 1, "added": 1, "digest": "3c496341bcd1da13ab68e3a5bd3eae9ef625af55de31d0059d50e14f1103b0a4", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:54:07.488+00'),
	('564b0bd7-49ab-4e49-beac-54dcd231ac59', 1, '\x9e66fad373aba7b2f8fc6a3039ece5da1188f3943e28f8b0b7706f98069b36dc', '{"rows": 1, "added": 0, "digest": "9e66fad373aba7b2f8fc6a3039ece5da1188f3943e28f8b0b7706f98069b36dc", "warned": 0, "rejected": 0, "corrected": 1, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:54:09.14+00'),
	('06f0e66f-d091-439f-9079-6fa2e6e9b7c2', 1, '\x6f37d7fbd038fcaad90467803f28c64e2877fff52465e3586b7755a0b7261c66', '{"rows": 1, "added": 0, "digest": "6f37d7fbd038fcaad90467803f28c64e2877fff52465e3586b7755a0b7261c66", "warned": 0, "rejected": 0, "corrected": 1, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:54:09.545+00'),
	('461681ba-a8a6-4d4a-9dd5-7a5452dd0b7d', 1, '\x9fb3467bf92486546ce35b5258197e2343b1339debde196ef334d1b1592d7070', '{"rows": 2, "added": 2, "digest": "9fb3467bf92486546ce35b5258197e2343b1339debde196ef334d1b1592d7070", "warned": 0, "rejected": 0, "corrected": 0, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:54:10.063+00'),
	('dae9acfc-0d32-4d96-add7-ba97e5331b53', 1, '\x8dc53b1f74fc5d6e0acad75147165156eb121d3d3d69a88ab55741f19e7b3d3b', '{"rows": 1, "added": 0, "digest": "8dc53b1f74fc5d6e0acad75147165156eb121d3d3d69a88ab55741f19e7b3d3b", "warned": 0, "rejected": 0, "corrected": 1, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:54:10.508+00'),
	('767c9111-e1ae-425c-ae6e-eababaee6ce6', 1, '\x2816748b127612466d70cf2d327e064566ccc5206e0d7944068b558f895d9c63', '{"rows": 2, "added": 1, "digest": "2816748b127612466d70cf2d327e064566ccc5206e0d7944068b558f895d9c63", "warned": 0, "rejected": 0, "corrected": 1, "unchanged": 0, "rejectedRows": []}', '2026-11-30 01:54:11.007+00');
INSERT INTO gateway."grant" VALUES
	('0fce9417-8ca1-4174-b5bd-3c2fbb02a4f8', '91110000MA0EEE071H', 'OPERATOR', NULL, NULL, '2026-11-30 01:53:51.775+00', NULL, 'bootstrap'),
	('a72fb243-5437-4182-8e6f-1c4e2fa20961', '91330106MA0EEE08XT', 'SUBJECT', NULL, NULL, '2026-11-30 01:52:53.546+00', NULL, 'test'),
	('cda3d2f9-00bb-467c-bf6f-febe7a2927d4', '11330000MB0EEE331E', 'PROVINCIAL_PLATFORM', '33', NULL, '2026-11-30 01:52:53.588+00', NULL, 'test'),
	('39e2af7f-6837-4146-b0ef-95eabbbebf4b', '11330000MB1EEE333T', 'SECTOR_REGULATOR', NULL, 'F', '2026-11-30 01:52:53.609+00', NULL, 'test'),
	('4be7a351-28fa-4d60-ae27-280403bf108f', '11330000MB2EEE3357', 'DETERMINING_UNIT', NULL, NULL, '2026-11-30 01:52:53.641+00', NULL, 'test'),
	('3208c42b-5ff4-4ca9-87f8-057b4e484b5b', '11330000MB5EEE330A', 'IMPLEMENTER', '33', NULL, '2026-11-30 01:52:53.672+00', NULL, 'test'),
	('3417ddda-4a53-444f-8352-cd0dbd998783', '91330000MA0EEE020Y', 'FINANCIAL_INSTITUTION', NULL, NULL, '2026-11-30 01:52:53.685+00', NULL, 'test'),
	('075a9a19-53a1-4821-bd11-69c00970e568', '91310000MA0EEE039K', 'CREDIT_SERVICE_AGENCY', NULL, NULL, '2026-11-30 01:52:53.716+00', NULL, 'test'),
	('df51b945-1de2-4d9b-ac76-3b03fc6ec7c1', '51330000MJ0EEE04XF', 'INDUSTRY_ASSOCIATION', NULL, NULL, '2026-11-30 01:52:53.73+00', NULL, 'test'),
	('9b7f09f9-46f6-4ce5-a217-f3a9658362cc', '52110000MJ0EEE058N', 'ASSESSOR', NULL, NULL, '2026-11-30 01:52:53.744+00', NULL, 'test'),
	('b3d8f8b6-7d69-48a9-a6d4-905c479a75ad', '11330000MB8EEE336F', 'AUDITOR', NULL, NULL, '2026-11-30 01:52:53.753+00', NULL, 'test'),
	('b9c3ceea-3c2c-4df2-8c10-78d1075353fe', '12100000MB1EEE018A', 'NATIONAL_CENTRE', NULL, NULL, '2026-11-30 01:52:53.759+00', NULL, 'test'),
	('9a833a95-e95a-4b65-8050-e967efa553a0', '11100000MB0EEE0679', 'RULE_KEEPER', NULL, NULL, '2026-11-30 01:52:53.764+00', NULL, 'test');
INSERT INTO gateway.idempotency VALUES
	('91330000MA0EEE020Y', 'createWatchlist', 'held-watchlist', '\x13766d3cd068b1e3bae22d829d346e1d22852fe6fa120d334a0258d880eb7163', '"27fd29c0-d7fa-4c45-8c64-2ec5aed5da5f"', '2026-11-30 01:54:02.605+00'),
	('11330000MB0EEE331E', 'createExport', 'held-export', '\xedf06c25a539ab7a15a2fc88b5e0dfb677ea547d3e800c93601ebb9905490d2e', '"3dde371f-e8e2-449d-ad75-51f0ca839089"', '2026-11-30 01:54:04.463+00'),
	('91330000MA0EEE020Y', 'createWebhook', 'held-webhook', '\x27f42e5d751ad22fb051490cc15060bf89f7beb55f42014fd9cb0536e8e035b2', '{"id": "a5c4103f-6e6a-4629-8cfc-98428b04f5f3", "secret": "BGhlbGT9Z6VxYdrdA4alxLfLNQho3JhmlJzIhPCHznoxy+wth8iCHWpiXTyflneZMkwh0aICJBShD0qKar4pUsy5lZGxdCYKO/BiTNpuJs7vFn8="}', '2026-11-30 01:54:06.053+00');
INSERT INTO gateway.watchlist VALUES
	('27fd29c0-d7fa-4c45-8c64-2ec5aed5da5f', '91330000MA0EEE020Y', 'FINANCIAL_INSTITUTION', '示例关注名单', 2, '2026-11-30 01:54:02.62+00');
INSERT INTO gateway.watchlist_item VALUES
	('27fd29c0-d7fa-4c45-8c64-2ec5aed5da5f', '91330106MA0EEE08XT', '2026-11-30 01:54:02.732+00', '2026-11-30 01:54:02.86+00'),
	('27fd29c0-d7fa-4c45-8c64-2ec5aed5da5f', '91330106MA0EEE098T', '2026-11-30 01:54:02.732+00', '2026-11-30 01:54:02.86+00');
INSERT INTO gateway.webhook VALUES
	('a5c4103f-6e6a-4629-8cfc-98428b04f5f3', '91330000MA0EEE020Y', 'FINANCIAL_INSTITUTION', 'CREDIT_GRANTING', 'http://127.0.0.1:42561/hooks', 'NAME_LIST', '{"watchlist": "27fd29c0-d7fa-4c45-8c64-2ec5aed5da5f"}', '\x0468656c64fd67a57161dadd0386a5c4b7cb350868dc9866949cc884f087ce7a31cbec2d87c8821d6a625d3c9f967799324c21d1a2022414a10f4a8a6abe2952ccb99591b174260a3bf0624cda6e26ceef167f', NULL, NULL, 'ACTIVE', NULL, '26 26 26', 2, '2026-11-30 01:54:10.013+00', '2026-11-30 01:54:43.091+00', NULL, '2026-11-30 01:54:06.073+00');
INSERT INTO gateway.webhook_delivery VALUES
	('9bbbf4ff-3180-438b-8433-6836f0354d26', 'a5c4103f-6e6a-4629-8cfc-98428b04f5f3', '2026-11-30 01:54:07.201+00', 200, 'DELIVERED', 1, '{"at": "2026-11-30T01:54:07.016Z", "type": "nameListChanges", "cursor": "held.DIQVPkO2FnxIc-CzEZp2PLKJRLAYxPOqz3Ta3z6eY0klWa0UspBOVkGGMKurh6atb-aEoxg", "webhook": "a5c4103f-6e6a-4629-8cfc-98428b04f5f3"}', 146),
	('90cb13da-7c79-466d-9cf1-3d158346b89a', 'a5c4103f-6e6a-4629-8cfc-98428b04f5f3', '2026-11-30 01:54:10.023+00', 503, 'REJECTED', 1, '{"at": "2026-11-30T01:54:10.013Z", "type": "nameListChanges", "cursor": "held.FkHByPNcopDd7auxiJjb2jTfnI6UEEjh5rPU-YP7NPiMT2o-PYdpEcdFmk2eC2HI-0WXXQ4", "webhook": "a5c4103f-6e6a-4629-8cfc-98428b04f5f3"}', 9),
	('2bc83fd0-6809-4887-b208-9dc078d4246d', 'a5c4103f-6e6a-4629-8cfc-98428b04f5f3', '2026-11-30 01:54:15.055+00', 503, 'REJECTED', 2, '{"at": "2026-11-30T01:54:10.013Z", "type": "nameListChanges", "cursor": "held.FkHByPNcopDd7auxiJjb2jTfnI6UEEjh5rPU-YP7NPiMT2o-PYdpEcdFmk2eC2HI-0WXXQ4", "webhook": "a5c4103f-6e6a-4629-8cfc-98428b04f5f3"}', 13);
INSERT INTO namelist.clock VALUES
	(true, '2026-11-30 01:54:23.512+00', '2026-11-30');
INSERT INTO namelist.entry VALUES
	('91440233MAAEEE0020', 'db1fccd2-ab0d-5d45-3f26-8bde3b52723a', 1, '\xa6d8b4d2102e63e27ed7654cfa3021729d9c519d78e39acf0cc2cda74d3d251a', '11330000MB1EEE0187', '示例认定机关', NULL, 'NAME_LIST', '780851f5-8c0b-47f9-85c1-b556145f4cd7', '2026-11-30 01:54:01.727+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, '44', 'C', '11330000MB1EEE0187', false, '2026-10-31', NULL, '2026-11-30 01:54:01.727+00', 'infinity', '{"grounds": "示例事由", "legalBasis": "示例依据", "publicUntil": "2099-12-31", "disclosureLevel": "PUBLIC"}', NULL, 'SAMR_SERIOUS', 'SERIOUS', '示监〔2026〕3号', '示例认定机关', '2026-10-31', NULL, NULL, NULL, NULL),
	('91330106MA0EEE08XT', 'c536974f-0194-c79a-43ca-6badafa0c174', 1, '\x791eacacee2e1cb13d20258744fde1bc5eda9b3ef12de308055507e954395ab5', '11330000MB1EEE0187', '示例认定机关', NULL, 'NAME_LIST', '780851f5-8c0b-47f9-85c1-b556145f4cd7', '2026-11-30 01:54:01.727+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, '33', 'C', '11330000MB1EEE0187', false, '2026-10-31', NULL, '2026-11-30 01:54:01.727+00', '2026-11-30 01:54:09.098+00', '{"grounds": "示例事由", "legalBasis": "示例依据", "publicUntil": "2099-12-31", "disclosureLevel": "PUBLIC"}', NULL, 'SAMR_SERIOUS', 'SERIOUS', '示监〔2026〕1号', '示例认定机关', '2026-10-31', NULL, NULL, NULL, NULL),
	('91330106MA0EEE08XT', 'c536974f-0194-c79a-43ca-6badafa0c174', 2, '\xffb048ff675d8c51dc6ed2f931b8480242870bbff90316070a748a2082ba83b8', '11330000MB1EEE0187', '示例认定机关', NULL, 'NAME_LIST', '564b0bd7-49ab-4e49-beac-54dcd231ac59', '2026-11-30 01:54:01.727+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, '33', 'C', '11330000MB1EEE0187', false, '2026-10-31', NULL, '2026-11-30 01:54:09.098+00', 'infinity', '{"grounds": "更正后的事由", "legalBasis": "示例依据", "publicUntil": "2099-12-31", "disclosureLevel": "PUBLIC"}', NULL, 'SAMR_SERIOUS', 'SERIOUS', '示监〔2026〕1号', '示例认定机关', '2026-10-31', NULL, NULL, NULL, NULL),
	('91330106MA0EEE08XT', 'c7bee5c4-2477-b265-34b9-2bed764a7716', 1, '\xef76cfdd760a90ec4477b42ae801c63439180c2f88723f99346f256e4020594d', '11330000MB1EEE0187', '示例认定机关', NULL, 'NAME_LIST', '28762157-f8df-41a3-9a57-11f5b2056763', '2026-11-30 01:54:06.829+00', 'PUBLIC', '2026-10-31', '2026-11-29', '2026-11-29', '33', 'C', '11330000MB1EEE0187', false, '2026-10-31', NULL, '2026-11-30 01:54:06.829+00', '2026-11-30 01:54:09.525+00', '{"grounds": "示例事由", "legalBasis": "示例依据", "publicUntil": "2099-12-31", "disclosureLevel": "PUBLIC"}', NULL, 'SAMR_SERIOUS', 'SERIOUS', '示监〔2026〕4号', '示例认定机关', '2026-10-31', NULL, NULL, NULL, NULL),
	('91330106MA0EEE08XT', 'c7bee5c4-2477-b265-34b9-2bed764a7716', 2, '\xb61c047f71fb548aff62e905f325275fb6d6b26ba2b32ded6ff0d61684147768', '11330000MB1EEE0187', '示例认定机关', NULL, 'NAME_LIST', '06f0e66f-d091-439f-9079-6fa2e6e9b7c2', '2026-11-30 01:54:06.829+00', 'PUBLIC', '2026-10-31', '2026-11-29', '2026-11-29', '33', 'C', '11330000MB1EEE0187', false, '2026-10-31', '2026-11-29', '2026-11-30 01:54:09.525+00', 'infinity', '{"grounds": "示例事由", "legalBasis": "示例依据", "publicUntil": "2026-11-29", "removalReason": "REPAIRED", "disclosureLevel": "PUBLIC"}', NULL, 'SAMR_SERIOUS', 'SERIOUS', '示监〔2026〕4号', '示例认定机关', '2026-10-31', NULL, '2026-11-29', NULL, NULL),
	('91330106MA0EEE098T', '23f47c71-f16c-5d1a-2da1-4bf9e4c64090', 1, '\xf082b40e03e828a9120c541bb0e293bb31c4a9c2689d6ed5d1aecfff37edee77', '11330000MB1EEE0187', '示例认定机关', NULL, 'NAME_LIST', '461681ba-a8a6-4d4a-9dd5-7a5452dd0b7d', '2026-11-30 01:54:10.042+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, '33', 'C', '11330000MB1EEE0187', false, '2026-10-31', NULL, '2026-11-30 01:54:10.042+00', 'infinity', '{"grounds": "示例事由", "legalBasis": "示例依据", "publicUntil": "2099-12-31", "disclosureLevel": "PUBLIC"}', NULL, 'SAMR_SERIOUS', 'SERIOUS', '示监〔2026〕5号', '示例认定机关', '2026-10-31', NULL, NULL, NULL, NULL),
	('91440233MAAEEE0020', 'fe4c31da-2570-6761-bee6-9fb8317c63f7', 1, '\xf93c97b1d48c64e3f34573532cc58e850aba6691cc061864aae59af0ce802de5', '11330000MB1EEE0187', '示例认定机关', NULL, 'NAME_LIST', '461681ba-a8a6-4d4a-9dd5-7a5452dd0b7d', '2026-11-30 01:54:10.042+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, '44', 'C', '11330000MB1EEE0187', false, '2026-10-31', NULL, '2026-11-30 01:54:10.042+00', 'infinity', '{"grounds": "示例事由", "legalBasis": "示例依据", "publicUntil": "2099-12-31", "disclosureLevel": "PUBLIC"}', NULL, 'SAMR_SERIOUS', 'SERIOUS', '示监〔2026〕6号', '示例认定机关', '2026-10-31', NULL, NULL, NULL, NULL),
	('91330106MA0EEE098T', '9b1c8d85-b1b4-a231-c99b-f578177cac46', 1, '\x59c6b6ccd82ea022de908c8a77a47bf0ea47bf7987554394f840a1d4c66874d8', '11330000MB1EEE0187', '示例认定机关', NULL, 'NAME_LIST', '5e64b1eb-5d5a-4190-9aef-64ab36b32902', '2026-11-30 01:54:01.273+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, '33', 'C', '11330000MB1EEE0187', false, '2026-10-31', NULL, '2026-11-30 01:54:01.273+00', '2026-11-30 01:54:10.48+00', '{"grounds": "示例事由", "legalBasis": "示例依据", "publicUntil": null, "disclosureLevel": "GOV_SHARED"}', NULL, 'SAMR_SERIOUS', 'SERIOUS', '示监〔2026〕2号', '示例认定机关', '2026-10-31', NULL, NULL, NULL, NULL),
	('91330106MA0EEE098T', '9b1c8d85-b1b4-a231-c99b-f578177cac46', 2, '\x7afe82a9b5ad99b73b0735a038a3822f93f859ced0cf15fb3b80d839f83a6edf', '11330000MB1EEE0187', '示例认定机关', NULL, 'NAME_LIST', 'dae9acfc-0d32-4d96-add7-ba97e5331b53', '2026-11-30 01:54:01.273+00', 'PUBLIC', '2026-10-31', '2099-12-31', NULL, '33', 'C', '11330000MB1EEE0187', false, '2026-10-31', NULL, '2026-11-30 01:54:10.48+00', 'infinity', '{"grounds": "示例事由", "legalBasis": "示例依据", "publicUntil": "2099-12-31", "disclosureLevel": "PUBLIC"}', NULL, 'SAMR_SERIOUS', 'SERIOUS', '示监〔2026〕2号', '示例认定机关', '2026-10-31', NULL, NULL, NULL, NULL);
INSERT INTO namelist.idempotency VALUES
	('11330000MB2EEE3357', 'proposeListing', 'held-proposal', '\x11a33cd25ed5f467cea16df6700343b6c7e11a079ef6fdd2e2708034e53ef12d', '{"id": "4bce34b5-d3d6-4ed8-8bfd-6651ec1f6fca", "uscc": "91330106MA0EEE08XT"}', '2026-11-30 01:54:11.852+00');
INSERT INTO namelist.proposal VALUES
	('4bce34b5-d3d6-4ed8-8bfd-6651ec1f6fca', '91330106MA0EEE08XT', '515653c7-697e-2ebb-dfe7-ea7877e7084d', 'LIST', NULL, 'PROPOSED', 1, '11330000MB2EEE3357', '{"uscc": "91330106MA0EEE08XT", "sector": "C", "content": {"grounds": "严重违法", "legalBasis": "某办法第十条", "publicUntil": "2028-10-30", "disclosureLevel": "PUBLIC"}, "category": "SERIOUS", "province": "33", "valid_to": "2028-10-31", "list_type": "SAMR_SERIOUS", "listed_on": "2026-10-31", "record_id": "515653c7-697e-2ebb-dfe7-ea7877e7084d", "removed_on": null, "term_until": "2028-10-30", "valid_from": "2026-10-31", "document_no": "浙示列〔2026〕1号", "public_from": "2026-10-31", "source_unit": "11330000MB2EEE3357", "public_until": "2028-10-30", "withdrawn_on": null, "authority_name": "示例认定机关", "catalogue_code": "NAME_LIST", "determining_unit": "11330000MB2EEE3357", "disclosure_level": "PUBLIC", "source_record_id": null, "source_unit_name": "示例认定机关", "additional_fields": null}', '1001', '2026-11-30 01:54:11.901+00', NULL, NULL);
INSERT INTO namelist.source_unit VALUES
	('11330000MB1EEE0187', 'name-list', 840, '2026-11-30 01:54:10.466+00', '2026-11-30 01:54:01.193+00', NULL, NULL, NULL, '2026-11-30 01:54:01.045+00', '12100000MB1EEE018A'),
	('11330000MB2EEE3357', 'name-list', 840, NULL, NULL, NULL, NULL, NULL, '2026-11-30 01:54:11.322+00', '12100000MB1EEE018A');
INSERT INTO public._prisma_migrations VALUES
	('120b2664-d813-49e4-8278-ecbfef7f523c', 'd74174959a8c66638d70e539c27bc858ffd74297171d0acfd010eabbcec0c37b', '2026-11-30 01:45:04.846407+00', '20261123000000_foundation', NULL, NULL, '2026-11-30 01:45:04.614219+00', 1),
	('14d0b848-5809-4f8a-8a5e-d15c34a2129c', 'd21ff937046716d731d3d59d1a1138c1cff01b72860b8d9db314da4a4abb3f6e', '2026-11-30 01:45:04.870968+00', '20261123000100_search', NULL, NULL, '2026-11-30 01:45:04.853109+00', 1),
	('2e5147ad-e712-4e51-989c-dbcc62011504', '053a864925bfcb50d3d67a2080c2946bd9537030b4e98dcd4da8a884a311b8da', '2026-11-30 01:45:04.883781+00', '20261123000400_list_sources', NULL, NULL, '2026-11-30 01:45:04.876289+00', 1),
	('900ea1ba-609e-4a00-9f5e-9aeaee61c14e', '6df1923762ca4fb10716e3a306e707ba1a92ac689ae5abf6f2ade1653c140552', '2026-11-30 01:45:05.054192+00', '20261125000000_filing_rules_publication', NULL, NULL, '2026-11-30 01:45:04.885692+00', 1),
	('6393262a-3754-4aa2-8b03-015dbffbc7bc', 'bb9d4dfe442c5283c063c03d3ae467c5d1edad716d3dcc391522b4edb0da75a9', '2026-11-30 01:45:05.187011+00', '20261126000000_replacing_filings', NULL, NULL, '2026-11-30 01:45:05.061544+00', 1),
	('7c422cce-7376-4de3-bf77-91c1052f7c08', 'aa575aa8375ee9eb791a171be34dbc9501d2753bef952b22c66e14f0d8ee27b9', '2026-11-30 01:45:05.209156+00', '20261126000100_order_of_decisions', NULL, NULL, '2026-11-30 01:45:05.189553+00', 1),
	('fd692b52-ab13-44a8-a06b-eea9e5b234bc', '2565e8e2143dd54d2465cb6c83ad4ea17f1bc3689a744b00198e111c48bc7f0d', '2026-11-30 01:45:05.457377+00', '20261126120000_feed', NULL, NULL, '2026-11-30 01:45:05.221545+00', 1),
	('471029a1-96ff-4b0c-9791-5cac21014130', 'c46113582a99de6f5a9093d6a832b411c0d0b74824c33681bc7f6c3f77087759', '2026-11-30 01:45:05.489729+00', '20261126130000_consent', NULL, NULL, '2026-11-30 01:45:05.461382+00', 1);
SELECT pg_catalog.setval('audit.change_id_seq', 1, false);
SELECT pg_catalog.setval('feed.outbox_id_seq', 33, true);
ALTER TABLE ONLY audit.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (id);
ALTER TABLE ONLY consent.consent
    ADD CONSTRAINT consent_pkey PRIMARY KEY (subject, id);
ALTER TABLE ONLY disclosure.act
    ADD CONSTRAINT act_pkey PRIMARY KEY (uscc, record_id, version);
ALTER TABLE ONLY disclosure.clock
    ADD CONSTRAINT clock_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY disclosure.commitment
    ADD CONSTRAINT commitment_pkey PRIMARY KEY (uscc, record_id, version);
ALTER TABLE ONLY disclosure.complaint
    ADD CONSTRAINT complaint_pkey PRIMARY KEY (uscc, record_id, version);
ALTER TABLE ONLY disclosure.filed_row
    ADD CONSTRAINT filed_row_pkey PRIMARY KEY (filing_id, uscc, record_id);
ALTER TABLE ONLY disclosure.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (organisation, mutation, key);
ALTER TABLE ONLY disclosure.judicial_record
    ADD CONSTRAINT judicial_record_pkey PRIMARY KEY (uscc, record_id, version);
ALTER TABLE ONLY disclosure.replacing_filing
    ADD CONSTRAINT replacing_filing_pkey PRIMARY KEY (filing_id);
ALTER TABLE ONLY disclosure.source_unit
    ADD CONSTRAINT source_unit_pkey PRIMARY KEY (uscc, kind);
ALTER TABLE ONLY disclosure.voluntary_item
    ADD CONSTRAINT voluntary_item_pkey PRIMARY KEY (uscc, record_id, version);
ALTER TABLE ONLY entity.clock
    ADD CONSTRAINT clock_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY entity.filed_row
    ADD CONSTRAINT filed_row_pkey PRIMARY KEY (filing_id, uscc, record_id);
ALTER TABLE ONLY entity.identifier
    ADD CONSTRAINT identifier_pkey PRIMARY KEY (uscc, scheme, value);
ALTER TABLE ONLY entity.name
    ADD CONSTRAINT name_pkey PRIMARY KEY (uscc, name, kind, province);
ALTER TABLE ONLY entity.profile
    ADD CONSTRAINT profile_pkey PRIMARY KEY (uscc, record_id, version);
ALTER TABLE ONLY entity.replacing_filing
    ADD CONSTRAINT replacing_filing_pkey PRIMARY KEY (filing_id);
ALTER TABLE ONLY entity.source_unit
    ADD CONSTRAINT source_unit_pkey PRIMARY KEY (uscc, kind);
ALTER TABLE ONLY evaluation.clock
    ADD CONSTRAINT clock_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY evaluation.filed_row
    ADD CONSTRAINT filed_row_pkey PRIMARY KEY (filing_id, uscc, record_id);
ALTER TABLE ONLY evaluation.replacing_filing
    ADD CONSTRAINT replacing_filing_pkey PRIMARY KEY (filing_id);
ALTER TABLE ONLY evaluation.result
    ADD CONSTRAINT result_pkey PRIMARY KEY (uscc, record_id, version);
ALTER TABLE ONLY evaluation.source_unit
    ADD CONSTRAINT source_unit_pkey PRIMARY KEY (uscc, kind);
ALTER TABLE ONLY feed.log
    ADD CONSTRAINT log_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY feed.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY feed.sequencer
    ADD CONSTRAINT sequencer_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY gateway.export_part
    ADD CONSTRAINT export_part_pkey PRIMARY KEY (export, number);
ALTER TABLE ONLY gateway.export
    ADD CONSTRAINT export_pkey PRIMARY KEY (id);
ALTER TABLE ONLY gateway.filing_part
    ADD CONSTRAINT filing_part_pkey PRIMARY KEY (filing_id, number);
ALTER TABLE ONLY gateway.filing
    ADD CONSTRAINT filing_pkey PRIMARY KEY (id);
ALTER TABLE ONLY gateway."grant"
    ADD CONSTRAINT grant_pkey PRIMARY KEY (id);
ALTER TABLE ONLY gateway.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (organisation, mutation, key);
ALTER TABLE ONLY gateway.revoked_token
    ADD CONSTRAINT revoked_token_pkey PRIMARY KEY (token_id);
ALTER TABLE ONLY gateway.watchlist_item
    ADD CONSTRAINT watchlist_item_pkey PRIMARY KEY (watchlist, uscc);
ALTER TABLE ONLY gateway.watchlist
    ADD CONSTRAINT watchlist_pkey PRIMARY KEY (id);
ALTER TABLE ONLY gateway.webhook_delivery
    ADD CONSTRAINT webhook_delivery_pkey PRIMARY KEY (id);
ALTER TABLE ONLY gateway.webhook
    ADD CONSTRAINT webhook_pkey PRIMARY KEY (id);
ALTER TABLE ONLY namelist.clock
    ADD CONSTRAINT clock_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY namelist.entry
    ADD CONSTRAINT entry_pkey PRIMARY KEY (uscc, record_id, version);
ALTER TABLE ONLY namelist.filed_row
    ADD CONSTRAINT filed_row_pkey PRIMARY KEY (filing_id, uscc, record_id);
ALTER TABLE ONLY namelist.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (organisation, mutation, key);
ALTER TABLE ONLY namelist.proposal
    ADD CONSTRAINT proposal_pkey PRIMARY KEY (uscc, id);
ALTER TABLE ONLY namelist.replacing_filing
    ADD CONSTRAINT replacing_filing_pkey PRIMARY KEY (filing_id);
ALTER TABLE ONLY namelist.source_unit
    ADD CONSTRAINT source_unit_pkey PRIMARY KEY (uscc, kind);
ALTER TABLE ONLY public._prisma_migrations
    ADD CONSTRAINT _prisma_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY rules.change
    ADD CONSTRAINT change_approval_no_key UNIQUE (approval_no);
ALTER TABLE ONLY rules.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (id);
CREATE INDEX change_by_record ON audit.change USING btree (uscc, record_id, id) WHERE (record_id IS NOT NULL);
CREATE INDEX consent_by_grantee ON consent.consent USING btree (grantee, purpose, subject);
CREATE INDEX consent_received ON consent.consent USING btree (grantee, given_at DESC, id DESC);
CREATE INDEX act_by_authority ON disclosure.act USING btree (determining_unit, decided_on DESC, record_id DESC) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX act_by_source ON disclosure.act USING btree (source_unit, catalogue_code, collected_at) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX act_by_subject ON disclosure.act USING btree (uscc, decided_on DESC, record_id DESC);
CREATE UNIQUE INDEX act_current ON disclosure.act USING btree (uscc, record_id) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX act_withdrawn ON disclosure.act USING btree (determining_unit, withdrawn_on DESC, record_id DESC) WHERE ((superseded_at = 'infinity'::timestamp with time zone) AND (withdrawn_on IS NOT NULL));
CREATE INDEX commitment_by_source ON disclosure.commitment USING btree (source_unit, catalogue_code, collected_at) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX commitment_by_subject ON disclosure.commitment USING btree (uscc, made_on DESC, record_id DESC);
CREATE UNIQUE INDEX commitment_current ON disclosure.commitment USING btree (uscc, record_id) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX complaint_by_source ON disclosure.complaint USING btree (source_unit, catalogue_code, collected_at) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX complaint_by_subject ON disclosure.complaint USING btree (uscc, handled_on DESC, record_id DESC);
CREATE UNIQUE INDEX complaint_current ON disclosure.complaint USING btree (uscc, record_id) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX judicial_record_by_source ON disclosure.judicial_record USING btree (source_unit, catalogue_code, collected_at) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX judicial_record_by_subject ON disclosure.judicial_record USING btree (uscc, decided_on DESC, record_id DESC);
CREATE UNIQUE INDEX judicial_record_current ON disclosure.judicial_record USING btree (uscc, record_id) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX replacing_filing_open ON disclosure.replacing_filing USING btree (unit, kind) WHERE open;
CREATE INDEX voluntary_item_by_source ON disclosure.voluntary_item USING btree (source_unit, catalogue_code, collected_at) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX voluntary_item_by_subject ON disclosure.voluntary_item USING btree (uscc, declared_on DESC, record_id DESC);
CREATE UNIQUE INDEX voluntary_item_current ON disclosure.voluntary_item USING btree (uscc, record_id) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX identifier_by_value ON entity.identifier USING btree (scheme, value);
CREATE INDEX name_bigrams ON entity.name USING gin (entity.bigrams(name)) WITH (gin_pending_list_limit='256') WHERE (kind <> 'SELF_EMPLOYED'::text);
CREATE INDEX name_exact ON entity.name USING btree (name, uscc);
CREATE INDEX name_ordered ON entity.name USING btree (name, uscc) INCLUDE (kind, province) WHERE (kind <> 'SELF_EMPLOYED'::text);
CREATE INDEX name_ordered_by_province ON entity.name USING btree (province, name, uscc) INCLUDE (kind) WHERE (kind <> 'SELF_EMPLOYED'::text);
CREATE INDEX profile_by_source ON entity.profile USING btree (source_unit, catalogue_code, collected_at) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE UNIQUE INDEX profile_current ON entity.profile USING btree (uscc, record_id) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX replacing_filing_open ON entity.replacing_filing USING btree (unit, kind) WHERE open;
CREATE INDEX replacing_filing_open ON evaluation.replacing_filing USING btree (unit, kind) WHERE open;
CREATE INDEX result_by_begin ON evaluation.result USING btree (public_from) WHERE ((superseded_at = 'infinity'::timestamp with time zone) AND (disclosure_level = 'PUBLIC'::text));
CREATE INDEX result_by_end ON evaluation.result USING btree (public_until) WHERE ((superseded_at = 'infinity'::timestamp with time zone) AND (disclosure_level = 'PUBLIC'::text));
CREATE INDEX result_by_source ON evaluation.result USING btree (source_unit, catalogue_code, collected_at) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX result_by_subject ON evaluation.result USING btree (uscc, scheme, evaluated_on DESC, record_id DESC);
CREATE UNIQUE INDEX result_current ON evaluation.result USING btree (uscc, record_id) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX log_by_record ON feed.log USING btree (uscc, record_id, seq) WHERE (record_id IS NOT NULL);
CREATE INDEX log_by_topic ON feed.log USING btree (topic, seq);
CREATE INDEX export_by_organisation ON gateway.export USING btree (organisation, role, created_at DESC, id DESC);
CREATE INDEX export_to_make ON gateway.export USING btree (created_at, id) WHERE (status = ANY (ARRAY['CREATED'::text, 'RUNNING'::text, 'CANCELLING'::text]));
CREATE INDEX grant_by_organisation ON gateway."grant" USING btree (organisation, role);
CREATE INDEX watchlist_by_organisation ON gateway.watchlist USING btree (organisation, role, created_at DESC, id DESC);
CREATE INDEX watchlist_item_by_code ON gateway.watchlist_item USING btree (uscc, watchlist);
CREATE INDEX watchlist_item_untold ON gateway.watchlist_item USING btree (added_at) WHERE (told_at IS NULL);
CREATE INDEX webhook_by_organisation ON gateway.webhook USING btree (organisation, role, created_at DESC, id DESC);
CREATE INDEX webhook_delivery_by_webhook ON gateway.webhook_delivery USING btree (webhook, at DESC, id DESC);
CREATE INDEX webhook_due ON gateway.webhook USING btree (next_attempt_at) WHERE (state = 'ACTIVE'::text);
CREATE INDEX entry_by_begin ON namelist.entry USING btree (public_from) WHERE ((superseded_at = 'infinity'::timestamp with time zone) AND (disclosure_level = 'PUBLIC'::text));
CREATE INDEX entry_by_category ON namelist.entry USING btree (category, listed_on DESC, record_id DESC, uscc);
CREATE INDEX entry_by_day ON namelist.entry USING btree (listed_on DESC, record_id DESC, uscc);
CREATE INDEX entry_by_end ON namelist.entry USING btree (public_until) WHERE ((superseded_at = 'infinity'::timestamp with time zone) AND (disclosure_level = 'PUBLIC'::text));
CREATE INDEX entry_by_province ON namelist.entry USING btree (province, listed_on DESC, record_id DESC, uscc);
CREATE INDEX entry_by_sector ON namelist.entry USING btree (sector, listed_on DESC, record_id DESC, uscc);
CREATE INDEX entry_by_source ON namelist.entry USING btree (source_unit, catalogue_code, collected_at) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX entry_by_subject ON namelist.entry USING btree (uscc, listed_on DESC, record_id DESC);
CREATE INDEX entry_by_type ON namelist.entry USING btree (list_type, listed_on DESC, record_id DESC, uscc);
CREATE UNIQUE INDEX entry_current ON namelist.entry USING btree (uscc, record_id) WHERE (superseded_at = 'infinity'::timestamp with time zone);
CREATE INDEX proposal_by_unit ON namelist.proposal USING btree (unit, proposed_at DESC, id DESC);
CREATE INDEX replacing_filing_open ON namelist.replacing_filing USING btree (unit, kind) WHERE open;
CREATE UNIQUE INDEX change_added ON rules.change USING btree (rule_set) WHERE ((state = 'APPROVED'::text) AND (action = 'ADD'::text));
ALTER TABLE ONLY gateway.export_part
    ADD CONSTRAINT export_part_of_export FOREIGN KEY (export) REFERENCES gateway.export(id);
ALTER TABLE ONLY gateway.filing_part
    ADD CONSTRAINT filing_part_of_filing FOREIGN KEY (filing_id) REFERENCES gateway.filing(id);
ALTER TABLE ONLY gateway.watchlist_item
    ADD CONSTRAINT watchlist_item_of_watchlist FOREIGN KEY (watchlist) REFERENCES gateway.watchlist(id);
ALTER TABLE ONLY gateway.webhook_delivery
    ADD CONSTRAINT webhook_delivery_of_webhook FOREIGN KEY (webhook) REFERENCES gateway.webhook(id);
GRANT USAGE ON SCHEMA audit TO credit_entity;
GRANT USAGE ON SCHEMA audit TO credit_disclosure;
GRANT USAGE ON SCHEMA audit TO credit_namelist;
GRANT USAGE ON SCHEMA audit TO credit_evaluation;
GRANT USAGE ON SCHEMA audit TO credit_gateway;
GRANT USAGE ON SCHEMA consent TO credit_entity;
GRANT USAGE ON SCHEMA consent TO credit_disclosure;
GRANT USAGE ON SCHEMA consent TO credit_namelist;
GRANT USAGE ON SCHEMA consent TO credit_evaluation;
GRANT USAGE ON SCHEMA consent TO credit_gateway;
GRANT USAGE ON SCHEMA disclosure TO credit_disclosure;
GRANT USAGE ON SCHEMA entity TO credit_entity;
GRANT USAGE ON SCHEMA evaluation TO credit_evaluation;
GRANT USAGE ON SCHEMA feed TO credit_entity;
GRANT USAGE ON SCHEMA feed TO credit_disclosure;
GRANT USAGE ON SCHEMA feed TO credit_namelist;
GRANT USAGE ON SCHEMA feed TO credit_evaluation;
GRANT USAGE ON SCHEMA feed TO credit_gateway;
GRANT USAGE ON SCHEMA feed TO credit_sequencer;
GRANT USAGE ON SCHEMA gateway TO credit_gateway;
GRANT USAGE ON SCHEMA namelist TO credit_namelist;
GRANT USAGE ON SCHEMA rules TO credit_entity;
GRANT USAGE ON SCHEMA rules TO credit_disclosure;
GRANT USAGE ON SCHEMA rules TO credit_namelist;
GRANT USAGE ON SCHEMA rules TO credit_evaluation;
GRANT USAGE ON SCHEMA rules TO credit_gateway;
GRANT SELECT ON TABLE consent.consent TO credit_entity;
GRANT SELECT ON TABLE consent.consent TO credit_disclosure;
GRANT SELECT ON TABLE consent.consent TO credit_namelist;
GRANT SELECT ON TABLE consent.consent TO credit_evaluation;
GRANT SELECT,INSERT ON TABLE consent.consent TO credit_gateway;
GRANT UPDATE(revoked_at) ON TABLE consent.consent TO credit_gateway;
GRANT INSERT ON TABLE audit.change TO credit_entity;
GRANT INSERT ON TABLE audit.change TO credit_disclosure;
GRANT INSERT ON TABLE audit.change TO credit_namelist;
GRANT INSERT ON TABLE audit.change TO credit_evaluation;
GRANT INSERT ON TABLE audit.change TO credit_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE disclosure.act TO credit_disclosure;
GRANT SELECT,INSERT,UPDATE ON TABLE disclosure.clock TO credit_disclosure;
GRANT SELECT,INSERT,UPDATE ON TABLE disclosure.commitment TO credit_disclosure;
GRANT SELECT,INSERT,UPDATE ON TABLE disclosure.complaint TO credit_disclosure;
GRANT SELECT,INSERT,DELETE ON TABLE disclosure.filed_row TO credit_disclosure;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE disclosure.idempotency TO credit_disclosure;
GRANT SELECT,INSERT,UPDATE ON TABLE disclosure.judicial_record TO credit_disclosure;
GRANT SELECT,INSERT,UPDATE ON TABLE disclosure.replacing_filing TO credit_disclosure;
GRANT SELECT,INSERT,UPDATE ON TABLE disclosure.source_unit TO credit_disclosure;
GRANT SELECT,INSERT,UPDATE ON TABLE disclosure.voluntary_item TO credit_disclosure;
GRANT SELECT,INSERT,UPDATE ON TABLE entity.clock TO credit_entity;
GRANT SELECT,INSERT,DELETE ON TABLE entity.filed_row TO credit_entity;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE entity.identifier TO credit_entity;
GRANT SELECT,INSERT ON TABLE entity.name TO credit_entity;
GRANT SELECT,INSERT,UPDATE ON TABLE entity.profile TO credit_entity;
GRANT SELECT,INSERT,UPDATE ON TABLE entity.replacing_filing TO credit_entity;
GRANT SELECT,INSERT,UPDATE ON TABLE entity.source_unit TO credit_entity;
GRANT SELECT,INSERT,UPDATE ON TABLE evaluation.clock TO credit_evaluation;
GRANT SELECT,INSERT,DELETE ON TABLE evaluation.filed_row TO credit_evaluation;
GRANT SELECT,INSERT,UPDATE ON TABLE evaluation.replacing_filing TO credit_evaluation;
GRANT SELECT,INSERT,UPDATE ON TABLE evaluation.result TO credit_evaluation;
GRANT SELECT,INSERT,UPDATE ON TABLE evaluation.source_unit TO credit_evaluation;
GRANT SELECT,INSERT,DELETE ON TABLE feed.log TO credit_sequencer;
GRANT SELECT ON TABLE feed.log TO credit_gateway;
GRANT INSERT ON TABLE feed.outbox TO credit_entity;
GRANT INSERT ON TABLE feed.outbox TO credit_disclosure;
GRANT INSERT ON TABLE feed.outbox TO credit_namelist;
GRANT INSERT ON TABLE feed.outbox TO credit_evaluation;
GRANT INSERT ON TABLE feed.outbox TO credit_gateway;
GRANT SELECT,DELETE ON TABLE feed.outbox TO credit_sequencer;
GRANT SELECT(recorded_at) ON TABLE feed.outbox TO credit_gateway;
GRANT SELECT,UPDATE ON TABLE feed.sequencer TO credit_sequencer;
GRANT SELECT ON TABLE feed.sequencer TO credit_entity;
GRANT SELECT ON TABLE feed.sequencer TO credit_disclosure;
GRANT SELECT ON TABLE feed.sequencer TO credit_namelist;
GRANT SELECT ON TABLE feed.sequencer TO credit_evaluation;
GRANT SELECT ON TABLE feed.sequencer TO credit_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE gateway.export TO credit_gateway;
GRANT SELECT,INSERT ON TABLE gateway.export_part TO credit_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE gateway.filing TO credit_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE gateway.filing_part TO credit_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE gateway."grant" TO credit_gateway;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE gateway.idempotency TO credit_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE gateway.revoked_token TO credit_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE gateway.watchlist TO credit_gateway;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE gateway.watchlist_item TO credit_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE gateway.webhook TO credit_gateway;
GRANT SELECT,INSERT,DELETE ON TABLE gateway.webhook_delivery TO credit_gateway;
GRANT SELECT,INSERT,UPDATE ON TABLE namelist.clock TO credit_namelist;
GRANT SELECT,INSERT,UPDATE ON TABLE namelist.entry TO credit_namelist;
GRANT SELECT,INSERT,DELETE ON TABLE namelist.filed_row TO credit_namelist;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE namelist.idempotency TO credit_namelist;
GRANT SELECT,INSERT,UPDATE ON TABLE namelist.proposal TO credit_namelist;
GRANT SELECT,INSERT,UPDATE ON TABLE namelist.replacing_filing TO credit_namelist;
GRANT SELECT,INSERT,UPDATE ON TABLE namelist.source_unit TO credit_namelist;
GRANT SELECT ON TABLE rules.change TO credit_entity;
GRANT SELECT ON TABLE rules.change TO credit_disclosure;
GRANT SELECT ON TABLE rules.change TO credit_namelist;
GRANT SELECT ON TABLE rules.change TO credit_evaluation;
GRANT SELECT,INSERT,UPDATE ON TABLE rules.change TO credit_gateway;
