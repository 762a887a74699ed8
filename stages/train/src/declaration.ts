/** @file The stage `train`: a decoder learns to predict the training rows. */
import { z } from 'zod';
import { modelParameters } from '@arrowsmith/model/config';
import { backendNames, resolveBackend } from '@arrowsmith/ops/resolve-backend';
import { declareStage } from '@arrowsmith/pipeline/stage';
import { trainingParameters } from '@arrowsmith/training/parameters';

const parameters = trainingParameters.safeExtend({
  model: modelParameters.describe('Architecture of the decoder.'),
  backend: z
    .enum(['auto', ...backendNames])
    .default('auto')
    .describe('Compute backend. With auto, ARROWSMITH_BACKEND decides where it is set.'),
});

export default declareStage({
  name: 'train',
  description: 'Trains a decoder from scratch',
  inputs: ['chunk'],
  parameters,
  exclusive: true,
  environment: ({ backend }) => ({ backend: resolveBackend(backend === 'auto' ? undefined : backend) }),
});
