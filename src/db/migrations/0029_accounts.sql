-- How staff log on: passwords, second factors, sessions (docs/adr/0029). Nothing here can be read back as a password.

-- What became of a person's entry, each time as it stood afterwards.
create table access.staff_change (
  change_id   bigint generated always as identity primary key,
  staff_id    text not null references access.staff,
  changed_at  timestamptz not null default now(),
  changed_by  text not null,
  operation   text not null,
  reason      text,
  state       jsonb not null
);
create index staff_change_of on access.staff_change (staff_id, change_id);

-- One a person. The salt is the account's for life, so that one derivation compares a new password with all former ones.
create table access.account (
  staff_id    text primary key references access.staff,
  -- access-code: made by us, to be replaced by an own password at the first log-on, and only until ends_at.
  kind        text not null check (kind in ('access-code', 'own')),
  salt        bytea not null,
  hash        bytea not null,
  cost_n      integer not null,
  block_r     integer not null,
  parallel_p  integer not null,
  set_at      timestamptz not null default now(),
  ends_at     timestamptz,
  -- Last logged on, or given a new access code.
  used_at     timestamptz not null default now(),
  check ((kind = 'access-code') = (ends_at is not null))
);

create table access.former_password (
  former_id   bigint generated always as identity primary key,
  staff_id    text not null references access.account,
  hash        bytea not null,
  cost_n      integer not null,
  block_r     integer not null,
  parallel_p  integer not null,
  replaced_at timestamptz not null default now()
);
create index former_password_of on access.former_password (staff_id, former_id);

-- Sealed, since a one-time code is computed from it; the key is not in the database.
create table access.second_factor (
  staff_id     text primary key references access.account,
  key_id       text not null,
  secret       bytea not null,
  begun_at     timestamptz not null default now(),
  confirmed_at timestamptz,
  -- Time step of the last code that was taken: none is taken twice (RFC 6238 5.2).
  last_step    bigint not null default 0
);

create table access.recovery_code (
  staff_id  text not null references access.second_factor,
  hash      bytea not null,
  used_at   timestamptz,
  primary key (staff_id, hash)
);

-- Failed log-ons by name as typed, known or not, and by address; digests, since a password may be typed where the name goes.
create table access.login_guard (
  subject       bytea primary key,
  failures      integer not null default 0,
  locks         integer not null default 0,
  last_at       timestamptz not null default now(),
  blocked_until timestamptz
);
create index login_guard_age on access.login_guard (last_at);

create table access.session (
  session_hash  bytea primary key,
  staff_id      text not null references access.account,
  started_at    timestamptz not null default now(),
  used_at       timestamptz not null default now(),
  ends_at       timestamptz not null,
  peer          text not null,
  second_factor boolean not null,
  ended_at      timestamptz,
  end_reason    text
);
create index session_open on access.session (staff_id) where ended_at is null;

-- Minutes without a request after which staff of the facility are logged off; null: as the network has it.
alter table access.facility add column idle_minutes smallint check (idle_minutes between 1 and 180);
