-- Records that were there before their match features, or have features of another version, are brought in by a running server, as those
-- of before the search are (identity.search_fill): without features a record is nobody's candidate. `done_to` up to `last` of `version`.
create table identity.match_fill (
  only_one  boolean primary key default true check (only_one),
  version   integer not null,
  done_to   bigint not null,
  last      bigint not null
);
