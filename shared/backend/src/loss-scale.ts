/** @file What a backend says of numbers of 16 bits, in which small gradients vanish and large ones overflow. */
import * as tf from '@tensorflow/tfjs-core';

/** What the backend `webgpu` offers. */
interface HalfPrecisionBackend {
  readonly scalesLoss: boolean;
  forgetOverflow(): void;
}

const halfPrecision = (): Partial<HalfPrecisionBackend> => tf.backend() as Partial<HalfPrecisionBackend>;

/** Whether the loss is to be scaled before its gradients are computed, as the active backend rounds factors of products to 16 bits. */
export const scalesLoss = (): boolean => halfPrecision().scalesLoss === true;

/** From here on, the norm of gradients is infinite where a factor of any product was too large for 16 bits. */
export const forgetOverflow = (): void => halfPrecision().forgetOverflow?.();
