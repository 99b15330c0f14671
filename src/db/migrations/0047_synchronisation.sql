-- Synchronised patient indexes (PIXv3 with a neighbouring community's PIX Manager): what it was told of our patients, what it answered, and what
-- must still be done about whom (ITI TF-2 3.44, 3.45, 3.46; docs/adr/0043).

-- An id of ours (identity.affinityDomainAuthority) that a community was told. `sending`: an attempt was made and not answered yet; `fed`: it
-- has it; `merged`: it was told that another one stands for it; `gone`: it never had it. A row is never removed: what was told stays told.
create table identity.synchronised (
  facility_id  text not null references access.partner,
  domain       text not null,
  value        text not null,
  state        text not null check (state in ('sending', 'fed', 'merged', 'gone')),
  -- Of the demographics told last.
  digest       text,
  -- Nothing may leave about the person, or might not for a while: once it may again, the community is told anew.
  lapsed       boolean not null default false,
  -- Since when its answer (ITI-45) is wanted; null: what it said is known.
  ask_since    timestamptz,
  -- Its ids (CX) of the last answer, and of the last one that was not empty; null: it was never asked.
  answer       text[],
  named        text[] not null default '{}',
  answered_at  timestamptz,
  -- The exchange in the journal from which it is known.
  exchange_id  uuid,
  -- Why the answer was not followed, for staff.
  conflict     text,
  told_at      timestamptz not null default clock_timestamp(),
  primary key (facility_id, domain, value)
);
create index synchronised_id on identity.synchronised (domain, value);
create index synchronised_named on identity.synchronised using gin (named);
create index synchronised_conflict on identity.synchronised (facility_id) where conflict is not null;

-- Who has to be looked at for a community. `message`: the one under way, the same at every attempt until it is answered.
create table jobs.synchronisation (
  facility_id  text not null references access.partner,
  person_key   bigint not null,
  state        text not null default 'waiting' check (state in ('waiting', 'parked')),
  message      jsonb,
  attempts     integer not null default 0,
  due_since    timestamptz,
  marked_at    timestamptz not null default clock_timestamp(),
  parked_at    timestamptz,
  last_error   text,
  primary key (facility_id, person_key),
  check ((state = 'parked') = (parked_at is not null))
);
create index synchronisation_waiting on jobs.synchronisation (facility_id, marked_at);

-- How a community can be reached, and how far the survey of all consents has come that finds who was never told.
create table identity.synchronising (
  facility_id   text primary key references access.partner,
  failures      integer not null default 0,
  retry_at      timestamptz,
  survey_due    timestamptz not null default now(),
  surveyed_to   bigint not null default 0
);
create index consent_shared on access.consent (person_key) where withdrawn_at is null and shares_with_communities;

-- Whoever changes something about a person leaves a mark in the same transaction, with the job that follows it.
create function identity.mark_synchronisation(persons bigint[]) returns void language plpgsql as
$$
declare
  facilities text[];
  keys bigint[];
begin
  if not exists (select from access.partner where identity = 'pix') then return; end if;
  with concerned as (
    select p.facility_id, k.person_key
    from access.partner p cross join (select distinct person_key from unnest(persons) as u (person_key)) k
    where p.identity = 'pix' and p.status <> 'removed' and k.person_key is not null
      and (exists (select from access.consent c where c.person_key = k.person_key and c.shares_with_communities)
           or exists (select from identity.identifier i join identity.synchronised s on s.domain = i.domain and s.value = i.value
                      where i.person_key = k.person_key and s.facility_id = p.facility_id))
    order by 1, 2),
  marked as (
    insert into jobs.synchronisation (facility_id, person_key) select facility_id, person_key from concerned
    on conflict (facility_id, person_key) do update set state = 'waiting', parked_at = null, marked_at = clock_timestamp()
    returning facility_id, person_key)
  select array_agg(facility_id), array_agg(person_key) into facilities, keys from marked;
  if keys is null then return; end if;
  perform count(*) from graphile_worker.add_jobs(array(
    select ('synchronise', json_build_object('facilityId', m.facility_id, 'person', m.person_key::text), 'synchronise ' || m.facility_id, now(), null,
            'synchronise ' || m.facility_id || ' ' || m.person_key, null, null)::graphile_worker.job_spec
    from unnest(facilities, keys) as m (facility_id, person_key)));
end
$$;

create function identity.identifiers_added() returns trigger language plpgsql as
$$
begin
  if not exists (select from access.partner where identity = 'pix') then return null; end if;
  perform identity.ask_about_numbers(array(select domain from after_rows), array(select value from after_rows),
                                     array(select person_key from after_rows));
  perform identity.mark_synchronisation(array(select person_key from after_rows));
  return null;
end
$$;
create function identity.identifiers_changed() returns trigger language plpgsql as
$$
begin
  if not exists (select from access.partner where identity = 'pix') then return null; end if;
  perform identity.ask_about_numbers(array(select domain from after_rows union all select domain from before_rows),
                                     array(select value from after_rows union all select value from before_rows),
                                     array(select person_key from after_rows union all select person_key from before_rows));
  perform identity.mark_synchronisation(array(select person_key from after_rows union select person_key from before_rows));
  return null;
end
$$;

-- What a community says of its number that changed here is asked anew: of those who hold it, and of those of whom it named it. Not while its own answer
-- is being followed.
create function identity.ask_about_numbers(domains text[], numbers text[], holders bigint[]) returns void language plpgsql as
$$
declare
  persons bigint[];
begin
  with theirs as (
    select d.facility_id, n.holder, n.value || '^^^&' || n.domain || '&ISO' as cx
    from unnest(domains, numbers, holders) as n (domain, value, holder)
    join identity.domain d on d.oid = n.domain
    join access.partner p on p.facility_id = d.facility_id and p.identity = 'pix'
    where d.facility_id <> coalesce(current_setting('tsunagi.synchronised', true), '')),
  asked as (
    update identity.synchronised s set ask_since = clock_timestamp()
    where s.state = 'fed' and (s.facility_id, s.domain, s.value) in (
      select k.facility_id, i.domain, i.value from theirs t
      join identity.identifier i on i.person_key = t.holder
      join identity.synchronised k on k.facility_id = t.facility_id and k.domain = i.domain and k.value = i.value
      union
      select k.facility_id, k.domain, k.value from theirs t join identity.synchronised k on k.facility_id = t.facility_id and k.named @> array[t.cx])
    returning s.domain, s.value)
  select array_agg(i.person_key) into persons from asked a join identity.identifier i on i.domain = a.domain and i.value = a.value;
  if persons is not null then perform identity.mark_synchronisation(persons); end if;
end
$$;
create trigger synchronisation_added after insert on identity.identifier
  referencing new table as after_rows for each statement execute function identity.identifiers_added();
create trigger synchronisation_changed after update on identity.identifier
  referencing old table as before_rows new table as after_rows for each statement execute function identity.identifiers_changed();

create function access.persons_marked() returns trigger language plpgsql as
$$
begin
  perform identity.mark_synchronisation(array(select person_key from after_rows));
  return null;
end
$$;
create trigger synchronisation_added after insert on access.consent
  referencing new table as after_rows for each statement execute function access.persons_marked();
create trigger synchronisation_changed after update on access.consent
  referencing new table as after_rows for each statement execute function access.persons_marked();
create trigger synchronisation_added after insert on access.support_stop
  referencing new table as after_rows for each statement execute function access.persons_marked();
create trigger synchronisation_changed after update on access.support_stop
  referencing new table as after_rows for each statement execute function access.persons_marked();

-- Terms and agreements concern everybody: all are looked at soon.
create function access.survey_due() returns trigger language plpgsql as
$$
begin
  insert into identity.synchronising (facility_id) select facility_id from access.partner where identity = 'pix'
  on conflict (facility_id) do update set survey_due = now(), surveyed_to = 0;
  return null;
end
$$;
create trigger synchronisation_terms after insert or update on access.partner for each statement execute function access.survey_due();
create trigger synchronisation_agreements after insert or update on access.agreement for each statement execute function access.survey_due();
