-- Folders, On-Demand entries, versions of metadata update and the status of associations (ITI TF-3 4.2; ITI TF-2 3.57, 3.61).

-- A new version of an object is a new row of the same logical object; `latest` is false for all but the newest.
alter table registry.document_entry
  add column logical_uuid uuid,
  add column version integer not null default 1,
  add column latest boolean not null default true,
  -- An On-Demand DocumentEntry has none of them.
  alter column creation_time drop not null,
  alter column hash drop not null,
  alter column size_bytes drop not null;
update registry.document_entry set logical_uuid = entry_uuid;
alter table registry.document_entry alter column logical_uuid set not null;
create index document_entry_version on registry.document_entry (logical_uuid) where version > 1;

create table registry.folder (
  entry_uuid       uuid primary key,
  person_key       bigint not null,
  unique_id        text not null,
  patient_id       text not null,
  status           text not null,
  publisher        text not null,
  codes            text[] not null,
  last_update      text not null,
  logical_uuid     uuid not null,
  version          integer not null default 1,
  latest           boolean not null default true,
  submission_uuid  uuid not null,
  ebrim            text not null,
  registered_at    timestamptz not null default now()
);
create index folder_patient on registry.folder (person_key, status, last_update desc, entry_uuid);
create index folder_version on registry.folder (logical_uuid) where version > 1;

alter table registry.association
  add column status text not null default 'urn:oasis:names:tc:ebxml-regrep:StatusType:Approved';

-- SubmissionSets and Folders are found by uniqueId here, without an index of their own; of a Folder it is the logical id.
alter table registry.unique_id add column object_uuid uuid;
update registry.unique_id u set object_uuid = s.entry_uuid
from registry.submission_set s where s.unique_id = u.unique_id and u.object = 'SubmissionSet';
