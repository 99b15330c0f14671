-- Emergency access in use: who was told, who reviewed it, and disaster mode (docs/emergency.md).

-- What the operator switched on for a union, from when to when, and which parts of the normal rule it relaxes.
create table access.disaster_mode (
  disaster_id  bigint generated always as identity primary key,
  union_id     text not null references access.facility_union,
  valid_from   timestamptz not null,
  valid_to     timestamptz not null,
  words        text not null,
  -- Of consentKind, consentBy, chartNoted, contact.
  relaxed      text[] not null,
  grant_days   int not null check (grant_days between 1 and 366),
  set_at       timestamptz not null default now(),
  set_by       text not null,
  ended_at     timestamptz,
  ended_by     text,
  end_reason   text,
  check (valid_to > valid_from)
);
create index disaster_mode_union on access.disaster_mode (union_id, disaster_id);

alter table access.emergency_grant
  add column job             text,
  add column disaster_id     bigint references access.disaster_mode,
  add column reviewed_at     timestamptz,
  add column reviewed_by     text,
  add column review_comment  text;

-- One at a time for a user and a patient; what has run out is ended before the next one begins.
create unique index emergency_grant_once
  on access.emergency_grant (facility_id, coalesce(staff_id, user_name), person_key) where ended_at is null;
create index emergency_grant_user on access.emergency_grant (facility_id, coalesce(staff_id, user_name), grant_id);
create index emergency_grant_unended on access.emergency_grant (grant_id) where ended_at is null;
create index emergency_grant_unreviewed on access.emergency_grant (grant_id) where reviewed_at is null;
create index emergency_grant_started on access.emergency_grant (started_at, grant_id);

-- Facilities whose records a grant opened: each finds it in its inbox. Those with contact `due` are to be told by the user, too.
create table access.emergency_notice (
  notice_id     bigint generated always as identity primary key,
  grant_id      bigint not null references access.emergency_grant,
  facility_id   text not null references access.facility,
  contact       text not null check (contact in ('due', 'waived', 'not-due')),
  due_at        timestamptz not null,
  noted_at      timestamptz,
  noted_by      text,
  contacted_at  timestamptz,
  contact_by    text,
  recorded_at   timestamptz,
  reminded_at   timestamptz,
  unique (grant_id, facility_id)
);
create index emergency_notice_facility on access.emergency_notice (facility_id, notice_id);
create index emergency_notice_unsettled on access.emergency_notice (due_at, notice_id) where contact = 'due' and contacted_at is null;
create index emergency_notice_unread on access.emergency_notice (facility_id) where noted_at is null;

-- Attempts that opened nothing: what limits guessing. The audit keeps them, so these go after a day.
create table access.emergency_miss (
  miss_id   bigint generated always as identity primary key,
  staff_id  text not null references access.staff,
  at        timestamptz not null default now()
);
create index emergency_miss_staff on access.emergency_miss (staff_id, at);
create index emergency_miss_at on access.emergency_miss (at);

-- May assertions of the purpose emergency open patients for systems of the facility?
alter table access.facility add column emergency_by_assertion boolean not null default true;
