/** @file The stage `train`: a decoder learns to predict the training rows. */
import * as z from 'zod';
import { learningRateFor, modelParameters, type ModelParameters } from '@arrowsmith/model/model-parameters';
import { engineParameters, precisionParameter } from '@arrowsmith/engine/parameters';
import { resolveEngine } from '@arrowsmith/engine/resolve';
import { declareStage, one, optional } from '@arrowsmith/pipeline/stage';
import { trainingParameters } from '@arrowsmith/training/parameters';

const parameters = trainingParameters
  .safeExtend({
    model: modelParameters
      .prefault({})
      .describe(
        'Architecture of the decoder. What is left out is the family’s; left out altogether, its miniature. Of a model that is continued (`inputs: { model: … }`), it has no effect.',
      ),
    confineAttention: z
      .boolean()
      .optional()
      .describe(
        'Whether a token sees its own document only, where a row is packed with several; evaluate then measures it so, too. Default: as the model that is continued was trained, else no.',
      ),
    ...engineParameters,
    precision: precisionParameter,
    samples: z
      .strictObject({
        everySeconds: z.int().min(0).default(30).describe('0 shows none.'),
        tokens: z.int().min(1).default(60).describe('Length of a sample.'),
      })
      .prefault({})
      .describe('What the model writes while it learns is shown every so often; it has no influence on the result.'),
    profile: z.boolean().default(false).describe('Print the time that each kernel of the native backend took.'),
  })
  .refine(
    ({ model, optimizer: { learningRate = learningRateFor(model), minimumLearningRate = 0 } }) =>
      minimumLearningRate <= learningRate,
    {
      path: ['optimizer', 'minimumLearningRate'],
      error: ({ input }) =>
        `must not be above learningRate (${learningRateFor((input as { model: ModelParameters }).model)} by default)`,
    },
  );

export type AskedTraining = z.infer<typeof parameters>;

export default declareStage<AskedTraining>({
  name: 'train',
  description: 'Trains a decoder from scratch, or goes on training a model',
  inputs: { tokenizer: one('tokenizer'), rows: one('rows'), model: optional('model') },
  makes: ['model'],
  parameters,
  notInKey: ['threads', 'profile', 'checkpoint', 'recomputeActivations', 'samples'],
  exclusive: true,
  environment: resolveEngine,
  resolve: async (asked, options) => (await import('./resolve.ts')).resolveTraining(asked, options),
});
