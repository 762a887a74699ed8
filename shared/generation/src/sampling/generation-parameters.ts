/** @file Parameters of text generation beyond those of samples: what engines, commands and servers take. */
import * as z from 'zod';
import { samplingParameters } from './parameters.ts';

const TOKEN_ID = /^(0|[1-9]\d*)$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Beyond these, logits would leave what 32 bits hold. */
export const REPETITION_PENALTY = { least: 1e-3, most: 1e3 } as const;

/**
 * How a text is generated. Stages take {@link samplingParameters}, whose fields are part of their keys; what is here changes
 * nothing by its defaults, so that both give the same tokens.
 */
export const generationParameters = samplingParameters
  .extend({
    minP: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('Choose among tokens with at least this share of the largest probability; 0: among all.'),
    repetitionPenalty: z
      .number()
      .min(REPETITION_PENALTY.least)
      .max(REPETITION_PENALTY.most)
      .default(1)
      .describe('Divides positive logits of tokens of prompt and text, and multiplies negative ones; 1: none.'),
    presencePenalty: z
      .number()
      .min(-2)
      .max(2)
      .default(0)
      .describe('Is subtracted from the logit of each token that the text has.'),
    frequencyPenalty: z
      .number()
      .min(-2)
      .max(2)
      .default(0)
      .describe('Is subtracted from the logit of a token as often as the text has it.'),
    logitBias: z
      .record(z.string().regex(TOKEN_ID, 'a token id'), z.number().min(-100).max(100))
      .default({})
      .describe('What is added to the logits of tokens, by their ids.'),
    stop: z
      .array(
        z
          .string()
          .min(1)
          .refine((text) => !LONE_SURROGATE.test(text), 'text that UTF-8 can express'),
      )
      .default([])
      .describe('Strings that end the text, and are no part of it.'),
    minimumTokens: z.int().min(0).default(0).describe('Tokens before the text may end.'),
  })
  .refine(({ minimumTokens, maximumTokens }) => minimumTokens <= maximumTokens, {
    path: ['minimumTokens'],
    error: 'at most maximumTokens',
  });

/** Parsed parameters of text generation. */
export type GenerationParameters = z.infer<typeof generationParameters>;
