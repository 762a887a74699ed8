/** @file The learning rate of every step: linear warm-up, then cosine decay. */
import type { TrainingParameters } from './parameters.ts';

/**
 * Learning rate of an optimizer step. It rises linearly, lr · (step / warmup), to the peak at step = warmup, then follows half
 * a cosine (Loshchilov & Hutter 2017, SGDR, without restarts) down to the minimum at the last step.
 *
 * @param step counted from 1 to `steps`
 */
export function learningRate({ steps, optimizer }: TrainingParameters, step: number): number {
  const { learningRate: peak } = optimizer;
  const minimum = optimizer.minimumLearningRate ?? peak / 10;
  const warmup = optimizer.warmupSteps ?? Math.min(100, Math.floor(steps / 10));
  if (step <= warmup) return peak * (step / warmup);
  const progress = (step - warmup) / (steps - warmup);
  return minimum + 0.5 * (1 + Math.cos(Math.PI * progress)) * (peak - minimum);
}
