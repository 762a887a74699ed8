/** @file The stage `adapt`: a model stays as it is, and adapters of low rank beside its matrices learn. */
import * as z from 'zod';
import { neededMeasurement, resolveEngine } from '@arrowsmith/engine/resolve';
import { declareStage, one } from '@arrowsmith/pipeline/stage';
import { learningParameters } from '@arrowsmith/training/parameters';
import { engineRequest } from './engine-request.ts';
import { NOT_IN_KEY, sessionParameters } from '@arrowsmith/training-session/parameters';

const parameters = learningParameters.safeExtend({
  rank: z
    .int()
    .min(1)
    .default(8)
    .describe('Rank r of an adapter’s factors A [r, in] and B [out, r]: an adapter has r · (in + out) values.'),
  alpha: z
    .number()
    .positive()
    .default(16)
    .describe(
      'An adapter adds alpha / rank · B A to its matrix, so that the learning rate need not change with the rank.',
    ),
  projections: z
    .union([z.literal('all'), z.array(z.string().min(1)).min(1)])
    .default('all')
    .describe(
      'Projections that have adapters, in every layer: a list of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj and down_proj, or all of these that the model has. Experts’ matrices have none.',
    ),
  confineAttention: z
    .boolean()
    .optional()
    .describe(
      'Whether a token sees its own document only, where a row is packed with several. Default: as the model was trained.',
    ),
  ...sessionParameters,
});

export type AskedAdapting = z.infer<typeof parameters>;

export default declareStage<AskedAdapting>({
  name: 'adapt',
  description: 'Trains adapters of low rank (LoRA) beside the matrices of a model, which stays as it is stored (QLoRA)',
  inputs: { tokenizer: one('tokenizer'), rows: one('rows'), model: one('model') },
  makes: ['adapter'],
  parameters,
  notInKey: NOT_IN_KEY,
  exclusive: true,
  environment: (asked, about) => resolveEngine(engineRequest(asked, about)),
  measurement: (asked, about) => neededMeasurement(engineRequest(asked, about)),
});
