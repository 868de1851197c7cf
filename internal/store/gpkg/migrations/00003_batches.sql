-- What each batch was and what it replaced, so that it can be put back. A row of KIND_history is a
-- row of KIND as it was before batch "replaced" changed it; "became" is the batch whose row it has been since
-- (0: a tombstone where none was before), which is another one only where that batch put something back.
-- Rows that were not there before have no history: they carry the batch themselves.

-- +goose Up
ALTER TABLE grids ADD COLUMN batch INTEGER;
ALTER TABLE enterprises ADD COLUMN batch INTEGER;
ALTER TABLE hazards ADD COLUMN batch INTEGER;
ALTER TABLE inspections ADD COLUMN batch INTEGER;
ALTER TABLE lines ADD COLUMN batch INTEGER;

CREATE TABLE batches (
  fid INTEGER PRIMARY KEY NOT NULL,
  division TEXT NOT NULL,
  batch INTEGER NOT NULL,
  op TEXT NOT NULL,
  kind TEXT,
  reverts INTEGER,
  file TEXT,
  author TEXT,
  at DATETIME,
  frame TEXT,
  encoding TEXT,
  read INTEGER,
  inserted INTEGER,
  updated INTEGER,
  unchanged INTEGER,
  superseded INTEGER,
  rejected INTEGER,
  ended INTEGER,
  UNIQUE (division, batch)
);

CREATE TABLE grids_history (
  fid INTEGER PRIMARY KEY NOT NULL,
  division TEXT NOT NULL,
  replaced INTEGER NOT NULL,
  became INTEGER,
  scheme TEXT,
  code TEXT,
  valid_from DATETIME,
  valid_to DATETIME,
  name TEXT,
  level INTEGER,
  parent TEXT,
  kind TEXT,
  leader TEXT,
  inspectors TEXT,
  synthetic BOOLEAN,
  frame TEXT,
  id INTEGER,
  area_km2 DOUBLE,
  digest BLOB,
  deleted_at DATETIME,
  shape BLOB,
  batch INTEGER,
  UNIQUE (division, replaced, scheme, code, valid_from)
);

CREATE TABLE enterprises_history (
  fid INTEGER PRIMARY KEY NOT NULL,
  division TEXT NOT NULL,
  replaced INTEGER NOT NULL,
  became INTEGER,
  id TEXT,
  name TEXT,
  credit_code TEXT,
  grid TEXT,
  kind TEXT,
  parent TEXT,
  industry TEXT,
  size TEXT,
  risk TEXT,
  address TEXT,
  floor_area_m2 DOUBLE,
  opened_at DATETIME,
  ended_at DATETIME,
  synthetic BOOLEAN,
  frame TEXT,
  lon DOUBLE,
  lat DOUBLE,
  digest BLOB,
  deleted_at DATETIME,
  shape BLOB,
  batch INTEGER,
  UNIQUE (division, replaced, id)
);

CREATE TABLE hazards_history (
  fid INTEGER PRIMARY KEY NOT NULL,
  division TEXT NOT NULL,
  replaced INTEGER NOT NULL,
  became INTEGER,
  id TEXT,
  enterprise TEXT,
  grid TEXT,
  aspect TEXT,
  item TEXT,
  responsible TEXT,
  severity TEXT,
  source TEXT,
  found_at DATETIME,
  reported_at DATETIME,
  ordered_at DATETIME,
  due_at DATETIME,
  rectified_at DATETIME,
  reviewed_at DATETIME,
  closed_at DATETIME,
  round INTEGER,
  outcome TEXT,
  previous TEXT,
  description TEXT,
  synthetic BOOLEAN,
  frame TEXT,
  lon DOUBLE,
  lat DOUBLE,
  digest BLOB,
  deleted_at DATETIME,
  shape BLOB,
  batch INTEGER,
  UNIQUE (division, replaced, id)
);

CREATE TABLE inspections_history (
  fid INTEGER PRIMARY KEY NOT NULL,
  division TEXT NOT NULL,
  replaced INTEGER NOT NULL,
  became INTEGER,
  id TEXT,
  enterprise TEXT,
  kind TEXT,
  at DATETIME,
  inspector TEXT,
  officers INTEGER,
  result TEXT,
  "order" TEXT,
  synthetic BOOLEAN,
  frame TEXT,
  lon DOUBLE,
  lat DOUBLE,
  digest BLOB,
  deleted_at DATETIME,
  shape BLOB,
  batch INTEGER,
  UNIQUE (division, replaced, id)
);

CREATE TABLE lines_history (
  fid INTEGER PRIMARY KEY NOT NULL,
  division TEXT NOT NULL,
  replaced INTEGER NOT NULL,
  became INTEGER,
  id TEXT,
  kind TEXT,
  name TEXT,
  operator TEXT,
  protection_m DOUBLE,
  synthetic BOOLEAN,
  frame TEXT,
  digest BLOB,
  deleted_at DATETIME,
  shape BLOB,
  batch INTEGER,
  UNIQUE (division, replaced, id)
);

INSERT INTO gpkg_contents (table_name, data_type, identifier, description) VALUES
  ('batches', 'attributes', 'batches', 'what was imported and put back, when, by whom'),
  ('grids_history', 'attributes', 'grids_history', 'rows of grids as they were before a batch changed them'),
  ('enterprises_history', 'attributes', 'enterprises_history', 'rows of enterprises as they were before a batch changed them'),
  ('hazards_history', 'attributes', 'hazards_history', 'rows of hazards as they were before a batch changed them'),
  ('inspections_history', 'attributes', 'inspections_history', 'rows of inspections as they were before a batch changed them'),
  ('lines_history', 'attributes', 'lines_history', 'rows of lines as they were before a batch changed them');
