-- Messages as they crossed the doors, in sealed blocks by day (JST): retention drops a day and gives its space back (docs/adr/0035).

create function journal.make_day(parent text, day date) returns void language plpgsql as
$$
declare
  child text := parent || to_char(day, '_YYYY_MM_DD');
begin
  if to_regclass(child) is null then
    execute format('create table %s partition of %s for values from (%L) to (%L)',
                   child, parent, day::timestamp at time zone 'Asia/Tokyo', (day + 1)::timestamp at time zone 'Asia/Tokyo');
  end if;
exception
  -- Rows of that day came when it was not made: they stay where they are, and so do those that follow. Or another process was faster.
  when check_violation or duplicate_table or unique_violation then null;
end
$$;

-- A block holds messages of many exchanges, packed and sealed together; the ids of exchanges begin with their time, so that the blocks
-- of one are found by the first and the last id in them.
create table journal.kept (
  block_id        uuid not null,
  -- When the block was closed: after the beginning of every exchange in it.
  at              timestamptz not null,
  first_exchange  uuid not null,
  last_exchange   uuid not null,
  messages        integer not null,
  key_id          text not null,
  sealed          bytea not null
) partition by range (at);
create table journal.kept_other partition of journal.kept default;
create index kept_exchange on journal.kept (last_exchange, first_exchange);
-- What is sealed does not get smaller.
alter table journal.kept alter column sealed set storage external;

do $$
begin
  for n in 0..2 loop
    perform journal.make_day('journal.kept', (now() at time zone 'Asia/Tokyo')::date + n);
  end loop;
end
$$;
