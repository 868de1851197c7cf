// Values join the tiles as the state of their features, so that new values cost no tile.
import type { Map as MapLibre, Source } from 'maplibre-gl';
import type { Row } from '../api.ts';

/** Rows are the figures of grids by feature id. */
export type Rows = ReadonlyMap<number, Row>;

type Values = Pick<Row, 'enterprises' | 'found' | 'rectified' | 'open' | 'overdue' | 'density' | 'rate'>;

/** Join keeps the state of the features of one layer of tiles; where nothing changed it does nothing. */
export class Join {
  private source: Source | null = null;
  private done = new Map<number, Values>();

  /** set gives the features of a source layer the values of rows. A source that is not there yet gets none. */
  set(map: MapLibre, layer: string, rows: Rows): void {
    const source = map.getSource(layer) ?? null;
    if (source !== this.source) this.done.clear(); // a new source has no state
    this.source = source;
    if (!source) return;
    for (const [id, row] of rows) {
      const values = valuesOf(row);
      if (same(this.done.get(id), values)) continue;
      map.setFeatureState({ source: layer, sourceLayer: layer, id }, values);
      this.done.set(id, values);
    }
    for (const id of this.done.keys()) {
      if (rows.has(id)) continue;
      map.removeFeatureState({ source: layer, sourceLayer: layer, id });
      this.done.delete(id);
    }
  }
}

const valuesOf = ({ enterprises, found, rectified, open, overdue, density, rate }: Row): Values => ({ enterprises, found, rectified, open, overdue, density, rate });

function same(a: Values | undefined, b: Values): boolean {
  return a !== undefined && (Object.keys(b) as (keyof Values)[]).every((name) => a[name] === b[name]);
}
