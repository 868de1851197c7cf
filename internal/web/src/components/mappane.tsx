import { useEffect, useRef, useState } from 'preact/hooks';
import type { District, Row } from '../api.ts';
import type { Update } from '../address.ts';
import type { Target } from '../app.tsx';
import type { Figures, Version } from '../data.ts';
import { word } from '../i18n.ts';
import type { Rows } from '../map/join.ts';
import type { Scene } from '../map/style.ts';
import { MapView, type Pointed } from '../map/view.ts';
import type { State } from '../state.ts';
import { useWords } from '../words.ts';
import { Card } from './card.tsx';
import { Legend } from './legend.tsx';

interface Props {
  state: State;
  district: District | null;
  figures: Figures | null;
  version: Version; // the tiles of the newest are loaded while the figures are on their way
  busy: boolean;
  rows: Map<string, Row>;
  target: Target | null;
  update: Update;
}

const none: Rows = new Map();

/** MapPane is the map with its legend, buttons and the card at the pointer. */
export function MapPane({ state, district, figures, version, busy, rows, target, update }: Props) {
  const { t } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<MapView | null>(null);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const [failure, setFailure] = useState('');
  const [near, setNear] = useState(false);
  const [settled, setSettled] = useState(false);
  const scene = sceneOf(state, district, figures, version);
  const key = scene && JSON.stringify(scene);
  const values = figures?.live?.rows ?? none;

  useEffect(() => {
    if (!scene || !box.current) return;
    if (view.current) return view.current.show(scene, values);
    const events = {
      pointed: setPointed, failed: () => setFailure('failed_tiles'), moved: (camera: State['camera']) => update({ camera }),
      picked: (grid: string) => update({ grid }), near: setNear,
      settled: (all: boolean) => {
        setSettled(true);
        if (all) setFailure('');
      },
    };
    try {
      view.current = new MapView(box.current, scene, values, state.camera, events);
    } catch {
      setFailure('failed_webgl');
    }
  }, [key, values]);
  useEffect(() => () => view.current?.remove(), []);
  useEffect(() => view.current?.label(t('map')), [t, key === null]);
  useEffect(() => {
    if (!target) return;
    const to = target.box ?? view.current?.boundsOf(target.code);
    if (to) view.current?.fly(to);
  }, [target]);

  const row = pointed && rows.get(pointed.code);
  const retry = () => { setFailure(''); view.current?.retry(); };
  return (
    <section class="map" aria-label={t('map_short')} data-settled={settled} aria-busy={busy}>
      <div class="canvas" ref={box} />
      <div class="buttons">
        <button type="button" aria-label={t('zoom_in')} title={t('zoom_in')} onClick={() => view.current?.zoom(1)}>+</button>
        <button type="button" aria-label={t('zoom_out')} title={t('zoom_out')} onClick={() => view.current?.zoom(-1)}>−</button>
        <button type="button" aria-label={t('home')} title={t('home')} onClick={() => view.current?.home()}>⌂</button>
      </div>
      {figures && <Legend legend={figures.legend} theme={state.theme} near={near} />}
      {figures && figures.totals.total.found === 0 && <p class="note">{t('empty_filter')}</p>}
      {failure && (
        <p class="note" role="alert">{word(t, failure)} {failure === 'failed_tiles' && <button type="button" onClick={retry}>{t('retry')}</button>}</p>
      )}
      {!figures && busy && <p class="note" role="status">{t('loading')}</p>}
      {figures && busy && <div class="busy" aria-hidden="true" />}
      {pointed && (row || pointed.premises) && (
        <div class={`hover panel ${side(pointed, box.current)}`} style={{ left: `${pointed.x}px`, top: `${pointed.y}px` }} aria-hidden="true">
          {pointed.premises && <Premises p={pointed.premises} />}
          {row && <Card row={row} />}
        </div>
      )}
    </section>
  );
}

function sceneOf(state: State, district: District | null, figures: Figures | null, version: Version): Scene | null {
  if (!district?.bounds || !figures) return null;
  const { question, legend, live } = figures;
  return {
    level: question.level, measure: question.measure, params: question.params, legend,
    theme: state.theme, selected: state.grid, bounds: district.bounds, version: version.newest,
    shapes: `${version.shapes} ${live?.grids ?? ''}`, live: live !== null,
  };
}

/** side keeps the card inside the map: left of the pointer in its right half, above it in its lower half. */
function side(p: Pointed, box: HTMLElement | null): string {
  if (!box) return '';
  return `${p.x > box.clientWidth / 2 ? 'left' : ''} ${p.y > box.clientHeight / 2 ? 'above' : ''}`;
}

function Premises({ p }: { p: Record<string, unknown> }) {
  const { t } = useWords();
  const number = (name: string) => String(p[name] ?? 0);
  return (
    <dl class="premises">
      <div><dt>{t('kind')}</dt><dd>{p.kind ? word(t, String(p.kind)) : t('mixed')}</dd></div>
      <div><dt>{t('count')}</dt><dd>{number('count')}</dd></div>
      <div><dt>{t('found')}</dt><dd>{number('found')}</dd></div>
      <div><dt>{t('open')}</dt><dd>{number('open')}</dd></div>
    </dl>
  );
}
