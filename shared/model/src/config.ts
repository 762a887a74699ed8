/** @file What a decoder's architecture is: the parameters a person chooses, and the configuration the code runs on. */
import { z } from 'zod';

/** The architecture's parameters, as they stand in a pipeline file. */
export const modelParameters = z
  .strictObject({
    family: z
      .enum(['llama3'])
      .default('llama3')
      .describe(
        'model family; llama3: RMSNorm, rotary positions, grouped-query attention, SwiGLU (Llama 3, arXiv 2407.21783)',
      ),
    hiddenSize: z.int().min(1).describe('size of a token’s hidden state'),
    layers: z.int().min(1).describe('number of transformer blocks'),
    heads: z.int().min(1).describe('number of query heads'),
    kvHeads: z.int().min(1).describe('number of key and value heads; divides heads'),
    headDim: z.int().min(2).optional().describe('size of a head’s vectors, even; hiddenSize / heads when left out'),
    intermediateSize: z.int().min(1).describe('inner size of the feed-forward network'),
    ropeTheta: z.number().min(1).default(10000).describe('base of the rotary embedding’s wavelengths'),
    rmsNormEpsilon: z.number().positive().default(1e-5).describe('added to the mean square in RMSNorm'),
    tieWordEmbeddings: z.boolean().default(true).describe('whether the output layer is the embedding matrix'),
    initializerRange: z.number().positive().default(0.02).describe('standard deviation of the initial weights'),
  })
  .superRefine(({ hiddenSize, heads, kvHeads, headDim }, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (heads % kvHeads !== 0) issue('kvHeads', `must divide heads (${heads}), but is ${kvHeads}`);
    if (headDim === undefined && hiddenSize % heads !== 0) {
      issue('hiddenSize', `must be a multiple of heads (${heads}) when headDim is left out, but is ${hiddenSize}`);
    } else if ((headDim ?? hiddenSize / heads) % 2 !== 0) {
      issue('headDim', `must be even, as rotary embedding turns pairs, but is ${headDim ?? hiddenSize / heads}`);
    }
  });

export type ModelParameters = z.infer<typeof modelParameters>;

/** Everything the decoder's code needs to know of a model. */
export type DecoderConfig = ModelParameters & {
  headDim: number;
  /** Rows of the embedding matrix. */
  vocabularySize: number;
  /** The longest sequence, in tokens. */
  contextLength: number;
};

/** Completes a model's parameters by what its data decides. */
export function decoderConfig(
  parameters: ModelParameters,
  data: { vocabularySize: number; contextLength: number },
): DecoderConfig {
  return { ...parameters, headDim: parameters.headDim ?? parameters.hiddenSize / parameters.heads, ...data };
}
