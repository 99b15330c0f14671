-- Patient ids that neighbouring communities and this network learned of each other by discovery (XCPD, ITI-55): from which answer, and for how long.
-- A row is not changed but ended, and another one follows.

create table identity.correlation (
  correlation_id  bigint generated always as identity primary key,
  -- The community.
  facility_id     text not null references access.partner,
  person_key      bigint not null references identity.person,
  -- `theirs`: the id that the community has for the person, as it told us; `ours`: the id that we told it, by which it asks from then on.
  side            text not null check (side in ('theirs', 'ours')),
  -- homeCommunityId of where the id is used, without urn:oid:; it may be another one than that which was asked.
  home            text not null,
  -- Both null: the community said that it does not know the person (side theirs).
  domain          text,
  value           text,
  -- The exchange in the journal from which it is known.
  exchange_id     uuid not null,
  learned_at      timestamptz not null default clock_timestamp(),
  -- CorrelationTimeToLive of the answer, or what the operator set.
  expires_at      timestamptz not null,
  ended_at        timestamptz,
  ended_reason    text,
  check ((domain is null) = (value is null)),
  check (side = 'theirs' or domain is not null),
  check ((ended_at is null) = (ended_reason is null))
);
create index correlation_person on identity.correlation (person_key, facility_id) where ended_at is null;
-- Whose id is it that a community asks by, or answers with?
create index correlation_id on identity.correlation (facility_id, domain, value) where ended_at is null;
