/** @file Routing of tokens to experts: the choice of experts, and the ways of rows to them and back. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { defineShader, EACH_ELEMENT, EACH_ROW, elementGroups, ROW_THREADS, spread, sumOf, THREADS } from '../shader.ts';
import { expectShape, type KernelArguments, type Kernels, sizeOf, tensor } from './kernel.ts';

/** A thread for each row: of equal numbers the first come first. */
const topK = defineShader({
  name: 'router top k',
  bindings: { x: 'f32', values: 'out f32', indices: 'out i32' },
  parameters: { size: 'u32', experts: 'u32', k: 'u32' },
  body: `${EACH_ELEMENT}
  let row = i * parameters.experts;
  var last = 0u;
  for (var chosen = 0u; chosen < parameters.k; chosen++) {
    var best = parameters.experts;
    for (var e = 0u; e < parameters.experts; e++) {
      // What comes behind the last one, in the order of numbers, then of places.
      let isBehind = chosen == 0u || x[row + e] < x[row + last] || (x[row + e] == x[row + last] && e > last);
      if (isBehind && (best == parameters.experts || x[row + e] > x[row + best])) { best = e; }
    }
    last = min(best, parameters.experts - 1u);
    values[i * parameters.k + chosen] = x[row + last];
    indices[i * parameters.k + chosen] = i32(last);
  }
`,
});

const topKGradient = defineShader({
  name: "router top k's gradient",
  bindings: { dValue: 'f32', indices: 'i32', dX: 'out f32' },
  parameters: { size: 'u32', experts: 'u32', k: 'u32' },
  body: `${EACH_ELEMENT}
  let row = i / parameters.experts;
  var sum = 0.0;
  for (var j = 0u; j < parameters.k; j++) {
    let place = row * parameters.k + j;
    if (u32(indices[place]) == i % parameters.experts) { sum += dValue[place]; }
  }
  dX[i] = sum;
`,
});

/** Choices that are sorted by one kernel, and not by three. */
const FEW = 256;
/** Choices that a thread goes through, one after the other: a block. Of very many, as many as make no more blocks than {@link MOST_BLOCKS}. */
const BLOCK = 64;
const MOST_BLOCKS = 1024;

/** A thread for each of `parameters.size` blocks. */
const EACH_BLOCK = `${EACH_ELEMENT}
  let end = min((i + 1u) * parameters.block, parameters.choiceCount);
`;

/** How many choices of each block are of each expert: counts[e, block]. */
const countChoices = defineShader({
  name: 'choices by expert',
  bindings: { choices: 'i32', counts: 'in-out i32' },
  parameters: { size: 'u32', block: 'u32', choiceCount: 'u32', experts: 'u32' },
  body: `${EACH_BLOCK}
  for (var e = 0u; e < parameters.experts; e++) { counts[e * parameters.size + i] = 0; }
  for (var j = i * parameters.block; j < end; j++) { counts[u32(choices[j]) * parameters.size + i]++; }
`,
});

/** Counts become the sums of those before them, where an expert's rows of a block begin. One workgroup, each thread of which has as many of them. */
const beginsOfBlocks = defineShader({
  name: 'begins of blocks by expert',
  bindings: { counts: 'in-out i32', offsets: 'out i32', load: 'out f32' },
  parameters: { size: 'u32', tokens: 'u32', experts: 'u32', blocks: 'u32' },
  declarations: `var<workgroup> sums: array<i32, ${THREADS}>;`,
  body: `
  let total = parameters.experts * parameters.blocks;
  let each = (total + ${THREADS - 1}u) / ${THREADS}u;
  let first = min(lane * each, total);
  let end = min(first + each, total);
  var sum = 0;
  for (var i = first; i < end; i++) { sum += counts[i]; }
  sums[lane] = sum;
  workgroupBarrier();
  var next = 0;
  for (var before = 0u; before < lane; before++) { next += sums[before]; }
  for (var i = first; i < end; i++) {
    let count = counts[i];
    counts[i] = next;
    next += count;
  }
  storageBarrier();
  for (var e = lane; e < parameters.experts; e += ${THREADS}u) {
    let begin = counts[e * parameters.blocks];
    var last = i32(parameters.size);
    if (e + 1u < parameters.experts) { last = counts[(e + 1u) * parameters.blocks]; }
    offsets[e] = begin;
    load[e] = f32(last - begin) / f32(parameters.tokens);
  }
  if (lane == 0u) { offsets[parameters.experts] = i32(parameters.size); }
`,
});

/** The choices of an expert in a block have slots one after the other, from where the block's begin. */
const slotsOfBlocks = defineShader({
  name: 'slots by expert',
  bindings: { choices: 'i32', begins: 'in-out i32', slots: 'out i32' },
  parameters: { size: 'u32', block: 'u32', choiceCount: 'u32' },
  body: `${EACH_BLOCK}
  for (var j = i * parameters.block; j < end; j++) {
    let place = u32(choices[j]) * parameters.size + i;
    slots[j] = begins[place];
    begins[place]++;
  }
`,
});

