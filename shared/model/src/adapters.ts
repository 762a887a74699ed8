/**
 * @file Adapters of low rank (LoRA, Hu et al. 2021, https://arxiv.org/abs/2106.09685): beside matrices W of a model that does not learn, factors A and B
 * do, y = W x + alpha / rank · B (A x). Names are those of PEFT within a model: a matrix's module, then `lora_A.weight` [r, in] or `lora_B.weight` [out, r].
 */
import { UserError } from '@arrowsmith/errors';
import { freeze, isFrozen, type Weight } from '@arrowsmith/ops';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { DecoderConfig } from './config.ts';
import { parameterShapes, storableParameters, type Parameters } from './modules.ts';
import { checkTensors, seedOf, type Weights } from './parameters.ts';
import type { ParameterTensors } from './tensors.ts';

/** Which matrices have adapters, and of what rank. */
export interface AdapterConfig {
  rank: number;
  /** The product of the factors counts alpha / rank times. */
  alpha: number;
  /** Names of projections, `q_proj` …: each of them in all layers that have one. */
  projections: readonly string[];
}

/** A matrix that may have an adapter. */
export interface AdaptableMatrix {
  /** Of the parameter. */
  name: string;
  /** Its module: the name without `.weight`. */
  module: string;
  /** The last part of that, which projections name. */
  projection: string;
  out: number;
  in: number;
}

/** Linear layers of attention, of feed-forward networks, of shared experts, and what Gemma 3n has beside these. */
const ADAPTABLE =
  /^model\.layers\.\d+\.(?:(?:self_attn|mlp|mlp\.shared_expert|laurel)\.)?(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj|linear_left|linear_right|per_layer_input_gate|per_layer_projection)\.weight$/;

/** What `all` means: Gemma 3n's others are of low rank themselves. */
const USUAL = new Set(['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']);

/** All matrices of a model that may have adapters: those of linear layers within its blocks, not of experts, whose matrices are stacks. */
export function adaptableMatrices(config: DecoderConfig): AdaptableMatrix[] {
  return parameterShapes(config).flatMap(({ name, shape: [out = 0, into = 0] }) => {
    const projection = ADAPTABLE.exec(name)?.[1];
    return projection === undefined ? [] : [{ name, module: name.replace(/\.weight$/, ''), projection, out, in: into }];
  });
}

/**
 * The configuration of adapters that is asked for.
 *
 * @param projections names of projections, or all of attention and of feed-forward networks that there are
 * @param where the parameter's name, for errors
 * @throws UserError for a projection that the model does not have, and for a rank that a matrix cannot be of
 */
export function adapterConfig(
  config: DecoderConfig,
  { rank, alpha, projections }: { rank: number; alpha: number; projections: 'all' | readonly string[] },
  where: string,
): AdapterConfig {
  const matrices = adaptableMatrices(config);
  const there = [...new Set(matrices.map(({ projection }) => projection))];
  const unknown = projections === 'all' ? undefined : projections.find((projection) => !there.includes(projection));
  if (unknown !== undefined) {
    const ofExperts = /^(gate|up|down)_proj$/.test(unknown) && config.layers.some(({ ffn }) => ffn.kind === 'moe');
    throw new UserError({
      what: `no adapter can be put beside ${unknown}`,
      where: `${where}.projections`,
      expected: `of the model’s projections ${there.join(', ')}`,
      found: ofExperts ? `${unknown} in experts alone, whose matrices are one stack` : unknown,
      fix: 'name some of these, or all, which means attention and feed-forward networks',
    });
  }
  const chosen = there.filter((projection) =>
    projections === 'all' ? USUAL.has(projection) : projections.includes(projection),
  );
  for (const { module, projection, out, in: into } of matrices) {
    if (!chosen.includes(projection) || rank <= Math.min(out, into)) continue;
    throw new UserError({
      what: 'the rank of adapters is larger than that of a matrix',
      where: `${where}.rank`,
      expected: `at most ${Math.min(out, into)}, as ${module} is [${out}, ${into}]`,
      found: String(rank),
      fix: `lower the rank, or leave ${projection} out of the projections`,
    });
  }
  return { rank, alpha, projections: chosen };
}

/** An adapter's names and shapes. */
interface AdapterShape {
  matrix: AdaptableMatrix;
  a: { name: string; shape: number[] };
  b: { name: string; shape: number[] };
}

