/**
 * @file Gradients of the plain tfjs operations that stand between this package's own: the residual addition and reshapes.
 *
 * On Node `@tensorflow/tfjs-core` registers no gradients, and the module that would (`dist/register_all_gradients.js`) cannot be
 * imported there: it is an ES module in a package of CommonJS, and its imports lack their `.js`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { releaseGradients } from './tape.ts';

/** Registers the gradients; calling it again changes nothing. */
export function registerGradients(): void {
  tf.registerGradient({
    kernelName: 'Add',
    // Of operands of the same shape: for a broadcast one, the tape reports that the gradient's shape does not match.
    gradFunc(dValue) {
      const [a, b] = [tf.clone(dValue as tf.Tensor), tf.clone(dValue as tf.Tensor)]; // which share memory
      releaseGradients([dValue as tf.Tensor]);
      return { a: () => a, b: () => b };
    },
  });
  tf.registerGradient({
    kernelName: 'Reshape',
    // For its shape only, but it is alive until the backward pass: where that is a waste, use this package's `reshape`.
    inputsToSave: ['x'],
    gradFunc(dValue, saved) {
      const dX = tf.reshape(dValue as tf.Tensor, saved[0]!.shape);
      tf.dispose(saved);
      releaseGradients([dValue as tf.Tensor]);
      return { x: () => dX };
    },
  });
}
