// A small invented district for developing the page without the service: 15, 75 and 1,888 nested
// grids on a bent lattice, with figures made from a seed. It says nothing about the service.

const [w, h] = [59, 32]; // 59 × 32 = 1,888
const [west, south, east, north] = [120.17, 27.5, 121.23, 28.0];

function random(seed) {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const next = random(7);
const corners = Array.from({ length: (w + 1) * (h + 1) }, (_, i) => {
  const [x, y] = [i % (w + 1), Math.floor(i / (w + 1))];
  const bend = Math.sin(x / 5) * 0.8 + Math.sin(y / 3) * 0.5;
  const jitter = () => (next() - 0.5) * 0.5;
  return [west + ((x + jitter()) / w) * (east - west), south + ((y + jitter() + bend * 0.6) / h) * (north - south)];
});
const corner = (x, y) => corners[y * (w + 1) + x];

// block is the ring around the cells [x0, x1) × [y0, y1).
function block(x0, y0, x1, y1) {
  const ring = [];
  for (let x = x0; x < x1; x++) ring.push(corner(x, y0));
  for (let y = y0; y < y1; y++) ring.push(corner(x1, y));
  for (let x = x1; x > x0; x--) ring.push(corner(x, y1));
  for (let y = y1; y > y0; y--) ring.push(corner(x0, y));
  return [...ring, ring[0]];
}

function area(ring) {
  const k = Math.cos((27.75 * Math.PI) / 180);
  let sum = 0;
  for (let i = 0; i + 1 < ring.length; i++) sum += ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
  return Math.abs(sum / 2) * k * 111.32 * 111.32;
}

const cuts = (n, parts) => Array.from({ length: parts + 1 }, (_, i) => Math.round((n * i) / parts));
const towns = ['塘下', '锦湖', '莘塍', '安阳', '玉海', '东山', '上望', '汀田', '飞云', '仙降', '南滨', '马屿', '陶山', '湖岭', '高楼'];
const village = ['上', '下', '前', '后', '东', '西', '南', '北', '大', '小', '新', '老'];
const place = ['岙', '垟', '桥', '浦', '坑', '田', '屿', '山', '塘', '埭', '洋', '溪'];

function make() {
  const grids = [];
  const push = (level, code, name, parent, span) => grids.push({ id: grids.length + 1, level, code, name, parent, ring: block(...span), span });
  const [xs1, ys1] = [cuts(w, 5), cuts(h, 3)];
  for (let b = 0; b < 3; b++) {
    for (let a = 0; a < 5; a++) {
      const [i, one] = [b * 5 + a, [xs1[a], ys1[b], xs1[a + 1], ys1[b + 1]]];
      const code = `G${String(i + 1).padStart(2, '0')}`;
      push(1, code, towns[i], null, one);
      const xs2 = cuts(one[2] - one[0], 5).map((x) => x + one[0]);
      for (let k = 0; k < 5; k++) seconds(push, `${code}${k + 1}`, `${towns[i]}${k + 1}片`, code, [xs2[k], one[1], xs2[k + 1], one[3]]);
    }
  }
  return grids;
}

function seconds(push, code, name, parent, span) {
  push(2, code, name, parent, span);
  let n = 0;
  for (let y = span[1]; y < span[3]; y++) {
    for (let x = span[0]; x < span[2]; x++) {
      n++;
      push(3, `${code}${String(n).padStart(2, '0')}`, `${village[(x * 7 + y) % 12]}${place[(x + y * 5) % 12]}${n}号`, code, [x, y, x + 1, y + 1]);
    }
  }
}

export const grids = make();
export const bounds = [Math.min(...corners.map((c) => c[0])), Math.min(...corners.map((c) => c[1])), Math.max(...corners.map((c) => c[0])), Math.max(...corners.map((c) => c[1]))];

const counts = ['enterprises', 'found', 'rectified', 'open', 'overdue', 'units_found', 'units_rectified', 'inspections', 'officers', 'units_inspected', 'orders_rectify', 'orders_suspend', 'unassigned'];

/** tallies makes the rows of each level; extra hazards can be put into one grid, and a kind scales them. */
export function tallies(extra, kind) {
  const roll = random(11);
  const rows = new Map(grids.map((g) => [g.code, { grid: g, ...Object.fromEntries(counts.map((c) => [c, 0])) }]));
  for (const g of grids.filter((x) => x.level === 3)) {
    const [cx, cy] = [g.span[0] / w, g.span[1] / h];
    const heat = Math.exp(-((cx - 0.62) ** 2 + (cy - 0.45) ** 2) * 9);
    const row = rows.get(g.code);
    row.enterprises = Math.floor(4 + 40 * heat * roll());
    row.found = roll() < 0.08 ? 0 : Math.floor(heat * 45 * roll() ** 1.5 + 3 * roll());
    row.rectified = Math.floor(row.found * roll() ** 1.3);
    if (kind === 'other') row.found = row.rectified = 0;
    row.found += extra.get(g.code) ?? 0;
    row.open = row.found - row.rectified;
    row.overdue = Math.floor(row.open * roll() * 0.6);
    row.officers = row.inspections = Math.floor(roll() * 3);
    row.units_inspected = row.inspections;
  }
  spreadUnits(rows);
  for (const level of [3, 2]) for (const g of grids.filter((x) => x.level === level)) for (const c of counts) rows.get(g.parent)[c] += rows.get(g.code)[c];
  return rows;
}

// spreadUnits gives out the 9,775 and 2,232 units of the real district's figure over the grids.
function spreadUnits(rows) {
  const deep = [...rows.values()].filter((r) => r.grid.level === 3);
  for (let i = 0; i < 9775; i++) deep[(i * 7) % deep.length].units_found++;
  for (let i = 0; i < 2232; i++) deep[(i * 7) % deep.length].units_rectified++;
}

/** row is a tally as the API writes it. */
export function row(r) {
  const { grid, ...n } = r;
  const size = grid ? area(grid.ring) : null;
  const ratio = (a, b) => (b > 0 ? a / b : null);
  return {
    code: grid?.code ?? '', name: grid?.name ?? r.name ?? '', parent: grid?.parent ?? null, area_km2: size, ...n,
    density: size ? n.found / size : null, rate: ratio(n.rectified, n.found), unit_rate: ratio(n.units_rectified, n.units_found),
  };
}

/** sum adds rows up to a total. */
export function sum(rows) {
  const total = Object.fromEntries(counts.map((c) => [c, rows.reduce((s, r) => s + (r[c] ?? 0), 0)]));
  const area_km2 = rows.reduce((s, r) => s + (r.area_km2 ?? 0), 0);
  return { ...row({ name: 'total', ...total }), area_km2, density: total.found / area_km2 };
}

export const zero = (name) => row({ name, ...Object.fromEntries(counts.map((c) => [c, 0])) });
