/** @file Which tokens may come next in a state of an automaton. */
import { type Automaton, DEAD } from './automaton.ts';
import type { TokenTrie } from './token-trie.ts';

/** Masks that are kept at once, some tens of megabytes for large vocabularies. */
const MOST_MASKS = 1024;

/** A bit for each token id, from the lowest of each word of 32. */
export type TokenMask = Uint32Array;

/** Whether a mask has a token; ids beyond the vocabulary are not allowed. */
export function allows(mask: TokenMask, id: number): boolean {
  return (((mask[id >>> 5] ?? 0) >>> (id & 31)) & 1) === 1;
}

/**
 * Makes the masks of states: all tokens whose bytes do not lead to {@link DEAD}, end tokens exactly where the automaton accepts. Masks are
 * remembered, the latest that were asked for.
 *
 * @param endTokens are text nowhere: the trie is without them
 */
export function tokenMasks(
  automaton: Automaton,
  trie: TokenTrie,
  endTokens: readonly number[],
): (state: number) => TokenMask {
  const masks = new Map<number, TokenMask>();
  return (state) => {
    const mask = masks.get(state) ?? makeMask(automaton, trie, endTokens, state);
    masks.delete(state);
    masks.set(state, mask); // now the latest
    const [oldest] = masks.keys();
    if (masks.size > MOST_MASKS && oldest !== undefined) masks.delete(oldest);
    return mask;
  };
}

function makeMask(automaton: Automaton, trie: TokenTrie, endTokens: readonly number[], state: number): TokenMask {
  const mask = new Uint32Array(Math.ceil(Math.max(trie.vocabulary.length, ...endTokens.map((id) => id + 1)) / 32));
  const allow = (id: number): void => void (mask[id >>> 5]! |= 1 << (id & 31));
  if (automaton.accepts(state)) endTokens.forEach(allow);
  /** States behind the bytes that lead to the node, by how many those are. */
  const states = [state];
  for (let node = 0; node < trie.bytes.length;) {
    const depth = trie.depths[node]!;
    const next = automaton.step(states[depth - 1] ?? DEAD, trie.bytes[node]!);
    if (next === DEAD) {
      node = trie.behind[node]!;
      continue;
    }
    states[depth] = next;
    for (let at = trie.firstId[node]!; at < trie.firstId[node + 1]!; at++) allow(trie.ids[at]!);
    node++;
  }
  return mask;
}
