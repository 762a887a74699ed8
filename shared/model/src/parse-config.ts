/** @file Reads a configuration from the metadata of a checkpoint. */
import { UserError } from '@arrowsmith/errors';
import type { DecoderConfig } from './config.ts';

/**
 * @param text JSON, as `train` writes it beside the weights
 * @param where the checkpoint
 * @throws UserError when there is none, or one of another version of this project
 */
export function parseDecoderConfig(text: string | undefined, where: string): DecoderConfig {
  const config = JSON.parse(text ?? 'null') as Partial<DecoderConfig> | null;
  if (Array.isArray(config?.layers) && config.norm !== undefined)
    return { confineAttention: false, ...config } as DecoderConfig; // kept since it can be true
  throw new UserError({
    what: 'a table of tensors does not say which model they are of',
    where,
    expected: 'the artifact of the stage train or extract, of this version',
    found: config === null ? 'no configuration' : 'a configuration without a list of layers',
    fix: 'train the model again',
  });
}
