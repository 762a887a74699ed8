/** @file Reads an adapter as PEFT has it: adapter_config.json and adapter_model.safetensors. */
import { join } from 'node:path';
import { readJsonObject, UserError } from '@arrowsmith/errors';
import {
  adaptableMatrices,
  adapterShapes,
  type AdapterConfig,
  checkAdapters,
  type DecoderConfig,
  type Weights,
} from '@arrowsmith/model';
import { openSafetensors } from '../read-safetensors.ts';
import { shortened } from '../shortened.ts';
import { PEFT_FILES, peftFactor } from './names.ts';

/** What only adapters that compute otherwise have, with the value that is none of it. */
const MUST_BE: Readonly<Record<string, readonly unknown[]>> = {
  use_dora: [false],
  bias: ['none'],
  modules_to_save: [[]],
  fan_in_fan_out: [false],
  rank_pattern: [{}],
  alpha_pattern: [{}],
  target_parameters: [[]],
  lora_bias: [false],
  trainable_token_indices: [[]],
  use_qalora: [false],
  use_bdlora: [false],
  layer_replication: [[]],
  alora_invocation_tokens: [[]],
  arrow_config: [{}],
  kasa_config: [{}],
};

/** How factors may have been begun: so that the model stays as it was. Others, such as PiSSA, take from its matrices what they begin with. */
const BEGINNINGS: readonly unknown[] = [true, false, 'gaussian', 'eva', 'orthogonal', 'mica'];

const LARGEST_CONFIG = 2 ** 20;

/**
 * An adapter of PEFT for a model of that configuration. Layers that it leaves alone have zeros.
 *
 * @throws UserError where a file is missing or damaged, the adapter is of another kind than LoRA, or of another model
 */
export async function readPeftAdapter(
  folder: string,
  config: DecoderConfig,
): Promise<{ adapters: AdapterConfig; weights: Weights }> {
  const where = join(folder, PEFT_FILES.config);
  const json = await readJsonObject(where, {
    what: 'the adapter cannot be read',
    expected: 'the adapter_config.json of PEFT, a JSON object',
    fix: 'name the folder that PEFT’s save_pretrained wrote',
    mostBytes: LARGEST_CONFIG,
  });
  const { rank, alpha } = scaleOf(json, where);
  const file = join(folder, PEFT_FILES.tensors);
  const source = await openSafetensors(file);
  const matrices = new Map(adaptableMatrices(config).map((matrix) => [matrix.module, matrix]));
  const found = new Map<string, string>(); // our names → theirs
  const adapted = new Set<string>();
  for (const name of source.tensors.keys()) {
    const { module, factor } = peftFactor(name) ?? {};
    const matrix = module === undefined ? undefined : matrices.get(module);
    if (matrix === undefined) throw foreign(name, file, config);
    adapted.add(matrix.projection);
    found.set(`${module}.lora_${factor}.weight`, name);
  }
  if (adapted.size === 0) throw wrong(file, 'tensors of adapters', 'none');
  const all = [...new Set([...matrices.values()].map(({ projection }) => projection))];
  const adapters = { rank, alpha, projections: all.filter((projection) => adapted.has(projection)) };
  const weights: Weights = {};
  for (const { matrix, a, b } of adapterShapes(config, adapters)) {
    const [theirA, theirB] = [found.get(a.name), found.get(b.name)];
    if ((theirA === undefined) !== (theirB === undefined))
      throw wrong(file, `both factors of ${matrix.module}`, theirA === undefined ? 'lora_B alone' : 'lora_A alone');
    for (const [own, theirs] of [
      [a, theirA],
      [b, theirB],
    ] as const) {
      weights[own.name] =
        theirs === undefined
          ? { shape: own.shape, data: new Float32Array(own.shape.reduce((size, n) => size * n, 1)) }
          : { shape: [...(source.tensors.get(theirs)?.shape ?? [])], data: await source.readFloat32(theirs) };
    }
  }
  checkAdapters(config, adapters, weights, file);
  return { adapters, weights };
}

/** Rank, and the alpha that has the file's scale: with `use_rslora` that is lora_alpha / √r. */
function scaleOf(json: Readonly<Record<string, unknown>>, where: string): { rank: number; alpha: number } {
  const { peft_type: type, r, lora_alpha: alpha, use_rslora: byRoot = false } = json;
  if (type !== 'LORA') throw wrong(where, 'peft_type LORA', `peft_type ${show(type)}`);
  for (const [field, allowed] of Object.entries(MUST_BE)) {
    const value = json[field];
    if (value === undefined || value === null || allowed.some((one) => show(one) === show(value))) continue;
    throw wrong(where, `${field} ${show(allowed[0])}, as adapters are added to matrices alone`, show(value));
  }
  const { init_lora_weights: beginning } = json;
  if (beginning !== undefined && beginning !== null && !BEGINNINGS.includes(beginning))
    throw changesModel(where, beginning);
  if (typeof r !== 'number' || !Number.isInteger(r) || r < 1) throw wrong(where, 'r, a whole number above 0', show(r));
  if (typeof alpha !== 'number' || !Number.isFinite(alpha)) throw wrong(where, 'lora_alpha, a number', show(alpha));
  return { rank: r, alpha: byRoot === true ? alpha * Math.sqrt(r) : alpha };
}

const show = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 100);

const wrong = (where: string, expected: string, found: string): UserError =>
  new UserError({
    what: 'the adapter cannot be imported',
    where,
    expected,
    found,
    fix: 'merge it into its model by PEFT (merge_and_unload), and import that',
  });

/** PEFT changes the model when it loads such an adapter. */
const changesModel = (where: string, beginning: unknown): UserError =>
  new UserError({
    what: 'the adapter cannot be imported: it is not of the model as it is, but of what its beginning left of it',
    where,
    expected: `init_lora_weights ${BEGINNINGS.map(show).join(', ')}`,
    found: show(beginning),
    fix: 'convert it by PEFT, save_pretrained(folder, path_initial_model_for_weight_conversion=…), or merge it (merge_and_unload), and import that',
  });

const foreign = (name: string, where: string, config: DecoderConfig): UserError =>
  new UserError({
    what: `the adapter has a tensor that goes with no matrix of the model: ${shortened(name)}`,
    where,
    expected: `lora_A and lora_B of ${[...new Set(adaptableMatrices(config).map(({ projection }) => projection))].join(', ')} in ${config.layers.length} layers`,
    fix: 'name the model that the adapter was trained for; of adapters of embeddings, output layers and experts, merge them by PEFT (merge_and_unload), and import that',
  });
