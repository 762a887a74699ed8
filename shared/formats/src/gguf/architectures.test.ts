/** @file Tests of models as llama.cpp has them, architecture by architecture: what each does in its own way (scripts/parity/export.ts compares numbers). */
import {
  decoderConfig,
  initialWeights,
  parameterShapes,
  type DecoderConfig,
  type ModelParameters,
  type Weights,
} from '@arrowsmith/model';
import { storeAs, storeFloat32 } from '@arrowsmith/quantization';
import { describe, expect, test } from 'vitest';
import { ggufArchitecture, whyNotGguf } from './choose-architecture.ts';
import { ggufTensors } from './model-tensors.ts';
import type { FormattedTensor } from './row-operations.ts';
import type { GgufTensor, GgufValue } from './write-gguf.ts';

const DATA = { vocabularySize: 40, contextLength: 64 };
const SMALL = { hiddenSize: 32, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 48 };

type Parameters = Partial<ModelParameters> & { family: ModelParameters['family'] };

const configOf = (parameters: Parameters, data: Partial<typeof DATA> = {}): DecoderConfig =>
  decoderConfig({ ...SMALL, ...parameters } as ModelParameters, { ...DATA, ...data });

/** The tensors of a file, by name. */
function tensorsOf(
  config: DecoderConfig,
  weights: Weights = initialWeights(config, 1),
  { format = 'f32', tokens = config.vocabularySize }: { format?: string | undefined; tokens?: number } = {},
): Map<string, GgufTensor> {
  const read = (name: string): FormattedTensor => storeFloat32(weights[name]!);
  const tensors = ggufTensors({ config, architecture: ggufArchitecture(config), read, format, tokens });
  return new Map([...tensors].map((tensor) => [tensor.name, tensor]));
}

const floats = ({ bytes }: { bytes: Uint8Array }): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer);

/** The metadata, as plain values. */
const metadataOf = (config: DecoderConfig): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(ggufArchitecture(config).metadata(config)).map(([key, { value }]: [string, GgufValue]) => [
      key,
      value,
    ]),
  );

