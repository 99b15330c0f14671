-- Patient merge (ITI TF-2 3.8.4.2, 3.44.4.3): which id stands for which, and what an un-merge would need.

-- `survivor`: the value of the same domain that stands for an obsolete one, the end of the chain. `second`: a further active number
-- of a domain that a person has because two persons became one; the source of the number may merge it later.
alter table identity.identifier
  add column survivor text,
  add column second boolean not null default false,
  add check (survivor is null or status = 'obsolete');
create index identifier_survivor on identity.identifier (domain, survivor) where survivor is not null;
drop index identity.identifier_person_domain;
create unique index identifier_person_domain on identity.identifier (person_key, domain) where status = 'active' and not second;

alter table identity.person add column merged_into bigint references identity.person;

alter table identity.identifier_history drop constraint identifier_history_event_check;
alter table identity.identifier_history add constraint identifier_history_event_check
  check (event in ('add', 'revise', 'link', 'unlink', 'obsolete', 'merge'));

create table identity.merge (
  merge_id         bigint generated always as identity primary key,
  at               timestamptz not null default clock_timestamp(),
  by               text not null,
  exchange_id      uuid not null,
  domain           text not null,
  subsumed         text not null,
  survivor         text not null,
  former_person    bigint not null,
  survivor_person  bigint not null,
  scope            text not null check (scope in ('person', 'record')),
  consents_ended   bigint[] not null default '{}',
  consents_made    bigint[] not null default '{}'
);
create index merge_former_person on identity.merge (former_person);
create index merge_survivor_person on identity.merge (survivor_person);

-- What a merge moved to the surviving person, with the patient id it carried before.
create table registry.merged_object (
  merge_id     bigint not null,
  object       text not null,
  object_uuid  uuid not null,
  patient_id   text,
  primary key (merge_id, object_uuid)
);

create index series_person on registry.series (person_key);
create index superseded_person on registry.superseded (person_key);

-- Consents of which a merge made one; withdrawing any of them withdraws it.
alter table access.consent add column made_from bigint[] not null default '{}';
create index consent_made_from on access.consent using gin (made_from) where made_from <> '{}';
