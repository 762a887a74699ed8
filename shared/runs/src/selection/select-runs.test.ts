import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendRun, openWorkspace, readLedger, type StepRun } from '@arrowsmith/pipeline';
import { expect, test } from 'vitest';
import { testRun, testStep } from '../../../pipeline/src/testing/runs.ts';
import { compareRuns } from '../comparison/compare-runs.ts';
import { formatComparison } from '../printing/comparison.ts';
import { testRuns } from '../testing/runs.ts';
import { fieldOf, fieldPaths } from './fields.ts';
import { parseSince } from './since.ts';
import { selectRuns } from './select-runs.ts';

const evaluated = (bitsPerByte: number, steps: number) => ({
  steps: {
    chunk: testStep('chunk', { metrics: { bytesPerToken: 2 } }),
    train: testStep('train', { parameters: { steps, optimizer: { learningRate: 1e-3 }, list: [1] } }),
    evaluate: testStep('evaluate', { metrics: { bitsPerByte, bytesPerToken: 3 }, bytes: 77, seconds: 5 }),
  },
});
const runs = testRuns(
  { ...evaluated(0.9, 100), name: 'first' },
  { ...evaluated(1.1, 200), pipeline: 'other' },
  { ...evaluated(0.7, 300), notes: 'longer' },
  {}, // never evaluated
);
const NOW = new Date('2026-01-31T09:04:00Z');
const select = (selection: Parameters<typeof selectRuns>[1]): number[] =>
  selectRuns(runs, selection, NOW).map((run) => runs.indexOf(run));

test('fields are properties, metrics, parameters, sizes and times', () => {
  const [run] = runs;
  const values = {
    name: 'first',
    dirty: false,
    'machine.cpu': 'Z80',
    'metrics.bitsPerByte': 0.9,
    'metrics.bytesPerToken': 3, // the last step's
    'metrics.chunk.bytesPerToken': 2,
    'train.steps': 100,
    'train.optimizer.learningRate': 1e-3,
    'bytes.evaluate': 77,
    'seconds.evaluate': 5,
    seconds: 3,
  };
  for (const [path, value] of Object.entries(values)) expect(fieldOf(run!, path), path).toBe(value);
  for (const path of ['notes', 'train.list', 'train.optimizer', 'train', 'nope.steps', 'metrics.nope', 'steps.train'])
    expect(fieldOf(run!, path), path).toBeUndefined();
  expect(fieldPaths(run!)).toEqual(expect.arrayContaining(Object.keys(values)));
});

test('the newest come first; conditions, pipeline and time narrow the list, and a limit cuts it', () => {
  expect(select({})).toEqual([3, 2, 1, 0]);
  expect(select({ where: 'metrics.bitsPerByte < 1' })).toEqual([2, 0]);
  expect(select({ where: `train.steps >= 200 and not notes ~ 'longer'` })).toEqual([1]);
  expect(select({ pipeline: 'other' })).toEqual([1]);
  expect(select({ since: '2m' })).toEqual([3, 2]);
  expect(select({ since: '2026-01-31T09:03Z' })).toEqual([3]);
  expect(select({ limit: 2 })).toEqual([3, 2]);
});

test('sorted by a field in either direction, with the runs that lack it at the end', () => {
  expect(select({ sort: 'metrics.bitsPerByte' })).toEqual([2, 0, 1, 3]);
  expect(select({ sort: '-metrics.bitsPerByte' })).toEqual([1, 0, 2, 3]);
  expect(select({ sort: 'name' })).toEqual([0, 1, 2, 3]);
});

test('a field that no run has is a misspelling, and is answered with what is near', () => {
  expect(() => select({ where: 'train.steps > 1 and metrics.bitPerByte < 1' })).toThrow(
    /at character 21[^]*\^[^]*expected: +a field that a run has, such as metrics\.bitsPerByte[^]*found: +metrics\.bitPerByte/,
  );
  expect(() => select({ sort: '-secnods' })).toThrow(/no run has the field "secnods"[^]*such as seconds/);
  expect(select({ where: `commit = 'x'` })).toEqual([]); // a run may have it
});

test('times are durations back from now, or dates', () => {
  expect(parseSince('90m', NOW).toISOString()).toBe('2026-01-31T07:34:00.000Z');
  expect(parseSince('1.5h', NOW).toISOString()).toBe('2026-01-31T07:34:00.000Z');
  expect(parseSince('2d', NOW).toISOString()).toBe('2026-01-29T09:04:00.000Z');
  expect(parseSince('1w', NOW).toISOString()).toBe('2026-01-24T09:04:00.000Z');
  expect(parseSince('2026-01-30', NOW).toISOString()).toBe('2026-01-30T00:00:00.000Z');
  for (const text of ['', 'yesterday', '2', '2y', '2026-13-45', '01/31/2026'])
    expect(() => parseSince(text, NOW)).toThrow(/is no time[^]*--since=[^]*30m, 12h, 2d, 1w[^]*to do/);
});

test('names that every object has are names like others: asked for, they are found where a run has them and only there', async () => {
  const workspace = openWorkspace(mkdtempSync(join(tmpdir(), 'names-')), {});
  const metrics = { ['__proto__']: 3, constructor: 1, toString: 2 } as unknown as Record<string, number>;
  const parameters = JSON.parse('{"valueOf":{"__proto__":5},"toString":4}') as object;
  const names = { constructor: testStep('constructor', { metrics, parameters }) } as Record<string, StepRun>;
  await appendRun(workspace, testRun({ name: 'toString', steps: { ...testRun().steps, ...names } }));
  await appendRun(workspace, testRun({ name: 'plain' }), new Date(Date.now() + 1000));
  const { runs: kept } = await readLedger(workspace);
  const found = (where: string) => selectRuns(kept, { where }).map(({ name }) => name);
  expect(found('metrics.constructor = 1')).toEqual(['toString']);
  expect(found('metrics.constructor.toString = 2')).toEqual(['toString']);
  expect(fieldOf(kept[0]!, 'metrics.constructor.__proto__')).toBe(3);
  expect(fieldOf(kept[0]!, 'constructor.valueOf.__proto__')).toBe(5);
  expect(found('constructor.toString = 4')).toEqual(['toString']);
  for (const path of [
    'toString',
    'constructor.name',
    'valueOf',
    'train.toString',
    'metrics.valueOf',
    'metrics.train.toString',
  ])
    expect(() => found(path), path).toThrow(/a field that a run has/);
  for (const path of ['constructor', 'bytes.toString', 'seconds.valueOf', 'train.constructor.name', '__proto__.x'])
    expect(fieldOf(kept[1]!, path), path).toBeUndefined();
  const comparison = await compareRuns(workspace, [
    { reference: 'a', run: kept[0]! },
    { reference: 'b', run: kept[1]! },
  ]);
  const odd = comparison.metrics.filter(({ step }) => step === 'constructor');
  expect(odd.map(({ name, values }) => [name, values]).sort()).toEqual([
    ['__proto__', [3, null]],
    ['constructor', [1, null]],
    ['toString', [2, null]],
  ]);
  expect(formatComparison(comparison)).toMatch(/constructor\.toString +2 +–/);
  expect(Object.keys(Object.prototype)).toEqual([]);
});
