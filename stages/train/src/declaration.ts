/** @file The stage `train`: a decoder learns to predict the training rows. */
import { z } from 'zod';
import { modelParameters } from '@arrowsmith/model/config';
import { engineParameters, precisionParameter } from '@arrowsmith/ops/engine-parameters';
import { resolveEngine } from '@arrowsmith/ops/resolve-backend';
import { declareStage } from '@arrowsmith/pipeline/stage';
import { trainingParameters } from '@arrowsmith/training/parameters';

const parameters = trainingParameters.safeExtend({
  model: modelParameters.describe('Architecture of the decoder.'),
  ...engineParameters,
  precision: precisionParameter,
  profile: z.boolean().default(false).describe('Print the time that each kernel of the native backend took.'),
});

export default declareStage({
  name: 'train',
  description: 'Trains a decoder from scratch',
  inputs: ['chunk'],
  parameters,
  immaterial: ['threads', 'profile', 'checkpoint', 'recomputeActivations'],
  exclusive: true,
  environment: resolveEngine,
});
