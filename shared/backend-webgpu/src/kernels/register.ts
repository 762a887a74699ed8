/** @file Registers the kernels of this folder beside those of tfjs, which serve what is left. */
import { UserError } from '@arrowsmith/errors';
import { getKernel, type KernelFunc, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { attentionKernels } from './attention.ts';
import { crossEntropyKernels } from './cross-entropy.ts';
import { embeddingKernels } from './embedding.ts';
import { gatedActivationKernels } from './gated-activation.ts';
import { gatedFeedForwardKernels } from './gated-feed-forward.ts';
import { groupedLinearKernels } from './grouped-linear.ts';
import type { Kernel, Kernels } from './kernel.ts';
import { linearKernels } from './linear.ts';
import { optimizerKernels } from './optimizer.ts';
import { pagedAttentionKernels } from './paged-attention.ts';
import { rmsNormKernels } from './rms-norm.ts';
import { ropeKernels } from './rope.ts';
import { routingKernels } from './routing.ts';
import { rowKernels } from './rows.ts';
import { sumKernels } from './sums.ts';

const own: Kernels = {
  ...attentionKernels,
  ...crossEntropyKernels,
  ...embeddingKernels,
  ...gatedActivationKernels,
  ...gatedFeedForwardKernels,
  ...groupedLinearKernels,
  ...linearKernels,
  ...optimizerKernels,
  ...pagedAttentionKernels,
  ...rmsNormKernels,
  ...ropeKernels,
  ...routingKernels,
  ...rowKernels,
  ...sumKernels,
};

/** To be called once, after tfjs's WebGPU backend has registered its kernels. */
export function registerWebGpuKernels(): void {
  for (const [kernelName, kernel] of Object.entries(own)) {
    if (getKernel(kernelName, 'webgpu') !== undefined) unregisterKernel(kernelName, 'webgpu');
    const kernelFunc = naming(kernelName, kernel) as unknown as KernelFunc;
    registerKernel({ kernelName, backendName: 'webgpu', kernelFunc });
  }
}

/** The kernel, whose errors say its name. */
function naming(name: string, kernel: Kernel): Kernel {
  return (args) => {
    try {
      return kernel(args);
    } catch (error) {
      if (error instanceof UserError) throw error; // of a tensor that no buffer holds, say
      throw new Error(`kernel ${name}: ${(error as Error).message}`, { cause: error });
    }
  };
}
