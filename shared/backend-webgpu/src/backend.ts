/** @file The backend `webgpu`: tfjs's, on a device of our own, with kernels of our own where there are. */
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { type Recording, keepAll } from '@arrowsmith/backend-native/recording';
import { NotRecordable } from '@arrowsmith/backend-native/not-recordable';
import { type PassInput, typeOf } from '@arrowsmith/backend-native/repeatable-pass';
import { dispose, engine, env, type Tensor, type TensorContainer, type TensorInfo, tidy } from '@tensorflow/tfjs-core';
import { UserError } from '@arrowsmith/errors';
import { type AdapterDescription, type AdapterInfo, describeAdapter, infoOf } from './adapter.ts';
import { BufferPool } from './buffer-pool.ts';
import { DeviceFailures, tooLarge, withoutHalf } from './device.ts';
import type { DryRunMemory } from './dry-run.ts';
import { Executor, type KernelCall } from './executor.ts';
import { enablesOf, type Operand } from './operand.ts';
import { Recorder, replay } from './recording.ts';
import type { Subgroups } from './reductions.ts';
import { PassRepeater } from './repeated-pass.ts';
import { defineShader } from './shader.ts';
import { STORED_FORMATS } from './stored-formats.ts';

/** By default; a processor that stands in for a graphics processor may really take so long. */
const HUNG_AFTER = 60;
const SOFTWARE_HUNG_AFTER = 3600;

/** What tfjs's class calls private. */
interface Internals {
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  commandQueueOwnedIds: WeakSet<object>;
  dispatchCountInPass: number;
}

/** Bytes of the device's memory. */
export interface WebGpuMemory {
  /** In tensors. */
  inUse: number;
  /** In buffers, those included that wait for the next tensor. */
  allocated: number;
  /** Buffers that are in use. */
  buffers: number;
  /** The most that was in use, and allocated, at a time. */
  mostInUse: number;
  mostAllocated: number;
}

export class WebGpuBackend extends WebGPUBackend {
  readonly adapter: AdapterDescription;
  readonly #adapter: GPUAdapter;
  /** The formats of stored matrices that kernels multiply with as they are. */
  readonly storedFormats: readonly string[] = STORED_FORMATS;
  readonly adapterLimits: Pick<AdapterInfo, 'subgroupMinSize' | 'subgroupMaxSize'>;
  #operand: Operand = 'f32';
  #overflow: TensorInfo | undefined;
  readonly #failures: DeviceFailures;
  /** Seconds without a sign of the device after which it is taken for hung. */
  patience: number;
  readonly #executor: Executor;
  /** Bound in place of tensors without elements: a sum over no rows is 0, and reads none. */
  #nothing: GPUBuffer | undefined;
  /** Buffers of what is encoded, but not submitted. */
  readonly #encoded = new Set<GPUBuffer>();
  #recorder: Recorder | undefined;

