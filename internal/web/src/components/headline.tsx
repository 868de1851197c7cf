import type { Tallies, Tally } from '../api.ts';
import { decimal, integer, percent } from '../format.ts';
import type { Key } from '../i18n.ts';
import { useWords } from '../words.ts';

/** Headline shows the totals of the district; dashes until they are there. */
export function Headline({ totals, combined }: { totals: Tallies | null; combined: Tallies | null }) {
  const { t } = useWords();
  return (
    <section class="headline" aria-label={t('figures')} aria-busy={totals === null}>
      <Totals total={totals?.total} />
      <Combined combined={combined} />
      <Checks total={totals?.total} />
    </section>
  );
}

function Totals({ total }: { total: Tally | undefined }) {
  const { t, lang } = useWords();
  const figure = (n: number | undefined) => (n === undefined ? '—' : integer(n, lang));
  const density = (x: number | null) => `${t('density')} ${x === null ? t('no_data') : `${decimal(x, lang)} ${t('per_km2')}`}`;
  return (
    <dl class="panel totals">
      <Figure id="found" label="found_total" value={figure(total?.found)} note={total && density(total.density)} />
      <Figure id="rectified" label="rectified" value={figure(total?.rectified)}
        note={total && `${t('rate')} ${percent(total.rectified, total.found) ?? t('no_data')}`} />
      <Figure id="open" label="open" value={figure(total?.open)} />
      <Figure id="overdue" label="overdue" value={figure(total?.overdue)} tone="alert" />
    </dl>
  );
}

function Combined({ combined }: { combined: Tallies | null }) {
  const { t, lang } = useWords();
  const total = combined?.total;
  const rate = total && percent(total.units_rectified, total.units_found);
  return (
    <section class="panel combined" aria-label={t('combined_card')}>
      <h2>{t('combined_card')}</h2>
      <dl>
        <Figure id="units-found" label="units_found" value={total ? integer(total.units_found, lang) : '—'} />
        <Figure id="units-rectified" label="units_rectified" value={total ? integer(total.units_rectified, lang) : '—'} />
        <Figure id="unit-rate" label="rate" value={total ? rate ?? t('no_data') : '—'} tone={rate ? 'good' : 'nil'} />
      </dl>
      <div class="bar" aria-hidden="true"><i style={{ width: rate ?? '0%' }} /></div>
    </section>
  );
}

function Checks({ total }: { total: Tally | undefined }) {
  const { t, lang } = useWords();
  const figure = (n: number | undefined) => (n === undefined ? '—' : integer(n, lang));
  return (
    <section class="panel checks" aria-label={t('checks_card')}>
      <h2>{t('checks_card')}</h2>
      <dl>
        <Figure id="officers" label="officers" value={figure(total?.officers)} />
        <Figure id="units-inspected" label="units_inspected" value={figure(total?.units_inspected)} />
        <Figure id="orders-rectify" label="orders_rectify" value={figure(total?.orders_rectify)} />
        <Figure id="orders-suspend" label="orders_suspend" value={figure(total?.orders_suspend)} />
      </dl>
    </section>
  );
}

interface FigureProps { id: string; label: Key; value: string; note?: string | undefined; tone?: 'alert' | 'good' | 'nil' }

function Figure({ id, label, value, note, tone }: FigureProps) {
  const { t } = useWords();
  return (
    <div class={`figure ${tone ?? ''}`}>
      <dt>{t(label)}</dt>
      <dd><b id={`figure-${id}`}>{value}</b>{note && <small>{note}</small>}</dd>
    </div>
  );
}
