/** @file Models whose integers are multiplied with activations of int8. */
import { UserError } from '@arrowsmith/errors';
import type { Parameters } from '@arrowsmith/model';
import { type ActivationPrecision, isStored, multipliesIntegers, type Weight } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';

export type { ActivationPrecision };

/** Whether a runnable model has matrices whose integers can be multiplied. */
export const hasIntegers = (parameters: Parameters): boolean =>
  Object.values<Weight>(parameters).some((weight) => isStored(weight) && multipliesIntegers(weight.format));

/**
 * A runnable model whose matrices are multiplied with activations of a precision. With int8, each row of inputs is quantized as it comes, in blocks as long
 * as those of the matrix's format, and integers are multiplied; matrices that have none, of f32, f16 and bf16, are multiplied as ever.
 *
 * @param parameters on the active backend, whose memory the result shares
 * @param where the model, for errors
 * @throws UserError for int8 where the backend has no kernels for it, or no matrix has integers
 */
export function withActivations(parameters: Parameters, activations: ActivationPrecision, where: string): Parameters {
  if (activations === 'f32') return parameters;
  checkActivations(activations, where);
  if (!hasIntegers(parameters)) throw withoutIntegers(parameters, where);
  return Object.fromEntries(
    Object.entries<Weight>(parameters).map(([name, weight]) => [
      name,
      isStored(weight) ? { ...weight, activations } : weight, // of those without integers kernels see it
    ]),
  );
}

/**
 * @param formats in which matrices will be multiplied, where that is known
 * @throws UserError for int8 where the active backend has no kernels for it, and for a format that has no integers
 */
export function checkActivations(
  activations: ActivationPrecision,
  where: string,
  formats: readonly string[] = [],
): void {
  if (activations === 'f32') return;
  if (!multipliesIntegers('int8')) {
    throw new UserError({
      what: WITHOUT,
      where,
      expected: 'the backend native, which has the kernels',
      found: tf.getBackend(),
      fix: 'leave activations out, or choose the backend native',
    });
  }
  const others = formats.filter((format) => !multipliesIntegers(format));
  if (others.length > 0) {
    const fix = 'leave these formats out, or activations of int8';
    throw new UserError({ what: WITHOUT, where, expected: OF_INTEGERS, found: others.join(', '), fix });
  }
}

const WITHOUT = 'activations of int8 have no integers to be multiplied with';
const OF_INTEGERS = 'matrices in int8, int4-g32, Q8_0, Q4_K or another format of integers';

function withoutIntegers(parameters: Parameters, where: string): UserError {
  const formats = new Set(
    Object.values<Weight>(parameters).flatMap((weight) => (isStored(weight) ? weight.format : [])),
  );
  return new UserError({
    what: WITHOUT,
    where,
    expected: OF_INTEGERS,
    found: [...formats].join(', ') || 'float32',
    fix: 'leave activations out, or take a model in one of these: of a run, that of its step quantize (--model=quantize)',
  });
}
