/**
 * @file Attention that keeps no scores (FlashAttention-2, Dao 2023, https://arxiv.org/abs/2307.08691): the gradient computes them again from the
 * logarithms of the softmax's denominators. A thread has a query, or a key; those that it meets come by tiles that its workgroup shares.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { NUMBERS } from '../numbers.ts';
import { defineShader, EACH_ELEMENT, elementGroups } from '../shader.ts';
import { expectShape, type KernelArguments, type Kernels, tensor } from './kernel.ts';
import { turn } from './rope.ts';

/** Threads of a workgroup, each with a query or a key of its own. */
const ROWS = 64;
/** Bytes of workgroup memory that WebGPU guarantees. */
const WORKGROUP_BYTES = 16_384;

/** What shaders are made for: the rest are parameters. */
interface Variant {
  headDim: number;
  hasDocuments: boolean;
  hasMask: boolean;
  /** Where the mask begins among what says what is seen. */
  firstOfMask: number;
}

const PARAMETERS = {
  b: 'u32',
  s: 'u32',
  sKv: 'u32',
  heads: 'u32',
  kvHeads: 'u32',
  window: 'u32',
  chunk: 'u32',
  maskSide: 'u32',
  scale: 'f32',
  softCap: 'f32',
} as const;

type Parameters = keyof typeof PARAMETERS;

/** Rows of keys and of values, or of queries and of gradients, that fit into a workgroup's memory. */
const tileOf = (headDim: number): number => Math.max(1, Math.min(32, Math.floor(WORKGROUP_BYTES / 4 / 2 / headDim)));

/** Which keys a query sees, and what becomes of a product of the two. Positions are absolute. */
const declarationsOf = ({ headDim, hasDocuments, hasMask, firstOfMask }: Variant): string => `${NUMBERS}
const HEAD = ${headDim}u;
const TILE = ${tileOf(headDim)}u;
${hasMask ? `const MASK = ${firstOfMask}u;` : ''}
fn documentAt(sequence: u32, position: u32) -> u32 {
  ${hasDocuments ? 'return u32(seen[sequence * parameters.sKv + position]);' : 'return 0u;'}
}
fn isSeen(sequence: u32, query: u32, key: u32) -> bool {
  let begin = documentAt(sequence, query);
  ${
    hasMask
      ? `
  if (documentAt(sequence, key) != begin) { return false; }
  let row = query - begin;
  let column = key - begin;
  let entry = seen[MASK + row / 64u * parameters.maskSide + column / 64u];
  if (entry < 2) { return entry == 1; }
  let word = seen[MASK + parameters.maskSide * parameters.maskSide + u32(entry - 2) * 128u + 2u * (row % 64u) + column % 64u / 32u];
  return ((u32(word) >> (column % 32u)) & 1u) == 1u;`
      : `
  if (key > query || key < begin) { return false; }
  if (parameters.window != 0u && query - key >= parameters.window) { return false; }
  return parameters.chunk == 0u || key >= query - query % parameters.chunk;`
  }
}
/** Keys from the first to before the last are all that the queries from \`first\` to \`last\` may see. */
fn firstKey(sequence: u32, first: u32) -> u32 {
  ${
    hasMask
      ? 'return documentAt(sequence, first);'
      : `
  var key = documentAt(sequence, first);
  if (parameters.window != 0u && first + 1u > parameters.window) { key = max(key, first + 1u - parameters.window); }
  if (parameters.chunk != 0u) { key = max(key, first - first % parameters.chunk); }
  return key;`
  }
}
fn endOfKeys(last: u32) -> u32 { return ${hasMask ? 'parameters.sKv' : 'last + 1u'}; }
fn capped(score: f32) -> f32 {
  if (parameters.softCap == 0.0) { return score; }
  return softCapped(score, parameters.softCap);
}
/** Of the capped score. */
fn slopeOf(value: f32) -> f32 {
  if (parameters.softCap == 0.0) { return 1.0; }
  return 1.0 - (value / parameters.softCap) * (value / parameters.softCap);
}
`;

