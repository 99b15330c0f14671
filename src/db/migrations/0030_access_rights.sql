-- Access rights: job, kind and confidentiality; to whom facilities publish (design §4; docs/adr/0030). Every change is a row, history stays.

create table access.access_right (
  right_id     bigint generated always as identity primary key,
  -- Whose right: of the network when all three are null, else of the one that is named.
  union_id     text references access.facility_union,
  facility_id  text references access.facility,
  staff_id     text references access.staff,
  -- src/model/user.ts; null is every job.
  job          text,
  -- classCode; null is every kind without a right of its own.
  kind         text,
  ceiling      text not null check (ceiling in ('none', 'U', 'L', 'M', 'N', 'R', 'V')),
  valid_from   timestamptz not null default now(),
  valid_to     timestamptz,
  set_at       timestamptz not null default now(),
  set_by       text not null,
  reason       text,
  ended_at     timestamptz,
  ended_by     text,
  check (num_nonnulls(union_id, facility_id, staff_id) <= 1),
  check (valid_to is null or valid_to > valid_from)
);
create index access_right_facility on access.access_right (facility_id) where ended_at is null;
create index access_right_union on access.access_right (union_id) where ended_at is null;
create index access_right_staff on access.access_right (staff_id) where ended_at is null;

-- To whom a facility publishes a kind; what has no row is published to all who may see it.
create table access.audience (
  audience_id  bigint generated always as identity primary key,
  facility_id  text not null references access.facility,
  -- classCode; null is every kind without an audience of its own.
  kind         text,
  -- null is all jobs, none is nobody.
  jobs         text[],
  valid_from   timestamptz not null default now(),
  valid_to     timestamptz,
  set_at       timestamptz not null default now(),
  set_by       text not null,
  reason       text,
  ended_at     timestamptz,
  ended_by     text,
  check (valid_to is null or valid_to > valid_from)
);
create index audience_facility on access.audience (facility_id) where ended_at is null;

-- Emergency access opens what is very restricted (V) only where the union says so.
alter table access.facility_union add column emergency_opens_v boolean not null default false;
