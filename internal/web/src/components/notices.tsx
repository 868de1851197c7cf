import type { ApiError } from '../api.ts';
import { useWords } from '../words.ts';

/** Problem says what went wrong and offers to try again. */
export function Problem({ error, retry }: { error: ApiError; retry: () => void }) {
  const { t } = useWords();
  return (
    <div class="problem" role="alert">
      <b>{t('failed')}</b> <span>{error.message}{error.status ? ` (${error.status})` : ''}</span>
      <button type="button" onClick={retry}>{t('retry')}</button>
    </div>
  );
}

/** Empty is the page of a district without grids. */
export function Empty() {
  const { t } = useWords();
  return (
    <section class="empty">
      <h2>{t('empty')}</h2>
      <p>{t('empty_hint')}</p>
    </section>
  );
}
