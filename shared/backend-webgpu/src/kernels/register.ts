/** @file Registers the kernels of this folder beside those of tfjs, which serve what is left. */
import { UserError } from '@arrowsmith/errors';
import { getKernel, type KernelFunc, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { altUpKernels } from './alt-up.ts';
import { attentionKernels } from './attention.ts';
import { columnKernels } from './columns.ts';
import { crossEntropyKernels } from './cross-entropy.ts';
import { elementwiseKernels } from './elementwise.ts';
import { embeddingKernels } from './embedding.ts';
import { fakeQuantizeKernels } from './fake-quantize.ts';
import { frozenKernels } from './frozen.ts';
import { gatedActivationKernels } from './gated-activation.ts';
import { gatedFeedForwardKernels } from './gated-feed-forward.ts';
import { gaussianTopKKernels } from './gaussian-top-k.ts';
import { groupedLinearKernels } from './grouped-linear.ts';
import type { Kernel, Kernels } from './kernel.ts';
import { layerNormKernels } from './layer-norm.ts';
import { linearKernels } from './linear.ts';
import { muonKernels } from './muon.ts';
import { optimizerKernels } from './optimizer.ts';
import { pagedAttentionKernels } from './paged-attention.ts';
import { rmsNormKernels } from './rms-norm.ts';
import { ropeKernels } from './rope.ts';
import { routingKernels } from './routing.ts';
import { rowKernels } from './rows.ts';
import { storedKernels } from './stored.ts';
import { streamKernels } from './streams.ts';
import { sumKernels } from './sums.ts';
import { keepTfjsKernel } from './tfjs-kernel.ts';

const own: Kernels = {
  ...altUpKernels,
  ...attentionKernels,
  ...columnKernels,
  ...crossEntropyKernels,
  ...elementwiseKernels,
  ...embeddingKernels,
  ...fakeQuantizeKernels,
  ...frozenKernels,
  ...gatedActivationKernels,
  ...gatedFeedForwardKernels,
  ...gaussianTopKKernels,
  ...groupedLinearKernels,
  ...layerNormKernels,
  ...linearKernels,
  ...muonKernels,
  ...optimizerKernels,
  ...pagedAttentionKernels,
  ...rmsNormKernels,
  ...ropeKernels,
  ...routingKernels,
  ...rowKernels,
  ...storedKernels,
  ...streamKernels,
  ...sumKernels,
};

/** To be called once, after tfjs's WebGPU backend has registered its kernels. */
export function registerWebGpuKernels(): void {
  for (const [kernelName, kernel] of Object.entries(own)) {
    const replaced = getKernel(kernelName, 'webgpu');
    if (replaced !== undefined) {
      keepTfjsKernel(replaced);
      unregisterKernel(kernelName, 'webgpu');
    }
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
