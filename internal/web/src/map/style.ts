// The map's style as a function of what is to be seen. No glyphs, no sprite, no other host: labels
// are drawn with the reader's own fonts, the hatch is made in the page.
import type { ExpressionSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl';
import { address, type Legend, type Params } from '../api.ts';
import type { Measure, Theme } from '../state.ts';
import { colours, type Colours } from './colours.ts';

/** Scene is everything that decides what the map looks like, but not where it looks. */
export interface Scene {
  level: number;
  measure: Measure;
  params: Params; // at and filters
  legend: Legend;
  theme: Theme;
  selected: string; // code
  bounds: [number, number, number, number];
  version: number; // of the figures
  shapes: string; // changes when outlines may have
  live: boolean; // values are the state of features, not attributes of the tiles
}

export const fill = 'grid-fill';
export const symbols = 'enterprise-symbols';
export const grids = (level: number) => `grids-${level}`;

/** above names the source of the outlines and names of the levels above one. */
export const above = (level: number) => `above-${level}`;

/** property is the tile attribute that holds the measure. */
const property = (m: Measure) => (m === 'hazard-density' ? 'density' : 'rate');

/** value reads the measure of a grid, null where there is none. */
const value = (s: Scene): ExpressionSpecification => [s.live ? 'feature-state' : 'get', property(s.measure)];

/** tileAddresses gives the tile address of each source of a scene. */
export function tileAddresses(s: Scene): Record<string, string> {
  const levels = Array.from({ length: s.level - 1 }, (_, i) => i + 1);
  const tiles = (layers: string[], params: Params) =>
    address(`tiles/${layers.join(',')}/`).concat('{z}/{x}/{y}.mvt', query(params));
  const outlines: Params = { ...(s.params.at ? { at: s.params.at } : {}), columns: 'none' };
  const all: Record<string, string> = {
    [grids(s.level)]: tiles([grids(s.level), `grid-labels-${s.level}`], s.live ? outlines : s.params),
    enterprises: tiles(['enterprises'], s.params),
  };
  if (levels.length > 0) {
    all[above(s.level)] = tiles(levels.flatMap((l) => [grids(l), `grid-labels-${l}`]), outlines);
  }
  return all;
}

/** outdated reports whether the tiles of a source of a scene, at the same address, may have changed since another scene. */
export function outdated(name: string, s: Scene, since: Scene): boolean {
  if (name === 'enterprises' || (name === grids(s.level) && !s.live)) return s.version !== since.version;
  return s.shapes !== since.shapes;
}

function query(params: Params): string {
  const text = new URLSearchParams(params).toString();
  return text && `?${text}`;
}

/** style makes the whole style over tiles at the addresses given; MapLibre applies the differences. */
export function style(s: Scene, addresses: Record<string, string>): StyleSpecification {
  const sources: Record<string, SourceSpecification> = {};
  for (const [name, tiles] of Object.entries(addresses)) {
    sources[name] = { type: 'vector', tiles: [tiles], bounds: s.bounds, maxzoom: name === 'enterprises' ? 16 : 14 };
  }
  const c = colours(s.theme);
  return {
    version: 8,
    sources,
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': c.ground } },
      ...gridLayers(s, c), ...aboveLayers(s, c), ...selectedLayers(s, c), ...symbolLayers(c), ...labelLayers(s, c),
    ],
  };
}

/** classColour picks the colour of a class; classes are half-open, [min, max), the last one closed. */
function classColour(s: Scene): ExpressionSpecification | string {
  const [first, ...others] = s.legend.classes;
  if (!first) return s.legend.no_data.color;
  if (others.length === 0) return first.color;
  const rising = others.filter((o, i) => o.min > (i === 0 ? first.min : others[i - 1]!.min));
  return ['step', ['number', value(s)], first.color, ...rising.flatMap((o) => [o.min, o.color])] as unknown as ExpressionSpecification;
}

function gridLayers(s: Scene, c: Colours): LayerSpecification[] {
  const from = { source: grids(s.level), 'source-layer': grids(s.level) };
  const none: ExpressionSpecification = ['==', value(s), null];
  return [
    { id: fill, type: 'fill', ...from, paint: { 'fill-color': ['case', none, c.blank, classColour(s)] as ExpressionSpecification, 'fill-antialias': false } },
    ...(s.legend.no_data.count > 0 ? [noData(s)] : []),
    s.level === 1
      ? { id: 'grid-edge', type: 'line', ...from, layout: { 'line-join': 'round' }, paint: { 'line-color': c.upper, 'line-width': zoomed(9, 1.1, 14, 2.4) } }
      : { id: 'grid-edge', type: 'line', ...from, paint: { 'line-color': c.edge, 'line-opacity': zoomed(9, 0.35, 12.5, 1), 'line-width': zoomed(9, 0.35, 14, 1.4) } },
    {
      id: 'grid-hover', type: 'line', ...from, layout: { 'line-join': 'round' },
      paint: { 'line-color': c.mark, 'line-width': ['case', ['boolean', ['feature-state', 'hover'], false], 2.5, 0] },
    },
  ];
}

