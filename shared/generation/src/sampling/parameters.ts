/** @file Parameters of text generation. */
import * as z from 'zod';

/** How the next token is chosen, and how many are. */
export const samplingParameters = z.strictObject({
  temperature: z.number().min(0).default(1).describe('Divides the logits; 0 always takes the most likely token.'),
  topK: z.int().min(0).default(0).describe('Choose among this many most likely tokens; 0: among all.'),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe('Choose among the fewest most likely tokens whose probabilities sum to at least this; 1: among all.'),
  maximumTokens: z.int().min(1).default(128).describe('Tokens to generate at most.'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(1)
    .describe('Seed of the choice.'),
});

/** Parsed parameters of text generation. */
export type SamplingParameters = z.infer<typeof samplingParameters>;
