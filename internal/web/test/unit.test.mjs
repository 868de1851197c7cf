// The parts of the page that need no browser.
import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './load.mjs';

test('the address keeps the state', async () => {
  const { parse, format } = await load('state.ts');
  const all = '?level=2&measure=rectification-rate&at=2014-12-20&from=2014-12-17&kind=combined_use&source=campaign&grid=G01&sort=-open&theme=light&lang=en&map=11.25/27.75000/120.65000';
  assert.deepEqual(parse(format(parse(all, [])), []), parse(all, []));
  assert.equal(format(parse(all, [])), all);
  assert.equal(format(parse('', ['en-GB'])), '?lang=en');
  const odd = parse('?level=-1&measure=x&at=2014-02-30&from=soon&source=x&lang=fr&sort=-x&map=1/2&theme=x', ['fr', 'zh-TW', 'en']);
  assert.deepEqual(odd, parse('', ['zh']));
});

test('a reader without a choice gets a language of theirs, Chinese first', async () => {
  const { browserLang } = await load('state.ts');
  const cases = [[[], 'zh'], [['fr'], 'zh'], [['en-US'], 'en'], [['zh-CN', 'en'], 'zh'], [['en', 'zh'], 'en'], [['fr', 'en'], 'en']];
  for (const [listed, want] of cases) assert.equal(browserLang(listed), want, String(listed));
});

test('percentages are whole, half up, and absent without a whole', async () => {
  const { percent } = await load('format.ts');
  // 2,232 of 9,775 is 22.83 %, shown as 23 % (contract, section 5).
  const cases = [[2232, 9775, '23%'], [1, 200, '1%'], [1, 201, '0%'], [0, 5, '0%'], [5, 5, '100%'], [0, 0, null], [199, 200, '100%'], [29, 200, '15%']];
  for (const [part, whole, want] of cases) assert.equal(percent(part, whole), want, `${part}/${whole}`);
});

test('numbers have groups, and classes have edges that differ', async () => {
  const { integer, decimal, edges } = await load('format.ts');
  assert.equal(integer(9775, 'zh'), '9,775');
  assert.equal(integer(9775, 'en'), '9,775');
  assert.deepEqual([0, 0.126, 12.34, 1234.5].map((x) => decimal(x, 'en')), ['0', '0.13', '12.3', '1,235']);
  assert.deepEqual(edges([0, 0.5, 0.5, 1], true, 'en'), ['0%', '50%', '50%', '100%']);
  assert.deepEqual(edges([0, 0.21, 0.24], false, 'en'), ['0.00', '0.21', '0.24']);
});

test('the ranking puts grids without a value last in both directions', async () => {
  const { ranked, matching } = await load('rank.ts');
  const row = (code, rate, name = code) => ({ code, name, rate, density: 1, found: 0, open: 0, overdue: 0 });
  const rows = [row('a', 0.5), row('b', null), row('c', 0.9), row('d', 0.5), row('', 1, 'outside')];
  const shape = (down) => ranked(rows, { by: 'rate', down }, 'en').map((r) => `${r.row.code}${r.place}`);
  assert.deepEqual(shape(true), ['c1', 'a2', 'd2', 'bnull']);
  assert.deepEqual(shape(false), ['a1', 'd1', 'c3', 'bnull']);
  const named = ranked([row('x1', 1, '塘下'), row('x2', 1, '锦湖')], { by: 'rate', down: true }, 'zh');
  assert.deepEqual(matching(named, ' 锦 ').map((r) => r.row.code), ['x2']);
  assert.deepEqual(matching(named, 'X1').map((r) => r.row.code), ['x1']);
});

test('the box of a grid is found in a feature of any shape', async () => {
  const { boxOf } = await load('api.ts');
  assert.deepEqual(boxOf({ geometry: { coordinates: [[[[1, 2], [3, 4]]], [[[0, 5]]]] } }), [0, 2, 3, 5]);
  assert.equal(boxOf({ code: 'a' }), null);
  assert.equal(boxOf(null), null);
});
