/**
 * @file Models of llama2.c (https://github.com/karpathy/llama2.c, export.py and run.c), little-endian:
 *
 *     version 0, float32    7 × int32: dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len; vocab_size is negative where the
 *                           output layer is not the embedding matrix
 *                           float32: embeddings, norms before attention of all layers, wq of all layers, wk, wv, wo, norms before the
 *                           feed-forward network, w1, w2, w3, last norm, cosines and sines [seq_len, h_d / 2], output layer
 *     version 2, int8       uint32 "ak42", int32 2, the same 7 × int32, uint8 whether the output layer is shared, int32 group size; zeros up to
 *                           byte 256; float32 norms as above, before attention, before feed-forward, last; then of each matrix, in the order
 *                           above with all layers of a kind together, its int8 values and a float32 scale for each group of them
 *
 * Both programs compute with a base of 10000 and an epsilon of 1e-5, and turn neighbours of a head.
 */
import { open } from 'node:fs/promises';
import { UserError } from '@arrowsmith/errors';
import { scaledFrequencies, type AttentionConfig, type DecoderConfig, type Weights } from '@arrowsmith/model';
import { PLAIN_ATTENTION, PLAIN_DECODER } from '../plain-decoder.ts';
import { differences } from '../differences.ts';
import { neighbouringRows } from '../gguf/row-operations.ts';

const EPSILON = 1e-5;
const THETA = 10000;
const HEADER_BYTES = 256;
const MAGIC = 0x616b3432;
/** Values that share a scale; halved until rows are whole groups. */
const GROUP = 64;

/** @throws UserError where run.c computes something else */
export function checkLlama2c(config: DecoderConfig): void {
  const wrong = differences(computedBy(config), config);
  if (wrong.length === 0) return;
  throw new UserError({
    what: `llama2.c does not compute what this model of the family ${config.family} does`,
    expected:
      'a Llama with one base of 10000 for its positions, an epsilon of 1e-5, heads of hiddenSize / heads, and nothing beside',
    found: `${wrong.slice(0, 4).join('; ')}${wrong.length > 4 ? `; and ${wrong.length - 4} more` : ''}`,
    fix: 'export it as `format: gguf` or `format: huggingface`, which say more of a model',
  });
}

/** What run.c takes a file for. */
function computedBy(config: DecoderConfig): DecoderConfig {
  const { attention, ffn } = firstOf(config);
  const headDim = config.hiddenSize / attention.heads;
  const common: AttentionConfig = {
    ...PLAIN_ATTENTION,
    heads: attention.heads,
    kvHeads: attention.kvHeads,
    headDim,
    bias: false,
    scale: 1 / Math.sqrt(headDim),
    rope: { theta: THETA, interleaved: attention.rope?.interleaved ?? false },
  };
  const network = { kind: 'dense', intermediateSize: ffn.intermediateSize, activation: 'silu', bias: false } as const;
  return {
    ...config,
    ...PLAIN_DECODER,
    norm: { kind: 'rms', epsilon: EPSILON, unitOffset: config.norm.unitOffset },
    layers: config.layers.map(() => ({ attention: common, ffn: { ...network, sparsity: 0 } })),
  };
}

function firstOf({ layers }: DecoderConfig): DecoderConfig['layers'][number] {
  const [first] = layers;
  if (first === undefined) throw new RangeError('a model without layers');
  return first;
}

export interface Llama2cModel {
  config: DecoderConfig;
  weights: Weights;
  /** The id here of each id there: rows of the embeddings are written in this order. */
  ids: readonly number[];
}

/**
 * Writes a model, in float32 (version 0) or int8 (version 2).
 *
 * @throws UserError as {@link checkLlama2c}
 */
export async function writeLlama2c(path: string, model: Llama2cModel, precision: 'f32' | 'int8'): Promise<void> {
  checkLlama2c(model.config);
  const parts = precision === 'f32' ? version0(model) : version2(model);
  const file = await open(path, 'w');
  try {
    for (const part of parts) await file.writeFile(part);
  } finally {
    await file.close();
  }
}

function* version0(model: Llama2cModel): Generator<Uint8Array> {
  const { config } = model;
  const tensors = tensorsOf(model);
  const { attention } = firstOf(config);
  const shared = config.tieWordEmbeddings;
  yield int32s([...sizesOf(config), shared ? model.ids.length : -model.ids.length, config.contextLength]);
  yield bytesOf(tensors.embeddings);
  for (const part of ['attentionNorm', 'wq', 'wk', 'wv', 'wo', 'ffnNorm', 'w1', 'w2', 'w3'] as const) {
    for (const values of tensors[part]) yield bytesOf(values);
  }
  yield bytesOf(tensors.norm);
  const { frequencies } = scaledFrequencies({ theta: THETA, interleaved: true }, attention.headDim);
  for (const wave of [Math.cos, Math.sin]) {
    const table = Array.from({ length: config.contextLength }, (_, position) =>
      Float32Array.from(frequencies, (frequency) => wave(position * frequency)),
    );
    for (const row of table) yield bytesOf(row);
  }
  if (tensors.output !== undefined) yield bytesOf(tensors.output);
}

