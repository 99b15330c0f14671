-- Rows that make sending again harmless are kept for so long (StoreClient and storages 400 days, others 30); found by their age, those of the others
-- without the many of a year of StoreClient.

create index idempotency_short on journal.idempotency (created_at) where scope not like 'storeclient:%' and scope not like 'storage:%';
