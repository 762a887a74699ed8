/** @file Attention over keys and values in blocks of a table, and what writes them there. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import {
  type Binding,
  defineShader,
  EACH_ELEMENT,
  EACH_ROW,
  elementGroups,
  maxOf,
  ROW_THREADS,
  type Shader,
  spread,
  sumOf,
} from '../shader.ts';
import { NUMBERS } from '../numbers.ts';
import { expectRank, expectShape, type KernelArguments, type Kernels, sizeOf, tensor } from './kernel.ts';

const PARAMETERS = {
  heads: 'u32',
  kvHeads: 'u32',
  queries: 'u32',
  blockSize: 'u32',
  keyOffset: 'i32',
  valueOffset: 'i32',
  firstOfBlocks: 'u32',
  firstOfMask: 'u32',
  maskSide: 'u32',
  window: 'u32',
  chunk: 'u32',
  rowBytes: 'u32',
  rowScales: 'u32',
  headScales: 'u32',
  scale: 'f32',
  softCap: 'f32',
} as const;

/** How keys and values are kept, and read from slots. */
interface Table {
  bindings: Readonly<Record<string, Binding>>;
  /** `keyProduct(row, slot, kvHead)`, of what q has from `row` on with a key, and `valueAt(slot, kvHead, i)`. */
  declarations(headDim: number): string;
}

/** k, v [slots, n_kv, h_d]. */
const FLOATS: Table = {
  bindings: { k: 'f32', v: 'f32' },
  declarations: () => `
fn keyProduct(row: u32, slot: u32, kvHead: u32) -> f32 {
  let place = (slot * parameters.kvHeads + kvHead) * HEAD;
  var product = 0.0;
  for (var i = 0u; i < HEAD; i++) { product = fma(q[row + i], k[place + i], product); }
  return product;
}
fn valueAt(slot: u32, kvHead: u32, i: u32) -> f32 { return v[(slot * parameters.kvHeads + kvHead) * HEAD + i]; }
`,
};

/** words int32 [slots, words], four numbers of int8 in each, scales [slots, n_kv, g], of which the first of each g is a head's. */
const INT8: Table = {
  bindings: { words: 'i32', scales: 'f32' },
  declarations: (headDim) => `
fn scaleOf(slot: u32, kvHead: u32) -> f32 { return scales[slot * parameters.rowScales + kvHead * parameters.headScales]; }
fn keyProduct(row: u32, slot: u32, kvHead: u32) -> f32 {
  let place = slot * parameters.rowBytes + kvHead * HEAD;
  var product = 0.0;
  ${
    headDim % 4 === 0
      ? `
  for (var i = 0u; i < HEAD; i += 4u) {
    let word = words[(place + i) / 4u];
    for (var j = 0u; j < 4u; j++) { product = fma(q[row + i + j], f32(extractBits(word, 8u * j, 8u)), product); }
  }`
      : `
  for (var i = 0u; i < HEAD; i++) {
    product = fma(q[row + i], f32(extractBits(words[(place + i) / 4u], 8u * ((place + i) % 4u), 8u)), product);
  }`
  }
  return product * scaleOf(slot, kvHead);
}
fn valueAt(slot: u32, kvHead: u32, i: u32) -> f32 {
  let place = slot * parameters.rowBytes + kvHead * HEAD + i;
  return f32(extractBits(words[place / 4u], 8u * (place % 4u), 8u)) * scaleOf(slot, kvHead);
}
`,
};

/**
 * A workgroup has a query of a head, and each of its threads a key of the next few; of the values' sum, a thread has some coordinates. `pages` has of each
 * query its position and where its sequence's blocks begin among `blocks`, then those, then a mask's table and bitmaps.
 */
