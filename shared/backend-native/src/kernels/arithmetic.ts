/** @file Tensors of one number, sums of tensors of one shape, and products with a scalar. tfjs's own kernels do all other sums and products. */
import type { FillAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { type Kernels, sameShape, sizeOf, tensor } from './kernel.ts';
import { runTfjsKernel } from './tfjs-kernel.ts';

const isFloat = ({ dtype }: TensorInfo): boolean => dtype === 'float32';

export const arithmeticKernels: Kernels = {
  Add(args) {
    const { inputs, backend } = args;
    const [a, b] = [tensor(inputs, 'a'), tensor(inputs, 'b')];
    if (!isFloat(a) || !isFloat(b) || !sameShape(a.shape, b.shape)) return runTfjsKernel('cpu', 'Add', args);
    const values = [backend.floats(a), backend.floats(b)] as const;
    const y = backend.output(a.shape);
    backend.addon.add(sizeOf(a.shape), ...values, backend.floats(y));
    return y;
  },

  Fill(args) {
    const { attrs, backend } = args;
    const { shape, value, dtype = typeof value === 'number' ? 'float32' : 'string' } = attrs as unknown as FillAttrs;
    if (dtype !== 'float32') return runTfjsKernel('cpu', 'Fill', args);
    const y = backend.output(shape);
    backend.addon.fill(sizeOf(shape), value as number, backend.floats(y));
    return y;
  },

  Multiply(args) {
    const { inputs, backend } = args;
    const [a, b] = [tensor(inputs, 'a'), tensor(inputs, 'b')];
    const [factor, x] = sizeOf(a.shape) === 1 && a.shape.length <= b.shape.length ? [a, b] : [b, a];
    const isScaling = sizeOf(factor.shape) === 1 && factor.shape.length <= x.shape.length;
    if (!isFloat(a) || !isFloat(b) || !isScaling) return runTfjsKernel('cpu', 'Multiply', args);
    const values = backend.floats(x);
    const y = backend.output(x.shape);
    backend.addon.scale(sizeOf(x.shape), values, backend.flushedFloats(factor)[0]!, backend.floats(y));
    return y;
  },
};