// noData hatches grids without a value. A state decides on no filter, but on the opacity; a grid that has no state yet is left blank.
function noData(s: Scene): LayerSpecification {
  const known: ExpressionSpecification = ['!=', [s.live ? 'feature-state' : 'get', 'found'], null];
  return {
    id: 'grid-nodata', type: 'fill', source: grids(s.level), 'source-layer': grids(s.level),
    paint: { 'fill-pattern': `hatch-${s.theme}`, 'fill-opacity': ['case', ['all', known, ['==', value(s), null]], 1, 0] },
  };
}

// aboveLayers draws the outlines above from the lowest level up, each in a casing that sets it off from any class.
function aboveLayers(s: Scene, c: Colours): LayerSpecification[] {
  const levels = Array.from({ length: s.level - 1 }, (_, i) => s.level - 1 - i);
  return levels.flatMap((l) => {
    const from = { source: above(s.level), 'source-layer': grids(l), layout: { 'line-join': 'round' as const } };
    const width = l === 1 ? 1.3 : 0.6;
    return [
      { id: `above-casing-${l}`, type: 'line', ...from, paint: { 'line-color': c.casing, 'line-opacity': l === 1 ? 0.8 : 0.5, 'line-width': zoomed(9, width + 1.4, 14, 2.4 * width + 2) } },
      { id: `above-edge-${l}`, type: 'line', ...from, paint: { 'line-color': c.upper, 'line-opacity': l === 1 ? 0.95 : 0.7, 'line-width': zoomed(9, width, 14, 2.4 * width) } },
    ] satisfies LayerSpecification[];
  });
}

function selectedLayers(s: Scene, c: Colours): LayerSpecification[] {
  return [{
    id: 'grid-selected', type: 'line', source: grids(s.level), 'source-layer': grids(s.level),
    filter: ['==', ['get', 'code'], s.selected], layout: { 'line-join': 'round' },
    paint: { 'line-color': c.mark, 'line-width': 3.5 },
  }];
}

/** deep is the zoom from which premises are drawn. */
export const deep = 12;

function symbolLayers(c: Colours): LayerSpecification[] {
  const from = { source: 'enterprises', 'source-layer': 'enterprises', minzoom: deep };
  const size: ExpressionSpecification = ['sqrt', ['coalesce', ['get', 'count'], 1]];
  const radius = (unit: number, most: number): ExpressionSpecification => ['min', most, ['+', 2, ['*', unit, size]]];
  return [
    {
      id: symbols, type: 'circle', ...from,
      layout: { 'circle-sort-key': ['-', 0, ['coalesce', ['get', 'count'], 1]] },
      paint: {
        'circle-color': c.symbol, 'circle-opacity': 0.82, 'circle-stroke-color': c.symbolEdge, 'circle-stroke-width': 1,
        'circle-radius': ['interpolate', ['linear'], ['zoom'], deep, radius(0.8, 12), 15, radius(2.2, 30)],
      },
    },
    {
      id: 'enterprise-counts', type: 'symbol', ...from, minzoom: 13, filter: ['>=', ['get', 'count'], 10],
      layout: { 'text-field': ['to-string', ['get', 'count']], 'text-size': 11, 'text-allow-overlap': true },
      paint: { 'text-color': '#101a2b' },
    },
  ];
}

interface LabelLook { size: number; from: number; to: number; weight: string }

function labelLayers(s: Scene, c: Colours): LayerSpecification[] {
  const looks = (l: number): LabelLook => {
    if (l === s.level) return { size: 12, from: l === 1 ? 0 : l === 2 ? 10 : 12.3, to: 24, weight: 'Regular' };
    return l === 1 ? { size: 15, from: 0, to: 13.5, weight: 'Bold' } : { size: 13, from: 10.8, to: 14.5, weight: 'Bold' };
  };
  const levels = Array.from({ length: s.level }, (_, i) => s.level - i);
  return levels.map((l) => {
    const look = looks(l);
    return {
      id: `label-${l}`, type: 'symbol', source: l === s.level ? grids(l) : above(s.level), 'source-layer': `grid-labels-${l}`,
      minzoom: look.from, maxzoom: look.to,
      layout: {
        'text-field': ['coalesce', ['get', 'name'], ['get', 'code']], 'text-font': [`Local ${look.weight}`],
        'text-size': zoomed(9, look.size - 1, 14, look.size + 2), 'text-max-width': 8, 'text-padding': 3,
      },
      paint: { 'text-color': c.ink, 'text-halo-color': c.halo, 'text-halo-width': 1.8, 'text-halo-blur': 0.4 },
    };
  });
}

function zoomed(z0: number, a: number, z1: number, b: number): ExpressionSpecification {
  return ['interpolate', ['linear'], ['zoom'], z0, a, z1, b];
}
