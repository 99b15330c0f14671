-- What was tolerated in the messages of a system, by warning row of the error table: what its vendor may mend when there is time.
create table journal.tolerance (
  system_id     text not null,
  code          text not null,
  first_seen    timestamptz not null,
  last_seen     timestamptz not null,
  -- messages, not places in them
  count         bigint not null,
  last_exchange uuid not null,
  primary key (system_id, code)
);

-- Sequence numbers (MSH-13) of the systems with whom they were agreed: the number that comes next, and the message that took the last one.
create table journal.sequence (
  system_id       text not null,
  application     text not null,
  expected        bigint not null,
  last_control_id text not null,
  updated_at      timestamptz not null default now(),
  primary key (system_id, application)
);
