/** @file What depends on the step: the learning rate, of linear warm-up and cosine decay, and whether matrices are quantized. */
import { defaultLearningRate, tunedWidth, type DecoderConfig } from '@arrowsmith/model';
import type { QuantizationParameters, TrainingParameters } from './parameters.ts';

type Schedule = Pick<TrainingParameters, 'steps' | 'optimizer'>;

/** Parameters with a learning rate. */
export type CompleteParameters = TrainingParameters & { optimizer: { learningRate: number } };

/** Fills in the learning rate that suits the model. */
export function completeParameters(parameters: TrainingParameters, config: DecoderConfig): CompleteParameters {
  const { hiddenSize, initialization } = config;
  const peak = parameters.optimizer.learningRate ?? defaultLearningRate(tunedWidth({ hiddenSize, ...initialization }));
  return { ...parameters, optimizer: { ...parameters.optimizer, learningRate: peak } };
}

/**
 * Steps of the warm-up: as many as were asked for, if any are left after them; else a tenth of all, at most 100. So a short trial of a pipeline that
 * was made for a long run has a schedule of the same form.
 */
export function warmupSteps({ steps, optimizer: { warmupSteps: asked } }: Schedule): number {
  return asked !== undefined && asked < steps ? asked : Math.min(100, Math.floor(steps / 10));
}

/** Says that a warm-up was asked for that does not fit, and what takes its place; undefined where it fits. */
export function shortenedWarmup(parameters: Schedule): string | undefined {
  const { steps, optimizer } = parameters;
  if (steps === 0 || optimizer.warmupSteps === undefined || optimizer.warmupSteps < steps) return undefined;
  return `${warmupSteps(parameters)} of ${steps} steps: the ${optimizer.warmupSteps} of optimizer.warmupSteps do not fit`;
}

/**
 * Learning rate of an optimizer step. It rises linearly, lr · (step / warmup), to the peak at step = warmup, then follows half
 * a cosine (Loshchilov & Hutter 2017, SGDR, without restarts) down to the minimum at the last step.
 *
 * @param step counted from 1 to `steps`
 */
export function learningRate(parameters: Pick<CompleteParameters, 'steps' | 'optimizer'>, step: number): number {
  const { steps, optimizer } = parameters;
  const { learningRate: peak } = optimizer;
  const minimum = Math.min(peak, optimizer.minimumLearningRate ?? peak / 10);
  const warmup = warmupSteps(parameters);
  if (step <= warmup) return peak * (step / warmup);
  const progress = (step - warmup) / (steps - warmup);
  return minimum + 0.5 * (1 + Math.cos(Math.PI * progress)) * (peak - minimum);
}

/** The first step that multiplies with quantized matrices; Infinity where none does. */
export function firstQuantizedStep({
  steps,
  quantization,
}: Pick<TrainingParameters, 'steps' | 'quantization'>): number {
  return quantization === undefined ? Infinity : Math.floor(quantization.from * steps) + 1;
}

/** How the model computes in a step, counted from 1, and after it: with matrices in fewer bits, or not. */
export function quantizationOfStep(
  parameters: Pick<TrainingParameters, 'steps' | 'quantization'>,
  step: number,
): QuantizationParameters | undefined {
  return step >= firstQuantizedStep(parameters) ? parameters.quantization : undefined;
}
