/**
 * @file Passes that are recorded once and run many times, as CUDA's graphs are: for those whose kernels take less time than what JavaScript does for them,
 * such as the pass that makes one token.
 */
import { keep, Tensor, type TensorContainer } from '@tensorflow/tfjs-core';

/** Kernels with all their memory. */
export interface Recording<T> {
  /** What the kernels make; undefined values before the first run. Not to be disposed of. */
  readonly result: T;
  /** Computes `result` from what the inputs' memory holds now. @throws RangeError for integers there that kernels do not take */
  run(): void;
  dispose(): void;
}

/** Keeps all tensors of a structure. */
export function keepAll<T extends TensorContainer>(structure: T): T {
  if (structure instanceof Tensor) keep(structure);
  else if (typeof structure === 'object' && structure !== null) Object.values(structure).forEach(keepAll);
  return structure;
}
