/** @file The time that the stage `train` takes, from what a step and a validation take. */
import type { TrainingParameters, TrainingTime } from '@arrowsmith/training';

/** Seconds of the stage that neither steps nor validations take: Node, the code, the dry run for the memory, the artifact; measured. */
const AROUND_TRAINING = 0.3;

/** In seconds. */
export function trainingSeconds(
  { steps, validation: { every } }: Pick<TrainingParameters, 'steps' | 'validation'>,
  { step, validation }: TrainingTime,
): number {
  return AROUND_TRAINING + steps * step + Math.ceil(steps / every) * validation;
}
