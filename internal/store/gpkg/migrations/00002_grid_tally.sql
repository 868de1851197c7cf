-- The columns of contract section 5 as of now, for analysts and QGIS. A test holds the view
-- and safety.Snapshot equal.

-- +goose Up

-- Lends grid_tally its column types: a view has none of its own, and a reader such as GDAL wants them.
CREATE TABLE grid_tally_row (
  fid INTEGER PRIMARY KEY NOT NULL,
  division TEXT,
  scheme TEXT,
  level INTEGER,
  code TEXT,
  name TEXT,
  parent TEXT,
  area_km2 DOUBLE,
  enterprises INTEGER,
  found INTEGER,
  rectified INTEGER,
  open INTEGER,
  overdue INTEGER,
  density DOUBLE,
  rate DOUBLE,
  units_found INTEGER,
  units_rectified INTEGER,
  unit_rate DOUBLE,
  inspections INTEGER,
  officers INTEGER,
  units_inspected INTEGER,
  orders_rectify INTEGER,
  orders_suspend INTEGER,
  unassigned INTEGER
);

CREATE VIEW grid_tally AS
SELECT * FROM grid_tally_row
UNION ALL
SELECT * FROM (
WITH
present (t) AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
-- the version of each grid that is valid now
-- (with one max() the other columns are of the row that has it: sqlite.org/lang_select.html)
latest AS MATERIALIZED (
  SELECT fid, division, scheme, code, level, name, parent, area_km2, valid_to, max(valid_from) AS valid_from
  FROM grids, present
  WHERE version > 0 AND deleted_at IS NULL AND level >= 1 AND valid_from <= t
  GROUP BY division, scheme, code),
valid AS MATERIALIZED (
  SELECT latest.* FROM latest, present WHERE valid_to IS NULL OR valid_to >= t),
levels AS MATERIALIZED (
  SELECT division, scheme, level,
    lead(level) OVER (PARTITION BY division, scheme ORDER BY level) AS below,
    row_number() OVER (ORDER BY division, scheme, level) AS number
  FROM (SELECT DISTINCT division, scheme, level FROM grids
    WHERE version > 0 AND deleted_at IS NULL AND level >= 1)),
-- where each place lies now
sites AS MATERIALIZED (
  SELECT division, place, scheme, level, code FROM places, present
  WHERE epoch <= t AND (until IS NULL OR until > t)),
-- hazards of one enterprise at one place: found, rectified, overdue
defects AS MATERIALIZED (
  SELECT division, place,
    (SELECT e.id FROM enterprises e WHERE e.division = hazards.division AND e.id = hazards.enterprise AND e.deleted_at IS NULL AND e.version > 0) AS enterprise,
    count(*) AS found,
    total(coalesce(rectified_at, closed_at) <= t) AS rectified,
    total(due_at < t AND coalesce(coalesce(rectified_at, closed_at) > t, 1)) AS overdue
  FROM hazards, present
  WHERE version > 0 AND deleted_at IS NULL AND found_at <= t AND outcome IS NOT 'void'
  GROUP BY 1, 2, 3),
visits AS MATERIALIZED (
  SELECT division, place,
    (SELECT e.id FROM enterprises e WHERE e.division = inspections.division AND e.id = inspections.enterprise AND e.deleted_at IS NULL AND e.version > 0) AS enterprise,
    count(*) AS inspections, total(officers) AS officers,
    max("order" IS 'rectify') AS rectify, max("order" IS 'suspend') AS suspend
  FROM inspections, present
  WHERE version > 0 AND deleted_at IS NULL AND at <= t
  GROUP BY 1, 2, 3),
premises AS MATERIALIZED (
  SELECT division, place, count(*) AS enterprises
  FROM enterprises, present
  WHERE version > 0 AND deleted_at IS NULL AND coalesce(opened_at, '') <= t AND (ended_at IS NULL OR ended_at > t)
  GROUP BY division, place),
-- where each of the three counts at each level: '=' and the code, '-' outside, '' unlocated
placed AS MATERIALIZED (
  SELECT p.division, p.place, l.scheme, l.level, l.below IS NOT NULL AND b.place IS NULL AS unassigned,
    CASE WHEN p.place IS NULL THEN '' WHEN s.code IS NULL THEN '-' ELSE '=' || s.code END AS spot
  FROM (SELECT division, place FROM defects UNION SELECT division, place FROM visits UNION SELECT division, place FROM premises) p
  JOIN levels l ON l.division = p.division
  LEFT JOIN sites s ON s.division = p.division AND s.place = p.place AND s.scheme = l.scheme AND s.level = l.level
  LEFT JOIN sites b ON b.division = p.division AND b.place = p.place AND b.scheme = l.scheme AND b.level = l.below),
units AS (
  SELECT p.division, p.scheme, p.level, p.spot, d.enterprise,
    sum(found) AS found, sum(rectified) AS rectified, sum(overdue) AS overdue, sum(found * unassigned) AS unassigned
  FROM defects d JOIN placed p ON p.division = d.division AND p.place IS d.place
  GROUP BY p.division, p.scheme, p.level, p.spot, d.enterprise),
hazard_tally AS MATERIALIZED (
  SELECT division, scheme, level, spot, sum(found) AS found, sum(rectified) AS rectified, sum(overdue) AS overdue,
    count(enterprise) AS units_found, count(CASE WHEN found = rectified THEN enterprise END) AS units_rectified,
    sum(unassigned) AS unassigned
  FROM units GROUP BY division, scheme, level, spot),
visited AS (
  SELECT p.division, p.scheme, p.level, p.spot, v.enterprise,
    sum(inspections) AS inspections, sum(officers) AS officers, max(rectify) AS rectify, max(suspend) AS suspend
  FROM visits v JOIN placed p ON p.division = v.division AND p.place IS v.place
  GROUP BY p.division, p.scheme, p.level, p.spot, v.enterprise),
visit_tally AS MATERIALIZED (
  SELECT division, scheme, level, spot, sum(inspections) AS inspections, sum(officers) AS officers,
    count(enterprise) AS units_inspected,
    count(CASE WHEN rectify THEN enterprise END) AS orders_rectify,
    count(CASE WHEN suspend THEN enterprise END) AS orders_suspend
  FROM visited GROUP BY division, scheme, level, spot),
premises_tally AS MATERIALIZED (
  SELECT p.division, p.scheme, p.level, p.spot, sum(enterprises) AS enterprises
  FROM premises e JOIN placed p ON p.division = e.division AND p.place IS e.place
  GROUP BY p.division, p.scheme, p.level, p.spot),
lines_of AS (
  SELECT fid, division, scheme, level, code, name, parent, area_km2, '=' || code AS spot FROM valid
  UNION ALL SELECT 1 - 2 * number, division, scheme, level, '', 'outside', NULL, NULL, '-' FROM levels
  UNION ALL SELECT 0 - 2 * number, division, scheme, level, '', 'unlocated', NULL, NULL, '' FROM levels)
SELECT r.fid, r.division, r.scheme, r.level, r.code, r.name, r.parent, r.area_km2,
  coalesce(e.enterprises, 0), coalesce(h.found, 0), CAST(coalesce(h.rectified, 0) AS INTEGER),
  CAST(coalesce(h.found - h.rectified, 0) AS INTEGER), CAST(coalesce(h.overdue, 0) AS INTEGER),
  coalesce(h.found, 0) / nullif(r.area_km2, 0), h.rectified / h.found,
  coalesce(h.units_found, 0), coalesce(h.units_rectified, 0), 1.0 * h.units_rectified / nullif(h.units_found, 0),
  coalesce(v.inspections, 0), CAST(coalesce(v.officers, 0) AS INTEGER), coalesce(v.units_inspected, 0),
  coalesce(v.orders_rectify, 0), coalesce(v.orders_suspend, 0), coalesce(h.unassigned, 0)
FROM lines_of r
LEFT JOIN premises_tally e ON e.division = r.division AND e.scheme = r.scheme AND e.level = r.level AND e.spot = r.spot
LEFT JOIN hazard_tally h ON h.division = r.division AND h.scheme = r.scheme AND h.level = r.level AND h.spot = r.spot
LEFT JOIN visit_tally v ON v.division = r.division AND v.scheme = r.scheme AND v.level = r.level AND v.spot = r.spot);
