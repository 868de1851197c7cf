import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { District } from '../api.ts';
import type { Update } from '../address.ts';
import { word } from '../i18n.ts';
import { isDate, kinds, measures, sources, type State } from '../state.ts';
import { useWords } from '../words.ts';

interface Props { state: State; district: District; at: string; level: number; update: Update }

/** Controls choose the measure, the level, the dates and the filters. */
export function Controls({ state, district, at, level, update }: Props) {
  const { t } = useWords();
  const levels = Array.from({ length: district.levels }, (_, i) => i + 1);
  const filtered = state.kind !== '' || state.source !== '' || state.from !== '';
  return (
    <form class="controls" aria-label={t('filters')} onSubmit={(e) => e.preventDefault()}>
      <Choice legend={t('measure')} name="measure" value={state.measure}
        options={measures.map((m) => ({ value: m, text: t(m) }))}
        choose={(v) => update({ measure: v as State['measure'], sort: null })} />
      {levels.length > 1 && (
        <Choice legend={t('level')} name="level" value={String(level)}
          options={levels.map((l) => ({ value: String(l), text: t('level_n', { n: l }) }))}
          choose={(v) => update({ level: Number(v), grid: '' })} />
      )}
      <Field label={t('from')}>
        <DateInput name="from" value={state.from} choose={(from) => update({ from })} />
      </Field>
      <Field label={t('at')}>
        <DateInput name="at" value={at} choose={(v) => update({ at: v || 'now' })} />
      </Field>
      <button type="button" id="now" title={t('now_title')} aria-pressed={at === ''} onClick={() => update({ at: 'now' })}>{t('now')}</button>
      <Picker name="kind" label={t('kind')} value={state.kind} options={kinds} choose={(kind) => update({ kind })} />
      <Picker name="source" label={t('source')} value={state.source} options={sources} choose={(source) => update({ source })} />
      {filtered && <button type="button" id="clear" onClick={() => update({ kind: '', source: '', from: '' })}>{t('clear')}</button>}
    </form>
  );
}

function Field({ label, children }: { label: string; children: ComponentChildren }) {
  return <label class="field"><span>{label}</span>{children}</label>;
}

interface ChoiceProps { legend: string; name: string; value: string; options: { value: string; text: string }[]; choose: (v: string) => void }

function Choice({ legend, name, value, options, choose }: ChoiceProps) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {options.map((o) => (
        <label key={o.value}>
          <input type="radio" name={name} value={o.value} checked={o.value === value} onChange={() => choose(o.value)} />
          <span>{o.text}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** DateInput lets a date be typed in peace: only a whole, sensible one counts, and a redraw does not touch it. */
function DateInput({ name, value, choose }: { name: string; value: string; choose: (v: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (input.current && input.current.value !== value) input.current.value = value;
  }, [value]);
  const take = (e: Event) => {
    const { value: v, validity } = e.currentTarget as HTMLInputElement;
    if (validity.valid && (v === '' || isDate(v))) choose(v);
  };
  return <input type="date" name={name} ref={input} min="1900-01-01" max="2199-12-31" onChange={take} />;
}

interface PickerProps { name: string; label: string; value: string; options: readonly string[]; choose: (v: string) => void }

function Picker({ name, label, value, options, choose }: PickerProps) {
  const { t } = useWords();
  const listed = value && !options.includes(value) ? [...options, value] : options;
  return (
    <Field label={label}>
      <select name={name} value={value} onChange={(e) => choose(e.currentTarget.value)}>
        <option value="" selected={value === ''}>{t('all')}</option>
        {listed.map((o) => <option key={o} value={o} selected={o === value}>{word(t, o)}</option>)}
      </select>
    </Field>
  );
}
