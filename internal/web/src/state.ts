// The state of the page, all of it in the address, so that a link shows what its sender saw.

export const measures = ['hazard-density', 'rectification-rate'] as const;
export type Measure = (typeof measures)[number];

export const kinds = ['enterprise', 'combined_use', 'multi_tenant', 'construction', 'other'] as const;
export const sources = ['patrol', 'self', 'joint', 'campaign'] as const;

export type Lang = 'zh' | 'en';
export type Theme = 'dark' | 'light';

export const columns = ['name', 'density', 'rate', 'found', 'open', 'overdue'] as const;
export type Column = (typeof columns)[number];
export interface Order { by: Column; down: boolean }

/** Camera is the map's view; absent from the address until the user moves it. */
export interface Camera { zoom: number; lat: number; lng: number }

export interface State {
  level: number; // 0: the deepest there is
  measure: Measure;
  at: string; // YYYY-MM-DD; "now": the present; "": the date the district opens at
  from: string; // YYYY-MM-DD or ""
  kind: string; // "" for all
  source: string; // "" for all
  lang: Lang;
  theme: Theme;
  grid: string; // code of the selected grid or ""
  sort: Order | null; // null: by the measure, highest first
  camera: Camera | null;
}

const date = /^\d{4}-\d{2}-\d{2}$/;

/** isDate reports whether s is a day that exists, written YYYY-MM-DD. */
export function isDate(s: string): boolean {
  if (!date.test(s)) return false;
  const t = new Date(`${s}T00:00:00Z`);
  return !Number.isNaN(t.getTime()) && t.toISOString().startsWith(s);
}

/** browserLang is the language of a reader who has not chosen: Chinese unless none is listed and English is. */
export function browserLang(listed: readonly string[]): Lang {
  const first = listed.find((l) => /^(zh|en)\b/i.test(l));
  return first && /^en/i.test(first) ? 'en' : 'zh';
}

/** parse reads the query of an address. What it does not understand falls back to the default. */
export function parse(search: string, listed: readonly string[]): State {
  const q = new URLSearchParams(search);
  const get = (name: string) => q.get(name) ?? '';
  const level = Number(get('level'));
  const lang = get('lang');
  return {
    level: Number.isInteger(level) && level > 0 && level < 100 ? level : 0,
    measure: measures.find((m) => m === get('measure')) ?? 'hazard-density',
    at: get('at') === 'now' || isDate(get('at')) ? get('at') : '',
    from: isDate(get('from')) ? get('from') : '',
    kind: get('kind'),
    source: sources.find((s) => s === get('source')) ?? '',
    lang: lang === 'zh' || lang === 'en' ? lang : browserLang(listed),
    theme: get('theme') === 'light' ? 'light' : 'dark',
    grid: get('grid'),
    sort: parseSort(get('sort')),
    camera: parseCamera(get('map')),
  };
}

function parseSort(s: string): Order | null {
  const by = columns.find((c) => c === s.replace(/^-/, ''));
  return by ? { by, down: s.startsWith('-') } : null;
}

function parseCamera(s: string): Camera | null {
  const parts = s.split('/').map(Number);
  const [zoom, lat, lng] = parts;
  if (parts.length !== 3 || zoom === undefined || lat === undefined || lng === undefined) return null;
  const fine = zoom >= 0 && zoom <= 22 && Math.abs(lat) <= 85 && Math.abs(lng) <= 180;
  return fine ? { zoom, lat, lng } : null;
}

/** format writes the state as a query ("?…" or ""), leaving out what is at its default; explicit lang stays. */
export function format(s: State): string {
  const q = new URLSearchParams();
  const put = (name: string, value: string) => value && q.set(name, value);
  put('level', s.level ? String(s.level) : '');
  put('measure', s.measure === 'hazard-density' ? '' : s.measure);
  put('at', s.at);
  put('from', s.from);
  put('kind', s.kind);
  put('source', s.source);
  put('grid', s.grid);
  put('sort', s.sort ? `${s.sort.down ? '-' : ''}${s.sort.by}` : '');
  put('theme', s.theme === 'light' ? 'light' : '');
  put('lang', s.lang);
  if (s.camera) put('map', [s.camera.zoom.toFixed(2), s.camera.lat.toFixed(5), s.camera.lng.toFixed(5)].join('/'));
  const text = q.toString().replaceAll('%2F', '/');
  return text && `?${text}`;
}

/** order is the order of the ranking: the one chosen, else by the measure, highest first. */
export function order(s: State): Order {
  return s.sort ?? { by: s.measure === 'hazard-density' ? 'density' : 'rate', down: true };
}
