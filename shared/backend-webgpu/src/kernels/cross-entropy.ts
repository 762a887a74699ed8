/** @file Cross-entropy of a linear output layer, whose logits never exist all at once. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from '../backend.ts';
import { NUMBERS } from '../numbers.ts';
import { multiply } from '../products.ts';
import { defineShader, EACH_ELEMENT, elementGroups, maxOf, ROW_THREADS, spread, sumOf, THREADS } from '../shader.ts';
import { expectShape, type KernelArguments, type Kernels, sizeOf, tensor } from './kernel.ts';

/** Logits that exist at a time, at most (of a row at least). */
const MOST_LOGITS = 2 ** 22;

/** The number of targets that count, at least 1. */
const countTargets = defineShader({
  name: 'count targets',
  bindings: { targets: 'i32', count: 'out f32' },
  parameters: { n: 'u32' },
  declarations: sumOf(THREADS),
  body: `
  var sum = 0.0;
  for (var i = lane; i < parameters.n; i += ${THREADS}u) { sum += select(0.0, 1.0, targets[i] >= 0); }
  let total = sumOf(sum, lane);
  if (lane == 0u) { count[0] = max(total, 1.0); }
`,
});

/**
 * Gradients by logits are this much larger while they are factors of products. They are at most 1 otherwise, and those of the many tokens that are not the
 * target about 1 / V; divided by the number of targets, as those of a mean are, they would be less than the numbers of 16 bits tell apart. Whole powers
 * of two change no bit of float32.
 */
const MAGNIFIED = 256;

/** A row's loss, and in place of its products z the gradients by them of the sum of losses, {@link MAGNIFIED}, and without the products' scale. */
const makeRowLosses = (threads: number) =>
  defineShader({
    name: `row losses, ${threads}`,
    bindings: { products: 'in-out f32', targets: 'i32', losses: 'in-out f32' },
    parameters: { first: 'u32', n: 'u32', vocabulary: 'u32', scale: 'f32', softCap: 'f32', hasGradient: 'u32' },
    workgroupSize: [threads, 1],
    declarations: `${NUMBERS}${sumOf(threads)}${maxOf(threads)}
fn logitOf(product: f32) -> f32 {
  if (parameters.softCap == 0.0) { return product * parameters.scale; }
  return softCapped(product * parameters.scale, parameters.softCap);
}
`,
    body: `
  let row = group.x + group.y * groups.x;
  if (row >= parameters.n) { return; }
  let begin = row * parameters.vocabulary;
  let id = targets[parameters.first + row];
  var largest = -3.4e38;
  for (var j = lane; j < parameters.vocabulary; j += ${threads}u) { largest = max(largest, logitOf(products[begin + j])); }
  let top = maxOf(largest, lane);
  var sum = 0.0;
  for (var j = lane; j < parameters.vocabulary; j += ${threads}u) { sum += expOf(logitOf(products[begin + j]) - top); }
  let denominator = sumOf(sum, lane);
  if (lane == 0u) {
    losses[parameters.first + row] = 0.0;
    if (id >= 0) { losses[parameters.first + row] = logOf(denominator) + top - logitOf(products[begin + u32(max(id, 0))]); }
  }
  if (parameters.hasGradient == 0u) { return; }
  storageBarrier(); // the target's product is still there
  workgroupBarrier();
  let magnified = select(0.0, ${MAGNIFIED}.0, id >= 0);
  for (var j = lane; j < parameters.vocabulary; j += ${threads}u) {
    let logit = logitOf(products[begin + j]);
    var slope = magnified;
    if (parameters.softCap != 0.0) { slope *= 1.0 - (logit / parameters.softCap) * (logit / parameters.softCap); }
    let probability = expOf(logit - top) / denominator;
    products[begin + j] = (probability - select(0.0, 1.0, i32(j) == id)) * slope;
  }
`,
  });

/** Rows of few logits leave most of many threads without work. */
const ofShortRows = makeRowLosses(ROW_THREADS);
const ofLongRows = makeRowLosses(THREADS);
const LONG_ROW = 4096;

const meanLoss = defineShader({
  name: 'mean loss',
  bindings: { losses: 'f32', count: 'f32', loss: 'out f32' },
  parameters: { n: 'u32' },
  declarations: sumOf(THREADS),
  body: `
  var sum = 0.0;
  for (var i = lane; i < parameters.n; i += ${THREADS}u) { sum += losses[i]; }
  let total = sumOf(sum, lane);
  if (lane == 0u) { loss[0] = total / count[0]; }
`,
});

/** Of gradients of the magnified sum, those of the mean. */
const makeMean = defineShader({
  name: 'gradients of the mean',
  bindings: { gradient: 'in-out f32', count: 'f32' },
  parameters: { size: 'u32', factor: 'f32' },
  body: `${EACH_ELEMENT} gradient[i] *= parameters.factor / count[0];`,
});

const timesScalar = defineShader({
  name: 'times a scalar',
  bindings: { x: 'f32', factor: 'f32', y: 'out f32' },
  parameters: { size: 'u32' },
  body: `${EACH_ELEMENT} y[i] = x[i] * factor[0];`,
});

