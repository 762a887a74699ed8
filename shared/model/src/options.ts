/**
 * @file Every option of an architecture, stated once: name, type, limits and what it means. A family gives each a value, a person any of them; the
 * configuration, layer by layer, is made of them in `architecture.ts`. Optional are those that a model need not have.
 */
import * as z from 'zod';
import {
  activation,
  altUpConfig,
  attentionFields,
  decoderFields,
  expertFields,
  matformerConfig,
  normConfig,
  ropeScaling,
  routerLossConfig,
} from './config.ts';
import { LARGEST_SIZE, MOST_EXPERTS, MOST_LAYERS } from './limits.ts';

const size = z.int().min(1).max(LARGEST_SIZE);
const factor = z.number().min(1);
const positive = z.number().positive();
const pattern = (letters: string) =>
  z.string().regex(new RegExp(`^[${letters}]+$`), { error: `must consist of the letters ${[...letters].join(', ')}` });

const [linear, llama3, yarn] = ropeScaling.options;

/** Experts, and in which layers they are. */
const moeOptions = z.strictObject({
  pattern: pattern('DE').describe(
    'Which layers are dense (D) and which have experts (E), repeated over the layers: DE is every second.',
  ),
  experts: expertFields.experts.describe('Number of experts that the router chooses from.'),
  topK: expertFields.topK.describe('Experts that compute each token.'),
  intermediateSize: expertFields.intermediateSize.describe('Inner size of each expert.'),
  sharedIntermediateSize: expertFields.sharedIntermediateSize.describe(
    'Inner size of an expert for all tokens; 0: none.',
  ),
  router: expertFields.router.describe(
    'softmax: chosen probabilities weigh the outputs; sigmoid: chosen scores scale the inputs.',
  ),
  normalizeTopK: expertFields.normalizeTopK.describe('Whether the chosen probabilities are divided by their sum.'),
  loadBalancing: routerLossConfig.shape.loadBalancing.describe(
    'Coefficient of the load-balancing loss over the whole batch.',
  ),
  zLoss: routerLossConfig.shape.zLoss.describe('Coefficient of the router’s z-loss.'),
});
export type MoeOptions = z.infer<typeof moeOptions>;

