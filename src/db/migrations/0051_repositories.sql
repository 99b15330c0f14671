-- Document Repositories and On-Demand Document Sources of this network that are apart from this server: the gateways fetch their documents by ITI-43.

create table access.repository (
  -- Never that of this server (repository.uniqueId), which the database does not know.
  repository_unique_id  text primary key,
  url                   text not null,
  -- Whose trust anchors hold for its server certificate, beside the authorities of the file tls.ca; null: those of the file alone.
  facility_id           text references access.facility,
  retrieve_ms           integer not null default 120000 check (retrieve_ms between 100 and 3600000),
  -- `paused`: its documents are named as unavailable, and nothing is asked of it.
  status                text not null default 'active' check (status in ('active', 'paused')),
  added_at              timestamptz not null default now(),
  added_by              text not null,
  changed_at            timestamptz,
  changed_by            text
);

alter table access.revision
  drop constraint revision_subject_check,
  add constraint revision_subject_check check (subject in ('facility', 'system', 'union', 'partner', 'repository'));
