/** @file A list's element that is known to be there. */

/** @throws RangeError where it is not */
export function nth<T>(list: readonly T[], index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`element ${index} of ${list.length}`);
  return element;
}
