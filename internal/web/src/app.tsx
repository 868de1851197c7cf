import { useEffect, useMemo, useState } from 'preact/hooks';
import { useAddress } from './address.ts';
import { gridBounds, type Box, type Row } from './api.ts';
import { asOf, levelOf, question, useDistrict, useFigures } from './data.ts';
import { tag, translator } from './i18n.ts';
import { WordsContext } from './words.ts';
import { Card } from './components/card.tsx';
import { Controls } from './components/controls.tsx';
import { Header } from './components/header.tsx';
import { Headline } from './components/headline.tsx';
import { MapPane } from './components/mappane.tsx';
import { Ranking } from './components/ranking.tsx';
import { Empty, Problem } from './components/notices.tsx';

/** Target is where the map is asked to fly: a grid, with a number that tells two requests for the same grid apart. */
export interface Target { code: string; box: Box | null; n: number }

/** App is the page. licences is the address of the licence texts. */
export function App({ licences }: { licences: string }) {
  const [state, update] = useAddress();
  const [attempt, setAttempt] = useState(0);
  const [target, setTarget] = useState<Target | null>(null);
  const district = useDistrict();
  const words = useMemo(() => ({ t: translator(state.lang), lang: state.lang }), [state.lang]);
  const { t } = words;

  const held = district.value;
  const q = held && held.levels > 0 ? question(state, held) : null;
  const figures = useFigures(q, district.version, attempt);
  const shown = figures.value;
  const rows = useMemo(() => new Map((shown?.rows ?? []).map((r) => [r.code, r])), [shown]);
  const selected = rows.get(state.grid) ?? null;

  useEffect(() => {
    document.documentElement.lang = tag(state.lang);
    document.documentElement.dataset.theme = state.theme;
    document.title = t('title');
  }, [state.lang, state.theme]);

  const pick = (row: Row) => {
    update({ grid: row.code });
    const at = q?.params.at ? { at: q.params.at } : {};
    const fly = (box: Box | null) => setTarget((old) => ({ code: row.code, box, n: (old?.n ?? 0) + 1 }));
    gridBounds(row.code, at, new AbortController().signal).then(fly, () => fly(null));
  };

  const error = district.error ?? figures.error;
  const retry = () => {
    district.retry();
    setAttempt((n) => n + 1);
  };
  const empty = held !== null && held.levels === 0;
  return (
    <WordsContext.Provider value={words}>
      <a class="skip" href="#ranking" onClick={(e) => { e.preventDefault(); document.getElementById('ranking')?.focus(); }}>{t('skip')}</a>
      <Header state={state} district={held} link={district.link} at={shown?.at ?? held?.at ?? ''} update={update} />
      {held && <Controls state={state} district={held} at={asOf(state, held)} level={levelOf(state, held)} update={update} />}
      <main class={empty ? 'bare' : ''}>
        {error && <Problem error={error} retry={retry} />}
        {empty ? <Empty /> : (
          <>
            <Headline totals={shown?.totals ?? null} combined={shown?.combined ?? null} />
            <MapPane state={state} district={held} figures={shown} version={district.version} busy={figures.busy && !error} rows={rows} target={target} update={update} />
            <aside class="side">
              {selected && <Card row={selected} parent={selected.parent} selected close={() => update({ grid: '' })} />}
              <Ranking figures={shown} state={state} update={update} pick={pick} />
            </aside>
          </>
        )}
      </main>
      <footer><a href={licences}>{t('licences')}</a></footer>
    </WordsContext.Provider>
  );
}