/** All adapters, in the order of the model's parameters. */
export function adapterShapes(config: DecoderConfig, { rank, projections }: AdapterConfig): AdapterShape[] {
  return adaptableMatrices(config)
    .filter(({ projection }) => projections.includes(projection))
    .map((matrix) => ({
      matrix,
      a: { name: `${matrix.module}.lora_A.weight`, shape: [rank, matrix.in] },
      b: { name: `${matrix.module}.lora_B.weight`, shape: [matrix.out, rank] },
    }));
}

/** The number of values that learn. */
export const countAdapterParameters = (config: DecoderConfig, adapters: AdapterConfig): number =>
  adapterShapes(config, adapters).reduce((sum, { matrix }) => sum + adapters.rank * (matrix.in + matrix.out), 0);

/**
 * Initial values as PEFT's: A uniform between ±1 / √in (what PyTorch's `kaiming_uniform_(a=√5)` is), B zeros, so that nothing changes at first. Each tensor
 * has a random stream of its own, made from the seed and its name.
 */
export function initialAdapters(config: DecoderConfig, adapters: AdapterConfig, seed: number): Weights {
  const entries = adapterShapes(config, adapters).flatMap(({ matrix, a, b }) => {
    const rng = xoroshiro128plus(seedOf(seed, a.name));
    const bound = 1 / Math.sqrt(matrix.in);
    const values = Float32Array.from(
      { length: adapters.rank * matrix.in },
      () => bound * (2 * uniformFloat64(rng) - 1),
    );
    return [
      [a.name, { shape: a.shape, data: values }],
      [b.name, { shape: b.shape, data: new Float32Array(matrix.out * adapters.rank) }],
    ] as const;
  });
  return Object.fromEntries(entries);
}

/** @throws UserError naming the first tensor that is missing, mis-shaped or extra */
export function checkAdapters(
  config: DecoderConfig,
  adapters: AdapterConfig,
  weights: Readonly<Record<string, { shape: readonly number[]; data: { length: number } }>>,
  where: string,
): void {
  const shapes = adapterShapes(config, adapters).flatMap(({ a, b }) => [a, b]);
  checkTensors(shapes, new Map(Object.entries(weights)), where, 'use an adapter and the model that it was trained for');
}

/** The parameters of a model that does not learn: of all that is multiplied with or looked up in, there are no gradients. */
export function freezeParameters(config: DecoderConfig, parameters: Parameters): Parameters {
  const storable = storableParameters(config);
  return Object.fromEntries(
    Object.entries(parameters).map(([name, weight]) => [
      name,
      storable.has(name) && !isFrozen(weight) ? freeze(weight) : weight,
    ]),
  );
}

/**
 * A model with adapters beside its matrices.
 *
 * @param frozen of {@link freezeParameters}
 * @param tensors of the adapters
 */
export function adaptParameters(
  config: DecoderConfig,
  adapters: AdapterConfig,
  frozen: Parameters,
  tensors: ParameterTensors,
): Parameters {
  const scale = adapters.alpha / adapters.rank;
  const parameters: Record<string, Weight> = { ...frozen };
  for (const { matrix, a, b } of adapterShapes(config, adapters)) {
    const [weight, left, right] = [frozen[matrix.name], tensors[a.name], tensors[b.name]];
    if (weight === undefined || !isFrozen(weight)) throw new Error(`${matrix.name} is no frozen matrix`);
    if (left === undefined || right === undefined) throw new Error(`${matrix.module} has no adapter`);
    parameters[matrix.name] = freeze(weight.frozen, { a: left, b: right, scale });
  }
  return parameters;
}

/**
 * A matrix with its adapter added: W + alpha / rank · B A, summed in float64 and rounded once.
 *
 * @param weight [out, in]
 * @param a [r, in]
 * @param b [out, r]
 */
export function mergedMatrix(
  { rank, alpha }: AdapterConfig,
  { shape, data }: Weights[string],
  a: Float32Array,
  b: Float32Array,
): Weights[string] {
  const [out, into] = shape as [number, number];
  const scale = alpha / rank;
  const merged = new Float32Array(data.length);
  const row = new Float64Array(into);
  for (let i = 0; i < out; i++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scale * (b[i * rank + r] ?? NaN);
      for (let j = 0; j < into; j++) row[j]! += factor * (a[r * into + j] ?? NaN);
    }
    for (let j = 0; j < into; j++) merged[i * into + j] = (data[i * into + j] ?? NaN) + (row[j] ?? NaN);
  }
  return { shape, data: merged };
}
