/** @file What a person may say of an architecture in a pipeline file. Whatever is left out is the family's. Imports no tfjs. */
import { z } from 'zod';
import { families } from './families/index.ts';
import { chooseOptions, headDimOf } from './families/family.ts';
import { LARGEST_SIZE, MOST_EXPERTS, MOST_LAYERS } from './limits.ts';
import { defaultLearningRate, tunedWidth } from './tuned-defaults.ts';

const familyNames = Object.keys(families) as [keyof typeof families, ...(keyof typeof families)[]];

const size = (most = LARGEST_SIZE) => z.int().min(1).max(most).optional();
const pattern = (letters: string) =>
  z.string().regex(new RegExp(`^[${letters}]+$`), { error: `must consist of the letters ${[...letters].join(', ')}` });

const ropeScaling = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('linear'), factor: z.number().min(1) }),
  z.strictObject({
    kind: z.literal('llama3'),
    factor: z.number().min(1),
    lowFrequencyFactor: z.number().positive(),
    highFrequencyFactor: z.number().positive(),
    originalContextLength: z.int().min(1),
  }),
  z.strictObject({
    kind: z.literal('yarn'),
    factor: z.number().min(1),
    originalContextLength: z.int().min(1),
    betaFast: z.number().positive().default(32),
    betaSlow: z.number().positive().default(1),
    attentionFactor: z.number().positive().optional(),
  }),
]);

const moeParameters = z.strictObject({
  pattern: pattern('DE')
    .optional()
    .describe('Which layers are dense (D) and which have experts (E), repeated over the layers: DE is every second.'),
  experts: size(MOST_EXPERTS).describe('Number of experts that the router chooses from.'),
  topK: size().describe('Experts that compute each token.'),
  intermediateSize: size().describe('Inner size of each expert.'),
  sharedIntermediateSize: z.int().min(0).optional().describe('Inner size of an expert for all tokens; 0: none.'),
  router: z
    .enum(['softmax', 'sigmoid'])
    .optional()
    .describe('softmax: chosen probabilities weigh the outputs; sigmoid: chosen scores scale the inputs.'),
  normalizeTopK: z.boolean().optional().describe('Whether the chosen probabilities are divided by their sum.'),
  loadBalancing: z.number().min(0).optional().describe('Coefficient of the load-balancing loss over the whole batch.'),
  zLoss: z.number().min(0).optional().describe('Coefficient of the router’s z-loss.'),
});

