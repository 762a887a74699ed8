/** @file The stage `quantize`: matrices become numbers of fewer bits. */
import * as z from 'zod';
import { declareStage, one } from '@arrowsmith/pipeline/stage';
import { numberFormats } from '@arrowsmith/quantization/formats';

const format = z.enum([...numberFormats.keys()]);

const ofPart = (part: string) => format.optional().describe(`Of ${part}. Default: \`format\`.`);

export default declareStage({
  name: 'quantize',
  description: 'Quantizes the weights and measures the error',
  inputs: { model: one('model') },
  makes: ['model'],
  parameters: z.strictObject({
    format: format
      .default('int8')
      .describe(
        'How matrices are stored; int8: symmetric, one scale per output channel (row of a weight). Rows that are no whole number of blocks have another by rule (docs/quantization.md).',
      ),
    formats: z
      .strictObject({
        embeddings: ofPart('tables of embeddings, also where the output layer has the same'),
        output: ofPart('the output layer’s matrix'),
        attention: ofPart('matrices of attention'),
        feedForward: ofPart('matrices of feed-forward networks, of shared experts, too'),
        experts: ofPart('matrices of experts'),
        router: ofPart('the matrix that chooses experts'),
      })
      .optional()
      .describe('Formats of parts of the model.'),
    encoding: z
      .enum(['plain', 'planes'])
      .default('plain')
      .describe(
        'How the numbers of f32, f16 and bf16 are written; planes: as bit planes, compressed without loss (docs/quantization.md). What reads models reads both.',
      ),
  }),
});
