-- Ways into the registry for queries that name no patient (ITI-51; ITI TF-2 3.51.4.1.2). Everything else is found by patient or by id.
-- Few documents have reference ids or event codes, so those indexes hold only the documents that do.
create index document_entry_class on registry.document_entry (class_code, creation_time);
create index document_entry_facility_type on registry.document_entry (facility_type, creation_time);
create index document_entry_event on registry.document_entry using gin (event_codes) where event_codes <> '{}';
create index document_entry_reference on registry.document_entry using gin (reference_ids) where reference_ids <> '{}';
create index folder_codes on registry.folder using gin (codes);
