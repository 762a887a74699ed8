/** @file One thing after the other: tfjs has one active backend, and whoever computes must find his own. */

let last: Promise<unknown> = Promise.resolve();

/** Does something when all that was asked for before is done, or has failed. */
export function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const own = last.then(work);
  last = own.catch(() => undefined);
  return own;
}