/** What a query sees, where that is more than window and chunks: documents' offsets, then a mask's table and bitmaps. Devices bind few buffers at once. */
const seenBinding = ({ hasDocuments, hasMask }: Variant): Record<'seen', 'i32'> =>
  (hasDocuments || hasMask ? { seen: 'i32' } : {}) as Record<'seen', 'i32'>;

const joinIntegers = defineShader({
  name: 'join integers',
  bindings: { x: 'i32', y: 'in-out i32' },
  parameters: { size: 'u32', first: 'u32' },
  body: `${EACH_ELEMENT} y[parameters.first + i] = x[i];`,
});

/** Begin of a body with a thread for each query of a head of a sequence; workgroups are [queries / ROWS, heads, b]. */
const EACH_QUERY = `
  let head = group.y;
  let sequence = group.z;
  let kvHead = head / (parameters.heads / parameters.kvHeads);
  let query = group.x * ${ROWS}u + lane;
  let isThere = query < parameters.s;
  let position = min(query, parameters.s - 1u) + parameters.sKv - parameters.s;
  let row = ((sequence * parameters.s + min(query, parameters.s - 1u)) * parameters.heads + head) * HEAD;
  let place = (sequence * parameters.heads + head) * parameters.s + min(query, parameters.s - 1u);
  let firstPosition = group.x * ${ROWS}u + parameters.sKv - parameters.s;
  let lastPosition = min(group.x * ${ROWS}u + ${ROWS - 1}u, parameters.s - 1u) + parameters.sKv - parameters.s;
  let begin = firstKey(sequence, firstPosition);
  let end = endOfKeys(lastPosition);
`;

/** Loads the next tile of keys and values, from `first` on. */
const LOAD_KEYS = `
    workgroupBarrier();
    for (var part = lane; part < TILE * HEAD; part += ${ROWS}u) {
      let key = first + part / HEAD;
      var place = 0u;
      if (key < parameters.sKv) { place = ((sequence * parameters.sKv + key) * parameters.kvHeads + kvHead) * HEAD + part % HEAD; }
      tileA[part] = k[place];
      tileB[part] = v[place];
    }
    workgroupBarrier();
`;

const tiles = ({ headDim }: Variant): string => `
var<workgroup> tileA: array<f32, ${tileOf(headDim) * headDim}>;
var<workgroup> tileB: array<f32, ${tileOf(headDim) * headDim}>;
`;

const makeForward = (variant: Variant) =>
  defineShader({
    name: `attention ${JSON.stringify(variant)}`,
    bindings: { q: 'f32', k: 'f32', v: 'f32', ...seenBinding(variant), out: 'out f32', logSumExp: 'out f32' },
    parameters: PARAMETERS,
    workgroupSize: [ROWS, 1],
    declarations: declarationsOf(variant) + tiles(variant),
    body: `${EACH_QUERY}
  var own: array<f32, HEAD>;
  var sum: array<f32, HEAD>;
  for (var i = 0u; i < HEAD; i++) { own[i] = q[row + i]; sum[i] = 0.0; }
  var largest = -3.4e38;
  var denominator = 0.0;
  var seesAny = false;
  for (var first = begin; first < end; first += TILE) {${LOAD_KEYS}
    for (var j = 0u; j < TILE && first + j < end; j++) {
      if (!isSeen(sequence, position, first + j)) { continue; }
      var product = 0.0;
      for (var i = 0u; i < HEAD; i++) { product = fma(own[i], tileA[j * HEAD + i], product); }
      let score = capped(product * parameters.scale);
      seesAny = true;
      if (score > largest) {
        let shrink = expOf(largest - score);
        denominator *= shrink;
        for (var i = 0u; i < HEAD; i++) { sum[i] *= shrink; }
        largest = score;
      }
      let weight = expOf(score - largest);
      denominator += weight;
      for (var i = 0u; i < HEAD; i++) { sum[i] = fma(weight, tileB[j * HEAD + i], sum[i]); }
    }
  }
  if (!isThere) { return; }
  let inverse = select(0.0, 1.0 / denominator, seesAny);
  for (var i = 0u; i < HEAD; i++) { out[row + i] = sum[i] * inverse; }
  logSumExp[place] = select(0.0, logOf(denominator) + largest, seesAny);
`,
  });

