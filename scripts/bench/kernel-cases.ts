/** @file The operations of a training step of the 7M model, with the work that each is. */
import {
  adamW,
  attention,
  embedding,
  globalNorm,
  linearCrossEntropy,
  linears,
  muon,
  rmsNorm,
  rope,
  ropeFrequencies,
  positionsFrom,
  ropeTables,
  swiglu,
  tokenLosses,
} from '@arrowsmith/ops';
import { countParameters, parameterShapes } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { mixtureCases } from './mixture-cases.ts';
import { muonNames } from '@arrowsmith/training';
import { benchModels, tokensPerStep } from './models.ts';

/** Work of a pass: floating-point operations, or bytes read and written at least. */
interface Work {
  forward: number;
  gradient: number;
}

export interface KernelCase {
  name: string;
  /** Makes the operation's tensors, in the caller's scope. */
  prepare(): PreparedKernel;
  flop?: Work;
  bytes?: Work;
}

export interface PreparedKernel {
  /** The tensors that a gradient flows to, if it is to be measured. */
  variables?: tf.Tensor[];
  /** Whether the values live on to the next call. */
  lasting?: boolean;
  /** Calls the operation once; where a gradient flows, the values are of one shape. */
  call(...variables: tf.Tensor[]): tf.Tensor[];
}

const model = benchModels['7M'];
const { hiddenSize: d, vocabularySize: v, contextLength: s } = model.config;
const { heads, headDim } = model.config.layers[0]!.attention;
const f = model.config.layers[0]!.ffn.intermediateSize;
const b = model.batchSize;
const n = tokensPerStep(model);
const FLOAT = 4;

const random = (...shape: number[]): tf.Tensor => {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 1009) / 1009 - 0.5),
    shape,
  );
};
const ids = (...shape: [number, ...number[]]): tf.Tensor =>
  tf.tensor(
    Int32Array.from({ length: n }, (_, i) => (i * 7919) % v),
    shape,
    'int32',
  );

/** Two floating-point operations for each weight and row, forward; twice that for the two gradients. */
const products = (multiplications: number): Work => ({ forward: 2 * multiplications, gradient: 4 * multiplications });
/** Whole tensors of so many elements that a pass reads and writes. */
const traffic = (forward: number, gradient: number): Work => ({ forward: FLOAT * forward, gradient: FLOAT * gradient });

/** The linear layers of one input; their outputs are of one size. */
function linearCase(name: string, inputSize: number, outputSize: number, count: number): KernelCase {
  return {
    name,
    prepare: () => ({
      variables: [random(n, inputSize), ...Array.from({ length: count }, () => random(outputSize, inputSize))],
      call: (x, ...weights) => linears(x!, weights),
    }),
    flop: products(n * inputSize * outputSize * count),
  };
}

/** Of the optimizer: as many parameters as the model has, in as many tensors. */
const shapes = parameterShapes(model.config).map(({ shape }) => shape);
const parameterCount = countParameters(model.config);
const matrices = muonNames({ method: 'muon' }, model.config).map(
  (name) => parameterShapes(model.config).find((each) => each.name === name)!.shape as [number, number],
);

export const kernelCases: readonly KernelCase[] = [
  linearCase('linear q, k, v', d, d, 3),
  linearCase('linear o', d, d, 1),
  linearCase('linear gate, up', d, f, 2),
  linearCase('linear down', f, d, 1),
  {
    name: 'attention',
    prepare: () => ({
      variables: [random(b, s, heads, headDim), random(b, s, heads, headDim), random(b, s, heads, headDim)],
      call: (q, k, value) => [attention(q!, k!, value!, { scale: 1 / Math.sqrt(headDim) })],
    }),
    // Two products of half a square, forward; the backward pass computes one of them again and four more.
    flop: { forward: 2 * n * s * d, gradient: 5 * n * s * d },
  },
  {
    name: 'rope',
    prepare: () => {
      const { cos, sin } = ropeTables({ positions: positionsFrom(0, s), frequencies: ropeFrequencies(headDim, 10000) });
      return { variables: [random(b, s, heads, headDim)], call: (x) => [rope(x!, cos, sin)] };
    },
    bytes: traffic(2 * n * d, 2 * n * d),
  },
  {
    name: 'rmsNorm',
    prepare: () => ({
      variables: [random(n, d), random(d)],
      call: (x, weight) => [rmsNorm(x!, weight!, { epsilon: 1e-5 })],
    }),
    bytes: traffic(2 * n * d, 3 * n * d),
  },
  {
    name: 'swiglu',
    prepare: () => ({ variables: [random(n, f), random(n, f)], call: (gate, up) => [swiglu(gate!, up!)] }),
    bytes: traffic(3 * n * f, 5 * n * f),
  },
  {
    name: 'add',
    prepare: () => {
      const [x, y] = [random(n, d), random(n, d)];
      return { call: () => [tf.add(x, y)] };
    },
    bytes: traffic(3 * n * d, 0),
  },
  {
    name: 'embedding',
    prepare: () => {
      const tokens = ids(b, s);
      return { variables: [random(v, d)], call: (weight) => [embedding(weight!, tokens)] };
    },
    bytes: traffic(2 * n * d, n * d + v * d),
  },
  {
    name: 'token losses',
    prepare: () => {
      const [x, weight, targets] = [random(n, d), random(v, d), ids(n)];
      return { call: () => [tokenLosses(x, weight, targets)] };
    },
    flop: products(n * d * v),
  },
  {
    name: 'linear, cross-entropy: both',
    prepare: () => {
      const [x, weight, targets] = [random(n, d), random(v, d), ids(n)];
      const gradients = tf.grads((...xs: tf.Tensor[]) => linearCrossEntropy(xs[0]!, xs[1]!, targets));
      return { call: () => gradients([x, weight]) };
    },
    flop: { forward: 6 * n * d * v, gradient: 0 },
  },
  {
    name: 'global norm',
    prepare: () => {
      const gradients = shapes.map((shape) => random(...shape));
      return { call: () => [globalNorm(gradients)] };
    },
    bytes: traffic(parameterCount, 0),
  },
  {
    name: 'AdamW',
    prepare: () => {
      const gradients = shapes.map((shape) => random(...shape));
      const options = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, step: 1, gradientScale: 1 };
      const weightDecays = shapes.map(() => 0.1);
      let states = shapes.map((shape) => ({
        parameter: random(...shape),
        firstMoment: tf.zeros(shape),
        secondMoment: tf.zeros(shape),
      }));
      const call = () => {
        states = adamW(states, gradients, { ...options, weightDecays }); // takes over the states
        return states.flatMap((state) => Object.values(state));
      };
      return { call, lasting: true };
    },
    bytes: traffic(7 * parameterCount, 0),
  },
  {
    name: 'Muon',
    prepare: () => {
      const gradients = matrices.map((shape) => random(...shape));
      const options = { learningRate: 1e-3, momentum: 0.95, gradientScale: 1, weightDecays: matrices.map(() => 0.1) };
      let states = matrices.map((shape) => ({ parameter: random(...shape), momentum: tf.zeros(shape) }));
      const call = () => {
        states = muon(states, gradients, options);
        return states.flatMap((state) => Object.values(state));
      };
      return { call, lasting: true };
    },
    // Five steps of three products, two of the whole matrix and one of the square of its shorter side.
    flop: {
      forward: matrices.reduce((sum, [rows = 1, columns = 1]) => {
        const side = Math.min(rows, columns);
        return sum + 5 * 2 * (2 * rows * columns * side + side ** 3);
      }, 0),
      gradient: 0,
    },
  },
  ...mixtureCases(random),
];
