/** @file Writes a model as a Hugging Face folder has it: config.json and model.safetensors, or shards of it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import type { DecoderConfig, Weights } from '@arrowsmith/model';
import { float32Tensor, type StoredTensor } from '../stored-tensor.ts';
import { writeShards } from '../write-shards.ts';
import { checkpointTensors } from './checkpoint-tensors.ts';
import { configJson } from './config-json.ts';
import { huggingFaceConfig } from './write-config.ts';

/** The element types that weights are stored in, by the names that models' tables have. */
export const CHECKPOINT_TYPES = {
  f32: { dtype: 'F32', torch: 'float32', largest: Infinity },
  f16: { dtype: 'F16', torch: 'float16', largest: 65504 },
  bf16: { dtype: 'BF16', torch: 'bfloat16', largest: 3.3895313892515355e38 },
} as const;

export type CheckpointType = keyof typeof CHECKPOINT_TYPES;

/**
 * Writes config.json and model.safetensors, or its shards, into a folder, which is there.
 *
 * @param params.tokens ids of special tokens, `bos_token_id` …
 * @param params.shardBytes of the tensors of a file at most
 * @returns the architecture of transformers that it is one of
 * @throws UserError where no architecture of transformers holds the model, and for a weight that is larger than the type's numbers
 */
export async function writeHuggingFaceModel(
  folder: string,
  params: {
    config: DecoderConfig;
    weights: Weights;
    type: CheckpointType;
    tokens: Readonly<Record<string, number | readonly number[]>>;
    shardBytes?: number | undefined;
  },
): Promise<{ architecture: string }> {
  const { config, weights, type, tokens } = params;
  const { architecture, json } = huggingFaceConfig(config);
  const { dtype, torch, largest } = CHECKPOINT_TYPES[type];
  const tensors: Record<string, StoredTensor> = {};
  for (const { name, shape, data } of checkpointTensors(architecture, config, weights)) {
    checkRange(data, largest, name);
    tensors[name] = float32Tensor(shape, data, dtype);
  }
  // Some architectures have a token for padding that only their own tokenizer has. Both names of the type: version 4 of transformers has the older one.
  const stated = { ...json, pad_token_id: null, ...tokens, dtype: torch, torch_dtype: torch, use_cache: true };
  await writeFile(join(folder, 'config.json'), configJson(architecture, stated));
  await writeShards(folder, tensors, params.shardBytes);
  return { architecture };
}

/** @throws UserError for a number that the type would make infinite */
function checkRange(data: Float32Array, largest: number, name: string): void {
  const wrong = data.find((value) => Math.abs(value) > largest);
  if (wrong === undefined) return;
  throw new UserError({
    what: 'a weight is too large for its type',
    where: name,
    expected: `magnitudes up to ${largest}`,
    found: String(wrong),
    fix: 'choose the precision bf16 or f32, which have larger numbers',
  });
}
