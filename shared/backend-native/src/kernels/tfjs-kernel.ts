/** @file Calls tfjs's own kernels from kernels of this backend. */
import { getKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import { NotRecordable } from '../not-recordable.ts';
import type { KernelArguments } from './kernel.ts';

/** To be called before a kernel of tfjs, which looks into its inputs: what waits is run if it is to write them. */
export function flushInputs({ inputs, backend }: Pick<KernelArguments, 'inputs' | 'backend'>): void {
  backend.flush(Object.values(inputs).flat() as TensorInfo[]);
}

/** A kernel of tfjs computes at once, and would not when what is recorded runs again. @throws NotRecordable while kernels are recorded */
export function refuseToRecord(name: string, { backend }: Pick<KernelArguments, 'backend'>): void {
  if (backend.queue.isRecording) throw new NotRecordable(`tfjs computes ${name} itself`);
}

/**
 * Runs a kernel of tfjs that has one output.
 * @param from `cpu`: tfjs's own, even where this backend has a faster one; `native`: the fastest there is
 */
export function runTfjsKernel(from: 'cpu' | 'native', name: string, args: KernelArguments): TensorInfo {
  const config = getKernel(name, from);
  if (config === undefined) throw new TypeError(`tfjs has no kernel ${name}`);
  const { kernelFunc } = config;
  if (from === 'cpu') {
    refuseToRecord(name, args);
    flushInputs(args);
  }
  return kernelFunc(args as unknown as Parameters<typeof kernelFunc>[0]) as TensorInfo;
}
