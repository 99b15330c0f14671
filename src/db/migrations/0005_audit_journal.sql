-- Audit events and the journal of exchanges (design §2): the only tables, with identity and registry, that hold personal data.

create table audit.event (
  event_id     bigint generated always as identity primary key,
  exchange_id  uuid not null,
  at           timestamptz not null default now(),
  event_code   text not null,
  action       text not null,
  type_code    text not null,
  outcome      smallint not null,
  system_id    text,
  facility_id  text,
  peer         text not null,
  endpoint     text not null,
  patients     text[] not null,
  objects      jsonb not null,
  reason       text
);
create index event_exchange on audit.event (exchange_id);

create function audit.refuse_change() returns trigger language plpgsql as
$$ begin raise exception 'audit.event is append-only'; end $$;
create trigger event_append_only before update or delete on audit.event
  for each row execute function audit.refuse_change();
create trigger event_no_truncate before truncate on audit.event
  for each statement execute function audit.refuse_change();

create table journal.exchange (
  exchange_id     uuid primary key,
  at              timestamptz not null,
  door            text not null,
  endpoint        text not null,
  transaction     text not null,
  message_id      text,
  system_id       text,
  facility_id     text,
  peer            text not null,
  patients        text[] not null,
  result          text not null,
  error_codes     text[] not null,
  errors          jsonb not null,
  duration_ms     real not null,
  request_bytes   bigint not null,
  response_bytes  bigint
);
create index exchange_at on journal.exchange (at);

create table journal.idempotency (
  scope       text not null,
  key         text not null,
  digest      text not null,
  response    jsonb,
  created_at  timestamptz not null default now(),
  primary key (scope, key)
);
create index idempotency_created on journal.idempotency (created_at);
