/** @file The stage `import-adapter`: an adapter that others trained, by PEFT. */
import * as z from 'zod';
import { declareStage, one } from '@arrowsmith/pipeline/stage';
import type { ResolvedAdapter } from './resolve.ts';

const parameters = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'A folder of PEFT (adapter_config.json and adapter_model.safetensors), from the root of the workspace; of LoRA beside linear layers within the blocks of the model.',
    ),
});

export type AskedAdapter = z.infer<typeof parameters>;

export default declareStage<AskedAdapter, ResolvedAdapter>({
  name: 'import-adapter',
  description: 'Takes an adapter for a model from a folder of PEFT',
  inputs: { model: one('model') },
  makes: ['adapter'],
  parameters,
  // A folder may change: look again.
  cacheable: () => false,
  resolve: async (asked, options) => (await import('./resolve.ts')).resolveAdapter(asked, options),
});
