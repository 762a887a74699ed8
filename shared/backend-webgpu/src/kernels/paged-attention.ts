/** @file Attention over keys and values in blocks of a table, and what writes them there. */

import { defineShader, EACH_ELEMENT, elementGroups, maxOf, ROW_THREADS, type Shader, sumOf } from '../shader.ts';
import { expectShape, type KernelArguments, type Kernels, sizeOf, tensor } from './kernel.ts';

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
  scale: 'f32',
  softCap: 'f32',
} as const;

type Bindings = 'q' | 'k' | 'v' | 'pages' | 'out';

/**
 * A workgroup has a query of a head, and each of its threads a key of the next few; of the values' sum, a thread has some coordinates. `pages` has of each
 * query its position and where its sequence's blocks begin among `blocks`, then those, then a mask's table and bitmaps.
 */
const makeShader = (headDim: number, hasMask: boolean): Shader<Bindings, keyof typeof PARAMETERS> =>
  defineShader({
    name: `paged attention ${headDim} ${hasMask}`,
    bindings: { q: 'f32', k: 'f32', v: 'f32', pages: 'i32', out: 'out f32' },
    parameters: PARAMETERS,
    workgroupSize: [ROW_THREADS, 1],
    declarations: `
const HEAD = ${headDim}u;
const NEVER = -3.4e38;
${sumOf(ROW_THREADS)}
${maxOf(ROW_THREADS)}
var<workgroup> weights: array<f32, ${ROW_THREADS}>;
var<workgroup> slots: array<i32, ${ROW_THREADS}>;
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
  for (var first = begin; first < end; first += ${ROW_THREADS}u) {
    let key = first + lane;
    var score = NEVER;
    var slot = 0;
    let isKey = key < end && isSeen(position, min(key, end - 1u));
    if (isKey) {
      slot = pages[firstBlock + key / parameters.blockSize] + i32(key % parameters.blockSize);
      let place = (u32(slot + parameters.keyOffset) * parameters.kvHeads + kvHead) * HEAD;
      var product = 0.0;
      for (var i = 0u; i < HEAD; i++) { product = fma(q[row + i], k[place + i], product); }
      score = product * parameters.scale;
      if (parameters.softCap != 0.0) {
        score = parameters.softCap * tanh(clamp(score / parameters.softCap, -15.0, 15.0));
      }
    }
    let next = max(largest, maxOf(score, lane));
    let weight = select(0.0, exp(score - next), isKey);
    let shrink = select(exp(largest - next), 1.0, next == NEVER);
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
        let place = (u32(slots[j] + parameters.valueOffset) * parameters.kvHeads + kvHead) * HEAD;
        sum = fma(weights[j], v[place + i], sum);
      }
      sums[part] = sum;
    }
    workgroupBarrier();
  }
  let inverse = select(1.0 / denominator, 0.0, denominator == 0.0);
  for (var part = 0u; part < ${Math.ceil(headDim / ROW_THREADS)}u; part++) {
    let i = part * ${ROW_THREADS}u + lane;
    if (i < HEAD) { out[row + i] = sums[part] * inverse; }
  }
`,
  });

const shaders = new Map<string, Shader<Bindings, keyof typeof PARAMETERS>>();

function shaderOf(headDim: number, hasMask: boolean): Shader<Bindings, keyof typeof PARAMETERS> {
  const key = `${headDim} ${hasMask}`;
  let shader = shaders.get(key);
  if (shader === undefined) shaders.set(key, (shader = makeShader(headDim, hasMask)));
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

const writeRows = defineShader({
  name: 'write rows',
  bindings: { rows: 'f32', at: 'i32', table: 'in-out f32' },
  parameters: { size: 'u32', width: 'u32' },
  body: `${EACH_ELEMENT} table[u32(at[i / parameters.width]) * parameters.width + i % parameters.width] = rows[i];`,
});

export const pagedAttentionKernels: Kernels = {
  /** q [n, n_h, h_d], k, v [slots, n_kv, h_d] → [n, n_h, h_d] */
  PagedAttention({ inputs, attrs, backend }) {
    const [q, k, v] = [tensor(inputs, 'q'), tensor(inputs, 'k'), tensor(inputs, 'v')];
    const [queries, heads, headDim] = q.shape as [number, number, number];
    const [slots, kvHeads] = k.shape as [number, number, number];
    expectShape('k', k, [slots, kvHeads, headDim]);
    expectShape('v', v, k.shape);
    const out = backend.output(q.shape);
    const { words, firstOfBlocks, firstOfMask, hasMask } = layoutOf(attrs, queries);
    const pages = backend.makeTensorInfo([words.length], 'int32', words);
    const number = (name: string) => (attrs[name] as number | undefined) ?? 0;
    const parameters = {
      heads,
      kvHeads,
      queries,
      blockSize: number('blockSize'),
      keyOffset: number('keyOffset'),
      valueOffset: number('valueOffset'),
      firstOfBlocks,
      firstOfMask,
      maskSide: number('maskSide'),
      window: number('window'),
      chunk: number('chunk'),
      scale: number('scale'),
      softCap: number('softCap'),
    };
    shaderOf(headDim, hasMask)(backend, { q, k, v, pages, out }, parameters, [queries, heads]);
    backend.disposeData(pages.dataId);
    return out;
  },

  /** table [slots, ...], rows [n, ...] → nothing: row i takes the place of the table's row at[i], in its memory */
  WriteRows({ inputs, attrs, backend }) {
    const [table, rows] = [tensor(inputs, 'table'), tensor(inputs, 'rows')];
    const list = Int32Array.from(attrs['at'] as ArrayLike<number>);
    const width = sizeOf(table.shape.slice(1));
    if (sizeOf(rows.shape) !== list.length * width) throw new TypeError('rows and slots are not equally many');
    const at = backend.makeTensorInfo([list.length], 'int32', list);
    const size = list.length * width;
    writeRows(backend, { rows, at, table }, { size, width }, elementGroups(size));
    backend.disposeData(at.dataId);
    return [];
  },
};