/** Of each query, the logarithm of its denominator and Σ_j p_j dL/dp_j, which is the product of its value and that's gradient. */
const statisticsShader = defineShader({
  name: "attention's statistics",
  bindings: { dOut: 'f32', out: 'f32', logSumExp: 'f32', statistics: 'out vec2f' },
  parameters: { size: 'u32', s: 'u32', heads: 'u32', headDim: 'u32' },
  body: `${EACH_ELEMENT}
  let query = i % parameters.s;
  let head = i / parameters.s % parameters.heads;
  let sequence = i / (parameters.s * parameters.heads);
  let row = ((sequence * parameters.s + query) * parameters.heads + head) * parameters.headDim;
  var sum = 0.0;
  for (var j = 0u; j < parameters.headDim; j++) { sum = fma(dOut[row + j], out[row + j], sum); }
  statistics[i] = vec2f(logSumExp[i], sum);
`,
});

/** What both gradients read. */
const gradientInputs = (variant: Variant) =>
  ({ q: 'f32', k: 'f32', v: 'f32', ...seenBinding(variant), dOut: 'f32', statistics: 'vec2f' }) as const;

const makeQueryGradient = (variant: Variant) =>
  defineShader({
    name: `attention's gradient by queries ${JSON.stringify(variant)}`,
    bindings: {
      ...gradientInputs(variant),
      dQ: 'out f32',
    },
    parameters: PARAMETERS,
    workgroupSize: [ROWS, 1],
    declarations: declarationsOf(variant) + tiles(variant),
    body: `${EACH_QUERY}
  var own: array<f32, HEAD>;
  var dOwn: array<f32, HEAD>;
  var sum: array<f32, HEAD>;
  for (var i = 0u; i < HEAD; i++) { own[i] = q[row + i]; dOwn[i] = dOut[row + i]; sum[i] = 0.0; }
  let normalizer = statistics[place].x;
  let projection = statistics[place].y;
  for (var first = begin; first < end; first += TILE) {${LOAD_KEYS}
    for (var j = 0u; j < TILE && first + j < end; j++) {
      if (!isSeen(sequence, position, first + j)) { continue; }
      var product = 0.0;
      var dProbability = 0.0;
      for (var i = 0u; i < HEAD; i++) {
        product = fma(own[i], tileA[j * HEAD + i], product);
        dProbability = fma(dOwn[i], tileB[j * HEAD + i], dProbability);
      }
      let score = capped(product * parameters.scale);
      let change = expOf(score - normalizer) * (dProbability - projection) * slopeOf(score) * parameters.scale;
      for (var i = 0u; i < HEAD; i++) { sum[i] = fma(change, tileA[j * HEAD + i], sum[i]); }
    }
  }
  if (!isThere) { return; }
  for (var i = 0u; i < HEAD; i++) { dQ[row + i] = sum[i]; }
`,
  });

