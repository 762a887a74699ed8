/** @file The backend `native`: tfjs's CPU backend with tensors in pooled memory, and with kernels of C++ where there are. */
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { dispose, tidy } from '@tensorflow/tfjs-core';
import type { DataId, DataType, TensorContainer, TensorInfo, backend_util } from '@tensorflow/tfjs-core';
import { UserError } from '@arrowsmith/errors';
import { type Addon, formatCode, type RecordedKernels, type Precision, precisionCode } from './addon.ts';
import { BufferPool } from './buffer-pool.ts';
import { KernelQueue } from './kernel-queue.ts';
import type { PredictedRowsOf } from './predicted-rows.ts';
import { keepAll, type Recording } from './recording.ts';

/** The system gives memory in such pieces or larger ones as pages of zeros (native/addon-memory.h). */
const LAZY_BYTES = 2 ** 21;

/** Bytes of tensors and of what kernels keep for themselves. */
export interface NativeMemory {
  /** In tensors. */
  inUse: number;
  /** In buffers that wait for the next tensor. */
  kept: number;
  /** In buffers that kernels keep from call to call. */
  scratch: number;
  /** The most that tensors and kernels had together since {@link NativeBackend.resetPeak}. */
  peak: number;
  /** The most that tensors, and buffers that wait for them, took of the machine's memory, in pages that were written to; since then, too. */
  peakResident: number;
}

/**
 * Memory from the pool never leaves the backend: whoever reads a tensor gets a copy, and a kernel of tfjs that makes a tensor of a part
 * of another one's memory, as Slice does, gets one with a copy.
 */
export class NativeBackend extends MathBackendCPU {
  readonly addon: Addon;
  readonly queue = new KernelQueue(() => this.addon);
  /** The formats of stored matrices that kernels multiply with as they are. */
  readonly storedFormats: readonly string[] = Object.keys(formatCode);
  /** Those of which they multiply the integers with inputs of int8 (native/integer-products.h). */
  readonly integerFormats: readonly string[] = this.storedFormats.filter((format) => !/^b?f\d+$/.test(format));
  /** C++'s name of the precision of matrix products. */
  precision: 0 | 1 = precisionCode.f32;
  readonly #pool: BufferPool;
  /** Memory of {@link lastingZeros}. */
  readonly #lasting = new Set<ArrayBufferLike>();
  /** Bytes of tensors that are not from the pool. */
  #others = 0;
  #peak = 0;
  #peakResident = 0;

  constructor(addon: Addon) {
    super();
    this.addon = addon;
    this.#pool = new BufferPool(addon.allocate, (buffer) => this.#release(buffer));
  }

  /** @throws UserError for bf16 where the build or the processor has none */
  configure({ precision, threads }: { precision: Precision; threads: number }): void {
    if (precision === 'bf16' && !this.addon.hasBf16()) {
      throw new UserError({
        what: 'the native backend has no bfloat16 here',
        expected: 'a processor with AVX512_BF16 (Intel since Cooper Lake, AMD since Zen 4), and the build for it',
        fix: 'use the precision f32',
      });
    }
    this.precision = precisionCode[precision];
    this.addon.setThreads(threads);
  }

  /** A new float32 tensor, to be filled: its values are undefined. */
  output(shape: number[]): TensorInfo {
    const values = this.#pool.take(sizeOf(shape));
    this.queue.expect(values);
    return this.#add(values, shape, 'float32');
  }

  /**
   * A new int32 tensor of the bytes, which are copied into memory that kernels read fastest: at the beginning of a line, and in huge pages where there are
   * many. What JavaScript allocates begins 16 bytes behind it, so that every vector lies in two lines.
   */
  words(bytes: Uint8Array): TensorInfo {
    const count = Math.ceil(bytes.length / 4);
    const { buffer } = this.#pool.take(count);
    const values = new Int32Array(buffer, 0, count);
    values.fill(0, Math.max(0, count - 1)); // bytes to spare
    new Uint8Array(buffer).set(bytes);
    return this.#add(values, [count], 'int32');
  }

  /** A new tensor of zeros that takes memory as it is written to, and gives it back when it is disposed of: for what is large and stays for long. */
  lastingZeros(shape: number[], dtype: 'float32' | 'int32'): TensorInfo {
    const buffer = this.addon.allocate(4 * sizeOf(shape));
    const values = dtype === 'float32' ? new Float32Array(buffer) : new Int32Array(buffer);
    if (values.byteLength < LAZY_BYTES) values.fill(0);
    this.#lasting.add(buffer);
    return this.#add(values, shape, dtype);
  }

