import { describe, expect, test } from 'vitest';
import type { Pipeline, StageDeclaration } from '@arrowsmith/pipeline';
import type { Baseline } from './baseline.ts';
import { checkExperiment, checkText, engineOf } from './experiment.ts';
import { declarations, pipeline, recordedBaseline } from './testing/recorded.ts';

const check = (change: Record<string, object> = {}, baseline: Partial<Baseline> = {}) =>
  checkExperiment(withStages(change), declarations, { ...recordedBaseline(), ...baseline });

const withStages = (change: Record<string, object>): Pipeline => ({
  ...pipeline,
  steps: Object.fromEntries(
    Object.entries(pipeline.steps).map(([name, own]) => [
      name,
      { ...own, parameters: { ...own.parameters, ...change[name] } },
    ]),
  ),
});

describe('one experiment', () => {
  test('the same parameters', () => expect(check()).toBeUndefined());
  test('another seed', () => expect(check({ train: { seed: 7 } })).toBeUndefined());
  test('another number of threads', () => expect(check({ train: { threads: 3 } })).toBeUndefined());
  test('a parameter with its default that the baseline does not know yet', () => {
    const { train, ...others } = recordedBaseline().parameters;
    const parameters = { ...others, train: { ...train, optimizer: { learningRate: 6e-3 } } };
    expect(check({}, { parameters })).toBeUndefined();
  });
});

describe('another experiment', () => {
  const error = (run: () => void): string => {
    try {
      run();
    } catch (thrown) {
      return (thrown as Error).message;
    }
    return 'no error';
  };

  test('every parameter that differs is named with both values', () => {
    const message = error(() => check({ train: { steps: 300, optimizer: { learningRate: 6e-4, momentum: 0 } } }));
    expect(message).toMatch(/another experiment: 2 parameters differ/);
    expect(message).toMatch(/train\.steps: 600 in the baseline, 300 now/);
    expect(message).toMatch(/train\.optimizer\.learningRate: 0\.006 in the baseline, 0\.0006 now/);
    expect(message).toMatch(/npx nx run pipeline:baseline --pipeline=ci/);
  });

  test('a parameter with another value than the default of the time when the baseline did not know it', () => {
    const { train, ...others } = recordedBaseline().parameters;
    const parameters = { ...others, train: { ...train, optimizer: { learningRate: 6e-3 } } };
    const momentum = { train: { optimizer: { learningRate: 6e-3, momentum: 0.9 } } };
    expect(error(() => check(momentum, { parameters }))).toMatch(/optimizer\.momentum: 0 in the baseline, 0\.9 now/);
  });

  test('a parameter that no longer exists', () => {
    const { train, ...others } = recordedBaseline().parameters;
    const parameters = { ...others, train: { ...train, warmth: 3 } };
    expect(error(() => check({}, { parameters }))).toMatch(
      /a parameter differs[^]*train\.warmth: 3 in the baseline, nothing now/,
    );
  });

  test('stages that one of them lacks', () => {
    const { evaluate: _, ...steps } = pipeline.steps;
    expect(error(() => checkExperiment({ ...pipeline, steps }, declarations, recordedBaseline()))).toMatch(
      /step evaluate: only in the baseline/,
    );
    const { evaluate: __, ...parameters } = recordedBaseline().parameters;
    expect(error(() => check({}, { parameters }))).toMatch(/step evaluate: not in the baseline/);
  });

  test('a long list of differences is cut', () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`parameter${i}`, i]));
    expect(error(() => check({ evaluate: many }))).toMatch(/20 parameters differ[^]*parameter7[^]*and 12 more/);
  });
});

describe('how training computes', () => {
  const engine = (backend: string, precision: string) => ({ engine: { backend, precision } });

  test('another backend is an error, unless it is asked for', () => {
    expect(() => check({}, engine('wasm', 'f32'))).toThrow(/backend wasm[^]*found: +backend native[^]*--any-backend/);
    const baseline = { ...recordedBaseline(), ...engine('wasm', 'f32') };
    expect(() => checkExperiment(pipeline, declarations, baseline, { anyBackend: true })).not.toThrow();
  });

  test('another precision is an error in any case', () => {
    const baseline = { ...recordedBaseline(), ...engine('native', 'bf16') };
    expect(() => checkExperiment(pipeline, declarations, baseline, { anyBackend: true })).toThrow(
      /expected: +backend native, precision bf16[^]*found: +backend native, precision f32/,
    );
  });

  test('another instruction set is none: what it rounds otherwise is far below the noise', () => {
    const avx2 = {
      ...declarations.get('train')!,
      environment: () => ({ backend: 'native', precision: 'f32', instructionSet: 'avx2' }),
    };
    const others = new Map<string, StageDeclaration>([...declarations, ['train', avx2]]);
    expect(() => checkExperiment(pipeline, others, recordedBaseline())).not.toThrow();
  });

  test('a pipeline that trains nothing has nothing to guard', () => {
    const { train: _, ...steps } = pipeline.steps;
    expect(() => engineOf({ ...pipeline, steps }, declarations)).toThrow(/pipeline ci trains nothing/);
  });
});

test('text that stood in for what was out of reach is other text', () => {
  const baseline = recordedBaseline();
  const standIn = 'embedded corpus instead of the hub';
  expect(() => checkText(baseline, {})).not.toThrow();
  expect(() => checkText(baseline, { substitution: standIn })).toThrow(/other text[^]*found: +embedded corpus/);
  const measured = { ...baseline.measured, substitution: standIn };
  expect(() => checkText({ ...baseline, measured }, { substitution: standIn })).not.toThrow();
  expect(() => checkText({ ...baseline, measured }, {})).toThrow(/expected: +embedded corpus/);
});
