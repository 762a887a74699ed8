/** @file Gives the event loop its turns during long synchronous work. */

import { setImmediate } from 'node:timers/promises';

/** Milliseconds of work between two turns of the event loop: short enough for signals and progress bars. */
const PERIOD_MS = 50;

/** Tells long work when to pause, and pauses it. */
export interface Pacer {
  /** True where the last pause lies far enough back. */
  due(): boolean;
  /** Gives the event loop a turn; rejects where the work was aborted. */
  pause(): Promise<void>;
}

/**
 * @param signal aborts the work at its next pause.
 * @throws the signal's reason where it is aborted already.
 */
export function createPacer(signal?: AbortSignal): Pacer {
  signal?.throwIfAborted();
  let last = performance.now();
  return {
    due: () => performance.now() - last >= PERIOD_MS,
    async pause() {
      await setImmediate();
      signal?.throwIfAborted();
      last = performance.now();
    },
  };
}
