-- Neighbouring communities (XCA): each is a facility of this network as viewer, with its patient number domain, its systems with certificates, and
-- what the agreement with it lets through (docs/federation.md).

create table access.partner (
  facility_id  text primary key references access.facility,
  -- homeCommunityId without urn:oid:.
  community    text not null unique,
  added_at     timestamptz not null default now(),
  added_by     text not null
);
