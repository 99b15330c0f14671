-- Persons who use the network by name, what stops the support of a patient, and emergency access (design §4; docs/adr/0024).

-- One id a person (個人ID): never shared, never used again. Credentials are kept apart from it.
create table access.staff (
  staff_id       text primary key,
  -- Null: staff of the network itself, who belong to no facility.
  facility_id    text references access.facility,
  name           text not null,
  name_kana      text,
  -- Job category (職種), src/model/user.ts; what may be seen depends on it.
  job            text not null,
  roles          text[] not null default '{}',
  may_use_ems    boolean not null default false,
  status         text not null default 'active' check (status in ('active', 'suspended', 'ended')),
  valid_from     timestamptz not null default now(),
  valid_to       timestamptz,
  registered_at  timestamptz not null default now(),
  registered_by  text not null
);
create index staff_facility on access.staff (facility_id);

-- 支援中止: at the patient's wish nobody sees anything any more and nothing new is taken, until an operator lifts it.
create table access.support_stop (
  stop_id     bigint generated always as identity primary key,
  person_key  bigint not null,
  stopped_at  timestamptz not null default now(),
  stopped_by  text not null,
  reason      text not null,
  lifted_at   timestamptz,
  lifted_by   text,
  lift_reason text
);
create unique index support_stop_person on access.support_stop (person_key) where lifted_at is null;

-- Emergency access (EMS): it stands for the link of the viewing facility, and for being named by an individual consent.
create table access.emergency_grant (
  grant_id            bigint generated always as identity primary key,
  -- The facility that sees, and the person who answers for it.
  facility_id         text not null references access.facility,
  staff_id            text references access.staff,
  -- As asserted (XUA) or as the console knows the person.
  user_name           text not null,
  person_key          bigint not null,
  -- Whose number was given, and the number.
  publisher_id        text references access.facility,
  number              text not null,
  number_authority    text not null,
  origin              text not null check (origin in ('staff', 'assertion')),
  reason_code         text not null,
  reason              text not null,
  consent_kind        text not null,
  consent_by          text,
  chart_noted         boolean not null,
  in_disaster         boolean not null default false,
  -- classCodes; null is all.
  kinds               text[],
  started_at          timestamptz not null default now(),
  ends_at             timestamptz not null,
  ended_at            timestamptz,
  ended_by            text,
  end_reason          text,
  exchange_id         uuid,
  check (ends_at > started_at)
);
create index emergency_grant_running on access.emergency_grant (person_key, facility_id, ends_at) where ended_at is null;
create index emergency_grant_facility on access.emergency_grant (facility_id, grant_id);
create index emergency_grant_publisher on access.emergency_grant (publisher_id, grant_id);
