// The map itself: one MapLibre map, told what to show.
import { Map as MapLibre, setWorkerUrl, type MapGeoJSONFeature, type MapMouseEvent, type VectorTileSource } from 'maplibre-gl';
import { address, extend, type Box } from '../api.ts';
import type { Camera } from '../state.ts';
import { hatch } from './colours.ts';
import { Join, type Rows } from './join.ts';
import { deep, fill, grids, outdated, style, symbols, tileAddresses, type Scene } from './style.ts';

declare const WORKER_FILE: string; // put in by the build

/** Pointed is what the pointer is on: a grid (by code) or premises, at pixels x, y of the map. */
export interface Pointed { x: number; y: number; code: string; premises: Record<string, unknown> | null }

export interface Events {
  pointed: (p: Pointed | null) => void;
  picked: (code: string) => void; // "" when the click hit no grid
  moved: (c: Camera) => void;
  failed: (message: string) => void; // a tile or the map failed
  near: (is: boolean) => void; // premises are drawn, or not any more
  settled: (whole: boolean) => void; // all tiles in view are drawn; not whole: some failed
}

const fonts = '"Noto Sans CJK SC","Noto Sans SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",sans-serif';

// room is the pixels to leave around the district; the legend lies below it.
function room(): { top: number; bottom: number; left: number; right: number } {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  return { top: 1.5 * rem, bottom: 7 * rem, left: 2 * rem, right: 2 * rem };
}

const patience = 4_000; // ms to wait for tiles before drawing the next scene all the same

/** MapView draws scenes. Making one throws when WebGL is missing. */
export class MapView {
  private readonly map: MapLibre;
  private scene: Scene;
  private tiles: Record<string, string>; // address of each source
  private next: Scene | null = null;
  private readonly join = new Join();
  private drawing: Promise<void> | null = null;
  private removed = false;
  private failed = false;
  private hovered: { source: string; sourceLayer: string; id: number | string } | null = null;
  private ownMove = true;

