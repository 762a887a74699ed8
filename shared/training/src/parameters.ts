/** @file Parameters of a training run. */
import { formatParameter, formatsParameter } from '@arrowsmith/quantization/parameters';
import * as z from 'zod';

const optimizerParameters = z
  .strictObject({
    method: z
      .enum(['adamw', 'muon'])
      .default('adamw')
      .describe(
        'adamw; or muon, which makes the updates of matrices within layers orthogonal and learns from about a third fewer tokens, with AdamW for all else and the same learning rate and weight decay.',
      ),
    momentum: z.number().min(0).lt(1).default(0.95).describe("Decay of Muon's running mean of gradients."),
    learningRate: z
      .number()
      .positive()
      .optional()
      .describe(
        'Peak learning rate, reached at the end of the warm-up. Default: 0.006 · 128 / hiddenSize, at most 0.024, measured; with µP by mupBaseHiddenSize.',
      ),
    minimumLearningRate: z
      .number()
      .min(0)
      .optional()
      .describe('Learning rate of the last step, where the cosine ends. Default: a tenth of learningRate.'),
    warmupSteps: z
      .int()
      .min(0)
      .optional()
      .describe(
        'Steps of linear warm-up to learningRate. Default: a tenth of steps, at most 100; also where it is not less than steps.',
      ),
    beta1: z.number().min(0).lt(1).default(0.9).describe("Decay of AdamW's running mean of gradients."),
    beta2: z.number().min(0).lt(1).default(0.95).describe("Decay of AdamW's running mean of squared gradients."),
    epsilon: z.number().positive().default(1e-8).describe("Added to AdamW's denominator."),
    weightDecay: z.number().min(0).default(0.1).describe('Decoupled weight decay of matrices; vectors have none.'),
    gradientClip: z.number().positive().default(1).describe('Largest L2 norm of all gradients together.'),
  })
  .refine((optimizer) => (optimizer.minimumLearningRate ?? 0) <= (optimizer.learningRate ?? Infinity), {
    path: ['minimumLearningRate'],
    error: ({ input }) => `must not be above learningRate (${(input as { learningRate: number }).learningRate})`,
  });

const quantizationParameters = z
  .strictObject({
    format: formatParameter.describe(
      'The format that the model will be stored in: what the stage quantize is asked for by its own `format`, with the method nearest.',
    ),
    formats: formatsParameter.optional().describe('Formats of parts of the model, as those of the stage quantize.'),
    from: z
      .number()
      .min(0)
      .lt(1)
      .default(0.75)
      .describe(
        'Share of the steps that come before it begins; 0: all steps are trained so. By default it has the last quarter, the cool-down, in which the cosine goes from about a quarter of its height to its end.',
      ),
  })
  .refine(({ format, formats = {} }) => [format, ...Object.values(formats)].some((each) => each && each !== 'f32'), {
    path: ['format'],
    error: 'must be a format of fewer bits than f32, here or for a part; without one, leave `quantization` out',
  });

/** What any training is asked to do, of a model or of adapters beside it; parsed, every default is filled in. */
export const learningParameters = z
  .strictObject({
    steps: z.int().min(1).describe('Optimizer steps.'),
    batchSize: z.int().min(1).default(16).describe('Rows, of one context each, that an optimizer step learns from.'),
    gradientAccumulation: z
      .int()
      .min(1)
      .default(1)
      .describe('Micro-batches that a batch is split into to save memory; divides batchSize.'),
    recomputeActivations: z
      .boolean()
      .default(false)
      .describe(
        'Keep only the input of each transformer block for the backward pass, and compute the rest again there: much less memory for about a third more computation. Has no influence on the result.',
      ),
    optimizer: optimizerParameters.prefault({}).describe('AdamW or Muon, with linear warm-up and cosine decay.'),
    validation: z
      .strictObject({
        every: z.int().min(1).default(100).describe('Steps between two validations; the last step always has one.'),
        rows: z.int().min(1).default(64).describe('Rows of the validation split to measure, evenly spread over it.'),
      })
      .prefault({})
      .describe('When and on how much the validation loss is measured.'),
    checkpoint: z
      .strictObject({
        everySeconds: z.number().min(0).default(30).describe('Seconds between two checkpoints; 0 saves every step.'),
      })
      .prefault({})
      .describe('How much work a killed run may lose. Has no influence on the result.'),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .default(1)
      .describe('Seed of the initial weights and of the order of the training rows.'),
  })
  .refine((parameters) => parameters.batchSize % parameters.gradientAccumulation === 0, {
    path: ['gradientAccumulation'],
    error: ({ input }) => `must divide batchSize (${(input as { batchSize: number }).batchSize})`,
  });

/** What a training run of a model is asked to do. */
export const trainingParameters = learningParameters.safeExtend({
  quantization: quantizationParameters
    .optional()
    .describe(
      'Quantization-aware training: from some step on the model computes with the values that its matrices will have in a format of fewer bits, and learns to (docs/quantization.md). Weights stay float32.',
    ),
});

/** Parsed parameters of a training run. */
export type TrainingParameters = z.infer<typeof trainingParameters>;

/** Parsed parameters of quantization-aware training. */
export type QuantizationParameters = NonNullable<TrainingParameters['quantization']>;

/** Parsed parameters of the optimizer and its schedule. */
export type OptimizerParameters = TrainingParameters['optimizer'];
