// Numbers as people read them. Rounding is for display only, and half up.
import type { Lang } from './state.ts';

const locale = (lang: Lang) => (lang === 'zh' ? 'zh-CN' : 'en');
const known = new Map<string, Intl.NumberFormat>();

function formatter(lang: Lang, digits: number): Intl.NumberFormat {
  const key = `${lang}${digits}`;
  let f = known.get(key);
  if (!f) {
    f = new Intl.NumberFormat(locale(lang), { minimumFractionDigits: digits, maximumFractionDigits: digits });
    known.set(key, f);
  }
  return f;
}

/** integer writes a count: 9,775. */
export const integer = (n: number, lang: Lang) => formatter(lang, 0).format(n);

/** decimal writes a quantity with as many decimals as its size deserves: 812, 41.3, 2.40. */
export function decimal(x: number, lang: Lang): string {
  return formatter(lang, x === 0 || x >= 100 ? 0 : x >= 10 ? 1 : 2).format(x);
}

/** percent writes part / whole as a whole percent, half up, in integers so that 0.5 is exact; null when whole is 0. */
export function percent(part: number, whole: number): string | null {
  return whole > 0 ? `${Math.floor((200 * part + whole) / (2 * whole))}%` : null;
}

/** edges writes class limits with the fewest decimals (up to 3) that keep neighbours apart. */
export function edges(limits: readonly number[], share: boolean, lang: Lang): string[] {
  const scaled = share ? limits.map((x) => x * 100) : limits;
  for (let digits = 0; ; digits++) {
    const texts = scaled.map((x) => formatter(lang, digits).format(x));
    const apart = texts.every((text, i) => i === 0 || text !== texts[i - 1] || scaled[i] === scaled[i - 1]);
    if (apart || digits === 3) return share ? texts.map((text) => `${text}%`) : texts;
  }
}

/** instant writes an RFC 3339 time as date and minute in the zone it was written in. */
export function instant(at: string): string {
  return at.slice(0, 16).replace('T', ' ');
}
