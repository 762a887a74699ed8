/** @file A decoder's parameters: how many, their initial values, checks. */
import { UserError } from '@arrowsmith/errors';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { mupWidth, type DecoderConfig } from './config.ts';
import { hashWord } from './hash-word.ts';
import { PER_LAYER_TABLE, parameterShapes } from './modules.ts';

/** Parameters by name, outside of any backend. */
export type Weights = Record<string, { shape: number[]; data: Float32Array }>;

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

/** Of a tensor's own random stream. */
export function seedOf(seed: number, name: string): number {
  return hashWord(`${seed}/${name}`);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** What is known of a tensor without its values. */
interface Shaped {
  shape: readonly number[];
}

/**
 * Checks that weights are those of the configuration: every tensor there, none else, each of its shape and as long. Values are not looked at.
 *
 * @param where the file or artifact they come from
 * @param elsewhere names of parameters that are read when they are needed, and need not be among the weights
 * @throws UserError naming the first tensor that is missing, mis-shaped or extra
 */
export function checkWeights(
  config: DecoderConfig,
  weights: Readonly<Record<string, { shape: readonly number[]; data: { length: number } }>>,
  where: string,
  elsewhere: readonly string[] = [],
): void {
  checkShapes(config, new Map(Object.entries(weights)), where, elsewhere);
}

/** The same of tensors whose values are not in memory; of those that are, their number is checked, too. @throws UserError as {@link checkWeights} */
export function checkShapes(
  config: DecoderConfig,
  tensors: ReadonlyMap<string, Shaped & { data?: { length: number } }>,
  where: string,
  elsewhere: readonly string[] = [],
): void {
  const shapes = parameterShapes(config).filter(({ name }) => !elsewhere.includes(name) || tensors.has(name));
  checkTensors(shapes, tensors, where, 'use weights and model parameters of the same run');
}

/** Checks that tensors are those of a list: each there, none else, each of its shape and as long. @throws UserError as {@link checkWeights} */
export function checkTensors(
  shapes: readonly { name: string; shape: readonly number[] }[],
  tensors: ReadonlyMap<string, Shaped & { data?: { length: number } }>,
  where: string,
  fix: string,
): void {
  for (const { name, shape } of shapes) {
    const found = tensors.get(name);
    const expected = `${name} of shape [${shape.join(', ')}]`;
    if (found === undefined) throw new UserError({ what: `the weights lack the tensor ${name}`, expected, where, fix });
    const values = found.data?.length ?? sizeOf(shape);
    if (found.shape.join() !== shape.join() || values !== sizeOf(shape)) {
      throw new UserError({
        what: `the weights' tensor ${name} has another shape than the model`,
        expected,
        found: `shape [${found.shape.join(', ')}] with ${found.data?.length ?? sizeOf(found.shape)} values`,
        where,
        fix,
      });
    }
  }
  const names = new Set(shapes.map(({ name }) => name));
  const extra = [...tensors.keys()].find((name) => !names.has(name));
  if (extra !== undefined) {
    throw new UserError({
      what: `the weights have a tensor that the model has not: ${extra}`,
      expected: `${shapes.length} tensors, ${shapes[0]!.name} to ${shapes.at(-1)!.name}`,
      where,
      fix,
    });
  }
}
