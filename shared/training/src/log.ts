/** @file What a training run writes down about each step: content only, so that equal runs have equal logs. */

/** One optimizer step. */
export interface LogRow {
  /** Counted from 1. */
  step: number;
  /** Tokens predicted so far, padding not counted. */
  tokens: number;
  /** Mean negative log likelihood of the step's batch in nats per token, before the step's update. */
  trainLoss: number;
  learningRate: number;
  /** L2 norm of all gradients together, before clipping; infinite in a step that is skipped. */
  gradientNorm: number;
  /** Mean negative log likelihood of the validation rows after the step's update, or null where it was not measured. */
  validationLoss: number | null;
  /** Of a nested model that trains one width a step, which: 0 the whole, 1 the half … */
  granularity?: number;
  /** What the loss was multiplied by for its gradients, where factors of products have 16 bits. */
  lossScale?: number;
  /** A factor was too large for 16 bits, so that the step has changed nothing. */
  isSkipped?: true;
  /** How many times the mean load the busiest expert of any layer had; 1 when all computed equally many tokens. */
  loadImbalance?: number;
  /** The share of the batch's tokens that each expert of each layer with experts computed, in steps with a validation. */
  expertLoads?: number[][];
}

/** The largest load of an expert, relative to the mean of its layer. */
export function loadImbalance(loads: readonly (readonly number[])[]): number {
  const ofLayers = loads.map((layer) => {
    const mean = layer.reduce((sum, load) => sum + load, 0) / layer.length;
    return Math.max(...layer) / mean;
  });
  return Math.max(...ofLayers);
}
