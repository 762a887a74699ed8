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
  const { values, gradients } = tf.tidy(() => tensorsOfCase(opCase));
  const read = (x: tf.Tensor) => x.dataSync<'float32'>().slice();
  try {
    return { values: values.map(read), gradients: mapValues(gradients, read) };
  } finally {
    tf.dispose([values, gradients]);
  }
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
export function measureCase(opCase: OpCase, { values, gradients }: CaseResult): CaseErrors {
  const { expected, derivatives } = expectedOf(opCase);
  if (expected.length !== values.length) throw new Error(`${values.length} outputs, not ${expected.length}`);
  const valueErrors = expected.map((elements, i) => largestDifference(values[i]!, elements));
  const alongDirection = Object.entries(gradients).map(([name, gradient]) => {
    const { direction, derivative } = derivatives.get(name)!;
    if (direction.length !== gradient.length) throw new Error(`${gradient.length} gradients of ${name}`);
    return {
      derivative,
      found: direction.reduce((sum, v, i) => sum + v * gradient[i]!, 0),
      typical: Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0) / 3), // deviation of Σ g v, for v uniform in [−1, 1)
    };
  });
  // Of all inputs together, since some have a gradient of 0 up to rounding: queries that see one key only.
  const size = Math.max(1e-9, ...alongDirection.flatMap(({ derivative, typical }) => [Math.abs(derivative), typical]));
  const gradientErrors = alongDirection.map(({ derivative, found }) => Math.abs(found - derivative) / size);
  return { values: Math.max(...valueErrors), gradients: Math.max(0, ...gradientErrors) };
}

/** What a case's formula gives, in float64. */
interface Expected {
  /** The elements of each output. */
  expected: readonly (readonly number[])[];
  /** By the differentiable inputs' names: a pseudo-random direction, and the derivative of L = Σ c · y along it. */
  derivatives: ReadonlyMap<string, { direction: readonly number[]; derivative: number }>;
}

/** The formula's results, which are the same for all backends: most of the time that the cases take would be theirs. */
const known = new WeakMap<OpCase, Expected>();

function expectedOf(opCase: OpCase): Expected {
  const found = known.get(opCase) ?? computeExpected(opCase);
  known.set(opCase, found);
  return found;
}

function computeExpected({ inputs: makeInputs, differentiable, formula }: OpCase): Expected {
  const tensors = tf.tidy(makeInputs);
  const inputs: Plains = mapValues(tensors, (x) => ({ shape: x.shape, data: Float64Array.from(elementsOf(x)) }));
  const expected = formula(inputs).map((elements) => Array.from(elements));
  const cs = expected.map((elements, i) => elementsOf(tf.tidy(() => coefficients([elements.length], i))));
  const lossAt = (name: string, direction: readonly number[], step: number): number => {
    const { shape, data } = inputs[name]!;
    const outputs = formula({ ...inputs, [name]: { shape, data: data.map((x, i) => x + step * direction[i]!) } });
    return outputs.reduce((sum, output, i) => output.reduce((part, y, j) => part + y * cs[i]![j]!, sum), 0);
  };
  const derivatives = differentiable.map((name) => {
    const { data } = inputs[name]!;
    const direction = elementsOf(tf.tidy(() => randomTensor([data.length], 80)));
    const largest = data.reduce((max, x) => Math.max(max, Math.abs(x)), 1e-3);
    const step = 1e-6 * largest; // about the cube root of float64's precision, in which the formula is evaluated
    const derivative = (lossAt(name, direction, step) - lossAt(name, direction, -step)) / (2 * step);
    return [name, { direction, derivative }] as const;
  });
  return { expected, derivatives: new Map(derivatives) };
}

/** A tensor's elements; disposes of it. */
function elementsOf(x: tf.Tensor): number[] {
  const elements = Array.from(x.dataSync<'float32'>());
  x.dispose();
  return elements;
}
