/** @file A decoder's parameters: names and shapes after Hugging Face's, initial values, checks. */
import { createHash } from 'node:crypto';
import { UserError } from '@arrowsmith/errors';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { mupWidth, type AttentionConfig, type DecoderConfig, type DenseConfig, type MoeConfig } from './config.ts';
import { PER_LAYER_TABLE } from './per-layer-embedding.ts';
import { PATCH_EMBEDDING, PATCH_POSITIONS } from './vision.ts';

/** What a parameter is for, which decides how it begins and how fast it learns. */
export type ParameterRole =
  /** A table of vectors, of which a token looks up one; or a matrix whose inputs do not grow with the model. */
  | 'embedding'
  /** The output layer's matrix. */
  | 'output'
  /** A matrix within a layer. */
  | 'hidden'
  /** A matrix whose product is added to the residual stream. */
  | 'residual'
  /** A factor of a norm, or of another vector. */
  | 'gain'
  | 'bias';

/** A parameter's name and shape. Matrices are [out, in], those of experts [experts, out, in]. */
export interface ParameterShape {
  name: string;
  shape: number[];
  role: ParameterRole;
}

/** Parameters by name, outside of any backend. */
export type Weights = Record<string, { shape: number[]; data: Float32Array }>;

/** Every parameter of the model, in the order in which files store them. */
export function parameterShapes(config: DecoderConfig): ParameterShape[] {
  const { hiddenSize: d, vocabularySize, altUp, perLayerEmbedding, vision } = config;
  const shapes: ParameterShape[] = [
    { name: 'model.embed_tokens.weight', shape: [vocabularySize, d], role: 'embedding' },
  ];
  if (vision !== null) {
    const { patches, channels, patchSize } = vision;
    shapes.push(
      { name: PATCH_EMBEDDING, shape: [d, channels * patchSize ** 2], role: 'embedding' },
      { name: PATCH_POSITIONS, shape: [patches, d], role: 'embedding' },
    );
  }
  if (perLayerEmbedding !== null) {
    const { size, vocabularySize: rows } = perLayerEmbedding;
    const columns = config.layers.length * size;
    shapes.push(
      { name: PER_LAYER_TABLE, shape: [rows, columns], role: 'embedding' },
      { name: 'model.per_layer_model_projection.weight', shape: [columns, d], role: 'hidden' },
      { name: 'model.per_layer_projection_norm.weight', shape: [size], role: 'gain' },
    );
  }
  const copies = Array.from({ length: (altUp?.inputs ?? 1) - 1 }, (_, i) => i);
  for (const part of ['altup_projections', 'altup_unembed_projections']) {
    shapes.push(...copies.map((i) => matrix(`model.${part}.${i}`, d, d)));
  }
  for (const [i, layer] of config.layers.entries()) {
    const own = [...layerNorms(config), ...attentionShapes(config, layer.attention), ...ffnShapes(config, layer.ffn)];
    own.push(...sideShapes(config));
    shapes.push(...own.map((parameter) => ({ ...parameter, name: `model.layers.${i}.${parameter.name}` })));
  }
  shapes.push(gain('model.norm', d));
  if (!config.tieWordEmbeddings) shapes.push({ name: 'lm_head.weight', shape: [vocabularySize, d], role: 'output' });
  return shapes;
}

const gain = (name: string, size: number): ParameterShape => ({ name: `${name}.weight`, shape: [size], role: 'gain' });

const matrix = (name: string, out: number, into: number, role: ParameterRole = 'hidden'): ParameterShape => ({
  name: `${name}.weight`,
  shape: [out, into],
  role,
});

/** A linear layer, with its bias where there is one. */
const linear = (name: string, out: number, into: number, bias: boolean, role?: ParameterRole): ParameterShape[] => [
  matrix(name, out, into, role),
  ...(bias ? [{ name: `${name}.bias`, shape: [out], role: 'bias' as const }] : []),
];

function layerNorms({ hiddenSize: d, postNorms, parallelBlock }: DecoderConfig): ParameterShape[] {
  const names = ['input_layernorm'];
  if (postNorms || !parallelBlock) names.push('post_attention_layernorm');
  if (postNorms) names.push(...(parallelBlock ? [] : ['pre_feedforward_layernorm']), 'post_feedforward_layernorm');
  return names.map((name) => gain(name, d));
}

