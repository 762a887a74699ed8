/** @file The stage `tokenizer`: learns a byte-level BPE vocabulary from the training split, or takes one from a tokenizer.json. */
import * as z from 'zod';
import { tokenizerParameters } from '@arrowsmith/bpe/parameters';
import { declareStage, one } from '@arrowsmith/pipeline/stage';
import type { ResolvedTokenizer } from './resolve.ts';

const parameters = tokenizerParameters.safeExtend({
  file: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A pretrained tokenizer to use instead of training one: the path, from the root of the workspace, of the tokenizer.json of a byte-level BPE (like those of GPT-2, Llama 3 and 4, Qwen, Command R, SmolLM2); the parameters of training then have no effect',
    ),
  endOfText: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The special token that ends a text; by default the first of <|endoftext|>, <|end_of_text|> and </s> that the tokenizer has, otherwise its first special token',
    ),
});

export type AskedTokenizer = z.infer<typeof parameters>;

export default declareStage<AskedTokenizer, ResolvedTokenizer>({
  name: 'tokenizer',
  description: 'Trains a byte-level BPE tokenizer on the training split, or takes a pretrained one',
  inputs: { corpus: one('corpus') },
  makes: ['tokenizer'],
  parameters,
  notInKey: ['threads'],
  // A file may change: look again.
  cacheable: ({ file }) => file === undefined,
  resolve: async (asked, options) => (await import('./resolve.ts')).resolveTokenizer(asked, options),
});
