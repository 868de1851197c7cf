// The live channel: server-sent events, and what the page says about the connection.
import { address } from './api.ts';

/** Link is live, delayed (being re-established) or offline (given up for now; tried again). */
export type Link = 'live' | 'delayed' | 'offline';

const patience = 10_000; // ms of delay before the page says offline
const retry = 3_000; // ms between own attempts when the browser has given up

/** Change is a new version; whole when any grid may have changed, its outline included. */
export interface Change { version: number; whole: boolean }

/** listen calls changed at each change, and after a lost connection with version 0, since something may
 * have been missed. It returns a function that stops it. */
export function listen(changed: (change: Change) => void, linked: (link: Link) => void): () => void {
  let events: EventSource;
  let overdue = 0;
  let again = 0;
  let lost = false;

  const down = () => {
    lost = true;
    if (!overdue) {
      linked(navigator.onLine ? 'delayed' : 'offline');
      overdue = window.setTimeout(() => linked('offline'), patience);
    }
    if (events.readyState === EventSource.CLOSED) {
      window.clearTimeout(again);
      again = window.setTimeout(open, retry);
    }
  };
  const up = () => {
    window.clearTimeout(overdue);
    overdue = 0;
    linked('live');
    if (lost) changed({ version: 0, whole: true });
    lost = false;
  };
  const open = () => {
    events = new EventSource(address('api/v1/events'));
    events.onopen = up;
    events.onerror = down;
    events.addEventListener('change', (e) => changed(read(e as MessageEvent<string>)));
  };

  linked('delayed');
  open();
  return () => {
    window.clearTimeout(overdue);
    window.clearTimeout(again);
    events.close();
  };
}

function read(e: MessageEvent<string>): Change {
  try {
    const { version, grids } = JSON.parse(e.data) as { version?: number; grids?: string[] | null };
    return { version: Number(version) || 0, whole: !grids };
  } catch {
    return { version: Number(e.lastEventId) || 0, whole: true };
  }
}
