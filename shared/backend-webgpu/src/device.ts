/** @file A device of an adapter with all that the adapter offers of what kernels use, and what goes wrong on it. */
import { UserError } from '@arrowsmith/errors';
import { describeAdapter } from './adapter.ts';

/** Features that kernels use where they are there. */
const FEATURES = ['shader-f16', 'subgroups', 'timestamp-query'];

/** Limits that WebGPU grants only to who asks: its defaults are those of a telephone. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

/** Storage buffers that a kernel binds at most, which every device has that WebGPU's defaults hold for. */
const STORAGE_BUFFERS = 8;

/** @throws UserError for an adapter that has less than kernels need, or gives no device */
export async function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const { name } = describeAdapter(adapter);
  const { maxStorageBuffersPerShaderStage } = adapter.limits;
  if (maxStorageBuffersPerShaderStage < STORAGE_BUFFERS) {
    throw new UserError({
      what: `the graphics processor ${name} has too small limits for the backend webgpu`,
      expected: `${STORAGE_BUFFERS} storage buffers for a kernel`,
      found: `${maxStorageBuffersPerShaderStage}`,
      fix: 'choose another backend: ARROWSMITH_BACKEND=auto',
    });
  }
  const requiredFeatures = FEATURES.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[];
  const requiredLimits = Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]]));
  try {
    return await adapter.requestDevice({ requiredFeatures, requiredLimits });
  } catch (error) {
    throw new UserError(
      {
        what: `the graphics processor ${name} gives no device: ${(error as Error).message}`,
        fix: 'close programs that use it, or choose another backend: ARROWSMITH_BACKEND=auto',
      },
      { cause: error },
    );
  }
}

/** Makes something of a device, such as a buffer, by the call: see {@link DeviceFailures.make}. */
export type Make = <T>(call: () => T) => T;

/** What went wrong on a device since it was opened. WebGPU throws nothing where it happens: a shader that does not compile computes zeros. */
export class DeviceFailures {
  #first: UserError | undefined;
  readonly #lost: Promise<never>;
  /** How often the device was done with something that it was given. */
  #answers = 0;
  #hung: UserError | undefined;

  constructor(device: GPUDevice, name: string) {
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault(); // else it is printed, too
      this.#first ??= ofError((event as GPUUncapturedErrorEvent).error, name);
    });
    this.#lost = device.lost.then(({ reason, message }) => {
      this.#first ??= lost(reason, message, name);
      throw this.#first;
    });
    this.#lost.catch(() => undefined); // whoever waits for results is told
  }

  /** @throws UserError once something went wrong: what there is of results since then is not to be used; and while the device is hung */
  check(): void {
    if (this.#first !== undefined) throw this.#first;
    if (this.#hung !== undefined) throw this.#hung;
  }

  /**
   * Makes something of the device. Where that goes wrong, as memory does not suffice or a shader does not compile, Dawn says so before the call returns: it
   * is the error of this call alone then, since nothing uses what was not made, and results before and after are what they should be. A browser says so later,
   * when that is not known any more.
   *
   * @throws UserError where it goes wrong at once
   */
  readonly make: Make = (call) => {
    const before = this.#first;
    const made = call();
    if (before !== undefined || this.#first === undefined) return made;
    const error = this.#first;
    this.#first = undefined;
    throw error;
  };

  /** Whether the device has not answered for so long, and not since then, that whoever waits for it may wait for ever. */
  get isHung(): boolean {
    return this.#hung !== undefined;
  }

  /** Looks at when the device is done with what it was given: one that is done with a part of a long step is not hung. */
  async watch(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch {
      return; // whoever waits for results is told
    }
    this.#answers++;
    this.#hung = undefined;
  }

  /**
   * Waits for a result.
   *
   * @param seconds without a sign of the device after which it is taken for hung. They are counted one by one, so that time for which the machine sleeps
   *   is none: what is due then comes at once when it wakes, and only once.
   * @throws UserError where the device is lost, where something went wrong, or where nothing comes
   */
  async settled<T>(result: Promise<T>, name: string, seconds: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      let waited = 0;
      let answers = this.#answers;
      timer = setInterval(() => {
        waited = answers === this.#answers ? waited + 1 : 0;
        answers = this.#answers;
        if (waited >= seconds) reject((this.#hung = hung(name, seconds)));
      }, 1000);
    });
    try {
      const value = await Promise.race([result, this.#lost, late]);
      this.#hung = undefined;
      this.check();
      return value;
    } catch (error) {
      this.check(); // what went wrong first says more than what followed
      throw error;
    } finally {
      clearInterval(timer);
    }
  }
}

const LESS_AT_ONCE = 'fewer rows at once (--train.batchSize, or more --train.gradientAccumulation)';

/** Of a tensor that is larger than any buffer may be. */
export function tooLarge(name: string, shape: readonly number[], bytes: number, most: number): UserError {
  const inMegabytes = (count: number) => `${Math.round(count / 2 ** 20)} MiB`;
  return new UserError({
    what: `a tensor is too large for the graphics processor ${name}`,
    expected: `at most ${inMegabytes(most)}`,
    found: `${inMegabytes(bytes)}, of the shape [${shape.join(', ')}]`,
    fix: `${LESS_AT_ONCE}, or another backend: ARROWSMITH_BACKEND=auto`,
  });
}

/** Of a precision that the adapter's shaders do not have. */
export const withoutHalf = (name: string): UserError =>
  new UserError({
    what: `the graphics processor ${name} has no products of 16-bit numbers for WebGPU`,
    expected: 'an adapter with the feature shader-f16, for the precision f16',
    fix: 'use the precision f32',
  });

const AFTER = 'what was computed before is kept: the same command goes on from the last checkpoint';

function ofError(error: GPUError, name: string): UserError {
  const isMemory = error.constructor.name === 'GPUOutOfMemoryError';
  return new UserError({
    what: isMemory
      ? `the graphics processor ${name} is out of memory`
      : `a kernel does not run on the graphics processor ${name}: ${error.message}`,
    fix: isMemory
      ? `${LESS_AT_ONCE}, --train.recomputeActivations, or another backend: ARROWSMITH_BACKEND=auto; ${AFTER}`
      : `another backend: ARROWSMITH_BACKEND=auto; please report it with the adapter's name and driver; ${AFTER}`,
  });
}

function lost(reason: string | undefined, message: string, name: string): UserError {
  return new UserError({
    what: `the graphics processor ${name} was lost${message === '' ? '' : `: ${message}`}`,
    ...(reason === 'destroyed' ? { found: 'the device was closed while results were waited for' } : {}),
    fix: `start again: ${AFTER}; where it happens again, another backend: ARROWSMITH_BACKEND=auto`,
  });
}

function hung(name: string, seconds: number): UserError {
  return new UserError({
    what: `the graphics processor ${name} has not answered for ${seconds} seconds`,
    fix: `${LESS_AT_ONCE}, or another backend: ARROWSMITH_BACKEND=auto; ${AFTER}`,
  });
}
