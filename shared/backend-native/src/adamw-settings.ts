/** @file The numbers of an update by AdamW, in the order in which the kernels of devices read them. */

/** Options of an update that all or some parameters have in common. */
export interface AdamWNumbers {
  learningRate: number;
  learningRateFactors?: readonly number[] | undefined;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** One for each parameter. */
  weightDecays: readonly number[];
  /** Counted from 1. */
  step: number;
  gradientScale: number;
}

/**
 * @returns β₁, β₂, ε, the gradients' scale, 1 / √(1 − β₂ᵗ), and for each parameter its rate, the learning rate by 1 − β₁ᵗ, and what decay leaves of it
 */
export function adamWSettings(options: AdamWNumbers): Float32Array<ArrayBuffer> {
  const { learningRate, learningRateFactors, beta1, beta2, epsilon, weightDecays, step, gradientScale } = options;
  const ofParameters = weightDecays.flatMap((decay, i) => {
    const rate = learningRate * (learningRateFactors?.[i] ?? 1);
    return [rate / (1 - beta1 ** step), 1 - rate * decay];
  });
  return Float32Array.of(beta1, beta2, epsilon, gradientScale, 1 / Math.sqrt(1 - beta2 ** step), ...ofParameters);
}
