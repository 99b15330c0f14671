-- When a record leaves a person, a neighbouring community that was told an id of the person may have meant the one who leaves: it has to ask again.

create or replace function identity.correlate_anew() returns trigger language plpgsql as
$$
declare
  is_moved boolean := old.person_key <> new.person_key or old.status <> new.status;
  -- A number that describes nobody found nobody.
  is_left boolean := old.person_key <> new.person_key and old.demographics is not null;
  why text := case when is_moved then 'numbers of the person changed' else 'what is known of the person changed' end;
begin
  update identity.correlation set ended_at = clock_timestamp(), ended_reason = why
  where person_key in (old.person_key, new.person_key) and ended_at is null
    and (side = 'theirs' or (is_moved and domain = new.domain and value = new.value) or (is_left and person_key = old.person_key));
  update identity.discovery_question set ended_at = clock_timestamp(), ended_reason = why
  where person_key in (old.person_key, new.person_key) and ended_at is null;
  return null;
end
$$;
