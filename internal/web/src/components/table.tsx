import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Row } from '../api.ts';
import { decimal, integer, percent } from '../format.ts';
import type { Ranked } from '../rank.ts';
import { columns, type Column, type Order } from '../state.ts';
import { useWords } from '../words.ts';

interface Props {
  rows: readonly Ranked[];
  order: Order;
  selected: string;
  busy: boolean;
  sort: (by: Column) => void;
  pick: (row: Row) => void;
}

const spare = 6; // rows drawn beyond the window on both sides

/** Table draws the rows in its window only. One row is active; arrows, Page, Home and End move it, Enter picks it. */
export function Table({ rows, order, selected, busy, sort, pick }: Props) {
  const { t } = useWords();
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [active, setActive] = useState(0);
  const { height, count } = useWindow(scroller);
  const first = Math.max(0, Math.min(Math.floor(top / height) - spare, rows.length - count));
  const last = Math.min(rows.length, first + count + 2 * spare);
  const current = Math.min(active, rows.length - 1);

  const show = (i: number) => {
    const box = scroller.current;
    if (!box) return;
    const head = height;
    const from = i * height;
    const room = box.clientHeight - head;
    if (from < box.scrollTop) box.scrollTop = from;
    else if (from + height > box.scrollTop + room) box.scrollTop = from + height - room;
  };
  const move = (i: number) => {
    const to = Math.max(0, Math.min(rows.length - 1, i));
    setActive(to);
    show(to);
  };
  useEffect(() => {
    const i = rows.findIndex((r) => r.row.code === selected);
    if (i >= 0) move(i);
  }, [selected, order.by, order.down]);

  const press = (e: KeyboardEvent) => {
    if (e.target !== e.currentTarget) return;
    const page = Math.max(1, count - 2);
    const to: Record<string, number> = {
      ArrowDown: current + 1, ArrowUp: current - 1, PageDown: current + page, PageUp: current - page, Home: 0, End: rows.length - 1,
    };
    const next = to[e.key];
    if (next !== undefined) move(next);
    else if (e.key === 'Enter' && rows[current]) pick(rows[current].row);
    else return;
    e.preventDefault();
  };
  return (
    <div class="scroller" ref={scroller} onScroll={(e) => setTop(e.currentTarget.scrollTop)}>
      <table id="ranking" role="grid" tabIndex={0} aria-label={t('ranking')} aria-rowcount={rows.length + 1} aria-busy={busy}
        aria-activedescendant={rows[current] && current >= first && current < last ? `row-${current}` : undefined} onKeyDown={press}>
        <Head order={order} sort={sort} />
        <tbody>
          <Gap height={first * height} />
          {rows.slice(first, last).map((r, i) => (
            <Line key={r.row.code} ranked={r} index={first + i} active={first + i === current} selected={r.row.code === selected}
              by={order.by} pick={() => { setActive(first + i); pick(r.row); }} />
          ))}
          <Gap height={(rows.length - last) * height} />
          {rows.length === 0 && <tr><td class="nothing" colSpan={columns.length + 1}>{t(busy ? 'loading' : 'no_match')}</td></tr>}
        </tbody>
      </table>
    </div>
  );
}

function Gap({ height }: { height: number }) {
  return height > 0 ? <tr class="gap" aria-hidden="true"><td colSpan={columns.length + 1} style={{ height: `${height}px` }} /></tr> : null;
}

function Head({ order, sort }: { order: Order; sort: (by: Column) => void }) {
  const { t } = useWords();
  return (
    <thead>
      <tr aria-rowindex={1}>
        <th scope="col" class="place"><abbr title={t('rank')}>#</abbr></th>
        {columns.map((c) => (
          <th key={c} scope="col" class={c} aria-sort={c !== order.by ? 'none' : order.down ? 'descending' : 'ascending'}>
            <button type="button" title={t('sort_by', { column: t(c) })} onClick={() => sort(c)}>
              {t(c)}<i aria-hidden="true">{c !== order.by ? '' : order.down ? '▾' : '▴'}</i>
            </button>
          </th>
        ))}
      </tr>
    </thead>
  );
}

interface LineProps { ranked: Ranked; index: number; active: boolean; selected: boolean; by: Column; pick: () => void }

function Line({ ranked: { row, place }, index, active, selected, by, pick }: LineProps) {
  const { t, lang } = useWords();
  const none = <span class="nil">{t('no_data')}</span>;
  const texts: Record<Column, preact.ComponentChildren> = {
    name: row.name || row.code,
    density: row.density === null ? none : decimal(row.density, lang),
    rate: percent(row.rectified, row.found) ?? none,
    found: integer(row.found, lang),
    open: integer(row.open, lang),
    overdue: integer(row.overdue, lang),
  };
  return (
    <tr id={`row-${index}`} class={active ? 'active' : ''} aria-rowindex={index + 2} aria-selected={selected} onClick={pick} data-code={row.code}>
      <td class="place">{place ?? '–'}</td>
      {columns.map((c) => <td key={c} class={`${c} ${c === by ? 'by' : ''}`} title={c === 'name' ? `${row.name} ${row.code}` : undefined}>{texts[c]}</td>)}
    </tr>
  );
}

/** useWindow measures the height of a row and how many fit: both in whole rows of the style sheet's --row. */
function useWindow(box: { current: HTMLDivElement | null }): { height: number; count: number } {
  const [size, setSize] = useState({ height: 30, count: 20 });
  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const measure = () => {
      const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
      const height = Math.round(rem * 2.1);
      el.style.setProperty('--row', `${height}px`);
      setSize({ height, count: Math.ceil(el.clientHeight / height) });
    };
    const watch = new ResizeObserver(measure);
    watch.observe(el);
    measure();
    return () => watch.disconnect();
  }, []);
  return size;
}
