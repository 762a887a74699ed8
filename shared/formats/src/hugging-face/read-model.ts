/** @file Reads a Hugging Face model folder: config.json, and model.safetensors or its shards. */
import { join } from 'node:path';
import { readJsonObject, UserError } from '@arrowsmith/errors';
import { checkWeights, parameterShapes, type DecoderConfig, type Weights } from '@arrowsmith/model';
import { openWeights } from '../open-weights.ts';
import { shortened } from '../shortened.ts';
import type { TensorSource } from '../read-safetensors.ts';
import { architectures, configOfFields } from './architectures.ts';
import { checked, configFields, wrong } from './config-fields.ts';
import { configTable, MODEL_TYPES, MODELS_WITH_TEXT, type ArchitectureName } from './config-table.ts';
import { checkOutputLayer } from './output-layer.ts';
import { isUnused, sourceOf, textPrefix } from './tensor-names.ts';

/** Published files have some kilobytes; those with a list for each layer some more. */
const LARGEST_CONFIG = 16 * 2 ** 20;

type Json = Record<string, unknown>;

/**
 * The configuration of a model folder.
 *
 * @throws UserError when config.json is missing or damaged, or says what is not supported: an architecture, an option
 */
export async function readHuggingFaceConfig(folder: string): Promise<DecoderConfig> {
  const where = join(folder, 'config.json');
  const json = await readJson(where);
  const { name, textOf } = architectureOf(json, where);
  const architecture = architectures.get(textOf)!;
  if (json['quantization_config'] !== undefined && json['quantization_config'] !== null) {
    throw new UserError({
      what: 'the model is quantized',
      where,
      expected: 'weights in float32, float16 or bfloat16',
      found: `quantization_config ${JSON.stringify(json['quantization_config']).slice(0, 100)}`,
      fix: 'download the original weights of the model',
    });
  }
  if (name === textOf) return configOfFields(architecture, configFields(json, where, textOf));
  const text = checked(where, 'text_config', json['text_config'] ?? {}, 'object') as Json;
  const config = configOfFields(architecture, configFields(text, `${where}, text_config`, textOf));
  // Version 4 of transformers ties embeddings as the text's configuration says, version 5 as the whole's.
  const whole = json['tie_word_embeddings'] ?? configTable[textOf].tie_word_embeddings.default;
  if (Boolean(checked(where, 'tie_word_embeddings', whole, 'flag')) !== config.tieWordEmbeddings) {
    throw wrong(where, 'tie_word_embeddings', `${config.tieWordEmbeddings}, as in text_config`, whole);
  }
  return config;
}

/** The architecture that the file names, and that of its text model. @throws UserError for one that cannot be imported */
function architectureOf(json: Json, where: string): { name: string; textOf: ArchitectureName } {
  const names: unknown[] = Array.isArray(json['architectures']) ? json['architectures'] : [];
  const type = json['model_type'];
  const name = names[0] ?? (typeof type === 'string' ? MODEL_TYPES.get(type) : undefined) ?? type ?? 'none';
  const textOf = MODELS_WITH_TEXT.get(name as string) ?? (name as ArchitectureName);
  if (!architectures.has(textOf)) {
    throw new UserError({
      what: 'the model has an architecture that cannot be imported',
      where,
      expected: `one of ${[...architectures.keys(), ...MODELS_WITH_TEXT.keys()].join(', ')}`,
      found: typeof name === 'string' ? name.slice(0, 100) : JSON.stringify(name).slice(0, 100),
      fix: 'use a model of another architecture; docs/models.md lists what can be imported',
    });
  }
  // By this transformers chooses the class, whatever the architecture's name.
  if (type !== undefined && type !== null && MODEL_TYPES.get(type as string) !== name) {
    const expected = [...MODEL_TYPES].filter(([, other]) => other === name).map(([key]) => JSON.stringify(key));
    throw wrong(where, 'model_type', `${expected.join(' or ')}, as architectures says ${String(name)}`, type);
  }
  return { name: name as string, textOf };
}

export interface HuggingFaceModel {
  config: DecoderConfig;
  weights: Weights;
  /** The parameters all of whose values are stored as half precision or bfloat16, which float32 has exactly. */
  types: ReadonlyMap<string, 'f16' | 'bf16'>;
}