  /** Runs `f`, whose kernels wait until one of their results is looked at, or `f` is done: JavaScript's part goes faster so. */
  during<T>(f: () => T): T {
    return this.queue.during(f);
  }

  /**
   * Runs f once without computing anything, and returns its tensors with what computes them: again and again, each time from what is then in the memory of
   * f's inputs. JavaScript's part of a pass is done once then. Tensors that f uses must outlive the recording.
   *
   * @param f returns tensors, which are the recording's
   * @throws NotRecordable when f looks at what a kernel makes, or runs one of tfjs's own, which compute at once
   */
  record<T extends TensorContainer>(f: () => T): Recording<T> {
    const putBack = this.#pool.setAside();
    let recorded: { result: T; kernels: RecordedKernels } | undefined;
    let buffers: ArrayBuffer[] = [];
    try {
      recorded = this.queue.record(() => tidy(() => keepAll(f())));
    } finally {
      buffers = putBack();
      if (recorded === undefined) for (const buffer of buffers) this.#pool.give({ buffer });
    }
    const { result, kernels } = recorded;
    return {
      result,
      run: () => this.addon.runRecording(kernels),
      dispose: () => {
        dispose(result);
        for (const buffer of buffers.splice(0)) this.#pool.give({ buffer });
      },
    };
  }

  /**
   * Numbers of 8, 16 or 32 bits of their bit planes, at once: `joinPlanes8`, `16` and `32` of native/kernels.h.
   *
   * @param words a 32nd of how many numbers there are
   */
  joinPlanes(
    bits: 8 | 16 | 32,
    { words, rest, isSigned, dropped }: { words: number; rest: number; isSigned: boolean; dropped: number },
    heads: Int32Array,
    planes: Int32Array,
    numbers: Int32Array,
  ): void {
    this.addon[`joinPlanes${bits}`](words, rest, isSigned, dropped, heads, planes, numbers);
    this.queue.run();
  }

  /** Rows of 16-bit numbers of columns, at once: `gatherColumns16` of native/kernels.h, whose sizes follow from the arrays. */
  gatherColumns16(index: Int32Array, x: Int32Array, y: Int32Array): void {
    const pairs = y.length / index.length;
    this.addon.gatherColumns16(index.length, pairs, x.length / pairs, index, x, y);
    this.queue.run();
  }

  /** Rows of bfloat16 of what they differ by from others, at once: `addResidualsBf16` of native/kernels.h. */
  addResidualsBf16(of: PredictedRowsOf, distinct: Int32Array, residuals: Int32Array, y: Int32Array): void {
    const { pairs, headDim, interleaved, cos, sin } = of;
    const words = y.length / of.distinct.length;
    this.addon.addResidualsBf16(
      of.distinct.length,
      (2 * words) / headDim,
      headDim / 2,
      distinct.length / words,
      residuals.length / words,
      pairs,
      pairs === 0 ? 1 : cos.length / pairs,
      interleaved,
      of.distinct,
      of.residual,
      of.angle,
      distinct,
      residuals,
      cos,
      sin,
      y,
    );
    this.queue.run();
  }

  /** The first tokens in rank, as many as `ids` has room for, at once: `rankLogits` of native/kernels.h. */
  rankLogits(logits: Float32Array, ids: Int32Array): void {
    this.addon.rankLogits(logits.length, ids.length, logits, ids);
    this.queue.run();
  }

  /** The weights of all tokens together, at once: `sumExponentials` of native/kernels.h. */
  sumExponentials(logits: Float32Array, largest: number, temperature: number): number {
    const total = new Float64Array(1);
    this.addon.sumExponentials(logits.length, logits, largest, temperature, new Int32Array(total.buffer));
    this.queue.run();
    return total[0]!;
  }

  /** Makes sure that no kernel which waits is to write these tensors. */
  flush(tensors: readonly TensorInfo[]): void {
    if (!this.queue.isOpen) return;
    for (const each of tensors) this.queue.flush(this.data.get(each.dataId).values);
  }

  /** The memory of a float32 tensor itself, for JavaScript to look into or to change. */
  flushedFloats(tensor: TensorInfo): Float32Array {
    this.flush([tensor]);
    return this.floats(tensor);
  }

  /** The memory of a float32 tensor itself, for kernels: what is there may not be computed yet. */
  floats({ dataId, dtype }: TensorInfo): Float32Array {
    const values = this.data.get(dataId).values;
    if (!(values instanceof Float32Array)) throw new TypeError(`a float32 tensor is needed, not ${dtype}`);
    return values;
  }

