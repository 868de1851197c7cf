// A browser for the tests, and where the service is: HAZGRID_URL, or else the mock.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { start } from './mock/server.mjs';

const args = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--enable-unsafe-swiftshader',
];

/** service returns { url, mock, stop }. */
export async function service({ mock = !process.env.HAZGRID_URL } = {}) {
  if (!mock) return { url: process.env.HAZGRID_URL.replace(/\/*$/, '/'), mock: false, stop: async () => {} };
  const server = await start();
  const stop = () => new Promise((done) => { server.close(done); server.closeAllConnections(); });
  return { url: `http://127.0.0.1:${server.address().port}/`, mock: true, stop };
}

/** browse opens a browser with a profile of its own. Options are those of a Playwright context. */
export async function browse(options = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'hazgrid-page-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args, viewport: { width: 1366, height: 768 }, locale: 'zh-CN', ...options,
  });
  const close = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { context, close };
}

/** open shows an address in a new page, and keeps what was asked of whom and what was complained of. */
export async function open(context, url, { settled = true, prepare = async () => {} } = {}) {
  const page = await context.newPage();
  const seen = { requests: [], errors: [] };
  page.on('request', (r) => seen.requests.push(r.url()));
  page.on('console', (m) => m.type() === 'error' && seen.errors.push(m.text()));
  page.on('pageerror', (e) => seen.errors.push(String(e)));
  await prepare(page);
  await page.goto(url);
  if (settled) await settle(page);
  return { page, seen };
}

/** settle waits until the map is at rest and has drawn all it was asked to: on a slow machine a flight lasts longer than it is meant to. */
export async function settle(page) {
  await page.waitForFunction(() => {
    const map = document.querySelector('.map .canvas')?.hazgridMap;
    return document.querySelector('.map')?.dataset.settled === 'true' && !map.isMoving() && map.loaded() && map.areTilesLoaded();
  }, null, { timeout: 30_000 });
}

/** text is the text of one element. */
export const text = (page, selector) => page.locator(selector).first().innerText();

/** drawn tells what the map holds of a level: distinct feature ids, and their figures by code: those of their state, or else of the tiles. */
export const drawn = (page, level) => page.evaluate((l) => {
  const map = document.querySelector('.map .canvas').hazgridMap;
  const layer = { source: `grids-${l}`, sourceLayer: `grids-${l}` };
  const features = map.querySourceFeatures(layer.source, layer);
  const figures = ({ id, properties }) => Object.fromEntries(Object.entries({ ...properties, ...map.getFeatureState({ ...layer, id }) }).filter(([, v]) => v !== null));
  return { ids: new Set(features.map((f) => f.id)).size, grids: Object.fromEntries(features.map((f) => [f.properties.code, figures(f)])) };
}, level);

/** ask fetches JSON from the service. */
export async function ask(url, path) {
  const answer = await fetch(new URL(path, url));
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
