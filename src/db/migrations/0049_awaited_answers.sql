-- Calls to neighbouring communities that answer on a connection of their own (WS-Addressing): which process waits for which answer, so that
-- whichever process hears it knows whose it is, and one that nobody waits for is told from the others. A row outlives its call by a day, so that
-- what comes late is called late.

create table journal.awaited_answer (
  -- wsa:MessageID of our request, wsa:RelatesTo of the answer.
  message_id    text primary key,
  -- The community that was asked: nobody else can answer.
  facility_id   text not null,
  transaction   text not null,
  -- The process that waits; a new one each time a server starts.
  process_id    uuid not null,
  expires_at    timestamptz not null,
  ended         text check (ended in ('answered', 'given up')),
  -- Heard by another process than the one that waits: until that one takes it, seconds at most.
  content_type  text,
  root          bytea,
  charset       text,
  size_bytes    bigint,
  parts         jsonb,
  check ((root is null) = (content_type is null) and (root is null) = (size_bytes is null) and (root is null) = (parts is null)),
  check (root is null or ended = 'answered')
);
create index awaited_answer_owed on journal.awaited_answer (facility_id) where ended is null;
create index awaited_answer_passed on journal.awaited_answer (process_id) where root is not null;
create index awaited_answer_expires on journal.awaited_answer (expires_at);