const modelOptions = z.strictObject({
  hiddenSize: size.describe('Size of a token’s hidden state.'),
  layers: size.max(MOST_LAYERS).describe('Number of transformer blocks.'),
  heads: size.describe('Number of query heads.'),
  kvHeads: size.describe('Number of key and value heads; divides heads.'),
  headDim: size.optional().describe('Size of a head’s vectors, even; hiddenSize / heads when left out.'),
  intermediateSize: size.describe('Inner size of the feed-forward network.'),
  activation: activation.describe('Of the gate: SwiGLU or GeGLU.'),
  norm: normConfig.shape.kind.describe('RMSNorm, or LayerNorm without bias.'),
  normEpsilon: positive.describe('Added to the mean square, or the variance.'),
  normUnitOffset: z.boolean().describe('Whether norms’ weights are stored as their difference from 1.'),
  postNorms: decoderFields.postNorms.describe('Whether the outputs of sub-layers are normalised, too.'),
  parallelBlock: decoderFields.parallelBlock.describe(
    'Whether attention and feed-forward network share their input, and are added together.',
  ),
  qkNorm: attentionFields.qkNorm.describe(
    'Normalises queries and keys per head: with a weight before the rotation, or without after it.',
  ),
  attentionBias: attentionFields.bias.describe(
    'Biases of the projections q, k, v and o; qkv: of the first three only.',
  ),
  ffnBias: z.boolean().describe('Biases of the feed-forward projections.'),
  attentionPattern: pattern('GSC').describe(
    'What layers see, repeated over them: everything (G), a sliding window (S), a chunk (C). SSSG is three sliding layers, one global. Of a pattern with more letters than layers, the end counts.',
  ),
  window: size.optional().describe('Positions that a sliding layer sees; a quarter of the context when left out.'),
  chunk: size.optional().describe('Positions of a chunk; a quarter of the context when left out.'),
  positionPattern: pattern('RN').describe(
    'Which layers have rotary positions (R) and which none (N), repeated: RRRN. The end counts, too.',
  ),
  ropeTheta: z.number().min(1).describe('Base of the rotary embedding’s wavelengths.'),
  localRopeTheta: z
    .number()
    .min(1)
    .optional()
    .describe('The same in sliding and chunked layers, which then have no scaling either.'),
  ropeInterleaved: z.boolean().describe('Whether neighbours turn together, as in Meta’s layout.'),
  ropeScaling: z
    .discriminatedUnion('kind', [
      z.strictObject({ ...linear.shape, factor }),
      z.strictObject({ ...llama3.shape, factor }),
      z.strictObject({
        ...yarn.shape,
        factor,
        betaFast: yarn.shape.betaFast.default(32),
        betaSlow: yarn.shape.betaSlow.default(1),
      }),
    ])
    .optional()
    .describe('Stretches rotary positions: linear, llama3, yarn.'),
  attentionScale: positive.optional().describe('Factor of scores; 1 / √headDim when left out.'),
  attentionSoftCap: attentionFields.softCap.describe('Cap of scores, by tanh; 0: none.'),
  temperatureTuning: z
    .strictObject({ floorScale: positive, scale: positive })
    .optional()
    .describe('Queries of layers without positions grow with the logarithm of their position.'),
  embeddingScale: positive.describe(
    'Factor of token embeddings. Default: the family’s; with postNorms in one that has none √hiddenSize.',
  ),
  logitScale: positive.describe('Factor of the logits.'),
  logitSoftCap: decoderFields.logitSoftCap.describe('Cap of the logits, by tanh; 0: none.'),
  tieWordEmbeddings: decoderFields.tieWordEmbeddings.describe('Whether the output layer is the embedding matrix.'),
  moe: moeOptions.optional(),
  matformer: z
    .strictObject({
      granularities: matformerConfig.shape.granularities
        .max(8)
        .describe('Widths that are trained: all, half, a quarter, …; 1: no nesting.'),
      training: matformerConfig.shape.training
        .default('sample')
        .describe('One width each step, drawn at random; or the mean loss of all.'),
    })
    .describe('Nested feed-forward networks.'),
  perLayerEmbeddingSize: z.int().min(0).describe('Size of the vector that each layer adds for each token; 0: none.'),
  altUp: z
    .strictObject({
      inputs: z.int().min(2).max(MOST_EXPERTS),
      active: altUpConfig.shape.active.default(0),
      coefficientClip: altUpConfig.shape.coefficientClip.default(120),
      correctScale: altUpConfig.shape.correctScale.default(true),
    })
    .nullable()
    .describe('Alternating updates: copies of the hidden state, of which layers compute one; null: none.'),
  laurelRank: decoderFields.laurelRank.describe('Rank of the learned residual beside attention; 0: none.'),
  activationSparsity: z
    .array(z.number().min(0).lt(1))
    .describe('Share of the gate that is cut off, by layer; layers beyond the list have none.'),
  sharedKvLayers: z.int().min(0).describe('Last layers that use the keys and values of earlier ones.'),
  valueNorm: attentionFields.valueNorm.describe('Whether values are normalised per head.'),
  initializerRange: positive.describe(
    'Standard deviation of the initial weights. Default: 0.06 · √(128 / hiddenSize), measured; with µP by mupBaseHiddenSize.',
  ),
  scaleResidualInitializer: z
    .boolean()
    .describe('Whether matrices that add to the residual stream begin smaller, by √(2 · layers).'),
  mupBaseHiddenSize: z
    .int()
    .min(0)
    .describe('Hidden size at which learning rate and initializerRange were tuned, for µP; 0: no µP.'),
});

/** The options of a model. */
export type ModelOptions = z.infer<typeof modelOptions>;

/** What a person chose; the rest is the family's. */
export const chosenOptions = modelOptions
  .partial()
  .extend({ moe: moeOptions.partial().optional().describe('Mixture of experts.') });
export type ChosenOptions = Omit<Partial<ModelOptions>, 'moe' | 'matformer'> & {
  moe?: Partial<MoeOptions> | undefined;
  matformer?: Partial<ModelOptions['matformer']> | undefined;
};

/** How large a model is; every family has these. */
export type ModelSizes = Pick<
  ModelOptions,
  /** Inner size of a dense feed-forward network, and what the experts that compute a token have together. */
  'intermediateSize' | 'hiddenSize' | 'layers' | 'heads' | 'kvHeads' | 'headDim'
>;
