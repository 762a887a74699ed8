/** @file What a person reads last who stopped an `nx run`: Nx prints more after the stage that was stopped has said it. */
import { writeSync } from 'node:fs';

const STOPPED = '\nstopped; run the same command again to go on from the last checkpoint or finished step\n';

/** Lets this process, which is Nx's own, say at its end that it was stopped, if it was. */
export function sayLastWordsWhenStopped(): void {
  let isStopped = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (isStopped = true)); // Nx has its own listeners
  process.on('exit', () => {
    if (!isStopped) return;
    try {
      writeSync(2, STOPPED);
    } catch {
      // the terminal is gone
    }
  });
}
