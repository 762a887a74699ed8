/** @file The garbage of training steps, collected before the heap has grown by it. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What young objects may come to between two steps, and lasting ones until all are looked through, in bytes. */
const YOUNG = 4e6;
const GROWTH = 12e6;

type Collect = (options?: { type: 'minor' }) => void;

/**
 * Makes a function to call after every step, when the step's objects are dead.
 *
 * V8 collects young objects when their space is full, which is mostly in the middle of a step, while its tape still holds them: they pass for
 * lasting ones then, and among those it looks for garbage only after the heap has grown by 50 MB and more. Between two steps next to
 * nothing is alive, so that collecting there takes a millisecond, once in 4 MB of garbage, and nothing is left to grow.
 */
export function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  const used = () => getHeapStatistics().used_heap_size;
  collect();
  let lasting = used();
  let afterLast = lasting;
  return () => {
    const now = used();
    afterLast = Math.min(afterLast, now);
    if (now < afterLast + YOUNG) return;
    collect({ type: 'minor' });
    afterLast = used();
    if (afterLast < lasting + GROWTH) return;
    collect();
    lasting = afterLast = used();
  };
}
