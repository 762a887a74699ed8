/**
 * @file Cases of every operation: seeded inputs of all kinds of shapes, the operation on them, and the formula for it. Any backend's
 * kernels can be run on them; see {@link measureCase}.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  adamW,
  attention,
  embedding,
  geglu,
  globalNorm,
  linearCrossEntropy,
  linears,
  rmsNorm,
  rope,
  ropeTables,
  swiglu,
  tokenLosses,
  type AdamWState,
  type AttentionOptions,
} from '../index.ts';
import { largestDifference, randomTensor } from './errors.ts';
import * as formulas from './formulas.ts';
import type { Plain } from './formulas.ts';

type Tensors = Record<string, tf.Tensor>;
type Plains = Record<string, Plain>;

/** An operation on inputs. */
export interface OpCase {
  /** Unique; starts with the operation's name. */
  name: string;
  /** Makes the inputs on the active backend: the same values on every one. */
  inputs(): Tensors;
  /** Names of the inputs that have a gradient. */
  differentiable: readonly string[];
  run(inputs: Tensors): tf.Tensor[];
  /** The same in float64: the elements of each output. */
  formula(inputs: Plains): readonly (readonly number[])[];
  /** Bound on the errors that {@link measureCase} reports, for computation in float32. */
  tolerance: number;
}

/** Float32 roundings of a few hundred terms of a sum: 2⁻²⁴ each, growing like the root of their number. */
const TOLERANCE = 3e-6;

/**
 * The bound where scores or logits are in the thousands: their rounding error, a few times 2⁻²⁴ · 1000, is the relative error
 * of their exponentials.
 */
const STEEP_TOLERANCE = 1e-3;

