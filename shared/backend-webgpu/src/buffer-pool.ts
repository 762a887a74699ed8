/**
 * @file Buffers that are handed out again and again, those made first before others: so the same requests in the same order get the same buffers, and
 * what a kernel is bound to in a training step is what it was bound to in the step before. It takes the place of tfjs's, which hands out the one that
 * came back last, and so deals them anew in every step.
 */

import type { Make } from './device.ts';

/** A buffer's number is a property of it, which is found faster than an entry of a map. */
const NUMBER = Symbol('number');
type Numbered = GPUBuffer & { [NUMBER]?: number };

let lastNumber = 0;

/** Another for each buffer, and larger for those that were numbered later. */
export const numberOf = (buffer: GPUBuffer): number => ((buffer as Numbered)[NUMBER] ??= ++lastNumber);

/**
 * Buffers in use and waiting may be so many times as many bytes as were ever in use, and a bit: a step of training needs less, and keeps all of its own;
 * texts that are generated have tensors of ever other sizes.
 */
const BOUND = 3;
const AND_A_BIT = 64 * 2 ** 20;

/** The parts of tfjs's class that it uses itself. */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #make: Make;
  /** By size and usage, in the order of numbers. */
  readonly #free = new Map<string, GPUBuffer[]>();
  /** Those that wait, in the order in which they came back. */
  readonly #waiting = new Set<GPUBuffer>();
  #used = 0;
  /** The most bytes that were in use at once, and the most with those that wait. */
  mostUsed = 0;
  mostAllocated = 0;
  /** Of buffers that are handed out. */
  numBytesUsed = 0;
  /** Of those that wait, too. */
  numBytesAllocated = 0;
  /** Is told of each buffer that is handed out, and whether it will come back to be handed out again. */
  onAcquire: ((buffer: GPUBuffer, isLasting: boolean) => void) | undefined;

  constructor(device: GPUDevice, make: Make = (call) => call()) {
    this.#device = device;
    this.#make = make;
  }

  acquireBuffer(size: number, usage: number, mappedAtCreation = false, reuse = true): GPUBuffer {
    const buffer = this.#acquire(size, usage, mappedAtCreation, reuse);
    this.onAcquire?.(buffer, reuse && !mappedAtCreation);
    return buffer;
  }

  #acquire(size: number, usage: number, mappedAtCreation: boolean, reuse: boolean): GPUBuffer {
    const waiting = reuse ? this.#free.get(keyOf(size, usage))?.shift() : undefined;
    const buffer = waiting ?? this.#make(() => this.#device.createBuffer({ size, usage, mappedAtCreation }));
    this.#used++;
    this.numBytesUsed += size;
    this.mostUsed = Math.max(this.mostUsed, this.numBytesUsed);
    if (waiting !== undefined) {
      this.#waiting.delete(waiting);
      return waiting;
    }
    this.numBytesAllocated += size;
    this.mostAllocated = Math.max(this.mostAllocated, this.numBytesAllocated);
    numberOf(buffer);
    return buffer;
  }

  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    const { size, usage } = buffer;
    this.#used--;
    this.numBytesUsed -= size;
    if (!reuse) {
      this.numBytesAllocated -= size;
      buffer.destroy();
      return;
    }
    this.#waiting.add(buffer);
    const key = keyOf(size, usage);
    const free = this.#free.get(key);
    if (free === undefined) this.#free.set(key, [buffer]);
    else free.splice(placeOf(free, numberOf(buffer)), 0, buffer);
  }

  isWaiting(buffer: GPUBuffer): boolean {
    return this.#waiting.has(buffer);
  }

  /** Hands out this buffer, which waits. */
  take(buffer: GPUBuffer): void {
    const free = this.#free.get(keyOf(buffer.size, buffer.usage)) ?? [];
    const place = placeOf(free, numberOf(buffer));
    if (free[place] !== buffer) throw new Error('a buffer is handed out that does not wait for a tensor');
    free.splice(place, 1);
    this.#waiting.delete(buffer);
    this.#used++;
    this.numBytesUsed += buffer.size;
    this.mostUsed = Math.max(this.mostUsed, this.numBytesUsed);
  }

  /** Parts with those that wait longest, until the bound holds. Nothing that is encoded, but not submitted, may use them. */
  trim(): void {
    const bound = BOUND * this.mostUsed + AND_A_BIT;
    if (this.numBytesAllocated <= bound) return;
    for (const buffer of this.#waiting) {
      const free = this.#free.get(keyOf(buffer.size, buffer.usage))!;
      free.splice(free.indexOf(buffer), 1);
      this.#destroy(buffer);
      if (this.numBytesAllocated <= bound) return;
    }
  }

  resetPeak(): void {
    this.mostUsed = this.numBytesUsed;
    this.mostAllocated = this.numBytesAllocated;
  }

  #destroy(buffer: GPUBuffer): void {
    this.#waiting.delete(buffer);
    this.numBytesAllocated -= buffer.size;
    buffer.destroy();
  }

  getNumUsedBuffers(): number {
    return this.#used;
  }

  getNumFreeBuffers(): number {
    let count = 0;
    for (const free of this.#free.values()) count += free.length;
    return count;
  }

  /** Gives the device those back that wait. Nothing that is encoded, but not submitted, may use them. */
  dispose(): void {
    for (const free of this.#free.values()) {
      for (const buffer of free) this.#destroy(buffer);
    }
    this.#free.clear();
  }
}

const keyOf = (size: number, usage: number): string => `${size} ${usage}`;

/** Where a number belongs among buffers that are in order. */
function placeOf(buffers: readonly GPUBuffer[], number: number): number {
  let [low, high] = [0, buffers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numberOf(buffers[middle]!) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
