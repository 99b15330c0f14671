-- The journal is searched by what a message names (docs/adr/0039). Only what names little is indexed, on hashes, which keep the indexes small
-- enough to stay in memory while they are written; what is common (system, transaction, result) is found by exchange_system, key by key.
-- The time stands in them at UTC, as in exchange_system: a search that asks for this order is never led through all entries by exchange_at.

-- The first of several values; most messages have one. The few with more are found by the small indexes after them.
create index exchange_patient on journal.exchange (hashtextextended(patients[1], 0), (at at time zone 'UTC')) where patients[1] is not null;
create index exchange_patients on journal.exchange using gin (patients) where cardinality(patients) > 1;
create index exchange_document on journal.exchange (hashtextextended(documents[1], 0), (at at time zone 'UTC')) where documents[1] is not null;
create index exchange_documents on journal.exchange using gin (documents) where cardinality(documents) > 1;
create index exchange_message on journal.exchange (hashtextextended(message_id, 0), (at at time zone 'UTC')) where message_id is not null;

-- Few messages have errors.
create index exchange_code on journal.exchange ((error_codes[1]), (at at time zone 'UTC')) where error_codes[1] is not null;
create index exchange_codes on journal.exchange using gin (error_codes) where cardinality(error_codes) > 1;
create index exchange_refused on journal.exchange (result, (at at time zone 'UTC')) where result <> 'success';

-- What staff of a facility did, and what nobody known did.
create index exchange_without_system on journal.exchange (facility_id, (at at time zone 'UTC')) where system_id is null;