const makeShader = (table: Table, headDim: number, hasMask: boolean): Attention =>
  defineShader<string, keyof typeof PARAMETERS>({
    name: `paged attention ${Object.keys(table.bindings).join()} ${headDim} ${hasMask}`,
    bindings: { q: 'f32', ...table.bindings, pages: 'i32', out: 'out f32' },
    parameters: PARAMETERS,
    workgroupSize: [ROW_THREADS, 1],
    declarations: `
const HEAD = ${headDim}u;
const NEVER = -3.4e38;
${NUMBERS}
${sumOf(ROW_THREADS)}
${maxOf(ROW_THREADS)}
var<workgroup> weights: array<f32, ${ROW_THREADS}>;
var<workgroup> slots: array<i32, ${ROW_THREADS}>;
${table.declarations(headDim)}
fn isSeen(query: u32, key: u32) -> bool {
  ${
    hasMask
      ? `
  let entry = pages[parameters.firstOfMask + query / 64u * parameters.maskSide + key / 64u];
  if (entry < 2) { return entry == 1; }
  let bitmaps = parameters.firstOfMask + parameters.maskSide * parameters.maskSide;
  let word = pages[bitmaps + u32(entry - 2) * 128u + 2u * (query % 64u) + key % 64u / 32u];
  return ((u32(word) >> (key % 32u)) & 1u) == 1u;`
      : `
  if (key > query) { return false; }
  if (parameters.window != 0u && query - key >= parameters.window) { return false; }
  return parameters.chunk == 0u || key >= query - query % parameters.chunk;`
  }
}
`,
    body: `
  let query = group.x;
  let head = group.y;
  let kvHead = head / (parameters.heads / parameters.kvHeads);
  let position = u32(pages[3u * query]);
  let firstBlock = parameters.firstOfBlocks + u32(pages[3u * query + 1u]);
  let end = ${hasMask ? 'u32(pages[3u * query + 2u])' : 'position + 1u'}; // of the keys that there are, or that it may see
  var begin = 0u;
  ${
    hasMask
      ? ''
      : `
  if (parameters.window != 0u && end > parameters.window) { begin = end - parameters.window; }
  if (parameters.chunk != 0u) { begin = max(begin, position - position % parameters.chunk); }`
  }
  let row = (query * parameters.heads + head) * HEAD;
  var sums: array<f32, ${Math.ceil(headDim / ROW_THREADS)}>;
  var largest = NEVER;
  var denominator = 0.0;
  var seesAny = ${hasMask ? '0.0' : '1.0'}; // at least itself
  for (var first = begin; first < end; first += ${ROW_THREADS}u) {
    let key = first + lane;
    var score = NEVER;
    var slot = 0;
    let isKey = key < end && isSeen(position, min(key, end - 1u));
    if (isKey) {
      seesAny = 1.0;
      slot = pages[firstBlock + key / parameters.blockSize] + i32(key % parameters.blockSize);
      score = keyProduct(row, u32(slot + parameters.keyOffset), kvHead) * parameters.scale;
      if (parameters.softCap != 0.0) {
        score = softCapped(score, parameters.softCap);
      }
    }
    let next = max(largest, maxOf(score, lane));
    let weight = select(0.0, expOf(score - next), isKey);
    let shrink = select(expOf(largest - next), 1.0, next == NEVER);
    denominator = denominator * shrink + sumOf(weight, lane);
    largest = next;
    weights[lane] = weight;
    slots[lane] = slot;
    workgroupBarrier();
    for (var part = 0u; part < ${Math.ceil(headDim / ROW_THREADS)}u; part++) {
      let i = part * ${ROW_THREADS}u + lane;
      if (i >= HEAD) { continue; }
      var sum = sums[part] * shrink;
      for (var j = 0u; j < min(${ROW_THREADS}u, end - first); j++) {
        if (weights[j] == 0.0) { continue; }
        sum = fma(weights[j], valueAt(u32(slots[j] + parameters.valueOffset), kvHead, i), sum);
      }
      sums[part] = sum;
    }
    workgroupBarrier();
  }
  ${hasMask ? 'seesAny = maxOf(seesAny, lane);' : ''}
  let inverse = select(0.0, 1.0 / denominator, seesAny > 0.0);
  for (var part = 0u; part < ${Math.ceil(headDim / ROW_THREADS)}u; part++) {
    let i = part * ${ROW_THREADS}u + lane;
    if (i < HEAD) { out[row + i] = sums[part] * inverse; }
  }
`,
  });

type Attention = Shader<string, keyof typeof PARAMETERS>;

const shaders = new Map<Table, Map<string, Attention>>([
  [FLOATS, new Map()],
  [INT8, new Map()],
]);

function shaderOf(table: Table, headDim: number, hasMask: boolean): Attention {
  const known = shaders.get(table)!;
  const key = `${headDim} ${hasMask}`;
  let shader = known.get(key);
  if (shader === undefined) known.set(key, (shader = makeShader(table, headDim, hasMask)));
  return shader;
}

