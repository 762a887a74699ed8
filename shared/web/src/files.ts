/** @file The files of a model in a web folder: what who writes and who reads them agrees upon. */
import { UserError } from '@arrowsmith/errors';
import type { Dtype } from '@arrowsmith/formats';
import * as z from 'zod';

export const FILES = { config: 'config.json', tokenizer: 'tokenizer.json', weights: 'model.safetensors' } as const;

const description = z.object({
  name: z.string(),
  /** The id of the token that ends a text, and that one begins with where no other is named. */
  endOfText: z.int().min(0),
  /** The id of the token that a text begins with. */
  beginOfText: z.int().min(0).optional(),
  /** Ids of other tokens that end a text. */
  endTokens: z.array(z.int().min(0)).optional(),
  /** How matrices are stored, for people. */
  precision: z.string(),
  /** The decoder's configuration, as the stage `train` writes it. */
  decoder: z.record(z.string(), z.unknown()),
  /** Formats of weights that safetensors has no type for, by name: they are bytes there. */
  formats: z.record(z.string(), z.string()),
});

/** What config.json says. */
export type Description = z.infer<typeof description>;

/** @throws UserError where it is not what `export` writes */
export function parseDescription(text: string, where: string): Description {
  const refuse = (found: string, cause?: unknown) =>
    new UserError(
      {
        what: 'the description of the model cannot be read',
        where,
        expected: 'config.json as the export `web` writes it',
        found,
        fix: 'export the model again',
      },
      { cause },
    );
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw refuse((cause as Error).message, cause);
  }
  const { data, error } = description.safeParse(json);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw refuse(`${issue?.path.join('.') || 'the whole'}: ${issue?.message}`);
}

/** Types of safetensors for formats that are numbers one after the other. */
const DTYPES: Readonly<Record<string, Dtype>> = { f32: 'F32', f16: 'F16', bf16: 'BF16' };

/** The type of a tensor in a format: bytes for all that safetensors knows nothing of. */
export const dtypeOfFormat = (format: string): Dtype => DTYPES[format] ?? 'U8';

export const formatOfDtype = (dtype: Dtype): string =>
  Object.keys(DTYPES).find((format) => DTYPES[format] === dtype) ?? dtype;
