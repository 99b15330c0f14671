-- Invitations of vendors' systems, and what the checklist of a system is read from (docs/onboarding.md; docs/adr/0027).

create table access.invitation (
  invitation_id    bigint generated always as identity primary key,
  -- SHA-256 of the code as it is compared, hexadecimal: the code itself is shown once and kept nowhere.
  secret_digest    text not null unique,
  system_id        text not null references access.system,
  note             text,
  created_at       timestamptz not null default now(),
  created_by       text not null,
  expires_at       timestamptz not null,
  redeemed_at      timestamptz,
  redeemed_from    text,
  -- SHA-256 of the public key of the request: whoever lost our answer sends the same key again.
  key_digest       text,
  fingerprint      text references access.client_certificate,
  -- Certificates above it, as they were given with it.
  chain_pem        text,
  withdrawn_at     timestamptz,
  withdrawn_by     text,
  check (expires_at > created_at),
  check ((redeemed_at is null) = (fingerprint is null) and (redeemed_at is null) = (key_digest is null)),
  check (redeemed_at is null or withdrawn_at is null)
);
create index invitation_system on access.invitation (system_id);

-- The first exchange of a system by transaction and result, and the last one that was refused. The time stands in it as an expression so that
-- no plan reads it from exchange_at instead, through all exchanges of everybody.
create index exchange_system on journal.exchange (system_id, transaction, result, (at at time zone 'UTC'));
