/** @file Reads a configuration from the metadata of a checkpoint. */
import { UserError } from '@arrowsmith/errors';
import { decoderConfigSchema, type DecoderConfig } from './config.ts';

/** Models of before attention could be confined do not say so. */
const schema = decoderConfigSchema.partial({ confineAttention: true });

/**
 * @param text JSON, as `train` writes it beside the weights
 * @param where the checkpoint
 * @throws UserError when there is none, or one that is damaged or of another version of this project
 */
export function parseDecoderConfig(text: string | undefined, where: string): DecoderConfig {
  const refuse = (found: string, cause?: unknown) =>
    new UserError(
      {
        what: 'a table of tensors does not say which model they are of',
        where,
        expected: 'the artifact of the stage train or extract, of this version',
        found,
        fix: 'train the model again',
      },
      { cause },
    );
  let config: unknown;
  try {
    config = JSON.parse(text ?? 'null');
  } catch (cause) {
    throw refuse(`a configuration that is not JSON: ${(cause as Error).message}`, cause);
  }
  if (config === null) throw refuse('no configuration');
  const { error } = schema.safeParse(config);
  if (error === undefined) return { confineAttention: false, ...(config as Partial<DecoderConfig>) } as DecoderConfig; // kept since it can be true
  const [issue] = error.issues;
  throw refuse(`a configuration whose ${issue?.path.join('.') || 'value'} is wrong: ${issue?.message}`);
}
