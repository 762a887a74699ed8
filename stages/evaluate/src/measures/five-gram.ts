/** @file A reference for losses: an n-gram model with interpolated modified Kneser-Ney smoothing, over the same tokens. */

/** Counts and sums of the nodes of a trie; a node is an n-gram, its parent the n-gram without the last token. */
interface Nodes {
  parent: Int32Array;
  order: Uint8Array;
  /** How often the n-gram occurs. */
  count: Int32Array;
  /** How many different tokens it occurs behind. */
  continuations: Int32Array;
}

/** Probabilities of a token by the tokens before it. */
export interface NgramModel {
  /** Nats of each token of a stream, that of tokens before it in mind. */
  nats(tokens: Int32Array): number;
  /** P(token | context), of which the last tokens count. */
  probability(context: readonly number[], token: number): number;
  /** N-grams of all orders that are kept. */
  readonly size: number;
}

/** Counts n-grams; {@link NgramCounter.model} makes probabilities of them. */
export interface NgramCounter {
  add(tokens: Int32Array): void;
  model(): NgramModel;
}

/**
 * Interpolated modified Kneser-Ney (Chen and Goodman 1999, https://doi.org/10.1006/csla.1999.0128, section 3): the highest order discounts counts, lower
 * ones the numbers of different tokens an n-gram stands behind, by amounts that follow from how many n-grams occur once to four times; below
 * the single tokens is the uniform distribution, so that every token has a probability. The stream is one: contexts reach over ends of text.
 *
 * Memory is about 40 bytes for each different n-gram of the stream: for text, two to three for each token.
 */
export function ngramCounter({ order, vocabularySize }: { order: number; vocabularySize: number }): NgramCounter {
  let slots = 2 ** 16;
  let keys = new Float64Array(slots).fill(-1); // parent · vocabulary + token, exact below 2^53
  let ids = new Int32Array(slots);
  let size = 1; // node 0 is the empty n-gram
  let nodes: Nodes = emptyNodes(2 ** 15);
  const context = new Int32Array(order); // nodes of the last 0, 1 … order − 1 tokens
  let known = 1; // how many of them there are

  const slotOf = (key: number): number => {
    let slot = hashOf(key) & (slots - 1);
    while (keys[slot] !== -1 && keys[slot] !== key) slot = (slot + 1) & (slots - 1);
    return slot;
  };
  const find = (parent: number, token: number): number => {
    const slot = slotOf(parent * vocabularySize + token);
    return keys[slot] === -1 ? -1 : ids[slot]!;
  };
  const grow = (): void => {
    const [oldKeys, oldIds] = [keys, ids];
    slots *= 2;
    keys = new Float64Array(slots).fill(-1);
    ids = new Int32Array(slots);
    for (const [at, key] of oldKeys.entries()) {
      if (key === -1) continue;
      const slot = slotOf(key);
      keys[slot] = key;
      ids[slot] = oldIds[at]!;
    }
    nodes = largerNodes(nodes, slots / 2);
  };

  const add = (tokens: Int32Array): void => {
    for (const token of tokens) {
      if (size + order > slots / 2) grow();
      const next = new Int32Array(order);
      let suffix = 0;
      for (let n = 1; n <= known; n++) {
        const key = context[n - 1]! * vocabularySize + token;
        const slot = slotOf(key);
        if (keys[slot] === -1) {
          keys[slot] = key;
          ids[slot] = size;
          nodes.parent[size] = context[n - 1]!;
          nodes.order[size] = n;
          nodes.continuations[suffix]!++; // one more token that the shorter n-gram stands behind
          size++;
        }
        const node = ids[slot]!;
        nodes.count[node]!++;
        if (n < order) next[n] = node;
        suffix = node;
      }
      context.set(next);
      known = Math.min(known + 1, order);
    }
  };

  return { add, model: () => kneserNey({ order, vocabularySize, size, nodes, find }) };
}

