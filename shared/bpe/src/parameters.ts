/** @file Parameters of a tokenizer that is to be trained. Imports zod only, so that tools can load it fast. */

import * as z from 'zod';

/** Parameters of the training of a byte-level BPE tokenizer. */
export const tokenizerParameters = z.strictObject({
  vocabularySize: z
    .int()
    .min(256)
    .max(2 ** 20)
    .default(4096)
    .describe('Tokens in the vocabulary: special tokens, 256 bytes, and learned tokens'),
  minimumFrequency: z
    .int()
    .min(1)
    .default(2)
    .describe('A pair of tokens that occurs less often in the text does not become a token'),
  pattern: z
    .enum(['gpt2', 'llama3', 'qwen2', 'none'])
    .default('gpt2')
    .describe('How text is cut before tokens are learned: like GPT-2, Llama 3, Qwen2, or only between documents'),
  tieBreak: z
    .enum(['smallerIds', 'largerPair'])
    .default('smallerIds')
    .describe(
      'Which of equally frequent pairs becomes a token first: the one of smaller ids (Hugging Face), or of greater bytes (CS336)',
    ),
  specialTokens: z
    .array(z.string().min(1))
    .default(['<|endoftext|>'])
    .describe('Tokens that stand for no text; they get the first ids, in this order'),
  threads: z.int().min(1).optional().describe('Worker threads; absent: one per core. The result does not depend on it'),
});

/** Validated parameters of {@link tokenizerParameters}. */
export type TokenizerParameters = z.infer<typeof tokenizerParameters>;
