/** @file The stage `evaluate`: losses over the whole validation split, and sample generations, of any number of models. */
import * as z from 'zod';
import { samplingParameters } from '@arrowsmith/generation/parameters';
import { engineParameters } from '@arrowsmith/engine/parameters';
import { neededMeasurement, resolveEngine } from '@arrowsmith/engine/resolve';
import { declareStage, many, one } from '@arrowsmith/pipeline/stage';
import { ACTIVATION_PRECISIONS } from '@arrowsmith/quantization/parameters';
import { engineRequest } from './engine-request.ts';

const parameters = z.strictObject({
  batchSize: z.int().min(1).default(16).describe('Rows evaluated at once; does not change what is measured.'),
  activations: z
    .enum(ACTIVATION_PRECISIONS)
    .optional()
    .describe(
      'What matrices are multiplied with; int8: activations that are quantized as they come, for models in formats of integers, by the backend native. Others, and longContext, stay with f32. Default: f32.',
    ),
  captions: z
    .int()
    .min(1)
    .default(100)
    .describe('With pictures: how many of those with seen and of those with held-out combinations are captioned.'),
  prompts: z
    .array(z.string())
    .default(['Once upon a time', 'One day', 'Lily and Tom', '"Look," said'])
    .describe('Beginnings that samples continue. Of one that is longer than the context, the model sees the end.'),
  sampling: z
    .array(samplingParameters)
    .default([
      { temperature: 0, topK: 0, topP: 1, maximumTokens: 1024, seed: 1 },
      { temperature: 1, topK: 0, topP: 1, maximumTokens: 1024, seed: 1 },
      { temperature: 0.7, topK: 40, topP: 1, maximumTokens: 1024, seed: 1 },
      { temperature: 0.7, topK: 0, topP: 0.9, maximumTokens: 1024, seed: 1 },
    ])
    .describe(
      'Ways to sample from each model: greedy, temperature, top-k, top-p. The end of a text ends a sample, and so does that of the context.',
    ),
  longContext: z
    .strictObject({
      factor: z.int().min(2).max(16).describe('How many times as long as the context of training.'),
      methods: z.array(z.enum(['none', 'yarn', 'dual-chunk'])).default(['none', 'yarn', 'dual-chunk']),
      rows: z.int().min(1).default(8).describe('Rows of that length to measure, from the beginning of the split.'),
    })
    .optional()
    .describe('Measure the loss over longer contexts than those of training, by each way of extending the model.'),
  ...engineParameters,
});

export type EvaluateParameters = z.infer<typeof parameters>;

export default declareStage({
  name: 'evaluate',
  description: 'Measures perplexity and bits per byte of models, and generates samples',
  inputs: { tokenizer: one('tokenizer'), rows: one('rows'), models: many('model') },
  makes: ['measurements'],
  parameters,
  notInKey: ['threads'],
  exclusive: true,
  environment: (asked, about) => resolveEngine(engineRequest(asked, about)),
  measurement: (asked, about) => neededMeasurement(engineRequest(asked, about)),
});
