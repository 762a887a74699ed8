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
  /** L2 norm of all gradients together, before clipping. */
  gradientNorm: number;
  /** Mean negative log likelihood of the validation rows after the step's update, or null where it was not measured. */
  validationLoss: number | null;
}
