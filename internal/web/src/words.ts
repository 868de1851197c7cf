// The language in which the components speak.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { translator, type T } from './i18n.ts';
import type { Lang } from './state.ts';

export interface Words { t: T; lang: Lang }

export const WordsContext = createContext<Words>({ t: translator('zh'), lang: 'zh' });

export const useWords = () => useContext(WordsContext);