function attentionShapes(
  { hiddenSize: d }: DecoderConfig,
  { heads, kvHeads, headDim, bias, qkNorm, keysOfLayer }: AttentionConfig,
): ParameterShape[] {
  const hasKeys = keysOfLayer === null;
  return [
    ...linear('self_attn.q_proj', heads * headDim, d, bias !== false),
    ...(hasKeys ? linear('self_attn.k_proj', kvHeads * headDim, d, bias !== false) : []),
    ...(hasKeys ? linear('self_attn.v_proj', kvHeads * headDim, d, bias !== false) : []),
    ...linear('self_attn.o_proj', d, heads * headDim, bias === true, 'residual'),
    ...(qkNorm === 'learned' ? [gain('self_attn.q_norm', headDim)] : []),
    ...(qkNorm === 'learned' && hasKeys ? [gain('self_attn.k_norm', headDim)] : []),
  ];
}

function ffnShapes({ hiddenSize: d }: DecoderConfig, ffn: DenseConfig | MoeConfig): ParameterShape[] {
  if (ffn.kind === 'dense') return gatedShapes('mlp', d, ffn.intermediateSize, ffn.bias);
  const { experts, intermediateSize: f, sharedIntermediateSize } = ffn;
  return [
    matrix('mlp.gate', experts, d),
    { name: 'mlp.experts.gate_proj.weight', shape: [experts, f, d], role: 'hidden' },
    { name: 'mlp.experts.up_proj.weight', shape: [experts, f, d], role: 'hidden' },
    { name: 'mlp.experts.down_proj.weight', shape: [experts, d, f], role: 'residual' },
    ...(sharedIntermediateSize === 0 ? [] : gatedShapes('mlp.shared_expert', d, sharedIntermediateSize, false)),
  ];
}

const gatedShapes = (name: string, d: number, f: number, bias: boolean): ParameterShape[] => [
  ...linear(`${name}.gate_proj`, f, d, bias),
  ...linear(`${name}.up_proj`, f, d, bias),
  ...linear(`${name}.down_proj`, d, f, bias, 'residual'),
];

/** What stands beside a block's attention and feed-forward network in Gemma 3n. */
function sideShapes({ hiddenSize: d, altUp, laurelRank, perLayerEmbedding }: DecoderConfig): ParameterShape[] {
  const shapes: ParameterShape[] = [];
  if (altUp !== null) {
    const { inputs: a, correctScale } = altUp;
    // It scales what gates the per-layer embedding, and nothing else.
    if (correctScale && perLayerEmbedding !== null)
      shapes.push({ name: 'altup.correct_output_scale', shape: [d], role: 'gain' });
    shapes.push(
      matrix('altup.correction_coefs', a, a),
      matrix('altup.prediction_coefs', a * a, a),
      matrix('altup.modality_router', a, d),
      gain('altup.router_norm', d),
    );
  }
  if (laurelRank > 0) {
    shapes.push(
      matrix('laurel.linear_left', laurelRank, d),
      matrix('laurel.linear_right', d, laurelRank, 'residual'),
      gain('laurel.post_laurel_norm', d),
    );
  }
  if (perLayerEmbedding !== null) {
    shapes.push(
      matrix('per_layer_input_gate', perLayerEmbedding.size, d),
      matrix('per_layer_projection', d, perLayerEmbedding.size, 'residual'),
      gain('post_per_layer_input_norm', d),
    );
  }
  return shapes;
}

