/** @file A model within a nested one (MatFormer), ready to run beside it. */
import { openWeights, readSchema } from '@arrowsmith/artifacts';
import { type DecoderConfig, extractNested, type Parameters } from '@arrowsmith/model';
import { BEFORE } from './models-before-formats.ts';
import { storeAs } from './store-as.ts';
import { readModel, runnable } from './stored-model.ts';

/**
 * The model of one granularity within a nested one that runs on the active backend. Its feed-forward networks are its own, in the formats that the whole
 * is stored in; all else is the whole's, and there once.
 *
 * @param path of the weights of the whole
 * @param whole its parameters on the active backend, which the model shares
 * @param granularity 1 for the half of each feed-forward network, 2 for the quarter …
 * @throws UserError as `readModel`, and where the whole has no such model within it
 */
export async function loadNested(
  path: string,
  whole: Parameters,
  granularity: number,
): Promise<{ config: DecoderConfig; parameters: Parameters }> {
  const { config, weights } = await readModel(path);
  const granularities = config.layers.map(() => granularity);
  const nested = extractNested(config, weights, granularities);
  const formats = await formatsOf(path);
  const own = Object.entries(nested.weights).flatMap(([name, tensor]) =>
    tensor === weights[name] ? [] : [[name, storeAs(formats.get(name) ?? 'f32', tensor, name)] as const],
  );
  return { config: nested.config, parameters: { ...whole, ...runnable(nested.config, Object.fromEntries(own)) } };
}

/** The format of each weight; of files of before weights had one, none. */
async function formatsOf(path: string): Promise<Map<string, string>> {
  const { kind } = (await readSchema(path)).metadata;
  if (kind !== undefined && kind in BEFORE) return new Map();
  const { tensors } = await openWeights(path);
  return new Map(Array.from(tensors, ([name, { format }]) => [name, format]));
}
