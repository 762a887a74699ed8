/**
 * @file Kernels that wait, and are run together: what JavaScript does for a training step (tape, shapes, memory) then goes by at once,
 * which takes a third of the time that it takes between kernels that empty the caches.
 *
 * Kernels are run in the order in which they were called, so that memory may be handed out again as soon as a tensor is disposed of. But
 * JavaScript must not look into memory, nor change it, without {@link KernelQueue.flush}.
 */
import type { Addon, RecordedKernels } from './addon.ts';
import { NotRecordable } from './not-recordable.ts';
import { addWaited } from './profile.ts';

type QueueOfAddon = Pick<Addon, 'openQueue' | 'queueLength' | 'runQueue' | 'closeQueue' | 'recordQueue'>;

export class KernelQueue {
  readonly #addon: () => QueueOfAddon;
  #isOpen = false;
  #isRecording = false;
  /** The memory of all results since the queue was opened: which of it is written already nobody keeps account of. */
  readonly #results = new Set<ArrayBufferView>();

  /** @param addon called each time */
  constructor(addon: () => QueueOfAddon) {
    this.#addon = addon;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** How many calls wait. */
  get length(): number {
    return this.#isOpen ? this.#addon().queueLength() : 0;
  }

  /** Runs f, whose kernels wait until somebody looks at what one makes, and at last until f is done. */
  during<T>(f: () => T): T {
    if (this.#isOpen) return f();
    this.#addon().openQueue(false);
    this.#isOpen = true;
    try {
      return f();
    } finally {
      try {
        this.run(); // after an error, too: what f has made may outlive it
      } finally {
        this.#isOpen = false;
        this.#results.clear();
        this.#addon().closeQueue();
      }
    }
  }

  get isRecording(): boolean {
    return this.#isRecording;
  }

  /**
   * Runs f, whose kernels do not run, but are recorded.
   *
   * @throws NotRecordable when f looks at what a kernel makes
   */
  record<T>(f: () => T): { result: T; kernels: RecordedKernels } {
    if (this.#isOpen) throw new NotRecordable('kernels wait already');
    this.#addon().openQueue(true);
    this.#isOpen = this.#isRecording = true;
    try {
      const result = f();
      return { result, kernels: this.#addon().recordQueue() };
    } finally {
      this.#isOpen = this.#isRecording = false;
      this.#results.clear();
      this.#addon().closeQueue();
    }
  }

  /** Says that a kernel, which may wait, writes to this memory. */
  expect(values: ArrayBufferView): void {
    if (this.#isOpen) this.#results.add(values);
  }

  /** Runs what waits if some of it may write to this memory. @throws NotRecordable where it is recorded */
  flush(values: unknown): void {
    if (this.#results.has(values as ArrayBufferView)) this.run();
  }

  /** Runs what waits. */
  run(): void {
    if (this.length === 0) return;
    if (this.#isRecording) throw new NotRecordable('what a kernel makes is looked at');
    let seconds: number[] = [];
    try {
      seconds = this.#addon().runQueue();
    } finally {
      addWaited(seconds); // after an error nothing waits any more, either
    }
  }
}