/** All of it for a few choices, such as those of tokens that are written: one workgroup, each thread of which has some of the experts. */
const sortFew = defineShader({
  name: 'sort by expert',
  bindings: { choices: 'i32', slots: 'out i32', offsets: 'in-out i32', load: 'out f32' },
  parameters: { size: 'u32', tokens: 'u32', experts: 'u32' },
  body: `
  for (var e = lane; e < parameters.experts; e += ${THREADS}u) {
    var count = 0;
    for (var i = 0u; i < parameters.size; i++) { count += select(0, 1, choices[i] == i32(e)); }
    offsets[e + 1u] = count;
    load[e] = f32(count) / f32(parameters.tokens);
  }
  storageBarrier();
  if (lane == 0u) {
    offsets[0] = 0;
    for (var e = 0u; e < parameters.experts; e++) { offsets[e + 1u] += offsets[e]; }
  }
  storageBarrier();
  for (var e = lane; e < parameters.experts; e += ${THREADS}u) {
    var next = offsets[e];
    for (var i = 0u; i < parameters.size; i++) {
      if (choices[i] == i32(e)) {
        slots[i] = next;
        next++;
      }
    }
  }
`,
});

/** y[slots[i, j]] = weights[i, j] · x[i] */
const toSlots = defineShader({
  name: 'rows to slots',
  bindings: { x: 'f32', slots: 'i32', weights: 'f32', y: 'out f32' },
  parameters: { size: 'u32', d: 'u32', k: 'u32', hasWeights: 'u32' },
  body: `${EACH_ELEMENT}
  let choice = i / parameters.d;
  let column = i % parameters.d;
  var value = x[choice / parameters.k * parameters.d + column];
  if (parameters.hasWeights != 0u) { value *= weights[choice]; }
  y[u32(slots[choice]) * parameters.d + column] = value;
`,
});

/** y[i] = Σ_j weights[i, j] · x[slots[i, j]] */
const fromSlots = defineShader({
  name: 'rows from slots',
  bindings: { x: 'f32', slots: 'i32', weights: 'f32', y: 'out f32' },
  parameters: { size: 'u32', d: 'u32', k: 'u32', hasWeights: 'u32' },
  body: `${EACH_ELEMENT}
  let row = i / parameters.d;
  var sum = 0.0;
  for (var choice = row * parameters.k; choice < (row + 1u) * parameters.k; choice++) {
    let value = x[u32(slots[choice]) * parameters.d + i % parameters.d];
    sum += select(value, value * weights[choice], parameters.hasWeights != 0u);
  }
  y[i] = sum;
`,
});

/** dWeights[i, j] = a[i] · b[slots[i, j]], a workgroup each. */
const slotProducts = defineShader({
  name: 'products with slots',
  bindings: { a: 'f32', b: 'f32', slots: 'i32', dWeights: 'out f32' },
  parameters: { n: 'u32', d: 'u32', k: 'u32' },
  workgroupSize: [ROW_THREADS, 1],
  declarations: sumOf(ROW_THREADS),
  body: `${EACH_ROW}
  let left = row / parameters.k * parameters.d;
  let right = u32(slots[row]) * parameters.d;
  var products = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { products = fma(a[left + j], b[right + j], products); }
  let sum = sumOf(products, lane);
  if (lane == 0u) { dWeights[row] = sum; }
`,
});

interface Routes {
  n: number;
  k: number;
  slots: TensorInfo;
  weights: TensorInfo | undefined;
}

/** slots int32 [n, k], and weights [n, k] where there are any. */
function readRoutes({ inputs }: KernelArguments): Routes {
  const [slots, weights] = [tensor(inputs, 'slots'), inputs['weights']];
  const [n, k] = slots.shape as [number, number];
  if (weights !== undefined) expectShape('weights', weights, [n, k]);
  return { n, k, slots, weights };
}

/** x [n, d] → y [n k, d] */
function dispatch(backend: KernelArguments['backend'], { n, k, slots, weights }: Routes, x: TensorInfo): TensorInfo {
  const d = x.shape[1]!;
  expectShape('x', x, [n, d]);
  const y = backend.output([n * k, d]);
  const size = sizeOf(y.shape);
  const parameters = { size, d, k, hasWeights: weights === undefined ? 0 : 1 };
  toSlots(backend, { x, slots, weights: weights ?? x, y }, parameters, elementGroups(size));
  return y;
}

