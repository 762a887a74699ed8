/** @file The stage `train`: a decoder learns to predict the training rows. */
import { z } from 'zod';
import { learningRateFor, modelParameters, type ModelParameters } from '@arrowsmith/model/model-parameters';
import { engineParameters, precisionParameter } from '@arrowsmith/engine/parameters';
import { resolveEngine } from '@arrowsmith/engine/resolve';
import { declareStage } from '@arrowsmith/pipeline/stage';
import { trainingParameters } from '@arrowsmith/training/parameters';
import type { ResolvedTraining } from './resolve.ts';

const parameters = trainingParameters
  .safeExtend({
    model: modelParameters
      .prefault({})
      .describe('Architecture of the decoder. What is left out is the family’s; left out altogether, its miniature.'),
    from: z
      .string()
      .min(1)
      .optional()
      .describe(
        'A pretrained model to continue training: the path, from the root of the workspace, of a Hugging Face model folder (config.json and safetensors) or of an artifact with weights.arrow; the model’s parameters then have no effect. With 0 steps it is taken as it is.',
      ),
    confineAttention: z
      .boolean()
      .optional()
      .describe(
        'Whether a token sees its own document only, where a row is packed with several; evaluate then measures it so, too. Default: as the pretrained model was trained, else no.',
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
    ({ from, model, optimizer: { learningRate = learningRateFor(model), minimumLearningRate = 0 } }) =>
      from !== undefined || minimumLearningRate <= learningRate,
    {
      path: ['optimizer', 'minimumLearningRate'],
      error: ({ input }) =>
        `must not be above learningRate (${learningRateFor((input as { model: ModelParameters }).model)} by default)`,
    },
  )
  .refine(({ steps, from }) => steps > 0 || from !== undefined, {
    path: ['steps'],
    error: 'must be at least 1, unless a pretrained model is named by from',
  });

export type AskedTraining = z.infer<typeof parameters>;

export default declareStage<AskedTraining, ResolvedTraining>({
  name: 'train',
  description: 'Trains a decoder from scratch, or continues a pretrained one',
  inputs: ['tokenizer', 'chunk'],
  parameters,
  immaterial: ['threads', 'profile', 'checkpoint', 'recomputeActivations', 'samples'],
  exclusive: true,
  environment: resolveEngine,
  // A folder may change: look again.
  cacheable: ({ from }) => from === undefined,
  resolve: async (asked, options) => (await import('./resolve.ts')).resolveTraining(asked, options),
});
