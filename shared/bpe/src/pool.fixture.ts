/** @file A task for the tests of the pool, in a module of its own as a worker loads it. */

import { UserError } from '@arrowsmith/errors';
import { threadId } from 'node:worker_threads';
import { defineTask } from './pool.ts';

export interface Work {
  value: number;
  /** Time that the work takes. */
  milliseconds?: number;
  failure?: 'error' | 'user error' | 'exit' | 'hang';
}

export const double = defineTask({
  name: 'double',
  url: import.meta.url,
  start:
    ({ factor }: { factor: number }) =>
    ({ value, milliseconds = 0, failure }: Work) => {
      if (failure === 'error') throw new RangeError(`cannot double ${value}`);
      if (failure === 'user error') throw new UserError({ what: 'no', expected: 'a', found: 'b', fix: 'c' });
      if (failure === 'exit') process.exit(3);
      if (failure === 'hang') for (;;);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
      const product = Float64Array.of(factor * value);
      return { value: { product, thread: threadId }, transfer: [product.buffer] };
    },
  size: () => 1,
});
