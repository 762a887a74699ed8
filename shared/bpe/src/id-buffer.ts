/** @file A growing array of token ids. */

/** Ids in succession: `ids[0 ... length - 1]`. */
export interface IdBuffer {
  ids: Uint32Array;
  length: number;
}

/** @param capacity ids that it holds before it has to grow */
export function createIdBuffer(capacity: number): IdBuffer {
  return { ids: new Uint32Array(capacity), length: 0 };
}

/** Appends an id. */
export function pushId(buffer: IdBuffer, id: number): void {
  if (buffer.length === buffer.ids.length) {
    const grown = new Uint32Array(Math.max(64, 2 * buffer.length));
    grown.set(buffer.ids);
    buffer.ids = grown;
  }
  buffer.ids[buffer.length++] = id;
}
