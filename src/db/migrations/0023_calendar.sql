-- Calendar of a patient: documents by the time of their service, and the lists that count until the next one comes.
-- A time of less precision lasts until the end of what it says, so its end is filled with nines.

create index document_entry_service on registry.document_entry
  (person_key, rpad(coalesce(service_stop, service_start, creation_time), 14, '9'), coalesce(service_start, creation_time));
create index document_entry_standing on registry.document_entry (person_key)
  where split_part(class_code, '^^', 1) in ('ALLERGY', 'PROBLEM');
