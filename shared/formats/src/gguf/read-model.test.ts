/** @file Tests of models read from GGUF files: what is written is read as the same model, whose logits are the same bit for bit. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import {
  decoderConfig,
  forward,
  initialWeights,
  logits,
  tensorsOf,
  type DecoderConfig,
  type ModelParameters,
  type Weights,
} from '@arrowsmith/model';
import { decodeStored, storeAs, storeFloat32 } from '@arrowsmith/quantization';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences } from '../differences.ts';
import { ggufArchitecture } from './choose-architecture.ts';
import { needsMeanNeuron, withMeanNeuron } from './mean-neuron.ts';
import { ggufTensors } from './model-tensors.ts';
import { openGguf } from './read-gguf.ts';
import { ggufModel } from './read-model.ts';
import type { FormattedTensor } from './row-operations.ts';
import { writeGguf, type GgufMetadata, type GgufTensor } from './write-gguf.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gguf-'));
  await useBackend(resolveBackend('auto'), { precision: 'f32' });
});
afterAll(() => rmSync(folder, { recursive: true }));

type Parameters = Partial<ModelParameters> & { family: ModelParameters['family'] };

const DATA = { vocabularySize: 40, contextLength: 64 };
const SMALL = { hiddenSize: 32, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 48 };
const configOf = (parameters: Parameters, data: Partial<typeof DATA> = {}): DecoderConfig =>
  decoderConfig({ ...SMALL, ...parameters } as ModelParameters, { ...DATA, ...data });

/** Weights in which every vector shows, too. */
function weightsFor(config: DecoderConfig): Weights {
  const weights = initialWeights(config, 1);
  for (const { data } of Object.values(weights)) {
    for (let i = 0; i < data.length; i++) data[i] = data[i]! + 0.1 * Math.sin(12.9898 * (i + 1));
  }
  return weights;
}

interface Changes {
  metadata?: (metadata: GgufMetadata) => GgufMetadata;
  tensors?: (tensors: GgufTensor[]) => GgufTensor[];
}

async function written(
  config: DecoderConfig,
  read: (name: string) => FormattedTensor,
  format: string | undefined,
  { metadata = (same) => same, tensors = (same) => same }: Changes = {},
): Promise<string> {
  const architecture = ggufArchitecture(config);
  const path = join(folder, 'model.gguf');
  const model = needsMeanNeuron(config) ? withMeanNeuron({ config, read }) : { config, read };
  const all = ggufTensors({ ...model, architecture, format, tokens: config.vocabularySize });
  await writeGguf(path, {
    metadata: metadata({
      'general.architecture': { type: 'string', value: architecture.name },
      ...architecture.metadata(model.config),
    }),
    tensors: tensors([...all]),
  });
  return path;
}

function logitsOf(config: DecoderConfig, weights: Weights): Float32Array {
  const tensors = tensorsOf(weights);
  const values = tf.tidy(() => {
    const ids = tf.tensor2d([[1, 7, 3, 39, 12, 12, 5, 0, 22, 8]], [1, 10], 'int32');
    return logits(config, tensors, forward(config, tensors, ids))
      .dataSync<'float32'>()
      .slice();
  });
  tf.dispose(tensors);
  return values;
}

const bitsOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

const scaling = { kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4 } as const;
const GEMMA3N = {
  family: 'gemma3n',
  perLayerEmbeddingSize: 256,
  laurelRank: 64,
  sharedKvLayers: 0,
  matformer: { granularities: 1, training: 'sample' },
} as const;
const sparse = (layers: number) => Array.from({ length: Math.min(layers, 10) }, () => 0.95);

