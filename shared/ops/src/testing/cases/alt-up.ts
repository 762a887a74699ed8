/** @file Cases of alternating updates. */
import type * as tf from '@tensorflow/tfjs-core';
import { altUpCorrect, altUpPredict } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import type { Plain } from '../formulas.ts';
import { label, scaled, TOLERANCE, type OpCase } from './case.ts';

interface Sizes {
  /** Of a copy. */
  shape: number[];
  /** Copies. */
  a: number;
  active: number;
  clip: number;
}

const sizes: Sizes[] = [
  { shape: [1, 1], a: 1, active: 0, clip: 0 },
  { shape: [2, 3, 17], a: 4, active: 0, clip: 0.5 },
  { shape: [2, 5, 33], a: 3, active: 2, clip: 0 },
  { shape: [3, 64], a: 5, active: 1, clip: 1 },
  { shape: [300, 70], a: 2, active: 1, clip: 0.5 },
];

/** Logits of about one, in spite of their division by d. */
const router = ({ shape, a }: Sizes, coefficients: number): Record<string, tf.Tensor> => ({
  normed: scaled(shape, 1, 4),
  weight: scaled([a, shape.at(-1)!], 2, 4),
  coefficients: randomTensor([coefficients, a], 3),
});

const copyNames = ({ a }: Sizes): string[] => Array.from({ length: a }, (_, i) => `copy${i}`);

const copies = (size: Sizes): Record<string, tf.Tensor> =>
  Object.fromEntries(copyNames(size).map((name, i) => [name, randomTensor(size.shape, 4 + i)]));

const routerNames = ['normed', 'weight', 'coefficients'] as const;

function pick<T>(inputs: Record<string, T>): Record<(typeof routerNames)[number], T> {
  return { normed: inputs['normed']!, weight: inputs['weight']!, coefficients: inputs['coefficients']! };
}

const predictCases = sizes.map((size): OpCase => {
  const listed = <T>(inputs: Record<string, T>): T[] => copyNames(size).map((name) => inputs[name]!);
  return {
    name: `altUpPredict: ${label({ ...size })}`,
    inputs: () => ({ ...router(size, size.a ** 2), ...copies(size) }),
    differentiable: [...routerNames, ...copyNames(size)],
    run: (inputs) => altUpPredict(listed(inputs), pick(inputs), { clip: size.clip }),
    formula: (inputs) => formulas.altUpPredict(listed<Plain>(inputs), pick(inputs), size.clip),
    tolerance: TOLERANCE,
  };
});

const correctCases = sizes.map((size): OpCase => {
  const listed = <T>(inputs: Record<string, T>): T[] => copyNames(size).map((name) => inputs[name]!);
  const { clip, active } = size;
  return {
    name: `altUpCorrect: ${label({ ...size })}`,
    inputs: () => ({ ...router(size, size.a), output: randomTensor(size.shape, 20), ...copies(size) }),
    differentiable: [...routerNames, 'output', ...copyNames(size)],
    run: (inputs) => altUpCorrect(listed(inputs), inputs['output']!, pick(inputs), { clip, active }),
    formula: (inputs) => formulas.altUpCorrect(listed<Plain>(inputs), inputs['output']!, pick(inputs), clip, active),
    tolerance: TOLERANCE,
  };
});

export const altUpCases = [...predictCases, ...correctCases];
