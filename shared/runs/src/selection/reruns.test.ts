import type { Run } from '@arrowsmith/pipeline';
import { expect, test } from 'vitest';
import { testStep } from '../../../pipeline/src/testing/runs.ts';
import { formatList } from '../printing/list.ts';
import { testRuns } from '../testing/runs.ts';
import { differingParameters } from './differing-parameters.ts';
import { foldReruns } from './reruns.ts';
import { parseColumns } from './select-runs.ts';

/** A chain of two steps; `train` is known by its manifest. */
const chain = (train: string, cached: boolean, parameters: object = {}): Partial<Run> => ({
  steps: {
    chunk: testStep('chunk', { cached }),
    train: testStep('train', { cached, manifest: train, parameters }),
  },
});
const onlyTrain = (train: string, cached: boolean): Partial<Run> => ({
  step: 'train',
  steps: { train: testStep('train', { cached, manifest: train }) },
});

/** Which runs, by their number, repeat which. */
function repeated(...properties: Partial<Run>[]): number[][] {
  const runs = testRuns(...properties);
  const at = (id: string): number => runs.findIndex((run) => run.id === id);
  const { runs: listed, repeats } = foldReruns(runs.toReversed());
  expect(listed.map(({ id }) => id)).toEqual(
    runs.toReversed().flatMap(({ id }) => (repeats.has(id) ? [] : [id])), // the order stays
  );
  return [...repeats].map(([id, original]) => [at(id), at(original)]);
}

test('a run in which nothing was computed repeats the one that has its artifacts', () => {
  expect(repeated(chain('a', false), chain('b', false), chain('a', true), chain('a', true), chain('b', true))).toEqual([
    [2, 0],
    [3, 0],
    [4, 1],
  ]);
});

test('a step by itself repeats the pipeline that has made it, and not the other way round', () => {
  expect(repeated(chain('a', false), onlyTrain('a', true))).toEqual([[1, 0]]);
  expect(repeated(onlyTrain('a', false), chain('a', true))).toEqual([]);
});

test('what was computed, is of another pipeline, has no earlier run or is marked by a person stays', () => {
  expect(repeated(chain('a', false), chain('a', false))).toEqual([]); // computed again
  expect(repeated(chain('a', false), { ...chain('a', true), pipeline: 'other' })).toEqual([]);
  expect(repeated(chain('a', true), chain('b', true))).toEqual([]);
  expect(repeated(chain('a', false), { ...chain('a', true), name: 'good' })).toEqual([]);
  expect(repeated(chain('a', false), { ...chain('a', true), notes: 'again' })).toEqual([]);
  expect(repeated({ steps: {} }, { steps: {} })).toEqual([]);
});

test('a list counts what it folds, and shows the parameters that differ', () => {
  const runs = testRuns(
    chain('a', false, { steps: 10, optimizer: { beta2: 0.9 } }),
    chain('b', false, { steps: 20, optimizer: { beta2: 0.9 } }),
    chain('b', true, { steps: 20, optimizer: { beta2: 0.9 } }),
  );
  const { runs: listed, repeats } = foldReruns(runs.toReversed());
  const text = formatList(listed, { total: 3, repeats });
  expect(text).toMatch(/^run .* train\.steps$/m);
  expect(text).toMatch(/-doku .* 20$/m);
  expect(text).not.toContain('-fano');
  expect(text).not.toContain('beta2');
  expect(text).toMatch(
    /2 of 3 runs\n1 cached rerun of these, in which nothing was computed, not listed: --all shows it/,
  );
  expect(formatList(listed.slice(1), { total: 3, repeats })).not.toContain('rerun'); // its original is not in this list
});

test('parameters are compared within a pipeline, lists and what is missing included', () => {
  const train = (parameters: object, changes: Partial<Run> = {}): Partial<Run> => ({
    ...changes,
    steps: { train: testStep('train', { parameters }) },
  });
  const of = (...properties: Partial<Run>[]): string[] => differingParameters(testRuns(...properties));
  expect(of(train({ a: 1, b: { c: [1, 2] } }), train({ a: 1, b: { c: [1, 3], d: null } }))).toEqual([
    'train.b.c.1',
    'train.b.d',
  ]);
  expect(of(train({ a: 1 }), train({ a: 2 }, { pipeline: 'other' }))).toEqual([]);
  expect(of(train({ a: 1 }), { steps: {} })).toEqual([]);
});

test('more parameters than a terminal has room for are named instead', () => {
  const many = (at: number): object => Object.fromEntries([...'abcdefg'].map((name) => [name, at]));
  const runs = testRuns(chain('a', false, many(1)), chain('b', false, many(2)));
  const text = formatList(runs, { total: 2 });
  expect(text).toMatch(/train\.a +train\.b +train\.c +train\.d$/m);
  expect(text).toContain('3 more parameters differ: --columns=train.e,train.f,train.g shows them');
});

test('columns are what is asked for, and one that no run has is a misspelling', () => {
  const runs = testRuns(chain('a', false, { steps: 10 }), { ...chain('b', false, { steps: 20 }), name: 'long' });
  const columns = parseColumns('train.steps, name,seconds', runs);
  expect(formatList(runs, { total: 2, columns }).split('\n').slice(0, 3)).toEqual([
    'run                   train.steps  name  took',
    '20260131-090000-bada           10          3s',
    '20260131-090100-doku           20  long    3s',
  ]);
  expect(formatList(runs, { total: 2, columns, markdown: true })).toMatch(
    /^\| run \| train&#46;steps|^\| run \| train.steps/,
  );
  expect(() => parseColumns('train.step', runs)).toThrow(/no run has the field "train.step"[^]*such as train\.steps/);
  expect(() => parseColumns('name,,seconds', runs)).toThrow(/a column without a name[^]*to do/);
});

test.each([80, 100, 170])('in a terminal of %i columns a run is one line, and what has no room is named', (width) => {
  const run = (steps: number): Partial<Run> => ({
    commit: '5ad280d523d0aaaa',
    name: `of ${steps} steps`,
    notes: 'some words on why this was tried, and on what came of it in the end, '.repeat(3),
    steps: {
      train: testStep('train', {
        manifest: String(steps),
        parameters: { steps, optimizer: { learningRate: steps } },
        metrics: { validationLoss: steps / 7 },
      }),
    },
  });
  const text = formatList(testRuns(run(10), run(20)), { total: 2, width });
  const lines = text.split('\n');
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
  expect(lines.filter((line) => /^\d{8}-\d{6}-\w{4} /.test(line))).toHaveLength(2);
  expect(lines[3]).toBe('');
  expect(lines[0]).toMatch(/^run +name .*validationLoss/);
  expect(lines[1]).toContain('1.4286');
  expect(/no room here for finished|no room here for commit/.test(text.replaceAll('\n', ' '))).toBe(width < 170);
});
