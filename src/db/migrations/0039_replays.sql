-- What a dry run of a replay found, until whoever asked for it says that it shall be done, and by which exchange it was (docs/adr/0038).
create table journal.replay (
  token_digest  bytea primary key,
  exchange_id   uuid not null,
  by            text not null,
  outcome       bytea not null,
  expires_at    timestamptz not null,
  replayed_as   uuid,
  replayed_at   timestamptz
);
create index replay_expiry on journal.replay (expires_at);
