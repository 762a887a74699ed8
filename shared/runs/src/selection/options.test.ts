import { expect, test } from 'vitest';
import { testRuns } from '../testing/runs.ts';
import { type AskedRuns, namedRuns, pairOf } from './options.ts';

/** The last run is of pipeline toy. */
const ledger = testRuns({}, { pipeline: 'other' }, {});

test.each<[AskedRuns, [string, string]]>([
  [{}, ['toy@latest~1', 'toy@latest']],
  [{ a: 'wide' }, ['wide', 'toy@latest']],
  [{ b: 'wide' }, ['toy@latest~1', 'wide']],
  [{ a: 'latest~2', b: 'latest' }, ['latest~2', 'latest']],
  [{ a: 'baseline', pipeline: 'other' }, ['baseline', 'other@latest']],
  [{ b: 'wide', pipeline: 'other' }, ['other@latest~1', 'wide']],
])('two runs by %j', (asked, pair) => {
  expect(pairOf(asked, ledger)).toEqual(pair);
});

test('where nothing was run, the last two are asked for, and not found', () => {
  expect(pairOf({}, [])).toEqual(['latest~1', 'latest']);
});

test.each<[AskedRuns, string[] | undefined]>([
  [{}, undefined],
  [{ a: 'wide' }, ['wide', 'toy@latest']],
  [{ b: 'wide' }, ['toy@latest~1', 'wide']],
  [{ pipeline: 'toy' }, undefined],
  [{ run: 'wide' }, ['wide']],
  [{ runs: 'wide' }, ['wide']],
  [{ runs: ' wide, latest,,' }, ['wide', 'latest']],
])('runs by %j', (asked, references) => {
  expect(namedRuns(asked, ledger)).toEqual(references);
});

test.each<[AskedRuns, RegExp]>([
  [
    { run: 'x', runs: 'y,z' },
    /in one way[^]*--run, or --runs[^]*found: +--run=x --runs=y,z[^]*all of them: --runs=x,y,z/,
  ],
  [{ b: 'x', runs: 'y' }, /expected: +--runs, or --a and --b[^]*found: +--b=x --runs=y[^]*--runs=x,y/],
  [{ a: 'x', run: 'y' }, /expected: +--run, or --a and --b/],
  [{ run: 'x,y' }, /--run names one run[^]*to do: +--runs=x,y/],
  [{ runs: ' , ' }, /--runs names no run[^]*for example --runs=latest~1,latest/],
])('%j is refused with what would do', (asked, message) => {
  expect(() => namedRuns(asked, ledger)).toThrow(message);
});
