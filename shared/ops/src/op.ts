/**
 * @file Kernels and operations: compositions of plain tfjs operations under a name, which a backend may replace by registering
 * a fused kernel under that name in tfjs's kernel registry.
 */
import { numberedName } from '@arrowsmith/backend-native/numbered-name';
import * as tf from '@tensorflow/tfjs-core';
import { runNode, unrecorded, type NamedTensors } from './tape.ts';

/** The inputs that are not tensors. */
export type Attributes = Readonly<
  Record<string, number | boolean | string | readonly number[] | readonly string[] | Int32Array>
>;

export interface KernelDefinition<I extends NamedTensors, A extends Attributes> {
  /** The name under which a backend registers its own: `kernelFunc({ inputs, attrs })` returns what `reference` returns. */
  kernelName: string;
  /** The composition of tfjs operations that says what is computed, and computes it where a backend has no such kernel. */
  reference(inputs: I, attributes: A): tf.Tensor[];
}

/** A function from named tensors to tensors. */
export type Kernel<I extends NamedTensors, A extends Attributes> = (inputs: I, attributes: A) => tf.Tensor[];

/**
 * Makes a function that runs the active backend's kernel of that name where there is one, the reference elsewhere. It is not
 * differentiated.
 */
export function defineKernel<I extends NamedTensors, A extends Attributes>({
  kernelName,
  reference,
}: KernelDefinition<I, A>): Kernel<I, A> {
  return (inputs, attributes) => {
    const kernel = findKernel(kernelName);
    if (kernel !== undefined) return runKernel(kernel, inputs, attributes);
    return unrecorded(() => tf.tidy(() => reference(inputs, attributes)));
  };
}

/**
 * Runs a kernel that only backends have. Nothing is differentiated.
 *
 * @throws Error where the active backend has none of that name
 */
export function runBackendKernel(kernelName: string, inputs: NamedTensors, attributes: Attributes): tf.Tensor[] {
  const kernel = findKernel(kernelName);
  if (kernel === undefined) throw new Error(`backend "${tf.getBackend()}" has no kernel ${kernelName}`);
  return runKernel(kernel, inputs, attributes);
}

/** Whether the active backend has a kernel of its own of that name. */
export const hasKernel = (kernelName: string): boolean => findKernel(kernelName) !== undefined;

/** `tf.engine().runKernel` with less around it; see `runNode`. */
function runKernel(kernel: tf.KernelConfig, inputs: NamedTensors, attributes: Attributes): tf.Tensor[] {
  const outputs = kernel.kernelFunc({
    inputs: inputs as tf.NamedTensorInfoMap,
    attrs: attributes as tf.NamedAttrMap,
    backend: tf.backend(),
  });
  return [outputs]
    .flat()
    .map((output) => (output instanceof tf.Tensor ? output : tf.engine().makeTensorFromTensorInfo(output)));
}

export interface OpDefinition<I extends NamedTensors, S extends NamedTensors, A extends Attributes> {
  /**
   * The name of the forward kernel. The gradient's is `${kernelName}Grad`; its inputs are `dValue`, the tensors that `saved`
   * names, and the forward kernel's residuals as `residual0` …; its outputs are the gradients of the differentiable inputs, in
   * order. A backend registers both or neither, so that the residuals are a matter between its two kernels.
   */
  kernelName: string;
  /** The inputs that no gradient flows to: ids, tables. */
  constants?: readonly (keyof I & string)[];
  /**
   * The number of values, for an operation that may have several; its gradient kernel's inputs are `dValue0` … then. One by
   * default.
   */
  values?(attributes: A): number;
  /** Returns the values, and after them the residuals: tensors besides inputs and values that the gradient needs. */
  forward(inputs: I, attributes: A): tf.Tensor[];
  /**
   * Chooses, of the inputs and the values, what the gradient needs. This and the residuals are alive from the forward to the
   * backward pass, and nothing else: it decides how much memory training takes.
   */
  saved(inputs: I, values: tf.Tensor[], attributes: A): S;
  /** Given dL/dvalue of each value, returns dL/dinput of each differentiable input, in order. */
  gradient(dValues: [tf.Tensor, ...tf.Tensor[]], saved: S, residuals: tf.Tensor[], attributes: A): tf.Tensor[];
}

/** Makes a differentiable operation of two kernels (as JAX's `custom_vjp`): one node of the gradient tape. */
export function defineOp<I extends NamedTensors, S extends NamedTensors, A extends Attributes>(
  definition: OpDefinition<I, S, A>,
): Kernel<I, A> {
  const { kernelName, constants = [] } = definition;
  const gradientName = `${kernelName}Grad`;

  return (inputs, attributes) => {
    const [kernel, gradientKernel] = [findKernel(kernelName), findKernel(gradientName)];
    if ((kernel === undefined) !== (gradientKernel === undefined)) {
      throw new Error(`backend "${tf.getBackend()}" must register both ${kernelName} and ${gradientName}, or neither`);
    }
    let savedNames: string[] = [];
    const differentiable = Object.entries(inputs).filter(([name]) => !constants.includes(name));
    return runNode({
      inputs: Object.fromEntries(differentiable),
      forward(save) {
        const outputs =
          kernel === undefined ? definition.forward(inputs, attributes) : runKernel(kernel, inputs, attributes);
        const values = outputs.slice(0, definition.values?.(attributes) ?? 1);
        const saved = definition.saved(inputs, values, attributes);
        savedNames = Object.keys(saved);
        save([...Object.values(saved), ...outputs.slice(values.length)]);
        return values;
      },
      backward(dValues, tensors) {
        const saved = Object.fromEntries(savedNames.map((name, i) => [name, tensors[i]!])) as NamedTensors as S;
        const residuals = tensors.slice(savedNames.length);
        if (gradientKernel === undefined) return definition.gradient(dValues, saved, residuals, attributes);
        const dNamed = definition.values === undefined ? { dValue: dValues[0] } : numbered('dValue', dValues);
        const gradientInputs = { ...dNamed, ...saved, ...numbered('residual', residuals) };
        return runKernel(gradientKernel, gradientInputs, attributes);
      },
    });
  };
}

/** Names tensors `${name}0`, `${name}1` …, as kernels' inputs that there may be any number of. */
export function numbered(name: string, tensors: readonly tf.Tensor[]): Record<string, tf.Tensor> {
  const named: Record<string, tf.Tensor> = {};
  for (const [i, tensor] of tensors.entries()) named[numberedName(name, i)] = tensor;
  return named;
}

function findKernel(name: string): tf.KernelConfig | undefined {
  return tf.getKernel(name, tf.getBackend());
}
