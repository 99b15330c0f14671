-- Administration of the network: consents in versions, revisions of what is registered, agreements, contracts (idlink 1–3; docs/adr/0028).

alter table access.system
  -- XDSSubmissionSet.sourceId values that it may send; none: any.
  add column source_ids text[] not null default '{}',
  -- Facilities for which it acts besides its own.
  add column delegated_facilities text[] not null default '{}';

-- Profile of a facility (施設情報), for lists and letters.
alter table access.facility
  add column name_english text,
  add column postal_code text,
  add column address text,
  add column phone text,
  add column email text,
  add column area text,
  add column beds integer check (beds >= 0);

alter table access.facility_union
  add column areas text[] not null default '{}',
  -- Where the range of joint use is published (共同利用の公表).
  add column notice_url text,
  add column valid_from timestamptz not null default now(),
  add column valid_to timestamptz;
update access.facility_union set valid_from = created_at;

-- What was changed of a facility, a system or a union, member by member: {"kind": {"from": "viewing", "to": "manual"}}.
create table access.revision (
  revision_id  bigint generated always as identity primary key,
  subject      text not null check (subject in ('facility', 'system', 'union')),
  subject_id   text not null,
  at           timestamptz not null default now(),
  by           text not null,
  reason       text,
  changed      jsonb not null
);
create index revision_subject on access.revision (subject, subject_id, revision_id);

create function access.refuse_change() returns trigger language plpgsql as
$$ begin raise exception 'access.revision is append-only'; end $$;
create trigger revision_append_only before update or delete on access.revision
  for each row execute function access.refuse_change();
create trigger revision_no_truncate before truncate on access.revision
  for each statement execute function access.refuse_change();

-- A changed consent is a new row that names the former ones in made_from; the former row ends with replaced_by.
alter table access.consent
  -- Who consented: null where nobody noted it, as before this column.
  add column relation text check (relation in ('self', 'family', 'guardian')),
  add column consented_by text,
  add column form text check (form in ('written', 'oral')),
  add column given_on date,
  add column text_version text,
  add column taken_by text,
  add column taken_at text references access.facility,
  add column shares_with_communities boolean not null default false,
  -- Why a later version was made: absent for the first.
  add column reason text,
  add column withdraw_reason text,
  add column replaced_by bigint references access.consent;
-- Ledgers of a month.
create index consent_recorded_at on access.consent (recorded_at, consent_id);
create index consent_withdrawn_at on access.consent (withdrawn_at, consent_id) where withdrawn_at is not null;
create index identifier_history_domain_at on identity.identifier_history (domain, at, history_id);

-- Of a stop that a merge carried over to the surviving person: the stop it was made from.
alter table access.support_stop
  add column made_from bigint references access.support_stop,
  add column merge_id bigint;
create index support_stop_made_from on access.support_stop (made_from);
create index support_stop_history on access.support_stop (person_key, stop_id);

-- 広域的利用に係る合意書: what may go to and come from a neighbouring community, or a union beside ours, and until when.
create table access.agreement (
  agreement_id       bigint generated always as identity primary key,
  title              text not null,
  -- Our side; null: the whole network.
  union_id           text references access.facility_union,
  -- Their side: one of the two.
  partner_community  text,
  partner_union      text references access.facility_union,
  -- outgoing: they see ours; incoming: we see theirs.
  direction          text not null check (direction in ('outgoing', 'incoming', 'both')),
  -- classCodes; null is all.
  kinds              text[],
  valid_from         timestamptz not null,
  valid_to           timestamptz not null,
  evidence           text,
  recorded_at        timestamptz not null default now(),
  recorded_by        text not null,
  ended_at           timestamptz,
  ended_by           text,
  end_reason         text,
  check (valid_to > valid_from),
  check ((partner_community is null) <> (partner_union is null)),
  check (union_id is null or union_id is distinct from partner_union)
);
create index agreement_community on access.agreement (partner_community, valid_to) where ended_at is null;

-- 利用契約: the contracting party, the facilities under it, its term by the terms of use.
create table access.service_contract (
  contract_id   text primary key,
  party         text not null,
  party_kind    text not null check (party_kind in ('corporation', 'sole-proprietor')),
  applied_on    date not null,
  starts_on     date not null,
  -- Last day; null: it goes on from term to term.
  ends_on       date,
  notice_on     date,
  end_reason    text,
  recorded_at   timestamptz not null default now(),
  recorded_by   text not null,
  ended_at      timestamptz,
  ended_by      text
);
create table access.service_contract_facility (
  contract_id  text not null references access.service_contract,
  facility_id  text not null references access.facility,
  valid_from   date not null,
  valid_to     date,
  primary key (contract_id, facility_id, valid_from)
);
-- A facility is under one contract at a time.
create unique index service_contract_facility_current on access.service_contract_facility (facility_id) where valid_to is null;
