/** @file Cases of alternating updates. */
import type * as tf from '@tensorflow/tfjs-core';
import { altUpCorrect, altUpPredict } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { label, scaled, TOLERANCE, type OpCase } from './case.ts';

interface Sizes {
  /** Of a copy. */
  shape: number[];
  /** Copies. */
  a: number;
  active: number;
  clip: number;
  centered: boolean;
  unitOffset: boolean;
}

const rms = { centered: false, unitOffset: false };
const sizes: Sizes[] = [
  { shape: [1, 1], a: 1, active: 0, clip: 0, ...rms },
  { shape: [2, 3, 17], a: 4, active: 0, clip: 0.5, ...rms },
  { shape: [2, 5, 33], a: 3, active: 2, clip: 0, ...rms, unitOffset: true },
  { shape: [3, 64], a: 5, active: 1, clip: 1, ...rms, centered: true },
  { shape: [300, 70], a: 2, active: 1, clip: 0.5, ...rms },
];

const epsilon = 1e-5;

/** Logits of about one, in spite of their division by d. */
const router = ({ shape, a }: Sizes, coefficients: number): Record<string, tf.Tensor> => ({
  norm: scaled([shape.at(-1)!], 1, 4),
  weight: scaled([a, shape.at(-1)!], 2, 4),
  coefficients: randomTensor([coefficients, a], 3),
});

const copyNames = ({ a }: Sizes): string[] => Array.from({ length: a }, (_, i) => `copy${i}`);

const copies = (size: Sizes): Record<string, tf.Tensor> =>
  Object.fromEntries(copyNames(size).map((name, i) => [name, randomTensor(size.shape, 4 + i)]));

const listed = <T>(size: Sizes, inputs: Record<string, T>): T[] => copyNames(size).map((name) => inputs[name]!);

const routerNames = ['norm', 'weight', 'coefficients'] as const;

function pick<T>(inputs: Record<string, T>): Record<(typeof routerNames)[number], T> {
  return { norm: inputs['norm']!, weight: inputs['weight']!, coefficients: inputs['coefficients']! };
}

const predictCases = sizes.map((size): OpCase => ({
  name: `altUpPredict: ${label({ ...size })}`,
  inputs: () => ({ ...router(size, size.a ** 2), ...copies(size) }),
  differentiable: [...routerNames, ...copyNames(size)],
  run: (inputs) => altUpPredict(listed(size, inputs), pick(inputs), { ...size, epsilon }),
  formula: (inputs) => formulas.altUpPredict(listed(size, inputs), { ...pick(inputs), ...size, epsilon }),
  tolerance: TOLERANCE,
}));

const correctCases = sizes.map((size): OpCase => ({
  name: `altUpCorrect: ${label({ ...size })}`,
  inputs: () => ({ ...router(size, size.a), output: randomTensor(size.shape, 20), ...copies(size) }),
  differentiable: [...routerNames, 'output', ...copyNames(size)],
  run: (inputs) => altUpCorrect(listed(size, inputs), inputs['output']!, pick(inputs), { ...size, epsilon }),
  formula: (inputs) =>
    formulas.altUpCorrect(listed(size, inputs), inputs['output']!, { ...pick(inputs), ...size, epsilon }),
  tolerance: TOLERANCE,
}));

export const altUpCases = [...predictCases, ...correctCases];
