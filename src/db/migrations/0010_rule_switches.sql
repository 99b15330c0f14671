-- Metadata rules that are switched for one system, and which of them an exchange was let off (docs/rules.md).

alter table access.system
  add column rule_switches jsonb not null default '{}';

alter table journal.exchange
  add column waived text[] not null default '{}';
