/** @file What kernels are given by tfjs's registry, and how they look at it: the same for every backend with kernels of its own. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { numberedName } from './numbered-name.ts';

export type KernelInputs = Readonly<Record<string, TensorInfo | undefined>>;

export interface KernelArguments<Backend> {
  inputs: KernelInputs;
  attrs: Readonly<Record<string, unknown>>;
  backend: Backend;
}

export type Kernel<Backend> = (args: KernelArguments<Backend>) => TensorInfo | TensorInfo[];

/** Kernels by their names in tfjs's registry. */
export type Kernels<Backend> = Readonly<Record<string, Kernel<Backend>>>;

/** An input that must be there. */
export function tensor(inputs: KernelInputs, name: string): TensorInfo {
  const input = inputs[name];
  if (input === undefined) throw new TypeError(`input ${name} is missing`);
  return input;
}

/** The inputs `name0` … of that count. */
export function tensorList(inputs: KernelInputs, name: string, count: number): TensorInfo[] {
  return Array.from({ length: count }, (_, i) => tensor(inputs, numberedName(name, i)));
}

/** @throws TypeError unless the tensor has that shape */
export function expectShape(name: string, { shape }: TensorInfo, expected: readonly number[]): void {
  if (sameShape(shape, expected)) return;
  throw new TypeError(`${name} has the shape [${shape.join(', ')}] instead of [${expected.join(', ')}]`);
}

/** @throws TypeError unless the tensor has so many axes */
export function expectRank(name: string, { shape }: TensorInfo, rank: number): void {
  if (shape.length !== rank) throw new TypeError(`${name} has ${shape.length} axes instead of ${rank}`);
}

/** Two numbers for each of n rows, which a kernel left for its gradient: `residual0` and `residual1` [n, 1]. */
export function residualsOfRows(inputs: KernelInputs, n: number): [TensorInfo, TensorInfo] {
  const residuals = tensorList(inputs, 'residual', 2) as [TensorInfo, TensorInfo];
  residuals.forEach((each, i) => expectShape(numberedName('residual', i), each, [n, 1]));
  return residuals;
}

/** @returns the shape of tensors `name0` …. @throws TypeError unless there is one, and all have its shape */
export function shapeOfAll(name: string, tensors: readonly TensorInfo[]): number[] {
  const [first, ...others] = tensors;
  if (first === undefined) throw new TypeError(`there is no ${name}0`);
  others.forEach((each, i) => expectShape(numberedName(name, i + 1), each, first.shape));
  return first.shape;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** A tensor [..., d] as a matrix [n, d]. */
export function asRows({ shape }: TensorInfo): { n: number; d: number } {
  return { n: sizeOf(shape.slice(0, -1)), d: shape.at(-1) ?? 1 };
}

/** The rows of `input` numbers that x [..., in] or [..., heads, in / heads] has, and its leading axes. */
export function leadingOf(x: TensorInfo, input: number): { n: number; leading: number[] } {
  const leading = x.shape.slice(0, x.shape.at(-1) === input ? -1 : -2);
  const n = sizeOf(leading);
  if (n * input !== sizeOf(x.shape)) throw new TypeError(`x [${x.shape.join(', ')}] has no rows of ${input}`);
  return { n, leading };
}

/** x [..., in] or [..., heads, in / heads] as the rows that weights [out, in] multiply. */
export function rowsOf(x: TensorInfo, weight: TensorInfo): { n: number; input: number; leading: number[] } {
  const input = weight.shape[1]!;
  return { input, ...leadingOf(x, input) };
}

/** Shape of what a weight makes of rows: [..., out], or with an attribute `headDim` [..., out / headDim, headDim]. */
export function shapeOfRows(leading: number[], weight: TensorInfo, headDim: unknown = 0): number[] {
  const out = weight.shape[0]!;
  return headDim === 0 ? [...leading, out] : [...leading, out / (headDim as number), headDim as number];
}
