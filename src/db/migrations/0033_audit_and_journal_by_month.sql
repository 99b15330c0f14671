-- Audit events and journal by month (JST): retention drops a month and gives its space back. Audit events wait to be sealed into the hash
-- chain of their month (docs/adr/0034). No table refers to a partitioned one, so that a month can go.

create function audit.make_month(parent text, month date) returns void language plpgsql as
$$
declare
  child text := parent || to_char(month, '_YYYY_MM');
  begins timestamptz := month::timestamp at time zone 'Asia/Tokyo';
  ends timestamptz := (month + interval '1 month')::timestamp at time zone 'Asia/Tokyo';
begin
  if to_regclass(child) is null then
    execute format('create table %s partition of %s for values from (%L) to (%L)', child, parent, begins, ends);
  end if;
end
$$;

-- Audit.

alter table audit.event rename to event_before;
alter index audit.event_pkey rename to event_before_pkey;
alter index audit.event_exchange rename to event_before_exchange;
create sequence audit.event_number as bigint;

create table audit.event (
  event_id     bigint not null default nextval('audit.event_number'),
  -- What receivers of ITI-20 recognise a record by that comes twice.
  event_uuid   uuid not null default gen_random_uuid(),
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
  reason       text,
  -- The record of another system, as it came (ITI-20, Audit Record Repository).
  received     text,
  primary key (event_id, at)
) partition by range (at);
-- What belongs to no month that was made in time is kept all the same.
create table audit.event_other partition of audit.event default;
create index event_exchange on audit.event (exchange_id);
create index event_at on audit.event (at);

-- Committed events that no seal names yet. A queue, not a mark: an event whose transaction commits late is never passed over.
create table audit.unsealed (
  event_id  bigint primary key,
  at        timestamptz not null
);

create function audit.queue_for_seal() returns trigger language plpgsql as
$$ begin insert into audit.unsealed (event_id, at) select event_id, at from fresh; return null; end $$;
create trigger event_queued after insert on audit.event referencing new table as fresh
  for each statement execute function audit.queue_for_seal();

-- One chain a month; `position` is the order of sealing over all chains, by which they are sent and exported.
create table audit.chain (
  chain     text primary key,
  genesis   bytea not null,
  seq       bigint not null,
  hash      bytea not null
);

create table audit.seal (
  position   bigint not null,
  chain      text not null,
  seq        bigint not null,
  event_id   bigint not null,
  event_at   timestamptz not null,
  hash       bytea not null,
  sealed_at  timestamptz not null default now(),
  primary key (position, event_at)
) partition by range (event_at);
create table audit.seal_other partition of audit.seal default;
create index seal_event on audit.seal (event_id);
create index seal_chain on audit.seal (chain, seq);

do $$
declare
  month date := date_trunc('month', coalesce((select min(at) from audit.event_before), now()) at time zone 'Asia/Tokyo');
begin
  while month < (now() at time zone 'Asia/Tokyo') + interval '2 months' loop
    perform audit.make_month('audit.event', month);
    perform audit.make_month('audit.seal', month);
    month := month + interval '1 month';
  end loop;
end
$$;

insert into audit.event (exchange_id, at, event_code, action, type_code, outcome, system_id, facility_id, peer, endpoint, patients, objects, reason)
select exchange_id, at, event_code, action, type_code, outcome, system_id, facility_id, peer, endpoint, patients, objects, reason
from audit.event_before order by event_id;
drop table audit.event_before;

create function audit.refuse_seal_change() returns trigger language plpgsql as
$$ begin raise exception 'audit.seal is append-only'; end $$;
create trigger event_append_only before update or delete on audit.event for each row execute function audit.refuse_change();
create trigger event_no_truncate before truncate on audit.event for each statement execute function audit.refuse_change();
create trigger seal_append_only before update or delete on audit.seal for each row execute function audit.refuse_seal_change();
create trigger seal_no_truncate before truncate on audit.seal for each statement execute function audit.refuse_seal_change();

-- Journal.

alter table journal.exchange rename to exchange_before;
alter index journal.exchange_pkey rename to exchange_before_pkey;
alter index journal.exchange_at rename to exchange_before_at;
alter index journal.exchange_system rename to exchange_before_system;

create table journal.exchange (
  exchange_id     uuid not null,
  at              timestamptz not null,
  door            text not null,
  endpoint        text not null,
  transaction     text not null,
  message_id      text,
  system_id       text,
  facility_id     text,
  peer            text not null,
  patients        text[] not null,
  -- documentUniqueIds that were concerned.
  documents       text[] not null default '{}',
  result          text not null,
  error_codes     text[] not null,
  errors          jsonb not null,
  duration_ms     real not null,
  -- Milliseconds by station.
  timings         jsonb,
  request_bytes   bigint not null,
  response_bytes  bigint,
  waived          text[] not null default '{}',
  primary key (exchange_id, at)
) partition by range (at);
create table journal.exchange_other partition of journal.exchange default;
create index exchange_at on journal.exchange (at);
create index exchange_system on journal.exchange (system_id, transaction, result, (at at time zone 'UTC'));

do $$
declare
  month date := date_trunc('month', coalesce((select min(at) from journal.exchange_before), now()) at time zone 'Asia/Tokyo');
begin
  while month < (now() at time zone 'Asia/Tokyo') + interval '2 months' loop
    perform audit.make_month('journal.exchange', month);
    month := month + interval '1 month';
  end loop;
end
$$;

insert into journal.exchange (exchange_id, at, door, endpoint, transaction, message_id, system_id, facility_id, peer, patients, result,
                              error_codes, errors, duration_ms, request_bytes, response_bytes, waived)
select exchange_id, at, door, endpoint, transaction, message_id, system_id, facility_id, peer, patients, result,
       error_codes, errors, duration_ms, request_bytes, response_bytes, waived
from journal.exchange_before;
drop table journal.exchange_before;
