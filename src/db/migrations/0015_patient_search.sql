-- Patient demographics query (ITI TF-2 3.21, 3.47): keys under which records are searched, and results that wait for their next page.

-- One row a name, birth date, postal code and telephone number of a record, folded; collated by code point, so that a beginning is a range.
-- `given` is the second half of a name's key. Birth date and sex stand in each row: a common name is narrowed where it is read.
create table identity.search_key (
  record_id  bigint not null,
  kind       text not null check (kind in ('kanji', 'reading', 'birth', 'postal', 'phone')),
  key        text collate "C" not null,
  given      text collate "C" not null,
  birth      text collate "C",
  sex        text
);
create index search_key_key on identity.search_key (kind, key, birth);
create index search_key_given on identity.search_key (kind, given, birth) where given <> '';
create index search_key_record on identity.search_key (record_id);

-- Records that were there before their keys, or have keys of another version, are brought in by a running server, record after record:
-- folding is not SQL's business, and a start need not wait for it. `done_to` up to `last` of `version`.
create table identity.search_fill (
  only_one  boolean primary key default true check (only_one),
  version   integer not null,
  done_to   bigint not null,
  last      bigint not null
);

-- An answer that was not delivered whole: persons in their order, bound to the system that asked and the key it gave.
create table identity.open_result (
  system_id   text not null,
  key         text not null,
  persons     bigint[] not null,
  scores      smallint[] not null,
  next        integer not null,
  page_size   integer not null,
  query       text not null,
  domains     text[] not null,
  used_at     timestamptz not null,
  primary key (system_id, key)
);
create index open_result_used on identity.open_result (used_at);
