/** @file The stage `chunk`: documents become token ids in rows of one context. */
import { z } from 'zod';
import { declareStage } from '@arrowsmith/pipeline/stage';

const parameters = z.strictObject({
  contextLength: z
    .int()
    .min(2)
    .max(1 << 20)
    .default(256)
    .describe('Predictions per row: the context a model is trained on.'),
});

export default declareStage({
  name: 'chunk',
  description: 'Encodes both splits and packs them into rows of one context',
  inputs: ['download', 'tokenizer'],
  parameters,
});