const VARIANTS: Readonly<Record<string, Parameters>> = {
  llama3: { family: 'llama3', ropeTheta: 500 },
  'llama3 with biases, an output layer and stretched positions': {
    family: 'llama3',
    headDim: 16,
    attentionBias: true,
    ffnBias: true,
    tieWordEmbeddings: false,
    ropeTheta: 500,
    ropeScaling: { ...scaling, originalContextLength: 48 },
  },
  'llama3 with YaRN': {
    family: 'llama3',
    ropeScaling: {
      kind: 'yarn',
      factor: 4,
      originalContextLength: 32,
      betaFast: 32,
      betaSlow: 1,
      attentionFactor: 1.3,
    },
  },
  'llama3 with experts': { family: 'llama3', moe: { experts: 4, topK: 2, intermediateSize: 24 } },
  mistral: { family: 'mistral', window: 64 },
  qwen2: { family: 'qwen2' },
  qwen3: { family: 'qwen3', headDim: 24, ropeScaling: { kind: 'linear', factor: 2.5 } },
  'qwen3-moe': { family: 'qwen3-moe', moe: { experts: 4, topK: 2, intermediateSize: 24 } },
  smollm3: { family: 'smollm3' },
  'command-a': { family: 'command-a', logitScale: 0.25 },
  gemma2: { family: 'gemma2', headDim: 24 },
  gemma3: { family: 'gemma3', layers: 7, headDim: 24 },
  'gemma3 with its own pattern': {
    family: 'gemma3',
    attentionPattern: 'SGGS',
    ropeScaling: { kind: 'linear', factor: 8 },
    logitSoftCap: 20,
  },
  'gemma3 without sliding layers': { family: 'gemma3', attentionPattern: 'G' },
  'gemma3n with a narrow network': { ...GEMMA3N, activationSparsity: sparse(4) },
  'gemma3n with shared keys': {
    ...GEMMA3N,
    layers: 21,
    sharedKvLayers: 1,
    hiddenSize: 16,
    activationSparsity: sparse(21),
  },
  llama4: { family: 'llama4', chunk: 64, ropeTheta: 500 },
  'llama4 with stretched positions': {
    family: 'llama4',
    chunk: 64,
    moe: { experts: 4, intermediateSize: 24, sharedIntermediateSize: 24 },
    ropeScaling: { ...scaling, highFrequencyFactor: 1, factor: 16, originalContextLength: 32 },
  },
};

describe('a model that was written is read as the same', () => {
  test.each(Object.entries(VARIANTS))('%s: weights, choices, and logits bit for bit', async (_, parameters) => {
    const config = configOf(parameters);
    const weights = weightsFor(config);
    const path = await written(config, (name) => storeFloat32(weights[name]!), 'f32');
    const model = ggufModel(openGguf(path));
    // Several scalings may have the same factors.
    const other = differences(model.config, config).filter((each) => !/rope\.scaling\.(high|low|orig)/.test(each));
    expect(other).toEqual([]);
    const read: Weights = {};
    for (const name of model.names) {
      const stored = model.read(name);
      read[name] = { shape: [...stored.shape], data: decodeStored(stored) };
      // Of norms that files have with 1 added, what is below its rounding is lost, with and without a file.
      if (config.norm.unitOffset && name.endsWith('norm.weight')) continue;
      expect(stored.shape).toEqual(weights[name]!.shape);
      expect(bitsOf(read[name].data).equals(bitsOf(weights[name]!.data)), name).toBe(true);
    }
    expect(bitsOf(logitsOf(model.config, read)).equals(bitsOf(logitsOf(config, weights)))).toBe(true);
  });
});

test('weights in quantized formats keep their bytes, though rows change place', async () => {
  const config = configOf({ family: 'llama3', hiddenSize: 64, headDim: 16, intermediateSize: 96 });
  const weights = weightsFor(config);
  const format = (name: string) => (name.includes('mlp') ? 'Q4_0' : name.includes('v_proj') ? 'bf16' : 'Q8_0');
  const stored = (name: string) =>
    weights[name]!.shape.length === 1 ? storeFloat32(weights[name]!) : storeAs(format(name), weights[name]!, name);
  const model = ggufModel(openGguf(await written(config, stored, undefined)));
  for (const name of model.names) expect(model.read(name), name).toEqual(stored(name));
});

