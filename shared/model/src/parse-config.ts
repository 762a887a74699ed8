/** @file Reads a configuration from the metadata of a checkpoint. */
import { UserError } from '@arrowsmith/errors';
import { z } from 'zod';
import type { DecoderConfig } from './config.ts';
import { LARGEST_SIZE, MOST_EXPERTS, MOST_LAYERS } from './limits.ts';

const size = z.int().min(1).max(LARGEST_SIZE);
const count = z.int().min(0).max(LARGEST_SIZE);
const positive = z.number().positive();
const notNegative = z.number().min(0);

const ropeScaling = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('linear'), factor: positive }),
  z.looseObject({
    kind: z.literal('llama3'),
    factor: positive,
    lowFrequencyFactor: positive,
    highFrequencyFactor: positive,
    originalContextLength: size,
  }),
  z.looseObject({
    kind: z.literal('yarn'),
    factor: positive,
    originalContextLength: size,
    betaFast: positive,
    betaSlow: positive,
    attentionFactor: positive.optional(),
  }),
]);

const attention = z.looseObject({
  heads: size,
  kvHeads: size,
  headDim: size,
  scale: z.number(),
  window: count,
  chunk: count,
  softCap: notNegative,
  dualChunk: z.looseObject({ chunk: size, trainedLength: size }).nullable(),
  rope: z.looseObject({ theta: positive, interleaved: z.boolean(), scaling: ropeScaling.optional() }).nullable(),
  qkNorm: z.enum(['none', 'learned', 'l2']),
  valueNorm: z.boolean(),
  bias: z.union([z.boolean(), z.literal('qkv')]),
  temperatureTuning: z.looseObject({ floorScale: positive, scale: notNegative }).nullable(),
  keysOfLayer: count.nullable(),
});

const activation = z.enum(['silu', 'gelu-tanh']);

const ffn = z.discriminatedUnion('kind', [
  z.looseObject({
    kind: z.literal('dense'),
    intermediateSize: size,
    activation,
    bias: z.boolean(),
    sparsity: notNegative.lt(1),
  }),
  z.looseObject({
    kind: z.literal('moe'),
    experts: z.int().min(1).max(MOST_EXPERTS),
    topK: size,
    intermediateSize: size,
    activation,
    router: z.enum(['softmax', 'sigmoid']),
    normalizeTopK: z.boolean(),
    sharedIntermediateSize: count,
  }),
]);

/** A {@link DecoderConfig}; what it does not name here is let through. */
const schema = z.looseObject({
  family: z.string(),
  hiddenSize: size,
  vocabularySize: size,
  contextLength: size,
  confineAttention: z.boolean().optional(),
  embeddingScale: z.number(),
  norm: z.looseObject({ kind: z.enum(['rms', 'layer']), epsilon: notNegative, unitOffset: z.boolean() }),
  postNorms: z.boolean(),
  parallelBlock: z.boolean(),
  layers: z.array(z.looseObject({ attention, ffn })).min(1).max(MOST_LAYERS),
  tieWordEmbeddings: z.boolean(),
  logitScale: z.number(),
  logitSoftCap: notNegative,
  routerLoss: z.looseObject({ loadBalancing: notNegative, zLoss: notNegative }),
  altUp: z
    .looseObject({
      inputs: z.int().min(1).max(MOST_EXPERTS),
      active: count,
      coefficientClip: notNegative,
      correctScale: z.boolean(),
    })
    .nullable(),
  laurelRank: count,
  perLayerEmbedding: z.looseObject({ size, vocabularySize: size }).nullable(),
  matformer: z.looseObject({ granularities: size, training: z.enum(['sample', 'joint']) }),
  vision: z.looseObject({ patchSize: size, channels: size, patches: size }).nullable(),
  initialization: z.looseObject({
    deviation: notNegative,
    scaleResidual: z.boolean(),
    mupBaseHiddenSize: count,
  }),
});

/**
 * @param text JSON, as `train` writes it beside the weights
 * @param where the checkpoint
 * @throws UserError when there is none, or one that is damaged or of another version of this project
 */
export function parseDecoderConfig(text: string | undefined, where: string): DecoderConfig {
  const refuse = (found: string, cause?: unknown) =>
    new UserError(
      {
        what: 'a table of tensors does not say which model they are of',
        where,
        expected: 'the artifact of the stage train or extract, of this version',
        found,
        fix: 'train the model again',
      },
      { cause },
    );
  let config: unknown;
  try {
    config = JSON.parse(text ?? 'null');
  } catch (cause) {
    throw refuse(`a configuration that is not JSON: ${(cause as Error).message}`, cause);
  }
  if (config === null) throw refuse('no configuration');
  const { error } = schema.safeParse(config);
  if (error === undefined) return { confineAttention: false, ...(config as Partial<DecoderConfig>) } as DecoderConfig; // kept since it can be true
  const [issue] = error.issues;
  throw refuse(`a configuration whose ${issue!.path.join('.') || 'value'} is wrong: ${issue!.message}`);
}
