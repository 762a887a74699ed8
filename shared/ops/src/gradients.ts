/**
 * @file Gradients of the plain tfjs operations that stand between this package's own.
 *
 * On Node `@tensorflow/tfjs-core` registers no gradients, and the module that would (`dist/register_all_gradients.js`) cannot be
 * imported there: it is an ES module in a package of CommonJS, and its imports lack their `.js`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { releaseGradients } from './tape.ts';

interface PlainGradient {
  kernelName: string;
  /** The names of the differentiable inputs. */
  inputs: readonly string[];
  /** Inputs that the gradient reads, alive from the forward to the backward pass. */
  inputsToSave?: readonly string[];
  /** Whether it reads the output. */
  savesOutput?: boolean;
  /** dL/dinput of each input, as tensors of their own, given dL/dvalue, what is saved (inputs, then the output), and the attributes. */
  gradient(dValue: tf.Tensor, saved: tf.Tensor[], attributes: Record<string, unknown>): tf.Tensor[];
}

/** Sums a gradient over the axes along which its input, of that shape, was broadcast. */
function unbroadcast(gradient: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const extra = gradient.rank - shape.length;
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < extra || (shape[axis - extra] === 1 && size !== 1) ? [axis] : [],
  );
  return tf.reshape(axes.length === 0 ? gradient : tf.sum(gradient, axes), [...shape]);
}

/** A gradient summed over axes, spread over them again. */
function spread(dValue: tf.Tensor, shape: readonly number[], axes: unknown): tf.Tensor {
  const list = [axes ?? shape.map((_, axis) => axis)].flat() as number[];
  const reduced = list.map((axis) => (axis < 0 ? axis + shape.length : axis));
  const kept = shape.map((size, axis) => (reduced.includes(axis) ? 1 : size));
  return tf.mul(tf.ones([...shape]), tf.reshape(dValue, kept));
}

const gradients: readonly PlainGradient[] = [
  {
    kernelName: 'Multiply',
    inputs: ['a', 'b'],
    inputsToSave: ['a', 'b'],
    gradient: (dValue, [a, b]) => [
      unbroadcast(tf.mul(dValue, b!), a!.shape),
      unbroadcast(tf.mul(dValue, a!), b!.shape),
    ],
  },
  {
    kernelName: 'RealDiv',
    inputs: ['a', 'b'],
    inputsToSave: ['a', 'b'],
    gradient: (dValue, [a, b]) => {
      const dA = tf.div(dValue, b!);
      return [unbroadcast(dA, a!.shape), unbroadcast(tf.neg(tf.mul(dA, tf.div(a!, b!))), b!.shape)];
    },
  },
  {
    kernelName: 'Sub',
    inputs: ['a', 'b'],
    inputsToSave: ['a', 'b'],
    gradient: (dValue, [a, b]) => [unbroadcast(tf.clone(dValue), a!.shape), unbroadcast(tf.neg(dValue), b!.shape)],
  },
  {
    kernelName: 'Maximum',
    inputs: ['a', 'b'],
    inputsToSave: ['a', 'b'],
    gradient: (dValue, [a, b]) => [
      unbroadcast(tf.mul(dValue, tf.cast(tf.greaterEqual(a!, b!), 'float32')), a!.shape),
      unbroadcast(tf.mul(dValue, tf.cast(tf.less(a!, b!), 'float32')), b!.shape),
    ],
  },
  {
    kernelName: 'ClipByValue',
    inputs: ['x'],
    inputsToSave: ['x'],
    gradient: (dValue, [x], { clipValueMin, clipValueMax }) => {
      const within = tf.logicalAnd(
        tf.greaterEqual(x!, clipValueMin as number),
        tf.lessEqual(x!, clipValueMax as number),
      );
      return [tf.mul(dValue, tf.cast(within, 'float32'))];
    },
  },
  {
    kernelName: 'Square',
    inputs: ['x'],
    inputsToSave: ['x'],
    gradient: (dValue, [x]) => [tf.mul(dValue, tf.mul(x!, 2))],
  },
  {
    kernelName: 'Sqrt',
    inputs: ['x'],
    savesOutput: true,
    gradient: (dValue, [y]) => [tf.div(dValue, tf.mul(y!, 2))],
  },
  {
    kernelName: 'Tanh',
    inputs: ['x'],
    savesOutput: true,
    gradient: (dValue, [y]) => [tf.mul(dValue, tf.sub(1, tf.square(y!)))],
  },
  {
    kernelName: 'Sigmoid',
    inputs: ['x'],
    savesOutput: true,
    gradient: (dValue, [y]) => [tf.mul(dValue, tf.mul(y!, tf.sub(1, y!)))],
  },
  {
    kernelName: 'Softmax',
    inputs: ['logits'],
    savesOutput: true,
    gradient: (dValue, [y], { dim }) => {
      const weighted = tf.mul(dValue, y!);
      return [tf.sub(weighted, tf.mul(tf.sum(weighted, dim as number, true), y!))];
    },
  },
  {
    kernelName: 'Sum',
    inputs: ['x'],
    inputsToSave: ['x'],
    gradient: (dValue, [x], { axis }) => [spread(dValue, x!.shape, axis)],
  },
  {
    kernelName: 'Mean',
    inputs: ['x'],
    inputsToSave: ['x'],
    gradient: (dValue, [x], { axis }) => [tf.mul(spread(dValue, x!.shape, axis), dValue.size / x!.size)],
  },
  {
    kernelName: 'Slice',
    inputs: ['x'],
    inputsToSave: ['x'],
    gradient: (dValue, [x], { begin }) => {
      const paddings = dValue.shape.map((size, axis): [number, number] => {
        const before = (begin as number[])[axis]!;
        return [before, x!.shape[axis]! - before - size];
      });
      return [tf.pad(dValue, paddings)];
    },
  },
  {
    kernelName: 'Reshape',
    inputs: ['x'],
    // For its shape only, but it is alive until the backward pass: where that is a waste, use this package's `reshape`.
    inputsToSave: ['x'],
    gradient: (dValue, [x]) => [tf.reshape(dValue, x!.shape)],
  },
];

