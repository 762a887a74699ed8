/** @file A model in a GGUF file as this project has it: what `model-tensors.ts` does to weights, undone. Bytes are moved; of matrices none is computed anew. */
import { UserError } from '@arrowsmith/errors';
import { parameterShapes, type DecoderConfig, type ParameterShape } from '@arrowsmith/model';
import { decodeStored, storeFloat32 } from '@arrowsmith/quantization';
import { shortened } from '../shortened.ts';
import type { GgufArchitecture } from './architectures.ts';
import { withoutMeanNeuron } from './mean-neuron.ts';
import { PROJECTIONS } from './model-tensors.ts';
import { ggufConfig, keepsNeighbours } from './read-config.ts';
import type { GgufFile } from './read-gguf.ts';
import { ROPE_FACTORS } from './read-rope.ts';
import { type FormattedTensor, halvedRows, unstacked } from './row-operations.ts';
import { ggufName } from './tensor-names.ts';

/** A model whose weights are read one by one, as they are stored. */
export interface StoredModel {
  config: DecoderConfig;
  /** Of all weights. */
  names: readonly string[];
  read(name: string): FormattedTensor;
}

/**
 * The model of a file. Weights keep the format that the file has them in.
 *
 * @throws UserError for an architecture or metadata that are not supported, and where a tensor is missing, extra, or of another shape
 */
export function ggufModel(file: GgufFile): StoredModel {
  const { config: stated, architecture } = ggufConfig(file);
  checkTensors(file, stated, architecture);
  const read = (name: string): FormattedTensor => readOne(name, file, stated, architecture);
  const { config, read: readWhole } = withoutMeanNeuron({ config: withoutLimitBelow(stated, read), read });
  const names = parameterShapes(config).map(({ name }) => name);
  const known = new Set(names);
  return {
    config,
    names,
    read(name) {
      if (!known.has(name)) throw new Error(`the model has no weight ${name}`);
      return readWhole(name);
    },
  };
}

/** Where a parameter is in the file. */
interface Place {
  theirs: string;
  /** Of several behind each other: which, of how many. */
  part?: { index: number; of: number };
}

function placeOf(name: string, config: DecoderConfig): Place {
  const [, several, index] = /^model\.(altup_projections|altup_unembed_projections)\.(\d+)\.weight$/.exec(name) ?? [];
  if (several === undefined) return { theirs: ggufName(name, config) };
  return { theirs: PROJECTIONS[several] ?? '', part: { index: Number(index), of: (config.altUp?.inputs ?? 1) - 1 } };
}

/** @throws UserError where a tensor is missing, extra, or of another shape than the model's */
function checkTensors(file: GgufFile, config: DecoderConfig, architecture: GgufArchitecture): void {
  const used = new Set<string>();
  for (const parameter of parameterShapes(config)) {
    const { theirs, part } = placeOf(parameter.name, config);
    checkShape(file, theirs, part === undefined ? parameter.shape : [part.of, ...parameter.shape], parameter);
    used.add(theirs);
  }
  const extra = [...file.tensors.keys()].find((name) => !used.has(name) && !isUnused(name, config, architecture));
  if (extra === undefined) return;
  throw new UserError({
    what: `the GGUF file has a tensor that the model has not: ${shortened(extra)}`,
    where: file.path,
    expected: `${used.size} tensors of a model of the architecture ${architecture.name}`,
    found: `${file.tensors.size}`,
    fix: 'use a model without this part, or another format of the same model',
  });
}

function checkShape(
  { path, tensors }: GgufFile,
  name: string,
  shape: readonly number[],
  { name: own }: ParameterShape,
): void {
  const found = tensors.get(name);
  const problem =
    found === undefined ? 'lacks a tensor of the model' : 'has a tensor of another shape than its metadata say';
  if (found !== undefined && found.shape.join() === shape.join()) return;
  throw new UserError({
    what: `the GGUF file ${problem}: ${name}`,
    where: path,
    expected: `shape [${shape.join(', ')}], for ${own}`,
    found: found === undefined ? 'no such tensor' : `shape [${shortened(found.shape.join(', '))}]`,
    fix: 'download or convert the model again, whole',
  });
}

/** What llama.cpp reads, or wants to be there, and a model here has not: see `missing` of model-tensors.ts. */
function isUnused(name: string, { layers }: DecoderConfig, architecture: GgufArchitecture): boolean {
  if (name === ROPE_FACTORS) return true; // read with the configuration, or by no one
  if (/^blk\.\d+\.attn_rot_embd\.weight$/.test(name)) return true; // of files of 2023, which llama.cpp does not read
  const [, layer, part] = /^blk\.(\d+)\.(\w+)\.weight$/.exec(name) ?? [];
  const attention = layers[Number(layer)]?.attention;
  const ofOthers = ['attn_k', 'attn_v', 'attn_k_norm'].includes(part ?? '');
  return architecture.name === 'gemma3n' && ofOthers && attention !== undefined && attention.keysOfLayer !== null;
}

/** A parameter, brought back to how it is here. */
function readOne(name: string, file: GgufFile, config: DecoderConfig, architecture: GgufArchitecture): FormattedTensor {
  const { theirs, part } = placeOf(name, config);
  const tensor = file.read(theirs);
  if (part !== undefined) return unstacked(tensor, part.index);
  const { norm } = config;
  if (norm.unitOffset && norm.kind === 'rms' && name.endsWith('norm.weight')) {
    // Exact where the file was made by adding 1: the sum is a multiple of what the difference is a multiple of.
    return storeFloat32({
      shape: [...tensor.shape],
      data: decodeStored(tensor).map((value) => value - 1),
    });
  }
  const projection = /\.self_attn\.([qk])_proj\.(?:weight|bias)$/.exec(name)?.[1];
  const attention = config.layers[Number(/^model\.layers\.(\d+)\./.exec(name)?.[1] ?? -1)]?.attention;
  if (projection === undefined || attention === undefined) return tensor;
  if (!architecture.turnsNeighbours || keepsNeighbours(architecture.name)) return tensor;
  return halvedRows(tensor, projection === 'q' ? attention.heads : attention.kvHeads);
}

/** Coefficients of alternating updates are limited in training, and stored ones are used as they are: a model with larger ones is one without a limit. */
function withoutLimitBelow(config: DecoderConfig, read: (name: string) => FormattedTensor): DecoderConfig {
  const { altUp } = config;
  if (altUp === null || altUp.coefficientClip === 0) return config;
  const coefficients = parameterShapes(config).filter(({ name }) => /\.altup\.\w+_coefs\.weight$/.test(name));
  const isWithin = coefficients.every(({ name }) => {
    const tensor = read(name);
    return decodeStored(tensor).every((x) => Math.abs(x) <= altUp.coefficientClip);
  });
  return isWithin ? config : { ...config, altUp: { ...altUp, coefficientClip: 0 } };
}
