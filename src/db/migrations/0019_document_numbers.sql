-- Documents of StoreClient under their order or document number: a changed order is found under its former day, and a document number
-- that another one replaced leads to its successor.

alter table registry.series add column order_number text;
alter table registry.series add column moved_to uuid;

create index series_order on registry.series (facility_id, kind, order_number) where order_number is not null;
create index series_moved on registry.series (moved_to) where moved_to is not null;
