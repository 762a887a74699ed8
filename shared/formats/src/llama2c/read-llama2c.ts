/**
 * @file Reads models of llama2.c, versions 0 and 1 in float32, 2 in int8; write-llama2c.ts has the layout of 0 and 2. Version 1 is the header of 2 without
 * the group size, then float32 in the order of version 2. A file of version 0 has no magic: it is one whose sizes are those of all its tensors together.
 */
import {
  parameterShapes,
  type DecoderConfig,
  configOf,
  chooseOptions,
  families,
  LARGEST_SIZE,
  MOST_LAYERS,
} from '@arrowsmith/model';
import { fileCursor, fill, InvalidFile, withFile } from '../file-cursor.ts';
import type { StoredModel } from '../gguf/read-model.ts';
import { halvedRows } from '../gguf/row-operations.ts';

const HEADER_BYTES = 256;
const MAGIC = 0x616b3432;
const A_FILE = 'a model of llama2.c';

/** What the header says. */
interface Sizes {
  version: 0 | 1 | 2;
  dim: number;
  hidden: number;
  layers: number;
  heads: number;
  kvHeads: number;
  vocabulary: number;
  context: number;
  /** Whether the output layer is the embedding matrix. */
  shared: boolean;
  /** Values that share a scale; 0 in float32. */
  group: number;
}

/** A tensor in the file, of one layer. */
interface Place {
  start: number;
  values: number;
  isMatrix: boolean;
}

export interface Llama2cFile {
  version: 0 | 1 | 2;
  /** Tokens that it has embeddings for. */
  vocabulary: number;
  /** @param ids the id here of each id there, each once; by default the same */
  model(ids?: readonly number[]): StoredModel;
}

/** Whether a file says, or its size says, that it is a model of llama2.c. */
export function isLlama2c(path: string): boolean {
  return withFile(path, A_FILE, (descriptor, size) => {
    try {
      checkSize(readSizes(descriptor, size), size);
      return true;
    } catch (error) {
      if (error instanceof InvalidFile) return startsWithMagic(descriptor, size);
      throw error;
    }
  });
}

function startsWithMagic(descriptor: number, size: number): boolean {
  return size >= 4 && fileCursor(descriptor, size, HEADER_BYTES).uint32('the magic') === MAGIC;
}

/**
 * Opens a file, and compares its size with what its header says.
 *
 * @throws UserError for a file that is missing, truncated, too long, or of another version, and for sizes that no model has
 */
export function openLlama2c(path: string): Llama2cFile {
  const { sizes, places } = withFile(path, A_FILE, (descriptor, size) => {
    const read = readSizes(descriptor, size);
    return { sizes: read, places: checkSize(read, size) };
  });
  return {
    version: sizes.version,
    vocabulary: sizes.vocabulary,
    model: (ids) => modelOf(path, sizes, places, ids),
  };
}

function readSizes(descriptor: number, size: number): Sizes {
  const cursor = fileCursor(descriptor, size, HEADER_BYTES);
  if (size < 4) throw new InvalidFile('is no model of llama2.c', '28 bytes or more', `${size} bytes`);
  if (!startsWithMagic(descriptor, size)) {
    const { vocabulary, ...rest } = readSeven((name) => cursor.int32(name), 0);
    return { ...rest, version: 0, vocabulary: Math.abs(vocabulary), shared: vocabulary > 0, group: 0 };
  }
  cursor.uint32('the magic');
  const version = cursor.int32('the version');
  if (version !== 1 && version !== 2)
    throw new InvalidFile('is of another version of llama2.c', '0, 1 or 2', `${version}`);
  const sizes = readSeven((name) => cursor.int32(name), 1);
  const shared = cursor.uint8('whether the output layer is shared');
  if (shared > 1) throw new InvalidFile('is damaged', '0 or 1 for whether the output layer is shared', `${shared}`);
  const group = version === 2 ? cursor.int32('the group size') : 0;
  if (version === 2 && group < 1) throw new InvalidFile('is damaged', 'groups of 1 value or more', `${group}`);
  return { ...sizes, version, shared: shared === 1, group };
}

/** The seven sizes of all versions, in their order. @param least of the vocabulary, which is negative in version 0 where the output layer is apart */
function readSeven(next: (name: string) => number, least: 0 | 1) {
  const size = (name: string, most: number) => {
    const value = next(name);
    const found = name === 'vocab_size' && least === 0 ? Math.abs(value) : value;
    if (found >= 1 && found <= most) return value;
    throw new InvalidFile('is no model of llama2.c', `${name} from 1 to ${most}`, `${value}`);
  };
  const dim = size('dim', LARGEST_SIZE);
  const hidden = size('hidden_dim', LARGEST_SIZE);
  const layers = size('n_layers', MOST_LAYERS);
  const heads = size('n_heads', LARGEST_SIZE);
  const kvHeads = size('n_kv_heads', LARGEST_SIZE);
  const vocabulary = size('vocab_size', LARGEST_SIZE);
  const context = size('seq_len', LARGEST_SIZE);
  if (dim % heads !== 0 || (dim / heads) % 2 !== 0) {
    throw new InvalidFile('is no model of llama2.c', `dim as n_heads even numbers`, `${dim} of ${heads} heads`);
  }
  if (heads % kvHeads !== 0)
    throw new InvalidFile('is no model of llama2.c', `a divisor of ${heads} as n_kv_heads`, `${kvHeads}`);
  return { dim, hidden, layers, heads, kvHeads, vocabulary, context };
}

