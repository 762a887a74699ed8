/**
 * @file The layers of a decoder by what of a sequence they see and how large a token's keys and values are: layers of one group need the memory of
 * the same tokens, and give it back at the same time.
 */
import type { DecoderConfig } from '@arrowsmith/model';

/** What a query sees of the positions up to its own. */
export interface AttentionSpan {
  /** The last so many positions, its own included; 0: all. */
  readonly window: number;
  /** Its own chunk of so many positions; 0: no chunks. */
  readonly chunk: number;
}

/** Layers that see alike, and whose keys have the same shape. */
export interface LayerGroup extends AttentionSpan {
  /** The layers with keys and values of their own, by their number in the decoder. */
  readonly layers: readonly number[];
  readonly kvHeads: number;
  readonly headDim: number;
}

/**
 * Groups the layers of a decoder. A layer that uses the keys of an earlier one has no memory of its own; what it sees of them is kept, though.
 *
 * @returns in the order of their first layers
 */
export function groupsOf(config: DecoderConfig): LayerGroup[] {
  const groups = new Map<string, LayerGroup & { layers: number[] }>();
  for (const [layer, { attention }] of config.layers.entries()) {
    if (attention.keysOfLayer !== null) continue;
    const { kvHeads, headDim } = attention;
    const span = spanOn(config, layer);
    const key = JSON.stringify([span, kvHeads, headDim]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { layers: [layer], ...span, kvHeads, headDim });
    else group.layers.push(layer);
  }
  return [...groups.values()];
}

/** The layer whose keys and values a layer attends to: its own, or those of an earlier one. */
export function ownerOf(config: DecoderConfig, layer: number): number {
  const owner = config.layers[layer]?.attention.keysOfLayer ?? null;
  return owner === null ? layer : ownerOf(config, owner);
}

/** Elements of a row: the keys, or the values, of one token in one layer. */
export const rowElements = ({ kvHeads, headDim }: LayerGroup): number => kvHeads * headDim;

/** Elements that a token takes in all layers of a group: a row of keys and one of values in each. */
export const tokenElements = (group: LayerGroup): number => 2 * group.layers.length * rowElements(group);

/** The first position that a query at `position` sees; later queries see none before it. */
export function firstVisible({ window, chunk }: AttentionSpan, position: number): number {
  const ofWindow = window === 0 ? 0 : position - window + 1;
  const ofChunk = chunk === 0 ? 0 : position - (position % chunk);
  return Math.max(0, ofWindow, ofChunk);
}

/** Most positions that one query sees, its own included. */
export function mostVisible({ window, chunk }: AttentionSpan, contextLength: number): number {
  return Math.min(contextLength, window || Infinity, chunk || Infinity);
}

/** What those see of a layer's keys who use them. Where they differ, everything is kept. */
function spanOn(config: DecoderConfig, layer: number): AttentionSpan {
  const users = config.layers.filter((_, other) => ownerOf(config, other) === layer);
  const alike = (span: 'window' | 'chunk'): number => {
    // What is as long as the context limits nothing.
    const spans = users.map(({ attention }) => (attention[span] < config.contextLength ? attention[span] : 0));
    return new Set(spans).size === 1 ? (spans[0] ?? 0) : 0;
  };
  return { window: alike('window'), chunk: alike('chunk') };
}
