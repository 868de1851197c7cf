-- Contract section 5 as SQL, for analysts and QGIS: every level of every scheme of every
-- division in one table, told apart by its first three columns. A test holds it equal to what the service answers.

-- +goose Up
-- +goose StatementBegin
create function grid_tally("at" timestamptz, "from" timestamptz default null, "to" timestamptz default null)
returns table (
  division text, scheme text, level bigint, code text, name text, parent text, area_km2 double precision,
  enterprises bigint, found bigint, rectified bigint, open bigint, overdue bigint,
  density double precision, rate double precision,
  units_found bigint, units_rectified bigint, unit_rate double precision,
  inspections bigint, officers bigint, units_inspected bigint, orders_rectify bigint, orders_suspend bigint,
  unassigned bigint
)
language sql stable as $$
with
-- grid versions in force at $1, each closed by the next of its code
version as (
  select g.*, lead(g.valid_from) over (partition by g.division, g.scheme, g.code order by g.valid_from) as next_from
  from grids g where g.deleted_at is null
),
valid as (
  select * from version v
  where v.valid_from <= $1 and (v.valid_to is null or v.valid_to >= $1) and (v.next_from is null or v.next_from > $1)
),
-- the levels there are and, null at the deepest, the next one down
layer as (
  select g.division, g.scheme, g.level, lead(g.level) over (partition by g.division, g.scheme order by g.level) as below
  from grids g where g.deleted_at is null group by 1, 2, 3
),
-- the grid of each place at each level in the boundaries in force at $1
site as materialized (
  select p.division, p.place, p.scheme, p.level, p.code from places p
  where p.epoch <= $1 and (p.until is null or p.until > $1)
),
-- hazards found, by place and enterprise
found as materialized (
  select h.division, h.place, e.id as enterprise, count(*) as found,
    count(*) filter (where coalesce(h.rectified_at, h.closed_at) <= $1) as rectified,
    count(*) filter (where h.due_at < $1 and (coalesce(h.rectified_at, h.closed_at) <= $1) is not true) as overdue
  from hazards h
  left join enterprises e on e.division = h.division and e.id = h.enterprise and e.deleted_at is null
  where h.deleted_at is null and h.outcome is distinct from 'void'
    and h.found_at <= $1 and ($2 is null or h.found_at >= $2) and ($3 is null or h.found_at <= $3)
  group by 1, 2, 3
),
visit as materialized (
  select i.division, i.place, e.id as enterprise, count(*) as inspections, sum(coalesce(i.officers, 0)) as officers,
    bool_or(i."order" = 'rectify') as rectify, bool_or(i."order" = 'suspend') as suspend
  from inspections i
  left join enterprises e on e.division = i.division and e.id = i.enterprise and e.deleted_at is null
  where i.deleted_at is null and i.at <= $1 and ($2 is null or i.at >= $2) and ($3 is null or i.at <= $3)
  group by 1, 2, 3
),
active as materialized (
  select e.division, e.place, count(*) as enterprises from enterprises e
  where e.deleted_at is null and (e.opened_at is null or e.opened_at <= $1) and (e.ended_at is null or e.ended_at > $1)
  group by 1, 2
),
-- the row in which each place counts at each level: a code, null and 'outside' or 'unlocated';
-- and whether the next level down has no grid for it
spot as materialized (
  select p.division, p.place, l.scheme, l.level, s.code,
    case when s.code is not null then 'grid' when p.place is null then 'unlocated' else 'outside' end as sort,
    l.below is not null and b.code is null as unassigned
  from (
    select f.division, f.place from found f union select v.division, v.place from visit v
    union select a.division, a.place from active a
  ) p
  join layer l on l.division = p.division
  left join site s on s.division = p.division and s.place = p.place and s.scheme = l.scheme and s.level = l.level
  left join site b on b.division = p.division and b.place = p.place and b.scheme = l.scheme and b.level = l.below
),
unit_found as (
  select s.division, s.scheme, s.level, s.sort, s.code, f.enterprise, sum(f.found) as found, sum(f.rectified) as rectified,
    sum(f.overdue) as overdue, sum(f.found) filter (where s.unassigned) as unassigned
  from found f join spot s on s.division = f.division and s.place is not distinct from f.place
  group by 1, 2, 3, 4, 5, 6
),
row_found as (
  select u.division, u.scheme, u.level, u.sort, u.code, sum(u.found)::bigint as found, sum(u.rectified)::bigint as rectified,
    sum(u.overdue)::bigint as overdue, sum(u.unassigned)::bigint as unassigned, count(u.enterprise) as units_found,
    count(u.enterprise) filter (where u.found = u.rectified) as units_rectified
  from unit_found u group by 1, 2, 3, 4, 5
),
unit_visit as (
  select s.division, s.scheme, s.level, s.sort, s.code, v.enterprise, sum(v.inspections) as inspections,
    sum(v.officers) as officers, bool_or(v.rectify) as rectify, bool_or(v.suspend) as suspend
  from visit v join spot s on s.division = v.division and s.place is not distinct from v.place
  group by 1, 2, 3, 4, 5, 6
),
row_visit as (
  select u.division, u.scheme, u.level, u.sort, u.code, sum(u.inspections)::bigint as inspections,
    sum(u.officers)::bigint as officers, count(u.enterprise) as units_inspected,
    count(u.enterprise) filter (where u.rectify) as orders_rectify,
    count(u.enterprise) filter (where u.suspend) as orders_suspend
  from unit_visit u group by 1, 2, 3, 4, 5
),
row_active as (
  select s.division, s.scheme, s.level, s.sort, s.code, sum(a.enterprises)::bigint as enterprises
  from active a join spot s on s.division = a.division and s.place is not distinct from a.place
  group by 1, 2, 3, 4, 5
),
line as (
  select v.division, v.scheme, v.level, 'grid' as sort, v.code, v.name, v.parent, v.area_km2 from valid v
  union all
  select l.division, l.scheme, l.level, o.sort, null, o.sort, null, null
  from layer l cross join (values ('outside'), ('unlocated')) as o(sort)
)
select l.division, l.scheme, l.level, coalesce(l.code, ''), l.name, l.parent, l.area_km2,
  coalesce(a.enterprises, 0), coalesce(f.found, 0), coalesce(f.rectified, 0), coalesce(f.found - f.rectified, 0),
  coalesce(f.overdue, 0), coalesce(f.found, 0) / nullif(l.area_km2, 0), f.rectified::double precision / nullif(f.found, 0),
  coalesce(f.units_found, 0), coalesce(f.units_rectified, 0), f.units_rectified::double precision / nullif(f.units_found, 0),
  coalesce(v.inspections, 0), coalesce(v.officers, 0), coalesce(v.units_inspected, 0),
  coalesce(v.orders_rectify, 0), coalesce(v.orders_suspend, 0), coalesce(f.unassigned, 0)
from line l
left join row_found f on f.division = l.division and f.scheme = l.scheme and f.level = l.level
  and f.sort = l.sort and f.code is not distinct from l.code
left join row_visit v on v.division = l.division and v.scheme = l.scheme and v.level = l.level
  and v.sort = l.sort and v.code is not distinct from l.code
left join row_active a on a.division = l.division and a.scheme = l.scheme and a.level = l.level
  and a.sort = l.sort and a.code is not distinct from l.code
order by l.division, l.scheme, l.level, l.sort, l.code
$$;
-- +goose StatementEnd

create view grid_tally as select * from grid_tally(now());