/** Registers the gradients; calling it again changes nothing. */
export function registerGradients(): void {
  tf.registerGradient({
    kernelName: 'Add',
    // Of operands of the same shape, so that nothing need be saved: for a broadcast one, the tape reports that shapes do not match.
    gradFunc(dValue) {
      const [a, b] = [tf.clone(dValue as tf.Tensor), tf.clone(dValue as tf.Tensor)]; // which share memory
      releaseGradients([dValue as tf.Tensor]);
      return { a: () => a, b: () => b };
    },
  });
  tf.registerGradient({
    kernelName: 'AddN',
    saveAllInputs: true,
    gradFunc(dValue, saved) {
      const dTerms = saved.map(() => tf.clone(dValue as tf.Tensor));
      tf.dispose(saved);
      releaseGradients([dValue as tf.Tensor]);
      return Object.fromEntries(dTerms.map((dTerm, i) => [String(i), () => dTerm]));
    },
  });
  tf.registerGradient({
    kernelName: 'Concat',
    saveAllInputs: true, // for their shapes only
    gradFunc(dValue, saved, attributes) {
      const [axis] = tf.util.parseAxisParam(attributes['axis'] as number, saved[0]!.shape) as [number];
      const sizes = saved.map(({ shape }) => shape[axis]!);
      const dParts = tf.split(dValue as tf.Tensor, sizes, axis);
      tf.dispose(saved);
      releaseGradients([dValue as tf.Tensor]);
      return Object.fromEntries(dParts.map((dPart, i) => [String(i), () => dPart]));
    },
  });
  for (const { kernelName, inputs, inputsToSave = [], savesOutput = false, gradient } of gradients) {
    tf.registerGradient({
      kernelName,
      inputsToSave: [...inputsToSave],
      outputsToSave: [savesOutput],
      gradFunc(dValue, saved, attributes) {
        const dInputs = tf.tidy(() => gradient(dValue as tf.Tensor, saved, attributes as Record<string, unknown>));
        tf.dispose(saved);
        releaseGradients([dValue as tf.Tensor]);
        return Object.fromEntries(inputs.map((name, i) => [name, () => dInputs[i]!]));
      },
    });
  }
}
