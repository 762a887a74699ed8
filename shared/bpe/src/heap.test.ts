/** @file Tests of the heap. */

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { heapPop, heapPush } from './heap.ts';

const smaller = (a: number, b: number): boolean => a < b;

test('items leave a heap in order, whatever the order in which they came', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (items) => {
      const heap: number[] = [];
      for (const item of items) heapPush(heap, item, smaller);
      const left = items.map(() => heapPop(heap, smaller));
      expect(left).toEqual([...items].sort((a, b) => a - b));
      expect(heapPop(heap, smaller)).toBeUndefined();
    }),
  );
});
