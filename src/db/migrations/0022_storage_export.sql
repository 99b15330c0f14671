-- What the path of an SS-MIX2 storage says of a StoreClient document, so that an export writes it under the names it came by. Documents
-- of before have none of it: their messages say it.

alter table registry.series add column care_date text;
alter table registry.series add column patient_number text;
alter table registry.superseded add column if not exists size_bytes bigint;
alter table registry.document_entry add column series_version text;

create index series_facility on registry.series (facility_id, person_key, base_series_id);
create index document_entry_series on registry.document_entry (series_id) where series_id is not null;
