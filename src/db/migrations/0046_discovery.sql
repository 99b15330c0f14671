-- Discovery at neighbouring communities (XCPD, ITI-55): what its answers left open for staff, and what ends an id that was learned or told.

create index correlation_expiry on identity.correlation (expires_at) where ended_at is null;

-- Answers from which nobody was chosen: staff find out who is meant, and link the number.
create table identity.discovery_question (
  question_id   bigint generated always as identity primary key,
  facility_id   text not null references access.partner,
  person_key    bigint not null references identity.person,
  -- `several`: more than one person there; `contradiction`: birth date or sex are others; `another person`: the id is somebody else's here;
  -- `more wanted`: what we know does not do; `not answered`: somebody there would have to look; `unknown home`: it names a community that we do not know.
  reason        text not null check (reason in ('several', 'contradiction', 'another person', 'more wanted', 'not answered', 'unknown home')),
  -- Ids (CX), homes or codes that it told; nothing that describes a person.
  told          text[] not null,
  -- The exchange in the journal.
  exchange_id   uuid not null,
  asked_at      timestamptz not null default clock_timestamp(),
  -- Until then it is not asked again by itself.
  expires_at    timestamptz not null,
  ended_at      timestamptz,
  ended_reason  text,
  check ((ended_at is null) = (ended_reason is null))
);
create unique index discovery_question_open on identity.discovery_question (person_key, facility_id) where ended_at is null;
create index discovery_question_expiry on identity.discovery_question (expires_at) where ended_at is null;

-- Merged, linked, unlinked, or described otherwise: who it is there has to be asked again. An id of ours that was told stays, unless it is
-- that which changed.
create function identity.correlate_anew() returns trigger language plpgsql as
$$
declare
  is_moved boolean := old.person_key <> new.person_key or old.status <> new.status;
  why text := case when is_moved then 'numbers of the person changed' else 'what is known of the person changed' end;
begin
  update identity.correlation set ended_at = clock_timestamp(), ended_reason = why
  where person_key in (old.person_key, new.person_key) and ended_at is null
    and (side = 'theirs' or (is_moved and domain = new.domain and value = new.value));
  update identity.discovery_question set ended_at = clock_timestamp(), ended_reason = why
  where person_key in (old.person_key, new.person_key) and ended_at is null;
  return null;
end
$$;
create trigger identifier_correlations after update of person_key, status, demographics on identity.identifier for each row
  when (old.person_key <> new.person_key or old.status <> new.status
        or old.demographics -> 'names' is distinct from new.demographics -> 'names'
        or old.demographics -> 'birthTime' is distinct from new.demographics -> 'birthTime'
        or old.demographics -> 'sex' is distinct from new.demographics -> 'sex')
  execute function identity.correlate_anew();

-- Without a consent that covers the community nothing is used that was learned of it or told to it.
create function identity.uncorrelate_unconsented() returns trigger language plpgsql as
$$
begin
  update identity.correlation c set ended_at = clock_timestamp(), ended_reason = 'consent withdrawn'
  where c.person_key = new.person_key and c.ended_at is null
    and (not exists (select from access.consent s
                     where s.person_key = new.person_key and s.withdrawn_at is null and (s.valid_to is null or s.valid_to > now())
                       and s.shares_with_communities and (s.kind = 'comprehensive' or c.facility_id = any(s.facilities)))
         or exists (select from access.consent s
                    where s.person_key = new.person_key and s.withdrawn_at is null and s.valid_from <= now()
                      and (s.valid_to is null or s.valid_to > now()) and c.facility_id = any(s.excluded_facilities)));
  return null;
end
$$;
create trigger consent_withdrawn_correlations after update of withdrawn_at on access.consent for each row
  when (old.withdrawn_at is null and new.withdrawn_at is not null) execute function identity.uncorrelate_unconsented();
create trigger consent_objecting_correlations after insert on access.consent for each row
  when (cardinality(new.excluded_facilities) > 0) execute function identity.uncorrelate_unconsented();

create function identity.uncorrelate_stopped() returns trigger language plpgsql as
$$
begin
  update identity.correlation set ended_at = clock_timestamp(), ended_reason = 'support stopped' where person_key = new.person_key and ended_at is null;
  return null;
end
$$;
create trigger support_stop_correlations after insert on access.support_stop for each row execute function identity.uncorrelate_stopped();

-- A community that is paused is asked anew when it goes on; of one that stands for another, or no longer for any, nothing holds.
create function identity.uncorrelate_partner() returns trigger language plpgsql as
$$
declare
  is_gone boolean := old.community <> new.community or new.status not in ('active', 'test', 'paused');
  why text := case when new.status = 'removed' then 'partner removed' else 'the terms with the community changed' end;
begin
  update identity.correlation set ended_at = clock_timestamp(), ended_reason = why
  where facility_id = new.facility_id and ended_at is null and (is_gone or side = 'theirs');
  update identity.discovery_question set ended_at = clock_timestamp(), ended_reason = why
  where facility_id = new.facility_id and ended_at is null;
  return null;
end
$$;
create trigger partner_correlations after update of community, status, identity, discovery_url on access.partner for each row
  when (old.community <> new.community or old.identity <> new.identity or old.discovery_url is distinct from new.discovery_url
        or (old.status <> new.status and new.status not in ('active', 'test')))
  execute function identity.uncorrelate_partner();
