// The mock service: the addresses the page asks, answered from the invented lattice district.
// As a program it listens on PORT (default 8099). POST /mock/change?code=&n= adds hazards and tells the page (&whole: that any grid may
// have changed).
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import GeoJSONVT from 'geojson-vt';
import vtpbf from 'vt-pbf';
import { bounds, grids, row, sum, tallies, zero } from './district.mjs';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const palette = ['#00204d', '#233e6c', '#575d6d', '#7c7b78', '#a69d75', '#d3c164', '#ffea46'];
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.txt': 'text/plain' };
const policy = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; connect-src 'self'";

const now = '2014-12-31T23:59:59.999+08:00';
const ids = new Map(grids.map((g) => [g.code, g.id]));

class District {
  version = 1;
  extra = new Map();
  changes = []; // [version, codes]
  listeners = new Set();
  cache = new Map();
  cut = new Map();

  memo(key, make) {
    const full = `${this.version} ${key}`;
    if (!this.cache.has(full)) this.cache.set(full, make());
    return this.cache.get(full);
  }
  tally(kind) { return this.memo(`tally ${kind}`, () => tallies(this.extra, kind)); }
  rows(level, kind) {
    return this.memo(`rows ${level} ${kind}`, () => grids.filter((g) => g.level === level).sort((a, b) => (a.code < b.code ? -1 : 1)).map((g) => row(this.tally(kind).get(g.code))));
  }
  change(code, n, whole) {
    this.extra.set(code, (this.extra.get(code) ?? 0) + n);
    this.version++;
    this.cache.clear();
    const codes = [code, code.slice(0, 4), code.slice(0, 3)];
    this.changes.push([this.version, whole ? null : codes]);
    for (const res of this.listeners) res.write(`id: ${this.version}\nevent: change\ndata: ${JSON.stringify({ version: this.version, grids: whole ? null : codes })}\n\n`);
  }
  // columns are those of a level, or of the grids that changed since a version.
  columns(level, kind, { since, bare, names }) {
    const all = this.rows(level, kind);
    const part = since > 0 && kind === '' && since <= this.version && !this.changes.some(([v, codes]) => v > since && !codes);
    const changed = new Set(this.changes.filter(([v]) => v > since)
      .flatMap(([, codes]) => codes ?? []));
    const rows = part ? all.filter((r) => changed.has(r.code)) : all;
    return {
      layer: `grids-${level}`, version: this.version, at: now, since: part ? since : null, grids: `level ${level}`,
      id: bare && !part ? null : rows.map((r) => ids.get(r.code)), columns: Object.fromEntries(names.map((n) => [n, rows.map((r) => r[n])])),
    };
  }
  // shapes cuts a layer into tiles once; tags are joined on when a tile is asked for.
  shapes(layer) {
    if (!this.cut.has(layer)) {
      const features = layer === 'enterprises' ? premises() : outlines(layer);
      this.cut.set(layer, new GeoJSONVT({ type: 'FeatureCollection', features }, { maxZoom: 16, extent: 4096, buffer: 64, tolerance: 2 }));
    }
    return this.cut.get(layer);
  }
  properties(level, kind) {
    return this.memo(`properties ${level} ${kind}`, () => new Map(this.rows(level, kind).map((r) => [r.code, Object.fromEntries(Object.entries({ level, ...r }).filter(([, v]) => v !== null))])));
  }
  tile(layer, [z, x, y], kind, bare) {
    const cut = this.shapes(layer).getTile(z, x, y);
    if (!cut || layer === 'enterprises') return cut;
    const level = Number(layer.at(-1));
    const all = this.properties(level, kind);
    const tags = ({ code, name, parent, ...figures }, id) => ({ code, name, ...(parent ? { parent } : {}), level, ...(bare ? {} : { id, ...figures }) });
    return { ...cut, features: cut.features.map((f) => ({ ...f, tags: tags(all.get(f.tags.code), f.id) })) };
  }
}

function outlines(layer) {
  return grids.filter((g) => g.level === Number(layer.at(-1))).map((g) => ({
    type: 'Feature', id: g.id, properties: { code: g.code },
    geometry: layer.startsWith('grid-labels') ? { type: 'Point', coordinates: centre(g.ring) } : { type: 'Polygon', coordinates: [g.ring] },
  }));
}

function premises() {
  return grids.filter((g) => g.level === 3).flatMap((g, i) => {
    const [cx, cy] = centre(g.ring);
    return g.ring.slice(1).map(([x, y], k) => ({
      type: 'Feature', properties: { kind: k ? 'enterprise' : 'construction', grid: g.code, found: k, open: 1, count: i % 200 === 0 ? 200 : 1 + ((i + k) % 15) },
      geometry: { type: 'Point', coordinates: [cx + (x - cx) * 0.55, cy + (y - cy) * 0.55] },
    }));
  });
}

