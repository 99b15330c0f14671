-- Authorities whose certificates the doors believe, besides the file tls.ca, with what they revoked (docs/adr/0026).

create sequence access.trust_anchor_version;

create table access.trust_anchor (
  anchor_id      bigint generated always as identity primary key,
  label          text not null,
  fingerprint    text not null,
  pem            text not null,
  subject        text not null,
  not_before     timestamptz not null,
  not_after      timestamptz not null,
  -- Null: all doors.
  door           text check (door in ('https', 'mllp/storeclient', 'mllp/pix')),
  -- Null: systems of anybody; else of this partner alone.
  facility_id    text references access.facility,
  valid_from     timestamptz not null default now(),
  valid_to       timestamptz,
  added_at       timestamptz not null default now(),
  added_by       text not null,
  removed_at     timestamptz,
  removed_by     text,
  -- Where its revocation list comes from: a URL, or the path of a file on the servers.
  crl_source     text,
  -- The newest one that was good, and what it revokes (serial numbers, upper-case hexadecimal).
  crl            bytea,
  crl_serials    text[],
  crl_this_update timestamptz,
  crl_next_update timestamptz,
  crl_fetched_at timestamptz,
  -- The last attempt, by any process, and why it failed.
  crl_tried_at   timestamptz,
  crl_failure    text,
  -- Rises with every change that the doors must learn.
  version        bigint not null default nextval('access.trust_anchor_version'),
  check (valid_to > valid_from)
);
create unique index trust_anchor_label on access.trust_anchor (label) where removed_at is null;
create index trust_anchor_by_version on access.trust_anchor (version);
