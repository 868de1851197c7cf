-- What each batch was and what it replaced, so that it can be put back. A row of KIND_history is a
-- row of KIND as it was before batch "replaced" changed it; "became" is the batch whose row it has been since
-- (0: a tombstone where none was before), which is another one only where that batch put something back.
-- Rows that were not there before have no history: they carry the batch themselves.

-- +goose Up
alter table grids add column batch bigint;
alter table enterprises add column batch bigint;
alter table hazards add column batch bigint;
alter table inspections add column batch bigint;
alter table lines add column batch bigint;

create table batches (
  division text collate "C" not null,
  batch bigint not null,
  op text collate "C" not null,
  kind text collate "C",
  reverts bigint,
  file text,
  author text,
  at timestamptz,
  frame text,
  encoding text,
  read bigint,
  inserted bigint,
  updated bigint,
  unchanged bigint,
  superseded bigint,
  rejected bigint,
  ended bigint,
  primary key (division, batch)
);

-- A history table has the columns of its kind but for the version and the place, which is found
-- again when a row is put back. Its shapes are kept, not searched: they have no index.
create table grids_history (like grids);
alter table grids_history drop column version,
  add column replaced bigint not null, add column became bigint, add primary key (division, replaced, scheme, code, valid_from);
alter table grids_history rename column geom to shape;
create table enterprises_history (like enterprises);
alter table enterprises_history drop column version, drop column place,
  add column replaced bigint not null, add column became bigint, add primary key (division, replaced, id);
alter table enterprises_history rename column geom to shape;
create table hazards_history (like hazards);
alter table hazards_history drop column version, drop column place,
  add column replaced bigint not null, add column became bigint, add primary key (division, replaced, id);
alter table hazards_history rename column geom to shape;
create table inspections_history (like inspections);
alter table inspections_history drop column version, drop column place,
  add column replaced bigint not null, add column became bigint, add primary key (division, replaced, id);
alter table inspections_history rename column geom to shape;
create table lines_history (like lines);
alter table lines_history drop column version,
  add column replaced bigint not null, add column became bigint, add primary key (division, replaced, id);
alter table lines_history rename column geom to shape;