describe('llama', () => {
  const rows = (values: Float32Array, columns: number) =>
    Array.from({ length: values.length / columns }, (_, row) => values[row * columns]!);

  test('has rows of queries and keys in the order of neighbours, and those of values as they are', () => {
    const config = configOf({ family: 'llama3', attentionBias: true });
    const weights = initialWeights(config, 1);
    for (const part of ['q', 'k', 'v']) {
      for (const kind of ['weight', 'bias']) {
        const { data, shape } = weights[`model.layers.0.self_attn.${part}_proj.${kind}`]!;
        for (let i = 0; i < data.length; i++) data[i] = Math.floor(i / (shape[1] ?? 1)); // each value its row
      }
    }
    const tensors = tensorsOf(config, weights);
    // Heads of 8: rows 0 1 2 3 | 4 5 6 7 of the halves become 0 4 1 5 2 6 3 7, head by head.
    const head = [0, 4, 1, 5, 2, 6, 3, 7];
    const expected = (heads: number) => Array.from({ length: heads }, (_, h) => head.map((row) => row + 8 * h)).flat();
    expect(rows(floats(tensors.get('blk.0.attn_q.weight')!), 32)).toEqual(expected(4));
    expect(rows(floats(tensors.get('blk.0.attn_k.weight')!), 32)).toEqual(expected(2));
    expect([...floats(tensors.get('blk.0.attn_q.bias')!)]).toEqual(expected(4));
    expect([...floats(tensors.get('blk.0.attn_k.bias')!)]).toEqual(expected(2));
    expect(rows(floats(tensors.get('blk.0.attn_v.weight')!), 32)).toEqual(Array.from({ length: 16 }, (_, row) => row));
  });

  test('whose neighbours turn already has them as they are', () => {
    const config = configOf({ family: 'llama3', ropeInterleaved: true });
    const weights = initialWeights(config, 1);
    const name = 'model.layers.0.self_attn.q_proj.weight';
    expect(floats(tensorsOf(config, weights).get('blk.0.attn_q.weight')!)).toEqual(weights[name]!.data);
  });

  test('has Llama 3’s scaling as factors of wavelengths, in rope_freqs', () => {
    const scaling = {
      kind: 'llama3',
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalContextLength: 32,
    } as const;
    const config = configOf({ family: 'llama3', ropeTheta: 10, ropeScaling: scaling });
    const tensors = tensorsOf(config);
    // By the wavelengths 2π · 10^(2 i / 8): 6.3, 11.2, 19.9, 35.3. Below 32 / 4 stays, above 32 / 1 is stretched by 8; between, 1 / ((1 − s) / 8 + s).
    const blended = (wavelength: number) => {
      const s = (32 / wavelength - 1) / (4 - 1);
      return 1 / ((1 - s) / 8 + s);
    };
    const wavelengths = [0, 1, 2, 3].map((i) => 2 * Math.PI * 10 ** ((2 * i) / 8));
    const expected = [1, blended(wavelengths[1]!), blended(wavelengths[2]!), 8];
    const found = floats(tensors.get('rope_freqs.weight')!);
    for (const [i, factor] of expected.entries()) expect(found[i]).toBeCloseTo(factor, 5);
    expect(metadataOf(config)['llama.rope.scaling.type']).toBe('none'); // not twice
    expect(tensorsOf(configOf({ family: 'llama3' })).has('rope_freqs.weight')).toBe(false);
  });

  test('has YaRN in metadata; the factor of cosines is relative to what llama.cpp has by itself', () => {
    const yarn = { kind: 'yarn', factor: 4, originalContextLength: 16, betaFast: 32, betaSlow: 1 } as const;
    const metadata = metadataOf(configOf({ family: 'llama3', ropeScaling: { ...yarn, attentionFactor: 1.3 } }));
    expect(metadata['llama.rope.scaling.type']).toBe('yarn');
    expect(metadata['llama.rope.scaling.attn_factor']).toBeCloseTo(1.3 / (0.1 * Math.log(4) + 1), 6);
    const other = configOf({ family: 'llama3', ropeScaling: { ...yarn, betaFast: 16 } });
    expect(() => ggufArchitecture(other)).toThrow(/betaFast is 16, not 32/);
  });

  test('whose layers slide is refused: llama.cpp lets all of Llama’s see everything', () => {
    expect(() => ggufArchitecture(configOf({ family: 'mistral' }))).toThrow(
      /window is 16, not 0(.|\n)*format: huggingface/,
    );
    expect(ggufArchitecture(configOf({ family: 'mistral', window: 64 })).name).toBe('llama'); // as long as the context
  });
});