/** An output layer, and the rows that have targets. */
export interface OutputLayer {
  /** int32 [n]. */
  targets: TensorInfo;
  n: number;
  vocabulary: number;
  /** What becomes of products before they are logits. */
  scale: number;
  softCap: number;
  /** Fills products [rows, V] of the rows from `first` on. */
  multiply(products: TensorInfo, first: number, rows: number): void;
}

/** Each row's loss, [n]; `eachChunk` sees the gradients by the products of rows from `first` on, [rows, V]. */
export function tokenLosses(
  backend: WebGpuBackend,
  { targets, n, vocabulary, scale, softCap, multiply: fill }: OutputLayer,
  eachChunk?: (dProducts: TensorInfo, first: number, rows: number) => void,
): TensorInfo {
  const losses = backend.output([n]);
  const most = Math.max(1, Math.min(n, Math.floor(MOST_LOGITS / vocabulary)));
  const options = { scale, softCap, hasGradient: eachChunk === undefined ? 0 : 1 };
  for (let first = 0; first < n; first += most) {
    const rows = Math.min(most, n - first);
    const products = backend.output([rows, vocabulary]);
    fill(products, first, rows);
    const rowLosses = vocabulary < LONG_ROW ? ofShortRows : ofLongRows;
    rowLosses(backend, { products, targets, losses }, { first, n: rows, vocabulary, ...options }, spread(rows));
    eachChunk?.(products, first, rows);
    backend.disposeData(products.dataId);
  }
  return losses;
}

/**
 * The mean loss, a scalar.
 *
 * @param addChunk computes the gradients of rows from `first` on, from those by their products [rows, V]
 * @param gradients what that makes altogether; they become those of the mean loss
 */
export function meanLossOf(
  backend: WebGpuBackend,
  layer: OutputLayer,
  addChunk: (dProducts: TensorInfo, first: number, rows: number) => void,
  gradients: readonly TensorInfo[],
): TensorInfo {
  const { n, targets, scale } = layer;
  const losses = tokenLosses(backend, layer, addChunk);
  const [count, loss] = [backend.output([]), backend.output([])];
  countTargets(backend, { targets, count }, { n }, [1]);
  meanLoss(backend, { losses, count, loss }, { n }, [1]);
  for (const gradient of gradients) {
    const size = sizeOf(gradient.shape);
    makeMean(backend, { gradient, count }, { size, factor: scale / MAGNIFIED }, elementGroups(size));
  }
  for (const each of [losses, count]) backend.disposeData(each.dataId);
  return loss;
}

function readInputs({ inputs, attrs, backend }: KernelArguments) {
  const [x, weight, targets] = [tensor(inputs, 'x'), tensor(inputs, 'weight'), tensor(inputs, 'targets')];
  const [n, d] = x.shape as [number, number];
  const vocabulary = weight.shape[0]!;
  expectShape('weight', weight, [vocabulary, d]);
  expectShape('targets', targets, [n]);
  const layer: OutputLayer = {
    targets,
    n,
    vocabulary,
    scale: attrs['scale'] as number,
    softCap: attrs['softCap'] as number,
    multiply(y, first, rows) {
      const sizes = { m: rows, n: vocabulary, k: d, aFirst: first * d };
      multiply(backend, { a: x, b: weight, y, ...sizes, transposeB: true });
    },
  };
  return { x, weight, d, layer };
}

export const crossEntropyKernels: Kernels = {
  /** x [n, d], weight [V, d], targets int32 [n], each in [−1, V) → losses [n] */
  TokenLosses: (args) => tokenLosses(args.backend, readInputs(args).layer),

  /** As above → the mean loss, and already its gradients dX [n, d] and dWeight [V, d] */
  LinearCrossEntropy(args) {
    const { backend } = args;
    const { x, weight, d, layer } = readInputs(args);
    const [dX, dWeight] = [backend.output(x.shape), backend.output(weight.shape)];
    const k = layer.vocabulary;
    const addChunk = (dProducts: TensorInfo, first: number, rows: number): void => {
      multiply(backend, { a: dProducts, b: weight, y: dX, m: rows, n: d, k, yFirst: first * d });
      const ofWeight = { a: dProducts, b: x, y: dWeight, m: k, n: d, k: rows, bFirst: first * d };
      multiply(backend, { ...ofWeight, transposeA: true, accumulate: first > 0 });
    };
    const loss = meanLossOf(backend, layer, addChunk, [dX, dWeight]);
    return [loss, dX, dWeight];
  },

  /** dValue [], residual0 = dX, residual1 = dWeight → both times dValue */
  LinearCrossEntropyGrad({ inputs, backend }) {
    const dValue = tensor(inputs, 'dValue');
    expectShape('dValue', dValue, []);
    return [tensor(inputs, 'residual0'), tensor(inputs, 'residual1')].map((x) => {
      const y = backend.output(x.shape);
      const size = sizeOf(x.shape);
      timesScalar(backend, { x, factor: dValue, y }, { size }, elementGroups(size));
      return y;
    });
  },
};