/** A thread for each key of a head of a sequence, which meets the queries of all heads that share it; workgroups are [keys / ROWS, kvHeads, b]. */
const makeKeyGradient = (variant: Variant) =>
  defineShader({
    name: `attention's gradient by keys and values ${JSON.stringify(variant)}`,
    bindings: {
      ...gradientInputs(variant),
      dK: 'out f32',
      dV: 'out f32',
    },
    parameters: PARAMETERS,
    workgroupSize: [ROWS, 1],
    declarations: declarationsOf(variant) + tiles(variant),
    body: `
  let kvHead = group.y;
  let sequence = group.z;
  let sharing = parameters.heads / parameters.kvHeads;
  let key = group.x * ${ROWS}u + lane;
  let isThere = key < parameters.sKv;
  let row = ((sequence * parameters.sKv + min(key, parameters.sKv - 1u)) * parameters.kvHeads + kvHead) * HEAD;
  let shift = parameters.sKv - parameters.s;
  // Without a mask, no query sees what comes after it.
  let firstQuery = ${variant.hasMask ? '0u' : `max(group.x * ${ROWS}u, shift) - shift`};
  var own: array<f32, HEAD>;
  var value: array<f32, HEAD>;
  var keySum: array<f32, HEAD>;
  var valueSum: array<f32, HEAD>;
  for (var i = 0u; i < HEAD; i++) { own[i] = k[row + i]; value[i] = v[row + i]; keySum[i] = 0.0; valueSum[i] = 0.0; }
  for (var each = 0u; each < sharing; each++) {
    let head = kvHead * sharing + each;
    for (var first = firstQuery; first < parameters.s; first += TILE) {
      workgroupBarrier();
      for (var part = lane; part < TILE * HEAD; part += ${ROWS}u) {
        let query = first + part / HEAD;
        var place = 0u;
        if (query < parameters.s) { place = ((sequence * parameters.s + query) * parameters.heads + head) * HEAD + part % HEAD; }
        tileA[part] = q[place];
        tileB[part] = dOut[place];
      }
      workgroupBarrier();
      for (var j = 0u; j < TILE && first + j < parameters.s; j++) {
        if (!isThere || !isSeen(sequence, first + j + shift, key)) { continue; }
        var product = 0.0;
        var dProbability = 0.0;
        for (var i = 0u; i < HEAD; i++) {
          product = fma(own[i], tileA[j * HEAD + i], product);
          dProbability = fma(value[i], tileB[j * HEAD + i], dProbability);
        }
        let ofQuery = statistics[(sequence * parameters.heads + head) * parameters.s + first + j];
        let score = capped(product * parameters.scale);
        let probability = expOf(score - ofQuery.x);
        let change = probability * (dProbability - ofQuery.y) * slopeOf(score) * parameters.scale;
        for (var i = 0u; i < HEAD; i++) {
          keySum[i] = fma(change, tileA[j * HEAD + i], keySum[i]);
          valueSum[i] = fma(probability, tileB[j * HEAD + i], valueSum[i]);
        }
      }
    }
  }
  if (!isThere) { return; }
  for (var i = 0u; i < HEAD; i++) { dK[row + i] = keySum[i]; dV[row + i] = valueSum[i]; }
`,
  });

interface Shaders {
  forward: ReturnType<typeof makeForward>;
  queryGradient: ReturnType<typeof makeQueryGradient>;
  keyGradient: ReturnType<typeof makeKeyGradient>;
}

const shadersByVariant = new Map<string, Shaders>();

function shadersOf(variant: Variant): Shaders {
  const key = JSON.stringify(variant);
  let shaders = shadersByVariant.get(key);
  if (shaders === undefined) {
    shaders = {
      forward: makeForward(variant),
      queryGradient: makeQueryGradient(variant),
      keyGradient: makeKeyGradient(variant),
    };
    shadersByVariant.set(key, shaders);
  }
  return shaders;
}

/** What all three shaders take, and tensors that were made for them, to be disposed of. */
interface Prepared {
  variant: Variant;
  parameters: Record<Parameters, number>;
  tensors: Record<'q' | 'k' | 'v' | 'seen', TensorInfo>;
  temporary: TensorInfo[];
}

