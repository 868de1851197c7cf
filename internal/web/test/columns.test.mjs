// How answers about columns are put together. No browser.
import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './load.mjs';

const counts = (enterprises, found, rectified, overdue) => ({ enterprises, found, rectified, overdue });
const answer = (more) => ({ version: 1, at: '', since: null, grids: 'g', id: [7, 9], columns: { enterprises: [1, 2], found: [3, 0], rectified: [2, 0], overdue: [1, 0] }, ...more });
const one = { enterprises: [5], found: [4], rectified: [4], overdue: [0] };

test('what changed is put into what is held, which stays as it was', async () => {
  const { taken } = await load('columns.ts');
  const first = taken(answer(), null);
  assert.deepEqual([...first.counts], [[7, counts(1, 3, 2, 1)], [9, counts(2, 0, 0, 0)]]);
  const next = taken(answer({ version: 2, since: 1, id: [9], columns: one }), first);
  assert.deepEqual([...next.counts], [[7, counts(1, 3, 2, 1)], [9, counts(5, 4, 4, 0)]]);
  assert.deepEqual([next.version, next.ids, first.counts.get(9)], [2, [7, 9], counts(2, 0, 0, 0)]);
});

test('an answer without ids is for the same grids, or it is not taken', async () => {
  const { taken } = await load('columns.ts');
  const first = taken(answer(), null);
  const again = { id: null, columns: { enterprises: [8, 9], found: [1, 1], rectified: [0, 1], overdue: [0, 0] } };
  assert.deepEqual([...taken(answer(again), first).counts.keys()], [7, 9]);
  assert.equal(taken(answer({ ...again, grids: 'other' }), first), null);
  assert.equal(taken(answer(again), null), null);
  assert.equal(taken(answer({ since: 1, id: [9], columns: one, grids: 'other' }), first), null);
});

test('rows are made of the same grids, with what follows from their counts', async () => {
  const { taken, rowsOf } = await load('columns.ts');
  const grid = (id, code) => [id, { id, code, name: code, parent: null, area_km2: 4, level: 1 }];
  const held = taken(answer(), null);
  const row = (code, c, more) => ({ code, name: code, parent: null, area_km2: 4, ...c, ...more });
  assert.deepEqual([...rowsOf(new Map([grid(7, 'a'), grid(9, 'b')]), held).values()], [
    row('a', counts(1, 3, 2, 1), { open: 1, density: 0.75, rate: 2 / 3 }), row('b', counts(2, 0, 0, 0), { open: 0, density: 0, rate: null }),
  ]);
  assert.equal(rowsOf(new Map([grid(7, 'a'), grid(8, 'b')]), held), null);
  assert.equal(rowsOf(new Map([grid(7, 'a')]), held), null);
});
