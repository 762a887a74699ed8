/** @file The parameters by which a stage's backend is chosen. Imports no tfjs, so that tools can load it fast. */
import * as z from 'zod';
import { backendNames, precisions } from './resolve.ts';

/** For every stage that computes with tensors. */
export const engineParameters = {
  backend: z
    .enum(['auto', ...backendNames])
    .default('auto')
    .describe(
      'Compute backend. With auto, ARROWSMITH_BACKEND decides where it is set, and else the fastest that is there.',
    ),
  threads: z
    .int()
    .min(1)
    .optional()
    .describe('Threads of the native backend; all cores by default. The result is the same for any number.'),
};

/** For a stage that may trade precision for speed. */
export const precisionParameter = z
  .enum(['auto', ...precisions])
  .default('auto')
  .describe(
    'What the inputs of matrix products are rounded to; sums, weights and optimizer state are float32 in any case. bf16 needs a processor with AVX512_BF16; auto is bf16 there and f32 elsewhere. f16 is for the backend webgpu, on graphics processors that have it; losses are scaled then.',
  );
