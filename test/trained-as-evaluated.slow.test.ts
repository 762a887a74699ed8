/**
 * @file What training validated is what `evaluate` measures: for every option of a model and of training, the stages agree on the loss of the same
 * weights over the same rows.
 */
import { modelParameters } from '@arrowsmith/model';
import { loadDeclaration } from '@arrowsmith/pipeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realChain, type RealChain } from './support/real-chain.ts';
import { REPOSITORY } from './support/workspace.ts';

let chain: RealChain;
beforeAll(async () => {
  chain = realChain();
  await chain.runUntil('chunk');
});
afterAll(() => chain.remove());

const MODEL = { hiddenSize: 16, layers: 2, heads: 2, kvHeads: 1, intermediateSize: 16, initializerRange: 0.3 };
const TRAINING = {
  steps: 3,
  batchSize: 4,
  precision: 'f32',
  optimizer: { learningRate: 0.01 },
  validation: { rows: 1000 }, // the whole split, as evaluate's
};

/** The loss of the model that a step made, as `evaluate` measures it. */
async function evaluatedLoss(model: string): Promise<number> {
  const { metrics } = await chain.run('evaluate', { prompts: [] }, undefined, { reads: { models: [model] } });
  return metrics[`${model}.loss`]!;
}

/** Trains and evaluates. @returns the losses of the last validation and of `evaluate`, in nats per token */
async function losses({ model = {}, ...training }: { model?: object; [parameter: string]: unknown }) {
  const { metrics: trained } = await chain.run('train', {
    ...TRAINING,
    ...training,
    model: { ...MODEL, ...model },
  });
  return { validation: trained['validationLoss']!, evaluated: await evaluatedLoss('train') };
}

/** The same float32 losses, of batches of other sizes: added, and at most multiplied, in another order. */
const ROUNDING = 1e-6;

const expectSame = ({ validation, evaluated }: { validation: number; evaluated: number }, tolerance = ROUNDING) =>
  expect(Math.abs(evaluated / validation - 1), `${validation} and ${evaluated}`).toBeLessThan(tolerance);

/** A value other than the base model's for every option of a model. */
const OPTIONS: Record<keyof typeof modelParameters.shape, Record<string, unknown>> = {
  family: { family: 'gemma3n', intermediateSize: 32, hiddenSize: 32 },
  hiddenSize: { hiddenSize: 24 },
  layers: { layers: 3 },
  heads: { heads: 4 },
  kvHeads: { kvHeads: 2 },
  headDim: { headDim: 6 },
  intermediateSize: { intermediateSize: 24 },
  activation: { activation: 'gelu-tanh' },
  norm: { norm: 'layer' },
  normEpsilon: { normEpsilon: 0.1 },
  normUnitOffset: { normUnitOffset: true },
  postNorms: { postNorms: true },
  parallelBlock: { parallelBlock: true },
  qkNorm: { qkNorm: 'l2' },
  attentionBias: { attentionBias: true },
  ffnBias: { ffnBias: true },
  attentionPattern: { attentionPattern: 'SG' },
  window: { attentionPattern: 'SG', window: 3 },
  chunk: { attentionPattern: 'CG', chunk: 5 },
  positionPattern: { positionPattern: 'RN' },
  ropeTheta: { ropeTheta: 100 },
  localRopeTheta: { attentionPattern: 'SG', localRopeTheta: 100 },
  ropeInterleaved: { ropeInterleaved: true },
  ropeScaling: { ropeScaling: { kind: 'yarn', factor: 4, originalContextLength: 16 } },
  attentionScale: { attentionScale: 1 },
  attentionSoftCap: { attentionSoftCap: 1 },
  temperatureTuning: { positionPattern: 'RN', temperatureTuning: { floorScale: 4, scale: 1 } },
  embeddingScale: { embeddingScale: 4 },
  logitScale: { logitScale: 2 },
  logitSoftCap: { logitSoftCap: 2 },
  tieWordEmbeddings: { tieWordEmbeddings: false },
  moe: { moe: { experts: 4, topK: 2, intermediateSize: 8 } },
  matformer: { matformer: { granularities: 2, training: 'joint' } },
  perLayerEmbeddingSize: { perLayerEmbeddingSize: 4 },
  altUp: { altUp: { inputs: 2, coefficientClip: 0.1 } },
  laurelRank: { laurelRank: 2 },
  activationSparsity: { activationSparsity: [0.5] },
  sharedKvLayers: { sharedKvLayers: 1 },
  valueNorm: { valueNorm: true },
  initializerRange: { initializerRange: 0.4 },
  scaleResidualInitializer: { scaleResidualInitializer: false },
  mupBaseHiddenSize: { mupBaseHiddenSize: 8 },
};

