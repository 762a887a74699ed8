/** @file Kernels of tfjs that ours have the names of: for inputs that ours are not made for. */
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelArguments } from './kernel.ts';

const replaced = new Map<string, KernelConfig>();

/** To be called before a kernel of ours takes the place. */
export const keepTfjsKernel = (config: KernelConfig): unknown => replaced.set(config.kernelName, config);

/** Runs a kernel of tfjs that has one output. */
export function runTfjsKernel(name: string, args: KernelArguments): TensorInfo {
  const config = replaced.get(name);
  if (config === undefined) throw new TypeError(`tfjs has no kernel ${name}`);
  const { kernelFunc } = config;
  return kernelFunc(args as unknown as Parameters<typeof kernelFunc>[0]) as TensorInfo;
}
