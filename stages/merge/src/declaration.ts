/** @file The stage `merge`: an adapter becomes part of its model. */
import * as z from 'zod';
import { declareStage, one } from '@arrowsmith/pipeline/stage';

const parameters = z.strictObject({
  otherBase: z
    .boolean()
    .default(false)
    .describe(
      'Whether the model may be another one than the adapter was trained beside, of the same shapes: the one that was quantized for that, say. The result is not what was measured in training then.',
    ),
});

export default declareStage({
  name: 'merge',
  description: 'Adds an adapter to the matrices of its model, as a model by itself',
  inputs: { model: one('model'), adapter: one('adapter') },
  makes: ['model'],
  parameters,
});