function centre(ring) {
  const n = ring.length - 1;
  return [0, 1].map((k) => ring.slice(0, n).reduce((s, p) => s + p[k], 0) / n);
}

function legend(d, measure, level, kind) {
  const key = measure === 'hazard-density' ? 'density' : 'rate';
  const rows = d.rows(level, kind);
  const values = rows.map((r) => r[key]).filter((v) => v !== null).sort((a, b) => a - b);
  const mins = [...new Set(palette.map((_, i) => values[Math.floor((values.length * i) / palette.length)]))].filter((v) => v !== undefined);
  const classes = mins.map((min, i) => {
    const max = mins[i + 1] ?? values.at(-1);
    return { min, max, color: palette[Math.round((i * (palette.length - 1)) / Math.max(1, mins.length - 1))], count: values.filter((v) => v >= min && (i === mins.length - 1 || v < max)).length };
  });
  return { measure, unit: key === 'density' ? 'hazards/km2' : '1', level, classes, no_data: { color: '#888888', count: rows.length - values.length } };
}

function tile(d, layers, address, { kind, bare }) {
  const found = {};
  for (const layer of layers) {
    const t = d.tile(layer, address, kind, bare);
    if (t) found[layer] = t;
  }
  return Object.keys(found).length > 0 ? Buffer.from(vtpbf.fromGeojsonVt(found, { version: 2 })) : null;
}

async function page(res, path) {
  const name = path === '/' ? 'index.html' : path.slice(1);
  const body = await readFile(join(dist, name));
  res.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'text/plain', ...(path === '/' ? { 'Content-Security-Policy': policy } : {}) }).end(body);
}

function answer(d, req, res) {
  const url = new URL(req.url, 'http://localhost');
  const [path, q] = [decodeURIComponent(url.pathname), url.searchParams];
  const json = (value, status = 200) => res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache', 'Hazgrid-Version': String(d.version) }).end(JSON.stringify(value));
  const [level, kind] = [Number(q.get('level') || 3), q.get('kind') ?? ''];
  let m;
  if (path === '/api/v1/district') return json({ division: '330381', version: d.version, at: now, tz: 'Asia/Shanghai', synthetic: true, opens_at: '2014-12-31', schemes: ['safety'], levels: 3, bounds });
  if (path === '/api/v1/tallies') {
    const rows = [...d.rows(level, kind), zero('outside'), zero('unlocated')];
    return json({ level, at: now, version: d.version, rows, total: sum(rows) });
  }
  if ((m = path.match(/^\/heatmaps\/([\w-]+)\/legend\.json$/))) return json(legend(d, m[1], level, kind));
  if (path === '/api/v1/grids') {
    return json({ version: d.version, grids: d.rows(level, '').map((r) => ({ id: ids.get(r.code), code: r.code, name: r.name, level, parent: r.parent, area_km2: r.area_km2 })) });
  }
  if ((m = path.match(/^\/api\/v1\/columns\/grids-(\d)$/))) {
    return json(d.columns(Number(m[1]), kind, { since: Number(q.get('since') ?? 0), bare: q.get('ids') === 'none', names: q.get('columns').split(',') }));
  }
  if ((m = path.match(/^\/api\/v1\/grids\/(\w+)$/))) {
    const grid = grids.find((g) => g.code === m[1]);
    return grid ? json({ code: grid.code, geometry: { type: 'Polygon', coordinates: [grid.ring] } }) : json({ title: 'Not Found' }, 404);
  }
  if ((m = path.match(/^\/tiles\/([\w,-]+)\/(\d+)\/(\d+)\/(\d+)\.mvt$/))) {
    const body = tile(d, m[1].split(','), m.slice(2).map(Number), { kind, bare: q.get('columns') === 'none' });
    return body ? res.writeHead(200, { 'Content-Type': 'application/vnd.mapbox-vector-tile', 'Cache-Control': 'no-cache' }).end(body) : res.writeHead(204).end();
  }
  if (path === '/api/v1/events') {
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' }).write(':\n\n');
    d.listeners.add(res);
    return req.on('close', () => d.listeners.delete(res));
  }
  if (path === '/mock/change') {
    d.change(q.get('code') ?? 'G01101', Number(q.get('n') ?? 1), q.has('whole'));
    return json({ version: d.version });
  }
  if (path === '/mock/drop') {
    for (const other of d.listeners) other.destroy();
    return json({});
  }
  return page(res, path).catch(() => json({ title: 'Not Found', detail: path }, 404));
}

/** start listens on a port (0: any) and returns the server. */
export function start(port = 0) {
  const d = new District();
  const server = createServer((req, res) => answer(d, req, res));
  return new Promise((done) => server.listen(port, '127.0.0.1', () => done(server)));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const server = await start(Number(process.env.PORT ?? 8099));
  console.log(`http://127.0.0.1:${server.address().port}/`);
}
