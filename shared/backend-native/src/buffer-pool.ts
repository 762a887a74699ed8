/**
 * @file Memory for tensors that is handed out again and again: fresh memory costs about 2 ms per MB in page faults, and gives the
 * garbage collector work. Whoever has a view of a buffer must not use it after giving it back.
 */

/** Smaller arrays come from V8's heap: fresh ones cost little there. In bytes. */
export const SMALLEST_POOLED = 4096;

/** Buffers in use and kept may be so many times as many bytes as were ever in use. */
const BOUND = 1.1;

/** Sizes from one power of two to the next: at most an eighth of a buffer is waste. */
const CLASSES_PER_DOUBLING = 8;

/** The addon asks the system for pages of this size where a buffer has room for them: one is there as soon as any byte of it is written. */
const HUGE_PAGE = 2 ** 21;
const PAGE = 4096;

export interface PoolMemory {
  /** Bytes of the buffers that are handed out. */
  inUse: number;
  /** Bytes of the buffers that wait to be handed out again. */
  kept: number;
  /** Bytes of both that may have been written to, in whole pages: what they take of the machine's memory. */
  resident: number;
}

interface FreeBuffer {
  buffer: ArrayBuffer;
  /** Counts up with every buffer that is given back. */
  since: number;
}

export class BufferPool {
  readonly #allocate: (bytes: number) => ArrayBuffer;
  readonly #release: (buffer: ArrayBuffer) => void;
  /** Those handed out. */
  readonly #taken = new Set<ArrayBufferLike>();
  /** Those that wait, by size, oldest first. */
  readonly #free = new Map<number, FreeBuffer[]>();
  /** Of all buffers, how many bytes were asked for at most. */
  readonly #used = new Map<ArrayBufferLike, number>();
  /** Those given back since they are set aside, by size; undefined where they are not. */
  #aside: Map<number, ArrayBuffer[]> | undefined;
  #inUse = 0;
  #kept = 0;
  #resident = 0;
  #most = 0;
  #clock = 0;

  /**
   * @param allocate makes a buffer of so many bytes
   * @param release is given the buffers that will not be used again
   */
  constructor(allocate: (bytes: number) => ArrayBuffer, release: (buffer: ArrayBuffer) => void) {
    this.#allocate = allocate;
    this.#release = release;
  }

  /** An array of so many floats, whose content is undefined. */
  take(length: number): Float32Array {
    const bytes = 4 * length;
    if (bytes < SMALLEST_POOLED) return new Float32Array(length);
    const size = sizeClass(bytes);
    const buffer = this.#aside?.get(size)?.pop() ?? this.#takeFree(size) ?? this.#takeFresh(size);
    this.#taken.add(buffer);
    this.#useBytes(buffer, bytes);
    return new Float32Array(buffer, 0, length);
  }

  /** Takes an array back; nothing happens to one that is not from here. */
  give(values: { buffer: ArrayBufferLike }): void {
    const { buffer } = values;
    if (!(buffer instanceof ArrayBuffer) || !this.#taken.has(buffer)) return;
    const size = buffer.byteLength;
    if (this.#aside !== undefined) {
      this.#aside.set(size, [...(this.#aside.get(size) ?? []), buffer]);
      return;
    }
    this.#taken.delete(buffer);
    this.#inUse -= size;
    this.#kept += size;
    let ofThatSize = this.#free.get(size);
    if (ofThatSize === undefined) this.#free.set(size, (ofThatSize = []));
    ofThatSize.push({ buffer, since: this.#clock++ });
    this.#trim();
  }

  /**
   * Until the function that is returned is called, buffers that are given back are handed out again only here; it then returns them, still in use, to be
   * given back by the caller when nothing uses their memory any more.
   */
  setAside(): () => ArrayBuffer[] {
    if (this.#aside !== undefined) throw new Error('buffers are set aside already');
    const aside = new Map<number, ArrayBuffer[]>();
    this.#aside = aside;
    return () => {
      this.#aside = undefined;
      return [...aside.values()].flat();
    };
  }

  /** Whether an array is a view of a buffer that is handed out: it will be overwritten once that is given back. */
  owns(values: { buffer: ArrayBufferLike }): boolean {
    return this.#taken.has(values.buffer);
  }

  memory(): PoolMemory {
    return { inUse: this.#inUse, kept: this.#kept, resident: this.#resident };
  }

  /** Parts with all buffers that wait. */
  releaseKept(): void {
    for (const ofOneSize of this.#free.values()) {
      for (const { buffer } of ofOneSize.splice(0)) this.#part(buffer);
    }
  }

  /** The one given back last: it is the likeliest to be in the processor's cache. */
  #takeFree(size: number): ArrayBuffer | undefined {
    const free = this.#free.get(size)?.pop();
    if (free === undefined) return undefined;
    this.#kept -= size;
    this.#use(size);
    return free.buffer;
  }

  #takeFresh(size: number): ArrayBuffer {
    this.#use(size);
    this.#trim();
    try {
      return this.#allocate(size);
    } catch (error) {
      this.#inUse -= size;
      throw error;
    }
  }

  #use(size: number): void {
    this.#inUse += size;
    this.#most = Math.max(this.#most, this.#inUse);
  }

  /** Parts with the oldest buffers until the bound holds. */
  #trim(): void {
    while (this.#kept > 0 && this.#inUse + this.#kept > BOUND * this.#most) {
      let oldest: FreeBuffer[] | undefined;
      for (const ofOneSize of this.#free.values()) {
        if (ofOneSize.length > 0 && (oldest === undefined || ofOneSize[0]!.since < oldest[0]!.since))
          oldest = ofOneSize;
      }
      this.#part(oldest!.shift()!.buffer);
    }
  }

  #part(buffer: ArrayBuffer): void {
    const size = buffer.byteLength;
    this.#kept -= size;
    this.#resident -= inPages(this.#used.get(buffer)!, size);
    this.#used.delete(buffer);
    this.#release(buffer);
  }

  #useBytes(buffer: ArrayBuffer, bytes: number): void {
    const before = this.#used.get(buffer) ?? 0;
    if (bytes <= before) return;
    const size = buffer.byteLength;
    this.#used.set(buffer, bytes);
    this.#resident += inPages(bytes, size) - inPages(before, size);
  }
}

/** The first `bytes` of a buffer of that size in whole pages, of the size that it has there. */
function inPages(bytes: number, size: number): number {
  const page = size >= HUGE_PAGE ? HUGE_PAGE : PAGE;
  return Math.min(Math.ceil(bytes / page) * page, Math.ceil(size / PAGE) * PAGE);
}

/** The smallest size of a buffer that holds so many bytes. */
export function sizeClass(bytes: number): number {
  const step = 2 ** Math.floor(Math.log2(bytes)) / CLASSES_PER_DOUBLING;
  return Math.ceil(bytes / step) * step;
}
