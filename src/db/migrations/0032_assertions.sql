-- Who may assert users (ITI-40), which member of staff a subject is, and which assertions were used (docs/adr/0032).

create table access.assertion_issuer (
  issuer_id            text primary key,
  -- Content of saml2:Issuer.
  entity_id            text not null,
  status               text not null default 'active' check (status in ('active', 'suspended')),
  -- network: users of any facility, each named by organization-id; facilities: of those listed.
  scope                text not null check (scope in ('network', 'facilities')),
  allows_sha1          boolean not null default false,
  needs_formats        boolean not null default false,
  max_lifetime_seconds bigint not null check (max_lifetime_seconds > 0),
  -- Null: those that are accepted of everyone.
  authn_contexts       text[],
  audiences            text[] not null default '{}',
  registered_at        timestamptz not null default now(),
  registered_by        text not null,
  removed_at           timestamptz,
  removed_by           text
);
create unique index assertion_issuer_entity on access.assertion_issuer (entity_id) where removed_at is null;

create table access.assertion_issuer_facility (
  issuer_id        text not null references access.assertion_issuer,
  facility_id      text not null references access.facility,
  -- organization-ids that mean the facility besides its own OID: its users, and those it is delegated for.
  organization_ids text[] not null default '{}',
  added_at         timestamptz not null default now(),
  removed_at       timestamptz
);
create unique index assertion_issuer_facility_standing on access.assertion_issuer_facility (issuer_id, facility_id) where removed_at is null;

create table access.assertion_issuer_certificate (
  issuer_id   text not null references access.assertion_issuer,
  fingerprint text not null,
  pem         text not null,
  not_before  timestamptz not null,
  not_after   timestamptz not null,
  added_at    timestamptz not null default now(),
  added_by    text not null,
  removed_at  timestamptz,
  removed_by  text
);
create unique index assertion_issuer_certificate_standing on access.assertion_issuer_certificate (issuer_id, fingerprint) where removed_at is null;

-- The person behind a subject, where the network knows them.
create table access.staff_identity (
  issuer_id  text not null references access.assertion_issuer,
  subject    text not null,
  staff_id   text not null references access.staff,
  added_at   timestamptz not null default now(),
  added_by   text not null,
  removed_at timestamptz,
  removed_by text
);
create unique index staff_identity_standing on access.staff_identity (issuer_id, subject) where removed_at is null;

-- Systems that have to send assertions wherever they are not ignored.
create table access.system_assertion_policy (
  system_id text primary key references access.system,
  set_at    timestamptz not null default now(),
  set_by    text not null
);

-- Kept until the assertion has expired; one row for all processes.
create table access.assertion_use (
  issuer_id    text not null,
  assertion_id text not null,
  -- SHA-256 of the first one as sent: another one of the same ID is none.
  digest       text not null,
  uses         bigint not null default 1,
  -- Client certificates that it came with, in the order of their first use.
  fingerprints text[] not null,
  first_used   timestamptz not null default now(),
  expires_at   timestamptz not null,
  primary key (issuer_id, assertion_id)
);
create index assertion_use_expiry on access.assertion_use (expires_at);