/** The same for training, where a test of its own does not. */
const TRAINING_OPTIONS: Record<string, unknown> = {
  steps: 5,
  batchSize: 6,
  gradientAccumulation: 2,
  recomputeActivations: true,
  optimizer: { learningRate: 0.03, warmupSteps: 1, weightDecay: 0 },
  checkpoint: { everySeconds: 0 },
  seed: 2,
  backend: 'cpu',
  threads: 1,
  profile: false,
  samples: { everySeconds: 1, tokens: 2 },
};

describe('evaluate finds the validation loss of training', () => {
  let base: number;
  beforeAll(async () => {
    const found = await losses({});
    expectSame(found);
    base = found.evaluated;
  });

  test.each(Object.keys(modelParameters.shape) as (keyof typeof OPTIONS)[])('with another %s', async (option) => {
    const found = await losses({ model: OPTIONS[option] });
    expectSame(found);
    expect(found.evaluated).not.toBe(base); // the option does something
  });

  test.each(modelParameters.shape.family.unwrap().options)('of the family %s', async (family) => {
    expectSame(await losses({ model: { family, hiddenSize: 32, layers: 4 } }));
  });

  test.each(['packed', 'documents', 'windows'])(
    'with attention confined to documents, in rows that are %s',
    async (mode) => {
      await chain.run('chunk', { mode });
      const open = await losses({});
      const confined = await losses({ confineAttention: true });
      expectSame(open);
      expectSame(confined);
      const alike = Math.abs(confined.evaluated - open.evaluated) < 1e-4;
      expect(alike).toBe(mode !== 'packed'); // else a row is of one document
      await chain.run('chunk');
    },
  );

  test.each(Object.keys(TRAINING_OPTIONS))('with another %s', async (option) => {
    expectSame(await losses({ [option]: TRAINING_OPTIONS[option] }));
  });

  test('of widths that are trained in turn', async () => {
    expectSame(await losses({ model: { matformer: { granularities: 2 } } }));
  });

  test('up to the rounding of bf16 where training multiplies in it: the weights are float32, and measured as such', async () => {
    expectSame(await losses({ precision: 'auto' }), 2e-3);
  });

  test('of a model that was trained for a format, once quantize has stored it so', async () => {
    const formats = { format: 'int2-g32', formats: { embeddings: 'int4-g32' } };
    const model = { hiddenSize: 32, intermediateSize: 32 };
    const quantization = { ...formats, from: 0.5 };
    const { validation, evaluated } = await losses({ model, quantization });
    await chain.run('quantize', formats);
    const stored = await evaluatedLoss('quantize');
    expectSame({ validation, evaluated: stored });
    expect(Math.abs(evaluated / stored - 1)).toBeGreaterThan(10 * ROUNDING);
  });

  test('of a model that is continued, whose attention stays as it was trained', async () => {
    await chain.run('train', { ...TRAINING, model: MODEL, confineAttention: true });
    const confined = await evaluatedLoss('train');
    const continued = async (parameters: object) => {
      const other = { step: 'more', reads: { model: ['train'] } };
      const { metrics } = await chain.run('train', { ...TRAINING, ...parameters }, undefined, other);
      return { validation: metrics['validationLoss']!, evaluated: await evaluatedLoss('more') };
    };
    const nothing = { optimizer: { learningRate: 1e-30, minimumLearningRate: 0 } }; // too small to change a weight
    expect((await continued(nothing)).evaluated).toBe(confined);
    expect((await continued({ ...nothing, confineAttention: false })).evaluated).not.toBe(confined);
    expectSame(await continued({}));
  });

  test('whatever training can be told: no parameter is missing above', async () => {
    const others = ['model', 'confineAttention', 'precision', 'quantization', 'validation'];
    const { parameters } = await loadDeclaration(REPOSITORY, 'train');
    const known = Object.keys((parameters as unknown as { shape: object }).shape);
    expect(known.sort()).toEqual([...Object.keys(TRAINING_OPTIONS), ...others].sort());
  });
});
