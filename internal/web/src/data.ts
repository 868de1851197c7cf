// Everything the page shows besides the map's own tiles, fetched together so that it agrees.
import { useEffect, useState } from 'preact/hooks';
import { get, type ApiError, type District, type Legend, type Params, type Row, type Tallies } from './api.ts';
import { fetchColumns, fetchGrids, rowsOf, type Asked, type Columns, type Grid } from './columns.ts';
import { listen, type Change, type Link } from './live.ts';
import type { Measure, State } from './state.ts';

/** Question is what the figures depend on. Level is at least 1. */
export interface Question { level: number; measure: Measure; params: Params }

/** Figures answer one question at one version. */
export interface Figures {
  question: Question;
  at: string; // RFC 3339
  rows: readonly Row[]; // of the grids of the level
  live: Live | null; // null: the columns could not be had, the tiles have to bring the values
  totals: Tallies; // of the largest grids
  combined: Tallies; // of them, the combined-use premises
  legend: Legend;
}

/** Live are the rows by feature id, for the map to join with tiles that it has. */
export interface Live { rows: ReadonlyMap<number, Row>; grids: string }

export interface Loaded<V> { value: V | null; error: ApiError | null; busy: boolean }

/** asOf is the date the figures are for: "" is the present. */
export function asOf(state: State, district: District | null): string {
  return state.at === 'now' ? '' : state.at || district?.opens_at || '';
}

/** question says what to ask for a state of the page. */
export function question(state: State, district: District): Question {
  const params: Params = {};
  const put = (name: string, value: string) => { if (value) params[name] = value; };
  put('at', asOf(state, district));
  put('from', state.from);
  put('kind', state.kind);
  put('source', state.source);
  return { level: levelOf(state, district), measure: state.measure, params };
}

/** levelOf is the level shown: the one asked for, or the deepest. */
export function levelOf(state: State, district: District): number {
  return state.level && state.level <= district.levels ? state.level : district.levels;
}

/** A Reader fetches figures. It keeps what the next ones can be made from. */
class Reader {
  private grids: { of: string; by: ReadonlyMap<number, Grid> } | null = null;
  private columns: { of: string; all: Columns } | null = null;

  async figures(q: Question, v: Version, signal: AbortSignal): Promise<Figures> {
    const ask = <V>(path: string, params: Params) => get<V>(path, { ...q.params, ...params }, v.newest, signal);
    const [level, totals, combined, legend] = await Promise.all([
      this.level(q, v, signal),
      ask<Tallies>('api/v1/tallies', { level: '1' }),
      ask<Tallies>('api/v1/tallies', { level: '1', kind: 'combined_use' }),
      ask<Legend>(`heatmaps/${q.measure}/legend.json`, { level: String(q.level) }),
    ]);
    return { question: q, ...level, totals, combined, legend };
  }

  // level has the rows from the columns or, when there is anything wrong with them, from a tally.
  private async level(q: Question, v: Version, signal: AbortSignal): Promise<Pick<Figures, 'at' | 'rows' | 'live'>> {
    const asked = { ...q, version: v.newest };
    try {
      const all = await this.fetchColumns(asked, v.shapes, signal);
      const rows = rowsOf(await this.fetchGrids(asked, `${v.shapes} ${all.grids}`, signal), all);
      if (rows) return { at: all.at, rows: [...rows.values()], live: { rows, grids: all.grids } };
    } catch (error) {
      if (signal.aborted) throw error;
    }
    this.grids = this.columns = null;
    const { at, rows } = await get<Tallies>('api/v1/tallies', { ...q.params, level: String(q.level) }, v.newest, signal);
    return { at, rows: rows.filter((r) => r.code), live: null };
  }

  private async fetchColumns(q: Asked, shapes: number, signal: AbortSignal): Promise<Columns> {
    const of = JSON.stringify([q.level, q.params, shapes]);
    const all = await fetchColumns(q, this.columns?.all ?? null, this.columns?.of === of, signal);
    this.columns = { of, all };
    return all;
  }