const scaled = (shape: number[], seed: number, factor: number): tf.Tensor => tf.mul(randomTensor(shape, seed), factor);
const label = (values: object): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? `[${value.join(', ')}]` : value}`)
    .join(', ');

interface AttentionSize {
  b?: number;
  s: number;
  sKv?: number;
  heads: number;
  kvHeads: number;
  headDim: number;
}

/** @param magnitude of the scores; 1 or so by default */
function attentionCase(size: AttentionSize, options: Omit<AttentionOptions, 'scale'> = {}, magnitude = 1): OpCase {
  const { b = 1, s, sKv = s, heads, kvHeads, headDim } = size;
  const scale = magnitude / Math.sqrt(headDim);
  return {
    name: `attention: ${label({ ...size, ...options, ...(magnitude === 1 ? {} : { magnitude }) })}`,
    inputs: () => ({
      q: scaled([b, s, heads, headDim], 1, 3),
      k: randomTensor([b, sKv, kvHeads, headDim], 2),
      v: randomTensor([b, sKv, kvHeads, headDim], 3),
    }),
    differentiable: ['q', 'k', 'v'],
    run: ({ q, k, v }) => [attention(q!, k!, v!, { scale, ...options })],
    formula: ({ q, k, v }) => [formulas.attention(q!, k!, v!, { scale, ...options })],
    tolerance: magnitude === 1 ? TOLERANCE : STEEP_TOLERANCE,
  };
}

const MASKS: Omit<AttentionOptions, 'scale'>[] = [
  { window: 1 },
  { window: 4 },
  { window: 64 },
  { window: 200 },
  { chunk: 1 },
  { chunk: 5 },
  { chunk: 32 },
  { chunk: 200 },
  { window: 6, chunk: 16 },
  { window: 40, chunk: 33 },
  { softCap: 2 },
  { softCap: 2, window: 7 },
  { softCap: 2, chunk: 7 },
  { softCap: 2, window: 9, chunk: 20 },
];

const attentionCases = [
  ...[8, 18, 64, 96, 256].flatMap((headDim) => [
    attentionCase({ s: 33, heads: 2, kvHeads: 1, headDim }),
    attentionCase({ s: 7, sKv: 40, heads: 2, kvHeads: 2, headDim }, { window: 12, softCap: 3 }),
  ]),
  ...[1, 2, 7, 33, 64, 65, 128, 130].flatMap((s) => [
    attentionCase({ b: 2, s, heads: 4, kvHeads: 2, headDim: 8 }),
    attentionCase({ s, heads: 2, kvHeads: 1, headDim: 16 }, { window: 3, chunk: 16 }),
  ]),
  ...MASKS.map((mask) => attentionCase({ s: 65, heads: 4, kvHeads: 2, headDim: 8 }, mask)),
  ...MASKS.map((mask) => attentionCase({ s: 3, sKv: 70, heads: 2, kvHeads: 1, headDim: 8 }, mask)),
  ...(
    [
      [1, 1],
      [3, 3],
      [6, 2],
      [4, 1],
      [8, 2],
      [5, 1],
    ] as const
  ).map(([heads, kvHeads]) => attentionCase({ b: 2, s: 7, heads, kvHeads, headDim: 6 })),
  ...(
    [
      [1, 2],
      [1, 6],
      [1, 130],
      [3, 8],
      [33, 65],
      [2, 130],
      [64, 130],
    ] as const
  ).flatMap(([s, sKv]) => [
    attentionCase({ b: 2, s, sKv, heads: 4, kvHeads: 2, headDim: 8 }),
    attentionCase({ s, sKv, heads: 3, kvHeads: 3, headDim: 18 }, { window: 4 }),
    attentionCase({ s, sKv, heads: 2, kvHeads: 1, headDim: 8 }, { chunk: 3 }),
  ]),
  attentionCase({ s: 33, heads: 2, kvHeads: 1, headDim: 8 }, {}, 1000),
  attentionCase({ s: 33, heads: 2, kvHeads: 1, headDim: 64 }, { window: 5 }, 1000),
  attentionCase({ s: 33, heads: 2, kvHeads: 1, headDim: 8 }, { softCap: 50 }, 1000),
];

/** @param outs rows of each weight */
function linearCase(leading: number[], input: number, outs: number[], factor = 1): OpCase {
  const weights = outs.map((_, i) => `weight${i}`);
  return {
    name: `linear: ${label({ x: [...leading, input], outs, ...(factor === 1 ? {} : { factor }) })}`,
    inputs: () => ({
      x: scaled([...leading, input], 1, factor),
      ...Object.fromEntries(outs.map((out, i) => [weights[i]!, randomTensor([out, input], 2 + i)])),
    }),
    differentiable: ['x', ...weights],
    run: ({ x, ...tensors }) =>
      linears(
        x!,
        weights.map((name) => tensors[name]!),
      ),
    formula: ({ x, ...plains }) => weights.map((name) => formulas.linear(x!, plains[name]!)),
    tolerance: TOLERANCE,
  };
}

const linearCases = [
  linearCase([1], 1, [1]),
  linearCase([2], 3, [1, 2, 3]),
  linearCase([1, 1], 64, [64, 17]),
  linearCase([2, 3], 7, [5]),
  linearCase([2, 3], 7, [64, 5]),
  linearCase([7], 17, [33]),
  linearCase([33], 65, [1]),
  linearCase([33], 1, [65, 2]),
  linearCase([1], 127, [130, 31, 31]),
  linearCase([130], 127, [65, 33, 1]),
  linearCase([2, 65], 33, [96, 48, 48]),
  linearCase([64], 128, [128, 128]),
  linearCase([3], 300, [200]),
  linearCase([7], 17, [33], 1e4),
];

function rmsNormCase(leading: number[], d: number, factor = 1): OpCase {
  return {
    name: `rmsNorm: ${label({ x: [...leading, d], factor })}`,
    inputs: () => ({ x: scaled([...leading, d], 1, factor), weight: randomTensor([d], 2) }),
    differentiable: ['x', 'weight'],
    run: ({ x, weight }) => [rmsNorm(x!, weight!, { epsilon: 1e-5 })],
    formula: ({ x, weight }) => [formulas.rmsNorm(x!, weight!, 1e-5)],
    tolerance: TOLERANCE,
  };
}

const rmsNormCases = [
  rmsNormCase([1], 2),
  rmsNormCase([1], 33),
  rmsNormCase([2, 3], 5),
  rmsNormCase([33], 64),
  rmsNormCase([2, 65], 127),
  rmsNormCase([700], 17),
  rmsNormCase([5], 288),
  rmsNormCase([7], 33, 1000),
  rmsNormCase([7], 33, 1e-3),
  rmsNormCase([3], 16, 0),
];

/** @param planes those that turn; all by default */
function ropeCase(
  [b, s, n, headDim]: [number, number, number, number],
  interleaved: boolean,
  planes = headDim / 2,
): OpCase {
  return {
    name: `rope: ${label({ x: [b, s, n, headDim], interleaved, planes })}`,
    inputs: () => ({
      x: randomTensor([b, s, n, headDim], 1),
      ...ropeTables({ length: s, headDim: 2 * planes, theta: 100, offset: 3 }),
    }),
    differentiable: ['x'],
    run: ({ x, cos, sin }) => [rope(x!, cos!, sin!, { interleaved })],
    formula: ({ x, cos, sin }) => [formulas.rope(x!, cos!, sin!, interleaved)],
    tolerance: TOLERANCE,
  };
}

const ropeCases = [false, true].flatMap((interleaved) => [
  ropeCase([1, 1, 1, 2], interleaved),
  ropeCase([2, 7, 3, 8], interleaved),
  ropeCase([1, 2, 1, 18], interleaved),
  ropeCase([2, 33, 4, 64], interleaved),
  ropeCase([1, 5, 2, 96], interleaved),
  ropeCase([1, 3, 2, 256], interleaved),
  ropeCase([2, 7, 3, 8], interleaved, 1),
  ropeCase([2, 7, 3, 18], interleaved, 5),
  ropeCase([1, 33, 2, 96], interleaved, 24),
]);

const gates = [
  { name: 'swiglu', gated: swiglu, expected: formulas.swiglu },
  { name: 'geglu', gated: geglu, expected: formulas.geglu },
];

const gateCases = gates.flatMap(({ name, gated, expected }) =>
  [
    { shape: [1], factor: 1 },
    { shape: [3, 7], factor: 4 },
    { shape: [2, 3, 33], factor: 4 },
    { shape: [130, 65], factor: 1 },
    { shape: [20_000], factor: 4 },
    { shape: [64], factor: 1000 },
  ].map(({ shape, factor }): OpCase => {
    return {
      name: `${name}: ${label({ shape, factor })}`,
      inputs: () => ({ gate: scaled(shape, 1, factor), up: randomTensor(shape, 2) }),
      differentiable: ['gate', 'up'],
      run: ({ gate, up }) => [gated(gate!, up!)],
      formula: ({ gate, up }) => [expected(gate!, up!)],
      tolerance: TOLERANCE,
    };
  }),
);

/** @param idOf the id at a place */
function embeddingCase(
  what: string,
  shape: number[],
  [vocabularySize, d]: [number, number],
  idOf: (i: number) => number,
): OpCase {
  const size = shape.reduce((product, length) => product * length, 1);
  return {
    name: `embedding: ${what}, ${label({ ids: shape, weight: [vocabularySize, d] })}`,
    inputs: () => ({
      weight: randomTensor([vocabularySize, d], 1),
      ids: tf.tensor(
        Int32Array.from({ length: size }, (_, i) => idOf(i)),
        shape,
        'int32',
      ),
    }),
    differentiable: ['weight'],
    run: ({ weight, ids }) => [embedding(weight!, ids!)],
    formula: ({ weight, ids }) => [formulas.embedding(weight!, ids!)],
    tolerance: TOLERANCE,
  };
}

const embeddingCases = [
  embeddingCase('the only row', [1, 1], [1, 1], () => 0),
  embeddingCase('first and last row, rows never used', [2, 2], [5, 3], (i) => [4, 0, 4, 2][i]!),
  embeddingCase('one row again and again', [2, 65], [7, 33], () => 6),
  embeddingCase('rows in turn', [3, 130], [17, 64], (i) => (i * 5) % 17),
  embeddingCase('more rows than uses', [1, 7], [1000, 18], (i) => i * 150),
];

/** @param targetOf the target of a row; −1 for none */
function outputCases(
  what: string,
  [n, d, vocabularySize]: [number, number, number],
  targetOf: (i: number) => number,
  factor = 1,
): OpCase[] {
  const shapes = label({ x: [n, d], weight: [vocabularySize, d], ...(factor === 1 ? {} : { factor }) });
  const tolerance = factor === 1 ? TOLERANCE : STEEP_TOLERANCE;
  const inputs = () => ({
    x: randomTensor([n, d], 1),
    weight: scaled([vocabularySize, d], 2, factor),
    targets: tf.tensor1d(
      Int32Array.from({ length: n }, (_, i) => targetOf(i)),
      'int32',
    ),
  });
  return [
    {
      name: `linearCrossEntropy: ${what}, ${shapes}`,
      inputs,
      differentiable: ['x', 'weight'],
      run: ({ x, weight, targets }) => [linearCrossEntropy(x!, weight!, targets!)],
      formula: ({ x, weight, targets }) => [formulas.linearCrossEntropy(x!, weight!, targets!)],
      tolerance,
    },
    {
      name: `tokenLosses: ${what}, ${shapes}`,
      inputs,
      differentiable: [],
      run: ({ x, weight, targets }) => [tokenLosses(x!, weight!, targets!)],
      formula: ({ x, weight, targets }) => [formulas.tokenLosses(x!, weight!, targets!)],
      tolerance,
    },
  ];
}

const outputLayerCases = [
  ...outputCases('one row, two tokens', [1, 1, 2], () => 1),
  ...outputCases('one token', [3, 4, 1], () => 0),
  ...outputCases('every token', [33, 17, 33], (i) => i),
  ...outputCases('some without a target', [7, 4, 9], (i) => [3, 0, -1, 8, -1, 3, 5][i]!),
  ...outputCases('none with a target', [7, 4, 9], () => -1),
  ...outputCases('first and last without a target', [130, 64, 257], (i) => (i % 129 === 0 ? -1 : (i * 7) % 257)),
  ...outputCases('many rows', [700, 18, 130], (i) => (i * i) % 130),
  ...outputCases('steep logits', [33, 8, 65], (i) => (i % 5 === 0 ? -1 : i), 300),
];

const globalNormCases = [[[1]], [[7], [3, 5], []], [[20_000], [130, 130], [1]]].map((shapes): OpCase => {
  return {
    name: `globalNorm: ${shapes.map((shape) => `[${shape.join(', ')}]`).join(' ')}`,
    inputs: () => Object.fromEntries(shapes.map((shape, i) => [`x${i}`, scaled(shape, i, 10 ** i)])),
    differentiable: [],
    run: (inputs) => [globalNorm(Object.values(inputs))],
    formula: (inputs) => [formulas.globalNorm(Object.values(inputs))],
    tolerance: TOLERANCE,
  };
});

const adamWCases = [
  { shapes: [[1]], step: 1 },
  { shapes: [[3, 5], [7], [33, 65]], step: 1 },
  { shapes: [[20_001], [2, 3, 4]], step: 1000 },
].map(({ shapes, step }): OpCase => {
  const options = { learningRate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, step, gradientScale: 0.3 };
  const weightDecays = shapes.map((_, i) => i / 10);
  const names = (i: number) => [`parameter${i}`, `gradient${i}`, `firstMoment${i}`, `secondMoment${i}`] as const;
  // States are taken over, and may be updated in place: hence copies of the values, not clones that share memory.
  const copy = (x: tf.Tensor) => tf.tensor(x.dataSync<'float32'>().slice(), x.shape);
  const flat = (states: AdamWState[]) =>
    states.flatMap(({ parameter, firstMoment, secondMoment }) => [parameter, firstMoment, secondMoment]);
  return {
    name: `adamW: ${shapes.map((shape) => `[${shape.join(', ')}]`).join(' ')}, step ${step}`,
    inputs: () =>
      Object.fromEntries(
        shapes.flatMap((shape, i) => {
          const [parameter, gradient, firstMoment, secondMoment] = names(i);
          return [
            [parameter, randomTensor(shape, 1 + i)],
            [gradient, randomTensor(shape, 11 + i)],
            [firstMoment, randomTensor(shape, 21 + i)],
            [secondMoment, tf.square(randomTensor(shape, 31 + i))],
          ];
        }),
      ),
    differentiable: [],
    run: (inputs) => {
      const states = shapes.map((_, i) => {
        const [parameter, , firstMoment, secondMoment] = names(i).map((name) => copy(inputs[name]!));
        return { parameter: parameter!, firstMoment: firstMoment!, secondMoment: secondMoment! };
      });
      const gradients = shapes.map((_, i) => inputs[`gradient${i}`]!);
      return flat(adamW(states, gradients, { ...options, weightDecays }));
    },
    formula: (inputs) =>
      shapes.flatMap((_, i) => {
        const [parameter, gradient, firstMoment, secondMoment] = names(i).map((name) => inputs[name]!);
        return formulas.adamW([parameter!, gradient!, firstMoment!, secondMoment!], {
          ...options,
          weightDecay: weightDecays[i]!,
        });
      }),
    tolerance: TOLERANCE,
  };
});

/** All cases. */
export const opCases: readonly OpCase[] = [
  ...attentionCases,
  ...linearCases,
  ...rmsNormCases,
  ...ropeCases,
  ...gateCases,
  ...embeddingCases,
  ...outputLayerCases,
  ...globalNormCases,
  ...adamWCases,
];

/** A case's outputs, and the gradients of L = Σ c · y over all outputs y, for fixed pseudo-random c. */
export interface CaseResult {
  values: Float32Array[];
  /** By the differentiable inputs' names. */
  gradients: Record<string, Float32Array>;
}

/** Runs a case, and its gradient, on the active backend. */
export function runCase({ inputs: makeInputs, differentiable, run }: OpCase): CaseResult {
  return tf.tidy(() => {
    const inputs = makeInputs();
    const read = (x: tf.Tensor) => x.dataSync<'float32'>().slice();
    const values = run(inputs).map(read);
    if (differentiable.length === 0) return { values, gradients: {} };
    const lossOf = (...xs: tf.Tensor[]) =>
      weightedSum(run({ ...inputs, ...Object.fromEntries(differentiable.map((name, i) => [name, xs[i]!])) }));
    const gradients = tf.grads(lossOf)(differentiable.map((name) => inputs[name]!));
    return { values, gradients: Object.fromEntries(differentiable.map((name, i) => [name, read(gradients[i]!)])) };
  });
}

const coefficients = (shape: number[], output: number): tf.Tensor => randomTensor(shape, 90 + output);

/** L = Σ c · y. */
function weightedSum(outputs: tf.Tensor[]): tf.Tensor {
  const loss = tf.customGrad((...args) => {
    const ys = args.slice(0, -1) as tf.Tensor[];
    const shapes = ys.map(({ shape }) => shape);
    return {
      value: tf.addN(ys.map((y, i) => tf.sum(tf.mul(y, coefficients(y.shape, i))))),
      gradFunc: (dLoss: tf.Tensor) => shapes.map((shape, i) => tf.mul(coefficients(shape, i), dLoss)),
    };
  });
  return loss(...outputs);
}

/** How far a result is from the case's formula, relative to the values and gradients themselves; compare with its tolerance. */
export interface CaseErrors {
  /** The largest difference in an output, relative to the output's largest element. */
  values: number;
  /**
   * The largest difference between an input's gradient along a pseudo-random direction and the formula's derivative along it,
   * relative to what is typical for the case's gradients. It covers any shape at the cost of two evaluations of the formula, but
   * an error in few of many elements may not show: that is for comparison with a reference, element by element.
   */
  gradients: number;
}

/** Measures a result by the case's formula; needs an active backend, any. */
export function measureCase({ inputs: makeInputs, formula }: OpCase, { values, gradients }: CaseResult): CaseErrors {
  return tf.tidy(() => {
    const inputs: Plains = Object.fromEntries(
      Object.entries(makeInputs()).map(([name, x]) => [
        name,
        { shape: x.shape, data: Float64Array.from(x.dataSync<'float32'>()) },
      ]),
    );
    const expected = formula(inputs);
    const valueErrors = expected.map((elements, i) => largestDifference(values[i]!, elements));
    if (expected.length !== values.length) throw new Error(`${values.length} outputs, not ${expected.length}`);

    const cs = expected.map((elements, i) => coefficients([elements.length], i).dataSync<'float32'>());
    const lossAt = (name: string, direction: readonly number[], step: number): number => {
      const { shape, data } = inputs[name]!;
      const outputs = formula({ ...inputs, [name]: { shape, data: data.map((x, i) => x + step * direction[i]!) } });
      return outputs.reduce((sum, output, i) => output.reduce((part, y, j) => part + y * cs[i]![j]!, sum), 0);
    };
    const alongDirection = Object.entries(gradients).map(([name, gradient]) => {
      const direction = Array.from(randomTensor([gradient.length], 80).dataSync());
      const largest = inputs[name]!.data.reduce((max, x) => Math.max(max, Math.abs(x)), 1e-3);
      const step = 1e-6 * largest; // about the cube root of float64's precision, in which the formula is evaluated
      return {
        derivative: (lossAt(name, direction, step) - lossAt(name, direction, -step)) / (2 * step),
        found: direction.reduce((sum, v, i) => sum + v * gradient[i]!, 0),
        typical: Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0) / 3), // deviation of Σ g v, for v uniform in [−1, 1)
      };
    });
    // Of all inputs together, since some have a gradient of 0 up to rounding: queries that see one key only.
    const size = Math.max(
      1e-9,
      ...alongDirection.flatMap(({ derivative, typical }) => [Math.abs(derivative), typical]),
    );
    const gradientErrors = alongDirection.map(({ derivative, found }) => Math.abs(found - derivative) / size);
    return { values: Math.max(...valueErrors), gradients: Math.max(0, ...gradientErrors) };
  });
}
