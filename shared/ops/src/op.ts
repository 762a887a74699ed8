/**
 * @file Kernels and operations: compositions of plain tfjs operations under a name, which a backend may replace by registering
 * a fused kernel under that name in tfjs's kernel registry.
 */
import * as tf from '@tensorflow/tfjs-core';

/** The inputs that are not tensors. */
export type Attributes = Readonly<Record<string, number | boolean | string>>;

export interface KernelDefinition<A extends Attributes> {
  /** The name under which a backend registers its own: `kernelFunc({ inputs, attrs })` returns what `reference` returns. */
  kernelName: string;
  /** Names of the inputs, in the order in which `reference` takes them. */
  inputs: readonly string[];
  /** The composition of tfjs operations that says what is computed, and computes it where a backend has no such kernel. */
  reference(inputs: tf.Tensor[], attributes: A): tf.Tensor[];
}

/** A function on tensors that is not differentiated. */
export type Kernel<A extends Attributes> = (inputs: tf.Tensor[], attributes: A) => tf.Tensor[];

/** Makes a function that runs the active backend's kernel of that name where there is one, the reference elsewhere. */
export function defineKernel<A extends Attributes>({
  kernelName,
  inputs: names,
  reference,
}: KernelDefinition<A>): Kernel<A> {
  return (inputs, attributes) => {
    if (!hasKernel(kernelName)) return tf.tidy(() => reference(inputs, attributes));
    const named = Object.fromEntries(inputs.map((input, i) => [names[i] ?? `residual${i - names.length}`, input]));
    const outputs = tf.engine().runKernel(kernelName, named, attributes) as tf.Tensor | tf.Tensor[];
    return Array.isArray(outputs) ? outputs : [outputs];
  };
}

export interface OpDefinition<A extends Attributes> {
  /**
   * The name of the forward kernel. The gradient's is `${kernelName}Grad`: its inputs are `dValue`, then the forward's, then
   * `residual0` …. A backend registers both or neither, so that the residuals are a matter between its two kernels.
   */
  kernelName: string;
  /** Names of the inputs that gradients flow to, then of those without one (ids, tables). */
  inputs: { differentiable: readonly string[]; constant?: readonly string[] };
  /** Returns the value, and after it the residuals: tensors besides the inputs that the gradient wants to see again. */
  forward(inputs: tf.Tensor[], attributes: A): tf.Tensor[];
  /** Given dL/dvalue, returns dL/dinput of each differentiable input, in order. */
  gradient(dValue: tf.Tensor, inputs: tf.Tensor[], residuals: tf.Tensor[], attributes: A): tf.Tensor[];
}

/** A differentiable function on tensors; the inputs are in the order of its definition. */
export type Op<A extends Attributes> = (inputs: tf.Tensor[], attributes: A) => tf.Tensor;

/**
 * Makes a differentiable operation of two kernels (as JAX's `custom_vjp`). It is one node of the gradient tape, whatever its
 * kernels are composed of. First-order gradients only: the gradient kernel is not itself differentiated.
 */
export function defineOp<A extends Attributes>({ kernelName, inputs: names, ...references }: OpDefinition<A>): Op<A> {
  const gradientName = `${kernelName}Grad`;
  const inputNames = [...names.differentiable, ...(names.constant ?? [])];
  const arity = inputNames.length;
  const forward = defineKernel<A>({ kernelName, inputs: inputNames, reference: references.forward });
  const gradient = defineKernel<A>({
    kernelName: gradientName,
    inputs: ['dValue', ...inputNames],
    reference: ([dValue, ...saved], attributes) =>
      references.gradient(dValue!, saved.slice(0, arity), saved.slice(arity), attributes),
  });

  return (inputs, attributes) => {
    if (hasKernel(kernelName) !== hasKernel(gradientName)) {
      throw new Error(`backend "${tf.getBackend()}" must register both ${kernelName} and ${gradientName}, or neither`);
    }
    const run = tf.customGrad((...args) => {
      const save = args.at(-1) as unknown as tf.GradSaveFunc;
      const [value, ...residuals] = forward(inputs, attributes);
      save([...inputs, ...residuals]);
      return { value: value!, gradFunc: (dValue, saved) => gradient([dValue, ...saved], attributes) };
    });
    return run(...inputs.slice(0, names.differentiable.length));
  };
}

function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}