function kneserNey({
  order,
  vocabularySize,
  size,
  nodes,
  find,
}: {
  order: number;
  vocabularySize: number;
  size: number;
  nodes: Nodes;
  find: (parent: number, token: number) => number;
}): NgramModel {
  const valueOf = (node: number): number =>
    nodes.order[node] === order ? nodes.count[node]! : nodes.continuations[node]!;
  const discounts = discountsOf(order, size, nodes, valueOf);
  // Of each context: the sum over tokens that follow, and what is taken from them for the shorter context.
  const total = new Float64Array(size);
  const freed = new Float64Array(size);
  for (let node = 1; node < size; node++) {
    const value = valueOf(node);
    total[nodes.parent[node]!]! += value;
    freed[nodes.parent[node]!]! += discounts[nodes.order[node]!]![Math.min(value, 3)]!;
  }
  /** @param contexts nodes of the last 0, 1 … tokens, −1 where they were never seen */
  const probabilityOf = (contexts: Int32Array, length: number, token: number): number => {
    let probability = 1 / vocabularySize;
    for (let n = 0; n < length; n++) {
      const node = contexts[n]!;
      if (node < 0 || total[node] === 0) break; // nor will a longer context have been
      const child = find(node, token);
      const value = child < 0 ? 0 : valueOf(child);
      const discounted = value - discounts[n + 1]![Math.min(value, 3)]!;
      probability = (discounted + freed[node]! * probability) / total[node]!;
    }
    return probability;
  };
  /** The contexts behind one more token. */
  const follow = (contexts: Int32Array, token: number): Int32Array => {
    const next = new Int32Array(order).fill(-1);
    next[0] = 0;
    for (let n = 1; n < order; n++) next[n] = contexts[n - 1]! < 0 ? -1 : find(contexts[n - 1]!, token);
    return next;
  };
  const start = (): Int32Array => Int32Array.from({ length: order }, (_, n) => (n === 0 ? 0 : -1));

  let running = start();
  return {
    size,
    nats(tokens) {
      let nats = 0;
      for (const token of tokens) {
        nats -= Math.log(probabilityOf(running, order, token));
        running = follow(running, token);
      }
      return nats;
    },
    probability(context, token) {
      let contexts = start();
      for (const id of context) contexts = follow(contexts, id);
      return probabilityOf(contexts, order, token);
    },
  };
}

/** For each order what is taken from a value of 0, 1, 2, and 3 or more. */
function discountsOf(order: number, size: number, nodes: Nodes, valueOf: (node: number) => number): number[][] {
  const occurring = Array.from({ length: order + 1 }, () => [0, 0, 0, 0, 0]);
  for (let node = 1; node < size; node++) {
    const value = valueOf(node);
    if (value >= 1 && value <= 4) occurring[nodes.order[node]!]![value]!++;
  }
  return occurring.map(([, n1, n2, n3, n4]) => {
    // With too little text for the estimate, half of one: any amounts below the values are a distribution.
    if (!n1 || !n2 || !n3 || !n4) return [0, 0.5, 0.5, 0.5];
    const y = n1 / (n1 + 2 * n2);
    const within = (discount: number, value: number) => Math.min(Math.max(discount, 0), value);
    return [0, within(1 - (2 * y * n2) / n1, 1), within(2 - (3 * y * n3) / n2, 2), within(3 - (4 * y * n4) / n3, 3)];
  });
}

const emptyNodes = (capacity: number): Nodes => ({
  parent: new Int32Array(capacity),
  order: new Uint8Array(capacity),
  count: new Int32Array(capacity),
  continuations: new Int32Array(capacity),
});

function largerNodes(nodes: Nodes, capacity: number): Nodes {
  const larger = emptyNodes(capacity);
  larger.parent.set(nodes.parent);
  larger.order.set(nodes.order);
  larger.count.set(nodes.count);
  larger.continuations.set(nodes.continuations);
  return larger;
}

/** Mixes the 53 bits of a whole number into 32. */
function hashOf(key: number): number {
  let hash =
    Math.imul((key % 4294967296) ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(Math.floor(key / 4294967296) + 1, 0xc2b2ae35);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
