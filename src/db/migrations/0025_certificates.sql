-- Certificates that we issue: their request or PKCS#12, renewal with overlap, revocation with reason, our revocation lists, expiry watch.

alter table access.client_certificate
  add column san              text[] not null default '{}',
  -- SHA-256 of the SubjectPublicKeyInfo, hex: a key that was revoked, or is another system's, is not certified again.
  add column key_hash         text,
  add column pem              text,
  -- Where it is installed, as the facility calls the terminal.
  add column terminal         text,
  add column origin           text not null default 'registered' check (origin in ('registered', 'request', 'pkcs12')),
  add column revoked_at       timestamptz,
  add column revoke_reason    text,
  add column replaced_by      text references access.client_certificate,
  -- Why it was replaced before the time, in the words of whoever did it.
  add column replaced_because text,
  -- Until when it is good beside the one that replaces it.
  add column overlap_ends_at  timestamptz;
update access.client_certificate set revoked_at = status_since, revoke_reason = 'unspecified' where status = 'revoked';
create index client_certificate_key on access.client_certificate (key_hash);
create index client_certificate_end on access.client_certificate (not_after);
create index client_certificate_revoked on access.client_certificate (issuer, not_after) where status <> 'active';
create index client_certificate_overlap on access.client_certificate (overlap_ends_at) where overlap_ends_at is not null and status <> 'revoked';
create index client_certificate_replaced on access.client_certificate (replaced_by) where replaced_by is not null;

-- Revocation lists we signed (RFC 5280, 5): numbered by authority, the newest is served.
create table access.revocation_list (
  -- SHA-256 fingerprint of the certificate of the authority.
  authority      text not null,
  number         bigint not null,
  -- What it lists, so that the same is not signed again before its time.
  entries_hash   text not null,
  entries        integer not null,
  this_update    timestamptz not null,
  next_update    timestamptz not null,
  der            bytea not null,
  primary key (authority, number)
);

-- A certificate and key to be fetched once as PKCS#12, by a system that cannot make a request. The key is made when it is fetched, and not kept.
create table access.pkcs12_order (
  order_id       bigint generated always as identity primary key,
  system_id      text not null references access.system,
  code_hash      text not null unique,
  password_hash  text not null,
  days           integer not null,
  terminal       text,
  replaces       text references access.client_certificate,
  early_because  text,
  form           text not null check (form in ('modern', 'legacy')),
  ordered_at     timestamptz not null default now(),
  ordered_by     text not null,
  expires_at     timestamptz not null,
  failures       integer not null default 0,
  fetched_at     timestamptz,
  fingerprint    text references access.client_certificate
);
create index pkcs12_order_system on access.pkcs12_order (system_id);

-- Which warning of a coming end was given, so that it is given once by all processes together.
create table access.expiry_warning (
  fingerprint  text not null,
  days         integer not null,
  warned_at    timestamptz not null default now(),
  primary key (fingerprint, days)
);
