-- What a subscriber may know is asked again when a notification leaves. `former`: the messages that this one was before ids were taken out
-- of it, the oldest first, each with its message id, its ids and how often it was tried.
alter table jobs.outbox add column former jsonb not null default '[]';
