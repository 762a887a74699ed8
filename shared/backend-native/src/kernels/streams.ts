/** @file What copies of the residual stream, and per-layer embeddings, are made of: sums, magnitudes, slices by layer. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import {
  asRows,
  expectShape,
  type KernelArguments,
  type Kernels,
  shapeOfAll,
  sizeOf,
  tensor,
  tensorList,
} from './kernel.ts';

/** The inputs `name0` … of one shape, and their values. */
function listOf({ inputs, backend }: KernelArguments, name: string, count: number) {
  const tensors = tensorList(inputs, name, count);
  return { shape: shapeOfAll(name, tensors), tensors, values: tensors.map((each) => backend.floats(each)) };
}

export const streamKernels: Kernels = {
  /** other [..., d], x0 … [..., d] → y0 … [..., d] */
  MatchMagnitudes(args) {
    const { inputs, attrs, backend } = args;
    const [count, least] = [attrs['count'] as number, attrs['least'] as number];
    const other = tensor(inputs, 'other');
    const xs = listOf(args, 'x', count);
    expectShape('other', other, xs.shape);
    const { n, d } = asRows(other);
    const values = backend.floats(other);
    const ys = xs.tensors.map(() => backend.output(xs.shape));
    const results = ys.map((y) => backend.floats(y));
    backend.addon.matchMagnitudes(n, d, count, least, values, xs.values, results);
    return ys;
  },

  /** dValue0 … [..., d], other [..., d], x0 … [..., d] → dOther, dX0 … */
  MatchMagnitudesGrad(args) {
    const { inputs, attrs, backend } = args;
    const [count, least] = [attrs['count'] as number, attrs['least'] as number];
    const other = tensor(inputs, 'other');
    const [xs, dValues] = [listOf(args, 'x', count), listOf(args, 'dValue', count)];
    expectShape('dValue0', dValues.tensors[0]!, xs.shape);
    const { n, d } = asRows(other);
    const values = backend.floats(other);
    const dOther = backend.output(other.shape);
    const dXs = xs.tensors.map(() => backend.output(xs.shape));
    const [dOtherValues, results] = [backend.floats(dOther), dXs.map((dX) => backend.floats(dX))];
    backend.addon.matchMagnitudesGradient(n, d, count, least, dValues.values, values, xs.values, dOtherValues, results);
    return [dOther, ...dXs];
  },

  /** a, b [..., layers · p] → y0 … [..., p] */
  SumLayerSlices({ inputs, attrs, backend }) {
    const [a, b] = [tensor(inputs, 'a'), tensor(inputs, 'b')];
    expectShape('b', b, a.shape);
    const layers = attrs['layers'] as number;
    const { n, d } = asRows(a);
    const [p, factorA, factorB] = [d / layers, attrs['factorA'] as number, attrs['factorB'] as number];
    const values = [backend.floats(a), factorA, backend.floats(b), factorB] as const;
    const ys = Array.from({ length: layers }, () => backend.output([...a.shape.slice(0, -1), p]));
    const results = ys.map((y) => backend.floats(y));
    backend.addon.sumLayerSlices(n, layers, p, ...values, results);
    return ys;
  },

  /** dValue0 … [..., p] → dA, dB [..., layers · p] */
  SumLayerSlicesGrad(args) {
    const { attrs, backend } = args;
    const layers = attrs['layers'] as number;
    const dValues = listOf(args, 'dValue', layers);
    const { n, d: p } = asRows(dValues.tensors[0]!);
    const shape = [...dValues.shape.slice(0, -1), layers * p];
    const factors = [attrs['factorA'] as number, attrs['factorB'] as number] as const;
    const [dA, dB] = [backend.output(shape), backend.output(shape)];
    const results = [backend.floats(dA), backend.floats(dB)] as const;
    backend.addon.sumLayerSlicesGradient(n, layers, p, dValues.values, ...factors, ...results);
    return [dA, dB];
  },

  /** x0 … of one shape → y */
  ScaledSum(args) {
    const { attrs, backend } = args;
    const xs = listOf(args, 'x', attrs['count'] as number);
    const y = backend.output(xs.shape);
    backend.addon.scaledSum(
      sizeOf(xs.shape),
      xs.values.length,
      xs.values,
      attrs['factor'] as number,
      backend.floats(y),
    );
    return y;
  },

  /** dValue → dX0 …, which share memory */
  ScaledSumGrad({ inputs, attrs, backend }) {
    const dValue = tensor(inputs, 'dValue');
    const { shape } = dValue;
    const values = backend.floats(dValue);
    const dX = backend.output(shape);
    backend.addon.scale(sizeOf(shape), values, attrs['factor'] as number, backend.floats(dX));
    return sharedBy(attrs['count'] as number, dX, backend);
  },

  /** addition, x0 … of one shape → y0 … */
  AddToEach(args) {
    const { inputs, attrs, backend } = args;
    const addition = tensor(inputs, 'addition');
    const xs = listOf(args, 'x', attrs['count'] as number);
    expectShape('addition', addition, xs.shape);
    const values = backend.floats(addition);
    return xs.values.map((x) => {
      const y = backend.output(xs.shape);
      backend.addon.add(sizeOf(xs.shape), x, values, backend.floats(y));
      return y;
    });
  },

  /** dValue0 … → dAddition, and dX0 …, which are the dValues */
  AddToEachGrad(args) {
    const { attrs, backend } = args;
    const { shape, tensors, values } = listOf(args, 'dValue', attrs['count'] as number);
    const dAddition = backend.output(shape);
    backend.addon.scaledSum(sizeOf(shape), values.length, values, 1, backend.floats(dAddition));
    return [dAddition, ...tensors.map((dValue) => backend.share(dValue, shape))];
  },
};

function sharedBy(count: number, x: TensorInfo, backend: KernelArguments['backend']): TensorInfo[] {
  return Array.from({ length: count }, (_, i) => (i === 0 ? x : backend.share(x, x.shape)));
}