/** x [n k, d] → y [n, d] */
function combine(backend: KernelArguments['backend'], { n, k, slots, weights }: Routes, x: TensorInfo): TensorInfo {
  const d = x.shape[1]!;
  expectShape('x', x, [n * k, d]);
  const y = backend.output([n, d]);
  const size = sizeOf(y.shape);
  const parameters = { size, d, k, hasWeights: weights === undefined ? 0 : 1 };
  fromSlots(backend, { x, slots, weights: weights ?? x, y }, parameters, elementGroups(size));
  return y;
}

/** a [n, d], b [n k, d] → dWeights [n, k]; none without weights */
function weightGradients(
  backend: KernelArguments['backend'],
  { n, k, slots, weights }: Routes,
  a: TensorInfo,
  b: TensorInfo,
): TensorInfo[] {
  if (weights === undefined) return [];
  const d = a.shape[1]!;
  expectShape('b', b, [n * k, d]);
  const dWeights = backend.output([n, k]);
  slotProducts(backend, { a, b, slots, dWeights }, { n: n * k, d, k }, spread(n * k));
  return [dWeights];
}

export const routingKernels: Kernels = {
  /** x [n, E] → values [n, k], indices int32 [n, k] */
  RouterTopK({ inputs, attrs, backend }) {
    const x = tensor(inputs, 'x');
    const [n, experts] = x.shape as [number, number];
    const k = attrs['k'] as number;
    if (!(k >= 1 && k <= experts)) throw new RangeError(`there are no ${k} largest of ${experts}`);
    const [values, indices] = [backend.output([n, k]), backend.makeTensorInfo([n, k], 'int32')];
    topK(backend, { x, values, indices }, { size: n, experts, k }, elementGroups(n));
    return [values, indices];
  },

  /** dValue0 [n, k], indices int32 [n, k], x [n, E] → dX [n, E] */
  RouterTopKGrad({ inputs, attrs, backend }) {
    const [dValue, indices, x] = [tensor(inputs, 'dValue0'), tensor(inputs, 'indices'), tensor(inputs, 'x')];
    const [n, experts] = x.shape as [number, number];
    const k = attrs['k'] as number;
    expectShape('dValue0', dValue, [n, k]);
    expectShape('indices', indices, [n, k]);
    const dX = backend.output(x.shape);
    const size = n * experts;
    topKGradient(backend, { dValue, indices, dX }, { size, experts, k }, elementGroups(size));
    return dX;
  },

  /** choices int32 [n, k] → slots int32 [n, k], offsets int32 [E + 1], load [E] */
  SortByExpert({ inputs, attrs, backend }) {
    const choices = tensor(inputs, 'choices');
    const experts = attrs['experts'] as number;
    const slots = backend.makeTensorInfo(choices.shape, 'int32');
    const offsets = backend.makeTensorInfo([experts + 1], 'int32');
    const load = backend.output([experts]);
    const [size, tokens] = [sizeOf(choices.shape), choices.shape[0]!];
    if (size <= FEW) {
      sortFew(backend, { choices, slots, offsets, load }, { size, tokens, experts }, [1]);
      return [slots, offsets, load];
    }
    const block = Math.max(BLOCK, Math.ceil(size / MOST_BLOCKS));
    const blocks = Math.ceil(size / block);
    const counts = backend.makeTensorInfo([experts, blocks], 'int32');
    const ofBlocks = { size: blocks, block, choiceCount: size };
    countChoices(backend, { choices, counts }, { ...ofBlocks, experts }, elementGroups(blocks));
    beginsOfBlocks(backend, { counts, offsets, load }, { size, tokens, experts, blocks }, [1]);
    slotsOfBlocks(backend, { choices, begins: counts, slots }, ofBlocks, elementGroups(blocks));
    backend.disposeData(counts.dataId);
    return [slots, offsets, load];
  },

  /** x [n, d], slots int32 [n, k], weights [n, k] or none → y [n k, d] */
  Dispatch: (args) => dispatch(args.backend, readRoutes(args), tensor(args.inputs, 'x')),

  /** dValue [n k, d], x [n, d], slots, weights or none → dX [n, d], dWeights [n, k] */
  DispatchGrad(args) {
    const [dValue, x] = [tensor(args.inputs, 'dValue'), tensor(args.inputs, 'x')];
    const routes = readRoutes(args);
    return [combine(args.backend, routes, dValue), ...weightGradients(args.backend, routes, x, dValue)];
  },

  /** x [n k, d], slots int32 [n, k], weights [n, k] or none → y [n, d] */
  Combine: (args) => combine(args.backend, readRoutes(args), tensor(args.inputs, 'x')),

  /** dValue [n, d], x [n k, d], slots, weights or none → dX [n k, d], dWeights [n, k] */
  CombineGrad(args) {
    const [dValue, x] = [tensor(args.inputs, 'dValue'), tensor(args.inputs, 'x')];
    const routes = readRoutes(args);
    return [dispatch(args.backend, routes, dValue), ...weightGradients(args.backend, routes, dValue, x)];
  },
};
