/** @file Registers the kernels of the backend `native`: those of this folder, and tfjs's own for everything else. */
import { getKernelsForBackend, type KernelFunc, registerKernel } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../backend.ts';
import { NotRecordable } from '../not-recordable.ts';
import { profiled } from '../profile.ts';
import { altUpKernels } from './alt-up.ts';
import { arithmeticKernels } from './arithmetic.ts';
import { attentionKernels } from './attention.ts';
import { columnKernels } from './columns.ts';
import { crossEntropyKernels } from './cross-entropy.ts';
import { einsumKernels } from './einsum.ts';
import { elementwiseKernels } from './elementwise.ts';
import { embeddingKernels } from './embedding.ts';
import { frozenKernels } from './frozen.ts';
import { gatedActivationKernels } from './gated-activation.ts';
import { gatedFeedForwardKernels } from './gated-feed-forward.ts';
import { groupedLinearKernels } from './grouped-linear.ts';
import type { Kernel, KernelArguments, Kernels } from './kernel.ts';
import { layerNormKernels } from './layer-norm.ts';
import { linearKernels } from './linear.ts';
import { matMulKernels } from './mat-mul.ts';
import { optimizerKernels } from './optimizer.ts';
import { pagedAttentionKernels } from './paged-attention.ts';
import { rmsNormKernels } from './rms-norm.ts';
import { ropeKernels } from './rope.ts';
import { sliceKernels } from './slice.ts';
import { routingKernels } from './routing.ts';
import { storedKernels } from './stored.ts';
import { streamKernels } from './streams.ts';
import { flushInputs, refuseToRecord } from './tfjs-kernel.ts';

const native: Kernels = {
  ...altUpKernels,
  ...arithmeticKernels,
  ...attentionKernels,
  ...columnKernels,
  ...crossEntropyKernels,
  ...einsumKernels,
  ...elementwiseKernels,
  ...embeddingKernels,
  ...frozenKernels,
  ...gatedActivationKernels,
  ...gatedFeedForwardKernels,
  ...groupedLinearKernels,
  ...layerNormKernels,
  ...linearKernels,
  ...matMulKernels,
  ...optimizerKernels,
  ...pagedAttentionKernels,
  ...rmsNormKernels,
  ...ropeKernels,
  ...sliceKernels,
  ...routingKernels,
  ...storedKernels,
  ...streamKernels,
};

/**
 * To be called once for a name, after tfjs's CPU backend has registered its kernels.
 *
 * @param backendName under which a `NativeBackend` is registered
 */
export function registerNativeKernels(backendName: string): void {
  for (const config of getKernelsForBackend('cpu')) {
    if (config.kernelName in native) continue;
    const kernelFunc = profiled(config.kernelName, settling(config.kernelName, config.kernelFunc), queueOf);
    registerKernel({ ...config, backendName, kernelFunc });
  }
  for (const [kernelName, kernel] of Object.entries(native)) {
    const kernelFunc = profiled(kernelName, naming(kernelName, kernel), queueOf) as unknown as KernelFunc;
    registerKernel({ kernelName, backendName, kernelFunc });
  }
}

const queueOf = ({ backend }: { backend: unknown }) => (backend as NativeBackend).queue;

/** Kernels of tfjs that look into no tensor. */
const LOOKS_AT_NOTHING: ReadonlySet<string> = new Set(['Identity', 'Reshape']);

/** A kernel of tfjs, which looks into its inputs. */
function settling(name: string, kernel: KernelFunc): KernelFunc {
  if (LOOKS_AT_NOTHING.has(name)) return kernel;
  return (args) => {
    refuseToRecord(name, args as unknown as KernelArguments);
    flushInputs(args as unknown as KernelArguments);
    return kernel(args);
  };
}

/** The kernel, whose errors say its name. */
function naming(name: string, kernel: Kernel): Kernel {
  return (args) => {
    try {
      return kernel(args);
    } catch (error) {
      if (error instanceof NotRecordable) throw error;
      throw new Error(`kernel ${name}: ${(error as Error).message}`, { cause: error });
    }
  };
}
