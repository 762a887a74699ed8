/** @file Events that one side puts and the other reads, when they come. */

export interface EventQueue<T> extends AsyncIterable<T> {
  put(event: T): void;
  /** The reader gets the error once it has read what was put before. Later calls change nothing. */
  fail(error: unknown): void;
}

export function eventQueue<T>(): EventQueue<T> {
  const events: T[] = [];
  let failure: { error: unknown } | undefined;
  let wake: (() => void) | undefined;
  return {
    put(event) {
      events.push(event);
      wake?.();
    },
    fail(error) {
      failure ??= { error };
      wake?.();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        for (let event = events.shift(); event !== undefined; event = events.shift()) yield event;
        if (failure !== undefined) throw failure.error;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
