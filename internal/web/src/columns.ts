// The grids of a level and their live columns. The grids are loaded once; of the columns, after a change, only what
// changed: a few dozen bytes. Nothing here depends on the browser but for fetching.
import { get, type Params, type Row } from './api.ts';

/** Counts are what the service is asked for; open, density and rate follow from them. */
export interface Counts { enterprises: number; found: number; rectified: number; overdue: number }

const names: readonly (keyof Counts)[] = ['enterprises', 'found', 'rectified', 'overdue'];

/** Answer is what /api/v1/columns says. */
export interface Answer {
  version: number;
  at: string;
  since: number | null; // null: all grids are here
  grids: string; // names the set of all ids
  id: number[] | null; // null: those of the answer before
  columns: Record<keyof Counts, number[]>;
}

/** Columns are the counts of all grids of a level, by feature id. */
export interface Columns { version: number; at: string; grids: string; ids: readonly number[]; counts: ReadonlyMap<number, Counts> }

/** taken returns the columns after an answer; null when it does not go with those before. */
export function taken(a: Answer, before: Columns | null): Columns | null {
  const ids = a.id ?? (before?.grids === a.grids ? before.ids : null);
  if (!ids || (a.since !== null && before?.grids !== a.grids)) return null;
  const counts = new Map(a.since === null ? [] : before?.counts);
  ids.forEach((id, i) => counts.set(id, Object.fromEntries(names.map((n) => [n, a.columns[n][i]!])) as unknown as Counts));
  return { version: a.version, at: a.at, grids: a.grids, ids: a.since === null ? ids : before!.ids, counts };
}

/** Asked is which columns are wanted, at least as new as version. */
export interface Asked { level: number; params: Params; version: number }

/** fetchColumns brings columns up to date. since tells whether those before answer the same question, so that what changed is enough. */
export async function fetchColumns(q: Asked, before: Columns | null, since: boolean, signal: AbortSignal): Promise<Columns> {
  const ask = (more: Params) => get<Answer>(`api/v1/columns/grids-${q.level}`, { ...q.params, columns: names.join(), ...more }, q.version, signal);
  if (before) {
    const next = taken(await ask({ ids: 'none', ...(since ? { since: String(before.version) } : {}) }), before);
    if (next) return next;
  }
  const whole = taken(await ask({}), null);
  if (!whole) throw new Error('columns without ids');
  return whole;
}

/** Grid is what records cannot change. */
export interface Grid { id: number; code: string; name: string; parent: string | null; area_km2: number }

/** fetchGrids loads the grids of a level, by feature id. */
export async function fetchGrids(q: Asked, signal: AbortSignal): Promise<ReadonlyMap<number, Grid>> {
  const at: Params = q.params.at ? { at: q.params.at } : {};
  const { grids } = await get<{ grids: Grid[] }>('api/v1/grids', { ...at, level: String(q.level) }, q.version, signal);
  return new Map(grids.map((g) => [g.id, g]));
}

/** rowsOf joins grids with their counts, by feature id; null when they are not the same grids. */
export function rowsOf(grids: ReadonlyMap<number, Grid>, columns: Columns): ReadonlyMap<number, Row> | null {
  if (grids.size !== columns.counts.size) return null;
  const rows = new Map<number, Row>();
  for (const [id, g] of grids) {
    const c = columns.counts.get(id);
    if (!c) return null;
    rows.set(id, rowOf(g, c));
  }
  return rows;
}

function rowOf({ code, name, parent, area_km2 }: Grid, c: Counts): Row {
  const ratio = (a: number, b: number) => (b > 0 ? a / b : null);
  return { code, name, parent, area_km2, ...c, open: c.found - c.rectified, density: ratio(c.found, area_km2), rate: ratio(c.rectified, c.found) };
}
