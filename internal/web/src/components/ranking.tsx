import { useMemo, useState } from 'preact/hooks';
import { address, type Row } from '../api.ts';
import type { Update } from '../address.ts';
import type { Figures } from '../data.ts';
import { integer } from '../format.ts';
import { matching, ranked } from '../rank.ts';
import { order, type Column, type State } from '../state.ts';
import { useWords } from '../words.ts';
import { Table } from './table.tsx';

interface Props { figures: Figures | null; state: State; update: Update; pick: (row: Row) => void }

/** Ranking is the map as a table: the same grids and figures, sorted, searched and picked by keyboard. */
export function Ranking({ figures, state, update, pick }: Props) {
  const { t, lang } = useWords();
  const [text, setText] = useState('');
  const now = order(state);
  const all = useMemo(() => ranked(figures?.rows ?? [], now, lang), [figures, now.by, now.down, lang]);
  const rows = useMemo(() => matching(all, text), [all, text]);
  const sort = (by: Column) => update({ sort: { by, down: by === now.by ? !now.down : by !== 'name' } });
  return (
    <section class="panel ranking" aria-labelledby="ranking-title">
      <div class="top">
        <h2 id="ranking-title">{t('ranking')}</h2>
        {figures && <Downloads figures={figures} />}
      </div>
      <input type="search" name="search" placeholder={t('search')} aria-label={t('search')} value={text}
        onInput={(e) => setText(e.currentTarget.value)} />
      <Table rows={rows} order={now} selected={state.grid} sort={sort} pick={pick} busy={figures === null} />
      {figures && <NotPlaced figures={figures} />}
    </section>
  );
}

function Downloads({ figures }: { figures: Figures }) {
  const { t } = useWords();
  const { level, params } = figures.question;
  const link = (format: string) => (
    <a href={address('api/v1/tallies', { ...params, level: String(level), format })} download={`hazgrid-level-${level}.${format}`}
      aria-label={`${t('download')}: ${format.toUpperCase()}`}>{format.toUpperCase()}</a>
  );
  return <span class="downloads">{link('csv')}{link('xlsx')}</span>;
}

/** NotPlaced tells what the total has beyond the rows. */
function NotPlaced({ figures: { rows, totals } }: { figures: Figures }) {
  const { t, lang } = useWords();
  const unlocated = totals.rows.find((r) => r.code === '' && r.name === 'unlocated')?.found ?? 0;
  const outside = totals.total.found - unlocated - rows.reduce((sum, r) => sum + r.found, 0);
  return <p class="placed">{t('not_placed', { outside: integer(outside, lang), unlocated: integer(unlocated, lang) })}</p>;
}
