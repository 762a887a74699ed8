/** @file The stage `quantize`: matrices become int8 with one scale per output channel. */
import * as z from 'zod';
import { declareStage, one } from '@arrowsmith/pipeline/stage';

export default declareStage({
  name: 'quantize',
  description: 'Quantizes the weights to int8 and measures the error',
  inputs: { model: one('model') },
  makes: ['model'],
  parameters: z.strictObject({
    format: z
      .enum(['int8'])
      .default('int8')
      .describe('int8: symmetric, one scale per output channel (row of a weight).'),
  }),
});