/** Names of tensors, and where they are. @throws InvalidFile where the file is shorter or longer than all together */
function checkSize(sizes: Sizes, size: number): Map<string, Place> {
  const { version, dim, heads, context, shared, group } = sizes;
  const places = new Map<string, Place>();
  let at = version === 0 ? 28 : HEADER_BYTES;
  const put = (name: string, values: number, isMatrix: boolean) => {
    places.set(name, { start: at, values, isMatrix });
    if (version === 2 && isMatrix) {
      if (values % group !== 0)
        throw new InvalidFile('is damaged', `${name} as groups of ${group} values`, `${values} values`);
      at += values + 4 * (values / group);
    } else at += 4 * values;
  };
  for (const name of orderOf(sizes)) {
    if (name === 'tables')
      at += 4 * context * (dim / heads); // cosines and sines, which are computed here
    else put(name, valuesOf(name, sizes), !name.endsWith('norm.weight'));
  }
  if (!shared) put('lm_head.weight', valuesOf('lm_head.weight', sizes), true);
  if (at !== size) {
    throw new InvalidFile(
      at > size ? 'is truncated, or no model of llama2.c' : 'is no model of llama2.c, or has more at its end',
      `${at} bytes, for a model of ${sizes.layers} layers, ${dim} wide, of ${sizes.vocabulary} tokens`,
      `${size} bytes`,
    );
  }
  return places;
}

/** The names of this project in the order of the file. */
function orderOf({ version, layers }: Sizes): string[] {
  const all = (part: string) => Array.from({ length: layers }, (_, layer) => `model.layers.${layer}.${part}.weight`);
  const attention = ['q', 'k', 'v', 'o'].flatMap((part) => all(`self_attn.${part}_proj`));
  const network = ['gate', 'down', 'up'].flatMap((part) => all(`mlp.${part}_proj`));
  const [before, behind] = [all('input_layernorm'), all('post_attention_layernorm')];
  const [embeddings, norm] = ['model.embed_tokens.weight', 'model.norm.weight'];
  if (version !== 0) return [...before, ...behind, norm, embeddings, ...attention, ...network];
  return [embeddings, ...before, ...attention, ...behind, ...network, norm, 'tables'];
}

function valuesOf(name: string, { dim, hidden, heads, kvHeads, vocabulary }: Sizes): number {
  if (name.endsWith('norm.weight')) return dim;
  if (name === 'model.embed_tokens.weight' || name === 'lm_head.weight') return vocabulary * dim;
  if (name.includes('.mlp.')) return hidden * dim;
  return /\.[qo]_proj\./.test(name) ? dim * dim : (dim * dim * kvHeads) / heads;
}

function modelOf(path: string, sizes: Sizes, places: ReadonlyMap<string, Place>, ids?: readonly number[]): StoredModel {
  const config = configFor(sizes);
  const shapes = new Map(parameterShapes(config).map(({ name, shape }) => [name, shape]));
  return {
    config,
    names: [...shapes.keys()],
    read(name) {
      const [place, shape] = [places.get(name), shapes.get(name)];
      if (place === undefined || shape === undefined) throw new Error(`the model has no weight ${name}`);
      const bytes = bytesOf(withFile(path, A_FILE, (descriptor) => readValues(descriptor, place, sizes)));
      const tensor = { shape, format: 'f32', bytes };
      const part = /\.self_attn\.([qk])_proj\./.exec(name)?.[1];
      if (part !== undefined)
        return { ...tensor, bytes: halvedRows(tensor, part === 'q' ? sizes.heads : sizes.kvHeads).bytes };
      if (ids === undefined || (name !== 'model.embed_tokens.weight' && name !== 'lm_head.weight')) return tensor;
      return { ...tensor, bytes: rowsByIds(bytes, ids, 4 * sizes.dim) };
    },
  };
}

/** A Llama with what run.c has by itself. */
function configFor({ dim, hidden, layers, heads, kvHeads, vocabulary, context, shared }: Sizes): DecoderConfig {
  const options = chooseOptions(families.llama3, {
    hiddenSize: dim,
    intermediateSize: hidden,
    layers,
    heads,
    kvHeads,
    headDim: dim / heads,
    ropeTheta: 10000,
    normEpsilon: 1e-5,
    tieWordEmbeddings: shared,
  });
  return configOf('llama3', options, { vocabularySize: vocabulary, contextLength: context });
}

function readValues(descriptor: number, { start, values, isMatrix }: Place, { version, group }: Sizes): Float32Array {
  const data = new Float32Array(values);
  if (version !== 2 || !isMatrix) {
    fill(descriptor, bytesOf(data), 0, start);
    return data;
  }
  const integers = new Int8Array(values);
  fill(descriptor, new Uint8Array(integers.buffer), 0, start);
  const scales = new Float32Array(values / group);
  fill(descriptor, bytesOf(scales), 0, start + values);
  for (const [i, integer] of integers.entries()) data[i] = integer * (scales[Math.floor(i / group)] ?? NaN);
  return data;
}

/** Row `index` of the file at the place of its id here. */
function rowsByIds(bytes: Uint8Array, ids: readonly number[], size: number): Uint8Array {
  const moved = new Uint8Array(bytes.length);
  for (const [index, id] of ids.entries()) moved.set(bytes.subarray(index * size, (index + 1) * size), id * size);
  return moved;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
