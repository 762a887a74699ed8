/** @file Runs cases on the active backend, and measures their errors by their formulas. */
import * as tf from '@tensorflow/tfjs-core';
import { largestDifference, randomTensor } from '../errors.ts';
import { withoutReads } from '../without-reads.ts';
import type { OpCase, Plains } from './case.ts';

/** A case's outputs, and the gradients of L = Σ c · y over all outputs y, for fixed pseudo-random c. */
export interface CaseResult {
  values: Float32Array[];
  /** By the differentiable inputs' names. */
  gradients: Record<string, Float32Array>;
}

/** Runs a case, and its gradient, on the active backend, which need not read a tensor for that. */
export function runCase(opCase: OpCase): CaseResult {
  return tf.tidy(() => {
    const { values, gradients } = tensorsOfCase(opCase);
    const read = (x: tf.Tensor) => x.dataSync<'float32'>().slice();
    return { values: values.map(read), gradients: mapValues(gradients, read) };
  });
}

/** {@link runCase} on a backend whose results have to be waited for. */
export async function awaitCase(opCase: OpCase): Promise<CaseResult> {
  const { values, gradients } = tf.tidy(() => tensorsOfCase(opCase));
  const read = async (x: tf.Tensor) => (await x.data<'float32'>()).slice();
  try {
    const found = await Promise.all(Object.entries(gradients).map(async ([name, x]) => [name, await read(x)] as const));
    return { values: await Promise.all(values.map(read)), gradients: Object.fromEntries(found) };
  } finally {
    tf.dispose([values, gradients]);
  }
}

function tensorsOfCase({ inputs: makeInputs, differentiable, run }: OpCase): {
  values: tf.Tensor[];
  gradients: Record<string, tf.Tensor>;
} {
  const inputs = makeInputs();
  const values = withoutReads(() => run(inputs));
  if (differentiable.length === 0) return { values, gradients: {} };
  const lossOf = (...xs: tf.Tensor[]) =>
    weightedSum(run({ ...inputs, ...Object.fromEntries(differentiable.map((name, i) => [name, xs[i]!])) }));
  const gradients = withoutReads(() => tf.grads(lossOf)(differentiable.map((name) => inputs[name]!)));
  return { values, gradients: Object.fromEntries(differentiable.map((name, i) => [name, gradients[i]!])) };
}

const mapValues = <T, U>(record: Record<string, T>, f: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));

const coefficients = (shape: number[], output: number): tf.Tensor => randomTensor(shape, 90 + output);

/** L = Σ c · y. */
function weightedSum(outputs: tf.Tensor[]): tf.Tensor {
  const loss = tf.customGrad((...args) => {
    const ys = args.slice(0, -1) as tf.Tensor[];
    const shapes = ys.map(({ shape }) => shape);
    return {
      value: tf.addN(ys.map((y, i) => tf.sum(tf.mul(y, coefficients(y.shape, i))))),
      gradFunc: (dLoss: tf.Tensor) => shapes.map((shape, i) => tf.mul(coefficients(shape, i), dLoss)),
    };
  });
  return loss(...outputs);
}

/** How far a result is from the case's formula, relative to the values and gradients themselves; compare with its tolerance. */
export interface CaseErrors {
  /** The largest difference in an output, relative to the output's largest element. */
  values: number;
  /**
   * The largest difference between an input's gradient along a pseudo-random direction and the formula's derivative along it,
   * relative to what is typical for the case's gradients. It covers any shape at the cost of two evaluations of the formula, but
   * an error in few of many elements may not show: that is for comparison with a reference, element by element.
   */
  gradients: number;
}

/** Measures a result by the case's formula; needs an active backend, any. */
export function measureCase({ inputs: makeInputs, formula }: OpCase, { values, gradients }: CaseResult): CaseErrors {
  return tf.tidy(() => {
    const inputs: Plains = Object.fromEntries(
      Object.entries(makeInputs()).map(([name, x]) => [
        name,
        { shape: x.shape, data: Float64Array.from(x.dataSync<'float32'>()) },
      ]),
    );
    const expected = formula(inputs);
    const valueErrors = expected.map((elements, i) => largestDifference(values[i]!, elements));
    if (expected.length !== values.length) throw new Error(`${values.length} outputs, not ${expected.length}`);

    const cs = expected.map((elements, i) => coefficients([elements.length], i).dataSync<'float32'>());
    const lossAt = (name: string, direction: readonly number[], step: number): number => {
      const { shape, data } = inputs[name]!;
      const outputs = formula({ ...inputs, [name]: { shape, data: data.map((x, i) => x + step * direction[i]!) } });
      return outputs.reduce((sum, output, i) => output.reduce((part, y, j) => part + y * cs[i]![j]!, sum), 0);
    };
    const alongDirection = Object.entries(gradients).map(([name, gradient]) => {
      const direction = Array.from(randomTensor([gradient.length], 80).dataSync());
      const largest = inputs[name]!.data.reduce((max, x) => Math.max(max, Math.abs(x)), 1e-3);
      const step = 1e-6 * largest; // about the cube root of float64's precision, in which the formula is evaluated
      return {
        derivative: (lossAt(name, direction, step) - lossAt(name, direction, -step)) / (2 * step),
        found: direction.reduce((sum, v, i) => sum + v * gradient[i]!, 0),
        typical: Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0) / 3), // deviation of Σ g v, for v uniform in [−1, 1)
      };
    });
    // Of all inputs together, since some have a gradient of 0 up to rounding: queries that see one key only.
    const size = Math.max(
      1e-9,
      ...alongDirection.flatMap(({ derivative, typical }) => [Math.abs(derivative), typical]),
    );
    const gradientErrors = alongDirection.map(({ derivative, found }) => Math.abs(found - derivative) / size);
    return { values: Math.max(...valueErrors), gradients: Math.max(0, ...gradientErrors) };
  });
}