  private async fetchGrids(q: Asked, edition: string, signal: AbortSignal): Promise<ReadonlyMap<number, Grid>> {
    const of = JSON.stringify([q.level, q.params.at, edition]);
    if (this.grids?.of !== of) this.grids = { of, by: await fetchGrids(q, signal) };
    return this.grids.by;
  }
}

/** Version is the newest known, and how often outlines may have changed. */
export interface Version { newest: number; shapes: number }

interface Tick { n: number; newest: number; wholes: number }

// After a lost connection another store may be served, with versions of its own.
const next = (t: Tick, c: Change): Tick => ({ n: t.n + 1, newest: c.version && Math.max(c.version, t.newest), wholes: t.wholes + Number(c.whole) });

/** useDistrict loads what the service holds, again at each change, and follows the live channel. */
export function useDistrict(): Loaded<District> & { link: Link; version: Version; retry: () => void } {
  const [link, setLink] = useState<Link>('delayed');
  const [tick, setTick] = useState<Tick>({ n: 0, newest: 0, wholes: 0 });
  useEffect(() => listen((c) => setTick((t) => next(t, c)), setLink), []);
  const district = useLoaded((signal) => get<District>('api/v1/district', {}, tick.newest, signal), '', String(tick.n));
  const retry = () => setTick((t) => ({ ...t, n: t.n + 1 }));
  const version = { newest: Math.max(tick.newest, district.value?.version ?? 0), shapes: tick.wholes };
  return { ...district, link, version, retry };
}

/** useFigures loads the answer to q (null: not yet), again when the version or the question changes. The old
 * answer stays until the new one is there, so nothing blinks. */
export function useFigures(q: Question | null, version: Version, attempt: number): Loaded<Figures> {
  const [reader] = useState(() => new Reader());
  const edition = `${version.newest}/${version.shapes}/${attempt}`;
  return useLoaded(q && ((signal) => reader.figures(q, version, signal)), JSON.stringify(q), edition);
}

const retryAfter = 4_000; // ms until a failed load is tried again by itself

type Load<V> = (signal: AbortSignal) => Promise<V>;

/** useLoaded runs load when the question or the edition changes. A new question breaks off a running load; a
 * new edition of the same question waits for it, so that a stream of changes cannot starve the page. */
function useLoaded<V>(load: Load<V> | null, ask: string, edition: string): Loaded<V> {
  const [state, setState] = useState<Loaded<V>>({ value: null, error: null, busy: true });
  const [loader] = useState(() => new Loader<V>((change) => setState((s) => ({ ...s, ...change }))));
  useEffect(() => {
    if (load) loader.want(load, ask);
  }, [ask, edition, load === null]);
  useEffect(() => () => loader.stop(), []);
  return state;
}

class Loader<V> {
  private ask = '';
  private next: Load<V> | null = null;
  private abort: AbortController | null = null;
  private timer = 0;

  constructor(private readonly tell: (change: Partial<Loaded<V>>) => void) {}

  want(load: Load<V>, ask: string): void {
    this.next = load;
    if (this.abort && ask === this.ask) return;
    this.stop();
    this.ask = ask;
    void this.run();
  }

  stop(): void {
    this.abort?.abort();
    this.abort = null;
    window.clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    for (let load = this.next; load && !abort.signal.aborted; load = this.next) {
      this.next = null;
      this.tell({ busy: true });
      try {
        const value = await load(abort.signal);
        if (!abort.signal.aborted) this.tell({ value, error: null, busy: false });
      } catch (error) {
        if (!abort.signal.aborted) this.fail(load, error as ApiError);
      }
    }
    if (this.abort === abort) this.abort = null;
  }

  private fail(load: Load<V>, error: ApiError): void {
    this.tell({ error, busy: false });
    const ask = this.ask;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.want(load, ask), retryAfter);
  }
}
