/** @file The stage `extract`: takes a smaller model out of a nested one. */
import * as z from 'zod';
import { declareStage, one } from '@arrowsmith/pipeline/stage';

const parameters = z.strictObject({
  granularity: z
    .union([z.int().min(0), z.array(z.int().min(0)).min(1)])
    .default(1)
    .describe(
      'Which of the models: 0 the whole, 1 with half of each feed-forward network, 2 with a quarter …; or a list with a number for each layer.',
    ),
});

export default declareStage({
  name: 'extract',
  description: 'Takes a smaller model out of a nested one (MatFormer), as a checkpoint by itself',
  inputs: { model: one('model') },
  makes: ['model'],
  parameters,
});
