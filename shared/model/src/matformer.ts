/**
 * @file Models within a nested model (MatFormer, Devvrit et al. 2023, https://arxiv.org/abs/2310.07707): the first inner features of each feed-forward
 * network are one of their own.
 */
import { UserError } from '@arrowsmith/errors';
import type { DecoderConfig } from './config.ts';
import { nth } from './nth.ts';
import type { Weights } from './parameters.ts';

/**
 * The configuration of the model that has a granularity of its own in each layer: the same in all is one of those that were trained, different
 * ones are what the paper calls mix'n'match.
 *
 * @param granularities for each layer, 0 for the whole network, 1 for its first half, 2 for the first quarter …
 * @throws UserError when they are not as many as layers, or not granularities of the model
 */
export function nestedConfig(config: DecoderConfig, granularities: readonly number[]): DecoderConfig {
  const { layers, matformer } = config;
  const isGranularity = (x: number) => Number.isInteger(x) && x >= 0 && x < matformer.granularities;
  if (granularities.length !== layers.length || !granularities.every(isGranularity)) {
    throw new UserError({
      what: 'there is no such model within the nested one',
      expected: `a granularity from 0 (the whole) to ${matformer.granularities - 1} for each of ${layers.length} layers`,
      found: JSON.stringify(granularities),
      fix:
        matformer.granularities === 1
          ? 'train a nested model, with train.model.matformer.granularities'
          : 'give one number for each layer',
    });
  }
  return {
    ...config,
    matformer: { ...matformer, granularities: 1 },
    layers: layers.map(({ attention, ffn }, layer) => ({
      attention,
      ffn: { ...ffn, intermediateSize: ffn.intermediateSize >> granularities[layer]! },
    })),
  };
}

/**
 * Takes a model out of a nested one, as a model by itself.
 *
 * @param granularities as {@link nestedConfig}, which also throws
 */
export function extractNested(
  config: DecoderConfig,
  weights: Weights,
  granularities: readonly number[],
): { config: DecoderConfig; weights: Weights } {
  const extracted = nestedConfig(config, granularities);
  const entries = Object.entries(weights).map(([name, tensor]) => {
    const [, layer, projection, kind] =
      /^model\.layers\.(\d+)\.mlp\.(gate_proj|up_proj|down_proj)\.(weight|bias)$/.exec(name) ?? [];
    if (layer === undefined) return [name, tensor] as const;
    const width = nth(extracted.layers, Number(layer)).ffn.intermediateSize;
    if (projection !== 'down_proj') return [name, firstRows(tensor, width)] as const; // [f, d] or [f]
    return [name, kind === 'weight' ? firstColumns(tensor, width) : tensor] as const; // [d, f] or [d]
  });
  return { config: extracted, weights: Object.fromEntries(entries) };
}

type Tensor = Weights[string];

function firstRows({ shape, data }: Tensor, rows: number): Tensor {
  const [all, ...rest] = shape as [number, ...number[]];
  return { shape: [rows, ...rest], data: data.slice(0, (data.length / all) * rows) };
}

function firstColumns({ shape, data }: Tensor, columns: number): Tensor {
  const [rows, all] = shape as [number, number];
  const first = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) first.set(data.subarray(row * all, row * all + columns), row * columns);
  return { shape: [rows, columns], data: first };
}
