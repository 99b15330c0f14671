-- What a facility agreed for StoreClient, why it is suspended, what is withheld of its messages, and the bytes it stores
-- (storeclient: F.4, F.5, quarantine; docs/adr/0019).

-- Every change is a row; the newest is in force. A facility without a row has the contract of the columns' defaults.
create table access.storeclient_contract (
  contract_id   bigint generated always as identity primary key,
  facility_id   text not null references access.facility,
  -- Agreed data kinds; null is all of them.
  kinds         text[],
  unlinked      text not null default 'refuse' check (unlinked in ('refuse', 'hold')),
  shrink_guard  text not null default 'keep-parts' check (shrink_guard in ('keep-parts', 'replace')),
  quota_bytes   bigint check (quota_bytes > 0),
  set_at        timestamptz not null default now(),
  set_by        text not null,
  reason        text
);
create index storeclient_contract_facility on access.storeclient_contract (facility_id, contract_id);

create table access.facility_status (
  change_id    bigint generated always as identity primary key,
  facility_id  text not null references access.facility,
  status       text not null,
  set_at       timestamptz not null default now(),
  set_by       text not null,
  reason       text
);
create index facility_status_facility on access.facility_status (facility_id, change_id);

-- Messages that are filed for nobody yet. `unlinked`: held until the patient number is linked. `identity`: in quarantine (要確認).
-- `content` (or the file) is the message as it came, sealed with the key `key_id`; it is erased when the row ends.
create table journal.withheld (
  withheld_id   bigint generated always as identity primary key,
  -- Stands inside the seal, so that no row opens with the content of another.
  seal_id       uuid not null,
  reason        text not null check (reason in ('unlinked', 'identity')),
  -- `stuck`: it was tried and refused for what it says; somebody has to decide.
  state         text not null default 'waiting' check (state in ('waiting', 'stuck', 'released', 'dropped', 'expired')),
  facility_id   text not null,
  system_id     text not null,
  number        text not null,
  kind          text not null,
  control_id    text not null,
  -- MSH-7 as 17 digits.
  sent_at       text not null,
  claim_scope   text not null,
  claim_key     text not null,
  sha256        text not null,
  size_bytes    bigint not null,
  context       jsonb not null,
  key_id        text,
  content       bytea,
  file_key      text,
  sealed_bytes  bigint,
  sealed_sha256 text,
  exchange_id   uuid not null,
  received_at   timestamptz not null,
  expires_at    timestamptz not null,
  due_at        timestamptz not null default now(),
  attempts      integer not null default 0,
  last_code     text,
  ended_at      timestamptz,
  ended_by      text,
  ended_reason  text,
  check ((ended_at is null) = (state in ('waiting', 'stuck'))),
  check ((ended_at is null) = (key_id is not null)),
  check (num_nonnulls(content, file_key) = case when ended_at is null then 1 else 0 end)
);
alter table journal.withheld alter column content set storage external;
-- The same message sent again is the same row.
create unique index withheld_message on journal.withheld (facility_id, claim_key, sha256) where ended_at is null;
create index withheld_number on journal.withheld (facility_id, number, sent_at, withheld_id) where state = 'waiting' and reason = 'unlinked';
create index withheld_expiry on journal.withheld (expires_at) where ended_at is null;
create index withheld_ended on journal.withheld (ended_at) where ended_at is not null;
create index withheld_file on journal.withheld (file_key) where file_key is not null;

-- Who stores how many bytes. Documents of before take it from their entries.
alter table repository.document add column facility_id text;
update repository.document d set facility_id = e.publisher
  from (select distinct on (unique_id) unique_id, publisher from registry.document_entry order by unique_id, registered_at) e
  where e.unique_id = d.unique_id;
update repository.document d set facility_id = t.publisher
  from repository.traits t where d.facility_id is null and t.unique_id = d.unique_id;
create index document_facility on repository.document (facility_id, stored_at) include (size_bytes);
alter table registry.superseded add column facility_id text, add column size_bytes bigint;
update registry.superseded u set facility_id = s.facility_id, size_bytes = octet_length(u.content)
  from registry.series s where s.series_id = u.series_id;
create index superseded_facility on registry.superseded (facility_id, received_at) include (size_bytes);

-- What a facility stored at the end of a month (JST), fixed once: the storage fee of the following month is charged by it.
create table access.storage_month (
  facility_id  text not null references access.facility,
  month        text not null check (month ~ '^\d{4}-\d{2}$'),
  bytes        bigint not null,
  documents    bigint not null,
  fixed_at     timestamptz not null default now(),
  primary key (facility_id, month)
);
