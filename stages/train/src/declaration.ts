/** @file The stage `train`: a decoder learns to predict the training rows. */
import * as z from 'zod';
import { learningRateFor, modelParameters, type ModelParameters } from '@arrowsmith/model/model-parameters';
import { neededMeasurement, resolveEngine } from '@arrowsmith/engine/resolve';
import { declareStage, one, optional } from '@arrowsmith/pipeline/stage';
import { trainingParameters } from '@arrowsmith/training/parameters';
import { engineRequest } from './engine-request.ts';
import { NOT_IN_KEY, sessionParameters } from '@arrowsmith/training-session/parameters';

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
    ...sessionParameters,
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
  notInKey: NOT_IN_KEY,
  exclusive: true,
  environment: (asked, about) => resolveEngine(engineRequest(asked, about)),
  measurement: (asked, about) => neededMeasurement(engineRequest(asked, about)),
  resolve: async (asked, options) => (await import('./resolve.ts')).resolveTraining(asked, options),
});