/** What the shader finds in `pages`, and where in it the blocks begin, and the mask. */
function layoutOf(attrs: KernelArguments['attrs'], queries: number) {
  const list = (name: string): number[] => Array.from(attrs[name] as ArrayLike<number>);
  const [queryOffsets, lengths, blocks] = [list('queryOffsets'), list('lengths'), list('blocks')] as const;
  const words: number[] = [];
  let firstBlock = 0;
  for (const [sequence, length] of lengths.entries()) {
    const [from, to] = [queryOffsets[sequence]!, queryOffsets[sequence + 1]!];
    for (let query = from; query < to; query++) words.push(length - (to - query), firstBlock, length);
    firstBlock += Math.ceil(length / (attrs['blockSize'] as number));
  }
  if (words.length !== 3 * queries)
    throw new TypeError(`${queries} queries, of which ${words.length / 3} have a sequence`);
  const table = attrs['maskTable'] as Int32Array | undefined;
  const mask = table === undefined ? [] : [...table, ...(attrs['bitmaps'] as Int32Array)];
  return {
    words: Int32Array.from([...words, ...blocks, ...mask]),
    firstOfBlocks: words.length,
    firstOfMask: table === undefined ? 0 : words.length + blocks.length,
    hasMask: table !== undefined,
  };
}

/** Attention of q [n, n_h, h_d] over a table of rows of so many heads of keys. @returns [n, n_h, h_d] */
function attend(
  { inputs, attrs, backend }: KernelArguments,
  table: Table,
  tensors: Readonly<Record<string, TensorInfo>>,
  sizes: { kvHeads: number; rowBytes?: number; rowScales?: number; headScales?: number },
): TensorInfo {
  const q = tensor(inputs, 'q');
  expectRank('q', q, 3);
  const [queries, heads, headDim] = q.shape as [number, number, number];
  const out = backend.output(q.shape);
  const { firstOfBlocks, firstOfMask, hasMask } = layoutOf(attrs, queries);
  const pages = backend.changing(() => layoutOf(attrs, queries).words);
  const number = (name: string) => (attrs[name] as number | undefined) ?? 0;
  const parameters = {
    heads,
    queries,
    blockSize: number('blockSize'),
    keyOffset: number('keyOffset'),
    valueOffset: number('valueOffset'),
    firstOfBlocks,
    firstOfMask,
    maskSide: number('maskSide'),
    window: number('window'),
    chunk: number('chunk'),
    rowBytes: 0,
    rowScales: 0,
    headScales: 0,
    scale: number('scale'),
    softCap: number('softCap'),
    ...sizes,
  };
  shaderOf(table, headDim, hasMask)(backend, { q, ...tensors, pages, out }, parameters, [queries, heads]);
  backend.disposeData(pages.dataId);
  return out;
}

/** Bits, which may be of any numbers. */
const writeRows = defineShader({
  name: 'write rows',
  bindings: { rows: 'i32', at: 'i32', table: 'in-out i32' },
  parameters: { size: 'u32', width: 'u32' },
  body: `${EACH_ELEMENT} table[u32(at[i / parameters.width]) * parameters.width + i % parameters.width] = rows[i];`,
});

/**
 * A workgroup for each row. A head of zeros has the scale 0, and so has one of numbers that are too small to be divided by; one with what is no finite
 * number has a scale that is none either, which is told, and written, by its bits.
 */
const quantizeRows = defineShader({
  name: 'write rows of int8',
  bindings: { rows: 'f32', at: 'i32', words: 'in-out i32', scales: 'in-out i32' },
  parameters: { n: 'u32', heads: 'u32', headDim: 'u32', rowWords: 'u32', rowScales: 'u32', headScales: 'u32' },
  workgroupSize: [ROW_THREADS, 1],
  declarations: `${maxOf(ROW_THREADS)}
const NO_NUMBER = 0x7fc00000;
/** The nearest integer, halves away from zero. */
fn rounded(x: f32) -> i32 {
  let whole = trunc(x);
  let rest = x - whole;
  return i32(whole) + select(0, 1, rest >= 0.5) - select(0, 1, rest <= -0.5);
}
`,
  body: `${EACH_ROW}
  let slot = u32(at[row]);
  let width = parameters.heads * parameters.headDim;
  for (var head = 0u; head < parameters.heads; head++) {
    var largest = 0.0;
    var isBad = 0.0;
    for (var j = lane; j < parameters.headDim; j += ${ROW_THREADS}u) {
      let value = rows[row * width + head * parameters.headDim + j];
      if ((bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u) { isBad = 1.0; }
      largest = max(largest, abs(value));
    }
    let scale = maxOf(largest, lane) / 127.0;
    let anyBad = maxOf(isBad, lane);
    if (lane == 0u) {
      let bits = select(bitcast<i32>(scale), 0, scale < 1.17549435e-38);
      scales[slot * parameters.rowScales + head * parameters.headScales] = select(bits, NO_NUMBER, anyBad > 0.0);
    }
  }
  storageBarrier();
  for (var word = lane; 4u * word < width; word += ${ROW_THREADS}u) {
    var packed = 0u;
    for (var j = 0u; j < min(4u, width - 4u * word); j++) {
      let i = 4u * word + j;
      let scale = scales[slot * parameters.rowScales + i / parameters.headDim * parameters.headScales];
      if (scale == 0 || scale == NO_NUMBER) { continue; }
      let integer = clamp(rounded(rows[row * width + i] / bitcast<f32>(scale)), -127, 127);
      packed |= (u32(integer) & 0xffu) << (8u * j);
    }
    words[slot * parameters.rowWords + word] = i32(packed);
  }
`,
});