/**
 * A pretrained model: its configuration, and its weights as float32 under this project's names, with the type that they are stored in.
 *
 * @throws UserError as {@link readHuggingFaceConfig} and `openWeights`, when a tensor is missing, extra, or of another shape, and when an output layer
 *   is stored that is not the embedding matrix, though the configuration says that it is
 */
export async function readHuggingFaceModel(folder: string): Promise<HuggingFaceModel> {
  const config = await readHuggingFaceConfig(folder);
  const source = await openWeights(folder);
  const toTheirs = textPrefix(source);
  const used = new Set<string>();
  const parts = parameterShapes(config).map((parameter) => {
    const part = sourceOf(config, parameter, (name) => source.tensors.has(toTheirs(name)));
    for (const name of part.names) {
      checkShape(source, toTheirs(name), part.shape ?? parameter.shape, folder);
      used.add(toTheirs(name));
    }
    const type = halfPrecision(part.names.map((name) => source.tensors.get(toTheirs(name))?.dtype));
    return { ...parameter, type, read: part.read };
  });
  const ours = (name: string) => name.replace(/^language_model\./, '').replace(/^model\.language_model\./, 'model.');
  const extra = [...source.tensors.keys()].find((name) => !used.has(name) && !isUnused(config, ours(name)));
  if (extra !== undefined) {
    throw new UserError({
      what: `the checkpoint has a tensor that the model has not: ${shortened(extra)}`,
      where: folder,
      expected: `${used.size} tensors of a model of the family ${config.family}`,
      fix: 'use the config.json that belongs to the weights',
    });
  }
  if (config.tieWordEmbeddings) await checkOutputLayer(source, toTheirs, folder);
  const weights: Weights = {};
  for (const { name, shape, read } of parts) {
    weights[name] = { shape: [...shape], data: await read((key) => source.readFloat32(toTheirs(key))) };
  }
  const imported = withoutLimitBelowWeights(config, weights);
  checkWeights(imported, weights, folder);
  const types = new Map(parts.flatMap(({ name, type }) => (type === undefined ? [] : [[name, type] as const])));
  return { config: imported, weights, types };
}

/** The type of tensors, where all have the same of two bytes. */
function halfPrecision(dtypes: readonly (string | undefined)[]): 'f16' | 'bf16' | undefined {
  if (dtypes.length === 0) return undefined;
  if (dtypes.every((dtype) => dtype === 'F16')) return 'f16';
  return dtypes.every((dtype) => dtype === 'BF16') ? 'bf16' : undefined;
}

function checkShape({ tensors }: TensorSource, name: string, shape: readonly number[], folder: string): void {
  const found = tensors.get(name);
  if (found === undefined) {
    throw new UserError({
      what: `the checkpoint lacks the tensor ${name}`,
      where: folder,
      expected: 'all tensors of the model that config.json describes',
      fix: 'download the model again, with all files that its index names',
    });
  }
  if (found.shape.join() === shape.join()) return;
  throw new UserError({
    what: `the checkpoint's tensor ${name} has another shape than the model`,
    where: folder,
    expected: `shape [${shape.join(', ')}], as config.json says`,
    found: `shape [${shortened(found.shape.join(', '))}]`,
    fix: 'use the config.json that belongs to the weights',
  });
}

/** @throws UserError for a file that is none, is too large, or is not a JSON object */
const readJson = (path: string): Promise<Json> =>
  readJsonObject(path, {
    what: 'a model’s configuration cannot be read',
    expected: 'the config.json of a Hugging Face model, a JSON object',
    fix: 'download the model again: a folder with config.json and model.safetensors',
    mostBytes: LARGEST_CONFIG,
  });

/**
 * Coefficients of alternating updates are limited in training; transformers uses stored ones as they are. A model whose stored ones are beyond the
 * limit is therefore one without.
 */
function withoutLimitBelowWeights(config: DecoderConfig, weights: Weights): DecoderConfig {
  const { altUp } = config;
  if (altUp === null || altUp.coefficientClip === 0) return config;
  const coefficients = Object.keys(weights).filter((name) => /\.altup\.\w+_coefs\.weight$/.test(name));
  const isWithin = coefficients.every((name) => weights[name]!.data.every((x) => Math.abs(x) <= altUp.coefficientClip));
  return isWithin ? config : { ...config, altUp: { ...altUp, coefficientClip: 0 } };
}
