-- What the Document Repository knows of documents by itself (ITI TF-2 3.41, 3.43; IHE ITI supplement RMD, 3.86).

-- What the entry of a stored document said, where no entry is in the registry beside it: removed by ITI-62, or registered elsewhere.
-- ITI-43 and ITI-86 decide by it as they would by the entry.
create table repository.traits (
  unique_id        text not null,
  domain           text not null,
  value            text not null,
  publisher        text not null,
  mime_type        text not null,
  kind             text not null,
  confidentiality  text[] not null
);
create index traits_unique_id on repository.traits (unique_id);

-- A submission on its way to a registry elsewhere: kept until it is known whether the registry took it.
create table repository.submission (
  submission_id  uuid primary key,
  message_id     text not null,
  submission     jsonb not null,
  system_id      text not null,
  -- Claim of the message and audit events, for a success that is learnt of later.
  claim          jsonb,
  events         jsonb not null default '[]',
  in_doubt       boolean not null default false,
  created_at     timestamptz not null default now(),
  attempted_at   timestamptz not null default now()
);
create index submission_attempt on repository.submission (attempted_at);
create index submission_message on repository.submission (message_id);

create table repository.submitted_document (
  submission_id    uuid not null references repository.submission on delete cascade,
  unique_id        text not null,
  size_bytes       bigint not null,
  sha1             text not null,
  sha256           text not null,
  content          bytea,
  file_key         text,
  domain           text not null,
  value            text not null,
  publisher        text not null,
  mime_type        text not null,
  kind             text not null,
  confidentiality  text[] not null,
  primary key (submission_id, unique_id),
  check ((content is null) <> (file_key is null))
);
create index submitted_document_unique_id on repository.submitted_document (unique_id);
create index submitted_document_file_key on repository.submitted_document (file_key) where file_key is not null;
alter table repository.submitted_document alter column content set storage external;
