import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import {
  adamW,
  attention,
  embedding,
  gatedFeedForward,
  geglu,
  globalNorm,
  groupedLinears,
  layerNorm,
  linear,
  linearAdd,
  linearCrossEntropy,
  linears,
  rmsNorm,
  rmsNormResidual,
  rope,
  ropeFrequencies,
  positionsFrom,
  ropeTables,
  swiglu,
  tokenLosses,
} from './index.ts';

type KernelCall = { inputs: string[]; attributes: unknown };

/** Registers a kernel for a backend; returns the list of its calls. */
function register(
  backendName: string,
  kernelName: string,
  kernel: (inputs: tf.NamedTensorMap) => tf.Tensor[],
): KernelCall[] {
  const calls: KernelCall[] = [];
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      calls.push({ inputs: Object.keys(inputs), attributes: attrs });
      return kernel(inputs as tf.NamedTensorMap);
    },
  });
  return calls;
}

/** A new backend with the kernels of `cpu`, to which kernels can be added. */
async function addBackend(name: string): Promise<void> {
  await useBackend('cpu');
  tf.copyRegisteredKernels('cpu', name);
  tf.registerBackend(name, () => tf.findBackend('cpu') as tf.KernelBackend);
  await tf.setBackend(name);
}

describe('a backend that registers kernels of its own', () => {
  beforeAll(() => addBackend('fused'));

  test('replaces an operation and its gradient, and hands residuals from one to the other', () => {
    const norm = (...[x, weight]: tf.Tensor[]) => rmsNorm(x!, weight!, { epsilon: 0.5 });
    const calls = register('fused', 'RmsNorm', ({ x, weight }) => [tf.mul(x!, weight!), tf.scalar(7)]);
    register('fused', 'RmsNormGrad', ({ dValue, x, weight, residual0 }) => [
      tf.mul(dValue!, residual0!),
      tf.sum(tf.mul(x!, weight!), 0),
    ]);
    const [x, weight] = [tf.tensor2d([[1, 2], [3, 4]]), tf.tensor1d([10, 100])]; // prettier-ignore

    expect(norm(x, weight).arraySync()).toEqual([[10, 200], [30, 400]]); // prettier-ignore
    expect(calls).toEqual([{ inputs: ['x', 'weight'], attributes: { epsilon: 0.5, unitOffset: false } }]);
    const [dX, dWeight] = tf.grads(norm)([x, weight], tf.tensor2d([[1, 2], [3, 4]])); // prettier-ignore
    expect(dX!.arraySync()).toEqual([[7, 14], [21, 28]]); // prettier-ignore
    expect(dWeight!.arraySync()).toEqual([40, 600]);
  });

  test('replaces kernels without a gradient', () => {
    const norms = register('fused', 'GlobalNorm', () => [tf.scalar(9)]);
    expect(globalNorm([tf.ones([2]), tf.ones([3])]).dataSync()[0]).toBe(9);
    expect(norms).toEqual([{ inputs: ['x0', 'x1'], attributes: { count: 2 } }]);

    // Updates nothing, and returns the same memory, as one that updates in place.
    const updates = register('fused', 'AdamW', ({ parameter0, firstMoment0, secondMoment0 }) =>
      [parameter0!, firstMoment0!, secondMoment0!].map((x) => tf.clone(x)),
    );
    const states = [{ parameter: tf.tensor1d([5]), firstMoment: tf.zeros([1]), secondMoment: tf.ones([1]) }];
    const options = { learningRate: 1, beta1: 0.9, beta2: 0.8, epsilon: 1e-8, step: 3, gradientScale: 0.5 };
    const [state] = adamW(states, [tf.ones([1])], { ...options, weightDecays: [0.25] });
    expect(updates).toEqual([
      {
        inputs: ['parameter0', 'gradient0', 'firstMoment0', 'secondMoment0'],
        attributes: { ...options, weightDecays: [0.25], count: 1 },
      },
    ]);
    expect(state!.parameter.arraySync()).toEqual([5]);
    expect(state!.secondMoment.arraySync()).toEqual([1]);
  });

  test('may not replace an operation without its gradient', () => {
    register('fused', 'Swiglu', ({ gate }) => [tf.clone(gate!)]);
    expect(() => swiglu(tf.ones([1]), tf.ones([1]))).toThrow(/must register both Swiglu and SwigluGrad/);
  });
});

const tables = () => ropeTables({ positions: positionsFrom(0, 3), frequencies: ropeFrequencies(4, 10) });