  /** The memory of an int32 tensor itself, for kernels and for JavaScript: no kernel that waits makes integers, but in tables of keys and values. */
  integers({ dataId, dtype }: TensorInfo): Int32Array {
    const values = this.data.get(dataId).values;
    if (!(values instanceof Int32Array)) throw new TypeError(`an int32 tensor is needed, not ${dtype}`);
    return values;
  }

  /** The same memory once more, for a kernel that returns what it was given. */
  share({ dataId, dtype }: TensorInfo, shape: number[]): TensorInfo {
    this.incRef(dataId);
    return { dataId, shape, dtype };
  }

  /** Whether nothing but this tensor refers to its memory, so that a kernel which takes the tensor over may change it. */
  isSoleOwner({ dataId }: TensorInfo): boolean {
    const { values } = this.data.get(dataId);
    return this.refCount(dataId) === 1 && isTypedArray(values) && this.#pool.owns(values);
  }

  nativeMemory(): NativeMemory {
    const { inUse, kept } = this.#pool.memory();
    const scratch = this.addon.scratchTotal(); // never shrinks, so that it belongs to the peak
    const { peak, peakResident } = this.peaks();
    return { inUse: inUse + this.#others, kept, scratch, peak: peak + scratch, peakResident };
  }

  /** Of tensors, without what kernels keep; see {@link NativeMemory}. */
  peaks(): { peak: number; peakResident: number } {
    return { peak: this.#peak, peakResident: this.#peakResident };
  }

  /** The peak starts again from what is in use. */
  resetPeak(): void {
    this.#peak = 0;
    this.#peakResident = 0;
    this.#measure();
  }

  /** Gives the system the buffers back that wait for tensors. */
  releaseKept(): void {
    this.#pool.releaseKept();
  }

  override memory(): { unreliable: boolean; reasons: string[] } & NativeMemory {
    return { unreliable: false, reasons: [], ...this.nativeMemory() };
  }

  override write(values: backend_util.BackendValues, shape: number[], dtype: DataType): DataId {
    return this.#add(this.#ofItsOwn(values), shape, dtype).dataId;
  }

  override move(
    dataId: DataId,
    values: backend_util.BackendValues,
    shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    const own = this.#ofItsOwn(values);
    super.move(dataId, own, shape, dtype, refCount);
    this.#count(own);
  }

  override readSync(dataId: DataId): backend_util.BackendValues {
    this.queue.flush(this.data.get(dataId).values);
    return this.#ofItsOwn(super.readSync(dataId));
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const values = this.data.has(dataId) ? this.data.get(dataId).values : undefined;
    const disposed = super.disposeData(dataId, force);
    if (disposed && isTypedArray(values)) {
      if (this.#pool.owns(values)) this.#pool.give(values);
      else this.#others -= values.byteLength;
      if (this.#lasting.delete(values.buffer)) this.#release(values.buffer as ArrayBuffer);
    }
    return disposed;
  }

  #release(buffer: ArrayBuffer): void {
    // What waits may use it; what is recorded has memory of its own, with which the pool does not part.
    if (!this.queue.isRecording) this.queue.run();
    this.addon.release(buffer);
  }

  #add(values: backend_util.BackendValues | undefined, shape: number[], dtype: DataType): TensorInfo {
    const dataId = {};
    this.data.set(dataId, { values, dtype, refCount: 1 } as Parameters<typeof this.data.set>[1]);
    this.#count(values);
    return { dataId, shape, dtype };
  }

  #count(values: backend_util.BackendValues | undefined): void {
    if (!isTypedArray(values)) return;
    if (!this.#pool.owns(values)) this.#others += values.byteLength;
    this.#measure();
  }

  #measure(): void {
    const { inUse, resident } = this.#pool.memory();
    this.#peak = Math.max(this.#peak, inUse + this.#others);
    this.#peakResident = Math.max(this.#peakResident, resident + this.#others);
  }

  /** The values themselves, or a copy where they are in the pool's memory. */
  #ofItsOwn<T extends backend_util.BackendValues | undefined>(values: T): T {
    return isTypedArray(values) && this.#pool.owns(values) ? (values.slice() as T) : values;
  }
}

type NumericValues = Float32Array | Int32Array | Uint8Array;

/** Strings and the two parts of complex numbers are not arrays of numbers. */
function isTypedArray(values: unknown): values is NumericValues {
  return ArrayBuffer.isView(values);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
