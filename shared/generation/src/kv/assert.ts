/** @file What must hold of the memory's accounts, whatever the engine does. */

/** @throws Error, a defect, where it does not */
export function assert(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the accounts of the memory for keys and values are wrong: ${what}`);
}
