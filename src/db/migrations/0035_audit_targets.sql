-- Audit repositories that the sealed events are sent to, each with its own place in the order of seals (ITI-20; docs/adr/0037).

create table audit.target (
  name           text primary key,
  host           text not null,
  port           integer not null check (port between 1 and 65535),
  -- Null: the host.
  server_name    text,
  -- PEM of the authorities that its certificate has to come from; null: those of the file tls.ca.
  ca             text,
  -- Paths on the servers; null: the server's own certificate. Keys are not kept in the database.
  certificate    text,
  key            text,
  with_received  boolean not null,
  status         text not null default 'active' check (status in ('active', 'paused')),
  paused_reason  text,
  -- Rises with every change by the operator: a sender that knows another one begins anew.
  version        bigint not null default 1,
  -- All up to this position counts as sent; after the other one a sender begins that knows nothing else.
  sent_to        bigint not null,
  resend_from    bigint not null,
  last_sent_at   timestamptz,
  -- How it stands, and whether the audit knows that certificates are not accepted: cleared when it works again.
  state          text not null default 'waiting' check (state in ('waiting', 'up', 'unreachable', 'refused')),
  attempts       integer not null default 0,
  last_error     text,
  is_alerted     boolean not null default false,
  -- Which process sends, and for how long it may without saying so again.
  owner          uuid,
  leased_until   timestamptz,
  created_at     timestamptz not null default now(),
  check ((certificate is null) = (key is null)),
  check (resend_from <= sent_to)
);

-- Records of other systems by the UUID that they bear: what comes twice is kept once.
create index event_received on audit.event (system_id, event_uuid) where received is not null;

alter table access.trust_anchor drop constraint trust_anchor_door_check;
alter table access.trust_anchor add constraint trust_anchor_door_check
  check (door in ('https', 'mllp/storeclient', 'mllp/pix', 'syslog'));
