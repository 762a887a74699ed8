import { describe, expect, test } from 'vitest';
import { findClues, formatClue } from './clues.ts';
import { changedRun, recordedBaseline, recordedRun, sha } from './testing/recorded.ts';
import { formatMetric, judge } from './verdicts.ts';

const baseline = recordedBaseline();
const bits = baseline.metrics['evaluate.train.bitsPerByte']!;

/** The metrics that are not ok, with what they are instead. */
const judged = (metrics: Record<string, number>, rest = {}) =>
  Object.fromEntries(
    judge(baseline, changedRun(1, metrics, rest)).flatMap(({ name, outcome }) =>
      outcome === 'ok' ? [] : [[name, outcome]],
    ),
  );

describe('verdicts', () => {
  test('every run of the baseline passes', () => {
    for (const seed of baseline.noise.seeds) {
      expect(judge(baseline, recordedRun(seed)).filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    }
  });

  test('a loss may be neither worse nor too good; its limits pass', () => {
    expect(judged({ 'evaluate.train.bitsPerByte': bits.highest! })).toEqual({});
    expect(judged({ 'evaluate.train.bitsPerByte': bits.highest! + 1e-9 })).toEqual({
      'evaluate.train.bitsPerByte': 'worse',
    });
    expect(judged({ 'evaluate.train.bitsPerByte': bits.lowest! })).toEqual({});
    expect(judged({ 'evaluate.train.bitsPerByte': bits.lowest! - 1e-9 })).toEqual({
      'evaluate.train.bitsPerByte': 'too good',
    });
  });

  test('outside of its limits, a metric is worse or too good by what it says itself, and only changed where it says nothing', () => {
    const metrics = { 'evaluate.train.bitsPerByte': bits.highest! + 1e-9 };
    const better = (way: object) => judged(metrics, { better: way });
    expect(better({ 'evaluate.train.bitsPerByte': 'higher' })).toEqual({ 'evaluate.train.bitsPerByte': 'too good' });
    expect(better({})).toEqual({ 'evaluate.train.bitsPerByte': 'changed' });
  });

  test('an error of quantization may be as low as it likes', () => {
    expect(judged({ 'quantize.worstRelativeError': 0 })).toEqual({});
    expect(judged({ 'quantize.worstRelativeError': 0.02 })).toEqual({ 'quantize.worstRelativeError': 'worse' });
  });

  test('a count must be the same, to the last one', () => {
    expect(judged({ 'train.parameters': 119_105 })).toEqual({ 'train.parameters': 'changed' });
    expect(judged({ 'tokenizer.bytesPerToken': 2.242927094668118 })).toEqual({ 'tokenizer.bytesPerToken': 'changed' });
  });

  test('a digest must be the same', () => {
    expect(judged({}, { digests: { 'tokenizer.merges': sha('b') } })).toEqual({ 'tokenizer.merges': 'changed' });
    expect(judged({}, { digests: {} })).toEqual({ 'tokenizer.merges': 'missing' });
  });

  test('a loss that is no number is worse', () => {
    expect(judged({ 'evaluate.train.bitsPerByte': Number.NaN })).toEqual({ 'evaluate.train.bitsPerByte': 'worse' });
  });

  test('a metric that the run lacks, and one that the baseline lacks, are no passes', () => {
    const { 'evaluate.train.bitsPerByte': _, ...rest } = recordedRun(1).metrics;
    expect(judge(baseline, { ...recordedRun(1), metrics: rest }).find(({ outcome }) => outcome !== 'ok')).toMatchObject(
      {
        name: 'evaluate.train.bitsPerByte',
        outcome: 'missing',
      },
    );
    expect(judged({ 'train.validationLoss': 2.4 })).toEqual({ 'train.validationLoss': 'unknown' });
  });

  test('a metric that no step reports any more is missing', () => {
    const known = { ...baseline, metrics: { ...baseline.metrics, 'evaluate.charm': bits } };
    const verdict = judge(known, recordedRun(1)).find(({ name }) => name === 'evaluate.charm');
    expect(verdict).toMatchObject({ outcome: 'missing', label: 'charm (evaluate)' });
  });

  test('a distance is counted in deviations of the seeds', () => {
    const run = changedRun(1, { 'evaluate.train.bitsPerByte': bits.mean - 3 * bits.deviation });
    const verdict = judge(baseline, run).find(({ name }) => name === 'evaluate.train.bitsPerByte')!;
    expect(verdict.deviations).toBeCloseTo(-3, 9);
  });

  test.each([
    [1.586512, 0.0073, '1.5865'],
    [119_104, 0, '119,104'],
    [0.0066149, 0.00006, '0.006615'],
    [412.3, 25, '412'],
  ])('%d with noise of %d is shown as %s', (value, deviation, shown) => {
    expect(formatMetric(value, { rule: deviation === 0 ? 'exact' : 'interval', deviation })).toBe(shown);
  });
});

describe('clues', () => {
  const clues = (run: Parameters<typeof findClues>[1]) =>
    findClues(baseline, run, judge(baseline, run as never))
      .map(formatClue)
      .join('\n');

  test('the first artifact that differs is named with its files, and those before it', () => {
    const run = recordedRun(1);
    run.artifacts['train'] = {
      ...run.artifacts['train']!,
      manifest: sha('f'),
      files: { 'weights.arrow': sha('f'), 'log.arrow': sha('3') },
    };
    expect(clues(run)).toMatch(
      /The first artifact that differs is that of train \(weights\.arrow\)\. tokenizer has the bytes/,
    );
  });

  test('a stage that depends on no arithmetic is a clue whatever the seed', () => {
    const run = recordedRun(2);
    run.artifacts['tokenizer'] = {
      ...run.artifacts['tokenizer']!,
      manifest: sha('f'),
      files: { 'merges.arrow': sha('f') },
    };
    expect(clues(run)).toMatch(/The first artifact that differs is that of tokenizer \(merges\.arrow\)/);
  });

  test('another seed and another instruction set change the weights anyhow, and it says so', () => {
    expect(clues(recordedRun(2))).toMatch(/from train \(weights\.arrow, log\.arrow\) on, as they do with another seed/);
    const run = { ...recordedRun(1), engine: { instructionSet: 'avx2' } };
    run.artifacts['train']!.manifest = sha('f');
    expect(clues(run)).toMatch(/as they do with another instruction set/);
  });

  test('the stages whose code has changed are named', () => {
    const run = recordedRun(1);
    expect(clues(run)).toMatch(/Every artifact has the bytes[^]*The code of every step is that of the baseline/);
    run.artifacts['train']!.code = 'other';
    expect(clues(run)).toMatch(/The code of train has changed since the baseline, but not that of tokenizer, evaluate/);
  });

  test('a loss that is too good says what that may mean', () => {
    expect(clues(changedRun(1, { 'evaluate.train.bitsPerByte': 0.9 }))).toMatch(
      /^A loss below what other seeds reach[^]*causal mask/,
    );
  });

  test('the history since and the comparison are one command away', () => {
    expect(clues(recordedRun(1))).toMatch(
      /git log --oneline 0123456789abcdef\.\. -- [^]*--a=ci@baseline --b=ci@latest/,
    );
  });
});
