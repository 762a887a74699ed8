/**
 * @file Fake quantization (Jacob et al. 2018, https://arxiv.org/abs/1712.05877): values as they are once they were stored in fewer bits. It is not
 * differentiated: who trains takes the gradient at what it returns for that of its input (the straight-through estimator, Bengio et al. 2013,
 * https://arxiv.org/abs/1308.3432).
 */
import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './op.ts';
import type { NamedTensors } from './tape.ts';

/** What the numbers of a format make of values, row by row, for backends without a kernel that does. */
export type Rounding = (values: Float32Array, columns: number) => Float32Array;

/**
 * Rounds to the numbers of a format.
 *
 * Kernel `FakeQuantize`, which has the bits of `reference`; on graphics processors, which have no float64, it may choose the other one of two scales, or of
 * two numbers of the format, that are as good.
 *
 * @param x [..., columns], of whole blocks of the format
 * @param format as the artifacts of models have it
 * @returns [..., columns]
 */
export function fakeQuantize(x: tf.Tensor, format: string, reference: Rounding): tf.Tensor {
  const kernel = defineKernel({
    kernelName: 'FakeQuantize',
    reference: (inputs: NamedTensors<'x'>) => [
      tf.tensor(reference(inputs.x.dataSync() as Float32Array, x.shape.at(-1) ?? 1), x.shape),
    ],
  });
  return kernel({ x }, { format })[0]!;
}
