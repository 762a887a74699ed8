/** @file What a kernel of this backend is, and how it looks at what it is given. */
import type { NativeBackend } from '../backend.ts';
import type * as registry from '../kernel-inputs.ts';

export * from '../kernel-inputs.ts'; // but for the three types below, which are of this backend

export type KernelArguments = registry.KernelArguments<NativeBackend>;
export type Kernel = registry.Kernel<NativeBackend>;
/** Kernels by their names in tfjs's registry. */
export type Kernels = registry.Kernels<NativeBackend>;
