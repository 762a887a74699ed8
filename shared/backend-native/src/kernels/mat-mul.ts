/** @file Products of matrices and of batches of them. */
import { broadcast_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { type KernelArguments, type Kernels, sizeOf, tensor } from './kernel.ts';
import { runTfjsKernel } from './tfjs-kernel.ts';

interface Product {
  transposeA: boolean;
  transposeB: boolean;
}

/** a [..., m, k] b [..., k, n] → [..., m, n], where either may be given transposed and batches are broadcast; all float32. */
export function matMul(
  backend: KernelArguments['backend'],
  a: TensorInfo,
  b: TensorInfo,
  { transposeA, transposeB }: Product,
): TensorInfo {
  const [batchesA, batchesB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const [m, k] = transposed(a.shape.slice(-2), transposeA);
  const [kB, n] = transposed(b.shape.slice(-2), transposeB);
  if (k !== kB) throw new TypeError(`${m}×${k} and ${kB}×${n} matrices cannot be multiplied`);
  const batches = broadcast_util.assertAndGetBroadcastShape(batchesA, batchesB);
  const count = sizeOf(batches);
  const [valuesA, valuesB] = [backend.floats(a), backend.floats(b)];
  const product = backend.output([...batches, m, n]);
  const values = backend.floats(product);
  if (sizeOf(product.shape) === 0) return product;
  if (k === 0) backend.flushedFloats(product).fill(0);
  else {
    const { addon, precision } = backend;
    const [countA, countB] = [sizeOf(batchesA), sizeOf(batchesB)];
    const isRepeated = (own: number): boolean => own !== 1 && own !== count;
    if (!isRepeated(countA) && !isRepeated(countB)) {
      const sizes = [count, countA, countB, m, n, k] as const;
      addon.gemmBatched(precision, transposeA, transposeB, ...sizes, valuesA, valuesB, values);
    } else {
      const [matricesA, matricesB] = [matrixOfBatch(batchesA, batches), matrixOfBatch(batchesB, batches)];
      for (let i = 0; i < count; i++) {
        const matrixA = matrixAt(valuesA, matricesA(i), m * k);
        const matrixB = matrixAt(valuesB, matricesB(i), k * n);
        const target = matrixAt(values, i, m * n);
        addon.gemmBatched(precision, transposeA, transposeB, 1, 1, 1, m, n, k, matrixA, matrixB, target);
      }
    }
  }
  return product;
}

const transposed = ([rows, columns]: readonly number[], isTransposed: boolean): [number, number] =>
  isTransposed ? [columns!, rows!] : [rows!, columns!];

/** The i-th of several matrices of that size. */
const matrixAt = (values: Float32Array, i: number, size: number): Float32Array =>
  values.subarray(i * size, (i + 1) * size);

/** Which matrix of an operand belongs to the i-th product. */
function matrixOfBatch(own: readonly number[], batches: readonly number[]): (i: number) => number {
  return (i) => {
    let [rest, index, stride] = [i, 0, 1];
    for (let fromEnd = 1; fromEnd <= batches.length; fromEnd++) {
      const length = batches.at(-fromEnd)!;
      const ownLength = own.at(-fromEnd) ?? 1;
      if (ownLength > 1) index += (rest % length) * stride;
      stride *= ownLength;
      rest = Math.floor(rest / length);
    }
    return index;
  };
}

/** tfjs's activations, as kernels. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  sigmoid: 'Sigmoid',
  leakyrelu: 'LeakyRelu',
};

export const matMulKernels: Kernels = {
  BatchMatMul(args) {
    const [a, b] = [tensor(args.inputs, 'a'), tensor(args.inputs, 'b')];
    if (a.dtype !== 'float32' || b.dtype !== 'float32') return runTfjsKernel('cpu', 'BatchMatMul', args);
    return matMul(args.backend, a, b, args.attrs as unknown as Product);
  },

  /** act(a b + bias). tfjs's own kernel would call its own product. */
  _FusedMatMul(args) {
    const { inputs, attrs, backend } = args;
    const [a, b] = [tensor(inputs, 'a'), tensor(inputs, 'b')];
    if (a.dtype !== 'float32' || b.dtype !== 'float32') return runTfjsKernel('cpu', '_FusedMatMul', args);
    let result = matMul(backend, a, b, attrs as unknown as Product);
    const then = (
      kernel: string,
      others: KernelArguments['inputs'],
      attributes: KernelArguments['attrs'] = {},
    ): void => {
      const next = runTfjsKernel('native', kernel, { inputs: others, attrs: attributes, backend });
      backend.disposeIntermediateTensorInfo(result);
      result = next;
    };
    const { bias, preluActivationWeights: alpha } = inputs;
    const activation = (attrs['activation'] as string | null | undefined) ?? 'linear';
    if (bias != null) then('Add', { a: result, b: bias });
    if (activation === 'prelu') then('Prelu', { x: result, alpha });
    else if (activation !== 'linear')
      then(ACTIVATIONS[activation] ?? activation, { x: result }, { alpha: attrs['leakyreluAlpha'] });
    return result;
  },
};