/** The number of trained values. */
export function countParameters(config: DecoderConfig): number {
  return parameterShapes(config).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/**
 * The number of values that compute one token: of experts, those that a token is sent to; of tables that are looked up, none, except where the
 * output layer multiplies with all of it.
 */
export function countActiveParameters(config: DecoderConfig): number {
  const activeFractions = new Map(
    config.layers.map(({ ffn }, i) => [i, ffn.kind === 'moe' ? ffn.topK / ffn.experts : 1]),
  );
  return parameterShapes(config).reduce((sum, { name, shape, role }) => {
    if (role === 'embedding' && !(config.tieWordEmbeddings && name === 'model.embed_tokens.weight')) return sum;
    const layer = /^model\.layers\.(\d+)\.mlp\.experts\./.exec(name)?.[1];
    return sum + sizeOf(shape) * (layer === undefined ? 1 : activeFractions.get(Number(layer))!);
  }, 0);
}

/** The number of values without the table of per-layer embeddings, which need not be in memory: Gemma 3n's effective parameters. */
export function countEffectiveParameters(config: DecoderConfig): number {
  const table = parameterShapes(config).find(({ name }) => name === PER_LAYER_TABLE);
  return countParameters(config) - (table === undefined ? 0 : sizeOf(table.shape));
}

/**
 * Initial values: gains are ones (zeros where a norm stores the difference from 1) and biases zeros; matrices are normal with the
 * configuration's deviation, and those that add to the residual stream, where it says so, with 1/sqrt(2 · layers) of it, as in GPT-2, to keep
 * the stream's variance independent of depth. Under µP the deviation of matrices within layers falls with the square root of the width.
 *
 * Every tensor has a random stream of its own, made from the seed and its name: a model with one layer more has the same values
 * in the layers that both have, up to that scale.
 */
export function initialWeights(config: DecoderConfig, seed: number): Weights {
  const { deviation, scaleResidual } = config.initialization;
  const ofResidual = scaleResidual ? 1 / Math.sqrt(2 * config.layers.length) : 1;
  const ofHidden = 1 / Math.sqrt(mupWidth(config));
  const factors = { embedding: 1, output: 1, hidden: ofHidden, residual: ofHidden * ofResidual };
  return Object.fromEntries(
    parameterShapes(config).map(({ name, shape, role }) => {
      const size = sizeOf(shape);
      if (role === 'bias') return [name, { shape, data: new Float32Array(size) }];
      if (role === 'gain') {
        const isOffset = config.norm.unitOffset && name.endsWith('norm.weight');
        return [name, { shape, data: new Float32Array(size).fill(isOffset ? 0 : 1) }];
      }
      return [name, { shape, data: normalValues(size, deviation * factors[role], seedOf(seed, name)) }];
    }),
  );
}

/** Normally distributed values, by the Box–Muller transform. */
function normalValues(count: number, deviation: number, seed: number): Float32Array {
  const rng = xoroshiro128plus(seed);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - uniformFloat64(rng))); // 1 − u: never log(0)
    const angle = 2 * Math.PI * uniformFloat64(rng);
    values[i] = radius * Math.cos(angle);
    if (i + 1 < count) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

function seedOf(seed: number, name: string): number {
  return createHash('sha256').update(`${seed}/${name}`).digest().readInt32LE();
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * Checks that weights are those of the configuration: every tensor there, none else, each of its shape.
 *
 * @param where the file or artifact they come from
 * @param elsewhere names of parameters that are read when they are needed, and need not be among the weights
 * @throws UserError naming the first tensor that is missing, mis-shaped or extra
 */
export function checkWeights(
  config: DecoderConfig,
  weights: Weights,
  where: string,
  elsewhere: readonly string[] = [],
): void {
  const fix = 'use weights and model parameters of the same run';
  const shapes = parameterShapes(config);
  for (const { name, shape } of shapes) {
    if (elsewhere.includes(name) && weights[name] === undefined) continue;
    const expected = `${name} of shape [${shape.join(', ')}]`;
    const found = weights[name];
    if (found === undefined) throw new UserError({ what: `the weights lack the tensor ${name}`, expected, where, fix });
    if (found.shape.join() !== shape.join() || found.data.length !== sizeOf(shape)) {
      throw new UserError({
        what: `the weights' tensor ${name} has another shape than the model`,
        expected,
        found: `shape [${found.shape.join(', ')}] with ${found.data.length} values`,
        where,
        fix,
      });
    }
  }
  const names = new Set(shapes.map(({ name }) => name));
  const extra = Object.keys(weights).find((name) => !names.has(name));
  if (extra !== undefined) {
    throw new UserError({
      what: `the weights have a tensor that the model has not: ${extra}`,
      expected: `${shapes.length} tensors, ${shapes[0]!.name} to ${shapes.at(-1)!.name}`,
      where,
      fix,
    });
  }
}
