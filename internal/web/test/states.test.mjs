// What the page says when there is nothing, not yet, or trouble.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, browse, drawn, open, service, settle, text } from './browser.mjs';

let site, browser;
before(async () => {
  site = await service({ mock: true });
  browser = await browse();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

const show = (query, prepare, settled = false) => open(browser.context, `${site.url}?lang=zh${query}`, { settled, prepare });
const problem = (status, detail) => ({ status, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Trouble', status, detail }) });

test('a district without grids says how to import them', async () => {
  const { page, seen } = await show('', (p) => p.route('**/api/v1/district', async (r) => {
    const answer = await (await r.fetch()).json();
    await r.fulfill({ json: { ...answer, levels: 0, bounds: null, synthetic: false } });
  }));
  await page.locator('.empty').waitFor();
  assert.match(await text(page, '.empty'), /hazgrid import grids/);
  assert.equal(await page.locator('.synthetic').count(), 0);
  assert.deepEqual(seen.errors, []);
  await page.close();
});

test('a failed load is told with its reason, and a retry mends it', async () => {
  let broken = true;
  const { page } = await show('', (p) => p.route('**/api/v1/tallies*', (r) => (broken ? r.fulfill(problem(503, 'version 7 is not served yet')) : r.continue())));
  await page.locator('.problem').waitFor();
  assert.match(await text(page, '.problem'), /version 7 is not served yet \(503\)/);
  broken = false;
  await page.locator('.problem button').click();
  await page.locator('.problem').waitFor({ state: 'detached' });
  await settle(page);
  await page.close();
});

test('a failed tile is told, and a retry mends it', async () => {
  let broken = true;
  const { page } = await show('', (p) => p.route('**/tiles/**', (r) => (broken ? r.fulfill(problem(500, 'no')) : r.continue())));
  await page.locator('.note button').waitFor();
  broken = false;
  await page.locator('.note button').click();
  await page.locator('.note').waitFor({ state: 'detached' });
  await settle(page);
  await page.waitForFunction(() => document.querySelector('.map .canvas').hazgridMap.querySourceFeatures('grids-3', { sourceLayer: 'grids-3' }).length > 0);
  await page.close();
});

test('without columns the tiles bring the values, and bring new ones; with them the values join again', async (t) => {
  let broken = true;
  const own = await service({ mock: true });
  t.after(own.stop);
  const prepare = (p) => p.route('**/api/v1/columns/**', (r) => (broken ? r.fulfill(problem(500, 'no')) : r.continue()));
  const { page, seen } = await open(browser.context, own.url, { prepare });
  const found = async (code) => {
    const { grids } = await drawn(page, 3);
    const [row] = (await ask(own.url, 'api/v1/tallies?level=3')).rows.filter((r) => r.code === code);
    return [grids[code]?.found, row.found];
  };
  const add = () => fetch(new URL('mock/change?code=G01105&n=7', own.url), { method: 'POST' });
  const follows = async () => {
    const [, before] = await found('G01105');
    await add();
    for (let i = 0; i < 50 && (await found('G01105'))[0] !== before + 7; i++) await page.waitForTimeout(100);
    assert.deepEqual(await found('G01105'), [before + 7, before + 7]);
  };
  assert.equal(Object.keys((await drawn(page, 3)).grids).length, 1888);
  assert.ok(!seen.requests.some((u) => /tiles\/grids-3.*columns=none/.test(u)));
  await follows();
  broken = false;
  await follows();
  const bare = () => seen.requests.some((u) => /tiles\/grids-3.*columns=none/.test(u)); // asked for when the values have joined
  for (let i = 0; i < 50 && !bare(); i++) await page.waitForTimeout(100);
  assert.ok(bare());
  await page.close();
});

test('loading is told', async () => {
  let go;
  const gate = new Promise((done) => { go = done; });
  const { page } = await show('', (p) => p.route('**/legend.json*', async (r) => { await gate; await r.continue(); }));
  await page.locator('.map .note[role=status]').waitFor();
  assert.equal(await text(page, '#figure-found'), '—');
  go();
  await settle(page);
  assert.equal(await page.locator('.map .note').count(), 0);
  await page.close();
});

test('filters that match nothing say so, and every rate is "no data"', async () => {
  const { page } = await show('&kind=other&measure=rectification-rate', undefined, true);
  assert.match(await text(page, '.map .note'), /没有隐患记录/);
  assert.equal(await page.locator('.legend li').count(), 1);
  assert.match(await text(page, '.legend li'), /无数据\s*1,888 个网格/);
  assert.equal(await text(page, 'tbody tr[data-code] td.rate'), '无数据');
  await page.close();
});

test('without WebGL the table still works', async () => {
  const { page } = await show('', (p) => p.addInitScript(() => {
    const get = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) { return kind.startsWith('webgl') ? null : get.call(this, kind, ...rest); };
  }));
  await page.locator('.map .note[role=alert]').waitFor();
  assert.ok(await page.locator('tbody tr[data-code]').count() > 5);
  await page.close();
});
