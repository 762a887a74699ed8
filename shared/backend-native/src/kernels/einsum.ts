/** @file Sums over products by Einstein's notation, of two operands as a batched matrix product. */
import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { type KernelArguments, type Kernels, sizeOf } from './kernel.ts';
import { matMul } from './mat-mul.ts';
import { runTfjsKernel } from './tfjs-kernel.ts';

type Backend = KernelArguments['backend'];

export const einsumKernels: Kernels = {
  Einsum(args) {
    const { inputs, attrs, backend } = args;
    const operands = Object.values(inputs) as TensorInfo[];
    const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(
      attrs['equation'] as string,
      operands.length,
    );
    const [a, b] = operands;
    const [axesA, axesB] = idDims;
    // Axes are numbers: first those of the result in order, then those that are summed over.
    const result = allDims.map((_, axis) => axis).slice(0, allDims.length - summedDims.length);
    const isProduct =
      operands.length === 2 &&
      operands.every(({ dtype }) => dtype === 'float32') &&
      summedDims.length > 0 &&
      summedDims.every((axis) => axesA!.includes(axis) && axesB!.includes(axis));
    if (!isProduct) return runTfjsKernel('cpu', 'Einsum', args);
    backend_util.checkEinsumDimSizes(
      allDims.length,
      idDims,
      operands as Parameters<typeof backend_util.checkEinsumDimSizes>[2],
    );

    const batch = result.filter((axis) => axesA!.includes(axis) && axesB!.includes(axis));
    const rows = result.filter((axis) => !axesB!.includes(axis));
    const columns = result.filter((axis) => !axesA!.includes(axis));
    const left = asMatrices(backend, a!, axesA!, batch, rows, summedDims);
    const right = asMatrices(backend, b!, axesB!, batch, summedDims, columns);
    const product = matMul(backend, left.matrices, right.matrices, {
      transposeA: left.transposed,
      transposeB: right.transposed,
    });
    for (const { matrices, temporary } of [left, right]) if (temporary) backend.disposeIntermediateTensorInfo(matrices);

    const order = [...batch, ...rows, ...columns];
    const lengthOf = (axis: number): number =>
      axesA!.includes(axis) ? a!.shape[axesA!.indexOf(axis)]! : b!.shape[axesB!.indexOf(axis)]!;
    const shaped = { ...product, shape: order.map(lengthOf) };
    if (isIdentity(order, result)) return shaped;
    const ordered = transpose(
      backend,
      shaped,
      result.map((axis) => order.indexOf(axis)),
    );
    backend.disposeIntermediateTensorInfo(product);
    return ordered;
  },
};

interface Matrices {
  /** [batch, rows, columns], or if transposed [batch, columns, rows] */
  matrices: TensorInfo;
  transposed: boolean;
  /** Whether they are a copy. */
  temporary: boolean;
}

/** Views a tensor with these axes as matrices; copies only where their order makes that impossible. */
function asMatrices(
  backend: Backend,
  x: TensorInfo,
  axes: readonly number[],
  batch: readonly number[],
  rows: readonly number[],
  columns: readonly number[],
): Matrices {
  const size = (some: readonly number[]): number => sizeOf(some.map((axis) => x.shape[axes.indexOf(axis)]!));
  const transposed =
    !isIdentity(axes, [...batch, ...rows, ...columns]) && isIdentity(axes, [...batch, ...columns, ...rows]);
  const [first, second] = transposed ? [columns, rows] : [rows, columns];
  const shape = [size(batch), size(first), size(second)];
  const order = [...batch, ...first, ...second];
  if (isIdentity(axes, order)) return { matrices: { ...x, shape }, transposed, temporary: false };
  const copy = transpose(
    backend,
    x,
    order.map((axis) => axes.indexOf(axis)),
  );
  return { matrices: { ...copy, shape }, transposed, temporary: true };
}

const isIdentity = (a: readonly number[], b: readonly number[]): boolean => a.every((axis, i) => axis === b[i]);

function transpose(backend: Backend, x: TensorInfo, perm: readonly number[]): TensorInfo {
  return runTfjsKernel('native', 'Transpose', { inputs: { x }, attrs: { perm }, backend });
}
