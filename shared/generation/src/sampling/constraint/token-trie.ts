/** @file The tokens of a vocabulary by their bytes, so that those with a common beginning are looked at once. */

/** A tree of bytes as arrays, in the order of a walk: each node before those below it. */
export interface TokenTrie {
  /** The bytes of each token id. */
  readonly vocabulary: readonly Uint8Array[];
  /** The byte that leads to each node. */
  readonly bytes: Uint8Array;
  /** How many bytes lead to it, its own included. */
  readonly depths: Uint16Array;
  /** The first node that is not below it. */
  readonly behind: Uint32Array;
  /** Tokens that end at node n: ids[firstId[n] ... firstId[n + 1] - 1]. */
  readonly firstId: Uint32Array;
  readonly ids: Uint32Array;
}

/**
 * @param vocabulary bytes of each token id; those without bytes are never allowed
 * @param without ids that stand for no text, as special tokens do
 */
export function tokenTrie(vocabulary: readonly Uint8Array[], without: Iterable<number> = []): TokenTrie {
  const excluded = new Set(without);
  const sorted = Array.from(vocabulary.entries())
    .filter(([id, bytes]) => bytes.length > 0 && !excluded.has(id))
    .sort(([a, one], [b, other]) => Buffer.compare(one, other) || a - b);
  const nodes: { byte: number; depth: number; behind: number; firstId: number }[] = [];
  /** The nodes of the bytes of the last token. */
  const path: number[] = [];
  let before: Uint8Array = new Uint8Array();
  for (const [place, [, bytes]] of sorted.entries()) {
    let common = 0;
    while (common < before.length && common < bytes.length && before[common] === bytes[common]) common++;
    for (const node of path.splice(common)) nodes[node]!.behind = nodes.length;
    for (const byte of bytes.subarray(common)) {
      path.push(nodes.length);
      nodes.push({ byte, depth: path.length, behind: 0, firstId: place });
    }
    before = bytes;
  }
  for (const node of path) nodes[node]!.behind = nodes.length;
  return {
    vocabulary,
    bytes: Uint8Array.from(nodes, ({ byte }) => byte),
    depths: Uint16Array.from(nodes, ({ depth }) => depth),
    behind: Uint32Array.from(nodes, ({ behind }) => behind),
    firstId: Uint32Array.from([...nodes.map(({ firstId }) => firstId), sorted.length]),
    ids: Uint32Array.from(sorted, ([id]) => id),
  };
}