  /** rows are the values of a live scene. */
  constructor(box: HTMLElement, scene: Scene, private rows: Rows, camera: Camera | null, private readonly events: Events) {
    setWorkerUrl(address(WORKER_FILE));
    this.scene = scene;
    this.tiles = tileAddresses(scene);
    this.map = new MapLibre({
      container: box, style: style(scene, this.tiles), attributionControl: false, localIdeographFontFamily: fonts,
      refreshExpiredTiles: false, dragRotate: false, pitchWithRotate: false, touchPitch: false, maxPitch: 0,
      minZoom: 5, maxZoom: 18, fadeDuration: 0,
      transformRequest: (url) => ({ url, cache: 'no-cache', headers: this.headers() }),
      ...(camera ? { center: [camera.lng, camera.lat], zoom: camera.zoom } : { bounds: scene.bounds, fitBoundsOptions: { padding: room() } }),
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.setMissingStyleImageResolver((id) => {
      if (!this.map.hasImage(id)) this.map.addImage(id, hatch(id === 'hatch-dark' ? 'dark' : 'light'), { pixelRatio: 2 });
    });
    this.listen();
    this.tellNear();
    Object.assign(box, { hazgridMap: this.map }); // for tests and for people with a console
  }

  /** show draws a scene; of several asked for while one is being drawn, the last. Tiles of the level already shown
   * are reloaded in place: each old one stays until its successor is there. */
  show(scene: Scene, rows: Rows): void {
    this.next = scene;
    this.rows = rows;
    if (!this.drawing) this.drawing = this.draw().finally(() => { this.drawing = null; });
  }

  // draw changes the style first, waits for the frame that applies it, and only then the tiles: while a change of
  // style is waiting for its frame, MapLibre 6.17 turns a reload from the service into one from its own memory.
  private async draw(): Promise<void> {
    await this.until('render', () => this.map.loaded(), patience); // not 'load': that comes once in the life of a map
    for (let scene = this.next; scene && !this.removed; scene = this.next) {
      this.next = null;
      const before = this.scene;
      this.scene = scene;
      const wanted = tileAddresses(scene);
      const kept = Object.keys(wanted).filter((name) => name in this.tiles);
      const stale = kept.filter((name) => wanted[name] !== this.tiles[name] || outdated(name, scene, before));
      if (this.failed) {
        this.rebuild(wanted);
        continue;
      }
      this.map.setStyle(style(scene, { ...wanted, ...pick(this.tiles, kept) }), { diff: true });
      this.fill();
      this.tiles = wanted;
      await this.frame();
      await this.reload(stale);
    }
  }

  // fill brings the values to the features of a live scene.
  private fill(): void {
    if (this.scene.live && !this.removed) this.join.set(this.map, grids(this.scene.level), this.rows);
  }

  // rebuild starts over after a tile failed: MapLibre 6.17 never asks again for a failed tile it is told to reload.
  private rebuild(wanted: Record<string, string>): void {
    this.failed = false;
    this.tiles = wanted;
    this.map.setStyle(style(this.scene, wanted), { diff: false });
  }

  private async frame(): Promise<void> {
    const drawn = this.map.once('render');
    this.map.triggerRepaint();
    await drawn;
  }

  private async reload(names: string[]): Promise<void> {
    if (names.length === 0 || this.removed) return;
    for (const name of names) this.map.getSource<VectorTileSource>(name)?.setTiles([this.tiles[name]!]);
    await this.until('sourcedata', () => names.every((name) => this.map.isSourceLoaded(name)), patience);
  }

  // until waits for done to be true, looking at each event of the type; for most milliseconds at most.
  private until(type: 'render' | 'sourcedata', done: () => boolean, most: number): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.removed && !done()) return;
        this.map.off(type, look);
        window.clearTimeout(timer);
        resolve();
      };
      const timer = window.setTimeout(() => {
        this.map.off(type, look);
        resolve();
      }, most);
      this.map.on(type, look);
      look();
    });
  }

  /** fly moves to a box: [west, south, east, north], degrees. */
  fly(box: Box): void {
    this.map.fitBounds(box, { padding: 70, maxZoom: 14.5, duration: 900, essential: false });
  }

  /** home shows the whole district. */
  home(): void {
    this.map.fitBounds(this.scene.bounds, { padding: room(), duration: 600, essential: false });
  }

  zoom(by: number): void {
    this.map.easeTo({ zoom: this.map.getZoom() + by, duration: 250 });
  }

  /** boundsOf finds a grid's box in the tiles at hand; null when it is not in view. */
  boundsOf(code: string): Box | null {
    const found = this.map.querySourceFeatures(grids(this.scene.level), {
      sourceLayer: grids(this.scene.level), filter: ['==', ['get', 'code'], code],
    });
    const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const f of found) extend(box, (f.geometry as { coordinates: unknown }).coordinates);
    return box[0] <= box[2] ? box : null;
  }

  label(text: string): void {
    this.map.getCanvas().setAttribute('aria-label', text);
  }

  /** retry asks again for every tile. */
  retry(): void {
    this.show(this.next ?? this.scene, this.rows);
  }

  remove(): void {
    this.removed = true;
    this.map.remove();
  }

  private headers(): Record<string, string> {
    return this.scene.version > 0 ? { 'Hazgrid-Min-Version': String(this.scene.version) } : {};
  }

  private listen(): void {
    const { map, events } = this;
    map.on('style.load', () => this.fill());
    map.on('mousemove', (e) => this.point(e));
    map.on('mouseout', () => this.leave());
    map.on('click', (e) => events.picked(this.at(e, [fill])?.properties.code ?? ''));
    map.on('movestart', () => this.leave());
    map.on('moveend', () => this.tellCamera());
    map.on('zoom', () => this.tellNear());
    map.on('error', (e) => {
      this.failed = true;
      events.failed(e.error.message);
    });
    map.on('idle', () => {
      this.ownMove = false;
      events.settled(!this.failed);
    });
  }

  private tellCamera(): void {
    const { lng, lat } = this.map.getCenter();
    if (!this.ownMove) this.events.moved({ zoom: this.map.getZoom(), lat, lng });
  }

  private tellNear(): void {
    this.events.near(this.map.getZoom() >= deep);
  }

  private at(e: MapMouseEvent, layers: string[]): MapGeoJSONFeature | undefined {
    const there = layers.filter((id) => this.map.getLayer(id));
    return this.map.queryRenderedFeatures(e.point, { layers: there })[0];
  }

  private point(e: MapMouseEvent): void {
    const premises = this.at(e, [symbols]);
    const grid = this.at(e, [fill]);
    if (!grid && !premises) return this.leave();
    this.hover(grid);
    this.map.getCanvas().style.cursor = grid ? 'pointer' : '';
    this.events.pointed({ x: e.point.x, y: e.point.y, code: String(grid?.properties.code ?? ''), premises: premises?.properties ?? null });
  }

  private hover(grid: MapGeoJSONFeature | undefined): void {
    if (this.hovered && this.hovered.id === grid?.id && this.hovered.source === grid?.source) return;
    if (this.hovered && this.map.getSource(this.hovered.source)) this.map.setFeatureState(this.hovered, { hover: false });
    this.hovered = null;
    if (grid?.id === undefined || !grid.sourceLayer) return;
    this.hovered = { source: grid.source, sourceLayer: grid.sourceLayer, id: grid.id };
    this.map.setFeatureState(this.hovered, { hover: true });
  }

  private leave(): void {
    this.hover(undefined);
    this.map.getCanvas().style.cursor = '';
    this.events.pointed(null);
  }
}

function pick<V>(from: Record<string, V>, names: string[]): Record<string, V> {
  return Object.fromEntries(names.map((name) => [name, from[name]!]));
}