  constructor(device: GPUDevice, adapter: GPUAdapter) {
    super(device, infoOf(adapter) as GPUAdapterInfo);
    this.adapter = describeAdapter(adapter);
    this.#adapter = adapter;
    this.adapterLimits = infoOf(adapter);
    this.#failures = new DeviceFailures(device, this.adapter.name);
    this.patience = this.adapter.isSoftware ? SOFTWARE_HUNG_AFTER : HUNG_AFTER;
    this.#executor = new Executor(device, this.#failures.make);
    this.bufferManager = new BufferPool(device, this.#failures.make) as unknown as WebGPUBackend['bufferManager'];
  }

  /**
   * Sets what the factors of products are rounded to.
   *
   * @throws UserError for numbers of 16 bits on an adapter whose shaders have none
   */
  configure(operand: Operand): void {
    if (enablesOf(operand) !== '' && !this.hasHalf) throw withoutHalf(this.adapter.name);
    this.#operand = operand;
    if (operand === 'f32' || this.#overflow !== undefined) return;
    this.#overflow = this.makeTensorInfo([1], 'int32', Int32Array.of(0));
    this.uploadToGPU(this.#overflow.dataId);
  }

  /** Lets shaders that are compiled from now on combine the values of a workgroup by these subgroups, or else by its memory. */
  useSubgroups(subgroups: Subgroups | undefined): void {
    this.#executor.subgroups = subgroups;
  }

  /** By which shaders combine the values of a workgroup; undefined where they use its memory. */
  get subgroups(): Subgroups | undefined {
    return this.#executor.subgroups;
  }

  /** Whether shaders have numbers of 16 bits. */
  get hasHalf(): boolean {
    return this.device.features.has('shader-f16');
  }

  /** What the factors of products are rounded to. */
  get operand(): Operand {
    return this.#operand;
  }

  /** Where it is noted that a factor was too large for 16 bits; undefined where they are not rounded to 16. */
  get overflow(): TensorInfo | undefined {
    return this.#operand === 'f32' ? undefined : this.#overflow;
  }

  /** Whether gradients are to be scaled, so that small ones do not vanish in 16 bits. */
  get scalesLoss(): boolean {
    return this.#operand !== 'f32';
  }

  /** Factors that were too large till now do not count. */
  forgetOverflow(): void {
    const { overflow } = this;
    if (overflow !== undefined) forget(this, { overflow }, { value: 0 }, [1]);
  }

  /** A new float32 tensor, to be filled by a kernel. */
  output(shape: number[]): TensorInfo {
    const isEmpty = shape.includes(0); // which no buffer is
    return isEmpty ? this.makeTensorInfo(shape, 'float32', new Float32Array(0)) : this.makeTensorInfo(shape, 'float32');
  }

  /** A new int32 tensor of the bytes, which are copied to the device at once. */
  words(bytes: Uint8Array): TensorInfo {
    const values = new Int32Array(Math.ceil(bytes.length / 4));
    new Uint8Array(values.buffer).set(bytes);
    const tensor = this.makeTensorInfo([values.length], 'int32', values);
    this.uploadToGPU(tensor.dataId);
    return tensor;
  }

  /** The same memory once more, for a kernel that returns what it was given. */
  share({ dataId, dtype }: TensorInfo, shape: number[]): TensorInfo {
    this.incRef(dataId);
    return { dataId, shape, dtype };
  }

  /** The tensor's own memory, for a kernel to change it in place, where nothing else refers to it; else that of a copy. */
  takeOver(tensor: TensorInfo): TensorInfo {
    this.uploadToGPU(tensor.dataId);
    if (this.refCount(tensor.dataId) === 1) return this.share(tensor, tensor.shape);
    const copy = this.output(tensor.shape);
    this.endComputePassEncoder();
    this.ensureCommandEncoderReady();
    const [from, to] = [this.#bufferOf(tensor), this.#bufferOf(copy)];
    for (const buffer of [from, to]) this.#encoded.add(buffer);
    this.#internals().commandEncoder!.copyBufferToBuffer(from, 0, to, 0, to.size);
    return copy;
  }

  /** Lets a kernel of our own wait for the next submission, in the order of calls. */
  run(call: KernelCall): void {
    const buffers = call.tensors.map((tensor) => this.#bufferOf(tensor));
    for (const buffer of buffers) this.#encoded.add(buffer);
    const internals = this.#internals();
    this.ensureCommandEncoderReady();
    internals.computePassEncoder ??= internals.commandEncoder!.beginComputePass();
    this.#executor.encode(internals.computePassEncoder, call, buffers);
    internals.dispatchCountInPass++;
    if (internals.dispatchCountInPass < DISPATCHES_IN_PASS) return;
    this.endComputePassEncoder();
    this.submitQueue();
  }

  /** What waits is run. */
  flush(): void {
    if (this.#internals().commandEncoder === null) return;
    this.endComputePassEncoder();
    this.submitQueue();
  }

  /** Runs passes that come again, with next to nothing for JavaScript to do. */
  passRepeater(): PassRepeater {
    return new PassRepeater(this);
  }

  get isRecording(): boolean {
    return this.#recorder !== undefined;
  }

  /**
   * Runs `f`, and notes the commands of its kernels.
   *
   * @param f makes tensors of its inputs by the function that it is given
   * @param options.readsAnew values of tensors' arrays are those that are there when the commands are repeated
   */
  note<T>(
    f: (makeInput: (input: PassInput, i: number) => Tensor) => T,
    { readsAnew }: { readsAnew: boolean },
  ): { result: T; recorder: Recorder } {
    this.flush();
    const recorder = new Recorder({ readsAnew });
    const { queue } = this;
    const pool = this.#pool();
    const makeInput = ({ values, shape }: PassInput, i: number): Tensor => {
      if (values.length === 0) recorder.hinder('an input has no values');
      const info = this.makeTensorInfo(shape, typeOf(values), values);
      recorder.source = i;
      this.uploadToGPU(info.dataId);
      recorder.source = undefined;
      return engine().makeTensorFromTensorInfo(info);
    };
    const computesSmall = env().getBool(COMPUTES_SMALL);
    if (readsAnew) env().set(COMPUTES_SMALL, false);
    this.#recorder = recorder;
    this.queue = recorder.queueOf(queue);
    pool.onAcquire = (buffer, isLasting) => {
      recorder.acquired.add(buffer);
      if (!isLasting) recorder.hinder('values are written by way of memory that both sides see');
    };
    try {
      const result = f(makeInput);
      this.flush();
      return { result, recorder };
    } finally {
      this.#recorder = undefined;
      this.queue = queue;
      pool.onAcquire = undefined;
      env().set(COMPUTES_SMALL, computesSmall);
    }
  }

  /**
   * Runs `f` once, and returns its tensors with what computes them: again and again, each time from what is then in the memory of the arrays that f's
   * tensors are made of. Tensors that f uses must outlive the recording.
   *
   * @param f returns tensors, which are the recording's
   * @throws NotRecordable when f looks at what a kernel makes, or where a kernel writes what may be other values each time
   */
  record<T extends TensorContainer>(f: () => T): Recording<T> {
    if (this.isRecording) throw new NotRecordable('another pass is being recorded');
    const { result, recorder } = this.note(() => tidy(() => keepAll(f())), { readsAnew: true });
    const { obstacle, commands, acquired } = recorder;
    if (obstacle !== undefined) {
      dispose(result);
      throw new NotRecordable(obstacle);
    }
    const pool = this.#pool();
    const own = [...acquired].filter((buffer) => pool.isWaiting(buffer));
    for (const buffer of own) pool.take(buffer);
    return {
      result,
      run: () => this.repeat(commands),
      dispose: () => {
        dispose(result);
        for (const buffer of own.splice(0)) pool.releaseBuffer(buffer);
      },
    };
  }

  /** Gives the device commands again that were noted. */
  repeat(commands: Recorder['commands'], inputs: readonly PassInput['values'][] = []): void {
    this.flush();
    replay(this.device, commands, { inputs, onSubmit: () => this.#watch() });
  }

  /** A tensor of values that are others each time that a recording runs. */
  changing(values: () => Int32Array<ArrayBuffer>): TensorInfo {
    const now = values();
    const info = super.makeTensorInfo([now.length], 'int32', now);
    if (this.#recorder?.readsAnew !== true) return info;
    this.#recorder.source = values;
    this.uploadToGPU(info.dataId);
    this.#recorder.source = undefined;
    return info;
  }

  /** Values that a kernel makes of something may be others the next time. */
  override makeTensorInfo(...args: Parameters<WebGPUBackend['makeTensorInfo']>): TensorInfo {
    if (args[2] != null && this.#recorder?.readsAnew === true) this.#recorder.hinder('a kernel writes values');
    return super.makeTensorInfo(...args);
  }

  /** The buffer of a tensor, and how many refer to it; undefined for one that has none. */
  memoryOf(dataId: object): { buffer: GPUBuffer; refCount: number } | undefined {
    if (!this.tensorMap.has(dataId)) return undefined;
    const { resource, refCount } = this.tensorMap.get(dataId);
    return resource == null ? undefined : { buffer: resource as GPUBuffer, refCount };
  }

  /** Whether a buffer waits for a tensor. */
  isWaiting(buffer: GPUBuffer): boolean {
    return this.#pool().isWaiting(buffer);
  }

  /** A new tensor in a buffer that waits for one. */
  adopt(buffer: GPUBuffer, shape: number[], dtype: TensorInfo['dtype']): TensorInfo {
    this.#pool().take(buffer);
    const info = this.makeTensorInfo(shape, dtype);
    this.tensorMap.get(info.dataId).resource = buffer;
    return info;
  }

  /** Gives the device the buffers back that wait for tensors. */
  releaseKept(): void {
    this.flush();
    this.#executor.forget();
    this.#pool().dispose();
  }

  gpuMemory(): WebGpuMemory {
    const pool = this.#pool();
    return {
      inUse: pool.numBytesUsed,
      allocated: pool.numBytesAllocated,
      buffers: pool.getNumUsedBuffers(),
      mostInUse: pool.mostUsed,
      mostAllocated: pool.mostAllocated,
    };
  }

  /** Lets the peaks of {@link gpuMemory} start again. */
  resetPeak(): void {
    this.#pool().resetPeak();
  }

  /** Whether the device has not answered for so long that whoever waits for it may wait for ever. */
  get isHung(): boolean {
    return this.#failures.isHung;
  }

  /** The bytes of the largest tensor that there can be. */
  get largestTensor(): number {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    return Math.min(maxBufferSize, maxStorageBufferBindingSize);
  }

  /** Whether the device gives so much memory, besides what it has given. It is asked for, and given back at once. */
  async holds(bytes: number): Promise<boolean> {
    const buffers: GPUBuffer[] = [];
    let error: GPUError | null = null;
    for (let left = bytes; left > 0 && error === null; left -= this.largestTensor) {
      const size = 4 * Math.ceil(Math.min(left, this.largestTensor) / 4);
      this.device.pushErrorScope('out-of-memory');
      buffers.push(this.device.createBuffer({ size, usage: STORAGE_AND_COPIES }));
      error = await this.device.popErrorScope();
    }
    for (const buffer of buffers) buffer.destroy();
    return error === null;
  }

  /** What a computation would take of the device's memory: see dry-run.ts. */
  async dryRun(f: () => Promise<void>): Promise<DryRunMemory> {
    const { dryRunOn } = await import('./dry-run.ts');
    return dryRunOn(this.device, this.#adapter, f);
  }

  /**
   * Commands run in the order in which they were encoded, so that a buffer may be handed out again as soon as its tensor is disposed of. tfjs would
   * wait for the submission, by which a step would need the memory of all its tensors at once.
   */
  override disposeData(dataId: object, force = false): boolean {
    this.#internals().commandQueueOwnedIds.delete(dataId);
    return super.disposeData(dataId, force);
  }

  /** Values go there by the device's own copy, before what is encoded runs: tfjs would make a buffer to copy from each time. */
  override uploadToGPU(dataId: object): void {
    const data = this.tensorMap.get(dataId);
    if (data.resource == null) this.#checkSize(data);
    if (data.resource != null || !isNumeric(data.values) || data.values.length === 0) return super.uploadToGPU(dataId);
    const source = data.values;
    const convert = () => (data.dtype === 'float32' ? floatsOf(source) : integersOf(source));
    const values = convert();
    const buffer = this.#idleBuffer(values.byteLength);
    const recorder = this.#recorder;
    const readsAnew = recorder?.readsAnew === true && recorder.source === undefined;
    if (readsAnew) recorder.source = convert;
    this.queue.writeBuffer(buffer, 0, values);
    if (readsAnew) recorder.source = undefined;
    data.resource = buffer;
    data.values = null as unknown as typeof data.values;
  }

  override runWebGPUProgram(...args: Parameters<WebGPUBackend['runWebGPUProgram']>): TensorInfo {
    const output = super.runWebGPUProgram(...args);
    for (const { dataId } of [output, ...args[1]]) {
      const { resource } = this.tensorMap.get(dataId);
      if (resource == null) continue;
      this.#encoded.add(resource as GPUBuffer);
      this.#recorder?.use(dataId, resource as GPUBuffer);
    }
    return output;
  }

  override ensureCommandEncoderReady(): void {
    const internals = this.#internals();
    if (internals.commandEncoder !== null) return;
    const encoder = this.device.createCommandEncoder();
    internals.commandEncoder = this.#recorder?.encoderOf(encoder) ?? encoder;
  }

  override submitQueue(): void {
    super.submitQueue();
    this.#watch();
    this.#encoded.clear();
    this.#pool().trim();
  }

  /** Looks at when the device is done with what it has been given till now. */
  #watch(): void {
    void this.#failures.watch(this.device.queue.onSubmittedWorkDone());
  }

  #bufferOf({ dataId, shape }: TensorInfo): GPUBuffer {
    if (shape.includes(0)) return (this.#nothing ??= this.device.createBuffer({ size: 16, usage: STORAGE_AND_COPIES }));
    this.uploadToGPU(dataId);
    const buffer = this.tensorMap.get(dataId).resource as GPUBuffer;
    this.#recorder?.use(dataId, buffer);
    return buffer;
  }

  /** A buffer that nothing uses which is encoded, but not submitted. */
  #idleBuffer(bytes: number): GPUBuffer {
    const busy: GPUBuffer[] = [];
    try {
      for (;;) {
        const buffer = this.bufferManager.acquireBuffer(bytes, STORAGE_AND_COPIES);
        if (!this.#encoded.has(buffer)) return buffer;
        busy.push(buffer);
      }
    } finally {
      for (const each of busy) this.bufferManager.releaseBuffer(each);
    }
  }

  /** @throws UserError for a tensor that no buffer holds */
  #checkSize({ shape, dtype }: { shape: readonly number[]; dtype: string }): void {
    const most = this.largestTensor;
    const bytes = shape.reduce((product, length) => product * length, dtype === 'complex64' ? 8 : 4);
    if (bytes > most) throw tooLarge(this.adapter.name, shape, bytes, most);
  }

  /** @throws UserError where anything went wrong on the device since it was opened, or where it does not answer */
  override async getBufferData(buffer: GPUBuffer): Promise<ArrayBuffer> {
    this.#recorder?.hinder('a result is looked at');
    this.#failures.check();
    return this.#failures.settled(super.getBufferData(buffer), this.adapter.name, this.patience);
  }

  /** Values are not kept, as tfjs would: a kernel may change memory in place, and state is large. */
  override async read(dataId: object): ReturnType<WebGPUBackend['read']> {
    const values = await super.read(dataId);
    const data = this.tensorMap.has(dataId) ? this.tensorMap.get(dataId) : undefined;
    if (data?.resource != null) data.values = null as unknown as typeof values;
    return values;
  }

  /** @throws UserError since WebGPU cannot wait for results: they come by `await tensor.data()` */
  override readSync(dataId: object): ReturnType<WebGPUBackend['readSync']> {
    this.#recorder?.hinder('values are looked at');
    const { values, dtype } = this.tensorMap.get(dataId);
    if (values != null || dtype === 'string') return values;
    throw new UserError({
      what: 'the backend webgpu cannot do this: it has no results without waiting for them (`await tensor.data()`)',
      fix: 'choose another backend for this step, or for all: ARROWSMITH_BACKEND=auto',
    });
  }

  #pool(): BufferPool {
    return this.bufferManager as unknown as BufferPool;
  }

  #internals(): Internals {
    return this as unknown as Internals;
  }
}

/** tfjs computes operations on few numbers by itself, where they are still in arrays. */
const COMPUTES_SMALL = 'WEBGPU_CPU_FORWARD';

const forget = defineShader({
  name: 'forget overflow',
  bindings: { overflow: 'atomics' },
  parameters: { value: 'u32' },
  workgroupSize: [1, 1],
  body: 'atomicStore(&overflow[0], parameters.value);',
});

/** `GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST`, as tfjs has them. */
const STORAGE_AND_COPIES = 0x80 | 4 | 8;

const floatsOf = (values: ArrayLike<number>): Float32Array =>
  values instanceof Float32Array ? values : Float32Array.from(values);
const integersOf = (values: ArrayLike<number>): Int32Array =>
  values instanceof Int32Array ? values : Int32Array.from(values);

const isNumeric = (values: unknown): values is ArrayLike<number> =>
  ArrayBuffer.isView(values) || (Array.isArray(values) && typeof values[0] === 'number');

/** So many kernels go to the device at once: it begins with them while JavaScript prepares the next. */
export const DISPATCHES_IN_PASS = 64;
