/** @file A binary heap on a plain array. */

/**
 * Adds an item to a heap in O(log n).
 *
 * @param heap an array that only `heapPush` and `heapPop` change; empty to begin with.
 * @param before true where `a` must leave the heap before `b`; a strict order.
 */
export function heapPush<T>(heap: T[], item: T, before: (a: T, b: T) => boolean): void {
  let hole = heap.length;
  heap.push(item);
  while (hole > 0) {
    const parent = (hole - 1) >> 1;
    if (!before(item, heap[parent]!)) break;
    heap[hole] = heap[parent]!;
    hole = parent;
  }
  heap[hole] = item;
}

/** Removes and returns the first item of a heap in O(log n); undefined where the heap is empty. */
export function heapPop<T>(heap: T[], before: (a: T, b: T) => boolean): T | undefined {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return last;
  const first = heap[0]!;
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, last)) break;
    heap[hole] = heap[child]!;
    hole = child;
  }
  heap[hole] = last;
  return first;
}
