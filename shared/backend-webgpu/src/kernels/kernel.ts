/** @file What a kernel of this backend is, and how it looks at what it is given. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from '../backend.ts';

export interface KernelArguments {
  inputs: Readonly<Record<string, TensorInfo | undefined>>;
  attrs: Readonly<Record<string, unknown>>;
  backend: WebGpuBackend;
}

export type Kernel = (args: KernelArguments) => TensorInfo | TensorInfo[];

/** Kernels by their names in tfjs's registry. */
export type Kernels = Readonly<Record<string, Kernel>>;

/** An input that must be there. */
export function tensor(inputs: KernelArguments['inputs'], name: string): TensorInfo {
  const input = inputs[name];
  if (input === undefined) throw new TypeError(`input ${name} is missing`);
  return input;
}

/** The inputs `name0` … of that count. */
export function tensorList(inputs: KernelArguments['inputs'], name: string, count: number): TensorInfo[] {
  return Array.from({ length: count }, (_, i) => tensor(inputs, `${name}${i}`));
}

/** @throws TypeError unless the tensor has that shape */
export function expectShape(name: string, { shape }: TensorInfo, expected: readonly number[]): void {
  if (shape.length === expected.length && shape.every((length, axis) => length === expected[axis])) return;
  throw new TypeError(`${name} has the shape [${shape.join(', ')}] instead of [${expected.join(', ')}]`);
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** A tensor [..., d] as a matrix [n, d]. */
export function asRows({ shape }: TensorInfo): { n: number; d: number } {
  return { n: sizeOf(shape.slice(0, -1)), d: shape.at(-1) ?? 1 };
}
