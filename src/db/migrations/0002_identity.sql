-- Identity: domains, persons, their identifiers as received, and the history of every change (ITI TF-2 3.44, 3.45; design §3).

create table identity.domain (
  oid          text primary key,
  name         text not null,
  kind         text not null check (kind in ('facility', 'affinity', 'community')),
  facility_id  text,
  created_at   timestamptz not null default now(),
  check (kind = 'community' or facility_id is not null)
);

create table identity.person (
  person_key  bigint generated always as identity primary key,
  created_at  timestamptz not null default now()
);

-- One row per patient number. An obsolete number keeps its row, so that it is never used again.
create table identity.identifier (
  domain        text not null references identity.domain,
  value         text not null,
  person_key    bigint not null references identity.person,
  status        text not null default 'active' check (status in ('active', 'obsolete')),
  demographics  jsonb,
  received      text,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  primary key (domain, value)
);
-- A person has one active number per domain; also the way from a person to all its numbers.
create unique index identifier_person_domain on identity.identifier (person_key, domain) where status = 'active';
create index identifier_person on identity.identifier (person_key);
create index identifier_value on identity.identifier (value);

-- A number belongs to person_key from `at` until the next row of the same number.
create table identity.identifier_history (
  history_id         bigint generated always as identity primary key,
  domain             text not null,
  value              text not null,
  event              text not null check (event in ('add', 'revise', 'link', 'unlink', 'obsolete')),
  at                 timestamptz not null default clock_timestamp(),
  by                 text not null,
  reason             text not null,
  person_key         bigint not null,
  former_person_key  bigint,
  demographics       jsonb,
  received           text
);
create index identifier_history_identifier on identity.identifier_history (domain, value, history_id);
create index identifier_history_person on identity.identifier_history (person_key);

create function identity.refuse_change() returns trigger language plpgsql as
$$ begin raise exception 'identity.identifier_history is append-only'; end $$;
create trigger identifier_history_append_only before update or delete on identity.identifier_history
  for each row execute function identity.refuse_change();
create trigger identifier_history_no_truncate before truncate on identity.identifier_history
  for each statement execute function identity.refuse_change();