/** Every operation: its inputs' shapes, how to call it, how many values and residuals a kernel returns, and what its gradient gets. */
const contracts: {
  name: string;
  shapes: number[][];
  run: (...inputs: tf.Tensor[]) => tf.Tensor;
  values?: number[][];
  residuals: number;
  gradientInputs: string[];
  attributes?: object;
}[] = [
  {
    name: 'RmsNorm',
    shapes: [[2, 3], [3]],
    run: (x, weight) => rmsNorm(x!, weight!, { epsilon: 1 }),
    residuals: 1,
    gradientInputs: ['dValue', 'x', 'weight', 'residual0'],
    attributes: { epsilon: 1, unitOffset: false },
  },
  {
    name: 'Rope',
    shapes: [[1, 3, 2, 4]],
    run: (x) => rope(x!, tables().cos, tables().sin),
    residuals: 0,
    gradientInputs: ['dValue', 'cos', 'sin'],
    attributes: { interleaved: false },
  },
  {
    name: 'Attention',
    shapes: [
      [1, 2, 2, 4],
      [1, 3, 1, 4],
      [1, 3, 1, 4],
    ],
    run: (q, k, v) => attention(q!, k!, v!, { scale: 2, chunk: 2 }),
    residuals: 1,
    gradientInputs: ['dValue', 'q', 'k', 'v', 'value', 'residual0'],
    attributes: { scale: 2, window: 0, chunk: 2, softCap: 0, interleaved: false },
  },
  {
    name: 'LinearAdd',
    shapes: [
      [2, 3],
      [4, 3],
      [2, 4],
    ],
    run: (x, weight, residual) => linearAdd(x!, weight!, residual!),
    values: [[2, 4]],
    residuals: 0,
    gradientInputs: ['dValue', 'x', 'weight'],
  },
  {
    name: 'GatedFeedForward',
    shapes: [
      [2, 3],
      [5, 3],
      [5, 3],
      [3, 5],
      [2, 3],
    ],
    run: (x, gate, up, down, residual) =>
      gatedFeedForward(x!, { gate: gate!, up: up!, down: down! }, { activation: 'silu', residual }),
    residuals: 2,
    gradientInputs: ['dValue', 'x', 'gate', 'up', 'down', 'residual0', 'residual1'],
    attributes: { activation: 'silu', hasResidual: true },
  },
  {
    name: 'RmsNormResidual',
    shapes: [[2, 3], [3]],
    run: (x, weight) => rmsNormResidual(x!, weight!, { epsilon: 1 }).normed,
    values: [
      [2, 3],
      [2, 3],
    ],
    residuals: 1,
    gradientInputs: ['dValue0', 'dValue1', 'x', 'weight', 'residual0'],
    attributes: { epsilon: 1, unitOffset: false },
  },
  {
    name: 'Linear',
    shapes: [
      [2, 3],
      [4, 3],
      [5, 3],
    ],
    run: (x, ...weights) => linears(x!, weights)[1]!,
    values: [
      [2, 4],
      [2, 5],
    ],
    residuals: 0,
    gradientInputs: ['dValue0', 'dValue1', 'x', 'weight0', 'weight1'],
    attributes: { count: 2, headDim: 0 },
  },
  {
    name: 'LayerNorm',
    shapes: [[2, 3], [3]],
    run: (x, weight) => layerNorm(x!, weight!, { epsilon: 1 }),
    residuals: 2,
    gradientInputs: ['dValue', 'x', 'weight', 'residual0', 'residual1'],
    attributes: { epsilon: 1 },
  },
  {
    name: 'GroupedLinear',
    shapes: [
      [2, 3],
      [4, 5, 3],
    ],
    run: (x, weight) => groupedLinears(x!, [weight!], tf.tensor1d([0, 0, 2, 2, 2], 'int32'))[0]!,
    values: [[2, 5]],
    residuals: 0,
    gradientInputs: ['dValue0', 'x', 'offsets', 'weight0'],
    attributes: { count: 1 },
  },
  ...[swiglu, geglu].map((gate) => ({
    name: gate === swiglu ? 'Swiglu' : 'Geglu',
    shapes: [[2], [2]],
    run: (...[a, b]: tf.Tensor[]) => gate(a!, b!),
    residuals: 0,
    gradientInputs: ['dValue', 'gate', 'up'],
  })),
  {
    name: 'Embedding',
    shapes: [[4, 2]],
    run: (weight) => embedding(weight!, tf.tensor2d([[1, 2]], undefined, 'int32')),
    values: [[1, 2, 2]],
    residuals: 0,
    gradientInputs: ['dValue', 'weight', 'ids'],
  },
  {
    name: 'LinearCrossEntropy',
    shapes: [
      [2, 3],
      [4, 3],
    ],
    run: (x, weight) => linearCrossEntropy(x!, weight!, tf.tensor1d([1, 2], 'int32')),
    values: [[]],
    residuals: 2,
    gradientInputs: ['dValue', 'residual0', 'residual1'],
    attributes: { scale: 1, softCap: 0 },
  },
];

