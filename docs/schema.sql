-- Made from the migrations by test/postgres/write-schema.ts; a test compares. Not to be edited.

create table alerts (
  id text collate "C" not null,
  seen bigint not null,
  rule text collate "C" not null,
  version integer not null,
  key text collate "C" not null,
  at_ms bigint not null,
  severity text not null,
  type text collate "C" not null,
  kind text not null,
  shadow boolean not null,
  indexed_at_ms bigint not null,
  document json not null,
  constraint alerts_pkey PRIMARY KEY (id),
  constraint alerts_seen_key UNIQUE (seen)
);
CREATE INDEX alerts_key ON public.alerts USING btree (key, at_ms DESC, id DESC);
CREATE INDEX alerts_newest ON public.alerts USING btree (at_ms DESC, id DESC);
CREATE INDEX alerts_rule ON public.alerts USING btree (rule, at_ms DESC, id DESC);
CREATE INDEX alerts_type ON public.alerts USING btree (type, at_ms DESC, id DESC);
comment on column alerts.key is 'JSON array of the key''s texts, without spaces';

create table api_keys (
  id text collate "C" not null,
  hash text not null,
  name text not null,
  role text not null,
  created_at_ms bigint not null,
  created_by text not null,
  expires_at_ms bigint,
  last_used_at_ms bigint,
  revoked_at_ms bigint,
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_hash_key UNIQUE (hash),
  constraint api_keys_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'analyst'::text, 'admin'::text])))
);

create table audit (
  id bigint generated always as identity not null,
  at_ms bigint not null,
  actor text collate "C" not null,
  key_id text not null,
  action text not null,
  subject text collate "C" not null,
  request_id text not null,
  detail json not null,
  constraint audit_pkey PRIMARY KEY (id)
);
CREATE INDEX audit_actor ON public.audit USING btree (actor, id);
CREATE INDEX audit_subject ON public.audit USING btree (subject, id);

create table catalogue (
  singleton boolean default true not null,
  id uuid not null,
  last_change bigint default 0 not null,
  last_seen bigint default 0 not null,
  created_at_ms bigint not null,
  constraint catalogue_pkey PRIMARY KEY (singleton),
  constraint catalogue_singleton_check CHECK (singleton)
);
comment on column catalogue.last_change is 'number of the newest outbox row; taken under the catalogue lock, so numbers become visible in order';
comment on column catalogue.last_seen is 'place of the newest alert in the order of arrival at the index';

create table idempotency_keys (
  source text collate "C" not null,
  key text collate "C" not null,
  ends bigint[] not null,
  body_sha256 text,
  result json,
  holder text,
  held_until_ms bigint not null,
  expires_at_ms bigint not null,
  constraint idempotency_keys_pkey PRIMARY KEY (source, key)
);
CREATE INDEX idempotency_keys_expiry ON public.idempotency_keys USING btree (expires_at_ms);

create table indexer_positions (
  topic text collate "C" not null,
  partition integer not null,
  next_offset bigint not null,
  constraint indexer_positions_pkey PRIMARY KEY (topic, partition),
  constraint indexer_positions_next_offset_check CHECK ((next_offset >= 0))
);

create table leases (
  name text not null,
  holder text not null,
  until timestamp with time zone not null,
  constraint leases_pkey PRIMARY KEY (name)
);

create table list_entries (
  list_name text collate "C" not null,
  value text collate "C" not null,
  expires_at_ms bigint,
  constraint list_entries_pkey PRIMARY KEY (list_name, value),
  constraint list_entries_list_name_fkey FOREIGN KEY (list_name) REFERENCES lists(name) ON DELETE CASCADE
);
CREATE INDEX list_entries_expiry ON public.list_entries USING btree (expires_at_ms) WHERE (expires_at_ms IS NOT NULL);

create table lists (
  name text collate "C" not null,
  description text not null,
  revision integer not null,
  change bigint not null,
  created_at_ms bigint not null,
  updated_at_ms bigint not null,
  constraint lists_pkey PRIMARY KEY (name),
  constraint lists_revision_check CHECK ((revision >= 1))
);

create table outbox (
  number bigint not null,
  payload json not null,
  created_at_ms bigint not null,
  published_at_ms bigint,
  constraint outbox_pkey PRIMARY KEY (number)
);
CREATE INDEX outbox_unpublished ON public.outbox USING btree (number) WHERE (published_at_ms IS NULL);

create table rule_versions (
  rule_id text collate "C" not null,
  version integer not null,
  status text not null,
  paused_from text,
  document json not null,
  sources text[] not null,
  content_hash text not null,
  change bigint,
  created_at_ms bigint not null,
  created_by text not null,
  status_at_ms bigint not null,
  constraint rule_versions_pkey PRIMARY KEY (rule_id, version),
  constraint rule_versions_paused_from_check CHECK ((paused_from = ANY (ARRAY['shadow'::text, 'active'::text]))),
  constraint rule_versions_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES rules(id),
  constraint rule_versions_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'shadow'::text, 'active'::text, 'paused'::text, 'retired'::text]))),
  constraint rule_versions_version_check CHECK ((version >= 1))
);
CREATE UNIQUE INDEX rule_versions_one_live ON public.rule_versions USING btree (rule_id) WHERE (status = ANY (ARRAY['shadow'::text, 'active'::text, 'paused'::text]));
CREATE TRIGGER rule_versions_immutable BEFORE DELETE OR UPDATE ON public.rule_versions FOR EACH ROW EXECUTE FUNCTION rule_version_is_immutable();

create table rules (
  id text collate "C" not null,
  name text not null,
  severity text not null,
  tags text[] not null,
  status text not null,
  latest_version integer not null,
  live_version integer,
  revision integer not null,
  created_at_ms bigint not null,
  updated_at_ms bigint not null,
  constraint rules_pkey PRIMARY KEY (id),
  constraint rules_latest_version_check CHECK ((latest_version >= 1)),
  constraint rules_revision_check CHECK ((revision >= 1)),
  constraint rules_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'shadow'::text, 'active'::text, 'paused'::text, 'retired'::text])))
);
comment on column rules.live_version is 'the version that tasks run or keep state of; null before the first and after retirement';

create table sources (
  name text collate "C" not null,
  definition json not null,
  start_offsets bigint[] not null,
  revision integer not null,
  change bigint not null,
  created_at_ms bigint not null,
  updated_at_ms bigint not null,
  updated_by text not null,
  constraint sources_pkey PRIMARY KEY (name),
  constraint sources_revision_check CHECK ((revision >= 1))
);

CREATE OR REPLACE FUNCTION public.rule_version_is_immutable()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
   begin
     if tg_op = 'DELETE' or new.document::text <> old.document::text or new.content_hash <> old.content_hash
       or new.rule_id <> old.rule_id or new.version <> old.version or new.created_at_ms <> old.created_at_ms or new.created_by <> old.created_by then
       raise exception 'version % of rule % is immutable', old.version, old.rule_id;
     end if;
     return new;
   end $function$;
