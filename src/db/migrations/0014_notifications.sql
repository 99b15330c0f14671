-- Subscribers of update notifications, and what they must still hear (ITI TF-2 3.46, 3.10; reliability: outbox).
create schema jobs;

-- `domains`: of which the subscriber wants to hear; null is all. `failures` and `retry_at`: how often it could not be reached in a row,
-- and until when nothing is tried.
create table identity.subscription (
  subscription_id        text primary key,
  system_id              text not null references access.system,
  transaction            text not null check (transaction in ('ITI-46', 'ITI-10')),
  endpoint               text not null,
  device_oid             text,
  receiving_application  text,
  receiving_facility     text,
  domains                text[],
  status                 text not null default 'active' check (status in ('active', 'paused')),
  paused_reason          text,
  failures               integer not null default 0,
  retry_at               timestamptz,
  created_at             timestamptz not null default now(),
  check (transaction <> 'ITI-46' or device_oid is not null),
  check (transaction <> 'ITI-10' or (receiving_application is not null and receiving_facility is not null))
);

-- The set of ids (CX) that a subscriber was last told of a person, or will be by a row of the outbox.
create table identity.announced (
  subscription_id  text not null references identity.subscription on delete cascade,
  person_key       bigint not null,
  ids              text[] not null,
  told_at          timestamptz not null default clock_timestamp(),
  primary key (person_key, subscription_id)
);
create index announced_subscription on identity.announced (subscription_id);

-- A notification as it was composed with its change: the set of ids and the message id stay what they are however often it is sent.
-- `persons`: all whom the change concerned; sets that were split or joined are told in the order they became so.
create table jobs.outbox (
  outbox_id        bigint generated always as identity primary key,
  subscription_id  text not null references identity.subscription on delete cascade,
  person_key       bigint not null,
  persons          bigint[] not null,
  message_id       uuid not null,
  ids              jsonb not null,
  created_at       timestamptz not null default clock_timestamp(),
  state            text not null default 'waiting' check (state in ('waiting', 'parked', 'sent', 'skipped')),
  attempts         integer not null default 0,
  due_since        timestamptz,
  parked_at        timestamptz,
  ended_at         timestamptz,
  last_error       text,
  check ((ended_at is not null) = (state in ('sent', 'skipped')))
);
create index outbox_open on jobs.outbox (subscription_id, person_key, outbox_id) where state in ('waiting', 'parked');
-- From a row that ended to those that wait for it.
create index outbox_followers on jobs.outbox using gin (persons) where state = 'waiting' and cardinality(persons) > 1;
create index outbox_ended on jobs.outbox (ended_at) where ended_at is not null;
create index outbox_subscription on jobs.outbox (subscription_id);

-- Who works on jobs, by the name under which graphile-worker locks them: what is held by one not seen lately is free again.
create table jobs.worker (
  worker   text primary key,
  seen_at  timestamptz not null default clock_timestamp()
);
