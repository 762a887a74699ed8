/**
 * @file Gradients of the plain tfjs operations that stand between this package's own: the residual addition and reshapes.
 *
 * On Node `@tensorflow/tfjs-core` registers no gradients, and the module that would (`dist/register_all_gradients.js`) cannot be
 * imported there: it is an ES module in a package of CommonJS, and its imports lack their `.js`.
 */
import * as tf from '@tensorflow/tfjs-core';

/** Registers the gradients; calling it again changes nothing. */
export function registerGradients(): void {
  // Of operands of the same shape: for a broadcast one, the tape reports that the gradient's shape does not match.
  tf.registerGradient({
    kernelName: 'Add',
    gradFunc: (dValue) => ({ a: () => tf.clone(dValue as tf.Tensor), b: () => tf.clone(dValue as tf.Tensor) }),
  });
  tf.registerGradient({
    kernelName: 'Reshape',
    inputsToSave: ['x'],
    gradFunc: (dValue, [x]) => ({ x: () => tf.reshape(dValue as tf.Tensor, x!.shape) }),
  });
}
