/** @file The stage `chunk`: documents become token ids in rows of one context. */
import * as z from 'zod';
import { declareStage, one } from '@arrowsmith/pipeline/stage';

const parameters = z
  .strictObject({
    contextLength: z
      .int()
      .min(2)
      .max(1 << 20)
      .default(256)
      .describe('Predictions per row: the context a model is trained on.'),
    mode: z
      .enum(['packed', 'documents', 'windows'])
      .default('packed')
      .describe(
        'packed: documents one after the other in full rows. documents: rows of one document, padded; a long one is continued in ' +
          'further rows. windows: as documents, with overlapping rows.',
      ),
    stride: z
      .int()
      .min(1)
      .optional()
      .describe(
        'mode windows: predictions from the beginning of a window to that of the next. Default: half of contextLength.',
      ),
    shuffle: z
      .union([z.literal(false), z.int().min(0)])
      .default(false)
      .describe(
        'Seed by which training documents are put in random order before they become rows; false: corpus order.',
      ),
    patchSize: z
      .int()
      .min(1)
      .optional()
      .describe('With pictures: width and height of the square patches that they are cut into. Default: 4.'),
    threads: z.int().min(1).optional().describe('Worker threads that encode. Default: all cores.'),
  })
  .refine(({ mode, stride }) => stride === undefined || mode === 'windows', {
    path: ['stride'],
    message: 'only mode windows has a stride',
  })
  .refine(({ contextLength, stride = 1 }) => stride <= contextLength, {
    path: ['stride'],
    message: 'a stride above contextLength would skip tokens',
  });

export type ChunkParameters = z.infer<typeof parameters>;

export default declareStage({
  name: 'chunk',
  description: 'Encodes both splits and lays them out in rows of one context',
  inputs: { corpus: one('corpus'), tokenizer: one('tokenizer') },
  makes: ['rows'],
  parameters,
  notInKey: ['threads'],
});
