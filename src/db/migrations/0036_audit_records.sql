-- What the access log and the content-reference records are read by (idlink 10; security d.10). Every index is paid for with every event,
-- so most are partial: a query by a system without a person is in event_facility and event_patient alone.

-- Content that was handed out or listed, by the types of profiles/audit/looks.ts: a month of references is read in its order.
create index event_reference on audit.event (at, event_id)
  where type_code in ('ITI-43', 'ITI-39', 'clinical-content', 'calendar');

-- The time stands in the others at UTC, so that a search by one of them is never led through all events by event_at.

-- What one facility did, the newest first. Each facility writes at its own right edge.
create index event_facility on audit.event (facility_id, (at at time zone 'UTC')) where facility_id is not null;

-- What was done with one patient: by a hash, a third of the size of the ids, and written anywhere in it. An event names one patient
-- nearly always; those of several are few, and found by all of them.
create index event_patient on audit.event (hashtextextended(patients[1], 0), (at at time zone 'UTC')) where patients[1] is not null;
create index event_patients on audit.event using gin (patients) where cardinality(patients) > 1;

-- What one person did: staff by id, others as they were asserted.
create index event_person
  on audit.event ((coalesce('staff:' || (objects #>> '{user,staffId}'), objects #>> '{user,name}', objects ->> 'by')), (at at time zone 'UTC'))
  where coalesce('staff:' || (objects #>> '{user,staffId}'), objects #>> '{user,name}', objects ->> 'by') is not null;
