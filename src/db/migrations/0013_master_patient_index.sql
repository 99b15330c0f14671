-- Master patient index: what records are compared by, how each is linked, what staff have to decide, and how a merge is undone.

-- `link`: how the number came to its person. `sole`: registered with it. `auto`: by the matcher. `manual`: by staff or by its source.
alter table identity.identifier
  add column record_id bigint generated always as identity,
  add column link text not null default 'sole' check (link in ('sole', 'auto', 'manual'));
create unique index identifier_record on identity.identifier (record_id);

-- Of every record that takes part in matching: its features, and the blocking keys under which it is found. `keys` repeats the rows of
-- match_key, so that they can be replaced without an index of their own.
create table identity.match_record (
  record_id  bigint primary key,
  version    integer not null,
  features   jsonb not null,
  keys       bigint[] not null
);
create table identity.match_key (
  key        bigint not null,
  record_id  bigint not null,
  primary key (key, record_id)
);

-- Weights and frequencies; the newest active one counts. Links name the version that made them.
create table identity.match_model (
  version     bigint generated always as identity primary key,
  model       jsonb not null,
  made_at     timestamptz not null default now(),
  made_by     text not null,
  note        text not null,
  active      boolean not null default false
);

-- "Different people": a veto against later links, direct and through a third record, until staff take it back.
create table identity.non_link (
  record_a   bigint not null,
  record_b   bigint not null,
  by         text not null,
  reason     text not null,
  at         timestamptz not null default now(),
  primary key (record_a, record_b),
  check (record_a < record_b)
);
create index non_link_record_b on identity.non_link (record_b);

-- `record_b` is absent where a source contradicts what it said of the same number before.
create table identity.review_item (
  review_id    bigint generated always as identity primary key,
  record_a     bigint not null,
  record_b     bigint,
  reason       text not null,
  score        real,
  evidence     jsonb,
  state        text not null default 'open' check (state in ('open', 'deferred', 'linked', 'apart', 'closed')),
  claimed_by   text,
  opened_at    timestamptz not null default now(),
  decided_at   timestamptz,
  decided_by   text,
  decision     text,
  check (record_a < record_b)
);
create unique index review_item_pending on identity.review_item (record_a, coalesce(record_b, 0)) where state in ('open', 'deferred');
create index review_item_queue on identity.review_item (state, score desc nulls last, review_id) where state in ('open', 'deferred');
create index review_item_record_b on identity.review_item (record_b) where state in ('open', 'deferred');

-- How a link came about: state, version of the model, score in bits and the evidence by field.
alter table identity.identifier_history
  add column link text,
  add column model bigint,
  add column score real,
  add column evidence jsonb;
alter table identity.identifier_history drop constraint identifier_history_event_check;
alter table identity.identifier_history add constraint identifier_history_event_check
  check (event in ('add', 'revise', 'link', 'unlink', 'obsolete', 'merge', 'unmerge', 'split'));

-- A merge, or numbers that went to another person, with the identifiers of both persons before and after, so that it can be undone.
alter table identity.merge
  alter column exchange_id drop not null,
  add column origin text not null default 'feed' check (origin in ('feed', 'staff', 'matcher')),
  add column reason text not null default '',
  add column identifiers_before jsonb,
  add column identifiers_after jsonb,
  add column undone_at timestamptz,
  add column undone_by text,
  drop constraint merge_scope_check,
  add constraint merge_scope_check check (scope in ('person', 'record', 'numbers'));
