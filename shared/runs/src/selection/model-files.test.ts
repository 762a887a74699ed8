/** @file Tests of which model of a run is meant. */
import type { Run } from '@arrowsmith/pipeline';
import { describe, expect, test } from 'vitest';
import { chooseModel } from './model-files.ts';

type Model = [step: string, metadata: Record<string, string | number>];

const runOf = (...models: Model[]): Run => {
  const steps = models.map(([step, metadata]) => [step, { makes: ['model'], metadata }]);
  return { id: 'r', steps: Object.fromEntries([['chunk', { makes: ['rows'], metadata: {} }], ...steps]) } as Run;
};

const large: Model = ['train', { parameters: 800, format: 'f32' }];
const int8: Model = ['quantize', { parameters: 800, format: 'int8' }];
const half: Model = ['half', { parameters: 500, format: 'f32' }];

describe('without a word, the model is', () => {
  test.each<[string, Model[], string]>([
    ['the one that is not quantized', [large, int8], 'train'],
    ['the whole one, not the last that was taken out of it', [large, int8, half], 'train'],
    ['the larger of two', [half, large], 'train'],
    ['of two as large, the one made last', [large, ['tuned', { parameters: 800, format: 'f32' }]], 'tuned'],
    ['the largest, where all are quantized', [int8, ['other', { parameters: 9, format: 'int8' }]], 'quantize'],
    ['one of before models said what they are', [['train', {}], int8], 'train'],
  ])('%s', (_, models, step) => {
    expect(chooseModel(runOf(...models), undefined)).toBe(step);
  });
});

test('a model is asked for by its step or by its format', () => {
  const run = runOf(large, half, int8);
  expect(['half', 'int8', 'f32'].map((asked) => chooseModel(run, asked))).toEqual(['half', 'quantize', 'train']);
  expect(() => chooseModel(run, 'hlaf')).toThrow(/did you mean --model=half/);
});

test('a run without a model says so', () => {
  expect(() => chooseModel(runOf(), undefined)).toThrow(/made no model/);
});
