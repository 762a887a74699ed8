/** @file Gives way between two pieces of work, in Node and in a browser. */

/** Lets timers, input and whatever else waits run first. */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve); // a browser has no other
  });
