-- Registry and repository (ITI TF-3 4.2). `ebrim` is the object as it is answered, rendered once, without element name, status and home.
-- Distribution key everywhere is person_key; lookups by uniqueId go through registry.unique_id.

create table registry.unique_id (
  unique_id             text primary key,
  object                text not null,
  hash                  text,
  size_bytes            bigint,
  repository_unique_id  text
);

create table registry.document_entry (
  entry_uuid            uuid primary key,
  person_key            bigint not null,
  unique_id             text not null,
  patient_id            text not null,
  status                text not null,
  object_type           text not null,
  mime_type             text not null,
  publisher             text not null,
  repository_unique_id  text not null,
  hash                  text not null,
  size_bytes            bigint not null,
  class_code            text not null,
  type_code             text not null,
  format_code           text not null,
  practice_setting      text not null,
  facility_type         text not null,
  confidentiality       text[] not null,
  event_codes           text[] not null,
  authors               text[] not null,
  reference_ids         text[] not null,
  creation_time         text not null,
  service_start         text,
  service_stop          text,
  series_id             uuid,
  submission_uuid       uuid not null,
  ebrim                 text not null,
  registered_at         timestamptz not null default now()
);
create index document_entry_patient on registry.document_entry (person_key, status, creation_time desc, entry_uuid);
create index document_entry_unique_id on registry.document_entry (unique_id);

create table registry.submission_set (
  entry_uuid       uuid primary key,
  person_key       bigint not null,
  unique_id        text not null,
  patient_id       text not null,
  source_id        text not null,
  content_type     text not null,
  submission_time  text not null,
  publisher        text not null,
  authors          text[] not null,
  ebrim            text not null,
  registered_at    timestamptz not null default now()
);
create index submission_set_patient on registry.submission_set (person_key, submission_time);

create table registry.association (
  association_uuid  uuid primary key,
  person_key        bigint not null,
  type              text not null,
  source_uuid       uuid not null,
  target_uuid       uuid not null,
  ebrim             text not null,
  registered_at     timestamptz not null default now()
);
create index association_source on registry.association (source_uuid);
create index association_target on registry.association (target_uuid);

-- One row per SS-MIX2 key (storeclient): which entries are current, and since when the key is deleted.
create table registry.series (
  series_id       uuid primary key,
  base_series_id  uuid not null,
  part            integer not null,
  person_key      bigint not null,
  facility_id     text not null,
  kind            text not null,
  current_entry   uuid,
  version         text not null,
  body_sha256     text not null,
  tombstone       text,
  updated_at      timestamptz not null default now()
);
create index series_base on registry.series (base_series_id);

create table registry.superseded (
  superseded_id  bigint generated always as identity primary key,
  series_id      uuid not null,
  person_key     bigint not null,
  version        text not null,
  reason         text not null,
  sha256         text not null,
  content        bytea,
  file_key       text,
  received_at    timestamptz not null default now()
);
create index superseded_series on registry.superseded (series_id);

create table repository.document (
  unique_id    text primary key,
  size_bytes   bigint not null,
  sha1         text not null,
  sha256       text not null,
  content      bytea,
  file_key     text,
  stored_at    timestamptz not null default now(),
  check ((content is null) <> (file_key is null))
);
create index document_file_key on repository.document (file_key) where file_key is not null;
alter table repository.document alter column content set storage external;
