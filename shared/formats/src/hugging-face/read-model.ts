/** @file Reads a Hugging Face model folder: config.json, and model.safetensors or its shards. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { checkWeights, parameterShapes, type DecoderConfig, type Weights } from '@arrowsmith/model';
import { openWeights } from '../open-weights.ts';
import { architectures, configOfFields } from './architectures.ts';
import { configFields } from './config-fields.ts';
import { isUnused, sourceOf, textPrefix } from './tensor-names.ts';

/** Models of several modalities, whose text model can be imported. */
const TEXT_OF: Record<string, string> = {
  Llama4ForConditionalGeneration: 'Llama4ForCausalLM',
  Gemma3ForConditionalGeneration: 'Gemma3ForCausalLM',
  Gemma3nForConditionalGeneration: 'Gemma3nForCausalLM',
};

/**
 * The configuration of a model folder.
 *
 * @throws UserError when config.json is missing or damaged, or says what is not supported: an architecture, an option
 */
export async function readHuggingFaceConfig(folder: string): Promise<DecoderConfig> {
  const where = join(folder, 'config.json');
  const json = await readJson(where);
  const names = Array.isArray(json['architectures']) ? (json['architectures'] as unknown[]) : [];
  const name = String(names[0] ?? json['model_type'] ?? 'none');
  const architecture = architectures[TEXT_OF[name] ?? name];
  if (architecture === undefined) {
    throw new UserError({
      what: 'the model has an architecture that cannot be imported',
      where,
      expected: `one of ${[...Object.keys(architectures), ...Object.keys(TEXT_OF)].join(', ')}`,
      found: name,
      fix: 'use a model of another architecture; docs/models.md lists what can be imported',
    });
  }
  if (json['quantization_config'] !== undefined) {
    throw new UserError({
      what: 'the model is quantized',
      where,
      expected: 'weights in float32, float16 or bfloat16',
      found: `quantization_config ${JSON.stringify(json['quantization_config']).slice(0, 100)}`,
      fix: 'download the original weights of the model',
    });
  }
  const text = json['text_config'];
  const fields = typeof text === 'object' && text !== null ? { ...text } : json;
  return configOfFields(architecture, configFields(fields as Record<string, unknown>, where));
}

/**
 * A pretrained model: its configuration, and its weights as float32 under this project's names.
 *
 * @throws UserError as {@link readHuggingFaceConfig} and `openWeights`, and when a tensor is missing, extra, or of another shape
 */
export async function readHuggingFaceModel(folder: string): Promise<{ config: DecoderConfig; weights: Weights }> {
  const config = await readHuggingFaceConfig(folder);
  const source = await openWeights(folder);
  const toTheirs = textPrefix(source);
  const used = new Set<string>();
  const weights: Weights = {};
  for (const parameter of parameterShapes(config)) {
    const { names, read } = sourceOf(config, parameter, (name) => source.tensors.has(toTheirs(name)));
    const missing = names.find((name) => !source.tensors.has(toTheirs(name)));
    if (missing !== undefined) throw missingTensor(folder, toTheirs(missing));
    names.forEach((name) => used.add(toTheirs(name)));
    const data = await read((name) => source.readFloat32(toTheirs(name)));
    const stored = source.tensors.get(toTheirs(names[0]!))!.shape;
    // A parameter that is put together is as large as its shape says, or its parts are not what they should be.
    const isWhole = names.length === 1 && names[0] === parameter.name;
    weights[parameter.name] = { shape: isWhole ? [...stored] : parameter.shape, data };
  }
  const ours = (name: string) => name.replace(/^language_model\./, '').replace(/^model\.language_model\./, 'model.');
  const extra = [...source.tensors.keys()].find((name) => !used.has(name) && !isUnused(config, ours(name)));
  if (extra !== undefined) {
    throw new UserError({
      what: `the checkpoint has a tensor that the model has not: ${extra}`,
      where: folder,
      expected: `${used.size} tensors of a model of the family ${config.family}`,
      fix: 'use the config.json that belongs to the weights',
    });
  }
  checkWeights(config, weights, folder);
  return { config, weights };
}

function missingTensor(folder: string, name: string): UserError {
  return new UserError({
    what: `the checkpoint lacks the tensor ${name}`,
    where: folder,
    expected: 'all tensors of the model that config.json describes',
    fix: 'download the model again, with all files that its index names',
  });
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
    throw new TypeError('not an object');
  } catch (cause) {
    throw new UserError(
      {
        what: 'a model’s configuration cannot be read',
        where: path,
        expected: 'the config.json of a Hugging Face model, a JSON object',
        found: (cause as Error).message,
        fix: 'download the model again: a folder with config.json and model.safetensors',
      },
      { cause },
    );
  }
}
