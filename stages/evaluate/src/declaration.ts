/** @file The stage `evaluate`: losses over the whole validation split, and sample generations. */
import { z } from 'zod';
import { samplingParameters } from '@arrowsmith/generation/parameters';
import { engineParameters } from '@arrowsmith/ops/engine-parameters';
import { resolveEngine } from '@arrowsmith/ops/resolve-backend';
import { declareStage } from '@arrowsmith/pipeline/stage';

const parameters = z.strictObject({
  batchSize: z.int().min(1).default(16).describe('Rows evaluated at once; does not change what is measured.'),
  prompts: z.array(z.string()).default(['Once upon a time']).describe('Beginnings that samples continue.'),
  sampling: z
    .array(samplingParameters)
    .default([
      { temperature: 0, topK: 0, topP: 1, maximumTokens: 200, seed: 1 },
      { temperature: 1, topK: 0, topP: 1, maximumTokens: 200, seed: 1 },
      { temperature: 0.7, topK: 40, topP: 1, maximumTokens: 200, seed: 1 },
      { temperature: 0.7, topK: 0, topP: 0.9, maximumTokens: 200, seed: 1 },
    ])
    .describe('Ways to sample from the full and from the quantized model: greedy, temperature, top-k, top-p.'),
  ...engineParameters,
});

export default declareStage({
  name: 'evaluate',
  description: 'Measures perplexity and bits per byte of the full and the quantized model, and generates samples',
  inputs: ['tokenizer', 'chunk', 'train', 'quantize'],
  parameters,
  immaterial: ['threads'],
  exclusive: true,
  environment: ({ backend }) => resolveEngine({ backend }),
});
