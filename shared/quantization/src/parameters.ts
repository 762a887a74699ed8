/** @file Parameters that say in which formats a model's matrices are stored, and what they are multiplied with. */
import type { ActivationPrecision } from '@arrowsmith/ops';
import * as z from 'zod';
import { numberFormats } from './formats/index.ts';

export { PLANE_FORMATS } from './plane-formats.ts';

/** What matrices are multiplied with: activations as they are, or quantized as they come. */
export const ACTIVATION_PRECISIONS = ['f32', 'int8'] as const satisfies ActivationPrecision[];

/** The name of a format. */
export const formatParameter = z.enum([...numberFormats.keys()]);

const ofPart = (part: string) => formatParameter.optional().describe(`Of ${part}. Default: \`format\`.`);

/** Formats by part: `FormatRules`. */
export const formatsParameter = z.strictObject({
  embeddings: ofPart('tables of embeddings, also where the output layer has the same'),
  output: ofPart('the output layer’s matrix'),
  attention: ofPart('matrices of attention'),
  feedForward: ofPart('matrices of feed-forward networks, of shared experts, too'),
  experts: ofPart('matrices of experts'),
  router: ofPart('the matrix that chooses experts'),
});
