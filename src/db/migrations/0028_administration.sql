-- Administration of the network: what a system may say it is, and for whom it speaks (idlink 1–3; docs/adr/0028).

alter table access.system
  -- XDSSubmissionSet.sourceId values that it may send; none: any.
  add column source_ids text[] not null default '{}',
  -- Facilities for which it acts besides its own.
  add column delegated_facilities text[] not null default '{}';
