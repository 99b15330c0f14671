-- What is agreed with a neighbouring community beside where it is asked: how a patient of ours is found there, how its answers come, what it wants
-- to know of who asks, and what of its messages is taken though it is not to the letter.

alter table access.partner
  -- ITI-55 of its Responding Gateway; ITI-44 and ITI-45 of its PIX Manager.
  add column discovery_url text,
  add column pix_url text,
  -- `none`: by the numbers of it that are linked here; `xcpd`: it is asked who the patient is there; `pix`: both indexes are kept alike.
  add column identity text not null default 'none' check (identity in ('none', 'xcpd', 'pix')),
  -- Its answers come on a connection of their own (WS-Addressing).
  add column is_asynchronous boolean not null default false,
  -- It wants an assertion (XUA) for this audience about who asks.
  add column assertion_audience text,
  add column changed_at timestamptz,
  add column changed_by text,
  -- `test`: it is asked for the systems that try the connection, and for nobody else.
  drop constraint partner_status_check,
  add constraint partner_status_check check (status in ('active', 'test', 'paused')),
  add constraint partner_identity_address check ((identity <> 'xcpd' or discovery_url is not null) and (identity <> 'pix' or pix_url is not null));

-- Deviations of a community that are taken, of those that profiles/partners knows: since when, until when, and why.
create table access.partner_tolerance (
  tolerance_id  bigint generated always as identity primary key,
  facility_id   text not null references access.partner,
  tolerance     text not null,
  since         date not null,
  -- The last day.
  until         date check (until >= since),
  reason        text not null,
  added_at      timestamptz not null default now(),
  added_by      text not null,
  ended_at      timestamptz
);
create index partner_tolerance_facility on access.partner_tolerance (facility_id) where ended_at is null;
