import type { Legend as Classes } from '../api.ts';
import { edges, integer } from '../format.ts';
import { hatch } from '../map/colours.ts';
import type { Theme } from '../state.ts';
import { useWords } from '../words.ts';

/** Legend shows each class with its range and the number of grids in it, and "no data" with its own look. */
export function Legend({ legend, theme, near }: { legend: Classes; theme: Theme; near: boolean }) {
  const { t, lang } = useWords();
  const share = legend.measure === 'rectification-rate';
  const limits = edges(legend.classes.flatMap((c) => [c.min, c.max]), share, lang);
  const title = `${t(share ? 'rectification-rate' : 'hazard-density')}${share ? '' : ` (${t('per_km2')})`}`;
  return (
    <section class="panel legend" aria-label={t('legend')}>
      <h2>{title}{near && <small><i class="symbol" aria-hidden="true" />{t('symbols')}</small>}</h2>
      <ul>
        {legend.classes.map((c, i) => (
          <li key={c.color}>
            <i style={{ background: c.color }} aria-hidden="true" />
            <span>{range(limits[2 * i]!, limits[2 * i + 1]!)}</span>
            <small>{t('grids', { n: integer(c.count, lang) })}</small>
          </li>
        ))}
        <li class="none">
          <i class="hatch" style={{ backgroundImage: `url(${hatchUrl(theme)})` }} aria-hidden="true" />
          <span title={share ? t('no_data_rate') : undefined}>{t('no_data')}</span>
          <small>{t('grids', { n: integer(legend.no_data.count, lang) })}</small>
        </li>
      </ul>
    </section>
  );
}

const range = (from: string, to: string) => (from === to ? from : `${from} – ${to}`);

/** hatchUrl is the map's own hatch as an image. */
function hatchUrl(theme: Theme): string {
  const { width, height, data } = hatch(theme);
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  image.data.set(data);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas.toDataURL();
}