describe('files of others', () => {
  const config = configOf({ family: 'llama3' });
  const weights = weightsFor(config);
  const changed = async (changes: Changes, of: DecoderConfig = config, own: Weights = weights) =>
    ggufModel(openGguf(await written(of, (name) => storeFloat32(own[name]!), 'f32', changes)));
  const without =
    (...keys: string[]) =>
    (metadata: GgufMetadata): GgufMetadata =>
      Object.fromEntries(Object.entries(metadata).filter(([key]) => !keys.some((each) => key.endsWith(each))));

  test('that lack optional keys have llama.cpp’s defaults', async () => {
    const keys = ['key_length', 'value_length', 'dimension_count', 'freq_base', 'scaling.type', 'vocab_size'];
    const { config: read } = await changed({ metadata: without(...keys) });
    expect(differences(read, config)).toEqual([]);
    const qwen = configOf({ family: 'qwen3', kvHeads: 4 });
    const { config: alone } = await changed({ metadata: without('head_count_kv') }, qwen, weightsFor(qwen));
    expect(differences(alone, qwen)).toEqual([]);
  });

  test('that state a value for each layer are read where all are alike, and refused where not', async () => {
    const listed =
      (value: number[]) =>
      (metadata: GgufMetadata): GgufMetadata => ({
        ...metadata,
        'llama.attention.head_count_kv': { type: 'array', of: 'int32', value },
      });
    expect(differences((await changed({ metadata: listed([2, 2, 2, 2]) })).config, config)).toEqual([]);
    await expect(changed({ metadata: listed([2, 2, 2, 4]) })).rejects.toThrow(/one value for all layers/);
  });

  test('may have factors of positions that are all ones, and angles that nobody reads', async () => {
    const ones = {
      name: 'rope_freqs.weight',
      shape: [4],
      format: 'f32',
      bytes: new Uint8Array(new Float32Array(4).fill(1).buffer),
    };
    const angles = { ...ones, name: 'blk.0.attn_rot_embd.weight' };
    const { config: read } = await changed({ tensors: (tensors) => [...tensors, ones, angles] });
    expect(differences(read, config)).toEqual([]);
  });

  test('with other factors are refused', async () => {
    const odd = {
      name: 'rope_freqs.weight',
      shape: [4],
      format: 'f32',
      bytes: new Uint8Array(Float32Array.of(1, 3, 2, 8).buffer),
    };
    await expect(changed({ tensors: (tensors) => [...tensors, odd] })).rejects.toThrow(/not Llama 3’s/);
  });

  test.each([
    [
      'an architecture that is not known',
      (m: GgufMetadata) => ({ ...m, 'general.architecture': { type: 'string', value: 'mamba' } }),
      /architecture(.|\n)*mamba/,
    ],
    [
      'an adapter',
      (m: GgufMetadata) => ({ ...m, 'general.type': { type: 'string', value: 'adapter' } }),
      /merge the adapter/,
    ],
    [
      'a part of several',
      (m: GgufMetadata) => ({ ...m, 'split.count': { type: 'uint32', value: 3 } }),
      /llama-gguf-split --merge/,
    ],
    [
      'a model that sees what follows',
      (m: GgufMetadata) => ({ ...m, 'llama.attention.causal': { type: 'bool', value: false } }),
      /what follows them/,
    ],
    [
      'heads of which a part turns',
      (m: GgufMetadata) => ({ ...m, 'llama.rope.dimension_count': { type: 'uint32', value: 4 } }),
      /heads of one size/,
    ],
    [
      'another kind of scaling',
      (m: GgufMetadata) => ({ ...m, 'llama.rope.scaling.type': { type: 'string', value: 'longrope' } }),
      /longrope/,
    ],
    ['no layers', (m: GgufMetadata) => ({ ...m, 'llama.block_count': { type: 'uint32', value: 0 } }), /block_count/],
    [
      'four billion layers',
      (m: GgufMetadata) => ({ ...m, 'llama.block_count': { type: 'uint32', value: 4294967295 } }),
      /block_count/,
    ],
    [
      'a text for a size',
      (m: GgufMetadata) => ({ ...m, 'llama.embedding_length': { type: 'string', value: '32' } }),
      /a whole number/,
    ],
    [
      'another width',
      (m: GgufMetadata) => ({ ...m, 'llama.embedding_length': { type: 'uint32', value: 64 } }),
      /another shape/,
    ],
    [
      'a base of positions that is none',
      (m: GgufMetadata) => ({ ...m, 'llama.rope.freq_base': { type: 'float32', value: 0 } }),
      /theta/,
    ],
    [
      'heads that keys do not divide',
      (m: GgufMetadata) => ({ ...m, 'llama.attention.head_count_kv': { type: 'uint32', value: 3 } }),
      /a divisor of 4/,
    ],
  ] as [string, (metadata: GgufMetadata) => GgufMetadata, RegExp][])(
    'with %s are refused',
    async (_, metadata, message) => {
      await expect(changed({ metadata })).rejects.toThrow(message);
    },
  );

  test('with a tensor too few, or one too many, are refused, by its name', async () => {
    await expect(changed({ tensors: (tensors) => tensors.slice(1) })).rejects.toThrow(/no embeddings/);
    await expect(
      changed({ tensors: (tensors) => tensors.filter(({ name }) => name !== 'blk.2.ffn_up.weight') }),
    ).rejects.toThrow(/lacks a tensor of the model: blk\.2\.ffn_up\.weight/);
    const extra = { name: 'output.bias', shape: [40], format: 'f32', bytes: new Uint8Array(160) };
    await expect(changed({ tensors: (tensors) => [...tensors, extra] })).rejects.toThrow(
      /that the model has not: output\.bias/,
    );
  });

  test('whose deep Gemma 3n would take keys of other layers are refused', async () => {
    const deep = configOf({
      ...GEMMA3N,
      hiddenSize: 16,
      layers: 21,
      sharedKvLayers: 1,
      activationSparsity: sparse(21),
    });
    const pattern = (metadata: GgufMetadata): GgufMetadata => ({
      ...metadata,
      'gemma3n.attention.sliding_window_pattern': { type: 'uint32', value: 3 },
    });
    await expect(changed({ metadata: pattern }, deep, weightsFor(deep))).rejects.toThrow(/keysOfLayer/);
  });
});
