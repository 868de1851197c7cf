// The order of the ranking table.
import type { Row } from './api.ts';
import type { Lang, Order } from './state.ts';

/** Ranked is a row with its place in the order; null where the value does not exist. */
export interface Ranked { row: Row; place: number | null }

/** ranked sorts grids; those without a value come last in both directions, ties are in order of code, equal values share a place. */
export function ranked(rows: readonly Row[], order: Order, lang: Lang): Ranked[] {
  const { by, down } = order;
  const words = new Intl.Collator(lang === 'zh' ? 'zh-CN' : 'en', { numeric: true });
  const ahead = (a: Row, b: Row): number => {
    if (by === 'name') return words.compare(a.name, b.name) * (down ? -1 : 1);
    const [x, y] = [a[by], b[by]];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return (x - y) * (down ? -1 : 1);
  };
  const byCode = (a: Row, b: Row) => (a.code < b.code ? -1 : Number(a.code > b.code));
  const sorted = rows.filter((r) => r.code !== '').sort((a, b) => ahead(a, b) || byCode(a, b));
  let place = 0;
  return sorted.map((row, i) => {
    const before = sorted[i - 1];
    if (!before || by === 'name' || row[by] !== before[by]) place = i + 1;
    return { row, place: row[by] === null ? null : place };
  });
}

/** matching keeps the rows whose name or code holds the text. */
export function matching(rows: readonly Ranked[], text: string): readonly Ranked[] {
  const want = text.trim().toLowerCase();
  if (!want) return rows;
  return rows.filter(({ row }) => row.name.toLowerCase().includes(want) || row.code.toLowerCase().includes(want));
}