describe('llama4', () => {
  const long = { family: 'llama4', chunk: 64 } as const;

  test('turns neighbours as this project does: nothing changes place', () => {
    const config = configOf(long);
    const weights = initialWeights(config, 1);
    const tensors = tensorsOf(config, weights);
    for (const part of ['q', 'k']) {
      const { data } = weights[`model.layers.0.self_attn.${part}_proj.weight`]!;
      expect(floats(tensors.get(`blk.0.attn_${part}.weight`)!)).toEqual(data);
    }
    expect(tensors.get('blk.1.ffn_gate_exps.weight')!.shape).toEqual([8, 24, 32]);
    expect(tensors.has('blk.1.ffn_up_shexp.weight')).toBe(true);
    expect(metadataOf(config)['llama4.interleave_moe_layer_step']).toBe(2);
  });

  test('has chunks of 8192 and a floor of 8192, whatever a file says: others are refused where they show', () => {
    const chunked = configOf({ family: 'llama4', chunk: 16 });
    expect(() => ggufArchitecture(chunked)).toThrow(/attention\.chunk is 16, not 0/);
    const tuned = configOf({ ...long, temperatureTuning: { floorScale: 16, scale: 0.1 } });
    expect(() => ggufArchitecture(tuned)).toThrow(/temperatureTuning is \{"floorScale":16/);
    const unseen = configOf({ ...long, temperatureTuning: { floorScale: 65, scale: 0.5 } });
    expect(ggufArchitecture(unseen).name).toBe('llama4'); // no position is that far
    expect(metadataOf(configOf(long))['llama4.attention.sliding_window']).toBe(8192);
  });

  test('of no experts, at which llama.cpp throws, is refused', () => {
    const dense = configOf({ ...long, moe: { pattern: 'D' } });
    expect(() => ggufArchitecture(dense)).toThrow(/llama\.cpp does not compute/);
    expect(ggufArchitecture(configOf({ ...long, qkNorm: 'none', moe: { pattern: 'D' } })).name).toBe('smollm3'); // the same
  });

  test('has normalised queries and keys, except with 128 experts', () => {
    const experts = { experts: 128, topK: 1, intermediateSize: 4, sharedIntermediateSize: 4 };
    expect(() => ggufArchitecture(configOf({ ...long, moe: experts }))).toThrow(/qkNorm is "l2", not "none"/);
    expect(ggufArchitecture(configOf({ ...long, qkNorm: 'none', moe: experts })).name).toBe('llama4');
  });
});

describe('gemma', () => {
  test('3 and 2 store norms as their difference from 1: they are whole in the file, those of heads, too', () => {
    const config = configOf({ family: 'gemma3' });
    const weights = initialWeights(config, 1);
    for (const [name, { data }] of Object.entries(weights)) if (name.endsWith('norm.weight')) data.fill(0.25);
    const tensors = tensorsOf(config, weights);
    for (const part of [
      'attn_norm',
      'post_attention_norm',
      'ffn_norm',
      'post_ffw_norm',
      'attn_q_norm',
      'attn_k_norm',
    ]) {
      expect(new Set(floats(tensors.get(`blk.0.${part}.weight`)!)), part).toEqual(new Set([1.25]));
    }
    expect(new Set(floats(tensors.get('output_norm.weight')!))).toEqual(new Set([1.25]));
  });

  test('3 says which layers see everything: after how many where that says it, and else layer by layer', () => {
    const period = metadataOf(configOf({ family: 'gemma3', layers: 7 }));
    expect(period['gemma3.attention.sliding_window_pattern']).toBe(6);
    expect(period['gemma3.rope.freq_base']).toBe(1e6);
    expect(period['gemma3.rope.freq_base_swa']).toBe(10000);
    const listed = metadataOf(configOf({ family: 'gemma3', attentionPattern: 'SGGS' }));
    expect(listed['gemma3.attention.sliding_window_pattern']).toEqual([true, false, false, true]);
    expect(metadataOf(configOf({ family: 'gemma3', attentionPattern: 'G' }))).not.toHaveProperty(
      'gemma3.attention.sliding_window',
    );
  });

  test('3 has as many rows of embeddings as the tokenizer tokens; the others have all, of which some are not used', () => {
    for (const [family, cuts] of [
      ['gemma3', true],
      ['gemma2', undefined],
      ['qwen3', undefined],
    ] as const) {
      expect([family, ggufArchitecture(configOf({ family })).cutsVocabulary]).toEqual([family, cuts]);
    }
    const config = configOf({ family: 'gemma3' });
    const weights = initialWeights(config, 1);
    const embeddings = tensorsOf(config, weights, { tokens: 37 }).get('token_embd.weight')!;
    expect(embeddings.shape).toEqual([37, 32]);
    expect(floats(embeddings)).toEqual(weights['model.embed_tokens.weight']!.data.subarray(0, 37 * 32));
  });

  test('scores are scaled by heads as they are; another scale, and caps that are not there, are refused', () => {
    expect(() => ggufArchitecture(configOf({ family: 'gemma3', attentionScale: 0.5 }))).toThrow(
      /scale is 0.5, not 0.353/,
    );
    expect(() => ggufArchitecture(configOf({ family: 'gemma2', attentionSoftCap: 0 }))).toThrow(/softCap is 0, not 50/);
  });
});

describe('gemma3n', () => {
  const fits = {
    family: 'gemma3n',
    perLayerEmbeddingSize: 256,
    laurelRank: 64,
    activationSparsity: Array.from({ length: 10 }, () => 0.95),
    sharedKvLayers: 0,
  } as const;

  test('has norms as they are, four AltUp inputs, and projections in one tensor', () => {
    const config = configOf(fits);
    const weights = initialWeights(config, 1);
    weights['model.layers.0.input_layernorm.weight']!.data.fill(0.25);
    const tensors = tensorsOf(config, weights);
    expect(floats(tensors.get('blk.0.attn_norm.weight')!)[0]).toBe(0.25);
    const projections = [0, 1, 2].flatMap((i) => [...weights[`model.altup_projections.${i}.weight`]!.data]);
    expect(tensors.get('altup_proj.weight')!.shape).toEqual([3, 32, 32]);
    expect([...floats(tensors.get('altup_proj.weight')!)]).toEqual(projections);
    expect(metadataOf(config)['gemma3n.attention.sliding_window_pattern']).toEqual([true, true, true, false]);
    const three = configOf({ ...fits, altUp: { inputs: 3, active: 0, coefficientClip: 120, correctScale: true } });
    expect(() => ggufArchitecture(three)).toThrow(/altUp\.inputs is 3, not 4/);
  });

  test('shares keys and values from layer 20 on: a miniature that shares some is refused, a deep one is not', () => {
    expect(() => ggufArchitecture(configOf({ ...fits, layers: 6, sharedKvLayers: 1 }))).toThrow(
      /keysOfLayer is 3, not null, in layer 5/,
    );
    const deep = configOf({ ...fits, layers: 25, sharedKvLayers: 5 });
    const tensors = tensorsOf(deep);
    expect(metadataOf(deep)['gemma3n.attention.shared_kv_layers']).toBe(5);
    expect(tensors.get('blk.24.attn_k.weight')!.shape).toEqual([16, 32]); // llama.cpp wants it, and does not use it
    expect(() => ggufArchitecture(configOf({ ...fits, layers: 25, sharedKvLayers: 4 }))).toThrow(
      /keysOfLayer is null, not 18, in layer 20/,
    );
  });

  test('cuts off 95 % in the first ten layers, and has vectors of 256 and a rank of 64', () => {
    const other = configOf({ ...fits, activationSparsity: [0.95], perLayerEmbeddingSize: 4, laurelRank: 1 });
    const why = whyNotGguf(other);
    expect(why).toMatch(/laurelRank is 1, not 64/);
    expect(why).toMatch(/sparsity is 0, not 0.95, in layers 1 2 3/);
    expect(why).toMatch(/perLayerEmbedding\.size is 4, not 256/);
    expect(whyNotGguf(configOf(fits))).toBeUndefined();
  });

  test('has a row of per-layer embeddings for every token: those beyond the table are its first', () => {
    const config = configOf(fits);
    const cut = { ...config, perLayerEmbedding: { size: 256, vocabularySize: 38 } };
    const weights = initialWeights(cut, 1);
    const table = floats(tensorsOf(cut, weights).get('per_layer_token_embd.weight')!);
    const columns = 4 * 256;
    expect(table.length).toBe(40 * columns);
    expect(table.subarray(39 * columns)).toEqual(table.subarray(0, columns));
  });
});

describe('cohere2', () => {
  test('has heads of d / heads, shares its embeddings, and has no biases: others are refused', () => {
    const family = 'command-a';
    const { name } = ggufArchitecture(configOf({ family }));
    expect(name).toBe('cohere2');
    expect(() => ggufArchitecture(configOf({ family, headDim: 16 }))).toThrow(/headDim is 16, not 8/);
    expect(() => ggufArchitecture(configOf({ family, tieWordEmbeddings: false }))).toThrow(
      /tieWordEmbeddings is false, not true/,
    );
    expect(() => ggufArchitecture(configOf({ family, attentionBias: true }))).toThrow(/bias is true, not false/);
  });

  test('has its pattern, its window and the factor of its logits', () => {
    const metadata = metadataOf(configOf({ family: 'command-a', logitScale: 0.25, window: 8 }));
    expect(metadata).toMatchObject({
      'cohere2.attention.sliding_window': 8,
      'cohere2.attention.sliding_window_pattern': 4,
      'cohere2.logit_scale': 0.25,
      'cohere2.attention.layer_norm_epsilon': 1e-5,
    });
  });
});

test('where halves of a head turn together, a model whose neighbours do is refused', () => {
  expect(() => ggufArchitecture(configOf({ family: 'qwen3', ropeInterleaved: true }))).toThrow(
    /rope\.interleaved is true, not false/,
  );
});

test('qwen3moe divides chosen probabilities by their sum, always: a model that does not is refused', () => {
  const moe = { experts: 4, topK: 2, intermediateSize: 8 };
  const config = configOf({ family: 'qwen3-moe', moe });
  expect(metadataOf(config)).toMatchObject({ 'qwen3moe.expert_count': 4, 'qwen3moe.expert_used_count': 2 });
  expect(tensorsOf(config).get('blk.0.ffn_down_exps.weight')!.shape).toEqual([4, 32, 8]);
  const other = configOf({ family: 'qwen3-moe', moe: { ...moe, normalizeTopK: false } });
  expect(() => ggufArchitecture(other)).toThrow(/normalizeTopK is false, not true/);
});

test('a model whose embeddings are its output layer has no output layer in the file; another has one', () => {
  expect(tensorsOf(configOf({ family: 'qwen3' })).has('output.weight')).toBe(false);
  expect(tensorsOf(configOf({ family: 'qwen3', tieWordEmbeddings: false })).has('output.weight')).toBe(true);
});

test('every family has a name in GGUF for each of its parameters', () => {
  for (const family of [
    'llama3',
    'llama4',
    'qwen2',
    'qwen3',
    'qwen3-moe',
    'smollm3',
    'command-a',
    'gemma2',
    'gemma3',
  ] as const) {
    const config = configOf({ family, ...(family === 'llama4' ? { chunk: 64 } : {}) });
    expect(ggufArchitecture(config).family).toBe(family);
    expect([family, tensorsOf(config).size]).toEqual([family, parameterShapes(config).length]);
  }
});

describe('formats', () => {
  test('norms, routers and coefficients are float32 in all of them; rows that are no whole blocks have another', () => {
    const config = configOf({ family: 'qwen3-moe', intermediateSize: 64, moe: { intermediateSize: 40 } });
    const tensors = tensorsOf(config, initialWeights(config, 1), { format: 'Q8_0' });
    const formats = (name: string) => tensors.get(name)!.format;
    expect(formats('blk.0.attn_norm.weight')).toBe('f32');
    expect(formats('blk.0.ffn_gate_inp.weight')).toBe('f32');
    expect(formats('blk.0.attn_q.weight')).toBe('Q8_0');
    expect(formats('blk.0.ffn_down_exps.weight')).toBe('f16'); // rows of 40
  });

  test('bytes that are stored in a format of GGUF stay, row by row, when no other is asked for', () => {
    const config = configOf({ family: 'llama3' });
    const weights = initialWeights(config, 1);
    const stored = new Map(
      Object.entries(weights).map(([name, tensor]) => [
        name,
        tensor.shape.length === 1 ? storeFloat32(tensor) : storeAs('Q4_0', tensor, name),
      ]),
    );
    const architecture = ggufArchitecture(config);
    const read = (name: string): FormattedTensor => stored.get(name)!;
    const options = { config, architecture, read, tokens: config.vocabularySize };
    const tensors = new Map([...ggufTensors({ ...options, format: undefined })].map((tensor) => [tensor.name, tensor]));
    expect(tensors.get('blk.0.attn_v.weight')!.bytes).toEqual(
      stored.get('model.layers.0.self_attn.v_proj.weight')!.bytes,
    );
    // Rows of 32 values are 18 bytes: row 4 of the first head is its second.
    const queries = stored.get('model.layers.0.self_attn.q_proj.weight')!.bytes;
    expect(tensors.get('blk.0.attn_q.weight')!.bytes.subarray(18, 36)).toEqual(queries.subarray(4 * 18, 5 * 18));
  });

  test('one that GGUF has not is refused, with the nearest', () => {
    const config = configOf({ family: 'llama3' });
    expect(() => tensorsOf(config, undefined, { format: 'int8' })).toThrow(/no format int8(.|\n)*precision: Q8_0/);
  });
});
