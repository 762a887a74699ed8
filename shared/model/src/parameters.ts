/** @file A decoder's parameters: names and shapes as in Hugging Face's Llama, initial values, checks. */
import { createHash } from 'node:crypto';
import { UserError } from '@arrowsmith/errors';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { DecoderConfig } from './config.ts';

/** A parameter's name and shape. Matrices are [out, in]. */
export interface ParameterShape {
  name: string;
  shape: number[];
}

/** Parameters by name, outside of any backend. */
export type Weights = Record<string, { shape: number[]; data: Float32Array }>;

/** Every parameter of the model, in the order in which files store them. */
export function parameterShapes(config: DecoderConfig): ParameterShape[] {
  const { hiddenSize: d, intermediateSize: f, vocabularySize, heads, kvHeads, headDim } = config;
  const shapes: ParameterShape[] = [{ name: 'model.embed_tokens.weight', shape: [vocabularySize, d] }];
  for (let i = 0; i < config.layers; i++) {
    const layer = `model.layers.${i}`;
    shapes.push(
      { name: `${layer}.input_layernorm.weight`, shape: [d] },
      { name: `${layer}.self_attn.q_proj.weight`, shape: [heads * headDim, d] },
      { name: `${layer}.self_attn.k_proj.weight`, shape: [kvHeads * headDim, d] },
      { name: `${layer}.self_attn.v_proj.weight`, shape: [kvHeads * headDim, d] },
      { name: `${layer}.self_attn.o_proj.weight`, shape: [d, heads * headDim] },
      { name: `${layer}.post_attention_layernorm.weight`, shape: [d] },
      { name: `${layer}.mlp.gate_proj.weight`, shape: [f, d] },
      { name: `${layer}.mlp.up_proj.weight`, shape: [f, d] },
      { name: `${layer}.mlp.down_proj.weight`, shape: [d, f] },
    );
  }
  shapes.push({ name: 'model.norm.weight', shape: [d] });
  if (!config.tieWordEmbeddings) shapes.push({ name: 'lm_head.weight', shape: [vocabularySize, d] });
  return shapes;
}

/** The number of trained values. */
export function countParameters(config: DecoderConfig): number {
  return parameterShapes(config).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/**
 * Initial values: norms are ones; matrices are normal with deviation `initializerRange`, and those that add to the residual
 * stream (o_proj, down_proj) with 1/sqrt(2 · layers) of it, as in GPT-2, to keep the stream's variance independent of depth.
 *
 * Every tensor has a random stream of its own, made from the seed and its name: a model with one layer more has the same values
 * in the layers that both have, up to that scale.
 */
export function initialWeights(config: DecoderConfig, seed: number): Weights {
  const residualScale = 1 / Math.sqrt(2 * config.layers);
  return Object.fromEntries(
    parameterShapes(config).map(({ name, shape }) => {
      const size = sizeOf(shape);
      if (shape.length === 1) return [name, { shape, data: new Float32Array(size).fill(1) }];
      const isResidual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
      const deviation = config.initializerRange * (isResidual ? residualScale : 1);
      return [name, { shape, data: normalValues(size, deviation, seedOf(seed, name)) }];
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
 * @throws UserError naming the first tensor that is missing, mis-shaped or extra
 */
export function checkWeights(config: DecoderConfig, weights: Weights, where: string): void {
  const fix = 'use weights and model parameters of the same run';
  const shapes = parameterShapes(config);
  for (const { name, shape } of shapes) {
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
