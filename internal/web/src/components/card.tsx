import type { Row } from '../api.ts';
import { decimal, integer, percent } from '../format.ts';
import { useWords } from '../words.ts';

interface Props { row: Row; parent?: string | null; selected?: boolean; close?: () => void }

/** Card tells all about one grid: numerator, denominator and what follows from them. */
export function Card({ row, selected, close }: Props) {
  const { t, lang } = useWords();
  const count = (n: number) => integer(n, lang);
  return (
    <section class={`card ${selected ? 'panel' : ''}`} {...(selected ? { 'aria-label': t('selected') } : {})}>
      <h2>
        {row.name || row.code} <code>{row.code}</code>
        {close && <button type="button" aria-label={t('close')} title={t('close')} onClick={close}>×</button>}
      </h2>
      <dl>
        <div class="wide"><dt>{t('rate')}</dt><dd>{rateText(row, count, t('no_data'))}</dd></div>
        <div class="wide"><dt>{t('density')}</dt><dd>{densityText(row, count, (x) => decimal(x, lang), t('per_km2'), t('no_data'))}</dd></div>
        <div><dt>{t('open')}</dt><dd>{count(row.open)}</dd></div>
        <div><dt>{t('overdue')}</dt><dd>{count(row.overdue)}</dd></div>
        <div><dt>{t('enterprises')}</dt><dd>{count(row.enterprises)}</dd></div>
        {selected && row.parent && <div><dt>{t('parent')}</dt><dd><code>{row.parent}</code></dd></div>}
      </dl>
    </section>
  );
}

function rateText(row: Row, count: (n: number) => string, none: string) {
  const rate = percent(row.rectified, row.found);
  return <><b>{rate ?? none}</b> <span>{count(row.rectified)} / {count(row.found)}</span></>;
}

function densityText(row: Row, count: (n: number) => string, size: (x: number) => string, unit: string, none: string) {
  const area = row.area_km2 === null ? '' : `${count(row.found)} / ${size(row.area_km2)} km²`;
  return <><b>{row.density === null ? none : `${size(row.density)} ${unit}`}</b> <span>{area}</span></>;
}
