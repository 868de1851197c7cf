// The page's state lives in its address; the back button undoes.
import { useCallback, useEffect, useState } from 'preact/hooks';
import { format, parse, type State } from './state.ts';

const read = () => parse(location.search, navigator.languages);

export type Update = (change: Partial<State>) => void;

/** useAddress returns the state and a way to change it. Camera moves replace the entry in the history, others add one. */
export function useAddress(): [State, Update] {
  const [state, setState] = useState(read);
  useEffect(() => {
    const back = () => setState(read());
    addEventListener('popstate', back);
    return () => removeEventListener('popstate', back);
  }, []);
  const update = useCallback<Update>((change) => {
    setState((s) => {
      const next = { ...s, ...change };
      const to = format(next) || location.pathname;
      if (Object.keys(change).every((k) => k === 'camera')) history.replaceState(null, '', to);
      else if (format(s) !== format(next)) history.pushState(null, '', to);
      return next;
    });
  }, []);
  return [state, update];
}
