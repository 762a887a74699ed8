/** @file The stage `import`: a model that others trained, with its tokenizer. */
import * as z from 'zod';
import { declareStage } from '@arrowsmith/pipeline/stage';
import type { ResolvedImport } from './resolve.ts';

const parameters = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'A Hugging Face model folder (config.json, model.safetensors or its shards, tokenizer.json), a GGUF file, a model.bin of llama2.c with tokenizer.json beside it, or the folder of an artifact with weights.arrow; from the root of the workspace',
    ),
  tokenizer: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The tokenizer.json of the model, from the root of the workspace. Default: the one in the folder, or in the GGUF file.',
    ),
  endOfText: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The special token that ends a text; by default the first of <|endoftext|>, <|end_of_text|> and </s> that the tokenizer has, otherwise what the model’s files say (eos_token_id, eos_token), or its first special token. What a text begins with they say, too (add_bos_token, post_processor)',
    ),
});

export type AskedImport = z.infer<typeof parameters>;

export default declareStage<AskedImport, ResolvedImport>({
  name: 'import',
  description: 'Takes a model and its tokenizer from a Hugging Face folder, or a file of GGUF or of llama2.c',
  inputs: {},
  makes: ['model', 'tokenizer'],
  parameters,
  // A folder may change: look again.
  cacheable: () => false,
  resolve: async (asked, options) => (await import('./resolve.ts')).resolveImport(asked, options),
});
