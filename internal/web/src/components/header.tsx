import type { District } from '../api.ts';
import type { Update } from '../address.ts';
import { instant } from '../format.ts';
import type { Link } from '../live.ts';
import type { State } from '../state.ts';
import { useWords } from '../words.ts';

interface Props { state: State; district: District | null; link: Link; at: string; update: Update }

/** Header names the page and says how fresh and how real its figures are. */
export function Header({ state, district, link, at, update }: Props) {
  const { t, lang } = useWords();
  const other = lang === 'zh' ? 'en' : 'zh';
  const theme = state.theme === 'dark' ? 'light' : 'dark';
  return (
    <header>
      <h1>{t('title')}</h1>
      {district && district.division !== '0' && <span class="division">{t('division', { code: district.division })}</span>}
      {district?.synthetic && (
        <strong class="synthetic"><span lang="zh-CN">模拟数据</span> / <span lang="en">synthetic data</span></strong>
      )}
      <span class="spring" />
      {at && <span class="asof">{t('as_of', { at: instant(at) })}</span>}
      <span class={`link ${link}`} role="status"><i aria-hidden="true" />{t(link)}</span>
      <button type="button" id="language" lang={other === 'zh' ? 'zh-CN' : 'en'} onClick={() => update({ lang: other })}>
        {other === 'zh' ? '中文' : 'English'}
      </button>
      <button type="button" id="theme" aria-label={t(`theme_${theme}`)} title={t(`theme_${theme}`)} onClick={() => update({ theme })}>
        <span aria-hidden="true">{theme === 'light' ? '☀' : '☾'}</span>
      </button>
    </header>
  );
}
