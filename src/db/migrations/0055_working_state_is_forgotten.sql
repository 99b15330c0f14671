-- Rows that are only ever added and have lost their use go by the clock (docs/adr/0052); each is found by its age, whatever stands beside it.

create index correlation_ended on identity.correlation (ended_at) where ended_at is not null;
create index discovery_question_ended on identity.discovery_question (ended_at) where ended_at is not null;
create index review_item_closed on identity.review_item (decided_at) where state = 'closed';
create index revocation_list_end on access.revocation_list (next_update);
create index pkcs12_order_end on access.pkcs12_order (expires_at);
create index expiry_warning_age on access.expiry_warning (warned_at);
create index session_started on access.session (started_at);
