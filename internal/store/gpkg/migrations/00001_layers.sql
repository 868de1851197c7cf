-- The GeoPackage 1.3 tables, one layer a kind of record, and what a division needs beside them.
-- Triggers are made by the program (triggers.go): a bulk import takes them down and puts them up again.

-- +goose Up
CREATE TABLE IF NOT EXISTS gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL PRIMARY KEY,
  organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL,
  definition TEXT NOT NULL,
  description TEXT
);

CREATE TABLE IF NOT EXISTS gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY,
  data_type TEXT NOT NULL,
  identifier TEXT UNIQUE,
  description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE,
  min_y DOUBLE,
  max_x DOUBLE,
  max_y DOUBLE,
  srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id)
);

CREATE TABLE IF NOT EXISTS gpkg_geometry_columns (
  table_name TEXT NOT NULL,
  column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL,
  m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id)
);

CREATE TABLE IF NOT EXISTS gpkg_extensions (
  table_name TEXT,
  column_name TEXT,
  extension_name TEXT NOT NULL,
  definition TEXT NOT NULL,
  scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name)
);

CREATE TABLE IF NOT EXISTS gpkg_ogr_contents (
  table_name TEXT NOT NULL PRIMARY KEY,
  feature_count INTEGER DEFAULT NULL
);

INSERT OR IGNORE INTO gpkg_spatial_ref_sys (srs_name, srs_id, organization, organization_coordsys_id, definition, description) VALUES
  ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
  ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
  ('WGS 84 geodetic', 4326, 'EPSG', 4326,
   'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]',
   'longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid');

CREATE TABLE division (
  fid INTEGER PRIMARY KEY NOT NULL,
  division TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL DEFAULT 0,
  boundaries INTEGER NOT NULL DEFAULT 0,
  clock DATETIME
);

-- Which grids a located record lies in: one row for each scheme, epoch and level.
CREATE TABLE places (
  fid INTEGER PRIMARY KEY NOT NULL,
  division TEXT NOT NULL,
  place INTEGER NOT NULL,
  scheme TEXT NOT NULL,
  epoch DATETIME NOT NULL,
  until DATETIME,
  level INTEGER NOT NULL,
  code TEXT NOT NULL,
  valid_from DATETIME NOT NULL,
  version INTEGER,
  UNIQUE (division, place, scheme, epoch, level)
);

CREATE TABLE grids (
  fid INTEGER PRIMARY KEY NOT NULL,
  geom MULTIPOLYGON,
  division TEXT,
  scheme TEXT DEFAULT 'safety',
  code TEXT,
  valid_from DATETIME DEFAULT '0001-01-01T00:00:00.000Z',
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
  version INTEGER,
  deleted_at DATETIME,
  UNIQUE (division, scheme, code, valid_from)
);

CREATE TABLE enterprises (
  fid INTEGER PRIMARY KEY NOT NULL,
  geom POINT,
  division TEXT,
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
  place INTEGER,
  digest BLOB,
  version INTEGER,
  deleted_at DATETIME,
  UNIQUE (division, id)
);

CREATE TABLE hazards (
  fid INTEGER PRIMARY KEY NOT NULL,
  geom POINT,
  division TEXT,
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
  place INTEGER,
  digest BLOB,
  version INTEGER,
  deleted_at DATETIME,
  UNIQUE (division, id)
);

CREATE TABLE inspections (
  fid INTEGER PRIMARY KEY NOT NULL,
  geom POINT,
  division TEXT,
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
  place INTEGER,
  digest BLOB,
  version INTEGER,
  deleted_at DATETIME,
  UNIQUE (division, id)
);

CREATE TABLE lines (
  fid INTEGER PRIMARY KEY NOT NULL,
  geom MULTILINESTRING,
  division TEXT,
  id TEXT,
  kind TEXT,
  name TEXT,
  operator TEXT,
  protection_m DOUBLE,
  synthetic BOOLEAN,
  frame TEXT,
  digest BLOB,
  version INTEGER,
  deleted_at DATETIME,
  UNIQUE (division, id)
);

CREATE INDEX grids_version ON grids (division, version);
CREATE INDEX enterprises_version ON enterprises (division, version);
CREATE INDEX hazards_version ON hazards (division, version);
CREATE INDEX inspections_version ON inspections (division, version);
CREATE INDEX lines_version ON lines (division, version);
CREATE INDEX hazards_enterprise ON hazards (division, enterprise);
CREATE INDEX inspections_enterprise ON inspections (division, enterprise);

-- What other programs did to the layers: op is insert, update, delete. version is NULL until hazgrid
-- has settled it; afterwards removals stay, and rows that cannot be used (op refuse, with the reason),
-- which have 9999-12-31T23:59:59.999Z as deleted_at.
CREATE TABLE change_log (
  seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  division TEXT,
  version INTEGER,
  kind TEXT NOT NULL,
  op TEXT NOT NULL,
  feature INTEGER NOT NULL,
  scheme TEXT,
  key TEXT,
  valid_from DATETIME,
  moved TEXT,
  reason TEXT,
  at DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
CREATE INDEX change_log_pending ON change_log (seq) WHERE version IS NULL;
CREATE INDEX change_log_feature ON change_log (kind, feature);
CREATE INDEX change_log_version ON change_log (division, version);

CREATE VIRTUAL TABLE rtree_grids_geom USING rtree(id, minx, maxx, miny, maxy);
CREATE VIRTUAL TABLE rtree_enterprises_geom USING rtree(id, minx, maxx, miny, maxy);
CREATE VIRTUAL TABLE rtree_hazards_geom USING rtree(id, minx, maxx, miny, maxy);
CREATE VIRTUAL TABLE rtree_inspections_geom USING rtree(id, minx, maxx, miny, maxy);
CREATE VIRTUAL TABLE rtree_lines_geom USING rtree(id, minx, maxx, miny, maxy);

INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) VALUES
  ('grids', 'features', 'grids', 'supervision areas', 4326),
  ('enterprises', 'features', 'enterprises', 'located premises', 4326),
  ('hazards', 'features', 'hazards', 'defects found', 4326),
  ('inspections', 'features', 'inspections', 'visits', 4326),
  ('lines', 'features', 'lines', 'pipelines, roads, rivers', 4326);
INSERT INTO gpkg_contents (table_name, data_type, identifier, description) VALUES
  ('division', 'attributes', 'division', 'data version of each division'),
  ('places', 'attributes', 'places', 'the grids of each place'),
  ('change_log', 'attributes', 'change_log', 'edits by other programs'),
  ('grid_tally_row', 'attributes', 'grid_tally_row', 'the columns of grid_tally; always empty'),
  ('grid_tally', 'attributes', 'grid_tally', 'tallies as of now');
INSERT INTO gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id, z, m) VALUES
  ('grids', 'geom', 'MULTIPOLYGON', 4326, 0, 0),
  ('enterprises', 'geom', 'POINT', 4326, 0, 0),
  ('hazards', 'geom', 'POINT', 4326, 0, 0),
  ('inspections', 'geom', 'POINT', 4326, 0, 0),
  ('lines', 'geom', 'MULTILINESTRING', 4326, 0, 0);
INSERT INTO gpkg_extensions (table_name, column_name, extension_name, definition, scope) VALUES
  ('grids', 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only'),
  ('enterprises', 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only'),
  ('hazards', 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only'),
  ('inspections', 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only'),
  ('lines', 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only');
INSERT INTO gpkg_ogr_contents (table_name, feature_count) VALUES
  ('grids', 0), ('enterprises', 0), ('hazards', 0), ('inspections', 0), ('lines', 0);
