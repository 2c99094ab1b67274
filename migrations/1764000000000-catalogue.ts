import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Names and ids sort by code point (`collate "C"`) whatever the server's locale, so that pages and cursors are the same everywhere.
 * Documents are `json`, not `jsonb`: `let` is an ordered map, and jsonb forgets the order of members and refuses U+0000.
 * Times are epoch milliseconds in `bigint` columns that end in `_ms`.
 */
const statements = [
  // ---- identity: one row
  `create table catalogue (
     singleton boolean primary key default true check (singleton),
     id uuid not null,
     last_change bigint not null default 0,
     last_seen bigint not null default 0,
     created_at_ms bigint not null
   )`,
  `comment on column catalogue.last_change is 'number of the newest outbox row; taken under the catalogue lock, so numbers become visible in order'`,
  `comment on column catalogue.last_seen is 'place of the newest alert in the order of arrival at the index'`,

  // ---- sources
  `create table sources (
     name text collate "C" primary key,
     definition json not null,
     start_offsets bigint[] not null,
     revision integer not null check (revision >= 1),
     change bigint not null,
     created_at_ms bigint not null,
     updated_at_ms bigint not null,
     updated_by text not null
   )`,

  // ---- rules
  `create table rules (
     id text collate "C" primary key,
     name text not null,
     severity text not null,
     tags text[] not null,
     status text not null check (status in ('draft', 'shadow', 'active', 'paused', 'retired')),
     latest_version integer not null check (latest_version >= 1),
     live_version integer,
     revision integer not null check (revision >= 1),
     created_at_ms bigint not null,
     updated_at_ms bigint not null
   )`,
  `comment on column rules.live_version is 'the version that tasks run or keep state of; null before the first and after retirement'`,
  `create table rule_versions (
     rule_id text collate "C" not null references rules (id),
     version integer not null check (version >= 1),
     status text not null check (status in ('draft', 'shadow', 'active', 'paused', 'retired')),
     paused_from text check (paused_from in ('shadow', 'active')),
     document json not null,
     sources text[] not null,
     content_hash text not null,
     change bigint,
     created_at_ms bigint not null,
     created_by text not null,
     status_at_ms bigint not null,
     primary key (rule_id, version)
   )`,
  `create unique index rule_versions_one_live on rule_versions (rule_id) where status in ('shadow', 'active', 'paused')`,
  `create function rule_version_is_immutable() returns trigger language plpgsql as $$
   begin
     if tg_op = 'DELETE' or new.document::text <> old.document::text or new.content_hash <> old.content_hash
       or new.rule_id <> old.rule_id or new.version <> old.version or new.created_at_ms <> old.created_at_ms or new.created_by <> old.created_by then
       raise exception 'version % of rule % is immutable', old.version, old.rule_id;
     end if;
     return new;
   end $$`,
  `create trigger rule_versions_immutable before update or delete on rule_versions
     for each row execute function rule_version_is_immutable()`,

  // ---- managed lists
  `create table lists (
     name text collate "C" primary key,
     description text not null,
     revision integer not null check (revision >= 1),
     change bigint not null,
     created_at_ms bigint not null,
     updated_at_ms bigint not null
   )`,
  `create table list_entries (
     list_name text collate "C" not null references lists (name) on delete cascade,
     value text collate "C" not null,
     expires_at_ms bigint,
     primary key (list_name, value)
   )`,
  `create index list_entries_expiry on list_entries (expires_at_ms) where expires_at_ms is not null`,

  // ---- changes on their way to the control topic
  `create table outbox (
     number bigint primary key,
     payload json not null,
     created_at_ms bigint not null,
     published_at_ms bigint
   )`,
  `create index outbox_unpublished on outbox (number) where published_at_ms is null`,

  // ---- who did what
  `create table audit (
     id bigint generated always as identity primary key,
     at_ms bigint not null,
     actor text collate "C" not null,
     key_id text not null,
     action text not null,
     subject text collate "C" not null,
     request_id text not null,
     detail json not null
   )`,
  `create index audit_subject on audit (subject, id)`,
  `create index audit_actor on audit (actor, id)`,

  // ---- API keys
  `create table api_keys (
     id text collate "C" primary key,
     hash text not null unique,
     name text not null,
     role text not null check (role in ('viewer', 'analyst', 'admin')),
     created_at_ms bigint not null,
     created_by text not null,
     expires_at_ms bigint,
     last_used_at_ms bigint,
     revoked_at_ms bigint
   )`,

  // ---- alerts, for looking them up; the topic is the record
  `create table alerts (
     id text collate "C" primary key,
     seen bigint not null unique,
     rule text collate "C" not null,
     version integer not null,
     key text collate "C" not null,
     at_ms bigint not null,
     severity text not null,
     type text collate "C" not null,
     kind text not null,
     shadow boolean not null,
     indexed_at_ms bigint not null,
     document json not null
   )`,
  `comment on column alerts.key is 'JSON array of the key''s texts, without spaces'`,
  `create index alerts_newest on alerts (at_ms desc, id desc)`,
  `create index alerts_rule on alerts (rule, at_ms desc, id desc)`,
  `create index alerts_key on alerts (key, at_ms desc, id desc)`,
  `create index alerts_type on alerts (type, at_ms desc, id desc)`,
  `create table indexer_positions (
     topic text collate "C" not null,
     partition integer not null,
     next_offset bigint not null check (next_offset >= 0),
     primary key (topic, partition)
   )`,

  // ---- requests that may come twice
  `create table idempotency_keys (
     source text collate "C" not null,
     key text collate "C" not null,
     ends bigint[] not null,
     body_sha256 text,
     result json,
     holder text,
     held_until_ms bigint not null,
     expires_at_ms bigint not null,
     primary key (source, key)
   )`,
  `create index idempotency_keys_expiry on idempotency_keys (expires_at_ms)`,

  // ---- work that one process at a time does
  `create table leases (
     name text primary key,
     holder text not null,
     until timestamptz not null
   )`,
];

export class Catalogue1764000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const tables = ['leases', 'idempotency_keys', 'indexer_positions', 'alerts', 'api_keys', 'audit', 'outbox', 'list_entries', 'lists', 'rule_versions', 'rules', 'sources', 'catalogue'];
    for (const table of tables) await queryRunner.query(`drop table ${table}`);
    await queryRunner.query('drop function rule_version_is_immutable()');
  }
}
