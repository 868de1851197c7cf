// The page over a service that holds the invented district: HAZGRID_URL, or the mock.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { ask, browse, drawn, open, service, settle, text } from './browser.mjs';

let site, browser, district, at;

before(async () => {
  site = await service();
  browser = await browse();
  district = await ask(site.url, 'api/v1/district');
  at = district.opens_at ? `&at=${district.opens_at}` : '';
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

const show = (query = '', options) => open(browser.context, site.url + query, options);
const whole = (n) => n.toLocaleString('en');
const tallies = (level, more = '') => ask(site.url, `api/v1/tallies?level=${level}${at}${more}`);

describe('the map', () => {
  test('holds each of the 1,888 grids once, with the figures of the tallies', async () => {
    const { page, seen } = await show();
    const held = await drawn(page, 3);
    assert.equal(held.ids, 1888);
    for (const r of (await tallies(3)).rows.filter((x) => x.code)) {
      const f = held.grids[r.code];
      assert.deepEqual([f?.found, f?.rectified, f?.open, f?.overdue], [r.found, r.rectified, r.open, r.overdue], r.code);
      assert.equal('rate' in f, r.rate !== null, r.code);
    }
    assert.deepEqual(seen.errors, []);
    assert.deepEqual(seen.requests.filter((u) => !u.startsWith(site.url) && !/^(data|blob):/.test(u)), []);
    await page.close();
  });

  test('is drawn in more than one colour', async () => {
    const { page } = await show();
    const shades = await page.evaluate(() => {
      const map = document.querySelector('.map .canvas').hazgridMap;
      return new Set(map.queryRenderedFeatures({ layers: ['grid-fill'] }).map((f) => String(f.layer.paint['fill-color']))).size;
    });
    assert.ok(shades >= 3, `${shades} colours`);
    await page.close();
  });

  test('shows the outlines of the levels above, premises when near, and the grid at the pointer', async () => {
    const { page } = await show();
    const count = (layer) => page.evaluate((id) => document.querySelector('.map .canvas').hazgridMap.queryRenderedFeatures({ layers: [id] }).length, layer);
    assert.ok(await count('above-edge-1') > 0 && await count('above-edge-2') > 0 && await count('label-1') > 0);
    const box = await page.locator('.map canvas').boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.4);
    const card = await text(page, '.hover');
    assert.match(card, /\d+ \/ \d+/);
    assert.match(card, /km²/);
    await page.locator('tbody tr[data-code]').first().click();
    await page.waitForTimeout(1200);
    await settle(page);
    const [w, s, e, n] = await page.evaluate(() => document.querySelector('.map .canvas').hazgridMap.getBounds().toArray().flat());
    assert.ok(e - w < (district.bounds[2] - district.bounds[0]) / 2 && n > s, 'it flew to the grid');
    assert.ok(await count('enterprise-symbols') > 0, 'premises are drawn');
    await page.close();
  });

  test('changes the level and says so in the address', async () => {
    const { page } = await show('?lang=zh');
    for (const [level, grids] of [[2, 75], [1, 15]]) {
      await page.locator(`input[name=level][value="${level}"]`).check();
      await page.waitForFunction((l) => document.querySelector('.map .canvas').hazgridMap.getSource(`grids-${l}`), level);
      await settle(page);
      assert.equal((await drawn(page, level)).ids, grids);
      assert.match(page.url(), new RegExp(`level=${level}`));
    }
    await page.goBack();
    await page.waitForFunction(() => document.querySelector('input[name=level][value="2"]').checked);
    await page.close();
  });
});

describe('the figures', () => {
  test('are those of the tallies', async () => {
    const { page } = await show('?lang=zh');
    const { total } = await tallies(1);
    for (const name of ['found', 'rectified', 'open', 'overdue']) assert.equal(await text(page, `#figure-${name}`), whole(total[name]), name);
    assert.equal(await text(page, '#figure-units-found'), '9,775');
    assert.equal(await text(page, '#figure-units-rectified'), '2,232');
    assert.equal(await text(page, '#figure-unit-rate'), '23%');
    await page.close();
  });

  test('follow the filters, which the address keeps', async () => {
    const { page } = await show('?lang=zh');
    await page.locator('select[name=kind]').selectOption('combined_use');
    const { total } = await tallies(1, '&kind=combined_use');
    await page.waitForFunction((want) => document.querySelector('#figure-found').textContent === want, whole(total.found));
    assert.match(page.url(), /kind=combined_use/);
    await page.close();
  });

  test('of the campaign of December 2014', { skip: !process.env.HAZGRID_URL && 'needs the real district' }, async () => {
    const { page } = await show('?lang=zh&source=campaign&from=2014-12-17&at=2014-12-20');
    const figures = {};
    for (const name of ['officers', 'units-inspected', 'found', 'orders-rectify', 'orders-suspend']) figures[name] = await text(page, `#figure-${name}`);
    assert.deepEqual(figures, { officers: '39', 'units-inspected': '16', found: '42', 'orders-rectify': '6', 'orders-suspend': '1' });
    await page.close();
  });

  test('are marked as synthetic when they are', async () => {
    const { page } = await show();
    assert.equal(await page.locator('.synthetic').count(), district.synthetic ? 1 : 0);
    assert.match(await text(page, '.synthetic'), /模拟数据.*synthetic data/);
    await page.close();
  });
});

describe('the legend', () => {
  for (const measure of ['hazard-density', 'rectification-rate']) {
    test(`of ${measure} shows the classes, their counts and "no data"`, async () => {
      const { page } = await show(`?lang=zh&measure=${measure}`);
      const legend = await ask(site.url, `heatmaps/${measure}/legend.json?level=3${at}`);
      const rows = await page.locator('.legend li').allInnerTexts();
      assert.equal(rows.length, legend.classes.length + 1);
      assert.deepEqual(rows.map((r) => Number(r.match(/([\d,]+) 个网格/)[1].replace(',', ''))), [...legend.classes.map((c) => c.count), legend.no_data.count]);
      assert.equal([...legend.classes, legend.no_data].reduce((s, c) => s + c.count, 0), 1888);
      assert.match(rows.at(-1), /无数据/);
      assert.equal(rows.slice(0, -1).every((r) => r.includes('%')), measure === 'rectification-rate');
      const drawnClasses = await classes(page, legend);
      assert.deepEqual(drawnClasses, [...legend.classes.map((c) => c.count), legend.no_data.count], 'the map colours as many as the legend says');
      await page.close();
    });
  }

  // classes counts the grids on the map by the colour they are filled with, in the order of the legend.
  const classes = (page, legend) => page.evaluate(({ colours, property }) => {
    const map = document.querySelector('.map .canvas').hazgridMap;
    const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
    const seen = new Map();
    for (const f of map.queryRenderedFeatures({ layers: ['grid-fill'] })) seen.set(f.id, f);
    const counts = colours.map(() => 0).concat(0);
    for (const f of seen.values()) {
      const c = f.layer.paint['fill-color'];
      const i = colours.findIndex((hex) => rgb(hex).every((v, k) => Math.abs(v - [c.r, c.g, c.b][k]) < 0.003));
      counts[(f.state[property] ?? null) !== null ? i : colours.length]++;
    }
    return counts;
  }, { colours: legend.classes.map((c) => c.color), property: legend.measure === 'hazard-density' ? 'density' : 'rate' });
});

describe('the table', () => {
  test('sorts both ways, with "no data" last', async () => {
    const { page } = await show('?lang=zh&measure=rectification-rate');
    const rates = (await tallies(3)).rows.filter((r) => r.code && r.rate !== null).sort((a, b) => b.rate - a.rate);
    const first = () => page.locator('tbody tr[data-code] td.rate').first().innerText();
    const shown = (r) => `${Math.floor((200 * r.rectified + r.found) / (2 * r.found))}%`;
    assert.equal(await first(), shown(rates[0]));
    await page.locator('th.rate button').click();
    assert.equal(await first(), shown(rates.at(-1)));
    assert.equal(await page.locator('th.rate').getAttribute('aria-sort'), 'ascending');
    await page.locator('#ranking').focus();
    await page.keyboard.press('End');
    await page.waitForTimeout(200);
    assert.equal(await page.locator('tbody tr[data-code] td.rate').last().innerText(), '无数据');
    await page.close();
  });

  test('is worked by keyboard alone: find a grid, pick it, see it', async () => {
    const { page } = await show('?lang=zh');
    const row = (await tallies(3)).rows.filter((r) => r.code)[700];
    await page.locator('input[name=search]').focus();
    await page.keyboard.type(row.code);
    while ((await page.evaluate(() => document.activeElement.id)) !== 'ranking') await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForFunction((code) => document.querySelector('.card.panel')?.innerText.includes(code), row.code);
    assert.match(page.url(), new RegExp(`grid=${row.code}`));
    await page.waitForTimeout(1200);
    const inside = await page.evaluate((code) => document.querySelector('.map .canvas').hazgridMap.queryRenderedFeatures({ layers: ['grid-selected'] }).some((f) => f.properties.code === code), row.code);
    assert.ok(inside, 'the picked grid is outlined in view');
    await page.close();
  });

  test('can be taken away as CSV and XLSX', async () => {
    const { page } = await show('?lang=zh&kind=combined_use&level=2');
    for (const format of ['csv', 'xlsx']) {
      const link = new URL(await page.locator('.downloads a', { hasText: format.toUpperCase() }).getAttribute('href'));
      assert.deepEqual([link.pathname.endsWith('/api/v1/tallies'), link.searchParams.get('format'), link.searchParams.get('kind'), link.searchParams.get('level')], [true, format, 'combined_use', '2']);
    }
    await page.close();
  });
});

test('the page speaks Chinese and English', async () => {
  const { page } = await show();
  const is = async () => [await page.locator('html').getAttribute('lang'), await text(page, 'h1'), await page.title()];
  assert.deepEqual(await is(), ['zh-CN', '安全生产网格一张图', '安全生产网格一张图']);
  await page.locator('#language').click();
  assert.deepEqual(await is(), ['en', 'Work-Safety Grid Map', 'Work-Safety Grid Map']);
  assert.match(page.url(), /lang=en/);
  const visible = (await page.locator('body').innerText()).replace(/中文|模拟数据/g, '');
  const names = new Set((await tallies(3)).rows.map((r) => r.name).join(''));
  assert.deepEqual([...visible].filter((c) => /\p{Script=Han}/u.test(c) && !names.has(c)), [], 'no Chinese but names');
  await page.close();
});

test('axe finds nothing, in both languages and themes', async () => {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const own = await browse({ bypassCSP: true });
  const grid = (await tallies(3)).rows.find((r) => r.code).code;
  try {
    for (const lang of ['zh', 'en']) {
      for (const theme of ['dark', 'light']) {
        const { page } = await open(own.context, `${site.url}?lang=${lang}&theme=${theme}&grid=${grid}&measure=rectification-rate`);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), [], `${lang} ${theme}`);
        await page.close();
      }
    }
  } finally {
    await own.close();
  }
});

test('nothing sticks out at the sizes people use', async () => {
  for (const [width, height] of [[1366, 768], [1920, 1080], [3840, 2160], [420, 860]]) {
    for (const lang of ['zh', 'en']) {
      const { page } = await show(`?lang=${lang}`, { settled: false, prepare: (p) => p.setViewportSize({ width, height }) });
      await page.waitForFunction(() => document.querySelector('.legend'));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      const cut = await page.evaluate(() => [...document.querySelectorAll('.figure b, .figure dt, th button, .legend li span, .choice span, header > *, .field, .field > span')].filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline').map((e) => e.outerHTML.slice(0, 120)));
      assert.ok(wide <= 0, `${width}×${height} ${lang}: ${wide} pixels too wide`);
      if (width > 1000) assert.deepEqual(cut, [], `${width}×${height} ${lang}`);
      await page.close();
    }
  }
});