/** The rows' slots, on the device; whoever asks disposes of them. */
function slotsOf({ attrs, backend }: KernelArguments): { at: TensorInfo; n: number } {
  const slots = attrs['at'] as ArrayLike<number>;
  return { at: backend.changing(() => Int32Array.from(slots)), n: slots.length };
}

/** words int32 [slots, words], scales [slots, n_kv, g]. */
function int8TableOf({ inputs }: KernelArguments) {
  const [words, scales] = [tensor(inputs, 'words'), tensor(inputs, 'scales')];
  expectRank('words', words, 2);
  const [slots, rowWords] = words.shape as [number, number];
  const [, kvHeads = 1, headScales = 1] = scales.shape;
  expectShape('scales', scales, [slots, kvHeads, headScales]);
  return { words, scales, kvHeads, rowWords, rowScales: kvHeads * headScales, headScales };
}

export const pagedAttentionKernels: Kernels = {
  /** q [n, n_h, h_d], k, v [slots, n_kv, h_d] → [n, n_h, h_d] */
  PagedAttention(args) {
    const { inputs } = args;
    const [q, k, v] = [tensor(inputs, 'q'), tensor(inputs, 'k'), tensor(inputs, 'v')];
    const [slots, kvHeads] = k.shape as [number, number, number];
    expectShape('k', k, [slots, kvHeads, q.shape[2]!]);
    expectShape('v', v, k.shape);
    return attend(args, FLOATS, { k, v }, { kvHeads });
  },

  /** q [n, n_h, h_d], words int32 [slots, words], scales [slots, n_kv, g] → [n, n_h, h_d] */
  PagedAttentionInt8(args) {
    const { words, scales, kvHeads, rowWords, rowScales, headScales } = int8TableOf(args);
    return attend(args, INT8, { words, scales }, { kvHeads, rowBytes: 4 * rowWords, rowScales, headScales });
  },

  /** table [slots, ...], rows [n, ...] of one type → nothing: row i takes the place of the table's row at[i], in its memory */
  WriteRows(args) {
    const { inputs, backend } = args;
    const [table, rows] = [tensor(inputs, 'table'), tensor(inputs, 'rows')];
    if (rows.dtype !== table.dtype)
      throw new TypeError(`rows of ${rows.dtype} do not go into a table of ${table.dtype}`);
    const { at, n } = slotsOf(args);
    const width = sizeOf(table.shape.slice(1));
    if (sizeOf(rows.shape) !== n * width) throw new TypeError('rows and slots are not equally many');
    writeRows(backend, { rows, at, table }, { size: n * width, width }, elementGroups(n * width));
    backend.disposeData(at.dataId);
    return [];
  },

  /** words int32 [slots, words], scales [slots, n_kv, g], rows [n, n_kv, h_d] → nothing: row i is quantized into the slot at[i], in the table's memory */
  WriteRowsInt8(args) {
    const { inputs, backend } = args;
    const { words, scales, kvHeads: heads, ...sizes } = int8TableOf(args);
    const rows = tensor(inputs, 'rows');
    const headDim = rows.shape.at(-1) ?? 1;
    const { at, n } = slotsOf(args);
    expectShape('rows', rows, [n, heads, headDim]);
    if (heads * headDim > 4 * sizes.rowWords)
      throw new TypeError(`rows of ${heads * headDim} do not fit into ${sizes.rowWords} words`);
    quantizeRows(backend, { rows, at, words, scales }, { n, heads, headDim, ...sizes }, spread(n));
    backend.disposeData(at.dataId);
    return [];
  },
};
