/**
 * @file One node of tfjs's gradient tape, with what tfjs's public functions do not offer: several values, an explicit choice of
 * what lives on from the forward to the backward pass, and memory that is freed while the backward pass goes on.
 *
 * tfjs frees what a backward pass used, and the gradients between nodes, only at its end. Here a node frees its own share as soon
 * as its gradients are computed, so that the memory of the activations shrinks while that of the gradients grows. The price:
 * first-order gradients only, which is all that training needs.
 */
import * as tf from '@tensorflow/tfjs-core';

/** Tensors by name. */
export type NamedTensors<Name extends string = string> = Readonly<Record<Name, tf.Tensor>>;

/** How a node computes its values, and their gradients. */
export interface TapeNode {
  /** The tensors that gradients flow to. */
  inputs: NamedTensors;
  /** Computes the values, and passes to `save` (at most once) what `backward` needs to see again. Nothing else stays alive. */
  forward(save: (tensors: tf.Tensor[]) => void): tf.Tensor[];
  /**
   * Computes dL/dinput of each of the inputs, in their order, as tensors of their own: never `dValues` or `saved` themselves.
   *
   * @param dValues dL/dvalue of each value; zeros for a value that L does not depend on
   */
  backward(dValues: [tf.Tensor, ...tf.Tensor[]], saved: tf.Tensor[]): tf.Tensor[];
}

/** The parts of tfjs's engine behind `tf.customGrad` (which allows one value only); its types call them private. */
type Engine = {
  addTapeNode(
    name: string,
    inputs: NamedTensors,
    outputs: tf.Tensor[],
    /** Gets a single tensor where there is one value. */
    gradient: (dValues: tf.Tensor | tf.Tensor[]) => Record<string, () => tf.Tensor>,
    saved: tf.Tensor[],
    attributes: object,
  ): void;
};

/** tfjs's engine clears what a node saved at the end of the backward pass, also where the pass did not come by. */
const NODE_NAME = 'arrowsmith';

/**
 * Runs a node, and records it when a tape is on; without one, `save` keeps nothing. The operations inside are not recorded.
 *
 * This is `tf.customGrad` with less around it: between two large kernels, code runs from a cold cache, and a step has hundreds of nodes.
 */
export function runNode({ inputs, forward, backward }: TapeNode): tf.Tensor[] {
  const engine = tf.engine();
  const isRecorded = engine.isTapeOn();
  let saved: tf.Tensor[] = [];
  const save = (tensors: tf.Tensor[]) => {
    if (isRecorded) saved = tensors.map((tensor) => tf.keep(share(tensor)));
  };
  const values = unrecorded(() => tf.tidy(() => forward(save)));
  if (!isRecorded) return values;
  const gradient = (dy: tf.Tensor | tf.Tensor[]) => {
    const dValues = [dy].flat() as [tf.Tensor, ...tf.Tensor[]];
    const gradients = tf.tidy(() => backward(dValues, saved));
    tf.dispose(saved); // the node's own clones, which share memory with what they were made of
    releaseGradients(dValues);
    return Object.fromEntries(Object.keys(inputs).map((name, i) => [name, () => gradients[i]!]));
  };
  (engine as unknown as Engine).addTapeNode(NODE_NAME, inputs, values, gradient, saved, {});
  return values;
}

/** Runs `f`, of whose operations no tape takes note. */
export function unrecorded<T>(f: () => T): T {
  const { state } = tf.engine();
  state.kernelDepth++; // as if within a kernel
  try {
    return f();
  } finally {
    state.kernelDepth--;
  }
}

/** Another tensor of the same memory, as `tf.clone` makes it, without its kernel. */
function share(tensor: tf.Tensor): tf.Tensor {
  const engine = tf.engine();
  engine.state.tensorInfo.get(tensor.dataId)!.backend.incRef(tensor.dataId);
  return engine.makeTensorFromTensorInfo(tensor);
}

/**
 * Frees gradients whose node is done. Those that were made within this backward pass belong to the scope that tfjs opens for it; a
 * tensor from outside, such as the gradient that `tf.grads` was given to start from, is its maker's.
 */
export function releaseGradients(gradients: readonly tf.Tensor[]): void {
  const { activeScope } = tf.engine().state;
  tf.dispose(gradients.filter(({ scopeId }) => scopeId === activeScope.id));
}

/**
 * Gradients by `xs` of the values of f as part of a backward pass. tfjs has one tape, which it clears at the end of every backward pass: an
 * inner one would take away the outer one's, which is therefore put aside meanwhile.
 *
 * @param dValues dL/dvalue of each of the values
 * @returns dL/dx of each x; undefined where the values do not depend on it
 */
export function gradientsWithin(
  f: () => tf.Tensor[],
  xs: tf.Tensor[],
  dValues: readonly tf.Tensor[],
): (tf.Tensor | undefined)[] {
  const { state } = tf.engine();
  const outer = state.activeTape;
  try {
    const { value, grads } = tf.engine().gradients(() => join(f(), dValues), xs, undefined, true);
    value.dispose();
    return grads;
  } finally {
    state.activeTape = outer;
  }
}

/** A scalar whose gradient by each of the values is what is given: a backward pass that begins at all of them. */
function join(values: readonly tf.Tensor[], dValues: readonly tf.Tensor[]): tf.Tensor {
  return runNode({
    inputs: Object.fromEntries(values.map((value, i) => [`value${i}`, value])),
    forward: () => [tf.scalar(0)],
    backward: () => dValues.map(share),
  })[0]!;
}
