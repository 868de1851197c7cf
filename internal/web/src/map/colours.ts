// The colours the map needs besides those of the classes, which come from the server.
import type { Theme } from '../state.ts';

export interface Colours {
  ground: string;
  edge: string; // between grids
  upper: string; // between the grids of the levels above
  casing: string; // on both sides of that
  halo: string;
  ink: string;
  mark: string; // hovered and selected grid
  symbol: string;
  symbolEdge: string;
  hatch: string;
  blank: string; // a grid without data, under the hatch
}

const dark: Colours = {
  ground: '#0a1220', edge: 'rgba(6,12,22,.75)', upper: '#f2f7ff', casing: '#0a1220', halo: '#0a1220', ink: '#f2f7ff', mark: '#ff5fd2',
  symbol: '#ffffff', symbolEdge: '#0a1220', hatch: '#7c8aa3', blank: '#2b3547',
};

const light: Colours = {
  ground: '#e9eef5', edge: 'rgba(255,255,255,.8)', upper: '#ffffff', casing: '#1b2a41', halo: '#ffffff', ink: '#101a2b', mark: '#c4007a',
  symbol: '#ffffff', symbolEdge: '#101a2b', hatch: '#7b8798', blank: '#dfe4ec',
};

export const colours = (theme: Theme): Colours => (theme === 'dark' ? dark : light);

/** hatch draws the pattern of "no data": diagonal lines, size×size pixels, RGBA. */
export function hatch(theme: Theme, size = 16): { width: number; height: number; data: Uint8ClampedArray } {
  const data = new Uint8ClampedArray(size * size * 4);
  const [line, blank] = [rgb(colours(theme).hatch), rgb(colours(theme).blank)];
  for (let i = 0; i < size * size; i++) {
    const x = i % size;
    const y = Math.floor(i / size);
    const colour = (x + y) % (size / 2) < 2 ? line : blank;
    data.set([...colour, 255], i * 4);
  }
  return { width: size, height: size, data };
}

function rgb(hex: string): number[] {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}
