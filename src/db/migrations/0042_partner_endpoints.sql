-- Where a neighbouring community is asked (XCA Initiating Gateway): ITI-38 and ITI-39 of its Responding Gateway, and how long it may take.

alter table access.partner
  add column query_url text,
  add column retrieve_url text,
  -- Milliseconds from the request to the whole answer.
  add column query_ms integer not null default 20000 check (query_ms between 100 and 600000),
  add column retrieve_ms integer not null default 120000 check (retrieve_ms between 100 and 3600000),
  -- A paused community is not asked; what it asks is answered as its certificate and agreement say.
  add column status text not null default 'active' check (status in ('active', 'paused'));
