/**
 * @file Dry runs: what a computation would take of the machine's memory, told by everything that runs in it: operations, tape, pool of
 * buffers and kernels. Only the kernels' loops do not.
 *
 * Tensors get memory that nobody writes to, of which the system therefore gives no page. What JavaScript computes itself is computed.
 */
import { engine, getBackend, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import type { Addon } from './addon.ts';
import { NativeBackend } from './backend.ts';
import { registerNativeKernels } from './kernels/register.ts';

/** In bytes. */
export interface DryRunMemory {
  /** The most that tensors have at a time. */
  inUse: number;
  /** The most that these, and buffers that wait for the next ones, take. */
  tensors: number;
  /** What kernels keep for themselves; 0 where they are not built. */
  scratch: number;
}

/** Under which the backend of dry runs is known to tfjs. */
const NAME = 'native-dry-run';

let isRegistered = false;

/**
 * Runs `f` on a backend that is like `native`, but whose kernels compute nothing: values of tensors are undefined. Nothing else may compute
 * on this thread meanwhile.
 *
 * @param native whose kernels say what they need for themselves, with its threads and in its precision; undefined where they are not built
 */
export async function dryRunLike(native: NativeBackend | undefined, f: () => Promise<void>): Promise<DryRunMemory> {
  const addon = native?.addon;
  const before = getBackend();
  const backend = new NativeBackend(addonOfDryRun(addon));
  if (native !== undefined) backend.precision = native.precision;
  if (!isRegistered) registerNativeKernels(NAME);
  isRegistered = true;
  registerBackend(NAME, () => backend);
  addon?.beginDryRun();
  engine().startScope();
  try {
    await setBackend(NAME);
    await f();
    const { peak: inUse, peakResident: tensors } = backend.peaks();
    return { inUse, tensors, scratch: addon?.endDryRun() ?? 0 };
  } finally {
    addon?.endDryRun();
    engine().endScope();
    backend.releaseKept();
    removeBackend(NAME);
    if (before !== '') await setBackend(before);
  }
}

/** The functions that are of another kind than kernels, and a kernel whose results JavaScript looks at. */
function addonOfDryRun(addon: Addon | undefined): Addon {
  let calls = 0;
  const own: Partial<Addon> = {
    allocate: addon?.allocate ?? ((bytes) => new ArrayBuffer(bytes)),
    openQueue() {}, // kernels take no time, and need not wait
    queueLength: () => 0,
    runQueue: () => [],
    closeQueue() {},
    /** All tokens choose the same experts, or all experts have as many: kernels need most memory in the one case or the other. */
    topK(_n, experts, k, _x, _values, indices) {
      const together = calls++ % 2 === 0;
      for (const i of indices.keys()) indices[i] = together ? i % k : i % experts;
    },
  };
  const nothing = () => undefined;
  return new Proxy(own, {
    get: (functions, name) => functions[name as keyof Addon] ?? addon?.[name as keyof Addon] ?? nothing,
  }) as Addon;
}
