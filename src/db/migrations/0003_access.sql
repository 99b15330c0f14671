-- Facilities, systems, certificates, unions and consents: who may see what (design §4). Nothing is overwritten, history stays.

create table access.facility (
  facility_id      text primary key,
  oid              text not null unique,
  code             text unique,
  name             text not null,
  name_kana        text,
  kind             text not null,
  status           text not null default 'active',
  patient_id_form  text not null default 'exact',
  facility_type    text,
  created_at       timestamptz not null default now()
);

create table access.system (
  system_id                text primary key,
  facility_id              text not null references access.facility,
  roles                    text[] not null,
  access_mode              text,
  assigning_authority      text,
  repositories             text[] not null default '{}',
  confidentiality_ceiling  text not null default 'N',
  status                   text not null default 'active',
  created_at               timestamptz not null default now()
);

create table access.client_certificate (
  fingerprint    text primary key,
  system_id      text not null references access.system,
  serial         text not null,
  subject        text not null,
  issuer         text not null,
  not_before     timestamptz not null,
  not_after      timestamptz not null,
  status         text not null default 'active',
  status_since   timestamptz not null default now(),
  registered_at  timestamptz not null default now()
);
create index client_certificate_system on access.client_certificate (system_id);

create table access.facility_union (
  union_id    text primary key,
  name        text not null,
  kind        text not null,
  created_at  timestamptz not null default now()
);

create table access.union_member (
  union_id     text not null references access.facility_union,
  facility_id  text not null references access.facility,
  valid_from   timestamptz not null default now(),
  valid_to     timestamptz,
  primary key (union_id, facility_id, valid_from)
);
create index union_member_facility on access.union_member (facility_id);

create table access.consent (
  consent_id           bigint generated always as identity primary key,
  person_key           bigint not null,
  kind                 text not null,
  facilities           text[] not null default '{}',
  excluded_facilities  text[] not null default '{}',
  excluded_kinds       text[] not null default '{}',
  valid_from           timestamptz not null default now(),
  valid_to             timestamptz,
  withdrawn_at         timestamptz,
  withdrawn_by         text,
  recorded_by          text not null,
  evidence             text,
  recorded_at          timestamptz not null default now()
);
create index consent_person on access.consent (person_key);

create table access.network_setting (
  name        text primary key,
  value       text not null,
  updated_at  timestamptz not null default now()
);
