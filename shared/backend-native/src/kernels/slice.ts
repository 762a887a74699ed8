/** @file Parts of tensors, and tensors within zeros: whole runs of memory are copied, where tfjs's kernels go element by element. */
import { slice_util, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { type Kernels, sizeOf, tensor } from './kernel.ts';
import { runTfjsKernel } from './tfjs-kernel.ts';

/**
 * Calls `copy(at in the part, at in the whole, length)` for each run of memory that a part and the whole have in common.
 *
 * @param part shape of the part
 * @param whole shape of the whole, of as many axes
 * @param begin where the part begins in the whole
 */
function forEachRun(
  part: readonly number[],
  whole: readonly number[],
  begin: readonly number[],
  copy: (inPart: number, inWhole: number, length: number) => void,
): void {
  // The last axes that the part has whole, and the one before them, are a run.
  let axis = part.length - 1;
  while (axis > 0 && part[axis] === whole[axis]) axis--;
  const inner = sizeOf(whole.slice(axis + 1));
  const length = (part[axis] ?? 1) * inner;
  if (length === 0) return;
  const outer = part.slice(0, Math.max(axis, 0));
  const strides = outer.map((_, i) => sizeOf(whole.slice(i + 1)));
  const first = (begin[axis] ?? 0) * inner;
  for (let run = 0; run < sizeOf(outer); run++) {
    let rest = run;
    let inWhole = first;
    for (let i = outer.length - 1; i >= 0; i--) {
      inWhole += (begin[i]! + (rest % outer[i]!)) * strides[i]!;
      rest = Math.floor(rest / outer[i]!);
    }
    copy(run * length, inWhole, length);
  }
}

const isFloat = ({ dtype }: TensorInfo): boolean => dtype === 'float32';

export const sliceKernels: Kernels = {
  /** x, with attributes begin and size → that part of it */
  Slice(args) {
    const { inputs, attrs, backend } = args;
    const x = tensor(inputs, 'x');
    if (!isFloat(x)) return runTfjsKernel('cpu', 'Slice', args);
    const asked = [attrs['begin'], attrs['size']] as [number | number[], number | number[]]; // a number for one axis; −1: to the end
    const [begin, size] = slice_util.parseSliceParams(x as Tensor, ...asked) as [number[], number[]];
    slice_util.assertParamsValid(x as Tensor, begin, size);
    const values = backend.flushedFloats(x);
    const y = backend.output(size);
    const results = backend.flushedFloats(y);
    forEachRun(size, x.shape, begin, (inPart, inWhole, length) => {
      results.set(values.subarray(inWhole, inWhole + length), inPart);
    });
    return y;
  },

  /** x, with attributes paddings [before, after] of each axis and constantValue → x within that constant */
  PadV2(args) {
    const { inputs, attrs, backend } = args;
    const x = tensor(inputs, 'x');
    if (!isFloat(x)) return runTfjsKernel('cpu', 'PadV2', args);
    const paddings = attrs['paddings'] as [number, number][];
    const shape = x.shape.map((length, axis) => paddings[axis]![0] + length + paddings[axis]![1]);
    const values = backend.flushedFloats(x);
    const y = backend.output(shape);
    const results = backend.flushedFloats(y).fill(attrs['constantValue'] as number);
    const begin = paddings.map(([before]) => before);
    forEachRun(x.shape, shape, begin, (inPart, inWhole, length) => {
      results.set(values.subarray(inPart, inPart + length), inWhole);
    });
    return y;
  },
};
