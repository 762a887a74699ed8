/** @file The time of a training, from its work and from how fast two models were that have been measured. */
import { type DecoderConfig, nestedConfig } from '@arrowsmith/model';
import type { TrainingParameters } from '@arrowsmith/training';
import { flopPerToken } from '../bench/models.ts';

/** How fast an engine trains: a step takes `perLayer` for each layer, however small it is, and its multiplications at `rate`. */
export interface Speed {
  /** Seconds. */
  perLayer: number;
  /** Floating-point operations per second. */
  rate: number;
}

/** A model whose optimizer step was measured. */
export interface MeasuredStep {
  config: DecoderConfig;
  /** Rows, of one context each. */
  batchSize: number;
  seconds: number;
}

/** Seconds. */
export interface TrainingTime {
  step: number;
  /** All steps, and the validations among them. */
  total: number;
}

/**
 * Tokens per second beside llama3's at equal active parameters: the geometric means of docs/LOG.md's measurements at d 288 in float32 and at d 128 in
 * bfloat16, which are at most a third apart from them.
 */
const FAMILY_SPEEDS: Readonly<Record<string, number>> = {
  llama4: 0.73,
  qwen3: 0.9,
  'qwen3-moe': 0.77,
  'command-a': 0.96,
  gemma2: 0.86,
  gemma3: 0.88,
  gemma3n: 0.71,
};

/** A third of the multiplications of a pass forward and backward are forward. */
const FORWARD_SHARE = 1 / 3;

/** Work of a step, in floating-point operations; of a nested model, which draws a width for each step, the mean. */
function flopPerStep(config: DecoderConfig, batchSize: number): number {
  const { granularities, training } = config.matformer;
  const widths = Array.from({ length: granularities }, (_, width) =>
    granularities === 1
      ? config
      : nestedConfig(
          config,
          config.layers.map(() => width),
        ),
  );
  const sum = widths.map(flopPerToken).reduce((a, b) => a + b);
  return batchSize * config.contextLength * (training === 'joint' ? sum : sum / granularities);
}

/** The speed at which both models take as long as they did; where the smaller one took no longer than its work explains, the larger one's rate. */
export function speedOf(small: MeasuredStep, large: MeasuredStep): Speed {
  const [a, b] = [small, large].map(({ config, batchSize }) => flopPerStep(config, batchSize)) as [number, number];
  const [m, n] = [small.config.layers.length, large.config.layers.length];
  // small.seconds = perLayer · m + a / rate, large.seconds = perLayer · n + b / rate
  const perLayer = (small.seconds * b - large.seconds * a) / (m * b - n * a);
  const atRate = large.seconds - n * perLayer;
  return perLayer > 0 && atRate > 0 ? { perLayer, rate: b / atRate } : { perLayer: 0, rate: b / large.seconds };
}

/** The time of a training with its validations. */
export function trainingTime(
  config: DecoderConfig,
  {
    steps,
    batchSize,
    gradientAccumulation,
    recomputeActivations,
    validation,
  }: Pick<TrainingParameters, 'steps' | 'batchSize' | 'gradientAccumulation' | 'recomputeActivations' | 'validation'>,
  { perLayer, rate }: Speed,
): TrainingTime {
  const work = flopPerStep(config, batchSize) / (rate * (FAMILY_SPEEDS[config.family] ?? 1));
  const passes = recomputeActivations ? 1 + FORWARD_SHARE : 1;
  const step = gradientAccumulation * perLayer * config.layers.length + passes * work;
  const validations = Math.ceil(steps / validation.every) * (validation.rows / batchSize) * work * FORWARD_SHARE;
  return { step, total: steps * step + validations };
}
