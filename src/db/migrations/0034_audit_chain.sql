-- The chain of audit events: sealed by one of all processes at a time, its heads signed, its months exported and dropped (docs/adr/0036).

-- Held by whoever seals or signs. The number of the newest seal.
create table audit.sealing (
  is_only   boolean primary key default true check (is_only),
  position  bigint not null
);
insert into audit.sealing (position) select coalesce(max(position), 0) from audit.seal;

-- It is filled and emptied all the time: what is dead in it must go before it is walked again and again.
alter table audit.unsealed set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- genesis = SHA-256 of nonce and the head of the chain before, as it was when this one began.
alter table audit.chain
  add column nonce          bytea not null,
  add column previous_chain text,
  add column previous_seq   bigint,
  add column previous_hash  bytea,
  add column dropped_at     timestamptz;

create table audit.checkpoint (
  number     bigint primary key,
  chain      text not null,
  seq        bigint not null,
  hash       bytea not null,
  at         timestamptz not null,
  -- No event of this month is expected any more.
  closes     boolean not null,
  key_id     text not null,
  -- SHA-256 of the checkpoint before; zeros before the first.
  previous   bytea not null,
  signature  bytea not null
);
create index checkpoint_chain on audit.checkpoint (chain, number);

-- How far each chain was found whole, and by whom it was taken out of the house.
create table audit.verification (
  chain        text primary key,
  seq          bigint not null,
  hash         bytea not null,
  verified_at  timestamptz not null,
  whole_at     timestamptz,
  failure      text
);
create table audit.export (
  chain    text not null,
  sha256   bytea not null,
  seq      bigint not null,
  at       timestamptz not null default now(),
  by       text not null,
  -- Somebody said that the file is kept.
  kept_at  timestamptz,
  primary key (chain, sha256)
);

create function audit.refuse_checkpoint_change() returns trigger language plpgsql as
$$ begin raise exception 'audit.checkpoint is append-only'; end $$;
create trigger checkpoint_append_only before update or delete on audit.checkpoint for each row execute function audit.refuse_checkpoint_change();
create trigger checkpoint_no_truncate before truncate on audit.checkpoint for each statement execute function audit.refuse_checkpoint_change();

-- A row trigger of the parent holds for its months; one against truncate does not: each month has its own.
create function audit.refuse_truncate() returns trigger language plpgsql as
$$ begin raise exception '%.% is append-only', tg_table_schema, tg_table_name; end $$;

create or replace function audit.make_month(parent text, month date) returns void language plpgsql as
$$
declare
  child text := parent || to_char(month, '_YYYY_MM');
  begins timestamptz := month::timestamp at time zone 'Asia/Tokyo';
  ends timestamptz := (month + interval '1 month')::timestamp at time zone 'Asia/Tokyo';
begin
  if to_regclass(child) is null then
    execute format('create table %s partition of %s for values from (%L) to (%L)', child, parent, begins, ends);
    if parent in ('audit.event', 'audit.seal') then
      execute format('create trigger month_no_truncate before truncate on %s for each statement execute function audit.refuse_truncate()', child);
    end if;
  end if;
end
$$;

do $$
declare
  child text;
begin
  for child in select inhrelid::regclass::text from pg_inherits where inhparent in ('audit.event'::regclass, 'audit.seal'::regclass) loop
    execute format('create trigger month_no_truncate before truncate on %s for each statement execute function audit.refuse_truncate()', child);
  end loop;
end
$$;
