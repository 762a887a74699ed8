import { expect, test } from 'vitest';
import { baselineSchema } from './baseline.ts';
import { makeBaseline } from './make-baseline.ts';
import { changedRun, pipeline, recordedBaseline, recordedRun } from './testing/recorded.ts';

const now = new Date('2026-01-31T12:00:00Z');

test('a baseline holds every seed’s value, what follows from them, and the experiment', () => {
  const baseline = recordedBaseline();
  expect(baselineSchema.parse(JSON.parse(JSON.stringify(baseline)))).toEqual(baseline);
  expect(baseline.noise).toMatchObject({ seeds: [1, 2, 3, 4, 5, 6], comparisons: 3, falseAlarmRate: 0.001 });
  expect(baseline.metrics['train.parameters']).toMatchObject({ rule: 'exact', deviation: 0, lowest: 119_104 });
  expect(baseline.metrics['quantize.worstRelativeError']).toMatchObject({ direction: 'lower', lowest: null });
  const bits = baseline.metrics['evaluate.train.bitsPerByte']!;
  expect(bits.mean).toBeCloseTo(9.4977 / 6, 10);
  expect(bits.highest! - bits.mean).toBeCloseTo(baseline.noise.factor * bits.deviation, 10);
  expect(baseline.parameters).toEqual(
    Object.fromEntries(Object.entries(pipeline.steps).map(([step, { parameters }]) => [step, parameters])),
  );
  expect(baseline.artifacts).toEqual(recordedRun(1).artifacts);
});

test('an exact metric that differs between seeds is an error', () => {
  const runs = [recordedRun(1), changedRun(2, { 'download.trainDocuments': 1499 })];
  expect(() => makeBaseline(pipeline, runs, { now })).toThrow(
    /download\.trainDocuments depends on the seed[^]*expected: +1500, as with seed 1[^]*found: +1499 with seed 2/,
  );
});

test('a digest that differs between seeds is an error', () => {
  const runs = [recordedRun(1), changedRun(2, {}, { digests: {} })];
  expect(() => makeBaseline(pipeline, runs, { now })).toThrow(/tokenizer\.merges depends on the seed/);
});

test('a loss that the seed does not change is an error: there is no noise to derive a tolerance from', () => {
  const runs = [recordedRun(1), changedRun(2, { 'evaluate.train.bitsPerByte': 1.5865 })];
  expect(() => makeBaseline(pipeline, runs, { now })).toThrow(
    /evaluate\.train\.bitsPerByte is 1\.5865 with every seed/,
  );
});

test('a loss that is no number is an error, with its seed', () => {
  const runs = [recordedRun(1), changedRun(2, { 'evaluate.train.bitsPerByte': Number.NaN })];
  expect(() => makeBaseline(pipeline, runs, { now })).toThrow(/evaluate\.train\.bitsPerByte is NaN with seed 2/);
});

test('a metric that one seed’s run lacks is an error', () => {
  const { 'evaluate.train.bitsPerByte': _, ...metrics } = recordedRun(2).metrics;
  const runs = [recordedRun(1), { ...recordedRun(2), metrics }];
  expect(() => makeBaseline(pipeline, runs, { now })).toThrow(/evaluate\.train\.bitsPerByte is undefined with seed 2/);
});
