-- Neighbouring communities are changed, tried, paused and removed, with their history.

alter table access.partner
  -- For these alone it is asked while its status is `test`.
  add column test_systems text[] not null default '{}',
  drop constraint partner_status_check,
  -- `removed`: neither asked nor shown anything. The row stays: without it the facility would be one like any other, and see what those see.
  add constraint partner_status_check check (status in ('active', 'test', 'paused', 'removed')),
  drop constraint partner_community_key;
create unique index partner_community on access.partner (community) where status <> 'removed';

alter table access.revision
  drop constraint revision_subject_check,
  add constraint revision_subject_check check (subject in ('facility', 'system', 'union', 'partner'));
