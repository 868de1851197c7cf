-- One schema for one server, for replicas, and for distribution by division: division leads
-- every key and is never updated, ids are made by the application, fact tables have no triggers.
-- Texts compare as UTF-8 bytes, whatever the database's own collation is.

-- +goose Up
create table division (
  division text collate "C" primary key,
  version bigint not null,
  boundaries bigint not null,
  clock timestamptz
);

create table outbox (
  division text collate "C" not null,
  version bigint not null,
  committed_at timestamptz not null default now(),
  primary key (division, version)
);

create table places (
  division text collate "C" not null,
  place bigint not null,
  scheme text collate "C" not null,
  epoch timestamptz not null,
  until timestamptz,
  level bigint not null,
  code text collate "C" not null,
  valid_from timestamptz not null,
  version bigint not null,
  primary key (division, place, scheme, epoch, level)
);
create index places_version on places (division, version);

create table grids (
  division text collate "C" not null,
  scheme text collate "C" not null,
  code text collate "C" not null,
  valid_from timestamptz not null,
  valid_to timestamptz,
  name text,
  level bigint not null,
  parent text collate "C",
  kind text collate "C",
  leader text,
  inspectors text,
  synthetic boolean,
  frame text,
  id bigint not null,
  area_km2 double precision not null,
  geom geometry(MultiPolygon, 4326) not null,
  digest bytea,
  version bigint not null,
  deleted_at timestamptz,
  primary key (division, scheme, code, valid_from),
  unique (division, id, valid_from)
);
create index grids_geom on grids using gist (geom);
create index grids_version on grids (division, version);

create table enterprises (
  division text collate "C" not null,
  id text collate "C" not null,
  name text,
  credit_code text,
  grid text collate "C",
  kind text collate "C",
  parent text collate "C",
  industry text,
  size text,
  risk text collate "C",
  address text,
  floor_area_m2 double precision,
  opened_at timestamptz,
  ended_at timestamptz,
  synthetic boolean,
  frame text,
  lon double precision,
  lat double precision,
  geom geometry(Point, 4326),
  place bigint,
  digest bytea,
  version bigint not null,
  deleted_at timestamptz,
  primary key (division, id)
);
create index enterprises_geom on enterprises using gist (geom);
create index enterprises_version on enterprises (division, version);
create index enterprises_place on enterprises (division, place);

create table hazards (
  division text collate "C" not null,
  id text collate "C" not null,
  enterprise text collate "C",
  grid text collate "C",
  aspect text collate "C",
  item text collate "C",
  responsible text collate "C",
  severity text collate "C",
  source text collate "C",
  found_at timestamptz not null,
  reported_at timestamptz,
  ordered_at timestamptz,
  due_at timestamptz,
  rectified_at timestamptz,
  reviewed_at timestamptz,
  closed_at timestamptz,
  round bigint,
  outcome text collate "C",
  previous text collate "C",
  description text,
  synthetic boolean,
  frame text,
  lon double precision,
  lat double precision,
  geom geometry(Point, 4326),
  place bigint,
  digest bytea,
  version bigint not null,
  deleted_at timestamptz,
  primary key (division, id)
);
create index hazards_geom on hazards using gist (geom);
create index hazards_version on hazards (division, version);
create index hazards_enterprise on hazards (division, enterprise);
create index hazards_place on hazards (division, place);

create table inspections (
  division text collate "C" not null,
  id text collate "C" not null,
  enterprise text collate "C",
  kind text collate "C",
  at timestamptz not null,
  inspector text,
  officers bigint,
  result text,
  "order" text collate "C",
  synthetic boolean,
  frame text,
  lon double precision,
  lat double precision,
  geom geometry(Point, 4326),
  place bigint,
  digest bytea,
  version bigint not null,
  deleted_at timestamptz,
  primary key (division, id)
);
create index inspections_geom on inspections using gist (geom);
create index inspections_version on inspections (division, version);
create index inspections_enterprise on inspections (division, enterprise);
create index inspections_place on inspections (division, place);

create table lines (
  division text collate "C" not null,
  id text collate "C" not null,
  kind text collate "C",
  name text,
  operator text,
  protection_m double precision,
  synthetic boolean,
  frame text,
  geom geometry(MultiLineString, 4326),
  digest bytea,
  version bigint not null,
  deleted_at timestamptz,
  primary key (division, id)
);
create index lines_geom on lines using gist (geom);
create index lines_version on lines (division, version);