function* version2(model: Llama2cModel): Generator<Uint8Array> {
  const { config } = model;
  const tensors = tensorsOf(model);
  const group = groupSize(config);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.set(int32s([2, ...sizesOf(config), model.ids.length, config.contextLength]), 4);
  header.writeUInt8(config.tieWordEmbeddings ? 1 : 0, 36);
  header.writeInt32LE(group, 37);
  yield header;
  for (const values of [...tensors.attentionNorm, ...tensors.ffnNorm, tensors.norm]) yield bytesOf(values);
  const matrices = ['wq', 'wk', 'wv', 'wo', 'w1', 'w2', 'w3'] as const;
  const last = tensors.output === undefined ? [] : [tensors.output];
  for (const values of [tensors.embeddings, ...matrices.flatMap((part) => tensors[part]), ...last]) {
    yield* quantized(values, group);
  }
}

/** dim, hidden_dim, n_layers, n_heads, n_kv_heads */
function sizesOf(config: DecoderConfig): number[] {
  const { attention, ffn } = firstOf(config);
  return [config.hiddenSize, ffn.intermediateSize, config.layers.length, attention.heads, attention.kvHeads];
}

/** The largest power of two, up to 64, of which rows of all matrices are whole groups. */
function groupSize(config: DecoderConfig): number {
  const { ffn } = firstOf(config);
  let size = GROUP;
  while (config.hiddenSize % size !== 0 || ffn.intermediateSize % size !== 0) size /= 2;
  return size;
}

/** The values as int8, and the scale of each group: its largest magnitude over 127; halves go to even. */
function quantized(values: Float32Array, group: number): [Uint8Array, Uint8Array] {
  const integers = new Int8Array(values.length);
  const scales = new Float32Array(values.length / group);
  for (let g = 0; g < scales.length; g++) {
    const part = values.subarray(g * group, (g + 1) * group);
    const largest = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const scale = Math.fround(largest / 127);
    scales[g] = scale;
    for (const [i, value] of part.entries()) {
      integers[g * group + i] = scale === 0 ? 0 : roundToEven(Math.fround(value / scale));
    }
  }
  return [new Uint8Array(integers.buffer), bytesOf(scales)];
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

/** By layer, except for what the model has once. */
function tensorsOf({ config, weights, ids }: Llama2cModel) {
  const of = (name: string): Float32Array => {
    const found = weights[name];
    if (found === undefined) throw new Error(`the weights lack ${name}`);
    return found.data;
  };
  const layers = config.layers.map((layer, i) => ({ ...layer.attention, prefix: `model.layers.${i}.` }));
  const all = (part: string) => layers.map(({ prefix }) => of(`${prefix}${part}.weight`));
  const norm = (values: Float32Array) => (config.norm.unitOffset ? values.map((value) => value + 1) : values);
  const turned = (part: 'q' | 'k') =>
    layers.map(({ prefix, heads, kvHeads, rope }) => {
      const name = `${prefix}self_attn.${part}_proj.weight`;
      const values = of(name);
      if (rope?.interleaved === true) return values;
      const tensor = { shape: weights[name]?.shape ?? [], format: 'f32', bytes: bytesOf(values) };
      return floatsOf(neighbouringRows(tensor, part === 'q' ? heads : kvHeads).bytes);
    });
  const rows = (name: string) => {
    const values = of(name);
    const chosen = new Float32Array(ids.length * config.hiddenSize);
    for (const [row, id] of ids.entries()) {
      chosen.set(values.subarray(id * config.hiddenSize, (id + 1) * config.hiddenSize), row * config.hiddenSize);
    }
    return chosen;
  };
  return {
    embeddings: rows('model.embed_tokens.weight'),
    attentionNorm: all('input_layernorm').map(norm),
    wq: turned('q'),
    wk: turned('k'),
    wv: all('self_attn.v_proj'),
    wo: all('self_attn.o_proj'),
    ffnNorm: all('post_attention_layernorm').map(norm),
    w1: all('mlp.gate_proj'),
    w2: all('mlp.down_proj'),
    w3: all('mlp.up_proj'),
    norm: norm(of('model.norm.weight')),
    output: config.tieWordEmbeddings ? undefined : rows('lm_head.weight'),
  };
}

const int32s = (values: readonly number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const floatsOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array =>
  new Float32Array(buffer as ArrayBuffer, byteOffset, byteLength / 4);