describe('the gradient kernel', () => {
  beforeAll(() => addBackend('contracts'));

  test.each(contracts)(
    'of $name gets $gradientInputs, and only these are kept for it',
    ({ name, shapes, run, values = [shapes[0]!], residuals, gradientInputs, attributes = {} }) => {
      register('contracts', name, () => [
        ...values.map((shape) => tf.zeros(shape)),
        ...Array.from({ length: residuals }, () => tf.zeros([3])),
      ]);
      const calls = register('contracts', `${name}Grad`, () => shapes.map((shape) => tf.zeros(shape)));
      let kept = 0;
      const inputs = shapes.map((shape) => tf.ones(shape));
      tf.grads((...xs: tf.Tensor[]) => {
        const before = tf.memory().numTensors;
        const value = tf.tidy(() => run(...xs));
        kept = tf.memory().numTensors - before - 1;
        return value;
      })(inputs);
      expect(calls).toEqual([{ inputs: gradientInputs, attributes }]);
      expect(kept).toBe(gradientInputs.filter((input) => !input.startsWith('dValue')).length);
    },
  );
});

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('a training step of all operations leaves no tensors behind', () => {
    const weight = tf.randomUniform([6, 4], -1, 1, 'float32', 1);
    const gain = tf.ones([4]);
    const ids = tf.tensor2d([1, 2, 3], [1, 3], 'int32');
    const targets = tf.tensor1d([2, -1, 5], 'int32');
    const hidden = (w: tf.Tensor, g: tf.Tensor) =>
      tf.tidy(() => {
        const { cos, sin } = ropeTables({ positions: positionsFrom(0, 3), frequencies: ropeFrequencies(2, 100) });
        const x = rmsNorm(embedding(w, ids), g, { epsilon: 1e-5 }); // [1, 3, 4]
        const heads = rope(tf.reshape(x, [1, 3, 2, 2]), cos, sin);
        const attended = tf.reshape(attention(heads, heads, heads, { scale: 1 }), [1, 3, 4]);
        const projected = linear(tf.add(x, attended), w); // [1, 3, 6]
        const gated = tf.add(swiglu(projected, projected), geglu(projected, projected));
        return tf.reshape(linear(gated, tf.reshape(w, [4, 6])), [3, 4]);
      });
    const step = () =>
      tf.tidy(() => {
        const lossOf = (...[w, g]: tf.Tensor[]) => linearCrossEntropy(hidden(w!, g!), w!, targets) as tf.Scalar;
        const { grads } = tf.valueAndGrads(lossOf)([weight, gain]);
        globalNorm(grads);
        const state = { parameter: tf.clone(weight), firstMoment: tf.zeros([6, 4]), secondMoment: tf.zeros([6, 4]) };
        const options = { learningRate: 1, beta1: 0.9, beta2: 0.9, epsilon: 1e-8, step: 1, gradientScale: 0.5 };
        adamW([state], [grads[0]!], { ...options, weightDecays: [0] });
        tokenLosses(hidden(weight, gain), weight, targets);
      });
    step();
    const before = { ...tf.memory(), dataIds: tf.backend().numDataIds() };
    for (let i = 0; i < 3; i++) step();
    expect({ ...tf.memory(), dataIds: tf.backend().numDataIds() }).toEqual(before);
  });

  test('kernels run outside of a tidy leave nothing but their results', () => {
    const [x, weight] = [tf.ones([2, 4]), tf.ones([3, 4])];
    const before = tf.memory().numTensors;
    linear(x, weight);
    attention(tf.ones([1, 2, 2, 2]), tf.ones([1, 2, 1, 2]), tf.ones([1, 2, 1, 2]), { scale: 1 });
    expect(tf.memory().numTensors).toBe(before + 2 + 3); // two results, three inputs
  });
});