function prepare({ inputs, attrs, backend }: KernelArguments): Prepared {
  const [q, k, v] = [tensor(inputs, 'q'), tensor(inputs, 'k'), tensor(inputs, 'v')];
  const [b, s, heads, headDim] = q.shape as [number, number, number, number];
  const [, sKv, kvHeads] = k.shape as [number, number, number, number];
  expectShape('k', k, [b, sKv, kvHeads, headDim]);
  expectShape('v', v, k.shape);
  const { documentOffsets, cos, sin } = inputs;
  if (documentOffsets !== undefined) expectShape('documentOffsets', documentOffsets, [b, sKv]);
  const temporary: TensorInfo[] = [];
  const keep = (made: TensorInfo): TensorInfo => (temporary.push(made), made);
  const turned = (x: TensorInfo): TensorInfo => {
    if (cos === undefined || sin === undefined) return x;
    return keep(turn(backend, x, cos, sin, { interleaved: Boolean(attrs['interleaved']), back: false }));
  };
  const maskTable = attrs['maskTable'] as Int32Array | undefined;
  const maskWords = (table: Int32Array): TensorInfo => {
    const words = Int32Array.from([...table, ...(attrs['bitmaps'] as Int32Array)]);
    return keep(backend.makeTensorInfo([words.length], 'int32', words));
  };
  const mask = maskTable === undefined ? undefined : maskWords(maskTable);
  const firstOfMask = documentOffsets === undefined ? 0 : b * sKv;
  const joined = (): TensorInfo => {
    if (documentOffsets === undefined || mask === undefined) return documentOffsets ?? mask ?? v; // v is not bound
    const y = keep(backend.makeTensorInfo([firstOfMask + mask.shape[0]!], 'int32'));
    joinIntegers(backend, { x: documentOffsets, y }, { size: firstOfMask, first: 0 }, elementGroups(firstOfMask));
    const size = mask.shape[0]!;
    joinIntegers(backend, { x: mask, y }, { size, first: firstOfMask }, elementGroups(size));
    return y;
  };
  const number = (name: string) => (attrs[name] as number | undefined) ?? 0;
  return {
    variant: {
      headDim,
      hasDocuments: documentOffsets !== undefined,
      hasMask: mask !== undefined,
      firstOfMask: mask === undefined ? 0 : firstOfMask,
    },
    parameters: {
      b,
      s,
      sKv,
      heads,
      kvHeads,
      window: number('window'),
      chunk: number('chunk'),
      maskSide: number('maskSide'),
      scale: number('scale'),
      softCap: number('softCap'),
    },
    tensors: {
      q: turned(q),
      k: turned(k),
      v,
      seen: joined(),
    },
    temporary,
  };
}

const disposeAll = (backend: KernelArguments['backend'], tensors: readonly TensorInfo[]): void => {
  for (const { dataId } of tensors) backend.disposeData(dataId);
};

export const attentionKernels: Kernels = {
  /** q [b, s, n_h, h_d], k, v [b, s_kv, n_kv, h_d], documentOffsets int32 [b, s_kv] or none, cos, sin [s_kv, rotaryPairs] or none → out [b, s, n_h, h_d], logSumExp [b, n_h, s] */
  Attention(args) {
    const { inputs, backend } = args;
    const { variant, parameters, tensors, temporary } = prepare(args);
    const { b, s, heads } = parameters;
    const [out, logSumExp] = [backend.output(tensor(inputs, 'q').shape), backend.output([b, heads, s])];
    shadersOf(variant).forward(backend, { ...tensors, out, logSumExp }, parameters, [Math.ceil(s / ROWS), heads, b]);
    disposeAll(backend, temporary);
    return [out, logSumExp];
  },

  /** dValue, q, k, v, documentOffsets, cos, sin or none, value = out, residual0 = logSumExp → dQ, dK, dV */
  AttentionGrad(args) {
    const { inputs, attrs, backend } = args;
    const { variant, parameters, tensors, temporary } = prepare(args);
    const { b, s, sKv, heads, kvHeads } = parameters;
    const [dOut, out, logSumExp] = [tensor(inputs, 'dValue'), tensor(inputs, 'value'), tensor(inputs, 'residual0')];
    expectShape('dValue', dOut, out.shape);
    const statistics = backend.output([b, heads, s, 2]);
    const size = b * heads * s;
    const sizes = { size, s, heads, headDim: variant.headDim };
    statisticsShader(backend, { dOut, out, logSumExp, statistics }, sizes, elementGroups(size));
    const given = { ...tensors, dOut, statistics };
    const [dQ, dK, dV] = [tensors.q, tensors.k, tensors.v].map(({ shape }) =>
      backend.output(shape),
    ) as Three<TensorInfo>;
    const { queryGradient, keyGradient } = shadersOf(variant);
    queryGradient(backend, { ...given, dQ }, parameters, [Math.ceil(s / ROWS), heads, b]);
    keyGradient(backend, { ...given, dK, dV }, parameters, [Math.ceil(sKv / ROWS), kvHeads, b]);
    disposeAll(backend, [...temporary, statistics]);
    const { cos, sin } = inputs;
    if (cos === undefined || sin === undefined) return [dQ, dK, dV];
    const options = { interleaved: Boolean(attrs['interleaved']), back: true };
    const turnedBack = [dQ, dK].map((each) => turn(backend, each, cos, sin, options));
    disposeAll(backend, [dQ, dK]);
    return [...turnedBack, dV];
  },
};

type Three<T> = [T, T, T];
