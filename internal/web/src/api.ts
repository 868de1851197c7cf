// What the server answers, and how it is asked. All addresses are relative to the page.

export interface District {
  division: string;
  version: number;
  at: string;
  tz: string;
  synthetic: boolean;
  opens_at: string | null;
  schemes: string[];
  levels: number;
  bounds: [number, number, number, number] | null;
}

export interface Class { min: number; max: number; color: string; count: number }

export interface Legend {
  measure: string;
  unit: string;
  level: number;
  classes: Class[];
  no_data: { color: string; count: number };
}

/** Row is one grid with its figures; a value that does not exist is null. */
export interface Row {
  code: string;
  name: string;
  parent: string | null;
  area_km2: number | null;
  enterprises: number;
  found: number;
  rectified: number;
  open: number;
  overdue: number;
  density: number | null;
  rate: number | null;
}

/** Tally is one line of a tally, which has more. */
export interface Tally extends Row {
  units_found: number;
  units_rectified: number;
  officers: number;
  units_inspected: number;
  orders_rectify: number;
  orders_suspend: number;
}

export interface Tallies { at: string; version: number; rows: Tally[]; total: Tally }

export type Params = Record<string, string>;

/** ApiError carries the problem the server described (RFC 9457), or status 0 when it was not reached. */
export class ApiError extends Error {
  constructor(readonly status: number, detail: string) { super(detail); }
}

/** address makes an absolute address below the page's own folder. Path may hold {z}/{x}/{y}. */
export function address(path: string, params: Params = {}): string {
  const base = document.baseURI.replace(/[?#].*$/, '').replace(/[^/]*$/, '');
  const query = new URLSearchParams(params).toString();
  return base + path + (query && `?${query}`);
}

/** get fetches JSON that is at least as new as version. */
export async function get<T>(path: string, params: Params, version: number, signal: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (version > 0) headers['Hazgrid-Min-Version'] = String(version);
  let answer: Response;
  try {
    answer = await fetch(address(path, params), { headers, signal, cache: 'no-cache' });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new ApiError(0, String(cause instanceof Error ? cause.message : cause));
  }
  if (!answer.ok) throw new ApiError(answer.status, await problem(answer));
  return (await answer.json()) as T;
}

async function problem(answer: Response): Promise<string> {
  try {
    const p = (await answer.json()) as { title?: string; detail?: string };
    return p.detail ?? p.title ?? answer.statusText;
  } catch {
    return answer.statusText;
  }
}

/** gridBounds asks for the box of one grid: [west, south, east, north], degrees. */
export async function gridBounds(code: string, params: Params, signal: AbortSignal): Promise<Box | null> {
  return boxOf(await get<unknown>(`api/v1/grids/${encodeURIComponent(code)}`, params, 0, signal));
}

export type Box = [number, number, number, number];

/** boxOf finds the box of the geometry in an answer: a Feature, or an object with a member geometry. */
export function boxOf(answer: unknown): Box | null {
  const coordinates = (answer as { geometry?: { coordinates?: unknown } } | null)?.geometry?.coordinates;
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  extend(box, coordinates);
  return box[0] <= box[2] ? box : null;
}

/** extend grows a box by coordinates nested to any depth. */
export function extend(box: Box, c: unknown): void {
  if (!Array.isArray(c)) return;
  if (typeof c[0] !== 'number') return c.forEach((part) => extend(box, part));
  const [x, y] = c as [number, number];
  box[0] = Math.min(box[0], x);
  box[1] = Math.min(box[1], y);
  box[2] = Math.max(box[2], x);
  box[3] = Math.max(box[3], y);
}