/** The architecture's parameters, as they stand in a pipeline file. */
export const modelParameters = z
  .strictObject({
    family: z
      .enum(familyNames)
      .default('llama3')
      .describe(
        `Model family, which decides whatever is left out. ${Object.entries(families)
          .map(([name, { summary }]) => `${name}: ${summary}`)
          .join('; ')}.`,
      ),
    hiddenSize: size().describe('Size of a token’s hidden state.'),
    layers: size(MOST_LAYERS).describe('Number of transformer blocks.'),
    heads: size().describe('Number of query heads.'),
    kvHeads: size().describe('Number of key and value heads; divides heads.'),
    headDim: size().describe('Size of a head’s vectors, even; hiddenSize / heads when left out.'),
    intermediateSize: size().describe('Inner size of the feed-forward network.'),
    activation: z.enum(['silu', 'gelu-tanh']).optional().describe('Of the gate: SwiGLU or GeGLU.'),
    norm: z.enum(['rms', 'layer']).optional().describe('RMSNorm, or LayerNorm without bias.'),
    normEpsilon: z.number().positive().optional().describe('Added to the mean square, or the variance.'),
    normUnitOffset: z.boolean().optional().describe('Whether norms’ weights are stored as their difference from 1.'),
    postNorms: z.boolean().optional().describe('Whether the outputs of sub-layers are normalised, too.'),
    parallelBlock: z
      .boolean()
      .optional()
      .describe('Whether attention and feed-forward network share their input, and are added together.'),
    qkNorm: z
      .enum(['none', 'learned', 'l2'])
      .optional()
      .describe('Normalises queries and keys per head: with a weight before the rotation, or without after it.'),
    attentionBias: z
      .union([z.boolean(), z.literal('qkv')])
      .optional()
      .describe('Biases of the projections q, k, v and o; qkv: of the first three only.'),
    ffnBias: z.boolean().optional().describe('Biases of the feed-forward projections.'),
    attentionPattern: pattern('GSC')
      .optional()
      .describe(
        'What layers see, repeated over them: everything (G), a sliding window (S), a chunk (C). SSSG is three sliding layers, one global. Of a pattern with more letters than layers, the end counts.',
      ),
    window: size().describe('Positions that a sliding layer sees; a quarter of the context when left out.'),
    chunk: size().describe('Positions of a chunk; a quarter of the context when left out.'),
    positionPattern: pattern('RN')
      .optional()
      .describe('Which layers have rotary positions (R) and which none (N), repeated: RRRN. The end counts, too.'),
    ropeTheta: z.number().min(1).optional().describe('Base of the rotary embedding’s wavelengths.'),
    localRopeTheta: z
      .number()
      .min(1)
      .optional()
      .describe('The same in sliding and chunked layers, which then have no scaling either.'),
    ropeInterleaved: z.boolean().optional().describe('Whether neighbours turn together, as in Meta’s layout.'),
    ropeScaling: ropeScaling.optional().describe('Stretches rotary positions: linear, llama3, yarn.'),
    attentionScale: z.number().positive().optional().describe('Factor of scores; 1 / √headDim when left out.'),
    attentionSoftCap: z.number().min(0).optional().describe('Cap of scores, by tanh; 0: none.'),
    temperatureTuning: z
      .strictObject({ floorScale: z.number().positive(), scale: z.number().positive() })
      .optional()
      .describe('Queries of layers without positions grow with the logarithm of their position.'),
    embeddingScale: z
      .number()
      .positive()
      .optional()
      .describe('Factor of token embeddings. Default: the family’s; with postNorms in one that has none √hiddenSize.'),
    logitScale: z.number().positive().optional().describe('Factor of the logits.'),
    logitSoftCap: z.number().min(0).optional().describe('Cap of the logits, by tanh; 0: none.'),
    tieWordEmbeddings: z.boolean().optional().describe('Whether the output layer is the embedding matrix.'),
    moe: moeParameters.optional().describe('Mixture of experts.'),
    matformer: z
      .strictObject({
        granularities: z
          .int()
          .min(1)
          .max(8)
          .describe('Widths that are trained: all, half, a quarter, …; 1: no nesting.'),
        training: z
          .enum(['sample', 'joint'])
          .default('sample')
          .describe('One width each step, drawn at random; or the mean loss of all.'),
      })
      .optional()
      .describe('Nested feed-forward networks.'),
    perLayerEmbeddingSize: z
      .int()
      .min(0)
      .optional()
      .describe('Size of the vector that each layer adds for each token; 0: none.'),
    altUp: z
      .strictObject({
        inputs: z.int().min(2).max(MOST_EXPERTS),
        active: z.int().min(0).default(0),
        coefficientClip: z.number().min(0).default(120),
        correctScale: z.boolean().default(true),
      })
      .nullable()
      .optional()
      .describe('Alternating updates: copies of the hidden state, of which layers compute one; null: none.'),
    laurelRank: z.int().min(0).optional().describe('Rank of the learned residual beside attention; 0: none.'),
    activationSparsity: z
      .array(z.number().min(0).lt(1))
      .optional()
      .describe('Share of the gate that is cut off, by layer; layers beyond the list have none.'),
    sharedKvLayers: z.int().min(0).optional().describe('Last layers that use the keys and values of earlier ones.'),
    valueNorm: z.boolean().optional().describe('Whether values are normalised per head.'),
    initializerRange: z
      .number()
      .positive()
      .optional()
      .describe(
        'Standard deviation of the initial weights. Default: 0.06 · √(128 / hiddenSize), measured; with µP by mupBaseHiddenSize.',
      ),
    scaleResidualInitializer: z
      .boolean()
      .optional()
      .describe('Whether matrices that add to the residual stream begin smaller, by √(2 · layers).'),
    mupBaseHiddenSize: z
      .int()
      .min(0)
      .optional()
      .describe('Hidden size at which learning rate and initializerRange were tuned, for µP; 0: no µP.'),
  })
  .superRefine((parameters, context) => {
    const issue = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: path.split('.'), message });
    const options = chooseOptions(families[parameters.family], parameters);
    const { hiddenSize, heads, kvHeads, layers, moe, matformer, intermediateSize, sharedKvLayers, altUp } = options;
    if (heads % kvHeads !== 0) issue('kvHeads', `must divide heads (${heads}), but is ${kvHeads}`);
    const headDim = headDimOf(options);
    if (!Number.isInteger(headDim)) {
      issue('hiddenSize', `must be a multiple of heads (${heads}) when headDim is left out, but is ${hiddenSize}`);
    } else if (headDim % 2 !== 0) {
      issue('headDim', `must be even, as rotary embedding turns pairs, but is ${headDim}`);
    }
    if (moe !== undefined && moe.topK > moe.experts) {
      issue('moe.topK', `must be at most the number of experts (${moe.experts}), but is ${moe.topK}`);
    }
    const parts = 2 ** (matformer.granularities - 1);
    if (intermediateSize % parts !== 0) {
      issue(
        'matformer.granularities',
        `${matformer.granularities} need an intermediateSize that ${parts} divides, but it is ${intermediateSize}`,
      );
    }
    if (matformer.granularities > 1 && moe !== undefined) {
      issue('matformer.granularities', 'must be 1 in a mixture of experts, whose experts are not nested');
    }
    if (sharedKvLayers >= layers) {
      issue('sharedKvLayers', `must be less than layers (${layers}), but is ${sharedKvLayers}`);
    }
    if (altUp !== null && altUp.active >= altUp.inputs) {
      issue('altUp.active', `must be below altUp.inputs (${altUp.inputs}), but is ${altUp.active}`);
    }
  });

export type ModelParameters = z.infer<typeof modelParameters>;

/** The peak learning rate that suits a model, where nobody chose one. */
export function learningRateFor({ family, ...chosen }: ModelParameters): number {
  return defaultLearningRate(tunedWidth(chooseOptions(families[family], chosen)));
}
