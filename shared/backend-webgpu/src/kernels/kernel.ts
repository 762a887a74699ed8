/** @file What a kernel of this backend is, and how it looks at what it is given. */
import type * as registry from '@arrowsmith/backend-native/kernel-inputs';
import type { WebGpuBackend } from '../backend.ts';

export * from '@arrowsmith/backend-native/kernel-inputs'; // but for the three types below, which are of this backend
export * from '@arrowsmith/backend-native/stored-inputs';

export type KernelArguments = registry.KernelArguments<WebGpuBackend>;
export type Kernel = registry.Kernel<WebGpuBackend>;
/** Kernels by their names in tfjs's registry. */
export type Kernels = registry.Kernels<WebGpuBackend>;
